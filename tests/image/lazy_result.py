"""A result as that of a lazy image is; also run by the processes that tests start."""

import dataclasses

import dask.array as da

from napari_kseg import Segmentation


class LazySegmentation(Segmentation):
    """Its labels are lazy, and so is its recolored image."""

    def recolored(self, *, given_colors=False):
        whole = Segmentation.recolored(self.in_memory, given_colors=given_colors)
        if isinstance(whole, list):
            return [da.from_array(channel, chunks=self.labels.chunks) for channel in whole]
        axis = self.pixels.channel_axis
        chunks = list(self.labels.chunks)
        if axis is not None:
            chunks.insert(axis, (whole.shape[axis],))
        return da.from_array(whole, chunks=tuple(chunks))


def lazily(seg, chunks, read=None):
    """Make a result lazy; `read(labels, place)` is called for each chunk of the labels when it is computed."""
    labels = da.from_array(seg.labels, chunks=chunks)
    if read is not None:
        labels = labels.map_blocks(_Reader(read), dtype=labels.dtype, name="read")
    values = {field.name: getattr(seg, field.name) for field in dataclasses.fields(seg)}
    lazy = LazySegmentation(**values | {"labels": labels})
    object.__setattr__(lazy, "in_memory", seg)
    return lazy


class _Reader:
    def __init__(self, read):
        self.read = read

    def __dask_tokenize__(self):
        return "read"  # the same in every process

    def __call__(self, labels, block_id=None):
        return self.read(labels, tuple(block_id))
