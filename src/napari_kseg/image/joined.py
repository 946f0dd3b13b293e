"""Clusters that are joined: a model that labels by all their centroids. K clusters."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .marks import joined_marks
from .model import Model, brightness_order, label_dtype
from .pixels import Array


def joined(model: Model, groups: list[list[int]], counts: NDArray[np.int64]) -> tuple[Model, Array]:
    """Join the labels of each group, which share none.

    Returns the model, and the label (K + 1,) that each of the model's labels before, and 0, becomes.
    """
    first_of = np.arange(model.n_clusters + 1)
    centroids, features = model.centroids.copy(), model.feature_means.copy()
    for group in groups:
        rows = np.array(group) - 1
        first_of[group] = group[0]
        for table in (centroids, features):
            table[rows[0]] = np.average(table[rows], axis=0, weights=counts[rows] if counts[rows].any() else None)
    kept = np.unique(first_of[1:])
    order = kept[brightness_order(centroids[kept - 1])]
    numbers = np.zeros(model.n_clusters + 1, label_dtype(len(order)))
    numbers[order] = np.arange(1, len(order) + 1)
    numbers = numbers[first_of]
    groups_then = numbers[model.groups].astype(np.int64)
    return replace(
        model, groups=groups_then, centroids=centroids[order - 1], feature_means=features[order - 1],
        names=joined_marks(model.names, numbers), colors=joined_marks(model.colors, numbers),
    ), numbers  # fmt: skip
