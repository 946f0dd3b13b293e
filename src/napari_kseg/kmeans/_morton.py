"""Morton codes of colors: the bits of their bytes interleaved, high bits first, so that similar colors are near."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._pixel_kernels import MORTON

Bytes = NDArray[np.uint8]
Codes = NDArray[np.uint32]

SWAPS = ((1, 0x22222222), (7, 0x00AA00AA), (2, 0x0C0C0C0C), (14, 0x0000CCCC))
"""Bits to swap, one set after the other, to interleave 4 bytes: the distance of two bits, which ones are the lower."""


def codes_of(colors: Bytes) -> Codes:
    """Morton codes (n,) of colors (n, 3 or 4)."""
    if colors.shape[1] == 3:
        red, green, blue = (bits[channel] for bits, channel in zip(MORTON, colors.T, strict=True))
        return np.asarray(red | green | blue)
    codes: Codes = np.ascontiguousarray(colors).view("<u4")[:, 0]
    for distance, lower in SWAPS:
        codes = _swapped(codes, distance, lower)
    return codes


def colors_of(codes: Codes, n_bytes: int) -> Bytes:
    """Colors (n, 3 or 4) of Morton codes (n,)."""
    if n_bytes == 3:
        channels = codes >> np.array([[2], [1], [0]], np.uint32) & np.uint32(0x249249)
        for shift, mask in ((2, 0x0C30C3), (4, 0x00F00F), (8, 0x0000FF)):
            channels = (channels | channels >> np.uint32(shift)) & np.uint32(mask)
        return np.ascontiguousarray(channels.T.astype(np.uint8))
    for distance, lower in SWAPS[::-1]:
        codes = _swapped(codes, distance, lower)
    return codes.astype("<u4").view(np.uint8).reshape(-1, 4)


def _swapped(codes: Codes, distance: int, lower: int) -> Codes:
    different: Any = (codes >> np.uint32(distance) ^ codes) & np.uint32(lower)
    return np.asarray(codes ^ different ^ different << np.uint32(distance))
