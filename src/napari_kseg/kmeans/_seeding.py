"""Starts for K-means: greedy k-means++ [1]_ and random samples.

.. [1] Arthur & Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA, 1027-1035. Greedy: of several
   candidates the one that lowers the inertia most; analysed by Bhattacharya et al. (2020), arXiv:1912.00653.
"""

import numpy as np
from numpy.typing import NDArray

from ._blocks import checkpoint
from ._kernels import try_candidates
from ._samples import Floats


def plus_plus(
    columns: NDArray[np.float32],
    weights: Floats,
    n_clusters: int,
    random: np.random.Generator,
    nearest: NDArray[np.float32] | None = None,
) -> list[int]:
    """Rows of at most n_clusters different samples, chosen far from each other; fewer if fewer are different.

    Parameters
    ----------
    columns : (F, N) array of float32
        Samples, feature by feature.
    weights : (N,) array of float64
        Their weights.
    n_clusters : int
        Number of rows wanted.
    random : Generator
        Source of chance.
    nearest : (N,) array of float32, optional
        Squared distance of each sample to the nearest of centers that are there already.
    """
    n_candidates = 2 + int(np.log(n_clusters))  # as in scikit-learn
    n_samples = columns.shape[1]
    first = nearest is None
    nearest = np.full(n_samples, np.inf, np.float32) if nearest is None else nearest
    rows: list[int] = []
    while len(rows) < n_clusters:
        checkpoint()
        alone = first and not rows
        mass = np.cumsum(weights if alone else weights * nearest)
        if not mass[-1] > 0:
            break
        points = random.random(1 if alone else n_candidates) * mass[-1]
        candidates = np.minimum(np.searchsorted(mass, points, side="right"), n_samples - 1)
        distances = np.empty((len(candidates), n_samples), np.float32)
        try_candidates(columns, nearest, candidates, distances)
        best = int(np.argmin((distances * weights).sum(1)))
        rows.append(int(candidates[best]))
        nearest = distances[best]
    return rows


def random_rows(
    columns: NDArray[np.float32], weights: Floats, n_clusters: int, random: np.random.Generator
) -> list[int]:
    """Rows of at most n_clusters samples drawn without replacement, in proportion to their weights."""
    possible = int(np.count_nonzero(weights))
    chosen = random.choice(columns.shape[1], min(n_clusters, possible), replace=False, p=weights / weights.sum())
    return [int(row) for row in chosen]
