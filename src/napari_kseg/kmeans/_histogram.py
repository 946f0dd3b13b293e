"""Histograms: the distinct colors of 8-bit samples with three features, and the distinct values of one feature.

A photo of 12 megapixels has 0.1 to 2 million distinct colors. K-means on them, weighted by their counts, is K-means on
all pixels, exactly, at a tenth of the cost; and every pixel then looks its label up in a table over all 2^24 colors.
Colors are kept in Morton order (bits of the three bytes interleaved, high bits first), so that colors near each other
stand near each other: cubes of colors, of any power of two wide, are runs in this order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._blocks import Callback, map_blocks, n_threads
from ._compile import read_only
from ._cubes import Cubes, CubeTree
from ._pixel_kernels import collect_colors, count_colors, count_values, fill_table
from ._samples import Floats, Frame, Samples, TableSource

Bytes = NDArray[np.uint8]
Labels = NDArray[Any]
ReadPixels = Callable[[int], tuple[Bytes, Bytes]]
"""`read(block)` -> pixels (n, 3) and, for each, 1 if it takes part, else 0, or nothing (0,) if all do; contiguous."""

Times = tuple[NDArray[np.uint32], NDArray[np.int64]]
"""Morton codes of colors, ascending, and how many times each."""

MAX_TABLES = 2  # 16 MB each, so that with all that comes later the bound on memory holds
N_CELLS = 1 << 15
CELLS_AT_ONCE = 512

MOST_NOTES = 1 << 22
"""Colors that are noted, one by one, before they are added up: 16 MB, after about a gigapixel."""

FINER = 16
"""How many times as many cubes a second level has. Lloyd's algorithm makes its many small moves on it, at a tenth of
what they cost on all colors; a third level saved less than it took to make."""


@dataclass(frozen=True)
class ColorHistogram:
    """Distinct colors and how often each occurs."""

    colors: Bytes
    """(D, 3 or 4) the colors, in Morton order."""
    counts: Floats
    """(D,) pixels of each color."""
    cubes: Cubes
    """Cubes 2 colors wide, or 4 where four features have many colors."""
    n_features: int = 3
    """Features that are samples; the others are padding, 0 in every color."""

    def samples(self, callback: Callback | None = None) -> Samples:
        """Return the colors as samples."""
        samples = Samples(self.source(), callback, Frame.of_dtype(np.uint8, self.n_features))
        samples.variance = self._variance()  # from sums that are here already: a tenth of a run with few clusters
        return samples

    def _variance(self) -> float:
        """Variance, averaged over the features; exact up to rounding, as the sums are sums of integers."""
        *totals, n, squares = self.cubes.sums.sum(0)
        means = np.array(totals) / max(n, 1.0)
        return max(0.0, float(squares / max(n, 1.0) - means @ means)) / self.n_features

    def source(self) -> TableSource:
        """Return the colors with their counts, in memory as they are."""
        return TableSource(self.colors[:, : self.n_features], self.counts)

    def levels(self, n: int) -> list[TableSource]:
        """Mean colors of at least n cubes, weighted by their pixels, and of more cubes if colors are many more."""
        n_colors = len(self.colors)
        if 2 * n > n_colors:
            return [self.source()]
        tree = CubeTree(self.cubes)
        sizes = [n] + [n * FINER] * (8 * n * FINER <= n_colors)
        return [tree.table(size, self.n_features) for size in sizes]

    def table(self, labels: Labels) -> Labels:
        """Table (2^24,) from Morton codes to the labels (D,) of the colors; other entries are undefined."""
        table = np.empty(1 << 24, labels.dtype)  # pages that no color touches are never in memory
        fill_table(self.colors, labels, table)
        return table


class ColorTally:
    """Counters of all colors of three bytes, while pixels are counted."""

    def __init__(self, table: Bytes | None = None) -> None:
        self.table = np.zeros(1 << 24, np.uint8) if table is None else table
        self.cells = np.zeros(N_CELLS, np.uint8)
        self._full: Times = np.empty(0, np.uint32), np.empty(0, np.int64)
        self._more: list[NDArray[np.uint32]] = []
        self._n_more = 0

    def add(self, pixels: Bytes, keep: Bytes) -> None:
        """Count pixels (n, 3) of which `keep` is 1, or all if it is (0,)."""
        full, n_full = np.empty(len(pixels), np.uint32), np.zeros(1, np.int64)  # of which few pages are touched
        count_colors(read_only(pixels), read_only(keep), self.table, self.cells, full, n_full)
        self._note(full[: n_full[0]].copy())

    def _note(self, full: NDArray[np.uint32]) -> None:
        """Note colors whose counter has gone around."""
        self._more.append(full)
        self._n_more += len(full)
        if self._n_more > MOST_NOTES:
            self._full, self._more, self._n_more = self.full, [], 0

    @classmethod
    def added(cls, tallies: Sequence["ColorTally"]) -> "ColorTally":
        """Add up the counts of one or more."""
        if len(tallies) == 1:
            return tallies[0]
        found = cls(tallies[0].table.copy())
        found._full = _added([tally.full for tally in tallies])
        for tally in tallies:
            found.cells |= tally.cells
        for tally in tallies[1:]:
            found.table += tally.table
            found._note(np.flatnonzero(found.table < tally.table).astype(np.uint32))
        return found

    def histogram(self, n_features: int = 3, callback: Callback | None = None) -> ColorHistogram:
        """List the colors that were counted."""
        return _collected([self], self.table[None], n_features, callback)

    @property
    def full(self) -> Times:
        """How many times the counter of a color has gone around, after 256 pixels each."""
        more = np.unique(np.concatenate([np.empty(0, np.uint32), *self._more]), return_counts=True)
        return _added([self._full, (more[0], more[1].astype(np.int64))])


def _added(parts: Sequence[Times]) -> Times:
    """Add up the times of each color."""
    codes, times = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(codes, kind="stable")
    codes, times = codes[order], times[order]
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
    return codes[starts], np.add.reduceat(times, starts) if len(starts) else times


def histogram_of_colors(
    read: ReadPixels, n_blocks: int, n_features: int = 3, callback: Callback | None = None
) -> ColorHistogram:
    """Count the distinct colors of `n_blocks` blocks."""
    n_tables = min(n_threads(), n_blocks, MAX_TABLES)
    tables = np.zeros((n_tables, 1 << 24), np.uint8)
    tallies = [ColorTally(table) for table in tables]
    nothing = np.empty(0, np.uint8)
    tallies[0].add(nothing.reshape(0, 3), nothing)  # compiles here, not in a thread of the pool

    def count(pixels: Bytes, keep: Bytes, i: int) -> None:
        tallies[i].add(pixels, keep)

    _count_blocks(count, read, n_tables, n_blocks, "Counting colors", callback)
    return _collected(tallies, tables, n_features, callback)


def _collected(tallies: list[ColorTally], tables: Bytes, n_features: int, callback: Callback | None) -> ColorHistogram:
    """List the colors that were counted; `tables` (W, 2^24) are those of the tallies."""
    often = _often(_added([tally.full for tally in tallies]))
    seen = np.flatnonzero(np.any([tally.cells for tally in tallies], 0)).astype(np.uint32)
    collect_colors(tables, seen[:0], often, *_room(0), np.zeros(2, np.int64))  # compiles here

    def collect(part: int) -> tuple[Bytes, Floats, NDArray[np.uint32], Floats]:
        chosen = seen[part * CELLS_AT_ONCE : (part + 1) * CELLS_AT_ONCE]
        colors, counts, keys, sums = _room(len(chosen))
        ends = np.zeros(2, np.int64)
        collect_colors(tables, chosen, often, colors, counts, keys, sums, ends)
        n, n_cubes = ends
        return colors[:n], counts[:n], keys[:n_cubes], sums[:n_cubes]

    n_parts = max(1, -(-len(seen) // CELLS_AT_ONCE))
    parts = zip(*map_blocks(collect, n_parts, stage="Counting colors", callback=callback), strict=True)
    colors, counts, keys, sums = (np.concatenate(part) for part in parts)
    return ColorHistogram(colors, counts, Cubes(keys, sums, np.empty(0, np.int64)), n_features)


def histogram_of_values(
    read: ReadPixels, n_values: int, n_blocks: int, n_pixels: int, callback: Callback | None = None
) -> NDArray[np.int64]:
    """Count each of the values 0 … n_values - 1 of `n_blocks` blocks of uint8 or uint16, of `n_pixels` together."""
    n_tables = min(n_threads(), n_blocks)
    # 256 KB a table for 16 bits fit the second-level cache, 512 KB do not
    tables = np.zeros((n_tables, n_values), np.uint32 if n_pixels < 1 << 32 else np.int64)
    nothing = read_only(np.empty(0, np.uint8 if n_values == 256 else np.uint16))
    count_values(nothing, read_only(np.empty(0, np.uint8)), tables[0])  # compiles here

    def count(values: Labels, keep: Bytes, i: int) -> None:
        count_values(read_only(values), read_only(keep), tables[i])

    _count_blocks(count, read, n_tables, n_blocks, "Counting values", callback)
    return np.asarray(tables.sum(0, dtype=np.int64))


def _count_blocks(
    count: Callable[[Any, Bytes, int], None],
    read: ReadPixels,
    n_tables: int,
    n_blocks: int,
    stage: str,
    callback: Callback | None,
) -> None:
    """Call `count(pixels, keep, i)` for every block, where no other thread has table number i."""
    free: SimpleQueue[int] = SimpleQueue()  # whichever is free: sums of integers do not depend on the order
    for i in range(n_tables):
        free.put(i)

    def work(block: int) -> None:
        pixels, keep = read(block)
        i = free.get()
        try:
            count(pixels, keep, i)
        finally:
            free.put(i)

    map_blocks(work, n_blocks, stage=stage, callback=callback)


def _often(full: Times) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]]:
    """Colors that a counter of 8 bits was too small for: Morton codes, counts to add, and where each cell's start."""
    codes, times = full
    starts = np.searchsorted(codes >> np.uint32(9), np.arange(N_CELLS + 1, dtype=np.uint32))
    return codes, 256 * times, starts.astype(np.int64)


def _room(n_cells: int) -> tuple[Bytes, Floats, NDArray[np.uint32], Floats]:
    n = 512 * n_cells
    return np.empty((n, 3), np.uint8), np.empty(n), np.empty(n // 8, np.uint32), np.empty((n // 8, 5))
