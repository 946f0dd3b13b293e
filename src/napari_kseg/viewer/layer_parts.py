"""What the layers of a result are made of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.segment import prepared
from napari_kseg.kmeans import not_converged
from napari_kseg.viewer.all_levels import at_levels
from napari_kseg.viewer.label_colors import label_colormap_from, label_colors
from napari_kseg.viewer.label_table import label_table
from napari_kseg.viewer.large import fitted, is_pyramid, pixels_of
from napari_kseg.viewer.other_level import mask_on, seeds_on

if TYPE_CHECKING:
    import pandas
    from napari.utils.colormaps import CyclicLabelColormap
    from numpy.typing import NDArray

    from napari_kseg.image.pixels import Pixels
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.image.settings import Settings
    from napari_kseg.viewer.source import Source

CONTRACT_VERSION = 1
"""Grows when the meaning of the metadata or of the features table changes."""


@dataclass(frozen=True, eq=False)
class LayerParts:
    """All that the layers of a result are made of, prepared away from the GUI thread."""

    segmentation: Segmentation
    labels: Any
    """In memory, lazy, or a list of the lazy ones of each level; None: those that are shown stay."""
    recolored: Any
    """None: likewise."""
    is_pyramid: bool
    """Whether labels and recolored are of all levels."""
    rgb: bool
    colormap: CyclicLabelColormap
    features: pandas.DataFrame
    metadata: dict[str, Any]
    axes: tuple[int, ...]
    factors: tuple[float, ...]
    offset: tuple[int, ...]
    """Pixels of the source before the first one of the result, along each of the axes."""
    channel_axis: int | None


def prepared_layer(source: Source, mask: Any = None, **settings: Any) -> tuple[Settings, Pixels]:
    """Return the checked settings of a run on `source`, its channel axis told as `segment` takes it, and its pixels."""
    # Under "auto" a fourth channel is alpha; an explicit axis would make it data.
    axis = "auto" if source.rgb or source.is_stack else source.channel_axis
    if settings.get("spacing") is None and (settings.get("sigma") or settings.get("position_weight")):
        settings["spacing"] = source.spacing
    seen = fitted(source, settings)
    own = mask_on(mask, source, seen)  # shapes are drawn only now, away from the window
    init = seeds_on(settings.get("init", "k-means++"), source, seen)
    checked, pixels = prepared(lambda _: pixels_of(seen, own), {**settings, "init": init, "channel_axis": axis})
    if is_pyramid(source):
        checked.check_no_clean_up()
    return checked, pixels


def convergence_message(seg: Segmentation) -> str | None:
    """Return one sentence if the iterations ended the run, else None."""
    return None if seg.converged else not_converged(seg.settings.max_iter)


def make_parts(seg: Segmentation, source: Source, leaves: frozenset[str] = frozenset()) -> LayerParts:
    """Prepare everything that needs no GUI thread, but for what it `leaves`: "labels", "recolored"."""
    axes = source.spatial_axes
    factors, levels = source.factors_of(seg), at_levels(seg, source)
    colors = label_colors(seg, source)
    return LayerParts(
        segmentation=seg,
        labels=_labels_of(seg, levels, leaves),
        recolored=_recolored_of(seg, levels, leaves),
        is_pyramid=bool(levels),
        rgb=source.rgb,
        colormap=label_colormap_from(colors),
        features=label_table(seg, colors, pixel_area(seg, source)),
        metadata=_describe(seg, source, colors),
        axes=axes,
        factors=(1.0,) * len(axes) if levels else factors,
        offset=source.offset,
        channel_axis=source.channel_axis,
    )


def pixel_area(seg: Segmentation, source: Source) -> float:
    """Return the area (volume in 3-D) of a pixel of the labels, in world units."""
    axes = source.spatial_axes
    linear = source.linear[np.ix_(axes, axes)] * np.array(source.factors_of(seg))
    return float(abs(np.linalg.det(linear)))


def _labels_of(seg: Segmentation, levels: list[Segmentation], leaves: frozenset[str]) -> Any:
    if levels:
        return [level.labels for level in levels]
    if seg.is_lazy:
        return seg.labels
    # A copy: painting must not reach the frozen result.
    return None if "labels" in leaves else np.array(seg.labels)


def _recolored_of(seg: Segmentation, levels: list[Segmentation], leaves: frozenset[str]) -> Any:
    if levels:
        return [level.recolored(given_colors=True) for level in levels]
    return None if "recolored" in leaves else seg.recolored(given_colors=True)


def _describe(seg: Segmentation, source: Source, colors: NDArray[np.float64]) -> dict[str, Any]:
    """Return enough to repeat the run; all but `segmentation` can be written as JSON."""
    return {
        "contract_version": CONTRACT_VERSION,
        "settings": seg.settings.to_dict(),
        "centroids": np.asarray(seg.centroids).tolist(),
        "colors": colors.tolist(),
        "counts": np.asarray(seg.counts).tolist(),
        "model": seg.model.to_dict(),
        "source": _source_entry(source),
        "sources": list(map(_source_entry, source.channels or [source])),
        "versions": {name: version(name) for name in ("napari-kseg", "napari", "numpy", "numba")},
        "segmentation": seg,
    }


def _source_entry(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "unique_id": source.unique_id,
        "path": source.path,
        "rgb": source.rgb,
        "crop": [list(part) for part in source.crop] or None,
    }
