"""Images too large for labels in memory: which level of a pyramid is fitted, and what the layers of a result show.

Labels of such an image are computed tile by tile when napari shows them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.pixels import Pixels

if TYPE_CHECKING:
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


def fitted(source: Source, settings: dict[str, Any], masked: bool = False) -> Source:
    """Return what a run reads: the image, or of a large pyramid a level of some megapixels.

    All pixels are read if `downsample` says so, and where a mask, seeds or settings are told in pixels of the image.
    """
    init = settings.get("init", "k-means++")
    wants_all = masked or not isinstance(init, str) or any(settings.get(name) for name in _OF_LEVEL_0)
    if not is_pyramid(source) or wants_all or settings.get("downsample", "auto") != "auto":
        return source
    return of_level(source, coarse_level(source))


def coarse_level(source: Source) -> int:
    """Return the finest level that has few pixels, or else the coarsest."""
    sizes = [math.prod(level.shape[axis] for axis in source.spatial_axes) for level in source.levels]
    return next((i for i, size in enumerate(sizes) if size <= FEW), len(sizes) - 1)


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
            pixels = _lazily(own)
            labels = seg.model.predict_pixels(pixels)
        # Pixels may be left out at any level: the counts of one say nothing of another.
        none = np.zeros_like(seg.counts)
        shown.append(replace(seg, labels=labels, parts=replace(seg.parts, labels=labels), pixels=pixels, counts=none))
    return shown


def _level_of(seg: Segmentation, source: Source) -> int | None:
    if not is_pyramid(source):
        return None
    return next((i for i, level in enumerate(source.levels) if seg.pixels.image is level), None)


def _lazily(source: Source) -> Pixels:
    """Return pixels whose labels are computed tile by tile, also of an image in memory."""
    from dask.array.core import normalize_chunks

    pixels = _pixels(source)
    edges = tuple(TILE if axis >= len(pixels.shape) - 2 else 1 for axis in range(len(pixels.shape)))
    return pixels.made_lazy(normalize_chunks(edges, shape=pixels.shape))
