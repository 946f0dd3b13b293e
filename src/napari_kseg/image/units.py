"""Whether values are in the units that they are taken to be in: 0 to 1, 0 to 255, and so on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import map_blocks

from .chunks import Chunk
from .features import Features
from .lazy import reduced
from .pixels import Pixels

TOO_LIGHT = 10.0
"""A float image that reaches this is not in 0 to 1, where 1 is white; even one with highlights beyond white."""


def check_range(pixels: Pixels, dtype: str | None, centroids: NDArray[np.float64]) -> None:
    """Raise ValueError if the image has plainly other units than the one whose dtype and centroids these are.

    Only of another dtype the values are looked at: the same colors may well be stored in another one.
    """
    if dtype is None or pixels.dtype == np.dtype(dtype):
        return
    here, there = largest_value(pixels), float(centroids.max())
    of_model, of_image = _white(np.dtype(dtype)), _white(pixels.dtype)
    if of_image == 1 < of_model and 0 < here <= 1 and there > 2:
        advice = f"multiply it by {of_model:g}"
    elif here > 2 * max(of_model, there) > 2 or (here > 1 >= there and of_model == 1 < of_image):
        advice = f"scale it to 0 to {of_model:g}"
    elif 1 < of_image < there:
        advice = "that cannot hold the values of the model; scale it as that image was"
    else:
        return
    raise ValueError(
        f"the image is {pixels.dtype} with values up to {here:g}, but the model was found in an image of {dtype} with "
        f"centroids up to {there:g}; {advice}"
    )


def check_colors(pixels: Pixels, color_space: str) -> None:
    """Raise ValueError if colors of a float image are plainly not in 0 to 1."""
    if pixels.dtype.kind == "f" and (largest := largest_value(pixels)) > TOO_LIGHT:
        raise ValueError(
            f'color_space="{color_space}" takes floats from 0 to 1, but the image has values up to {largest:g}; divide '
            "it by the value of white, for example 255"
        )


def largest_value(pixels: Pixels) -> float:
    """Return the largest value of any channel that takes part; 0 if there is none."""
    if pixels.lazy is not None:
        return float(reduced(Features(pixels), _largest_of, max, "Reading", None))

    def largest(block: int) -> float:
        values, keep = pixels.read(block)
        kept: NDArray[Any] = values if keep is None else values[keep.view(bool)]
        return float(kept.max()) if kept.size else 0.0

    return max(map_blocks(largest, pixels.n_blocks))


def _largest_of(chunks: list[Chunk]) -> float:
    return max(largest_value(chunk.pixels) for chunk in chunks)


def _white(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
