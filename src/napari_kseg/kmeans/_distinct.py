"""The distinct colors of 8-bit samples with four features, and how often each occurs.

A table over all 2^32 colors would not fit memory. So colors are sorted by their Morton codes: the samples of each block
first, then, cut at the same codes, those of many blocks together. What is kept grows with the distinct colors, not with
the samples. Counts are whole numbers, so neither the order of the samples nor that of the work matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._blocks import Callback, map_blocks
from ._compile import read_only
from ._cubes import Cubes
from ._histogram import Bytes, ColorHistogram
from ._morton import Codes, codes_of, colors_of
from ._pixel_kernels import add_counts
from ._samples import KEPT, Floats, Source

MOST_COLORS = KEPT
"""Colors that are counted. With more, a pass over the colors is no cheaper than one over the pixels."""

AT_ONCE = 64
"""Blocks whose codes are in memory at once: 64 MB."""

PART = 1 << 15
"""Codes that are worked on at once, about: they stay in the second-level cache."""

MANY = 1 << 20
"""With more colors than this, cubes are 4 wide: those 2 wide may be half as many as the colors, and took as long to
list as all the rest."""


@dataclass(frozen=True)
class ColorCounts:
    """Distinct colors of four bytes, and how often each occurs."""

    codes: Codes
    """(D,) Morton codes, ascending."""
    counts: Floats
    """(D,) how often each occurs."""

    @classmethod
    def added(cls, parts: Sequence["ColorCounts"]) -> "ColorCounts":
        """Add up the counts of one or more lists, two at a time."""
        if len(parts) == 1:
            return parts[0]
        middle = len(parts) // 2
        return cls.added(parts[:middle]) + cls.added(parts[middle:])

    def __add__(self, other: "ColorCounts") -> "ColorCounts":
        """Add up the counts of two lists."""
        size = len(self.codes) + len(other.codes)
        codes, counts = np.empty(size, np.uint32), np.empty(size)
        own = (read_only(self.codes), read_only(self.counts))
        n = add_counts(*own, read_only(other.codes), read_only(other.counts), codes, counts)
        return ColorCounts(codes[:n].copy(), counts[:n].copy())

    def histogram(self, callback: Callback | None = None) -> ColorHistogram:
        """Return the colors themselves, with the cubes that they lie in."""
        codes, counts, wide = self.codes, self.counts, len(self.codes) > MANY
        bounds = codes[PART::PART] & np.uint32(0xFFFFFF00)  # so that no cube is cut
        places = [0, *np.searchsorted(codes, bounds).tolist(), len(codes)]
        nothing = np.empty(0, np.int64)
        Cubes(codes[:0], np.empty((0, 6)), nothing).doubled()  # compiles here, not in a thread of the pool

        def collect(part: int) -> tuple[Bytes, Cubes]:
            own = slice(places[part], places[part + 1])
            colors = colors_of(codes[own], 4)
            floats = colors.T.astype(np.float64)
            sums = np.column_stack([*(floats * counts[own]), counts[own], (floats**2).sum(0) * counts[own]])
            cubes = Cubes(codes[own], sums, nothing).doubled()
            return colors, cubes.doubled() if wide else cubes

        parts = map_blocks(collect, len(bounds) + 1, stage="Counting colors", callback=callback)
        keys = np.concatenate([cubes.keys for _, cubes in parts])
        sums = np.concatenate([cubes.sums for _, cubes in parts])
        colors = np.concatenate([colors for colors, _ in parts])
        return ColorHistogram(colors, counts, Cubes(keys, sums, nothing), 4)


def distinct_colors(source: Source, callback: Callback | None = None) -> ColorCounts | None:
    """Count the distinct colors of samples (n, 4) of uint8 without weights; None if they are too many."""
    n_blocks = source.n_blocks
    counted = ColorCounts(np.empty(0, np.uint32), np.empty(0))
    counted += counted  # compiles here, not in a thread of the pool
    for first in range(0, n_blocks, AT_ONCE):
        n = min(AT_ONCE, n_blocks - first)
        reading, adding = _report(callback, first, 1, n_blocks), _report(callback, first + n, 0, n_blocks)
        counted = _added(counted, _sorted_blocks(source, first, n, reading), adding)
        if len(counted.codes) > MOST_COLORS:
            return None
    return counted


def _report(callback: Callback | None, start: int, step: int, total: int) -> Callback | None:
    """Progress of a piece of the work as progress of all of it."""
    return None if callback is None else lambda stage, done, _: callback(stage, start + step * done, total)


def _sorted_blocks(source: Source, first: int, n: int, callback: Callback | None) -> list[Codes]:
    """Codes of all samples of n blocks, sorted within each block."""

    def read(i: int) -> Codes:
        return np.sort(codes_of(source.read(first + i)[0]))

    return map_blocks(read, n, stage="Counting colors", callback=callback)


def _added(counted: ColorCounts, blocks: list[Codes], callback: Callback | None) -> ColorCounts:
    """Count the codes of sorted blocks, too."""
    codes, counts = counted.codes, counted.counts
    every = min(PART, 1 << 10)
    bounds = np.sort(np.concatenate([block[::every] for block in blocks]))[PART // every :: PART // every]
    before, places = _places(codes, bounds), [_places(block, bounds) for block in blocks]

    def count(part: int) -> ColorCounts:
        of_blocks = [block[place[part] : place[part + 1]] for block, place in zip(blocks, places, strict=True)]
        old = slice(before[part], before[part + 1])
        return ColorCounts(codes[old], counts[old]) + _counted(np.sort(np.concatenate(of_blocks)))

    parts = map_blocks(count, len(bounds) + 1, stage="Counting colors", callback=callback)
    return ColorCounts(np.concatenate([part.codes for part in parts]), np.concatenate([part.counts for part in parts]))


def _places(codes: Codes, bounds: Codes) -> list[int]:
    """Where the parts begin that sorted codes are cut into, and where the last one ends."""
    return [0, *np.searchsorted(codes, bounds).tolist(), len(codes)]


def _counted(codes: Codes) -> ColorCounts:
    starts = np.flatnonzero(np.concatenate([codes[:1] == codes[:1], codes[1:] != codes[:-1]]))
    return ColorCounts(codes[starts], np.diff(starts, append=len(codes)).astype(np.float64))
