"""Masks and seeds of a large image, in the pixels of the level of a pyramid that is fitted or shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.seeds import PixelCoordinates
from napari_kseg.viewer.large import is_large, is_pyramid, level_shapes, shape_in_memory, tile_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_kseg.viewer.source import Source


def mask_on(mask: Any, source: Source, seen: Source) -> Any:
    """Return a mask of the image, or of any level of a pyramid, in the pixels of what a run reads.

    It may be a function of the shape, which is called to be drawn.
    """
    if callable(mask):
        mask = mask(shape_in_memory(seen.spatial_shape) if is_large(seen) else seen.spatial_shape)
    elif mask is None or not _is_of_other_level(mask, source, seen):
        return mask
    return in_shape(mask, seen.spatial_shape)


def seeds_on(init: Any, source: Source, seen: Source) -> Any:
    """Return seeds in the image, or scribbles on any level of a pyramid, in the pixels of what a run reads."""
    if isinstance(init, str) or seen is source:
        return init
    if _is_of_other_level(init, source, seen):
        return _sampled(init, seen.spatial_shape)
    table, n_axes = np.array(init), len(source.spatial_axes)
    n_channels = 1 if source.channel_axis is None else source.image.shape[source.channel_axis]
    n_channels = min(n_channels, 3) if source.rgb else n_channels  # alpha is no color
    is_colors = not isinstance(init, PixelCoordinates) and n_axes == n_channels
    if table.ndim != 2 or table.shape[1] != n_axes or is_colors:
        return init
    factors = np.array(seen.spatial_shape) / np.array(source.spatial_shape)
    return PixelCoordinates(map(tuple, np.floor((table + 0.5) * factors).tolist()))


def in_shape(mask: Any, shape: tuple[int, ...]) -> Any:
    """Return a mask in another shape; part by part, as they are needed, if it is large."""
    if tuple(mask.shape) == shape:
        return mask
    if shape_in_memory(shape) == shape or not isinstance(mask, np.ndarray):
        return _sampled(mask, shape)
    from dask.array import from_array

    return from_array(_Sampled(mask, shape), chunks=tile_of(shape), name=False, meta=np.empty((0,) * len(shape), bool))


class _Sampled:
    """A mask in another shape; only parts of it are ever made."""

    dtype = np.dtype(bool)

    def __init__(self, mask: NDArray[np.bool_], shape: tuple[int, ...]) -> None:
        self._mask, self.shape, self.ndim = mask, shape, len(shape)

    def __getitem__(self, part: tuple[slice, ...]) -> Any:
        return _sampled(self._mask, self.shape, part)


def _sampled(drawn: Any, shape: tuple[int, ...], part: tuple[slice, ...] | None = None) -> Any:
    """Return (a part of) an array in another shape: each pixel has the value in its middle."""
    for axis in reversed(range(len(shape))):  # from the last one: an integer in `part` takes its axis away
        length, own = shape[axis], drawn.shape[axis]
        pixels = np.arange(length)[slice(None) if part is None else part[axis]]
        drawn = drawn[(slice(None),) * axis + (((pixels + 0.5) * (own / length)).astype(int),)]
    return drawn


def _is_of_other_level(drawn: Any, source: Source, seen: Source) -> bool:
    shape = tuple(getattr(drawn, "shape", ()))
    return is_pyramid(source) and shape != seen.spatial_shape and shape in level_shapes(source)
