"""Globally optimal K-means of one feature, by dynamic programming on the sorted distinct values.

With one feature, clusters are intervals, and the best K-means of the first j values extends a best one of fewer
clusters. The best start of the last interval never moves down as j grows, so each layer is filled by divide and conquer
in O(V log V) instead of O(V^2) [1]_.

.. [1] Wang & Song (2011), Ckmeans.1d.dp: Optimal k-means clustering in one dimension by dynamic programming,
   The R Journal 3(2), 29-33, doi:10.32614/RJ-2011-015; the bound is due to Grønlund et al. (2017), arXiv:1701.07204.
"""

import numpy as np
from numpy.typing import NDArray

from ._blocks import Callback
from ._compile import kernel

MAX_CELLS = 1 << 24
"""Values × clusters that the optimum is computed for: 64 MB, and 0.7 s (256 clusters of 65,536 values)."""


def optimal_1d(
    values: NDArray[np.float64], weights: NDArray[np.float64], n_clusters: int, callback: Callback | None = None
) -> NDArray[np.float64]:
    """Centroids (K,), ascending, of the partition with the lowest inertia.

    With more than `MAX_CELLS` values × clusters they are evenly spaced values instead, to start Lloyd's algorithm from.

    Parameters
    ----------
    values : (V,) array of float64
        Distinct values, ascending; V ≥ n_clusters.
    weights : (V,) array of float64
        How often each value occurs; positive.
    n_clusters : int
        Number of clusters K.
    callback : callable, optional
        `callback(stage, done, total)`, called after each cluster.
    """
    n_values = len(values)
    if n_values == n_clusters or n_values * n_clusters > MAX_CELLS:
        return np.asarray(values[np.linspace(0, n_values - 1, n_clusters).round().astype(np.intp)])
    middle = np.average(values, weights=weights)  # sums of squares lose fewer digits around the mean
    moments = np.zeros((3, n_values + 1))
    np.cumsum(weights, out=moments[0, 1:])
    np.cumsum(weights * (values - middle), out=moments[1, 1:])
    np.cumsum(weights * (values - middle) ** 2, out=moments[2, 1:])
    cost = np.empty(n_values + 1)
    cost[0] = 0.0
    cost[1:] = moments[2, 1:] - moments[1, 1:] ** 2 / moments[0, 1:]
    starts = np.zeros((n_clusters, n_values + 1), np.int32)
    extended = np.empty_like(cost)
    for k in range(1, n_clusters):
        add_cluster(moments, cost, k, extended, starts[k])
        cost, extended = extended, cost
        if callback is not None:
            callback("Solving", k, n_clusters - 1)
    bounds = [n_values]
    for k in range(n_clusters - 1, 0, -1):
        bounds.append(int(starts[k, bounds[-1]]))
    bounds.append(0)
    edges = np.array(bounds[::-1])
    sums = np.diff(moments[1, edges])
    return np.asarray(middle + sums / np.diff(moments[0, edges]))


@kernel
def add_cluster(moments, cost, k, extended, starts):
    """Best cost and start of the last of k + 1 intervals over the first j values, for all j > k.

    IN moments (3, V + 1) f8: cumulated weight, first and second moment; cost (V + 1,) f8 of the best k intervals.
    OUT extended (V + 1,) f8, starts (V + 1,) i4.
    """
    n_values = cost.shape[0] - 1
    for j in range(k + 1):
        extended[j] = np.inf
        starts[j] = j
    step = 1
    while step < n_values:
        step *= 2
    # Coarse to fine: the starts found for the neighbors a step away enclose the start searched for.
    while step >= 1:
        j = k + step
        while j <= n_values:
            low = starts[j - step] if j - step > k else k
            high = starts[j + step] if j + step <= n_values else n_values
            best, start = np.inf, low
            for i in range(max(low, k), min(high, j - 1) + 1):
                weight = moments[0, j] - moments[0, i]
                first = moments[1, j] - moments[1, i]
                total = cost[i] + (moments[2, j] - moments[2, i]) - first * first / weight
                if total < best:
                    best, start = total, i
            extended[j] = best
            starts[j] = start
            j += 2 * step
        step //= 2
