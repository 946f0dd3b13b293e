"""Instant, exact, reproducible K-means segmentation of any image, in napari and in Python.

>>> import numpy as np
>>> import napari_kseg as kseg
>>> seg = kseg.segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2)
>>> seg.centroids.ravel().tolist()
[0.5, 8.5]
"""

from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from .image import Model, Segmentation, Settings, Suggestion, load_model, segment, suggest_n_clusters
from .kmeans import ConvergenceWarning, KMeansFit, kmeans

if TYPE_CHECKING:
    from .viewer.layers import from_layer, segment_layer, show_segmentation

__version__ = _version("napari-kseg")

__all__ = [
    "ConvergenceWarning",
    "KMeansFit",
    "Model",
    "Segmentation",
    "Settings",
    "Suggestion",
    "from_layer",
    "kmeans",
    "load_model",
    "segment",
    "segment_layer",
    "show_segmentation",
    "suggest_n_clusters",
]

_OF_THE_VIEWER = (
    "from_layer",
    "segment_layer",
    "show_segmentation",
)  # on first use: importing the package must not load napari


if not TYPE_CHECKING:  # else every name would be one of ours to type checkers and editors

    def __getattr__(name: str) -> Any:
        if name in _OF_THE_VIEWER:
            from .viewer import layers

            return getattr(layers, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
