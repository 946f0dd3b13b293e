"""Lloyd's algorithm [1]_ from a start to convergence.

.. [1] Lloyd (1982), Least squares quantization in PCM, IEEE Transactions on Information Theory 28(2), 129-137,
   doi:10.1109/TIT.1982.1056489.
"""

from dataclasses import dataclass

import numpy as np

from ._samples import Assigned, Floats, Samples


@dataclass(frozen=True)
class Fit:
    """Where Lloyd's algorithm ended."""

    centroids: Floats
    """(K, F) in the units of the samples."""
    n_iter: int
    """Passes over the samples."""
    converged: bool
    """False if `max_iter` ended it."""


def lloyd(samples: Samples, centroids: Floats, *, max_iter: int, limit: float) -> Fit:
    """Move the centroids to the means of their samples until the sum of the squared moves is at most `limit`."""
    for n_iter in range(1, max_iter + 1):
        moved = means(samples, centroids, samples.assign(centroids, measure=False))
        shift = float(((moved - centroids) ** 2).sum())
        centroids = moved
        if shift <= limit:
            return Fit(centroids, n_iter, True)
    return Fit(centroids, max_iter, False)


def means(samples: Samples, centroids: Floats, found: Assigned) -> Floats:
    """The mean of each cluster; an empty cluster moves to the sample farthest from its centroid, as in scikit-learn."""
    sums, weights = found.sums.copy(), found.weights.copy()
    empty = np.flatnonzero(weights == 0)
    if len(empty):
        for cluster, (distance, sample, weight, owner) in zip(
            empty, samples.farthest(centroids, len(empty)), strict=False
        ):
            if distance > 0:  # at 0 every sample is its own centroid: there is nothing left to give
                sums[cluster], weights[cluster] = weight * sample, weight
                sums[owner] -= weight * sample
                weights[owner] -= weight
    moved = centroids.copy()
    full = weights > 0
    moved[full] = sums[full] / weights[full, None]
    return moved
