"""What is known of the samples from pass to pass, and the arrays that the kernel works in.

N samples of a block, F features, K clusters, T samples of a tile, L candidates.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernels import LONG, TILE

Floats = NDArray[np.float64]

MOST = 48
"""Candidates that are kept for a tile; one with more is assigned anew in every pass."""


@dataclass(frozen=True)
class BlockState:
    """What is known of the samples of a block."""

    labels: NDArray[np.int32]
    until: NDArray[np.float32]
    sums: Floats
    tiles: tuple[Any, ...]

    def reorder(self, order: NDArray[np.int64], rank: NDArray[np.int32]) -> None:
        """Number the clusters anew: `order` says which old one each is, `rank` what each old one is now."""
        n_known, known, _ = self.tiles
        np.take(rank, self.labels, out=self.labels, mode="clip")
        self.sums[:] = self.sums[order]
        width = int(n_known.max(initial=0))
        used = np.arange(width) < n_known[:, None]
        found = np.where(used, rank[np.where(used, known[:, :width], 0)], len(rank))
        known[:, :width] = np.sort(found, axis=1)  # ascending, as ties go to the lower index


def block_state(n_samples: int, n_clusters: int, n_features: int) -> BlockState:
    """Nothing is known yet."""
    n_tiles = -(-n_samples // TILE)
    return BlockState(
        np.zeros(n_samples, np.int32),
        np.full(n_samples, -np.inf, np.float32),
        np.zeros((n_clusters, n_features + 2)),
        (np.zeros(n_tiles, np.int32), np.empty((n_tiles, MOST), np.int32), np.zeros((n_tiles, 2))),
    )


class State:
    """The blocks as they were left, and how far the centroids have gone since (Hamerly 2010)."""

    def __init__(self, centroids: Floats, n_blocks: int) -> None:
        self._n_blocks = n_blocks
        self._restart(centroids)

    def _restart(self, centroids: Floats) -> None:
        self.blocks: list[BlockState | None] = [None] * self._n_blocks
        self.step = np.zeros(len(centroids))
        self.way = np.zeros(len(centroids))
        self.reach = 0.0
        self._centroids = centroids

    def move_to(self, centroids: Floats) -> None:
        """Add the way from where the centroids were."""
        self.step = np.sqrt(((centroids - self._centroids) ** 2).sum(1)) * (1 + 1e-9)
        self.way += self.step
        self.reach += float(self.step.max())
        self._centroids = centroids
        if self.reach > LONG:
            self._restart(centroids)

    def reorder(self, order: NDArray[np.int64]) -> None:
        """Number the clusters anew; `order` says which old one each is."""
        rank = np.argsort(order).astype(np.int32)
        self.step, self.way, self._centroids = self.step[order], self.way[order], self._centroids[order]
        for block in self.blocks:
            if block is not None:
                block.reorder(order, rank)


def scratch(n_clusters: int, n_features: int) -> tuple[Any, ...]:
    """Arrays that the kernel works in, one set a thread at a time."""
    return (
        np.empty((n_features, n_clusters)),
        np.empty((n_clusters, n_features), np.float32),
        np.empty((n_features, TILE), np.float32),
        np.empty((n_clusters + 1, n_features), np.float32),
        np.empty((3, n_features)),
        np.empty(n_clusters),
        np.empty(n_clusters),
        np.empty(n_clusters + 1, np.int64),
        np.empty(TILE, np.int64),
        tuple(np.empty((5, TILE), np.float32)),
    )
