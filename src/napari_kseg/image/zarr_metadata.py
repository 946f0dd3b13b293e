"""What OME-Zarr says about a result: axes and levels, channels of the image, names and colors of the labels."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING, Any

import numpy as np

from .recolor import hex_color, white

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .clusters import Clusters
    from .zarr_axes import Axes

LABELS = "clusters"
"""Name of the labels among the labels of the image."""


def multiscales(name: str, axes: Axes, factors: Sequence[Sequence[int]], version: str) -> list[dict[str, Any]]:
    """Axes and levels; each level is called by its number."""
    from importlib.metadata import version as version_of

    found: dict[str, Any] = {
        "name": name,
        "axes": axes.metadata(),
        "datasets": [
            {"path": str(level), "coordinateTransformations": axes.transformations(factor)}
            for level, factor in enumerate(factors)
        ],
        "type": "mode",
        "metadata": {
            "description": "Of each 2 × 2 pixels, one that has their most frequent label.",
            "method": "napari_kseg.Segmentation.to_zarr",
            "version": version_of("napari-kseg"),
        },
    }
    return [({"version": version} if version == "0.4" else {}) | found]


def image_label(seg: Clusters, pixel_size: float, version: str, has_image: bool) -> dict[str, Any]:
    """Name, color, size and centroid of each cluster."""
    rows = seg.table().to_dict("records")
    found: dict[str, Any] = {}
    found["colors"] = [
        {"label-value": label, "rgba": [int(value) for value in np.rint(np.asarray(color) * 255)]}
        for label, color in enumerate(seg.colors(), 1)
    ]
    found["properties"] = [
        {
            "label-value": int(row["label"]),
            "name": str(row["name"]),
            "count": int(row["count"]),
            "fraction": float(row["fraction"]),
            "area": int(row["count"]) * pixel_size,
            **{f"centroid_{c}": float(value) for c, value in zip(seg.channel_names, centroid, strict=True)},
        }
        for row, centroid in zip(rows, seg.centroids, strict=True)
    ]
    if has_image:
        found["source"] = {"image": "../../"}
    return ({"version": version} if version == "0.4" else {}) | found


def omero(seg: Clusters, dtype: np.dtype[Any], version: str) -> dict[str, Any]:
    """Names, colors and ranges of the channels of the recolored image."""
    names, centroids, alpha = seg.channel_names, seg.centroids, seg.pixels.alpha
    if seg.is_color or dtype.kind == "b" or (dtype == np.uint8 and len(names) == 1):
        ranges = [(0.0, white(dtype, centroids))] * len(names)
    else:
        ranges = [(float(low), float(high)) for low, high in zip(centroids.min(0), centroids.max(0), strict=True)]
    if seg.is_color:
        colors = ["FF0000", "00FF00", "0000FF"]
    elif len(names) == 1:
        colors = ["FFFFFF"]
    else:
        turns = [number / len(names) for number in range(len(names))]
        colors = [hex_color(np.array(colorsys.hsv_to_rgb(turn, 1, 1)))[1:].upper() for turn in turns]
    channels = [
        _channel(name, color, low, high, dtype) for name, color, (low, high) in zip(names, colors, ranges, strict=True)
    ]
    if alpha:
        channels.append(_channel("alpha", "FFFFFF", 0.0, white(dtype, centroids), dtype) | {"active": False})
    model = "color" if len(channels) > 1 else "greyscale"
    return {"version": version, "channels": channels, "rdefs": {"model": model}}


def _channel(name: str, color: str, start: float, end: float, dtype: np.dtype[Any]) -> dict[str, Any]:
    end = end if end > start else start + 1
    limits = np.iinfo(dtype) if dtype.kind in "iu" else None
    low, high = (start, end) if limits is None else (float(limits.min), float(limits.max))
    window = {"min": low, "max": high, "start": start, "end": end}
    return {"label": name, "color": color, "active": True, "window": window}


def attributes(version: str, **ome: Any) -> dict[str, Any]:
    """Return what OME-Zarr says as attributes of a group."""
    return ome if version == "0.4" else {"ome": {"version": version, **ome}}
