"""The search for a good start: on a small table that stands for the samples, then on finer ones.

Lloyd's algorithm ends in the nearest optimum, good or bad. With `n_init="auto"` one or two searches therefore go on
from there by breathing [1]_: some centroids are added where the inertia is largest, as many are removed where they are
missed least, and if what Lloyd's algorithm makes of it is better, it is kept. The number of rounds depends on nothing
but the number of clusters, so that the result does not depend on the speed of the machine.

K clusters, F features.

.. [1] Fritzke (2020), The breathing k-means algorithm, arXiv:2006.15666. There new centroids start beside the centroids
   of the worst clusters, and those of the least exact loss are removed. Here they start at samples drawn by their part
   of the inertia, and of the two clusters whose merging costs least [2]_ the smaller one is removed: as good, and with
   no pass over the samples.
.. [2] Ward (1963), Hierarchical grouping to optimize an objective function, Journal of the American Statistical
   Association 58(301), 236-244, doi:10.1080/01621459.1963.10500845.
.. [3] Bachem, Lucic & Krause (2018), Scalable k-means clustering via lightweight coresets, KDD, 1119-1127,
   doi:10.1145/3219819.3219973.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._blocks import checkpoint, map_blocks
from ._lloyd import RELAXATION, lloyd
from ._samples import Floats, Frame, Samples, TableSource, squares_apart
from ._seeding import plus_plus, random_rows
from ._table import Optimum, Table

CORESET = 1 << 16
"""Samples drawn to look for a start. Seeding matters more than sampling: with 65,536 of 4 million samples the inertia
ends 0.01 to 0.1 % from that of starts looked for among all."""

ROUGH = 10
"""The search stops Lloyd's algorithm at ten times the tolerance: half the passes, and the same optima."""

MANY = 200
"""Clusters from which on "auto" makes one search with more rounds, not two independent ones. Of few clusters the worst
of four runs gains 0.3 % of inertia by the second search; of 256 on three photos, one search of 8 rounds ended 0.01 to
0.1 % lower than two of 5, in four fifths of the time."""


@dataclass(frozen=True)
class Search:
    """How hard to look for a good optimum, and when to stop."""

    init: str = "k-means++"
    n_init: int | None = None
    """Number of starts without breathing; None for "auto"."""
    max_iter: int = 300
    tol: float = 1e-4
    random_state: int = 0


def table_size(n_clusters: int) -> int:
    """Return the number of samples that a search should see at least: with fewer, their optimum is not that of all."""
    return max(20 * n_clusters, min(256 * n_clusters, 1 << 12))


def drawn_levels(samples: Samples, n_clusters: int, random_state: int) -> list[TableSource]:
    """Return tables for `best_start` of samples drawn from all blocks: some thousands, then at most 65,536."""
    random = np.random.default_rng(random_state)
    drawn = samples.draw(CORESET, random)
    n = 2 * table_size(n_clusters)
    if len(drawn.samples) < 2 * n:
        return [drawn]
    return [_lightweight_coreset(drawn, n, samples.frame, random), drawn]


def _lightweight_coreset(table: TableSource, n: int, frame: Frame, random: np.random.Generator) -> TableSource:
    """Draw n samples, half of them by their weight, half by their part of the inertia around the mean [3]_.

    Where few samples have most of the inertia, such as edges, a table drawn by weight alone misses them: on an image
    with an edge filter among its channels, 16 clusters ended 1.9 % above the lowest inertia found, now 0.2 %.
    """
    weights = table.weight_of_each
    if not (weights > 0).any():
        return table[:n]
    samples, weights = table.samples[weights > 0], weights[weights > 0]
    points = frame.enter(samples)
    apart = points - np.average(points, axis=0, weights=weights)
    squares = weights * np.einsum("ij,ij->i", apart, apart)
    if not squares.any():
        return TableSource(samples[:n], weights[:n])
    chances = weights / weights.sum() + squares / squares.sum()
    ends = np.cumsum(chances)
    rows = np.searchsorted(ends, (np.arange(n) + random.random()) * (ends[-1] / n), side="right")
    rows = np.minimum(rows, len(chances) - 1)
    return TableSource(samples[rows], weights[rows] / chances[rows])


def best_start(levels: list[TableSource], n_clusters: int, search: Search, whole: Samples) -> Floats:
    """Centroids (K, F) to start from: the best of some searches.

    They run on the first of the levels, a small table that stands for the whole; the best is then followed on the finer
    tables that come after it. Where a table has too few different samples, the first centroid is repeated: such a
    cluster is empty, and `lloyd` fills it from the samples themselves.
    """
    table = Table(levels[0], whole.frame)
    limit = search.tol * whole.variance
    rough = ROUGH * limit * whole.frame.scale * whole.frame.scale

    def explorer(number: int) -> _Explorer:
        return _Explorer(table, rough, search.max_iter, np.random.default_rng([search.random_state, number]))

    def explore(number: int) -> Optimum:
        own = explorer(number)
        found = own.start(search.init, n_clusters)
        return found if search.n_init is not None else own.breathe(found)

    if search.n_init == 1 and len(levels) == 1:  # nothing to compare with, and nothing finer to come
        return levels[0].samples[explorer(0).choose(search.init, n_clusters)].astype(np.float64)
    # Searches run on the threads of the pool, several at a time: they may not compile.
    one = TableSource(levels[0].samples[:1])
    _Explorer(Table(one, whole.frame), 0.0, 1, np.random.default_rng(0)).start("k-means++", 1)
    n_searches = search.n_init or (2 if n_clusters < MANY else 1)
    if len(levels[0].samples) <= n_clusters or n_clusters == 1:
        n_searches = 1
    found = map_blocks(explore, n_searches, stage="Seeding", callback=whole.callback)
    best = min(found, key=lambda optimum: optimum.inertia).centroids
    centroids = best / whole.frame.scale + whole.frame.offset
    for level in levels[1:]:
        samples = Samples(level, whole.callback, whole.frame)
        fit = lloyd(samples, centroids, max_iter=search.max_iter, limit=limit, relaxation=RELAXATION)
        centroids = fit.centroids
    return centroids


def completed(samples: Samples, given: Floats, n_clusters: int, random_state: int) -> Floats:
    """Centroids (K, F): those given (S, F), then more by greedy k-means++."""
    if len(given) >= n_clusters:
        return given
    table = drawn_levels(samples, n_clusters, random_state)[0]
    inside = Table(table, samples.frame)
    nearest = np.full(len(table.samples), np.inf)
    for center in samples.frame.enter(given):
        nearest = np.minimum(nearest, squares_apart(inside.samples, center, inside.weights))
    random = np.random.default_rng(random_state)
    rows = plus_plus(inside.columns, inside.weights, n_clusters - len(given), random, nearest.astype(np.float32))
    missing = n_clusters - len(given) - len(rows)  # too few different samples: `lloyd` fills the empty clusters
    more = table.samples[rows].astype(np.float64)
    return np.concatenate([given, more, np.repeat(given[:1], missing, axis=0)])


class _Explorer:
    """One search on a table."""

    def __init__(self, table: Table, limit: float, max_iter: int, random: np.random.Generator) -> None:
        self._table = table
        self._limit = limit
        self._max_iter = max_iter
        self._random = random

    def start(self, init: str, n_clusters: int) -> Optimum:
        """Follow Lloyd's algorithm from a start."""
        return self._lloyd(self._table.samples[self.choose(init, n_clusters)])

    def choose(self, init: str, n_clusters: int) -> list[int]:
        """Rows of the table to start at."""
        choose = random_rows if init == "random" else plus_plus
        rows = [0]
        if self._table.weights.any():
            rows = choose(self._table.columns, self._table.weights, n_clusters, self._random)
        return rows + rows[:1] * (n_clusters - len(rows))

    def breathe(self, best: Optimum) -> Optimum:
        """Improve an optimum: first by moving one centroid in eight at a time, in the end by moving one."""
        n_clusters = len(best.centroids)
        rounds = min(2 * n_clusters, max(8, 1500 // n_clusters))
        for left in range(rounds, 0, -1):
            checkpoint()
            if not best.inertia > 0:
                break
            size = max(1, n_clusters // 8 * left // rounds)
            fuller = self._lloyd(np.concatenate([best.centroids, self._draw(best, size)]))
            found = self._lloyd(np.delete(fuller.centroids, _superfluous(fuller, size), axis=0))
            if len(found.centroids) == n_clusters and found.inertia < best.inertia:
                best = found
        return best

    def _lloyd(self, centroids: NDArray[Any]) -> Optimum:
        return self._table.lloyd(centroids, limit=self._limit, max_iter=self._max_iter)

    def _draw(self, optimum: Optimum, n: int) -> NDArray[np.float32]:
        """Samples (n, F), each drawn with the probability of its part of the inertia."""
        table = self._table
        apart = table.samples - optimum.centroids[optimum.labels]
        mass = np.cumsum(table.weights * np.einsum("ij,ij->i", apart, apart))
        rows = np.searchsorted(mass, self._random.random(n) * mass[-1], side="right")
        drawn: NDArray[np.float32] = table.samples[np.minimum(rows, len(mass) - 1)]
        return drawn


def _superfluous(optimum: Optimum, n: int) -> list[int]:
    """Up to n clusters that can be missed: of each pair whose merging costs least the smaller, each cluster once."""
    centroids, weights = optimum.centroids, optimum.weights
    squares = (centroids**2).sum(1)
    distances = np.maximum(squares[:, None] + squares - 2 * centroids @ centroids.T, 0)
    shares = weights[:, None] * weights / np.maximum(weights[:, None] + weights, 1e-300)
    costs = shares * distances
    np.fill_diagonal(costs, np.inf)
    partners = costs.argmin(1)
    chosen: list[int] = []
    touched = np.zeros(len(weights), bool)
    for i in np.argsort(costs[np.arange(len(weights)), partners], kind="stable"):
        j = partners[i]
        if not touched[i] and not touched[j]:
            touched[[i, j]] = True
            chosen.append(int(i if weights[i] <= weights[j] else j))
            if len(chosen) == n:
                break
    return chosen
