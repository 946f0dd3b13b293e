"""Clusters in parts, before clean-up: what is known of each, so that clusters are joined without looking at a pixel.

P parts, K clusters, F features.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Assigned, map_blocks

from .features import Features
from .lazy import looked_up
from .pixels import Array, MaybeLazy
from .routes import Floats

COUNTED = 1 << 20
"""Labels that are counted at once: NumPy makes 8 bytes of each."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The pixels under their labels, and sums of the parts that the clusters are made of.

    A part is what one centroid has found; after hand edits, a whole cluster.
    """

    labels: MaybeLazy
    """Label of every pixel, before clean-up."""
    groups: NDArray[np.int64]
    """(P,) label of each part."""
    centers: Floats
    """(P, F) points around which the inertias are measured."""
    found: Assigned
    """Sums, weights and inertias of the parts."""
    settled: bool = False
    """The labels are as a user left them: the clean-up of the model was done before, and is not repeated."""

    def __post_init__(self) -> None:
        if isinstance(self.labels, np.ndarray):
            self.labels.flags.writeable = False

    def counts(self, n_clusters: int) -> NDArray[np.int64]:
        """(K,) pixels of each cluster."""
        return np.rint(np.bincount(self.groups, self.found.weights, n_clusters + 1)[1:]).astype(np.int64)

    def inertia(self, means: Floats) -> float:
        """Inertia around the means (K, F) of the clusters."""
        return float(self._inertias(means).sum())

    def without(self, label: int) -> "Parts":
        """Leave out the parts of a label."""
        kept = self.groups != label
        found = Assigned(self.found.sums[kept], self.found.weights[kept], self.found.inertias[kept])
        return replace(self, groups=self.groups[kept], centers=self.centers[kept], found=found)

    def renumbered(self, numbers: Array) -> "Parts":
        """Return the same parts where label i becomes `numbers[i]`."""
        return replace(self, labels=looked_up(numbers, self.labels), groups=numbers[self.groups].astype(np.int64))

    def edited(self, labels: Array, gained: Assigned, means: Floats) -> "Parts":
        """Return whole clusters with other labels, and with what their sums (K, …) gained by that."""
        n_clusters = len(means)
        rows = self.groups - 1
        sums, weights, inertias = np.zeros(means.shape), np.zeros(n_clusters), np.zeros(n_clusters)
        np.add.at(sums, rows, self.found.sums)
        np.add.at(weights, rows, self.found.weights)
        np.add.at(inertias, rows, self._inertias(means))
        whole = Assigned(sums + gained.sums, weights + gained.weights, inertias + gained.inertias)
        return Parts(labels, np.arange(1, n_clusters + 1), means, whole, settled=True)

    def _inertias(self, means: Floats) -> Floats:
        """(P,) around the mean of the cluster, from the sums around the centers (Steiner)."""
        own, found = means[self.groups - 1], self.found
        shift = self.centers - own
        residual = found.sums - found.weights[:, None] * self.centers
        around = found.inertias + 2 * (shift * residual).sum(1) + found.weights * (shift**2).sum(1)
        return np.asarray(np.maximum(around, 0))


def gains(features: Features, before: Array, after: Array, means: Floats) -> Assigned:
    """What the sums of the K clusters gain when pixels get other labels; inertias are around the means (K, F).

    Pixels without a value, such as NaN, change no sum.
    """
    moving = before != after
    of_moving = features.within(moving)
    n_clusters, n_features = means.shape

    def add_up(block: int) -> Floats:
        total = np.zeros((n_clusters, n_features + 2))
        part = of_moving.part(block)
        if not moving[part].any():
            return total
        values, keep = of_moving.read(block)
        chosen = np.flatnonzero(moving[part] if keep is None else keep)
        table = np.ones((len(chosen), n_features + 2))
        table[:, :-2] = values[chosen]
        for labels, sign in ((before, -1), (after, 1)):
            rows = labels[part].reshape(-1)[chosen].astype(np.intp) - 1
            table[:, -1] = ((table[:, :-2] - means[rows]) ** 2).sum(1)
            for column in range(n_features + 2):
                total[:, column] += sign * np.bincount(rows + 1, table[:, column], n_clusters + 1)[1:]
        return total

    found = np.sum(map_blocks(add_up, of_moving.n_blocks), axis=0)
    return Assigned(found[:, :-2], found[:, -2], found[:, -1])


def counted(labels: Array, n_clusters: int) -> NDArray[np.int64]:
    """(K,) pixels of each label from 1 to K."""
    flat = labels.reshape(-1)

    def count(i: int) -> NDArray[np.intp]:
        return np.bincount(flat[i * COUNTED : (i + 1) * COUNTED], minlength=n_clusters + 1)

    return np.asarray(np.sum(map_blocks(count, -(-len(flat) // COUNTED)), axis=0)[1:], np.int64)
