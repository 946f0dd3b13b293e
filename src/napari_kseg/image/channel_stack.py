"""Several arrays of one shape as the channels of one image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ChannelStack:
    """Arrays that are read as the channels of one image, in its last axis; nothing is copied before it is read.

    Parameters
    ----------
    arrays : sequence of array
        One for each channel, of one shape; each may have its own dtype. Values are read in the dtype that holds all.

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        shapes = [tuple(known(array).shape) for array in arrays]
        if len(set(shapes)) > 1:
            raise ValueError(
                f"the image is a list of {len(arrays)} arrays, one for each channel, but their shapes differ: "
                f"{', '.join(map(str, shapes))}; give arrays of one shape"
            )
        self.arrays = list(arrays)
        self.shape = (*shapes[0], len(arrays))
        self.ndim = len(self.shape)
        self.dtype = np.result_type(*(np.dtype(array.dtype).newbyteorder("=") for array in arrays))

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        """Read a part, given by a slice for each axis; all channels, whatever the last slice is."""
        return np.stack([np.asarray(array[index[:-1]], self.dtype) for array in self.arrays], -1)

    @property
    def lazy(self) -> Any:
        """The channels as one dask array, if any of them is not in memory; else None."""
        arrays = [lazy_of(array) for array in self.arrays]
        if all(array is None for array in arrays):
            return None
        import dask.array as da

        return da.stack(
            [da.asarray(a if b is None else b) for a, b in zip(self.arrays, arrays, strict=True)], -1
        ).astype(self.dtype)


def lazy_of(image: Any) -> Any:
    """Return an image that is not in memory as a dask array; None for all others.

    Those are dask arrays, arrays that say how they are chunked, such as those of zarr and h5py, and what has one of
    them as its `lazy`.
    """
    if isinstance(image, np.ndarray) or not (hasattr(image, "lazy") or hasattr(image, "chunks")):
        return None
    if hasattr(image, "lazy"):
        return image.lazy
    if hasattr(image, "to_delayed") or image.chunks is None:
        return image if image.chunks is not None else None
    import dask.array as da

    if isinstance(getattr(image, "data", None), da.Array):  # an array of xarray
        return image.data
    return da.from_array(image, chunks=getattr(image, "shards", None) or image.chunks)


def as_image(image: Any) -> Any:
    """Return an array, or the channels in a list of arrays, as something with a shape and a dtype."""
    if is_list_of_arrays(image):
        return ChannelStack(image)
    return known(image) if hasattr(image, "shape") and hasattr(image, "dtype") else np.asarray(image)


def known(image: Any) -> Any:
    """Return an array whose shape is known; ValueError if it is not."""
    if any(length != length for length in image.shape):  # dask says NaN
        raise ValueError(
            f"the image has shape {tuple(image.shape)}, as the sizes of its dask chunks are not known; call "
            "image.compute_chunk_sizes() first"
        )
    return image


def is_list_of_arrays(image: Any) -> bool:
    """Whether this is a list of channels, and not one array written as a list."""
    return (
        isinstance(image, (list, tuple))
        and len(image) > 0
        and all(hasattr(array, "dtype") and getattr(array, "shape", ()) for array in image)
    )
