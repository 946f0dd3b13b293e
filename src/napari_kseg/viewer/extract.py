"""Clusters cut out as layers of their own, which belong to the user.

Undo takes such a layer away, as it does everywhere with what was made last, and redo brings it back as it was, with the
look that it was given meanwhile. One that was renamed, painted on, given other data or segmented has become the user's
work, which the history of another image must not take away: it stays, and that is said.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels

from napari_kseg.viewer.placement import placement_over, placement_with_channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas

    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.source import Source


class Extraction:
    """Layers that were cut out.

    Parameters
    ----------
    layers : sequence of napari.layers.Image or napari.layers.Labels
        The layers, which are in no viewer yet.
    marks : list of tuple
        Those of their data, by `marks_of`.
    """

    def __init__(self, layers: Sequence[Image | Labels], marks: list[tuple[Any, ...]]) -> None:
        self._layers = list(layers)
        self._marks = marks
        self._names = [layer.name for layer in layers]

    def is_edited(self) -> bool:
        """Return whether any of the data is not as it was; this looks at all of it, in any thread."""
        return marks_of(layer.data for layer in self._layers) != self._marks

    def take_away(self, viewer: Any, is_edited: bool) -> str:
        """Remove the layers that are still as they were; return what to say of those that stay."""
        from napari_kseg.viewer.result_layers import find_output, selection_kept

        there = [pair for pair in zip(self._layers, self._names, strict=True) if pair[0] in viewer.layers]
        stays = [
            layer.name
            for layer, name in there
            if is_edited or layer.name != name or find_output(viewer, layer, "labels") is not None
        ]
        if stays:
            return f"Kept, as changed since it was extracted: {', '.join(stays)}; remove it in the layer list."
        with selection_kept(viewer):
            for layer, _ in there:
                viewer.layers.remove(layer)
        return ""

    def bring_back(self, viewer: Any) -> None:
        """Add the layers that are not there."""
        from napari_kseg.viewer.result_layers import selection_kept

        added = [layer for layer in self._layers if layer not in viewer.layers]
        tables = [(layer, layer.features) for layer in added if isinstance(layer, Labels)]
        for layer, _ in tables:
            layer.features = None
        with selection_kept(viewer):
            for layer in added:
                viewer.add_layer(layer)
        for layer, table in tables:  # only now, as `add_layers` does: in 3-D, napari would fail
            layer.features = table
        self._names = [layer.name for layer in self._layers]  # napari numbers a name that there is already


def marks_of(arrays: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Return for each array what tells it from one with other values; a lazy one, which nobody paints on, by itself."""
    return [
        (array.shape, array.dtype, zlib.crc32(array.tobytes()) if isinstance(array, np.ndarray) else id(array))
        for array in arrays
    ]


def extracted(seg: Segmentation, labels: Sequence[int], kind: str) -> Any:
    """Return the array of a new layer: "image", "mask" or "objects" of some clusters."""
    if kind == "image":
        return seg.extract(labels)
    if kind == "mask":
        return np.isin(seg.labels, labels).astype(np.uint8)
    objects = seg.objects(labels)
    return objects.astype(np.min_scalar_type(int(objects.max(initial=0))))


def extracted_layers(
    array: Any,
    layer: Image,
    source: Source,
    seg: Segmentation,
    labels: Sequence[int],
    kind: str,
    features: pandas.DataFrame | None = None,
) -> list[Image | Labels]:
    """Return new layers that lie exactly over the source: of an image, one for each layer that is a channel."""
    axes, factors = source.spatial_axes, source.factors_of(seg)
    which = ", ".join(map(str, labels))
    if kind != "image":
        placement = placement_over(layer, axes, factors, source.offset)
        marked = Labels(array, name=f"{layer.name} {kind} {which}", features=features, **placement)
        marked.editable = isinstance(array, np.ndarray)
        return [marked]
    placement = placement_with_channels(layer, axes, factors, source.offset)
    portions = []
    arrays = array if isinstance(array, list) else [array]
    for one, channel in zip(arrays, source.channels or [source], strict=True):
        look: dict[str, Any] = {}
        if not channel.rgb:  # given at once: else napari looks at the values for the limits
            look = {"contrast_limits": channel.contrast_limits, "colormap": channel.colormap, "gamma": channel.gamma}
        name = f"{channel.name} {which}"
        portions.append(Image(one, name=name, rgb=channel.rgb, multiscale=False, **look, **placement))
    return portions
