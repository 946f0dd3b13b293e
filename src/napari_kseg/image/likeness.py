"""Which clusters look alike: pairs of closest centroids, joined one after the other [1]_.

K clusters, C channels.

.. [1] Ward (1963), Hierarchical grouping to optimize an objective function, Journal of the American Statistical
   Association 58(301), 236-244, :doi:`10.1080/01621459.1963.10500845`; there with another measure of distance.
.. [2] Sharma, Wu & Dalal (2005), The CIEDE2000 color-difference formula, Color Research & Application 30(1), 21-30,
   :doi:`10.1002/col.20070`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import checked_integer, checked_number

from .pixels import Pixels
from .recolor import white
from .routes import Floats
from .wording import there_are

Distances = Callable[[Floats, Floats], Floats]
"""`distances(one, many)`: how far a centroid (C,) is from others (n, C)."""


@dataclass(frozen=True)
class Join:
    """Two clusters become one, which keeps the first one's row."""

    first: int
    second: int
    distance: float


def joins(centroids: Floats, counts: NDArray[np.int64], distances: Distances) -> list[Join]:
    """All K - 1 joins, each of the two closest centroids of that moment; a joint centroid is the mean of the pixels."""
    centroids, weights = centroids.copy(), np.maximum(counts, 1e-9).astype(np.float64)
    n_clusters = len(centroids)
    table = np.full((n_clusters, n_clusters), np.inf)
    for i in range(n_clusters - 1):
        table[i, i + 1 :] = distances(centroids[i], centroids[i + 1 :])
    left = np.arange(n_clusters)
    found = []
    while len(left) > 1:
        first, second = (int(i) for i in np.unravel_index(table.argmin(), table.shape))
        found.append(Join(first, second, float(table[first, second])))
        centroids[first] = np.average(centroids[[first, second]], axis=0, weights=weights[[first, second]])
        weights[first] += weights[second]
        left = left[left != second]
        table[second] = table[:, second] = np.inf
        others = left[left != first]
        apart = distances(centroids[first], centroids[others]) if len(others) else np.empty(0)
        table[np.minimum(first, others), np.maximum(first, others)] = apart
    return found


def linkage(all_joins: list[Join]) -> Floats:
    """Return joins as a linkage matrix (K - 1, 4) of SciPy: two nodes, their distance, original clusters below."""
    n_clusters = len(all_joins) + 1
    nodes, sizes = list(range(n_clusters)), [1] * n_clusters
    rows = np.empty((len(all_joins), 4))
    for i, join in enumerate(all_joins):
        sizes[join.first] += sizes[join.second]
        rows[i] = *sorted((nodes[join.first], nodes[join.second])), join.distance, sizes[join.first]
        nodes[join.first] = n_clusters + i
    return rows


def n_joins(all_joins: list[Join], n_clusters: int | None, threshold: float | None) -> int:
    """Check what is asked for, and return the number of joins that give it."""
    if (n_clusters is None) == (threshold is None):
        raise ValueError("give either n_clusters, how many clusters to leave, or threshold, how far apart two may be")
    if n_clusters is not None:
        left, now = checked_integer("n_clusters", n_clusters, low=1), len(all_joins) + 1
        if left > now:
            raise ValueError(f"n_clusters={left}, but {there_are(now, 'cluster')}; joining leaves fewer")
        return now - left
    limit = checked_number("threshold", threshold)
    if not limit >= 0:
        raise ValueError(f"threshold={threshold}, but it must be 0 or more")
    return next((i for i, join in enumerate(all_joins) if join.distance > limit), len(all_joins))


def distances_for(pixels: Pixels, centroids: Floats, counts: NDArray[np.int64]) -> Distances:
    """Return the distance for an image: CIEDE2000 [2]_ for color, else in standard deviations of the clusters."""
    if pixels.rgb:
        return _color_difference(white(pixels.dtype, centroids))
    weights = counts if counts.any() else np.ones_like(counts)
    middle = np.average(centroids, axis=0, weights=weights)
    deviations = np.sqrt(np.average((centroids - middle) ** 2, axis=0, weights=weights))
    scale = np.where(deviations > 0, deviations, 1.0)
    return lambda one, many: np.sqrt((((many - one) / scale) ** 2).sum(1))


def _color_difference(brightest: float) -> Distances:
    from skimage import color

    def lab(colors: Floats) -> Floats:
        return np.asarray(color.rgb2lab(np.clip(colors / brightest, 0, 1)))

    return lambda one, many: np.asarray(color.deltaE_ciede2000(lab(many), lab(one)[None]))
