"""The ways from pixels to clusters: by distinct colors, by distinct values, or by the samples themselves.

Each route offers the pixels to the engine as weighted samples, finds a good start, and writes labels back into the
image's shape. `choose_route` takes the first that fits:

========= ============================================== ============================================
route     images                                         what K-means sees
========= ============================================== ============================================
colors    uint8, 2 or 3 channels                         distinct colors and their counts
colors    uint8, 4 channels, up to 2^24 distinct colors  distinct colors and their counts
values    one channel of integers that span < 65,536     distinct values and their counts; optimal
samples   all others                                     pixels, block by block
========= ============================================== ============================================
"""

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
    histogram_of_values,
    look_up_colors,
    look_up_values,
    map_blocks,
    optimal_1d,
    read_only,
    table_size,
)

from .pixels import Array, Pixels

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

ALL: Bytes = read_only(np.empty(0, np.uint8))
"""Stands for the ones of all pixels of a block: every pixel takes part."""

FEW = 1 << 19
"""Pixels that are labeled sooner than their colors are counted: 240,000 by 5 clusters in 6 ms instead of 15."""


class Route(Protocol):
    """One of the ways."""

    @property
    def samples(self) -> Samples:
        """All pixels that take part, as the engine sees them."""

    @property
    def n_distinct(self) -> int | None:
        """Number of different samples, None if it was not counted."""

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Centroids (K, C) to start Lloyd's algorithm from."""

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Labels of all pixels: `lut[i]` where centroid i is the nearest, 0 where left out; and the sums found."""


def is_counted(pixels: Pixels) -> bool:
    """Whether these pixels go by their distinct colors for sure, however many there are."""
    return pixels.dtype == np.uint8 and pixels.n_channels in (2, 3)


def choose_route(pixels: Pixels, callback: Callback | None = None, *, to_fit: bool = True) -> Route:
    """Return the shortest way for these pixels; if they are only to be labeled, counting may not pay."""
    if is_counted(pixels) and (to_fit or pixels.size > FEW):
        return ColorRoute(pixels, callback)
    if to_fit and pixels.dtype == np.uint8 and pixels.n_channels == 4:
        histogram = distinct_colors(SampleRoute(pixels, callback), callback)
        if histogram is not None:
            return FourChannelRoute(pixels, histogram, callback)
    if pixels.n_channels == 1 and pixels.dtype.kind in "bui":
        codes = _Codes(pixels, callback)
        if codes.n_codes <= 1 << 16:
            return ValueRoute(pixels, codes, callback)
    return SampleRoute(pixels, callback, keep=to_fit)


class _LabelWriter:
    """The labels of an image while they are written, block by block."""

    def __init__(self, pixels: Pixels, dtype: np.dtype[Any]) -> None:
        self._pixels = pixels
        self.flat = np.empty(pixels.size, dtype)

    def block(self, block: int) -> Array:
        return self.flat[self._pixels.place(block)]

    def done(self) -> Array:
        return self.flat.reshape(self._pixels.shape)


class _HistogramRoute:
    """What the ways by distinct colors share: the fit."""

    def __init__(self, pixels: Pixels, histogram: ColorHistogram, callback: Callback | None) -> None:
        self._pixels = pixels
        self._callback = callback
        self._histogram = histogram
        self.samples = histogram.samples(callback)
        self.n_distinct = len(histogram.colors)

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Best of several starts on cubes of colors, refined from coarse to fine ones."""
        return best_start(self._histogram.levels(table_size(n_clusters)), n_clusters, search, self.samples)


class ColorRoute(_HistogramRoute):
    """By the distinct colors of an 8-bit image: exact, and as cheap as there are few colors."""

    def __init__(self, pixels: Pixels, callback: Callback | None) -> None:
        self._pixels = pixels
        n_blocks, size, n_channels = pixels.n_blocks, pixels.size, pixels.n_channels
        super().__init__(pixels, histogram_of_colors(self._read, n_blocks, size, n_channels, callback), callback)

    def _read(self, block: int) -> tuple[Bytes, Bytes]:
        values, keep = self._pixels.read(block)
        if values.shape[1] == 2:
            values = np.pad(values, ((0, 0), (0, 1)))
        return read_only(values), ALL if keep is None else read_only(keep)

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label the colors, then look every pixel up."""
        parts: dict[int, Array] = {}
        found = self.samples.assign(centroids, lambda block, labels: parts.__setitem__(block, lut[labels]))
        table = self._histogram.table(np.concatenate([parts[block] for block in sorted(parts)]))
        labels = _LabelWriter(self._pixels, lut.dtype)
        nothing = read_only(np.empty((0, 3), np.uint8))
        look_up_colors(nothing, ALL, table, labels.flat[:0])  # compiles here, not in a thread of the pool

        def look_up(block: int) -> None:
            look_up_colors(*self._read(block), table, labels.block(block))

        map_blocks(look_up, self._pixels.n_blocks, stage="Labeling", callback=self._callback)
        return labels.done(), found


class FourChannelRoute(_HistogramRoute):
    """By the distinct colors of an 8-bit image with four channels: exact, too, but no table holds all its colors."""

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label every pixel: the nearest centroid is found exactly, so it is that of the pixel's color."""
        labels, _ = SampleRoute(self._pixels, self._callback, keep=False).label(centroids, lut, measure=False)
        return labels, self.samples.assign(centroids)


class _Codes:
    """One channel of integers as codes 0, 1, 2, … of uint8 or uint16, where value = code + base."""

    def __init__(self, pixels: Pixels, callback: Callback | None) -> None:
        self._pixels = pixels
        dtype = pixels.dtype
        if dtype.itemsize <= 2:
            self.base = 0 if dtype.kind in "bu" else -(1 << (8 * dtype.itemsize - 1))
            self.n_codes = 1 << (8 * dtype.itemsize)
            return

        def bounds(block: int) -> tuple[int, int] | None:
            values, keep = pixels.read(block)
            kept = values if keep is None else values[keep.view(bool)]
            return (int(kept.min()), int(kept.max())) if len(kept) else None

        found = [pair for pair in map_blocks(bounds, pixels.n_blocks, stage="Reading", callback=callback) if pair]
        self.base = min((low for low, _ in found), default=0)
        top = max((high for _, high in found), default=0)
        self.n_codes = top - self.base + 1
        if max(-self.base, top) > 1 << 53 and self.n_codes <= 1 << 16:
            raise ValueError(
                f"the image has values from {self.base} to {top}, which float64 centroids cannot tell apart; "
                "subtract an offset first, for example image - image.min()"
            )

    def read(self, block: int) -> tuple[Array, Bytes]:
        """Codes (n,) and 1 for every pixel that takes part."""
        values, keep = self._pixels.read(block)
        values = values[:, 0]
        if values.dtype.itemsize <= 2:
            unsigned = values.view(np.uint8 if values.dtype.itemsize == 1 else np.uint16)
            codes = unsigned if self.base == 0 else np.bitwise_xor(unsigned, -self.base)
        else:  # left-out pixels may lie outside the codes: they wrap around, and are not looked at
            codes = (values - values.dtype.type(self.base)).astype(np.uint16)
        return read_only(codes), ALL if keep is None else read_only(keep)


class ValueRoute:
    """By the distinct values of one channel of integers: K-means is solved to its global optimum."""

    def __init__(self, pixels: Pixels, codes: _Codes, callback: Callback | None) -> None:
        self._pixels = pixels
        self._codes = codes
        self._callback = callback
        size = 256 if codes.n_codes <= 256 and pixels.dtype.itemsize == 1 else 1 << 16
        self._dtype = np.dtype(np.uint8 if size == 256 else np.uint16)
        counts = histogram_of_values(codes.read, size, pixels.n_blocks, pixels.size, callback)
        self._present = np.flatnonzero(counts)
        self.n_distinct = len(self._present)
        values = self._present.astype(np.float64) + codes.base
        short = values.astype(np.float32)
        self._values = short if (short == values).all() else values
        self._counts = counts[self._present].astype(np.float64)
        self.samples = Samples(TableSource(self._values[:, None], self._counts), callback)

    def start(self, n_clusters: int, search: Search) -> Floats:
        """The global optimum (up to 256 clusters of 65,536 values), or random starts if asked for."""
        if search.init == "random":
            return best_start([TableSource(self._values[:, None], self._counts)], n_clusters, search, self.samples)
        return optimal_1d(self._values.astype(np.float64), self._counts, n_clusters, self._callback)[:, None]

    def label(self, centroids: Floats, lut: Array) -> tuple[Array, Assigned]:
        """Label the values, then look every pixel up."""
        parts: dict[int, Array] = {}
        found = self.samples.assign(centroids, lambda block, labels: parts.__setitem__(block, lut[labels]))
        table = np.zeros(256 if self._dtype == np.uint8 else 1 << 16, lut.dtype)
        table[self._present] = np.concatenate([parts[block] for block in sorted(parts)])
        labels = _LabelWriter(self._pixels, lut.dtype)
        look_up_values(read_only(np.empty(0, self._dtype)), ALL, table, labels.flat[:0])  # compiles here

        def look_up(block: int) -> None:
            look_up_values(*self._codes.read(block), table, labels.block(block))

        map_blocks(look_up, self._pixels.n_blocks, stage="Labeling", callback=self._callback)
        return labels.done(), found


class SampleRoute:
    """By the pixels themselves, which are read again in every pass: no float copy of the image is ever made."""

    n_distinct = None

    def __init__(self, pixels: Pixels, callback: Callback | None, *, keep: bool = True) -> None:
        self._pixels = pixels
        self._callback = callback
        self.n_features = pixels.n_channels
        self.n_blocks = pixels.n_blocks
        self.n_at_most = pixels.size
        self.samples = Samples(self, callback, keep=keep)

    def read(self, block: int) -> tuple[Array, None]:
        """Pixels of a block that take part; this makes a route a `Source` of samples."""
        values, keep = self._pixels.read(block)
        if values.dtype == bool:
            values = values.view(np.uint8)
        return (values if keep is None else values[keep.view(bool)]), None

    def start(self, n_clusters: int, search: Search) -> Floats:
        """Best of several starts on pixels drawn from all parts of the image."""
        return start_on_draw(self.samples, n_clusters, search)

    def label(self, centroids: Floats, lut: Array, *, measure: bool = True) -> tuple[Array, Assigned]:
        """Label every pixel; inertias are found only to `measure`."""
        labels = _LabelWriter(self._pixels, lut.dtype)

        def write(block: int, found: NDArray[np.int32]) -> None:
            part = labels.block(block)
            keep = None if len(found) == len(part) else self._pixels.read(block)[1]
            if keep is None:
                part[:] = lut[found]
            else:
                part[:] = 0
                part[keep.view(bool)] = lut[found]

        found = self.samples.assign(centroids, write, measure=measure)
        return labels.done(), found


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
