"""The features tables of Labels layers: of clusters, and of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.recolor import hex_color

if TYPE_CHECKING:
    import pandas
    from numpy.typing import NDArray

    from napari_kseg.image.segmentation import Segmentation


def label_table(seg: Segmentation, colors: NDArray[np.float64], pixel_area: float) -> pandas.DataFrame:
    """Return one row per label, row 0 for what was left out.

    Parameters
    ----------
    seg : Segmentation
        Result with K clusters.
    colors : (K, 4) array of float
        Color of each label on the screen, 0 to 1.
    pixel_area : float
        Area (volume in 3-D) of a pixel of the labels, in world units.

    Returns
    -------
    table : pandas.DataFrame
        K + 1 rows; row i is label i, whether a reader goes by the row, by `index` (napari) or by
        `label` (scikit-image).
    """
    import pandas

    n_clusters = len(seg.centroids)
    left_out = seg.labels.size - int(seg.counts.sum())
    counts = np.concatenate([[left_out], seg.counts]).astype(np.int64)
    columns: dict[str, Any] = {
        "index": np.arange(n_clusters + 1),
        "label": np.arange(n_clusters + 1),
        "name": ["left out", *(str(name) for name in seg.table()["name"])],
        "color": ["#00000000", *map(hex_color, colors)],
        "count": counts,
        "fraction": np.concatenate([[0.0], seg.fractions]),
        "area": counts * pixel_area,
    }
    for name, values in zip(seg.channel_names, np.asarray(seg.centroids).T, strict=True):
        columns[f"centroid_{name}"] = np.concatenate([[np.nan], values])
    return pandas.DataFrame(columns)


def object_table(objects: NDArray[Any], labels: NDArray[Any], pixel_area: float) -> pandas.DataFrame:
    """Return one row per object, row 0 for all that is none.

    Parameters
    ----------
    objects : array of int
        Number of the object that each pixel belongs to, from 1; 0 is none.
    labels : array of int
        Label of each pixel, the same all over an object.
    pixel_area : float
        Area (volume in 3-D) of a pixel, in world units.

    Returns
    -------
    table : pandas.DataFrame
        Row i is object i, whether a reader goes by the row, by `index` or by `label`; `cluster` is the label of its
        cluster. Row 0 counts nothing and has no area, so that plots and clusterings of areas leave it out.
    """
    import pandas

    counts = np.bincount(objects.ravel(), minlength=1)
    clusters = np.zeros(len(counts), np.int64)
    clusters[objects] = labels
    counts[0] = clusters[0] = 0
    numbers, areas = np.arange(len(counts)), counts * pixel_area
    areas[0] = np.nan
    return pandas.DataFrame({"index": numbers, "label": numbers, "cluster": clusters, "count": counts, "area": areas})
