"""Labels as a user painted them: checked, and of the dtype that labels have."""

from typing import Any

import numpy as np

from .model import label_dtype
from .pixels import Array


def checked_edit(labels: Any, shape: tuple[int, ...], n_clusters: int) -> Array:
    """Copy of labels that are integers from 0 to K, of the image's spatial shape."""
    given = np.asarray(labels)
    if given.dtype.kind not in "iu":
        raise TypeError(f"the labels have dtype {given.dtype}, but they must be integers; convert them by astype(int)")
    if given.shape != shape:
        raise ValueError(
            f"the labels have shape {given.shape}, but the image has the spatial shape {shape}; give a label for "
            "every pixel"
        )
    low, high = int(given.min()), int(given.max())
    if low < 0 or high > n_clusters:
        raise ValueError(
            f"the labels have the value {low if low < 0 else high}, but they must be 0 (left out) to {n_clusters}, the "
            "number of clusters; split a cluster to get more"
        )
    return given.astype(label_dtype(n_clusters))
