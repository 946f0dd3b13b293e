"""Area averaging: a smaller image to fit on, in which every pixel is the mean of those it stands for."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback, TableSource, map_blocks

from .features import KEPT, Features
from .pixels import Array, Index, Pixels, in_dtype, split

Factors = tuple[float, ...]

AUTO_WORK = 1e9
"""Pixels × channels × clusters that a fit on every pixel may take under "auto": some seconds."""


def chosen_factors(downsample: Any, features: Features, n_clusters: int, by_histogram: bool) -> Factors:
    """Return the factor of every spatial axis."""
    pixels = features.pixels
    ndim = len(pixels.shape)
    if isinstance(downsample, tuple):
        if len(downsample) != ndim:
            raise ValueError(
                f"downsample={downsample} has {len(downsample)} factors, but the image has {ndim} spatial axes, shape "
                f"{pixels.shape}; give a factor for each, or one number for the last two"
            )
        return downsample
    if downsample == "auto":
        values = pixels.size * features.n_features
        work = values * n_clusters / AUTO_WORK
        if features.recipe.looks_around:
            work = max(work, 4 * values / KEPT)
        downsample = 1 if by_histogram else math.ceil(max(1.0, work) ** (1 / min(2, ndim)))
    return (1,) * max(0, ndim - 2) + (downsample,) * min(2, ndim)


def is_full(factors: Factors) -> bool:
    """Whether nothing is downsampled."""
    return all(factor == 1 for factor in factors)


def averaged_table(features: Features, factors: Factors, callback: Callback | None = None) -> TableSource:
    """Features (n, F) of averaged pixels that any pixel went into, and how many went into each.

    Features that look around are averaged themselves.
    """
    around = features.recipe.looks_around
    parts = _averaged_blocks(features if around else Features(features.pixels), factors, callback)
    means = np.concatenate([mean[weight > 0] for _, mean, weight in parts])
    weights = np.concatenate([weight[weight > 0] for _, _, weight in parts])
    return TableSource(means if around else features.of_values(means), weights)


def averaged_pixels(pixels: Pixels, factors: Factors, callback: Callback | None = None) -> Pixels:
    """Return the averaged image itself, in the image's dtype; a pixel that none went into is left out."""
    shape = _reduced_shape(pixels.shape, factors)
    image = np.zeros((*shape, pixels.n_channels + pixels.alpha), pixels.dtype.newbyteorder("="))
    mask = np.zeros(shape, bool)
    for index, mean, weight in _averaged_blocks(Features(pixels), factors, callback):
        part = image[index].reshape(-1, image.shape[-1])
        part[:, : pixels.n_channels] = in_dtype(mean, pixels.dtype)
        if pixels.alpha:
            part[:, -1] = np.where(weight > 0, opaque(pixels.dtype), 0)
        image[index] = part.reshape(image[index].shape)
        mask[index] = (weight > 0).reshape(mask[index].shape)
    axis = pixels.channel_axis
    moved = image[..., 0] if axis is None else np.moveaxis(image, -1, axis)
    reduced = Pixels(moved, channel_axis=axis, rgb=pixels.rgb, alpha=pixels.alpha, mask=mask)
    return reduced.spaced(tuple(size * factor for size, factor in zip(pixels.spacing, factors, strict=True)))


def opaque(dtype: np.dtype[Any]) -> float:
    """Alpha of a pixel that hides what is behind it."""
    return 1.0 if dtype.kind in "fb" else float(np.iinfo(dtype).max)


def _edges(length: int, factor: float) -> NDArray[np.intp]:
    """First pixel of each bin of about `factor` pixels; the last bin may be smaller."""
    return np.asarray(np.floor(np.arange(math.ceil(length / factor)) * factor), np.intp)


def _reduced_shape(shape: tuple[int, ...], factors: Factors) -> tuple[int, ...]:
    return tuple(len(_edges(length, factor)) for length, factor in zip(shape, factors, strict=True))


def _averaged_blocks(
    features: Features, factors: Factors, callback: Callback | None
) -> list[tuple[Index, Array, NDArray[np.float64]]]:
    """For each part of the reduced image: where it is, means (n, F), and numbers of pixels averaged (n,)."""
    edges = [_edges(length, factor) for length, factor in zip(features.shape, factors, strict=True)]
    limit = max(1, int((1 << 18) / (math.prod(factors) * features.n_features)))
    shape = _reduced_shape(features.shape, factors)
    blocks = features.tiles(shape, factors) if features.recipe.looks_around else list(split(shape, limit))

    def average(i: int) -> tuple[Index, Array, NDArray[np.float64]]:
        spatial: list[slice] = []
        starts: list[NDArray[np.intp]] = []
        for part, edge, length in zip(blocks[i], edges, features.shape, strict=True):
            stop = length if part.stop == len(edge) else int(edge[part.stop])
            spatial.append(slice(int(edge[part.start]), stop))
            starts.append(edge[part] - edge[part.start])
        values, keep = features.read_part(tuple(spatial))
        sums: Array = values if keep is None else np.where(keep[..., None], values, 0)
        weights: Array = np.ones(values.shape[:-1], bool) if keep is None else keep
        for axis, start in enumerate(starts):
            ends = np.append(start[1:], values.shape[axis])
            sums, weights = _binned(sums, start, ends, axis), _binned(weights, start, ends, axis)
        means = sums / np.maximum(weights, 1)[..., None]
        return blocks[i], means.reshape(-1, features.n_features), weights.reshape(-1)

    return map_blocks(average, len(blocks), stage="Downsampling", callback=callback)


def _binned(values: Array, starts: NDArray[np.intp], ends: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
    """Sums over bins along an axis: the first of every bin, then the second, …, 7 times as fast as `add.reduceat`."""
    rows, widths = np.moveaxis(values, axis, 0), ends - starts
    sums = rows[starts].astype(np.float64)
    for i in range(1, widths.max()):
        wide = widths > i
        if wide.all():
            sums += rows[starts + i]
        else:
            sums[wide] += rows[starts[wide] + i]
    return np.moveaxis(sums, 0, axis)
