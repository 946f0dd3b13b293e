"""What the layers of a result show at each level of a pyramid: labels, computed tile by tile as they are seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.viewer.large import level_of, of_level, own_pixels, tile_of
from napari_kseg.viewer.other_level import in_shape

if TYPE_CHECKING:
    from napari_kseg.image.pixels import Pixels
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.source import Source


def at_levels(seg: Segmentation, source: Source) -> list[Segmentation]:
    """Return what is shown at each level of a pyramid, by the centroids of `seg`; nothing if it is not of a level."""
    if level_of(seg, source) is None:
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


def _lazily(source: Source, mask: Any) -> Pixels:
    """Return pixels whose labels are computed tile by tile, also of an image in memory; the mask is of any level."""
    from dask.array.core import normalize_chunks

    pixels = own_pixels(source)
    pixels = pixels.made_lazy(normalize_chunks(tile_of(pixels.shape), shape=pixels.shape))
    pixels.mask = None if mask is None else in_shape(mask, pixels.shape)
    return pixels
