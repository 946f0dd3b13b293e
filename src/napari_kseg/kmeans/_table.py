"""A table of samples small enough that one thread runs Lloyd's algorithm on it without coming back to Python.

The search for a good optimum follows hundreds of starts on such a table. N samples, F features, K clusters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._kernels import lloyd_on_table
from ._samples import Floats, Frame, TableSource
from ._state import block_state, scratch


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
        self.samples = frame.enter(source.samples).astype(np.float32)
        self.columns = np.ascontiguousarray(self.samples.T)
        weights = np.ones(len(self.samples)) if source.weights is None else source.weights
        self.weights = np.ascontiguousarray(weights)  # kernels are compiled for no other layout

    def lloyd(self, centroids: NDArray[Any], *, limit: float, max_iter: int) -> Optimum:
        """Move centroids (K, F) until the sum of their squared moves is at most `limit`."""
        n_clusters, n_features = centroids.shape
        rows = np.array(centroids, np.float64)
        state = block_state(len(self.samples), n_clusters, n_features)
        arrays = (
            np.zeros(n_features),
            np.empty((n_features, n_clusters)),
            np.empty((n_clusters, n_features), np.float32),
            np.zeros(n_clusters),
            np.zeros(n_clusters),
        )
        inertias = np.zeros(n_clusters)
        lloyd_on_table(
            self.samples, self.weights, rows, limit, max_iter, arrays, scratch(n_clusters, n_features),
            (state.labels, state.until, state.sums), state.tiles, inertias,
        )  # fmt: skip
        return Optimum(rows, state.sums[:, -1], inertias, state.labels)
