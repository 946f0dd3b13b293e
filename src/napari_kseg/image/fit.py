"""From pixels to centroids, and from centroids to labels: what a segmentation and a choice among several share."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import RELAXATION, Callback, Fit, Samples, Search, checked_centroids, completed, lloyd

from .downsample import Factors, averaged_pixels, averaged_table, chosen_factors, is_full
from .model import Model, brightness_order, label_dtype
from .pixels import Pixels
from .routes import Floats, Route, choose_route, is_counted, start_on_draw
from .segmentation import Segmentation
from .settings import Settings


class Fitter:
    """An image made ready for fits with any settings: what they share is read once.

    Parameters
    ----------
    pixels : Pixels
        The image.
    callback : callable, optional
        `callback(stage, done, total)`.
    """

    def __init__(self, pixels: Pixels, callback: Callback | None = None) -> None:
        self._pixels = pixels
        self._callback = callback
        self._averaged: dict[Factors, Samples] = {}
        self._reduced: dict[Factors, Fitter] = {}

    @cached_property
    def _route(self) -> Route:
        return choose_route(self._pixels, self._callback)

    @cached_property
    def _labeling_route(self) -> Route:
        return choose_route(self._pixels, self._callback, to_fit=False)

    def n_distinct(self, settings: Settings) -> int | None:
        """Number of different colors, None if it was not counted."""
        return self._for(settings)[0]._route.n_distinct

    def _for(self, settings: Settings) -> tuple["Fitter", Settings]:
        """Return what to fit and label with: for a result of the reduced image, that image on its own."""
        factors = self.factors(settings)
        if settings.full_resolution or is_full(factors):
            return self, settings
        if factors not in self._reduced:
            reduced = averaged_pixels(self._pixels, factors, self._callback)
            self._reduced[factors] = Fitter(reduced, self._callback)
        return self._reduced[factors], replace(settings, downsample=1)

    def segmentation(self, settings: Settings, fit: Fit | None = None) -> Segmentation:
        """Fit, unless that was done, and label every pixel."""
        fitter, own = self._for(settings)
        route = fitter._route if is_full(fitter.factors(own)) else fitter._labeling_route
        return fitter._labeled(route, settings, fit or self.fit(settings), self.factors(settings))

    def factors(self, settings: Settings) -> Factors:
        """Return the factor of every spatial axis by which the fit is downsampled."""
        by_histogram = settings.downsample == "auto" and (
            is_counted(self._pixels) or self._route.n_distinct is not None
        )
        return chosen_factors(settings.downsample, self._pixels, settings.n_clusters, by_histogram)

    def samples(self, settings: Settings) -> Samples:
        """Return what the fit sees: every pixel, or the image reduced by area averaging."""
        fitter, own = self._for(settings)
        if fitter is not self:
            return fitter.samples(own)
        factors = self.factors(settings)
        if is_full(factors):
            return self._route.samples
        if factors not in self._averaged:
            table = averaged_table(self._pixels, factors, self._callback)
            _check_left(len(table.samples))
            self._averaged[factors] = Samples(table, self._callback)
        return self._averaged[factors]

    def fit(self, settings: Settings) -> Fit:
        """Find the centroids."""
        fitter, own = self._for(settings)
        if fitter is not self:
            return fitter.fit(own)
        samples, n_clusters = self.samples(settings), settings.n_clusters
        if not is_full(self.factors(settings)):
            _check_outlier(samples, n_clusters)
            return _fit_samples(samples, settings, partial(start_on_draw, samples))
        route = self._route
        _check_left(samples.n_samples if route.n_distinct is None else route.n_distinct)
        _check_distinct(route.n_distinct, n_clusters)
        if route.n_distinct is None:
            _check_outlier(samples, n_clusters)
        return _fit_samples(samples, settings, route.start)

    def _labeled(self, route: Route, settings: Settings, fit: Fit, factors: Factors) -> Segmentation:
        """Label every pixel by the centroids of a fit, numbered from dark to bright."""
        n_clusters = settings.n_clusters
        lut = np.arange(1, n_clusters + 1, dtype=label_dtype(n_clusters))
        order = brightness_order(fit.centroids)
        centroids, fixed = fit.centroids[order], settings.fixed_rows(n_clusters)[order]
        labels, found = route.label(centroids, lut)
        for _ in range(n_clusters):
            if (fixed | (found.weights > 0)).all():
                break
            centroids, fixed = _filled(route.samples, centroids, found.weights, fixed)
            labels, found = route.label(centroids, lut)
        model = Model.of_clusters(centroids, self._pixels, settings)
        return Segmentation.of(model, self._pixels, labels, found, fit.n_iter, fit.converged, factors)


def _fit_samples(samples: Samples, settings: Settings, find_start: Callable[[int, Search], Floats]) -> Fit:
    """Follow Lloyd's algorithm from the given centroids, or from `find_start(n_clusters, search)`."""
    search = settings.search()
    limit = search.tol * samples.variance
    given = not isinstance(settings.init, str)
    if given:
        seeds = checked_centroids(settings.init, min(len(settings.init), settings.n_clusters), samples.n_features)
        start = completed(samples, seeds, settings.n_clusters, search.random_state)
    else:
        start = find_start(settings.n_clusters, search)
        # In the order in which they will be numbered: then what is known of the last pass serves for the labels.
        start = start[brightness_order(start)]
    return lloyd(
        samples, start, max_iter=search.max_iter, limit=limit, relaxation=1.0 if given else RELAXATION,
        fixed=settings.fixed_rows(len(start)),
    )  # fmt: skip


def _filled(
    samples: Samples, centroids: Floats, weights: Floats, fixed: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Centroids in order, each empty cluster moved to the pixel farthest from its centroid; and which are fixed."""
    empty = np.flatnonzero((weights == 0) & ~fixed)
    moved = centroids.copy()
    for cluster, (distance, sample, _, _) in zip(empty, samples.farthest(centroids, len(empty)), strict=False):
        if distance == 0:
            _check_distinct(int(np.count_nonzero(weights)), len(weights))
        moved[cluster] = sample
    order = brightness_order(moved)
    return moved[order], fixed[order]


def _check_outlier(samples: Samples, n_clusters: int) -> None:
    """Raise ValueError if one value is so far from the others that float64 cannot add up the squares of both."""
    low, high = samples.bounds
    extreme = float(low.min() if -low.min() > high.max() else high.max())
    if abs(extreme) < 1e15 or n_clusters < 3:  # it may well be one of two clusters
        return
    drawn = samples.draw(1000, np.random.default_rng(0)).samples
    typical = float(np.quantile(np.abs(drawn.astype(np.float64)), 0.5, method="lower"))
    if 0 < typical < 1e-15 * abs(extreme):
        raise ValueError(
            f"the image has the value {extreme:g}, beside which the others, about {typical:g}, look alike; "
            "leave it out by a mask"
        )


def _check_distinct(n_distinct: int | None, n_clusters: int) -> None:
    if n_distinct is not None and n_distinct < n_clusters:
        raise ValueError(
            f"n_clusters={n_clusters}, but only {n_distinct} different color{'s are' if n_distinct > 1 else ' is'} "
            f"left to cluster; use n_clusters={n_distinct}{' or less' if n_distinct > 1 else ''}, or leave out fewer "
            "pixels"
        )


def _check_left(n: int) -> None:
    if not n:
        raise ValueError(
            "every pixel is left out (by the mask, as NaN or infinite, as transparent, or by nodata, background or "
            "saturated): there is nothing to cluster"
        )
