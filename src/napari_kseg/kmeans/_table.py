"""A table of samples small enough that one thread runs Lloyd's algorithm on it without coming back to Python.

The search for a good optimum follows hundreds of starts on such a table. N samples, F features, K clusters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._compile import read_only
from ._kernels import lloyd_block
from ._lloyd import RELAXATION
from ._samples import Floats, Frame, TableSource, squares_apart
from ._state import BlockState, block_state, scratch


@dataclass(frozen=True)
class Optimum:
    """Where Lloyd's algorithm ended, in the coordinates of the frame."""

    centroids: Floats
    """(K, F)."""
    weights: Floats
    """(K,) weight of the samples of each cluster."""
    inertias: Floats
    """(K,) inertia of each cluster."""
    labels: NDArray[np.int32]
    """(N,) index of each sample's centroid."""

    @property
    def inertia(self) -> float:
        """Inertia of all clusters."""
        return float(self.inertias.sum())


class Table:
    """Samples and weights in the coordinates of a frame.

    Parameters
    ----------
    source : TableSource
        The samples, in their own units.
    frame : Frame
        The coordinates, those of the whole that the table stands for.
    """

    def __init__(self, source: TableSource, frame: Frame) -> None:
        samples = frame.enter(source.samples).astype(np.float32)
        self.samples = read_only(samples)
        self.columns = read_only(np.ascontiguousarray(samples.T))
        self.weights = read_only(
            np.ascontiguousarray(source.weight_of_each)
        )  # kernels are compiled for no other layout
        self._frame = (np.zeros(samples.shape[1]), 1.0)

    def lloyd(self, centroids: NDArray[Any], *, limit: float, max_iter: int) -> Optimum:
        """Move centroids (K, F) until the sum of their squared moves is at most `limit`."""
        rows = np.array(centroids, np.float64)
        inertias = np.zeros(len(rows))
        moves_left, settled = max_iter, False
        while not settled:
            state = block_state(len(self.samples), *rows.shape)
            inertias[:] = 0
            moved = (np.zeros(len(rows)), np.zeros(len(rows)), 0.0)
            rule = (limit, moves_left, RELAXATION)
            n_moves, settled = lloyd_block(
                self.samples, self.weights, self._frame, rows, moved, rule, scratch(*rows.shape),
                (state.labels, state.until, state.sums), state.tiles, inertias,
            )  # fmt: skip
            moves_left -= n_moves
            if not settled and not state.sums[:, -2].all():
                settled = not self._fill(rows, state)
                moves_left -= 1
        return Optimum(rows, state.sums[:, -2], inertias, state.labels)

    def _fill(self, centroids: Floats, state: BlockState) -> bool:
        """Move the centroids to their means, and those of empty clusters to samples far from all; False if none is."""
        distances = squares_apart(self.samples, centroids[state.labels], self.weights)
        full = state.sums[:, -2] > 0
        centroids[full] = state.sums[full, :-2] / state.sums[full, -2:-1]
        farthest = np.argsort(-distances, kind="stable")[: np.count_nonzero(~full)]
        farthest = farthest[distances[farthest] > 0]
        centroids[np.flatnonzero(~full)[: len(farthest)]] = self.samples[farthest]
        return len(farthest) > 0
