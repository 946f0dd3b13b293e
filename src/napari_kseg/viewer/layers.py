"""From a layer to its Labels and recolored layers, and back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_kseg.image._progress import progress_bar
from napari_kseg.image.segment import prepared, segment_pixels
from napari_kseg.image.settings import Settings
from napari_kseg.kmeans import ConvergenceWarning, not_converged
from napari_kseg.viewer.label_colors import label_colormap_from, label_colors
from napari_kseg.viewer.label_table import label_table
from napari_kseg.viewer.look import look_of, take_look
from napari_kseg.viewer.placement import move_to, placement_over
from napari_kseg.viewer.source import Source, take_source, take_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    import napari.viewer
    import pandas
    from napari.utils.colormaps import CyclicLabelColormap
    from numpy.typing import NDArray

    from napari_kseg.image.pixels import Pixels
    from napari_kseg.image.segmentation import Segmentation

METADATA_KEY = "napari_kseg"
CONTRACT_VERSION = 1
"""Grows when the meaning of the metadata or of the features table changes."""


_NOT_OF_ALL = ("mask", "callback", "progress", "init", "fixed")
"""Keywords of `segment` that cannot be checked before there is an image, or are no settings."""


@dataclass(frozen=True, eq=False)
class LayerParts:
    """All that the layers of a result are made of, prepared away from the GUI thread."""

    segmentation: Segmentation
    labels: NDArray[np.integer]
    recolored: Any
    rgb: bool
    colormap: CyclicLabelColormap
    features: pandas.DataFrame
    metadata: dict[str, Any]
    axes: tuple[int, ...]
    factors: tuple[float, ...]
    channel_axis: int | None
    sources: tuple[dict[str, Any], ...]
    """What the metadata say of each source, of which there are several if each is a channel."""


def segment_layer(
    layer: Image | Sequence[Image],
    n_clusters: int | Literal["auto"] = 5,
    *,
    viewer: napari.viewer.Viewer | None = None,
    **settings: Any,
) -> tuple[Labels, Image | list[Image]]:
    """Segment an Image layer into a Labels layer and a recolored Image layer.

    Parameters
    ----------
    layer : napari.layers.Image, or sequence of them
        The source. An RGB layer is clustered by color, any other one by its values, all of it; of
        a multiscale layer the full resolution is taken. Several layers of one shape are the
        channels of one image. It is not changed.
    n_clusters : int or "auto"
        Number of clusters, from 1; "auto" takes the number from 2 to 10 that fits best.
    viewer : napari.viewer.Viewer, optional
        Where to add the two layers. Those of an earlier run on `layer` are updated in place.
    **settings
        Any other keyword of `napari_kseg.segment`; `channel_axis` is for layers that are not RGB. `spacing` is the
        size of the layer's pixels in world units unless it is given.

    Returns
    -------
    labels : napari.layers.Labels
        Labels 1 to K from dark to bright, 0 for left out, with a table in `features`.
    recolored : napari.layers.Image, or list of them
        The image with every pixel replaced by the centroid of its cluster; one for each source.

    Raises
    ------
    TypeError
        If `layer` is not an Image layer, or a setting is unknown.
    ValueError
        If a setting or the image is not valid; the message says which and what is allowed.

    Examples
    --------
    >>> from napari.layers import Image
    >>> from skimage.data import coffee
    >>> labels, recolored = segment_layer(Image(coffee(), name="coffee"), 5)
    >>> labels.name, recolored.name
    ('coffee clusters', 'coffee recolored')
    >>> int(labels.features["count"].sum()) == 400 * 600
    True
    """
    layers = [_unwrapped(one) for one in (layer if isinstance(layer, Sequence) else [layer])]
    viewer = _unwrapped(viewer)
    Settings.from_dict({**{k: v for k, v in settings.items() if k not in _NOT_OF_ALL}, "n_clusters": n_clusters})
    mask, callback = settings.pop("mask", None), settings.pop("callback", None)
    axis = settings.pop("channel_axis", "auto")
    source = take_sources(layers) if isinstance(layer, Sequence) else take_source(layers[0], axis)
    with progress_bar(settings.pop("progress", False), callback) as report:
        checked, pixels = prepared_layer(source, mask, n_clusters=n_clusters, **settings)
        seg = segment_pixels(pixels, checked, callback=report)
    if message := convergence_message(seg):
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    parts = make_parts(seg, source)
    if viewer is not None:
        labels, recolored = add_layers(parts, layers, viewer)
    else:
        labels = _new_labels(parts, layers[0])
        labels.features = parts.features
        recolored = [_new_recolored(own, one) for own, one in _of_each(parts, layers)]
    return labels, recolored if isinstance(layer, Sequence) else recolored[0]


def from_layer(labels_layer: Layer) -> Segmentation:
    """Return the segmentation behind a layer that napari-kseg made.

    Parameters
    ----------
    labels_layer : napari.layers.Labels
        A result layer, renamed or duplicated as may be.

    Returns
    -------
    segmentation : Segmentation
        The result as it was computed; what was painted on the layer since is not in it.

    Raises
    ------
    ValueError
        If the layer is not one of ours, or was saved and read again.
    """
    made = labels_layer.metadata.get(METADATA_KEY, {})
    if "segmentation" not in made:
        raise ValueError(
            f"layer {labels_layer.name!r} holds no segmentation; use a layer that napari-kseg added in this session"
        )
    seg: Segmentation = made["segmentation"]
    return seg


def prepared_layer(source: Source, mask: NDArray[np.bool_] | None = None, **settings: Any) -> tuple[Settings, Pixels]:
    """Return the checked settings of a run on `source`, its channel axis told as `segment` takes it, and its pixels."""
    # Under "auto" a fourth channel is alpha; an explicit axis would make it data.
    axis = "auto" if source.rgb or source.is_stack else source.channel_axis
    if settings.get("spacing") is None and (settings.get("sigma") or settings.get("position_weight")):
        settings["spacing"] = source.spacing
    return prepared(lambda _: source.pixels(mask), {**settings, "channel_axis": axis})


def convergence_message(seg: Segmentation) -> str | None:
    """Return one sentence if the iterations ended the run, else None."""
    return None if seg.converged else not_converged(seg.settings.max_iter)


def make_parts(seg: Segmentation, source: Source) -> LayerParts:
    """Prepare everything that needs no GUI thread."""
    axes = source.spatial_axes
    labels = np.array(seg.labels)  # a copy: painting must not reach the frozen result
    full = [source.image.shape[axis] for axis in axes]
    reduced = list(labels.shape) != full
    factors = tuple(float(f) for f in seg.downsample) if reduced else (1.0,) * len(axes)
    linear = source.linear[np.ix_(axes, axes)] * np.array(factors)
    colors = label_colors(seg, source)
    return LayerParts(
        segmentation=seg,
        labels=labels,
        recolored=seg.recolored(),
        rgb=source.rgb,
        colormap=label_colormap_from(colors),
        features=label_table(seg, colors, float(abs(np.linalg.det(linear)))),
        metadata=_describe(seg, source),
        axes=axes,
        factors=factors,
        channel_axis=source.channel_axis,
        sources=tuple(map(_source_entry, source.channels or [source])),
    )


def add_layers(parts: LayerParts, layers: Sequence[Image], viewer: napari.viewer.Viewer) -> tuple[Labels, list[Image]]:
    """Show a result above its sources: their layers of an earlier run are updated, others are added.

    Call it in the GUI thread.
    """
    first = layers[0]
    with _selection_kept(viewer):
        recolored = [_show_recolored(own, layer, viewer) for own, layer in _of_each(parts, layers)]
        labels = find_output(viewer, first, "labels")
        if labels is not None and labels.ndim == parts.labels.ndim and not labels.multiscale:
            _update_labels(labels, parts, first)
        else:
            there = [*layers, *recolored]
            highest = max(there, key=lambda layer: viewer.layers.index(layer) if layer in viewer.layers else -1)
            labels = _put(viewer, _new_labels(parts, first), labels, above=highest)
    # Only now that the source is active again: in 3-D, napari fails when a Labels layer with features becomes active
    # before the mouse, though over the canvas, has moved.
    labels.features = parts.features
    return labels, recolored


def _of_each(parts: LayerParts, layers: Sequence[Image]) -> list[tuple[LayerParts, Image]]:
    """Parts for the recolored layer of each source."""
    if not isinstance(parts.recolored, list):
        return [(parts, layers[0])]
    return [
        (replace(parts, recolored=recolored, metadata={**parts.metadata, "source": source}), layer)
        for recolored, source, layer in zip(parts.recolored, parts.sources, layers, strict=True)
    ]


def _show_recolored(parts: LayerParts, layer: Image, viewer: napari.viewer.Viewer) -> Image:
    recolored = find_output(viewer, layer, "recolored")
    if recolored is None or not _fits_recolored(recolored, parts):
        new: Image = _put(viewer, _new_recolored(parts, layer), recolored, above=layer)
        return new
    given = recolored.metadata[METADATA_KEY].get("look")
    recolored.data = parts.recolored
    if given == look_of(recolored):  # else the user wants it to look as it does
        take_look(recolored, layer)
        given = look_of(recolored)
    move_to(recolored, _recolored_placement(parts, layer))
    _stamp(recolored, parts, "recolored", look=given)
    shown: Image = recolored
    return shown


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


def _new_labels(parts: LayerParts, layer: Image) -> Labels:
    labels = Labels(
        parts.labels,
        name=f"{layer.name} clusters",
        colormap=parts.colormap,
        opacity=1.0,
        **placement_over(layer, parts.axes, parts.factors),
    )
    _stamp(labels, parts, "labels")
    return labels


def _new_recolored(parts: LayerParts, layer: Image) -> Image:
    recolored = Image(
        parts.recolored,
        name=f"{layer.name} recolored",
        rgb=parts.rgb,
        multiscale=False,
        contrast_limits=layer.contrast_limits,
        **_recolored_placement(parts, layer),
    )
    take_look(recolored, layer)
    _stamp(recolored, parts, "recolored", look=look_of(recolored))
    return recolored


def _update_labels(labels: Labels, parts: LayerParts, layer: Image) -> None:
    labels.data = parts.labels
    # Undo would write old pixel values into the new labels.
    if hasattr(labels, "_reset_history"):
        labels._reset_history()
    # These two live on the colormap, not on the layer.
    parts.colormap.selection, parts.colormap.use_selection = labels.selected_label, labels.show_selected_label
    labels.colormap = parts.colormap
    move_to(labels, placement_over(layer, parts.axes, parts.factors))
    _stamp(labels, parts, "labels")


def _fits_recolored(recolored: Image, parts: LayerParts) -> bool:
    """Return whether the data can be set; another shape would break the layer for good."""
    old, new = recolored.data, parts.recolored
    return (
        not recolored.multiscale
        and bool(recolored.rgb) == parts.rgb
        and old.ndim == new.ndim
        and old.dtype == new.dtype  # the contrast limits are those of a dtype
        and (not parts.rgb or old.shape[-1] == new.shape[-1])
    )


def _recolored_placement(parts: LayerParts, layer: Image) -> dict[str, Any]:
    """Return the placement of the recolored image, which has the axes of the source."""
    if len(parts.axes) == layer.ndim:
        return placement_over(layer, parts.axes, parts.factors)
    by_axis = dict(zip(parts.axes, parts.factors, strict=True))
    return placement_over(layer, range(layer.ndim), [by_axis.get(axis, 1.0) for axis in range(layer.ndim)])


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


def _describe(seg: Segmentation, source: Source) -> dict[str, Any]:
    """Return enough to repeat the run; all but `segmentation` can be written as JSON."""
    return {
        "contract_version": CONTRACT_VERSION,
        "settings": seg.settings.to_dict(),
        "centroids": np.asarray(seg.centroids).tolist(),
        "counts": np.asarray(seg.counts).tolist(),
        "model": seg.model.to_dict(),
        "source": _source_entry(source),
        "versions": {name: version(name) for name in ("napari-kseg", "napari", "numpy", "numba")},
        "segmentation": seg,
    }


def _source_entry(source: Source) -> dict[str, Any]:
    return {"name": source.name, "unique_id": source.unique_id, "path": source.path, "rgb": source.rgb}


def _unwrapped(thing: Any) -> Any:
    """Return what is behind a proxy; napari hands them out, and through them nothing is identical to itself."""
    return getattr(thing, "__wrapped__", thing)


@contextmanager
def _selection_kept(viewer: napari.viewer.Viewer) -> Iterator[None]:
    """Leave the same layers selected and active, although napari selects what is added."""
    selected, active = set(viewer.layers.selection), viewer.layers.selection.active
    yield
    kept = {layer for layer in selected if layer in viewer.layers}
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    elif kept:
        viewer.layers.selection = kept


__all__ = ["from_layer", "segment_layer"]
