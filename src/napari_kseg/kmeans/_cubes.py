"""Tables of few weighted colors that stand for many: the mean colors of cubes, narrow where it matters.

What a cube hides from K-means is the inertia of its colors around their mean. So the cubes with the largest inertia are
split into halves of each axis, and their parts again, until there are enough: few cubes where colors are rare, many
where they crowd. On a photo of the dark sky a search for 256 clusters ended 9 % too high on 6,503 cubes of one width,
and 1 % lower than ten starts of scikit-learn on 5,123 of these. Data were first summarized by the nodes of a tree, kept
compact by a limit, in BIRCH [1]_.

C cubes, F features.

.. [1] Zhang, Ramakrishnan & Livny (1996), BIRCH: an efficient data clustering method for very large databases, SIGMOD,
   103-114, doi:10.1145/233269.233324.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._pixel_kernels import add_up_cubes
from ._samples import Floats, TableSource


@dataclass(frozen=True)
class Cubes:
    """Cubes of one width that hold any colors, in Morton order."""

    keys: NDArray[np.uint32]
    """(C,) Morton codes."""
    sums: Floats
    """(C, F + 2) sums over the pixels: each feature, 1, the squared length."""
    firsts: NDArray[np.int64]
    """(C + 1,) where the parts of each start among the cubes of half the width, and where they end, or (0,)."""

    def doubled(self) -> "Cubes":
        """Return the cubes of twice the width."""
        keys, sums, firsts = np.empty_like(self.keys), np.empty_like(self.sums), np.empty(len(self.keys) + 1, np.int64)
        n = add_up_cubes(self.keys, self.sums, keys, sums, firsts)
        return Cubes(keys[:n].copy(), sums[:n].copy(), firsts[: n + 1].copy())

    @property
    def inertias(self) -> Floats:
        """(C,) inertia of each cube's pixels around their mean."""
        colors, weights, lengths = self.sums[:, :-2], self.sums[:, -2], self.sums[:, -1]
        return np.asarray(np.maximum(lengths - np.einsum("ij,ij->i", colors, colors) / weights, 0.0))


class CubeTree:
    """Cubes from one that holds all to the narrowest.

    Parameters
    ----------
    narrowest : Cubes
        The cubes at the bottom.
    """

    def __init__(self, narrowest: Cubes) -> None:
        self._levels = [narrowest]
        while len(self._levels[0].keys) > 1:
            self._levels.insert(0, self._levels[0].doubled())
        self._inertias = [cubes.inertias for cubes in self._levels[:-1]]
        # A cube's inertia is at least that of its parts, so cubes are split in the order of their inertia.
        inertias = np.concatenate([np.zeros(0), *self._inertias])
        parts = np.concatenate([np.zeros(0, np.int64), *(np.diff(cubes.firsts) for cubes in self._levels[:-1])])
        order = np.argsort(-inertias)
        self._limits = inertias[order]
        self._n_leaves = 1 + np.cumsum(parts[order] - 1)

    def table(self, n: int, n_features: int) -> TableSource:
        """Mean colors of the fewest leaves that are at least n, in Morton order, weighted by their pixels."""
        place = np.searchsorted(self._n_leaves, n)
        limit = self._limits[place] if place < len(self._limits) else 0.0
        keys, sums = [], []
        inside = np.zeros(1, np.int64)  # parts of cubes that were split
        for depth, cubes in enumerate(self._levels):
            leaves = inside
            if depth < len(self._inertias):
                inertias = self._inertias[depth][inside]
                split = (inertias >= limit) & (inertias > 0)
                leaves, inside = inside[~split], _parts(cubes.firsts, inside[split])
            n_bits = (cubes.sums.shape[1] - 2) * (len(self._levels) - 1 - depth)
            keys.append(cubes.keys[leaves] << np.uint32(n_bits))
            sums.append(cubes.sums[leaves])
        together = np.concatenate(sums)[np.argsort(np.concatenate(keys), kind="stable")]
        weights = together[:, -2].copy()
        return TableSource((together[:, :n_features] / weights[:, None]).astype(np.float32), weights)


def _parts(firsts: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the parts of chosen cubes stand."""
    n_parts = firsts[chosen + 1] - firsts[chosen]
    ends = np.cumsum(n_parts)
    return np.asarray(np.arange(n_parts.sum()) + np.repeat(firsts[chosen] - ends + n_parts, n_parts))
