"""Cut a portion out of an image."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .downsample import opaque
from .features import Features
from .lazy import mapped
from .pixels import Array, MaybeLazy, Pixels


def cut_out(pixels: Pixels, inside: Any, fill: float | None) -> MaybeLazy | list[MaybeLazy]:
    """Return the image inside, and transparent (color) or `fill` (other images) outside."""
    channels = pixels.channels
    if channels is None:
        return _of_pixels(pixels, inside, fill)
    return [_of_pixels(channel, inside, fill) for channel in channels]


def _of_pixels(pixels: Pixels, inside: Any, fill: float | None) -> MaybeLazy:
    if fill is not None:
        _check_fill(fill, pixels.dtype)
    if isinstance(inside, np.ndarray):
        return _cut_out(pixels, inside, fill)
    n_channels = 4 if pixels.rgb and fill is None else pixels.n_channels + pixels.alpha
    return mapped(Features(pixels.made_lazy(inside.chunks)), _CutOut(fill), pixels.dtype, [inside], n_channels)


@dataclass(frozen=True)
class _CutOut:
    """Cuts a portion out of a chunk."""

    fill: float | None

    def __call__(self, features: Features, inside: NDArray[np.bool_]) -> Array:
        """Return it."""
        return _cut_out(features.pixels, inside, self.fill)


def _cut_out(pixels: Pixels, inside: NDArray[np.bool_], fill: float | None) -> Array:
    image = np.asarray(pixels.image)
    axis = pixels.channel_axis
    if not pixels.rgb or axis is None or fill is not None:
        where = inside if axis is None else np.expand_dims(inside, axis)
        return np.where(where, image, np.array(fill or 0, image.dtype))
    channels = np.moveaxis(image, axis, -1)
    portion = np.zeros((*pixels.shape, 4), image.dtype)
    portion[..., :3] = channels[..., :3]
    portion[..., 3] = np.where(inside, channels[..., 3] if pixels.alpha else opaque(image.dtype), 0)
    return portion


def _check_fill(fill: Any, dtype: np.dtype[Any]) -> None:
    try:
        number = float(fill)
    except (TypeError, ValueError):
        raise TypeError(f"fill={fill!r} must be a number") from None
    if dtype.kind == "f":
        fits = not np.isfinite(number) or abs(number) <= float(np.finfo(dtype).max)
    else:
        low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        fits = number.is_integer() and low <= int(fill) <= high
    if not fits:
        raise ValueError(f"fill={fill} is not a value of {dtype}; give one that the image can hold")
