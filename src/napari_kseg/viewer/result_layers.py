"""The layers of a result in a viewer: added, found again, updated in place."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_kseg.viewer.last_model import keep_result
from napari_kseg.viewer.look import look_of, take_look
from napari_kseg.viewer.placement import move_to, placement_over, placement_with_channels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import napari.viewer
    from napari.utils.colormaps import CyclicLabelColormap

    from napari_kseg.viewer.layer_parts import LayerParts

METADATA_KEY = "napari_kseg"


def new_layers(parts: LayerParts, layers: Sequence[Image]) -> tuple[Labels, list[Image]]:
    """Return the Labels layer of a result, and the recolored layer of each source, for no viewer yet."""
    labels = _new_labels(parts, layers[0])
    labels.features = parts.features
    return labels, [_new_recolored(own, layer) for own, layer in _of_each(parts, layers)]


def add_layers(
    parts: LayerParts, layers: Sequence[Image], viewer: napari.viewer.Viewer
) -> tuple[Labels, list[Image | None]]:
    """Show a result above its sources: their layers of an earlier run are updated, others are added.

    Call it in the GUI thread. Returns the Labels layer, and the recolored one of each source; None if `parts` has
    none, and there was none.
    """
    first = layers[0]
    with selection_kept(viewer):
        recolored = [_show_recolored(own, layer, viewer) for own, layer in _of_each(parts, layers)]
        labels = find_output(viewer, first, "labels")
        if labels is not None and labels.ndim == parts.segmentation.labels.ndim and _takes(labels, parts):
            _update_labels(labels, parts, first)
        else:
            there = [*layers, *(layer for layer in recolored if layer is not None)]
            highest = max(there, key=lambda layer: viewer.layers.index(layer) if layer in viewer.layers else -1)
            labels = _put(viewer, _new_labels(parts, first), labels, above=highest)
    # Only now that the source is active again: in 3-D, napari fails when a Labels layer with features becomes active
    # before the mouse, though over the canvas, has moved.
    labels.features = parts.features
    keep_result(viewer, parts.segmentation.model, first.name, labels.name)
    return labels, recolored


def _of_each(parts: LayerParts, layers: Sequence[Image]) -> list[tuple[LayerParts, Image]]:
    """Parts for the recolored layer of each source."""
    if parts.is_pyramid or not isinstance(parts.recolored, list):
        return [(parts, layers[0])]
    return [
        (replace(parts, recolored=recolored, metadata={**parts.metadata, "source": source}), layer)
        for recolored, source, layer in zip(parts.recolored, parts.metadata["sources"], layers, strict=True)
    ]


def _show_recolored(parts: LayerParts, layer: Image, viewer: napari.viewer.Viewer) -> Image | None:
    recolored: Image | None = find_output(viewer, layer, "recolored")
    if parts.recolored is None:
        if recolored is not None:
            _stamp(recolored, parts, "recolored", look=recolored.metadata[METADATA_KEY].get("look"))
        return recolored
    if recolored is None or not _fits_recolored(recolored, parts):
        new: Image = _put(viewer, _new_recolored(parts, layer), recolored, above=layer)
        return new
    given = recolored.metadata[METADATA_KEY].get("look")
    recolored.data = parts.recolored
    if given == look_of(recolored):  # else the user wants it to look as it does
        take_look(recolored, layer)
        given = look_of(recolored)
    move_to(recolored, placement_with_channels(layer, parts.axes, parts.factors, parts.offset))
    _stamp(recolored, parts, "recolored", look=given)
    return recolored


def is_output(layer: Layer) -> bool:
    """Return whether napari-kseg made this layer, or it is a duplicate of such a one."""
    return METADATA_KEY in layer.metadata


def find_output(viewer: napari.viewer.Viewer, layer: Image, role: str) -> Any:
    """Return the layer in `viewer` that shows the result of `layer` in this role, or None."""
    kind = Labels if role == "labels" else Image
    for other in viewer.layers:
        made = other.metadata.get(METADATA_KEY, {})
        if (
            isinstance(other, kind)
            and made.get("role") == role
            and made["source"]["unique_id"] == str(layer.unique_id)
            # A duplicate carries the metadata too; it is the user's and stays as it is.
            and made["layer_id"] == str(other.unique_id)
        ):
            return other
    return None


def sources_of(viewer: napari.viewer.Viewer, output: Layer) -> list[Image]:
    """Return the layers that a result was made of, by one of its layers; none if the first of them is gone."""
    made = output.metadata.get(METADATA_KEY, {})
    if made.get("layer_id") != str(output.unique_id):  # another layer, or a duplicate, which is the user's
        return []
    there = {str(layer.unique_id): layer for layer in viewer.layers if isinstance(layer, Image)}
    ids = [source["unique_id"] for source in made["sources"]]
    return [there[one] for one in ids if one in there] if ids[0] in there else []


def _new_labels(parts: LayerParts, layer: Image) -> Labels:
    labels = Labels(
        np.array(parts.segmentation.labels) if parts.labels is None else parts.labels,
        name=f"{layer.name} clusters",
        colormap=parts.colormap,
        opacity=1.0,
        multiscale=parts.is_pyramid,
        **placement_over(layer, parts.axes, parts.factors, parts.offset),
    )
    labels.editable = isinstance(labels.data, np.ndarray)
    _stamp(labels, parts, "labels")
    return labels


def _new_recolored(parts: LayerParts, layer: Image) -> Image:
    recolored = Image(
        parts.recolored,
        name=f"{layer.name} recolored",
        rgb=parts.rgb,
        multiscale=parts.is_pyramid,
        contrast_limits=layer.contrast_limits,
        **placement_with_channels(layer, parts.axes, parts.factors, parts.offset),
    )
    take_look(recolored, layer)
    _stamp(recolored, parts, "recolored", look=look_of(recolored))
    return recolored


def _update_labels(labels: Labels, parts: LayerParts, layer: Image) -> None:
    if parts.labels is not None:
        labels.data = parts.labels
        labels.editable = isinstance(labels.data, np.ndarray)
        # Undo would write old pixel values into the new labels.
        if hasattr(labels, "_reset_history"):
            labels._reset_history()
    show_colors(labels, parts.colormap)
    move_to(labels, placement_over(layer, parts.axes, parts.factors, parts.offset))
    _stamp(labels, parts, "labels")


def _takes(layer: Image | Labels, parts: LayerParts) -> bool:
    """Return whether data can be set: levels only where there are levels, and by napari from 0.9 on."""
    if not parts.is_pyramid:
        return not layer.multiscale
    return layer.multiscale and tuple(map(int, version("napari").split(".")[:2])) >= (0, 9)


def show_colors(labels: Labels, colormap: CyclicLabelColormap) -> None:
    """Show a Labels layer in other colors, unless they are shown: each change is a repaint."""
    if np.array_equal(labels.colormap.colors, colormap.colors):
        return
    # These two live on the colormap, not on the layer.
    colormap.selection, colormap.use_selection = labels.selected_label, labels.show_selected_label
    # napari tells of the colormap, and then of a selected label that is the same as before: some plugins fail at that.
    with labels.events.selected_label.blocker():
        labels.colormap = colormap


def _fits_recolored(recolored: Image, parts: LayerParts) -> bool:
    """Return whether the data can be set; another shape would break the layer for good."""
    old, new = recolored.data, parts.recolored[0] if parts.is_pyramid else parts.recolored
    return (
        _takes(recolored, parts)
        and bool(recolored.rgb) == parts.rgb
        and old.ndim == new.ndim
        and old.dtype == new.dtype  # the contrast limits are those of a dtype
        and (not parts.rgb or old.shape[-1] == new.shape[-1])
    )


def _put(viewer: napari.viewer.Viewer, new: Any, old: Layer | None, *, above: Layer) -> Any:
    """Insert `new` directly above another layer, instead of `old` if there is one."""
    layers = viewer.layers
    if old is not None:
        new.name, new.opacity = old.name, old.opacity
        layers.remove(old)
    layers.insert(layers.index(above) + 1 if above in layers else len(layers), new)
    if old is not None:
        new.visible = old.visible  # only now: a layer that was never shown has a black thumbnail
    return new


def _stamp(layer: Layer, parts: LayerParts, role: str, **more: Any) -> None:
    """Write the metadata of a result into one of its layers."""
    # A new dict each time: duplicates of the layer share the old one.
    made = {**parts.metadata, "role": role, "layer_id": str(layer.unique_id), **more}
    layer.metadata = {**layer.metadata, METADATA_KEY: made}


@contextmanager
def selection_kept(viewer: napari.viewer.Viewer) -> Iterator[None]:
    """Leave the same layers selected and active, although napari selects what is added."""
    selected, active = set(viewer.layers.selection), viewer.layers.selection.active
    yield
    kept = {layer for layer in selected if layer in viewer.layers}
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    elif kept:
        viewer.layers.selection = kept
