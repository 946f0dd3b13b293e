"""How many clusters: fits over a range, scores of each, and a recommendation with its reason.

K clusters, S pixels, C channels.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_kseg.kmeans import Assigned, Callback, Fit, Samples, checked_integer

from ._progress import progress_bar
from .downsample import is_full
from .fit import Fitter
from .pixels import Pixels
from .routes import Floats
from .segmentation import Segmentation
from .settings import Settings, refuse_unknown
from .wording import counted

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas as pd

DRAWN = 2000
"""Pixels that are compared with each other; of all pixels it would take the square of their number."""

STRONG = 0.7
"""Silhouette from which on the structure is called strong (Kaufman & Rousseeuw 1990)."""


class Segmentations(Mapping[int, Segmentation]):
    """Segmentation for each number of clusters; labels are made when one is asked for first."""

    def __init__(self, fitter: Fitter, fits: dict[int, tuple[Settings, Fit]]) -> None:
        self._fitter = fitter
        self._fits = fits
        self._made: dict[int, Segmentation] = {}

    def __getitem__(self, n_clusters: int) -> Segmentation:
        """Segmentation into `n_clusters`."""
        if n_clusters not in self._made:
            settings, fit = self._fits[n_clusters]
            self._made[n_clusters] = self._fitter.segmentation(settings, fit)
        return self._made[n_clusters]

    def __iter__(self) -> Iterator[int]:
        """Iterate over the numbers of clusters."""
        return iter(self._fits)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._fits)


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A recommended number of clusters, and what speaks for it. Result of `suggest_n_clusters`."""

    n_clusters: int
    """The recommended number."""
    reason: str
    """Why, in a sentence."""
    segmentations: Segmentations = field(repr=False)
    """Segmentation for each number of clusters that was tried; labels are made when one is asked for first."""
    _columns: dict[str, list[float]] = field(repr=False)

    @property
    def scores(self) -> "pd.DataFrame":
        """Table with a row for each number of clusters.

        Columns: n_clusters; inertia; calinski_harabasz (higher is better); davies_bouldin (lower is better); silhouette
        (higher is better, -1 to 1); elbow, how far the inertia lies below the line from its first to its last value,
        both ranges taken as 0 to 1 (higher is better). References as of `suggest_n_clusters`.
        """
        import pandas as pd

        return pd.DataFrame({"n_clusters": list(self.segmentations), **self._columns})

    def _repr_html_(self) -> str:
        from .notebook import html_of_suggestion

        return html_of_suggestion(self)

    def plot(self) -> "matplotlib.figure.Figure":
        """Figure of the scores, and of the image recolored with each number of clusters. Needs matplotlib."""
        from .plot_choice import plot_choice

        return plot_choice(self)


def suggest_n_clusters(
    image: Any,
    n_clusters: Iterable[int] = range(2, 11),
    *,
    channel_axis: Any = "auto",
    mask: ArrayLike | None = None,
    progress: bool = False,
    callback: Callback | None = None,
    **settings: Any,
) -> Suggestion:
    """Recommend a number of clusters for an image, after a fit with each.

    Clusters that are well separated are recommended by the silhouette [3]_. Where no number separates them well, as in
    most photos, the number is where the inertia bends (the knee, by Kneedle [4]_).

    Parameters
    ----------
    image, channel_axis, mask, progress, callback
        As in `segment`.
    n_clusters : iterable of int, optional
        Numbers to try, 2 or more. Numbers beyond that of the different colors are left out.
    **settings
        Other keywords of `segment`.

    Returns
    -------
    suggestion : Suggestion
        Number, reason, table of scores, and the segmentations.

    Raises
    ------
    ValueError
        If there is no number to try, or as in `segment`.

    References
    ----------
    .. [1] Caliński & Harabasz (1974), A dendrite method for cluster analysis, Communications in Statistics 3(1), 1-27,
       :doi:`10.1080/03610927408827101`.
    .. [2] Davies & Bouldin (1979), A cluster separation measure, IEEE Transactions on Pattern Analysis and Machine
       Intelligence 1(2), 224-227, :doi:`10.1109/TPAMI.1979.4766909`. As the next, of at most 2,000 pixels.
    .. [3] Rousseeuw (1987), Silhouettes: a graphical aid to the interpretation and validation of cluster analysis,
       Journal of Computational and Applied Mathematics 20, 53-65, :doi:`10.1016/0377-0427(87)90125-7`.
    .. [4] Satopää, Albrecht, Irwin & Raghavan (2011), Finding a "kneedle" in a haystack: detecting knee points in
       system behavior, ICDCS Workshops, 166-171, :doi:`10.1109/ICDCSW.2011.20`.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_kseg as kseg
    >>> image = np.array([[10, 11, 12, 13], [100, 101, 102, 103], [200, 201, 202, 203]], np.uint8)
    >>> suggestion = kseg.suggest_n_clusters(image, range(2, 6))
    >>> suggestion.n_clusters
    3
    >>> suggestion.segmentations[3].centroids.ravel().tolist()
    [11.5, 101.5, 201.5]
    """
    refuse_unknown(settings)
    if not isinstance(n_clusters, Iterable):
        raise TypeError(f"n_clusters={n_clusters!r} must be the numbers of clusters to try, such as range(2, 11)")
    tried = sorted({checked_integer("n_clusters", number, low=2) for number in n_clusters})
    if not tried:
        raise ValueError("n_clusters is empty: there is no number of clusters to try; give for example range(2, 11)")
    base = Settings(tried[0], channel_axis, **{**settings, "masked": mask is not None})
    pixels = Pixels.of(image, base.channel_axis, mask)
    with progress_bar(progress, callback) as report:
        return suggestion(Fitter(base.applied_to(pixels), report), tried, base)


def suggestion(fitter: Fitter, n_clusters: Iterable[int], settings: Settings) -> Suggestion:
    """Try numbers of clusters, ascending."""
    if not isinstance(settings.init, str):
        raise ValueError("init is an array, which fixes the number of clusters; leave it out to choose the number")
    if settings.position_weight:
        raise ValueError(
            f"position_weight={settings.position_weight:g} depends on the number of clusters, so that inertias "
            "cannot be compared; leave it out to choose the number"
        )
    n_clusters = list(n_clusters)
    factors = fitter.factors(replace(settings, n_clusters=max(n_clusters)))
    if not is_full(factors):  # "auto" depends on the number, and inertias of different images cannot be compared
        settings = replace(settings, downsample=factors)
    fits: dict[int, tuple[Settings, Fit]] = {}
    rows: list[dict[str, float]] = []
    pairs: _Pairs | None = None
    for number in n_clusters:
        own = replace(settings, n_clusters=number)
        n_distinct = fitter.n_distinct(own)
        if fits and n_distinct is not None and number > n_distinct:
            break
        fit = fitter.fit(own)
        samples = fitter.samples(own)
        found = samples.assign(fit.centroids)
        if fits and not found.weights.all():  # fewer different colors than clusters
            break
        pairs = pairs or _Pairs(samples)
        fits[number] = own, fit
        rows.append(_scores(samples, found) | pairs.scores(fit.centroids))
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["elbow"] = _elbow(list(fits), columns["inertia"])
    chosen, reason = _recommended(list(fits), columns)
    return Suggestion(chosen, reason, Segmentations(fitter, fits), columns)


def _scores(samples: Samples, found: Assigned) -> dict[str, float]:
    """Scores of all pixels."""
    within, n, n_clusters = float(found.inertias.sum()), float(found.weights.sum()), len(found.weights)
    between = max(0.0, samples.variance * samples.n_features * n - within)
    ratio = np.inf if within == 0 else between / within * (n - n_clusters) / (n_clusters - 1)
    return {"inertia": within, "calinski_harabasz": ratio}


class _Pairs:
    """Pixels that are compared with each other: all if they are few, else drawn from all."""

    def __init__(self, samples: Samples) -> None:
        random = np.random.default_rng(0)
        drawn = samples.draw(1 << 16, random)
        weights = drawn.weight_of_each
        if weights.sum() <= DRAWN:
            rows = np.repeat(np.arange(len(weights)), np.rint(weights).astype(np.int64))
        else:
            rows = random.choice(len(weights), DRAWN, p=weights / weights.sum())
        self._points = drawn.samples[rows].astype(np.float64)
        self._distances = np.sqrt(_squares(self._points, self._points))

    def scores(self, centroids: Floats) -> dict[str, float]:
        """Scores of the clusters around centroids (K, C)."""
        squares = _squares(self._points, centroids)
        labels = squares.argmin(1)
        full, labels = np.unique(labels, return_inverse=True)
        if len(full) < 2:
            return {"davies_bouldin": np.nan, "silhouette": np.nan}
        spreads = np.bincount(labels, np.sqrt(squares.min(1))) / np.bincount(labels)
        return {
            "davies_bouldin": _davies_bouldin(centroids[full], spreads),
            "silhouette": _silhouette(self._distances, labels),
        }


def _squares(points: Floats, others: Floats) -> Floats:
    """Squared distances (S, K), without the cancellation of |x|² - 2 x y + |y|²."""
    squares = np.zeros((len(points), len(others)))
    for one, other in zip(points.T, others.T, strict=True):
        squares += (one[:, None] - other) ** 2
    return squares


def _davies_bouldin(centroids: Floats, spreads: Floats) -> float:
    """Mean over the clusters of the worst ratio of two spreads to the distance of their centroids."""
    apart = np.sqrt(_squares(centroids, centroids))
    np.fill_diagonal(apart, np.inf)
    return float(((spreads[:, None] + spreads) / apart).max(1).mean())


def _silhouette(distances: Floats, labels: NDArray[np.intp]) -> float:
    """Mean over the pixels of (b - a) / max(a, b): mean distance to the own cluster a, to the nearest other one b."""
    members = np.zeros((len(labels), labels.max() + 1))
    members[np.arange(len(labels)), labels] = 1
    sizes, totals = members.sum(0), distances @ members
    own = np.arange(len(labels)), labels
    inside = totals[own] / np.maximum(sizes[labels] - 1, 1)
    means = totals / sizes
    means[own] = np.inf
    outside = means.min(1)
    longer = np.maximum(inside, outside)
    values = np.where((sizes[labels] > 1) & (longer > 0), (outside - inside) / np.where(longer > 0, longer, 1), 0.0)
    return float(values.mean())


def _elbow(numbers: list[int], inertias: list[float]) -> list[float]:
    """How far each inertia lies below the line from the first to the last one, both ranges taken as 0 to 1."""
    x, y = np.array(numbers, np.float64), np.array(inertias)
    if len(x) < 3 or y[0] == y[-1]:
        return [0.0] * len(x)
    below: list[float] = (1 - (x - x[0]) / (x[-1] - x[0]) - (y - y[-1]) / (y[0] - y[-1])).tolist()
    return below


def _recommended(numbers: list[int], columns: dict[str, list[float]]) -> tuple[int, str]:
    """Return the number, and the reason in a sentence."""
    if len(numbers) == 1:
        return numbers[0], f"{counted(numbers[0], 'cluster')}, as no other number was left to try."
    silhouettes = np.nan_to_num(np.array(columns["silhouette"]), nan=-1.0)
    best, knee = int(silhouettes.argmax()), int(np.argmax(columns["elbow"]))
    highest = f"{silhouettes[best]:.2f}"
    if silhouettes[best] >= STRONG:
        return numbers[best], f"{numbers[best]} clusters are well separated: the silhouette is highest, {highest}."
    if columns["elbow"][knee] <= 0:
        return numbers[
            best
        ], f"{numbers[best]} clusters have the highest silhouette, {highest}; the inertia has no bend."
    return numbers[knee], (
        f"{numbers[knee]} clusters: the inertia bends there (Kneedle); no number separates the clusters well (the "
        f"silhouette is {highest} at most, with {numbers[best]} clusters)."
    )
