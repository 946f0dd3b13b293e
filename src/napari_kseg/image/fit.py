"""From pixels to centroids, and from centroids to labels: what a segmentation and a choice among several share."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import RELAXATION, Callback, Fit, Samples, Search, checked_centroids, completed, lloyd

from ._progress import Relay
from .color_space import OWN
from .downsample import Factors, averaged_pixels, averaged_table, chosen_factors, is_full
from .features import Features
from .lazy_routes import DrawnRoute, refined
from .left_out import check_left
from .model import Model, brightness_order, label_dtype
from .normalize import normalization
from .parts import Parts
from .pixels import Pixels
from .recipe import Recipe
from .recipe_settings import drafted, recipe_key, recipe_of_seeds, slic_position
from .routes import Floats, Route, choose_route, is_counted, start_on_draw
from .segmentation import Segmentation
from .settings import Settings
from .units import check_colors
from .wording import counted


class TooFewColorsError(ValueError):
    """There are more clusters than different colors."""

    def __init__(self, n_clusters: int, n_distinct: int) -> None:
        self.n_distinct = n_distinct
        super().__init__(
            f"n_clusters={n_clusters}, but only {counted(n_distinct, 'different color')} "
            f"{'are' if n_distinct > 1 else 'is'} left to cluster; use n_clusters={n_distinct}"
            f"{' or less' if n_distinct > 1 else ''}, or leave out fewer pixels"
        )


class Fitter:
    """An image made ready for fits with any settings: what they share is read once.

    Parameters
    ----------
    pixels : Pixels
        The image.
    callback : callable, optional
        `callback(stage, done, total)`.
    recipe : Recipe, optional
        How features are made, whatever the settings say: nothing is learned from the image.
    """

    def __init__(self, pixels: Pixels, callback: Callback | None = None, recipe: Recipe | None = None) -> None:
        self._pixels = pixels
        self._callback = Relay(callback)
        self._recipe = recipe
        self._averaged: dict[tuple[Recipe, Factors], Samples] = {}
        self._reduced: dict[Factors, Fitter] = {}
        self._recipes: dict[tuple[Any, ...], Recipe] = {}
        self._latest: dict[Recipe, Route] = {}
        self._labeling: dict[Recipe, Route] = {}

    def report_to(self, callback: Callback | None) -> None:
        """Report to another callback from now on; what an exception of the last one cut short is made anew."""
        self._callback.target = callback

    def recipe(self, settings: Settings) -> Recipe:
        """Return how features are made, with what is learned from this image."""
        if self._recipe is not None:
            return self._recipe
        key = recipe_key(settings)
        if key not in self._recipes:
            draft = drafted(settings, self._pixels)
            if draft.color_space != OWN:
                check_colors(self._pixels, draft.color_space)
            if settings.normalize is not None or settings.channel_weights is not None:
                draft = draft.with_scale(*self._scale(draft, settings))
            self._recipes[key] = draft.with_position(slic_position(settings, self._pixels))
        return self._recipes[key]

    def _scale(self, draft: Recipe, settings: Settings) -> tuple[Floats, Floats]:
        """Offset and scale (F,) of each feature."""
        n_features = Features(self._pixels, draft).n_features
        offset, scale = np.zeros(n_features), np.ones(n_features)
        if settings.normalize is not None:
            samples = self._route(draft).samples
            check_left(samples.n_samples)
            offset, scale = normalization(samples, settings.normalize)
        weights = np.array(settings.channel_weights or (1.0,))
        return offset, scale * np.repeat(weights, n_features // len(weights))

    @cached_property
    def _plain_route(self) -> Route:
        return choose_route(Features(self._pixels), self._callback)

    def _route(self, recipe: Recipe) -> Route:
        """Return the way to fit all pixels by; of recipes, the latest is kept: its features may be large."""
        if recipe.is_plain:
            return self._plain_route
        if recipe not in self._latest:
            self._latest.clear()
            if recipe.looks_around:
                self._latest[recipe] = choose_route(Features(self._pixels, recipe), self._callback)
            else:  # what is counted for one serves for all
                self._latest[recipe] = self._plain_route.with_recipe(recipe)
        return self._latest[recipe]

    def _labeling_route(self, recipe: Recipe) -> Route:
        """Return the way to label all pixels by, if another image was fitted."""
        if recipe not in self._labeling:
            self._labeling.clear()
            self._labeling[recipe] = choose_route(Features(self._pixels, recipe), self._callback, to_fit=False)
        return self._labeling[recipe]

    def n_distinct(self, settings: Settings) -> int | None:
        """Number of different colors, None if it was not counted."""
        fitter, own = self._for(settings)
        return fitter._route(fitter.recipe(own)).n_distinct

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
        fitter._check(own)
        recipe = fitter.recipe(own)
        route = fitter._route(recipe) if is_full(fitter.factors(own)) else fitter._labeling_route(recipe)
        return fitter._labeled(route, settings, fit or self.fit(settings), self.factors(settings))

    def _check(self, settings: Settings) -> None:
        if self._pixels.lazy is not None:
            settings.check_no_clean_up()

    def factors(self, settings: Settings) -> Factors:
        """Return the factor of every spatial axis by which the fit is downsampled."""
        recipe = self.recipe(settings)
        is_fast = settings.downsample == "auto" and (
            self._pixels.lazy is not None  # of which the fit sees no more than some million pixels
            or (not recipe.looks_around and (is_counted(self._pixels) or self._route(recipe).n_distinct is not None))
        )
        return chosen_factors(settings.downsample, Features(self._pixels, recipe), settings.n_clusters, is_fast)

    def samples(self, settings: Settings) -> Samples:
        """Return what the fit sees: every pixel, or the image reduced by area averaging."""
        fitter, own = self._for(settings)
        if fitter is not self:
            return fitter.samples(own)
        factors = self.factors(settings)
        recipe = self.recipe(settings)
        if is_full(factors):
            return self._route(recipe).samples
        key = recipe, factors
        if key not in self._averaged:
            table = averaged_table(Features(self._pixels, recipe), factors, self._callback)
            check_left(len(table.samples))
            # Of recipes, the latest is kept: a slider passes many.
            self._averaged = {old: kept for old, kept in self._averaged.items() if old[0] == recipe}
            self._averaged[key] = Samples(table, self._callback)
        return self._averaged[key]

    def fit(self, settings: Settings) -> Fit:
        """Find the centroids."""
        fitter, own = self._for(settings)
        if fitter is not self:
            return fitter.fit(own)
        self._check(settings)
        samples, n_clusters = self.samples(settings), settings.n_clusters
        samples.forget()
        if not is_full(self.factors(settings)):
            _check_outlier(samples, n_clusters)
            return _fit_samples(samples, settings, partial(start_on_draw, samples), self._seeds(settings))
        route = self._route(self.recipe(settings))
        check_left(samples.n_samples if route.n_distinct is None else route.n_distinct)
        _check_distinct(route.n_distinct, n_clusters)
        if route.n_distinct is None:
            _check_outlier(samples, n_clusters)
        fit = _fit_samples(samples, settings, route.start, self._seeds(settings))
        return refined(route, fit, settings) if isinstance(route, DrawnRoute) else fit

    def _seeds(self, settings: Settings) -> Floats | None:
        """Return the given centroids (S, F) among the features, None if none are given."""
        if isinstance(settings.init, str):
            return None
        recipe, of_seeds = self.recipe(settings), recipe_of_seeds(settings, self._pixels)
        accepted = Features(self._pixels, of_seeds).n_features
        given = checked_centroids(settings.init, len(settings.init), accepted)
        if of_seeds.is_plain:
            return Features(self._pixels, recipe).of_values(given).astype(np.float64)
        n_places = len(recipe.position)
        features, places = given[:, : accepted - n_places], given[:, accepted - n_places :]
        return np.concatenate([recipe.scaled(features), places * np.array(recipe.position)], -1)

    def _labeled(self, route: Route, settings: Settings, fit: Fit, factors: Factors) -> Segmentation:
        """Label every pixel by the centroids of a fit, numbered from dark to bright."""
        n_clusters, recipe = settings.n_clusters, route.features.recipe
        lut = np.arange(1, n_clusters + 1, dtype=label_dtype(n_clusters))
        centroids, fixed = fit.centroids, settings.fixed_rows(n_clusters)
        given = np.full((n_clusters, self._pixels.n_channels), np.nan)
        if fixed.any() and recipe_of_seeds(settings, self._pixels).is_plain:  # they may stay empty
            given[fixed] = np.array(settings.init)[list(settings.fixed)]
        for _ in range(n_clusters + 1):
            colors = centroids if recipe.is_plain else _image_means(route, centroids, given)
            order = brightness_order(colors)
            route.samples.reorder(order)
            centroids, colors, fixed, given = centroids[order], colors[order], fixed[order], given[order]
            labels, found = route.label(centroids, lut)
            if (fixed | (found.weights > 0)).all():
                break
            centroids = _filled(route.samples, centroids, found.weights, fixed)
        model = Model.of_clusters(centroids, colors, self._pixels, settings, recipe)
        parts = Parts(labels, model.groups, centroids, found)
        return Segmentation.of(model, self._pixels, parts, fit.n_iter, fit.converged, factors)


def _image_means(route: Route, centroids: Floats, given: Floats) -> Floats:
    """Mean of the image's values (K, C) in each cluster; of an empty one, what was given for it."""
    sums, counts = route.image_sums(centroids)
    return np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], given)


def _fit_samples(
    samples: Samples, settings: Settings, find_start: Callable[[int, Search], Floats], given: Floats | None
) -> Fit:
    """Follow Lloyd's algorithm from the given centroids (S, F), or from `find_start(n_clusters, search)`."""
    search = settings.search()
    limit = search.tol * samples.variance
    if given is not None:
        seeds = checked_centroids(given, min(len(given), settings.n_clusters), samples.n_features)
        start = completed(samples, seeds, settings.n_clusters, search.random_state)
    else:
        start = find_start(settings.n_clusters, search)
        # In the order in which they will be numbered: then what is known of the last pass serves for the labels.
        start = start[brightness_order(start)]
    return lloyd(
        samples, start, max_iter=search.max_iter, limit=limit, relaxation=RELAXATION if given is None else 1.0,
        fixed=settings.fixed_rows(len(start)),
    )  # fmt: skip


def _filled(samples: Samples, centroids: Floats, weights: Floats, fixed: NDArray[np.bool_]) -> Floats:
    """Centroids, each empty cluster moved to the pixel farthest from its centroid, unless it is fixed."""
    empty = np.flatnonzero((weights == 0) & ~fixed)
    moved = centroids.copy()
    for cluster, (distance, sample, _, _) in zip(empty, samples.farthest(centroids, len(empty)), strict=False):
        if distance == 0:
            _check_distinct(int(np.count_nonzero(weights)), len(weights))
        moved[cluster] = sample
    return moved


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
        raise TooFewColorsError(n_clusters, n_distinct)
