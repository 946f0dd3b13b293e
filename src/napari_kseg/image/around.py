"""What is around a pixel: smoothing, texture, and its place. M, N, … are spatial axes."""

import numpy as np
from numpy.typing import NDArray

from .pixels import Array, Index

TRUNCATE = 4.0
"""Standard deviations at which a Gaussian is cut off; what SciPy and scikit-image do."""

BEYOND = 4
"""Pixels that the derivatives of texture features reach beyond the Gaussian."""


def smoothed(values: Array, sigma: tuple[float, ...]) -> Array:
    """Values (M, N, …, C) smoothed by a Gaussian, `sigma` in pixels of each axis; float32 if that is exact enough."""
    from scipy.ndimage import gaussian_filter

    dtype = np.float32 if values.dtype.itemsize <= 2 else np.float64
    return np.asarray(gaussian_filter(values.astype(dtype), (*sigma, 0), mode="nearest", truncate=TRUNCATE))


def textured(features: Array, scales: tuple[float, ...]) -> Array:
    """Intensity, gradient and Hessian eigenvalues at several scales (M, N, …, F) of each channel (M, N, …, C)."""
    from skimage.feature import multiscale_basic_features

    low, high = scales
    tables = [
        # Of float32, as scikit-image maps integers to 0 to 1.
        multiscale_basic_features(channel.astype(np.float32), sigma_min=low, sigma_max=high)
        for channel in np.moveaxis(features, -1, 0)
    ]
    return np.concatenate(tables, -1)


def n_texture_features(ndim: int, scales: tuple[float, ...]) -> int:
    """Features that `textured` makes of a channel: intensity, gradient, and an eigenvalue an axis, at each scale."""
    low, high = scales
    return (2 + ndim) * int(np.log2(high) - np.log2(low) + 1)


def filled(values: Array, keep: NDArray[np.bool_] | None, spacing: tuple[float, ...]) -> Array:
    """Values (M, N, …, C) where each left-out pixel has those of the nearest one that takes part."""
    if keep is None or keep.all():
        return values
    if not keep.any():
        return np.zeros_like(values)
    from scipy.ndimage import distance_transform_edt

    nearest = distance_transform_edt(~keep, sampling=spacing, return_distances=False, return_indices=True)
    return np.asarray(values[tuple(nearest)])


def place(part: Index, unit: tuple[float, ...]) -> Array:
    """Coordinates (M, N, …, number of axes) of the pixels of a part, a pixel along an axis counting `unit`."""
    axes = [np.arange(axis.start, axis.stop) * np.float64(one) for axis, one in zip(part, unit, strict=True)]
    return np.stack(np.broadcast_arrays(*np.ix_(*axes)), -1)


def widened(part: Index, reach: tuple[int, ...], shape: tuple[int, ...]) -> tuple[Index, Index]:
    """Return a part with what is around it, as far as there is an image, and where the part is in that."""
    wide = tuple(
        slice(max(0, axis.start - far), min(length, axis.stop + far))
        for axis, far, length in zip(part, reach, shape, strict=True)
    )
    inside = tuple(
        slice(axis.start - around.start, axis.stop - around.start) for axis, around in zip(part, wide, strict=True)
    )
    return wide, inside


def reach_of(sigma: tuple[float, ...], scales: tuple[float, ...], ndim: int) -> tuple[int, ...]:
    """How many pixels away along each axis a value still counts."""
    texture = int(TRUNCATE * scales[1] + 0.5) + BEYOND if scales else 0
    return tuple(int(TRUNCATE * own + 0.5) + texture for own in sigma or (0.0,) * ndim)
