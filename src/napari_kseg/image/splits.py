"""Centroids below centroids: clusters that were split, and labels by all of them.

Codes number the centroids: 0 … M - 1 those of the fit, then those of each split in turn. F features.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Assigned

from .features import Features
from .pixels import Array, MaybeLazy
from .routes import Floats, choose_route


@dataclass(frozen=True, eq=False)
class Split:
    """Pixels of some codes are labeled anew, by the nearest of other centroids.

    Parameters
    ----------
    replaced : (R,) array of int
        Codes of the pixels that were split.
    centroids : (n, F) array of float64
        Centroids that these pixels are compared with, among the features.
    """

    replaced: NDArray[np.int64]
    centroids: Floats

    def __post_init__(self) -> None:
        for array in (self.replaced, self.centroids):
            array.flags.writeable = False

    def to_dict(self) -> dict[str, Any]:
        """Return the split as a dictionary of what JSON knows."""
        return {"replaced": self.replaced.tolist(), "centroids": self.centroids.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Split":
        """Make a split from a dictionary, such as `to_dict` returns."""
        return cls(np.array(values["replaced"], np.int64), np.array(values["centroids"], np.float64))


Splits = tuple[Split, ...]


def all_centroids(centroids: Floats, splits: Splits) -> Floats:
    """Centroids of all codes, one after the other."""
    return np.concatenate([centroids, *(split.centroids for split in splits)])


def fit_each_other(centroids: Floats, splits: Splits, groups: NDArray[np.int64]) -> bool:
    """Whether the splits replace codes that are there, each once, and these alone are in no group."""
    n_codes = len(centroids)
    replaced: set[int] = set()
    for split in splits:
        codes = set(split.replaced.ravel().tolist())
        if not (
            split.replaced.shape == (len(codes),)
            and codes <= set(range(n_codes)) - replaced
            and codes
            and split.centroids.shape[1:] == centroids.shape[1:]
            and len(split.centroids)
            and np.isfinite(split.centroids).all()
        ):
            return False
        replaced |= codes
        n_codes += len(split.centroids)
    return groups.shape == (n_codes,) and set(np.flatnonzero(groups == 0).tolist()) == replaced


def labels_by(features: Features, centroids: Floats, splits: Splits, lut: Array) -> tuple[MaybeLazy, Assigned]:
    """Labels of all pixels: `lut[code]`, 0 where left out; and the sums found, those of replaced codes 0."""
    if features.pixels.lazy is not None:
        from .lazy_routes import lazy_labels_by

        return lazy_labels_by(features, centroids, splits, lut)
    route = choose_route(features, to_fit=False)
    if not splits:
        return route.label(centroids, lut)
    ends = np.cumsum([len(centroids), *(len(split.centroids) for split in splits)])
    ids = np.arange(1, ends[-1] + 1, dtype=np.min_scalar_type(ends[-1]))
    coded, found = route.label(centroids, ids[: ends[0]])
    sums, weights, inertias = [found.sums], [found.weights], [found.inertias]
    for split, start, end in zip(splits, ends[:-1], ends[1:], strict=True):
        inside = np.isin(np.arange(ends[-1] + 1), split.replaced + 1)[coded]
        own = Assigned(np.zeros(split.centroids.shape), np.zeros(end - start), np.zeros(end - start))
        if inside.any():
            of_split = choose_route(features.within(inside), to_fit=False)
            parts, own = of_split.label(split.centroids, ids[start:end])
            np.copyto(coded, parts, where=inside)
        sums.append(own.sums)
        weights.append(own.weights)
        inertias.append(own.inertias)
    live = ~np.isin(ids - 1, np.concatenate([split.replaced for split in splits]))
    found = Assigned(
        np.concatenate(sums) * live[:, None], np.concatenate(weights) * live, np.concatenate(inertias) * live
    )
    return np.concatenate([[0], lut]).astype(lut.dtype)[coded], found
