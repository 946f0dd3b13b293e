"""The ways from features to clusters for images that are not in memory; see `routes`.

Chunks are read once to fit: what comes back are the distinct colors or values and their counts, exact, and so the
result has the bits of that of an image in memory; or, where those are too many, a sample of bounded size, which stands
for all pixels, and exact sums over all of them. Labels are made chunk by chunk when they are read.

K clusters, C channels, F features, n samples.
"""

from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from napari_kseg.kmeans import (
    MOST_COLORS,
    Assigned,
    Callback,
    ColorCounts,
    ColorTally,
    Fit,
    Samples,
    Search,
    distinct_colors,
)

from .chunk_labels import ChunkLabels
from .chunks import Chunk
from .codes import check_exact
from .drawn import DrawFromChunks, Drawn, DrawnSamples
from .features import Features
from .lazy import folded, mapped, reduced
from .pixels import Array, MaybeLazy
from .recipe import Recipe
from .routes import (
    CountedRoute,
    Floats,
    HistogramRoute,
    Route,
    SampleRoute,
    is_counted,
    labels_of,
    start_on_draw,
    three_bytes,
)
from .settings import Settings
from .splits import Splits, labels_by
from .value_counts import ValueCounts


def choose_lazy_route(features: Features, callback: Callback | None, *, to_fit: bool) -> Route:
    """Return the shortest way for these features of a lazy image."""
    pixels = features.pixels
    plain = Features(pixels)
    if not features.recipe.looks_around and to_fit:
        if is_counted(pixels):
            tally = folded(plain, _count_colors, ColorTally.added, "Counting colors", callback)
            return LazyColorRoute(features, tally.histogram(pixels.n_channels, callback), callback)
        if pixels.dtype == np.uint8 and pixels.n_channels == 4:
            found = reduced(plain, _count_four, _added_if_few, "Counting colors", callback)
            if found is not None:
                return LazyColorRoute(features, found.histogram(callback), callback)
        if pixels.n_channels == 1 and pixels.dtype.kind in "bui":
            values = reduced(plain, ValueCounts.of_chunks, ValueCounts.added, "Counting values", callback)
            if values is not None:
                check_exact(values.base, values.counts)
                return LazyValueRoute(features, values.base, values.counts, callback)
    return DrawnRoute(features, callback)


class LazyColorRoute(HistogramRoute):
    """By the distinct colors of an 8-bit image."""

    def label(self, centroids: Floats, lut: Array) -> tuple[MaybeLazy, Assigned]:
        """Label the colors, which serve for the pixels when their labels are read."""
        own, found = labels_of(self.samples, centroids, lut)
        labeler = ChunkLabels(centroids, (), lut)
        if is_counted(self._pixels):
            labeler.remember(self.features, self._histogram.colors, own)
        return mapped(self.features, labeler, lut.dtype), found


class LazyValueRoute(CountedRoute):
    """By the distinct values of one channel of integers."""

    def with_recipe(self, recipe: Recipe) -> Route:
        """Return the same way for other features."""
        return LazyValueRoute(Features(self._pixels, recipe), self._base, self._all_counts, self._callback)

    def label(self, centroids: Floats, lut: Array) -> tuple[MaybeLazy, Assigned]:
        """Label the values for the sums; labels of pixels come later."""
        return lazy_labels(self.features, centroids, lut), self.samples.assign(centroids)


class DrawnRoute:
    """By pixels drawn from all chunks; sums are of all pixels, in one more pass over the chunks."""

    n_distinct = None

    def __init__(self, features: Features, callback: Callback | None) -> None:
        self.features = features
        self._callback = callback

    @cached_property
    def samples(self) -> Samples:
        """Pixels that stand for all."""
        draw = DrawFromChunks.of(self.features)
        return DrawnSamples(reduced(self.features, draw, Drawn.added, "Sampling", self._callback), self._callback)

    def with_recipe(self, recipe: Recipe) -> Route:
        """Return the same way for other features."""
        return DrawnRoute(Features(self.features.pixels, recipe), self._callback)

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Best of several starts on the drawn pixels."""
        return start_on_draw(self.samples, n_clusters, search)

    def label(self, centroids: Floats, lut: Array) -> tuple[MaybeLazy, Assigned]:
        """Pass over all chunks for the sums; labels of pixels come later."""
        return lazy_labels(self.features, centroids, lut), self.assign(centroids)

    def assign(self, centroids: Floats) -> Assigned:
        """Assign every pixel to its nearest centroid."""
        return reduced(self.features, partial(_assigned, centroids), _added_up, "Clustering", self._callback)

    def image_sums(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Pass over all chunks for sums of the image's own values."""
        return reduced(self.features, partial(_image_sums, centroids), _added_pairs, "Clustering", self._callback)


def refined(route: DrawnRoute, fit: Fit, settings: Settings) -> Fit:
    """Move the centroids of a fit on drawn pixels by as many passes over all pixels as are asked for."""
    centroids, fixed = fit.centroids.copy(), settings.fixed_rows(len(fit.centroids))
    limit, done, moved = settings.tol * route.samples.variance, 0, np.inf
    while done < settings.exact_passes and moved > limit:
        found = route.assign(centroids)
        moves = (found.weights > 0) & ~fixed
        means = found.sums[moves] / found.weights[moves, None]
        moved = float(((means - centroids[moves]) ** 2).sum())
        centroids[moves] = means
        done += 1
    return replace(fit, centroids=centroids, n_iter=fit.n_iter + done)


def lazy_labels(features: Features, centroids: Floats, lut: Array, splits: Splits = ()) -> MaybeLazy:
    """Labels of a lazy image as a dask array: computed chunk by chunk when they are read."""
    return mapped(features, ChunkLabels(centroids, splits, lut), lut.dtype)


def lazy_labels_by(features: Features, centroids: Floats, splits: Splits, lut: Array) -> tuple[MaybeLazy, Assigned]:
    """As `labels_by`, of a lazy image: labels come later, sums in a pass over all chunks."""
    function = partial(_assigned_by, centroids, splits, lut)
    return lazy_labels(features, centroids, lut, splits), reduced(features, function, _added_up, "Clustering", None)


def _count_colors(tally: ColorTally | None, chunks: list[Chunk]) -> ColorTally:
    tally = tally or ColorTally()
    for pixels in (chunk.pixels for chunk in chunks):
        for block in range(pixels.n_blocks):
            tally.add(*three_bytes(pixels, block))
    return tally


def _count_four(chunks: list[Chunk]) -> ColorCounts | None:
    return _added_if_few([distinct_colors(SampleRoute(chunk.features, None)) for chunk in chunks])


def _added_if_few(parts: list[ColorCounts | None]) -> ColorCounts | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    found = ColorCounts.added(known)
    return found if len(found.codes) <= MOST_COLORS else None


def _assigned(centroids: Floats, chunks: list[Chunk]) -> Assigned:
    return _added_up([SampleRoute(chunk.features, None, keep=False).samples.assign(centroids) for chunk in chunks])


def _assigned_by(centroids: Floats, splits: Splits, lut: Array, chunks: list[Chunk]) -> Assigned:
    return _added_up([labels_by(chunk.features, centroids, splits, lut)[1] for chunk in chunks])


def _added_up(parts: list[Assigned]) -> Assigned:
    return Assigned(
        np.sum([part.sums for part in parts], 0),
        np.sum([part.weights for part in parts], 0),
        np.sum([part.inertias for part in parts], 0),
    )


def _image_sums(centroids: Floats, chunks: list[Chunk]) -> tuple[Floats, Floats]:
    return _added_pairs([SampleRoute(chunk.features, None, keep=False).image_sums(centroids) for chunk in chunks])


def _added_pairs(parts: list[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    return np.sum([sums for sums, _ in parts], 0), np.sum([counts for _, counts in parts], 0)
