"""The distinct colors of 8-bit samples with four features, and how often each occurs.

A table over all 2^32 colors would not fit memory. So colors are sorted by their Morton codes: the samples of each block
first, then, cut at the same codes, those of many blocks together. What is kept grows with the distinct colors, not with
the samples. Counts are whole numbers, so neither the order of the samples nor that of the work matters.
"""

import numpy as np
from numpy.typing import NDArray

from ._blocks import Callback, map_blocks
from ._cubes import Cubes
from ._histogram import Bytes, ColorHistogram
from ._samples import KEPT, Floats, Source

Codes = NDArray[np.uint32]
Counted = tuple[Codes, Floats]
"""Distinct Morton codes (n,), ascending, and how often each occurs (n,)."""

MOST = KEPT
"""Colors that are counted. With more, a pass over the colors is no cheaper than one over the pixels."""

AT_ONCE = 64
"""Blocks whose codes are in memory at once: 64 MB."""

PART = 1 << 15
"""Codes that are sorted and counted at once, about: they stay in the second-level cache."""

MANY = 1 << 20
"""With more colors than this, cubes are 4 wide: those 2 wide may be half as many as the colors, and took as long to
list as all the rest."""

SWAPS = ((1, 0x22222222), (7, 0x00AA00AA), (2, 0x0C0C0C0C), (14, 0x0000CCCC))
"""Bits to swap, one set after the other, to interleave 4 bytes: the distance of two bits, which ones are the lower."""


def distinct_colors(source: Source, callback: Callback | None = None) -> ColorHistogram | None:
    """Count the distinct colors of samples (n, 4) of uint8 without weights; None if there are more than `MOST`."""
    n_blocks = source.n_blocks
    counted = np.empty(0, np.uint32), np.empty(0)
    for first in range(0, n_blocks, AT_ONCE):
        n = min(AT_ONCE, n_blocks - first)
        reading, adding = _report(callback, first, 1, n_blocks), _report(callback, first + n, 0, n_blocks)
        counted = _added(counted, _sorted_blocks(source, first, n, reading), adding)
        if len(counted[0]) > MOST:
            return None
    return _histogram(*counted, _report(callback, n_blocks, 0, n_blocks))


def _report(callback: Callback | None, start: int, step: int, total: int) -> Callback | None:
    """Progress of a piece of the work as progress of all of it."""
    return None if callback is None else lambda stage, done, _: callback(stage, start + step * done, total)


def _sorted_blocks(source: Source, first: int, n: int, callback: Callback | None) -> list[Codes]:
    """Codes of all samples of n blocks, sorted within each block."""

    def read(i: int) -> Codes:
        return np.sort(_morton_codes(source.read(first + i)[0]))

    return map_blocks(read, n, stage="Counting colors", callback=callback)


def _added(counted: Counted, blocks: list[Codes], callback: Callback | None) -> Counted:
    """Count the codes of sorted blocks, too."""
    codes, counts = counted
    every = min(PART, 1 << 10)
    bounds = np.sort(np.concatenate([block[::every] for block in blocks]))[PART // every :: PART // every]
    before, places = _places(codes, bounds), [_places(block, bounds) for block in blocks]

    def count(part: int) -> Counted:
        of_blocks = [block[place[part] : place[part + 1]] for block, place in zip(blocks, places, strict=True)]
        new = _counted(np.sort(np.concatenate(of_blocks)))
        old = slice(before[part], before[part + 1])
        return _merged((codes[old], counts[old]), new) if len(codes) else new

    parts = map_blocks(count, len(bounds) + 1, stage="Counting colors", callback=callback)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _places(codes: Codes, bounds: Codes) -> list[int]:
    """Where the parts begin that sorted codes are cut into, and where the last one ends."""
    return [0, *np.searchsorted(codes, bounds).tolist(), len(codes)]


def _counted(codes: Codes) -> Counted:
    starts = _starts(codes)
    return codes[starts], np.diff(starts, append=len(codes)).astype(np.float64)


def _merged(one: Counted, other: Counted) -> Counted:
    codes, counts = np.concatenate([one[0], other[0]]), np.concatenate([one[1], other[1]])
    order = np.argsort(codes, kind="stable")  # finds that these are two sorted runs, and merges them
    codes = codes[order]
    starts = _starts(codes)
    return codes[starts], np.add.reduceat(counts[order], starts) if len(starts) else counts


def _starts(codes: Codes) -> NDArray[np.intp]:
    """Where in sorted codes each distinct one begins."""
    return np.flatnonzero(np.concatenate([codes[:1] == codes[:1], codes[1:] != codes[:-1]]))


def _histogram(codes: Codes, counts: Floats, callback: Callback | None) -> ColorHistogram:
    """Return the colors of codes, and their cubes."""
    bounds = codes[PART::PART] & np.uint32(0xFFFFFF00)  # so that no cube is cut
    places = _places(codes, bounds)

    def collect(part: int) -> tuple[Bytes, Cubes]:
        own = slice(places[part], places[part + 1])
        colors = _colors(codes[own])
        floats = colors.T.astype(np.float64)
        sums = np.column_stack([*(floats * counts[own]), counts[own], (floats**2).sum(0) * counts[own]])
        cubes = Cubes(codes[own], sums, nothing).doubled()
        return colors, cubes.doubled() if len(codes) > MANY else cubes

    nothing = np.empty(0, np.int64)
    Cubes(codes[:0], np.empty((0, 6)), nothing).doubled()  # compiles here, not in a thread of the pool
    parts = map_blocks(collect, len(bounds) + 1, stage="Counting colors", callback=callback)
    keys, sums = np.concatenate([cubes.keys for _, cubes in parts]), np.concatenate([cubes.sums for _, cubes in parts])
    return ColorHistogram(np.concatenate([colors for colors, _ in parts]), counts, Cubes(keys, sums, nothing), 4)


def _morton_codes(pixels: Bytes) -> Codes:
    """From 4 bytes to 8 groups of 4 bits: the highest bits of all bytes, then the next."""
    codes: Codes = np.ascontiguousarray(pixels).view("<u4")[:, 0]
    for distance, lower in SWAPS:
        codes = _swapped(codes, distance, lower)
    return codes


def _colors(codes: Codes) -> Bytes:
    """From Morton codes back to 4 bytes."""
    for distance, lower in SWAPS[::-1]:
        codes = _swapped(codes, distance, lower)
    return codes.astype("<u4").view(np.uint8).reshape(-1, 4)


def _swapped(codes: Codes, distance: int, lower: int) -> Codes:
    different = (codes >> np.uint32(distance) ^ codes) & np.uint32(lower)
    return np.asarray(codes ^ different ^ different << np.uint32(distance))
