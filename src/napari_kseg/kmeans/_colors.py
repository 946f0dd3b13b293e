"""The distinct colors of 8-bit samples with three features, and the way back from a color to its label.

A photo of 12 megapixels has 0.1 to 2 million distinct colors. K-means on them, weighted by their counts, is K-means on
all pixels, exactly, at a tenth of the cost; and every pixel then looks its label up in a table over all 2^24 colors.
Colors are kept in Morton order (bits of the three bytes interleaved, high bits first), so that colors near each other
stand near each other: a prefix of b bits of the key is a cube of colors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._blocks import Callback, block_length, map_blocks, n_threads
from ._kernels import average_cells, collect_colors, count_colors, look_up_colors
from ._samples import Floats, TableSource

Bytes = NDArray[np.uint8]
Labels = NDArray[Any]
ReadPixels = Callable[[int], tuple[Bytes, Bytes]]
"""`read(block)` -> pixels (n, 3) and, for each, 1 if it takes part, else 0; both contiguous."""

MAX_TABLES = 2  # 32 MB each if every color occurs, 5 to 15 MB for photos; a third would break the bound on memory
CELLS_AT_ONCE = 256


@dataclass(frozen=True)
class ColorHistogram:
    """Distinct colors and how often each occurs; a `Source` of samples."""

    keys: NDArray[np.uint32]
    """(D,) Morton codes, ascending."""
    colors: Bytes
    """(D, 3) the colors themselves."""
    counts: NDArray[np.int64]
    """(D,) pixels of each color."""
    n_features: int = 3
    """Features that are samples; the others are padding, 0 in every color."""

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-len(self.keys) // block_length(3))

    def read(self, block: int) -> tuple[Bytes, Floats]:
        """Colors and counts of a block."""
        part = slice(block * block_length(3), (block + 1) * block_length(3))
        return self.colors[part, : self.n_features], self.counts[part].astype(np.float64)

    def levels(self, n: int) -> list[TableSource]:
        """Mean colors of cubes, weighted by their pixels: the finest cubes that are at most n, then finer and finer.

        The finest has at most a quarter as many cubes as there are colors: Lloyd's algorithm followed from level to
        level makes its many small moves where they cost little.
        """
        sizes = [len(self.keys)]
        while sizes[-1] > n:
            prefixes = self.keys >> np.uint32(3 * len(sizes))
            sizes.append(1 + int(np.count_nonzero(prefixes[1:] != prefixes[:-1])))
        coarsest = len(sizes) - 1
        return [
            self._cubes(3 * depth, sizes[depth])
            for depth in range(coarsest, -1, -1)
            if depth == coarsest or sizes[depth] * 4 <= len(self.keys)
        ]

    def _cubes(self, shift: int, n_cubes: int) -> TableSource:
        means, weights = np.zeros((n_cubes, 3)), np.zeros(n_cubes)
        average_cells(self.keys, self.colors, self.counts, np.uint32(shift), means, weights)
        return TableSource(means[:, : self.n_features].astype(np.float32), weights)

    def table(self, labels: Labels) -> Labels:
        """Table (2^24,) from Morton codes to the labels (D,) of the colors; other entries are undefined."""
        table = np.empty(1 << 24, labels.dtype)  # pages that no color touches are never in memory
        table[self.keys] = labels
        return table


def histogram_of_colors(
    read: ReadPixels, n_blocks: int, n_pixels: int, n_features: int = 3, callback: Callback | None = None
) -> ColorHistogram:
    """Count the distinct colors of `n_blocks` blocks, of `n_pixels` together."""
    n_tables = min(n_threads(), n_blocks, MAX_TABLES)
    tables = np.zeros((n_tables, 1 << 24), np.uint16)
    cells = np.zeros((n_tables, 1 << 15), np.uint8)
    full = np.empty((n_tables, n_pixels // 65535 + 1), np.uint32)
    n_full = np.zeros((n_tables, 1), np.int64)
    free: SimpleQueue[int] = SimpleQueue()
    for i in range(n_tables):
        free.put(i)
    nothing = np.empty((0, 3), np.uint8)
    count_colors(nothing, nothing[:, 0].copy(), tables[0], cells[0], full[0], n_full[0])  # compiles here

    def count(block: int) -> None:
        pixels, keep = read(block)
        i = free.get()  # whichever table is free: sums of integers do not depend on the order
        count_colors(pixels, keep, tables[i], cells[i], full[i], n_full[i])
        free.put(i)

    map_blocks(count, n_blocks, stage="Counting colors", callback=callback)
    seen = np.flatnonzero(cells.any(0))
    n_parts = max(1, -(-len(seen) // CELLS_AT_ONCE))
    keys, colors, counts = _outputs(0)
    collect_colors(tables, seen[:0], keys, colors, counts)  # compiles here

    def collect(part: int) -> tuple[NDArray[np.uint32], Bytes, NDArray[np.int64]]:
        chosen = seen[part * CELLS_AT_ONCE : (part + 1) * CELLS_AT_ONCE]
        keys, colors, counts = _outputs(len(chosen) * 512)
        n = collect_colors(tables, chosen, keys, colors, counts)
        return keys[:n].copy(), colors[:n].copy(), counts[:n].copy()

    parts = zip(*map_blocks(collect, n_parts, stage="Counting colors", callback=callback), strict=True)
    keys, colors, counts = (np.concatenate(part) for part in parts)
    for i in range(n_tables):
        np.add.at(counts, np.searchsorted(keys, full[i, : n_full[i, 0]]), 65535)
    return ColorHistogram(keys, colors, counts, n_features)


def _outputs(n: int) -> tuple[NDArray[np.uint32], Bytes, NDArray[np.int64]]:
    return np.empty(n, np.uint32), np.empty((n, 3), np.uint8), np.empty(n, np.int64)


def look_up(pixels: Bytes, keep: Bytes, table: Labels, labels: Labels) -> None:
    """Write the labels of pixels (n, 3) by a `ColorHistogram.table`; 0 where a pixel does not take part."""
    look_up_colors(pixels, keep, table, labels)
