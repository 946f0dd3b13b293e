"""From a layer to its Labels and recolored layers, and back: what the console uses."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from napari_kseg.image._progress import progress_bar
from napari_kseg.image.segment import segment_pixels
from napari_kseg.image.settings import Settings
from napari_kseg.kmeans import ConvergenceWarning
from napari_kseg.viewer.large import placed
from napari_kseg.viewer.layer_parts import convergence_message, make_parts, prepared_layer
from napari_kseg.viewer.result_layers import METADATA_KEY, add_layers, new_layers
from napari_kseg.viewer.source import take_source, take_source_for, take_sources

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image, Labels, Layer

    from napari_kseg.image.segmentation import Segmentation

_NOT_OF_ALL = ("mask", "callback", "progress", "init", "fixed")
"""Keywords of `segment` that cannot be checked before there is an image, or are no settings."""


def segment_layer(
    layer: Image | Sequence[Image],
    n_clusters: int | Literal["auto"] = 5,
    *,
    viewer: napari.viewer.Viewer | None = None,
    crop: Sequence[Sequence[int]] | None = None,
    **settings: Any,
) -> tuple[Labels, Image | list[Image]]:
    """Segment an Image layer into a Labels layer and a recolored Image layer.

    Parameters
    ----------
    layer : napari.layers.Image, or sequence of them
        The source. An RGB layer is clustered by color, any other one by its values, all of it. Several layers of one
        shape are the channels of one image. It is not changed. Of a multiscale layer the full resolution is taken; one
        of more than 67 megapixels is clustered at the finest level of up to 8 (at full resolution with `downsample=1`),
        and the new layers have all its levels, computed where they are looked at.
    n_clusters : int or "auto"
        Number of clusters, from 1; "auto" takes the number from 2 to 10 that fits best.
    viewer : napari.viewer.Viewer, optional
        Where to add the two layers. Those of an earlier run on `layer` are updated in place.
    crop : sequence of (int, int), optional
        Segment a part only: the first pixel, and one past the last, along each spatial axis. Mask and scribbles are
        those of the part; the new layers have its shape, and lie over it.
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
    source = (take_sources(layers) if isinstance(layer, Sequence) else take_source(layers[0], axis)).cropped(crop)
    with progress_bar(settings.pop("progress", False), callback) as report:
        checked, pixels = prepared_layer(source, mask, n_clusters=n_clusters, **settings)
        seg = placed(segment_pixels(pixels, checked, callback=report), source)
    if message := convergence_message(seg):
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    parts = make_parts(seg, source)
    labels, recolored = new_layers(parts, layers) if viewer is None else add_layers(parts, layers, viewer)
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


def show_segmentation(
    segmentation: Segmentation, layer: Image | Sequence[Image], viewer: napari.viewer.Viewer | None = None
) -> tuple[Labels, Image | list[Image]]:
    """Show a segmentation, such as one with merged clusters, in the layers of a result.

    Parameters
    ----------
    segmentation : Segmentation
        Of the image in `layer`, or of a part of it; or of a level of it, if it is a multiscale layer of more than 67
        megapixels.
    layer : napari.layers.Image, or sequence of them
        The source, as it was given to `segment_layer`. It is not changed.
    viewer : napari.viewer.Viewer, optional
        Where to add the two layers. Those of an earlier run on `layer` are updated in place.

    Returns
    -------
    labels : napari.layers.Labels
        As of `segment_layer`.
    recolored : napari.layers.Image
        As of `segment_layer`.

    Raises
    ------
    TypeError
        If `layer` is not an Image layer.
    ValueError
        If the layer has not the shape of the image that was segmented.

    Examples
    --------
    >>> from napari.layers import Image
    >>> from skimage.data import coffee
    >>> layer = Image(coffee(), name="coffee")
    >>> labels, recolored = segment_layer(layer, 5)
    >>> labels, recolored = show_segmentation(from_layer(labels).merge([2, 3]), layer)
    >>> int(labels.data.max())
    4
    """
    layers = [_unwrapped(one) for one in (layer if isinstance(layer, Sequence) else [layer])]
    several = isinstance(layer, Sequence)
    source = take_sources(layers) if several else take_source_for(segmentation.model, layers[0])
    source = source.cropped_as(segmentation.pixels.image)
    segmentation = placed(segmentation, source)
    shape, own = source.spatial_shape, segmentation.labels.shape
    if len(own) != len(shape) or (own != shape and all(factor == 1 for factor in segmentation.downsample)):
        raise ValueError(
            f"layer {source.name!r} has shape {shape}, but an image of {own} was segmented; give its layer"
        )
    parts = make_parts(segmentation, source)
    labels, recolored = new_layers(parts, layers) if viewer is None else add_layers(parts, layers, _unwrapped(viewer))
    return labels, recolored if several else recolored[0]


def _unwrapped(thing: Any) -> Any:
    """Return what is behind a proxy; napari hands them out, and through them nothing is identical to itself."""
    return getattr(thing, "__wrapped__", thing)


__all__ = ["from_layer", "segment_layer", "show_segmentation"]
