"""Images too large for labels in memory: which they are, and which level of a pyramid is fitted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.pixels import Pixels

if TYPE_CHECKING:
    from napari.layers import Labels

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
    pixels = own_pixels(source, mask)
    return pixels if is_large(source) else pixels.in_memory()


def own_pixels(source: Source, mask: Any = None) -> Pixels:
    """Return the pixels of an image, lazy as it is."""
    rgb = source.rgb
    return Pixels(
        source.image, channel_axis=source.channel_axis, alpha=rgb and source.image.shape[-1] == 4, rgb=rgb, mask=mask
    )


def placed(seg: Segmentation, source: Source) -> Segmentation:
    """Return the segmentation of a level as one of an image that was downsampled by as much."""
    shape = source.spatial_shape
    if not is_pyramid(source) or seg.pixels.shape == shape or level_of(seg, source) is None:
        return seg
    factors = tuple(length / own for length, own in zip(shape, seg.pixels.shape, strict=True))
    return replace(seg, downsample=factors)


def counted_at(labels: Labels, seg: Segmentation) -> str:
    """Return at which level of a slide pixels were counted, and what one of them is; nothing if all were."""
    levels = [tuple(level.shape) for level in labels.data] if labels.multiscale else []
    shape = tuple(seg.pixels.shape)
    if shape not in levels[1:]:
        return ""
    size = " × ".join(f"{length / own:.0f}" for length, own in zip(levels[0], shape, strict=True))
    return f"counted at level {levels.index(shape)}, where a pixel is {size} of the image"


def level_of(seg: Segmentation, source: Source) -> int | None:
    """Return which level of a pyramid was segmented; None if none was."""
    if not is_pyramid(source):
        return None
    return next((i for i, level in enumerate(source.levels) if seg.pixels.image is level), None)


def shape_in_memory(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape, or one of about the same proportions that is not too large for memory."""
    factor = math.sqrt(max(1.0, math.prod(shape) / IN_MEMORY))
    return (*shape[:-2], *(max(1, int(length / factor)) for length in shape[-2:]))


def tile_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the tiles in which an image of some shape is labeled."""
    return tuple(TILE if axis >= len(shape) - 2 else 1 for axis in range(len(shape)))
