"""K-means of a table of samples: the public function of the engine."""

import operator
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._blocks import Callback
from ._lloyd import RELAXATION, lloyd
from ._samples import LARGEST, Floats, Samples, TableSource
from ._search import Search, best_start, drawn_levels

MOST_PASSES = 2**31 - 1
"""More than anyone waits for, and few enough for the kernels' counters."""


class ConvergenceWarning(UserWarning):
    """The answer is valid, but K-means did not end as asked: too few iterations, or too few distinct samples."""


@dataclass(frozen=True)
class KMeansFit:
    """Result of `kmeans`."""

    centroids: Floats
    """(K, F) float64."""
    labels: NDArray[np.int32]
    """(N,) index of the nearest centroid, 0 … K-1."""
    inertia: float
    """Weighted sum of squared distances to the nearest centroid."""
    n_iter: int
    """Passes over the samples."""
    converged: bool
    """False if `max_iter` ended it."""


def kmeans(
    samples: ArrayLike,
    n_clusters: int,
    *,
    sample_weight: ArrayLike | None = None,
    init: Literal["k-means++", "random"] | ArrayLike = "k-means++",
    n_init: int | Literal["auto"] = "auto",
    max_iter: int = 300,
    tol: float = 1e-4,
    random_state: int = 0,
    callback: Callback | None = None,
) -> KMeansFit:
    """Centroids and labels of samples clustered by K-means.

    Distances are computed in float32 around the middle of the samples and decided in float64 where float32 cannot tell
    which centroid is nearer; sums are float64. The result is the same, bit for bit, on any number of threads.

    Parameters
    ----------
    samples : (N, F) array of bool, int or float
        Samples, finite. Not modified.
    n_clusters : int
        Number of clusters K, from 1 to N.
    sample_weight : (N,) array of float, optional
        Weight of each sample, 0 or more. A weight of 2 counts like the sample twice.
    init : {"k-means++", "random"} or (K, F) array, optional
        Starts: greedy k-means++ [1]_, random samples, or the given centroids.
    n_init : int or "auto", optional
        Number of starts, of which the one with the lowest inertia is kept; they are compared on some thousands of the
        samples. "auto" improves two starts, or from 200 clusters on one, by breathing [3]_, which ends lower than ten
        starts in less time. An array is the only start.
    max_iter : int, optional
        Largest number of passes over the samples [2]_.
    tol : float, optional
        Stop when the sum of the squared moves of the centroids is at most `tol` times the variance of the samples,
        averaged over the features.
    random_state : int, optional
        Seed, 0 or more. The same seed gives the same result.
    callback : callable, optional
        `callback(stage, done, total)`, called between blocks; an exception raised in it stops the run.

    Returns
    -------
    fit : KMeansFit
        Centroids, labels, inertia, number of passes. With fewer than K distinct samples there are as many clusters as
        distinct samples.

    Raises
    ------
    ValueError
        If a value is out of range, not finite, or of the wrong shape.
    TypeError
        If samples are complex or objects, or a number is of the wrong type.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` ended the run, or fewer than `n_clusters` samples are distinct.

    References
    ----------
    .. [1] Arthur & Vassilvitskii (2007), k-means++: the advantages of careful seeding, SODA, 1027-1035.
    .. [2] Lloyd (1982), Least squares quantization in PCM, IEEE Transactions on Information Theory 28(2), 129-137,
       :doi:`10.1109/TIT.1982.1056489`.
    .. [3] Fritzke (2020), The breathing k-means algorithm, :arxiv:`2006.15666`.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kseg import kmeans
    >>> samples = np.array([[1, 2], [1, 4], [1, 0], [10, 2], [10, 4], [10, 0]])
    >>> fit = kmeans(samples, 2)
    >>> np.sort(fit.centroids[:, 0]).tolist(), fit.inertia
    ([1.0, 10.0], 16.0)
    """
    table = _checked_samples(samples)
    n_clusters = checked_integer("n_clusters", n_clusters, low=1)
    if n_clusters > len(table):
        raise ValueError(
            f"n_clusters={n_clusters}, but n_samples={len(table)} should be >= n_clusters; use fewer clusters"
        )
    weights = None if sample_weight is None else _checked_weights(sample_weight, len(table))
    search = checked_search(init if isinstance(init, str) else "k-means++", n_init, max_iter, tol, random_state)
    given = not isinstance(init, str)
    if given:
        start = checked_centroids(init, n_clusters, table.shape[1])
    data = Samples(TableSource(table, weights), callback)
    if not given:
        start = best_start(drawn_levels(data, n_clusters, search.random_state), n_clusters, search, data)
    limit, relaxation = search.tol * data.variance, 1.0 if given else RELAXATION
    fit = lloyd(data, start, max_iter=search.max_iter, limit=limit, relaxation=relaxation)
    parts: dict[int, NDArray[np.int32]] = {}
    found = data.assign(fit.centroids, parts.__setitem__)
    labels = np.concatenate([parts[block] for block in sorted(parts)])
    centroids, inertia = fit.centroids, float(found.inertias.sum())
    full = np.unique(labels)
    if len(full) < n_clusters:
        warnings.warn(
            f"Number of distinct clusters ({len(full)}) found smaller than n_clusters ({n_clusters}). "
            "Possibly due to duplicate points in samples.",
            ConvergenceWarning,
            stacklevel=2,
        )
        centroids, labels = centroids[full], np.searchsorted(full, labels).astype(np.int32)
    if not fit.converged:
        warn_not_converged(search.max_iter, stacklevel=2)
    return KMeansFit(centroids, labels, inertia, fit.n_iter, fit.converged)


def not_converged(max_iter: int) -> str:
    """Say that the centroids were still moving."""
    return (
        f"K-means did not converge within max_iter={max_iter}: the centroids were still moving; "
        "raise max_iter, or tol if this is exact enough"
    )


def warn_not_converged(max_iter: int, stacklevel: int) -> None:
    """Warn that the centroids were still moving, at the caller `stacklevel` calls up."""
    warnings.warn(not_converged(max_iter), ConvergenceWarning, stacklevel=stacklevel + 1)


def checked_integer(name: str, value: Any, *, low: int) -> int:
    """`value` as an int, at least `low`."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}; it must be an integer, {low} or more") from None
    if number < low:
        raise ValueError(f"{name}={number}, but it must be an integer >= {low}")
    return number


def checked_number(name: str, value: Any) -> float:
    """`value` as a float, of any size."""
    try:
        if isinstance(value, (bool, np.bool_, str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}={value!r} is a {type(value).__name__}; it must be a number, 0 or more") from None


def checked_search(init: str, n_init: Any, max_iter: Any, tol: Any, random_state: Any) -> Search:
    """Check the keywords that say how to search."""
    if init not in ("k-means++", "random"):
        raise ValueError(f'init={init!r} is not known; use "k-means++", "random" or an array of centroids')
    starts = None if isinstance(n_init, str) and n_init == "auto" else checked_integer("n_init", n_init, low=1)
    tolerance = checked_number("tol", tol)
    if not tolerance >= 0 or tolerance == np.inf:
        raise ValueError(f"tol={tol}, but it must be a finite number >= 0")
    passes = min(checked_integer("max_iter", max_iter, low=1), MOST_PASSES)
    return Search(init, starts, passes, tolerance, checked_integer("random_state", random_state, low=0))


def checked_centroids(init: ArrayLike, n_clusters: int, n_features: int) -> Floats:
    """Given starting centroids (K, F) as float64."""
    centroids = np.array(init, np.float64)
    if centroids.shape != (n_clusters, n_features):
        raise ValueError(
            f"The shape of the initial centroids {centroids.shape} does not match n_clusters={n_clusters} and the "
            f"number of features {n_features}; give an array of shape {(n_clusters, n_features)}"
        )
    if not (np.abs(centroids) <= LARGEST).all():
        raise ValueError(f"init contains NaN, infinity or values beyond {LARGEST:g}; give centroids near the samples")
    return centroids


def _checked_samples(samples: ArrayLike) -> NDArray[Any]:
    table = np.asarray(samples)
    if table.dtype.kind not in "buif":
        raise TypeError(f"samples have dtype {table.dtype}, which cannot be clustered; give bool, int or float samples")
    if table.ndim != 2:
        raise ValueError(f"Expected a 2-D array of samples (N, F), got shape {table.shape}; reshape your data")
    if 0 in table.shape:
        raise ValueError(f"samples of shape {table.shape} are empty; give at least one sample and one feature")
    if table.dtype.kind == "f" and not np.isfinite(table).all():
        raise ValueError("samples contain NaN or infinity; leave these samples out, or give them a finite value")
    return table.view(np.uint8) if table.dtype == bool else table


def _checked_weights(sample_weight: ArrayLike, n_samples: int) -> Floats:
    weights = np.array(sample_weight, np.float64)
    if weights.shape != (n_samples,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n_samples,)}: a weight for each sample")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError("sample_weight must be finite, 0 or more, and more than 0 for at least one sample")
    return weights
