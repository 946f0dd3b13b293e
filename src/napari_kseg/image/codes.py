"""One channel of integers as codes that index a table: values, less the lowest of their dtype or of the image."""

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback, histogram_of_values, map_blocks, read_only

from .pixels import Array, Pixels

Bytes = NDArray[np.uint8]

ALL: Bytes = read_only(np.empty(0, np.uint8))
"""Stands for the ones of all pixels of a block: every pixel takes part."""


def check_exact(base: int, counts: NDArray[np.int64]) -> None:
    """Raise ValueError if float64 centroids cannot tell the values `base`, `base + 1`, … that occur apart."""
    present = np.flatnonzero(counts)
    if not len(present):
        return
    low, high = (base + int(present[end]) for end in (0, -1))
    if max(-low, high) > 1 << 53:
        raise ValueError(
            f"the image has values from {low} to {high}, which float64 centroids cannot tell apart; subtract an offset "
            "first, for example image - image.min()"
        )


class Codes:
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

    def counts(self, callback: Callback | None) -> NDArray[np.int64]:
        """Count how often each code occurs."""
        size = 256 if self._pixels.dtype.itemsize == 1 else 1 << 16
        return histogram_of_values(self.read, size, self._pixels.n_blocks, self._pixels.size, callback)
