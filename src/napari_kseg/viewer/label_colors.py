"""Colors of the labels."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap, label_colormap

from napari_kseg.image.marks import with_given

VEIL = 0.8
"""How much of the veil is seen where a cluster is not selected."""

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.source import Source


def label_colors(seg: Segmentation, source: Source) -> NDArray[np.float64]:
    """Return the colors of the labels 1 to K, shape (K, 4), 0 to 1.

    Color images and one channel: what the source shows at the centroid, through its contrast limits and gamma. Several
    layers of different colormaps: what they show one over the other, added up as light is, as bright as can be.
    Otherwise no color belongs to a centroid, and napari's own cycle tells the labels apart. Colors that the user gave
    come first.
    """
    return with_given(_colors_of_centroids(seg, source), seg.model.colors)


def _colors_of_centroids(seg: Segmentation, source: Source) -> NDArray[np.float64]:
    centroids = np.asarray(seg.centroids, np.float64)
    if len({channel.colormap.name for channel in source.channels}) > 1:
        light = sum(_mapped(channel, own)[:, :3] for channel, own in zip(source.channels, centroids.T, strict=True))
        # Means are far darker than the few pixels by which napari sets contrast limits.
        return np.column_stack([light / (np.max(light) or 1), np.ones(len(centroids))])
    if not seg.is_color and centroids.shape[1] > 1:
        return _cycle(len(centroids))[1:].copy()
    if seg.is_color:
        return np.column_stack([_scaled(source, centroids), np.ones(len(centroids))])
    return _mapped(source, centroids[:, 0])


def _mapped(source: Source, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the colors (K, 4) in which a layer shows values of its only channel."""
    return np.asarray(source.colormap.map(_scaled(source, values)), np.float64)


def _scaled(source: Source, values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = source.contrast_limits
    scaled: NDArray[np.float64] = np.clip((values - low) / ((high - low) or 1), 0, 1) ** source.gamma
    return scaled


def highlighted(colors: Any, selected: set[int], hidden: set[int]) -> NDArray[np.float64]:
    """Return the colors (K, 4) of labels with all but the selected ones behind a veil, and the hidden ones transparent.

    The veil is white or black, whichever the selected ones stand out from.
    """
    shown = np.array(colors, np.float64)
    rows = [label - 1 for label in selected]
    if rows:
        veiled = np.setdiff1d(np.arange(len(shown)), rows)
        luma = float((shown[rows, :3] @ (0.299, 0.587, 0.114)).mean())
        shown[veiled, :3] = VEIL * (0.0 if luma > 0.5 else 1.0) + (1 - VEIL) * shown[veiled, :3]
    shown[[label - 1 for label in hidden], 3] = 0
    return shown


def label_colormap_from(colors: NDArray[np.float64]) -> CyclicLabelColormap:
    """Return a new colormap with `colors` for the labels 1 to K and napari's cycle above.

    A colormap belongs to one layer: the layer's selected label lives on it.
    """
    # Not a DirectLabelColormap: that one compiles for about 3 s in every session.
    table = _cycle(max(255, len(colors))).copy()
    table[0] = 0
    table[1 : len(colors) + 1] = colors
    return CyclicLabelColormap(colors=table, name="clusters")


@cache
def _cycle(n_colors: int) -> NDArray[np.float64]:
    """Return napari's default label colors, shape (n_colors + 1, 4); 0 is transparent.

    Made once, with the first result: napari swaps warning filters to make them, and so do workers that run meanwhile.
    """
    return np.array(label_colormap(n_colors).colors[: n_colors + 1], np.float64)
