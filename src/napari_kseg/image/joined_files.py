"""The pixels of many image files in one row, as if they were one lazy image; each file is a chunk of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .file_pixels import pixels_of_file
from .image_file import read_mask
from .pixels import Pixels
from .wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_kseg.kmeans import Callback

    from .image_files import ImageFile
    from .pixels import Array


@dataclass(frozen=True)
class _Kind:
    """What the images of all files must share."""

    dtype: np.dtype[Any]
    n_channels: int
    rgb: bool

    def __str__(self) -> str:
        return f"{counted(self.n_channels, 'channel')} of {self.dtype}"


def joined_pixels(
    files: Sequence[ImageFile], channel_axis: Any, mask: Path | None = None, callback: Callback | None = None
) -> Pixels:
    """Pixels (N,) of image files of the same channels and dtype, read when they are needed.

    Parameters
    ----------
    files : sequence of ImageFile
        Those that cannot be read as an image are left out.
    channel_axis
        As in `segment`.
    mask : Path, optional
        Image file of a mask that fits each image.
    callback : callable, optional
        Called before each file is read for the first time.

    Raises
    ------
    ValueError
        If the files do not go together, or none can be read.
    """
    import dask.array as da
    from dask.delayed import delayed

    admitted: list[tuple[ImageFile, int]] = []
    kind, alpha, failed = None, False, ""
    for number, file in enumerate(files):
        if callback is not None:
            callback("Looking at the images", number, len(files))
        try:
            pixels = pixels_of_file(file.path, channel_axis)
        except (ValueError, TypeError) as error:
            failed = failed or str(error)
            continue  # told when it is its turn
        own = _Kind(pixels.dtype, pixels.n_channels, pixels.rgb)
        kind = kind or own
        if own != kind:
            raise ValueError(
                f"{admitted[0][0].path} has {kind} and {file.path} has {own}, so there is no fit on all; give images "
                "of one kind, or fit on the first or on each"
            )
        alpha = alpha or pixels.alpha
        admitted.append((file, pixels.size))
    if kind is None:
        raise ValueError(f"none of the files can be read as an image; of the first: {failed}")
    read = delayed(_values_of, pure=True)
    rows = [
        da.from_delayed(
            read(file.path, channel_axis, alpha), (size, kind.n_channels + alpha), kind.dtype.newbyteorder("=")
        )
        for file, size in admitted
    ]
    chosen = None if mask is None else _mask_of_all(mask, admitted)
    return Pixels(da.concatenate(rows), channel_axis=-1, rgb=kind.rgb, alpha=alpha, mask=chosen)


def _mask_of_all(path: Path, files: Sequence[tuple[ImageFile, int]]) -> Any:
    import dask.array as da

    mask = read_mask(path).ravel()
    for file, size in files:
        if size != mask.size:
            raise ValueError(
                f"the mask has {counted(mask.size, 'pixel')}, but {file.path} has {size}; give one that fits all"
            )
    return da.concatenate([da.from_array(mask, chunks=-1)] * len(files))


def _values_of(path: Path, channel_axis: Any, alpha: bool) -> Array:
    """Values (n, C) of the pixels of a file, with `alpha` (n, C + 1)."""
    pixels = pixels_of_file(path, channel_axis)
    values = pixels.raw_part(tuple(slice(0, length) for length in pixels.shape))
    values = values.reshape(-1, values.shape[-1])
    if alpha and not pixels.alpha:
        values = np.column_stack([values, np.full(len(values), 1, values.dtype)])  # not 0: it takes part
    return np.ascontiguousarray(values)
