"""Images too large for labels in memory: which level of a pyramid is fitted, and what the layers of a result show.

Labels of such an image are computed tile by tile when napari shows them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.pixels import Pixels
from napari_kseg.image.seeds import PixelCoordinates

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.source import Source

IN_MEMORY = 1 << 26
"""Pixels up to which labels are in memory, where they can be painted on: 64 MB, and for color 200 MB recolored."""

FEW = 1 << 23
"""Pixels up to which a level of a pyramid is fitted: eight megapixels take a fraction of a second."""

TILE = 1024
"""Pixels along the last two axes of tiles in which a level that is in memory is labeled."""

_OF_LEVEL_0 = ("sigma", "texture", "position_weight")
"""Settings that are told in pixels, of which those of another level are others."""


def is_large(source: Source) -> bool:
    """Return whether labels of all pixels are too many to be in memory."""
    return math.prod(source.spatial_shape) > IN_MEMORY and not isinstance(source.image, np.ndarray)


def is_pyramid(source: Source) -> bool:
    """Return whether the result of a source is shown at all levels of its own."""
    return is_large(source) and len(source.levels) > 1 and not source.crop


def fitted(source: Source, settings: dict[str, Any]) -> Source:
    """Return what a run reads: the image, or of a large pyramid a level of some megapixels.

    All pixels are read if `downsample` says so, and where settings are told in pixels of the image.
    """
    wants_all = settings.get("downsample", "auto") != "auto" or any(settings.get(name) for name in _OF_LEVEL_0)
    return source if wants_all or not is_pyramid(source) else of_level(source, coarse_level(source))


def mask_on(mask: Any, source: Source, seen: Source) -> Any:
    """Return a mask of the image, or of any level of a pyramid, in the pixels of what a run reads.

    It may be a function of the shape, which is called to be drawn.
    """
    if callable(mask):
        mask = mask(_drawable(seen.spatial_shape) if is_large(seen) else seen.spatial_shape)
    elif mask is None or not _is_of_other_level(mask, source, seen):
        return mask
    return _in_shape(mask, seen.spatial_shape)


def _drawable(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the largest shape of about the same proportions that is not too large for memory."""
    factor = math.sqrt(max(1.0, math.prod(shape) / IN_MEMORY))
    return (*shape[:-2], *(max(1, int(length / factor)) for length in shape[-2:]))


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


def _in_shape(mask: Any, shape: tuple[int, ...]) -> Any:
    """Return a mask in another shape; part by part, as they are needed, if it is large."""
    if tuple(mask.shape) == shape:
        return mask
    if math.prod(shape) <= IN_MEMORY or not isinstance(mask, np.ndarray):
        return _sampled(mask, shape)
    from dask.array import from_array

    return from_array(_Sampled(mask, shape), chunks=_tile_of(shape), name=False, meta=np.empty((0,) * len(shape), bool))


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


def level_shapes(source: Source) -> list[tuple[int, ...]]:
    """Return the spatial shape of each level of a multiscale layer."""
    return [of_level(source, number).spatial_shape for number in range(len(source.levels))]


def coarse_level(source: Source) -> int:
    """Return the finest level that has few pixels, or else the coarsest."""
    sizes = map(math.prod, level_shapes(source))
    return next((i for i, size in enumerate(sizes) if size <= FEW), len(source.levels) - 1)


def of_level(source: Source, number: int) -> Source:
    """Return the source with another level as its image."""
    return replace(source, image=source.levels[number])


def pixels_of(source: Source, mask: Any) -> Pixels:
    """Return the pixels of an image, whose labels are lazy if it is large."""
    pixels = _pixels(source, mask)
    return pixels if is_large(source) else pixels.in_memory()


def _pixels(source: Source, mask: Any = None) -> Pixels:
    rgb = source.rgb
    return Pixels(
        source.image, channel_axis=source.channel_axis, alpha=rgb and source.image.shape[-1] == 4, rgb=rgb, mask=mask
    )


def placed(seg: Segmentation, source: Source) -> Segmentation:
    """Return the segmentation of a level as one of an image that was downsampled by as much."""
    shape = source.spatial_shape
    if not is_pyramid(source) or seg.pixels.shape == shape or _level_of(seg, source) is None:
        return seg
    factors = tuple(length / own for length, own in zip(shape, seg.pixels.shape, strict=True))
    return replace(seg, downsample=factors)


def at_levels(seg: Segmentation, source: Source) -> list[Segmentation]:
    """Return what is shown at each level of a pyramid, by the centroids of `seg`; nothing if it is not of a level."""
    if _level_of(seg, source) is None:
        return []
    shown = []
    for level in range(len(source.levels)):
        own = of_level(source, level)
        labels, pixels = seg.labels, seg.pixels
        if seg.pixels.image is not own.image:
            pixels = _lazily(own, seg.pixels.mask)
            labels = seg.model.predict_pixels(pixels)
        # Pixels may be left out at any level: the counts of one say nothing of another.
        none = np.zeros_like(seg.counts)
        shown.append(replace(seg, labels=labels, parts=replace(seg.parts, labels=labels), pixels=pixels, counts=none))
    return shown


def counted_at(labels: Labels, seg: Segmentation) -> str:
    """Return at which level of a slide pixels were counted, and what one of them is; nothing if all were."""
    levels = [tuple(level.shape) for level in labels.data] if labels.multiscale else []
    shape = tuple(seg.pixels.shape)
    if shape not in levels[1:]:
        return ""
    size = " × ".join(f"{length / own:.0f}" for length, own in zip(levels[0], shape, strict=True))
    return f"counted at level {levels.index(shape)}, where a pixel is {size} of the image"


def _level_of(seg: Segmentation, source: Source) -> int | None:
    if not is_pyramid(source):
        return None
    return next((i for i, level in enumerate(source.levels) if seg.pixels.image is level), None)


def _lazily(source: Source, mask: Any) -> Pixels:
    """Return pixels whose labels are computed tile by tile, also of an image in memory; the mask is of any level."""
    from dask.array.core import normalize_chunks

    pixels = _pixels(source)
    pixels = pixels.made_lazy(normalize_chunks(_tile_of(pixels.shape), shape=pixels.shape))
    pixels.mask = None if mask is None else _in_shape(mask, pixels.shape)
    return pixels


def _tile_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(TILE if axis >= len(shape) - 2 else 1 for axis in range(len(shape)))
