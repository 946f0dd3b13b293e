"""The ways from features to clusters: by distinct colors, by distinct values, or by the samples themselves.

Each route offers the features of the pixels to the engine as weighted samples, finds a good start, and writes labels
back into the image's shape. `choose_route` takes the first that fits:

========= ============================================== ============================================
route     images                                         what K-means sees
========= ============================================== ============================================
colors    uint8, 2 or 3 channels                         distinct colors and their counts
colors    uint8, 4 channels, up to 2^24 distinct colors  distinct colors and their counts
values    one channel of integers that span < 65,536     distinct values and their counts; optimal
samples   all others, and features that look around      pixels, block by block
========= ============================================== ============================================

K clusters, C channels of the image, F features, D distinct colors.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import (
    Assigned,
    Callback,
    ColorHistogram,
    Samples,
    Search,
    TableSource,
    best_start,
    distinct_colors,
    drawn_levels,
    histogram_of_colors,
    look_up_colors,
    look_up_values,
    map_blocks,
    optimal_1d,
    read_only,
    table_size,
)

from .codes import ALL, Codes, check_exact
from .features import Features
from .pixels import Array, MaybeLazy, Pixels
from .recipe import Recipe

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

AT_ONCE = 1 << 16
"""Colors whose features are made at once: of less, two threads wait for each other's Python, up to twice as long."""

FEW = 1 << 19
"""Pixels that are labeled sooner than their colors are counted: 240,000 by 5 clusters in 6 ms instead of 15."""


class Route(Protocol):
    """One of the ways."""

    @property
    def features(self) -> Features:
        """What K-means sees of each pixel."""

    @property
    def samples(self) -> Samples:
        """All pixels that take part, as the engine sees them."""

    @property
    def n_distinct(self) -> int | None:
        """Number of different colors, None if it was not counted."""

    def with_recipe(self, recipe: Recipe) -> "Route":
        """Return the same way for other features that do not look around; what was counted is not counted again."""

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Centroids (K, F) to start Lloyd's algorithm from."""

    def label(self, centroids: Floats, lut: Array) -> tuple[MaybeLazy, Assigned]:
        """Labels of all pixels: `lut[i]` where centroid i is the nearest, 0 where left out; and the sums found."""

    def image_sums(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Sums of the image's own values (K, C) over the pixels of each cluster, and their numbers (K,)."""


def is_counted(pixels: Pixels) -> bool:
    """Whether these pixels go by their distinct colors for sure, however many there are."""
    return pixels.dtype == np.uint8 and pixels.n_channels in (2, 3)


def choose_route(features: Features, callback: Callback | None = None, *, to_fit: bool = True) -> Route:
    """Return the shortest way for these features; if they are only to be labeled, counting may not pay."""
    pixels = features.pixels
    if pixels.lazy is not None:
        from .lazy_routes import choose_lazy_route

        return choose_lazy_route(features, callback, to_fit=to_fit)
    if features.recipe.looks_around:
        return SampleRoute(features, callback, keep=to_fit)
    if is_counted(pixels) and (to_fit or pixels.size > FEW):
        return ColorRoute(features, histogram_of_pixels(pixels, callback), callback)
    if to_fit and pixels.dtype == np.uint8 and pixels.n_channels == 4:
        counts = distinct_colors(SampleRoute(Features(pixels), callback), callback)
        if counts is not None:
            return FourChannelRoute(features, counts.histogram(callback), callback)
    if pixels.n_channels == 1 and pixels.dtype.kind in "bui":
        codes = Codes(pixels, callback)
        if codes.n_codes <= 1 << 16:
            of_values = codes.counts(callback)
            if to_fit:  # of a part, or of another image, the centroids are known
                check_exact(codes.base, of_values)
            return ValueRoute(features, codes, of_values, callback)
    return SampleRoute(features, callback, keep=to_fit)


class _LabelWriter:
    """The labels of an image while they are written, block by block."""

    def __init__(self, pixels: Pixels, dtype: np.dtype[Any]) -> None:
        self._pixels = pixels
        self.flat = np.empty(pixels.size, dtype)

    def block(self, block: int) -> Array:
        return self.flat[self._pixels.place(block)]

    def done(self) -> Array:
        return self.flat.reshape(self._pixels.shape)


class HistogramRoute:
    """What the ways by distinct colors share: the fit."""

    def __init__(self, features: Features, histogram: ColorHistogram, callback: Callback | None) -> None:
        self.features = features
        self._pixels = features.pixels
        self._callback = callback
        self._histogram = histogram
        self.n_distinct = len(histogram.colors)
        if features.recipe.is_plain:
            self.samples = histogram.samples(callback)
        else:
            self.samples = Samples(features_of(histogram.source(), features, callback), callback)

    def with_recipe(self, recipe: Recipe) -> "Route":
        """Return the same way for other features."""
        return type(self)(Features(self._pixels, recipe), self._histogram, self._callback)

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Best of several starts on cubes of colors, refined from coarse to fine ones."""
        if self.samples.n_features == 1:
            return start_on_draw(self.samples, n_clusters, search)
        levels = self._histogram.levels(table_size(n_clusters))
        if not self.features.recipe.is_plain:
            levels = [features_of(level, self.features) for level in levels]
        return best_start(levels, n_clusters, search, self.samples)

    def label(self, centroids: Floats, lut: Array) -> tuple[MaybeLazy, Assigned]:
        """See `Route`; each way has its own."""
        raise NotImplementedError

    def image_sums(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Label the colors, and add them up as often as they occur."""
        colors = self._histogram.source()  # in the same blocks as their features
        return sums_under_labels(self.samples, centroids, colors.read)


def histogram_of_pixels(pixels: Pixels, callback: Callback | None) -> ColorHistogram:
    """Count the colors of an 8-bit image with two or three channels."""

    def read(block: int) -> tuple[Bytes, Bytes]:
        return three_bytes(pixels, block)

    return histogram_of_colors(read, pixels.n_blocks, pixels.n_channels, callback)


def three_bytes(pixels: Pixels, block: int) -> tuple[Bytes, Bytes]:
    """Colors (n, 3) of a block, the third byte 0 if there are two channels, and which count, as a kernel takes them."""
    values, keep = pixels.read(block)
    if values.shape[1] == 2:
        values = np.pad(values, ((0, 0), (0, 1)))
    return read_only(values), ALL if keep is None else read_only(keep)


class ColorRoute(HistogramRoute):
    """By the distinct colors of an 8-bit image: exact, and as cheap as there are few colors."""

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label the colors, then look every pixel up."""
        own, found = labels_of(self.samples, centroids, lut)
        table = self._histogram.table(own)
        labels = _LabelWriter(self._pixels, lut.dtype)
        nothing = read_only(np.empty((0, 3), np.uint8))
        look_up_colors(nothing, ALL, table, labels.flat[:0])  # compiles here, not in a thread of the pool

        def look_up(block: int) -> None:
            look_up_colors(*three_bytes(self._pixels, block), table, labels.block(block))

        map_blocks(look_up, self._pixels.n_blocks, stage="Labeling", callback=self._callback)
        return labels.done(), found


class FourChannelRoute(HistogramRoute):
    """By the distinct colors of an 8-bit image with four channels: exact, too, but no table holds all its colors."""

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label every pixel: the nearest centroid is found exactly, so it is that of the pixel's color."""
        by_pixel = SampleRoute(self.features, self._callback, keep=False)
        return by_pixel.label(centroids, lut, measure=False)[0], self.samples.assign(centroids)


class CountedRoute:
    """What the ways by distinct values share: the fit. K-means is solved to its global optimum."""

    def __init__(self, features: Features, base: int, counts: NDArray[np.int64], callback: Callback | None) -> None:
        self.features = features
        self._pixels = features.pixels
        self._base = base
        self._all_counts = counts
        self._callback = callback
        self._present = np.flatnonzero(counts)
        self.n_distinct = len(self._present)
        self._values = self._present.astype(np.float64) + base
        self._counts = counts[self._present].astype(np.float64)
        own = features.of_values(self._values[:, None]).astype(np.float64)
        short = own.astype(np.float32)
        self._table = TableSource(short if (short == own).all() else own, self._counts)
        self.samples = Samples(self._table, callback)

    def start(self, n_clusters: int, search: Search) -> Floats:
        """The global optimum (up to 256 clusters of 65,536 values), or random starts if asked for."""
        if search.init == "random":
            return best_start([self._table], n_clusters, search, self.samples)
        # Features are a line through the values: their order is the same.
        own = self._table.samples[:, 0].astype(np.float64)
        return optimal_1d(own, self._counts, n_clusters, self._callback)[:, None]

    def image_sums(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Label the values, and add them up as often as they occur."""
        values = TableSource(self._values[:, None], self._counts)
        return sums_under_labels(self.samples, centroids, values.read)


class ValueRoute(CountedRoute):
    """By the distinct values of one channel of integers."""

    def __init__(self, features: Features, codes: Codes, counts: NDArray[np.int64], callback: Callback | None) -> None:
        super().__init__(features, codes.base, counts, callback)
        self._codes = codes

    def with_recipe(self, recipe: Recipe) -> "Route":
        """Return the same way for other features."""
        return ValueRoute(Features(self._pixels, recipe), self._codes, self._all_counts, self._callback)

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label the values, then look every pixel up."""
        own, found = labels_of(self.samples, centroids, lut)
        table = np.zeros(len(self._all_counts), lut.dtype)
        table[self._present] = own
        labels = _LabelWriter(self._pixels, lut.dtype)
        nothing = read_only(np.empty(0, np.uint8 if len(table) == 256 else np.uint16))
        look_up_values(nothing, ALL, table, labels.flat[:0])  # compiles here

        def look_up(block: int) -> None:
            look_up_values(*self._codes.read(block), table, labels.block(block))

        map_blocks(look_up, self._pixels.n_blocks, stage="Labeling", callback=self._callback)
        return labels.done(), found


class SampleRoute:
    """By the pixels themselves, which are read again in every pass: no float copy of the image is ever made."""

    n_distinct = None

    def __init__(self, features: Features, callback: Callback | None, *, keep: bool = True) -> None:
        self.features = features
        self._pixels = features.pixels
        self._callback = callback
        self._keep = keep
        self.n_features = features.n_features
        self.n_blocks = features.n_blocks
        self.n_at_most = features.pixels.size
        self.samples = Samples(self, callback, keep=keep)

    def with_recipe(self, recipe: Recipe) -> "Route":
        """Return the same way for other features."""
        return SampleRoute(Features(self._pixels, recipe), self._callback, keep=self._keep)

    def read(self, block: int) -> tuple[Array, None]:
        """Features of the pixels of a block that take part; this makes a route a `Source` of samples."""
        values, keep = self.features.read(block)
        if values.dtype == bool:
            values = values.view(np.uint8)
        return (values if keep is None else values[keep.view(bool)]), None

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Best of several starts on pixels drawn from all parts of the image."""
        return start_on_draw(self.samples, n_clusters, search)

    def label(self, centroids: Floats, lut: Array, *, measure: bool = True) -> tuple[Array, Assigned]:
        """Label every pixel; inertias are found only to `measure`."""
        labels = np.empty(self._pixels.shape, lut.dtype)

        def write(block: int, found: NDArray[np.int32]) -> None:
            part = labels[self.features.part(block)]
            keep = None if len(found) == part.size else self._pixels.read_part(self.features.part(block))[1]
            if keep is None:
                part[...] = lut[found].reshape(part.shape)
            else:
                part[...] = 0
                part[keep] = lut[found]

        found = self.samples.assign(centroids, write, measure=measure)
        return labels, found

    def image_sums(self, centroids: Floats) -> tuple[Floats, Floats]:
        """Label every pixel, and add up the image's values under the labels."""

        def read(block: int) -> tuple[Array, None]:
            values, keep = self._pixels.read_part(self.features.part(block))
            table = values.reshape(-1, values.shape[-1])
            return (table if keep is None else table[keep.reshape(-1)]), None

        return sums_under_labels(self.samples, centroids, read)


def features_of(table: TableSource, features: Features, callback: Callback | None = None) -> TableSource:
    """Return a table of image values (n, C) as one of their features (n, F), with the same weights."""
    n = len(table.samples)
    parts = map_blocks(
        lambda i: features.of_values(table.samples[i * AT_ONCE : (i + 1) * AT_ONCE]),
        max(1, -(-n // AT_ONCE)), stage="Preparing features", callback=callback,
    )  # fmt: skip
    return TableSource(np.concatenate(parts), table.weights)


def sums_under_labels(
    samples: Samples, centroids: Floats, read: Callable[[int], tuple[Array, Floats | None]]
) -> tuple[Floats, Floats]:
    """Weighted sums (K, C) of other values of the samples, and of their weights (K,), under each label.

    `read(block)` returns the values (n, C) and weights (n,) of a block of the samples.
    """
    n_clusters = len(centroids)
    parts: dict[int, Floats] = {}

    def add_up(block: int, labels: NDArray[np.int32]) -> None:
        values, weights = read(block)
        rows = np.empty((values.shape[1] + 1, len(values)))
        rows[-1] = 1 if weights is None else weights
        np.multiply(values.T, rows[-1], out=rows[:-1])
        firsts = np.flatnonzero(np.diff(labels, prepend=-1))
        if 4 * len(firsts) < len(labels):  # a quarter of the time where neighbors have one label, as colors do
            labels, rows = labels[firsts], np.add.reduceat(rows, firsts, axis=1)
        parts[block] = np.stack([np.bincount(labels, row, n_clusters) for row in rows], -1)

    samples.assign(centroids, add_up, measure=False)
    sums = np.sum(
        [parts[block] for block in sorted(parts)], 0
    )  # in block order: the same bits on any number of threads
    return sums[:, :-1], sums[:, -1]


def labels_of(samples: Samples, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
    """What `lut` has for the nearest centroid of every sample, and the sums found."""
    parts: dict[int, Array] = {}

    found = samples.assign(centroids, lambda block, labels: parts.__setitem__(block, lut[labels]))
    return np.concatenate([lut[:0], *(parts[block] for block in sorted(parts))]), found


def start_on_draw(samples: Samples, n_clusters: int, search: Search) -> Floats:
    """Centroids (K, C) to start from, found on some of the samples: their optimum if there is one channel."""
    levels = drawn_levels(samples, n_clusters, search.random_state)
    drawn = levels[-1]
    if drawn.n_features == 1 and search.init == "k-means++":
        values, place = np.unique(drawn.samples[:, 0].astype(np.float64), return_inverse=True)
        if len(values) >= n_clusters:
            weights = np.bincount(place, drawn.weights).astype(np.float64)
            return optimal_1d(values, weights, n_clusters, samples.callback)[:, None]
    return best_start(levels, n_clusters, search, samples)
