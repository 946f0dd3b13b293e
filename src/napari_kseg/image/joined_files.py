"""The pixels of many image files in one row, as if they were one image; a file is read when its pixels are."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

from .file_pixels import pixels_of_file
from .image_file import read_mask

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_kseg.kmeans import Callback

    from .image_files import ImageFile
    from .pixels import Array, Pixels

_KEPT = 3
"""Images that stay in memory; the blocks that are worked on at a time lie in two or three."""


class JoinedFiles:
    """An array (N, C) of the pixels of image files, which only keeps the latest few of them.

    Parameters
    ----------
    files : sequence of ImageFile
        Files of the same channels and dtype.
    channel_axis
        As in `segment`.
    callback : callable, optional
        Called before each file is read for the first time.

    Raises
    ------
    ValueError
        If the files do not go together, or none can be read.
    """

    def __init__(self, files: Sequence[ImageFile], channel_axis: Any, callback: Callback | None = None) -> None:
        self._channel_axis = channel_axis
        self._kept: OrderedDict[Path, Array] = OrderedDict()
        self._lock = threading.Lock()
        self.files: list[ImageFile] = []
        self.alpha = False
        sizes = [0]
        for number, file in enumerate(files):
            if callback is not None:
                callback("Looking at the images", number, len(files))
            try:
                pixels = pixels_of_file(file.path, channel_axis)
            except (ValueError, TypeError):
                continue  # told when it is its turn
            self._admit(file, pixels)
            sizes.append(sizes[-1] + pixels.size)
        if not self.files:
            raise ValueError(f"none of {len(files)} files can be read as an image; give others")
        self._ends = np.array(sizes)
        self.shape = (sizes[-1], self.n_channels + self.alpha)

    def _admit(self, file: ImageFile, pixels: Pixels) -> None:
        if not self.files:
            self.dtype, self.n_channels, self.rgb = pixels.dtype, pixels.n_channels, pixels.rgb
        elif (pixels.dtype, pixels.n_channels, pixels.rgb) != (self.dtype, self.n_channels, self.rgb):
            raise ValueError(
                f"{self.files[0].path} has {_described(self.n_channels, self.dtype)} and {file.path} has "
                f"{_described(pixels.n_channels, pixels.dtype)}, so there is no fit on all; give images of one kind, "
                "or fit on the first or on each"
            )
        self.files.append(file)
        self.alpha = self.alpha or pixels.alpha

    def mask(self, path: Path) -> Array:
        """Return the mask of all pixels, from one that fits each image."""
        mask = read_mask(path).ravel()
        for file, size in zip(self.files, np.diff(self._ends), strict=True):
            if size != mask.size:
                raise ValueError(f"the mask has {mask.size} pixels, but {file.path} has {size}; give one that fits all")
        return np.tile(mask, len(self.files))

    def __getitem__(self, index: tuple[slice, slice]) -> Array:
        start, stop, _ = index[0].indices(self.shape[0])
        first = int(np.searchsorted(self._ends, start, side="right")) - 1
        parts = []
        while start < stop:
            end = min(stop, int(self._ends[first + 1]))
            parts.append(self._values(first)[start - self._ends[first] : end - self._ends[first]])
            start, first = end, first + 1
        return np.concatenate(parts)[:, index[1]]

    def _values(self, number: int) -> Array:
        path = self.files[number].path
        with self._lock:
            if path not in self._kept:
                self._kept[path] = self._read(path)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(path)
            return self._kept[path]

    def _read(self, path: Path) -> Array:
        pixels = pixels_of_file(path, self._channel_axis)
        values = pixels.raw_part(tuple(slice(0, length) for length in pixels.shape))
        values = values.reshape(-1, values.shape[-1])
        if self.alpha and not pixels.alpha:
            values = np.column_stack([values, np.full(len(values), 1, values.dtype)])  # not 0: it takes part
        return np.ascontiguousarray(values)


def _described(n_channels: int, dtype: Any) -> str:
    return f"{n_channels} channel{'s' * (n_channels > 1)} of {dtype}"
