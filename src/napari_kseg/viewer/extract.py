"""Clusters cut out as layers of their own, which belong to the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_kseg.viewer.placement import placement_over, placement_with_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.source import Source


def extracted(seg: Segmentation, labels: Sequence[int], kind: str) -> Any:
    """Return the array of a new layer: "image", "mask" or "objects" of some clusters."""
    if kind == "image":
        return seg.extract(labels)
    if kind == "mask":
        return np.isin(seg.labels, labels).astype(np.uint8)
    objects = seg.objects(labels)
    return objects.astype(np.min_scalar_type(int(objects.max(initial=0))))


def extracted_layers(
    array: Any, layer: Image, source: Source, seg: Segmentation, labels: Sequence[int], kind: str
) -> list[Image | Labels]:
    """Return new layers that lie exactly over the source: of an image, one for each layer that is a channel."""
    axes, factors = source.spatial_axes, source.factors_of(seg)
    which = ", ".join(map(str, labels))
    if kind != "image":
        placement = placement_over(layer, axes, factors, source.offset)
        return [Labels(array, name=f"{layer.name} {kind} {which}", **placement)]
    placement = placement_with_channels(layer, axes, factors, source.offset)
    portions = []
    arrays = array if isinstance(array, list) else [array]
    for one, channel in zip(arrays, source.channels or [source], strict=True):
        portion = Image(one, name=f"{channel.name} {which}", rgb=channel.rgb, multiscale=False, **placement)
        if not channel.rgb:
            portion.contrast_limits, portion.colormap = channel.contrast_limits, channel.colormap
            portion.gamma = channel.gamma
        portions.append(portion)
    return portions
