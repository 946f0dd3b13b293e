"""Color spaces: from the red, green and blue of an image to what K-means compares.

A color space is one entry in `COLOR_SPACES`; everything else follows from it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Channel = NDArray[np.float32]
Channels = tuple[Channel, ...]

OWN = "RGB"
"""The image's own values, in its own units: no color space at all."""


def _linear_rgb(red: Channel, green: Channel, blue: Channel) -> Channels:
    return red, green, blue


def _lab(red: Channel, green: Channel, blue: Channel) -> Channels:
    """CIELAB (CIE 1976) under D65, 2° observer: L* from 0 to 100, a* and b* about -100 to 100."""
    x = _lab_curve(_dot((0.412453 / 0.95047, 0.357580 / 0.95047, 0.180423 / 0.95047), red, green, blue))
    y = _lab_curve(_dot((0.212671, 0.715160, 0.072169), red, green, blue))
    z = _lab_curve(_dot((0.019334 / 1.08883, 0.119193 / 1.08883, 0.950227 / 1.08883), red, green, blue))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _ab(red: Channel, green: Channel, blue: Channel) -> Channels:
    return _lab(red, green, blue)[1:]


def _oklab(red: Channel, green: Channel, blue: Channel) -> Channels:
    """Oklab (Ottosson 2020, https://bottosson.github.io/posts/oklab): L from 0 to 1, a and b about -0.4 to 0.4."""
    long = _cube_root(_dot((0.4122214708, 0.5363325363, 0.0514459929), red, green, blue))
    middle = _cube_root(_dot((0.2119034982, 0.6806995451, 0.1073969566), red, green, blue))
    short = _cube_root(_dot((0.0883024619, 0.2817188376, 0.6299787005), red, green, blue))
    return (
        _dot((0.2104542553, 0.7936177850, -0.0040720468), long, middle, short),
        _dot((1.9779984951, -2.4285922050, 0.4505937099), long, middle, short),
        _dot((0.0259040371, 0.7827717662, -0.8086757660), long, middle, short),
    )


def _hsv(red: Channel, green: Channel, blue: Channel) -> Channels:
    """Saturation × cosine and sine of the hue, and value: 359° is next to 0°, and no gray has a hue to compare."""
    # Not by scikit-image, whose masks take seven times as long: 1.9 s instead of 0.27 s for a million colors.
    one: Any = red.dtype.type(1)
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    divisor = np.where(spread == 0, one, spread)
    sixths = np.where(value == red, (green - blue) / divisor, (blue - red) / divisor + 2)
    sixths = np.where(value == blue, (red - green) / divisor + 4, sixths)
    angle = sixths * (one * np.pi / 3)
    saturation = spread / np.where(value == 0, one, value)
    return saturation * np.cos(angle), saturation * np.sin(angle), value


def _gray(red: Channel, green: Channel, blue: Channel) -> Channels:
    """Luma with the weights of Rec. 709, from 0 to 1."""
    return (_dot((0.2125, 0.7154, 0.0721), red, green, blue),)


@dataclass(frozen=True)
class ColorSpace:
    """How features are made of colors.

    Parameters
    ----------
    names : tuple of str
        Name of each feature.
    of : callable or None
        `of(red, green, blue)` -> a feature for each name; all are arrays (n,) of float32. None leaves values alone.
    linear : bool
        It takes linear light, 0 to 1, and not the values of sRGB, 0 to 1.
    hues : tuple of int
        Features that are 0 for every gray: what rounding leaves there would be clusters of a gray image.
    """

    names: tuple[str, ...]
    of: Callable[[Channel, Channel, Channel], Channels] | None
    linear: bool = False
    hues: tuple[int, ...] = ()


COLOR_SPACES = {
    OWN: ColorSpace(("R", "G", "B"), None),
    "linear RGB": ColorSpace(("R", "G", "B"), _linear_rgb, linear=True),
    "Lab": ColorSpace(("L", "a", "b"), _lab, linear=True, hues=(1, 2)),
    "ab": ColorSpace(("a", "b"), _ab, linear=True, hues=(0, 1)),
    "Oklab": ColorSpace(("L", "a", "b"), _oklab, linear=True, hues=(1, 2)),
    "HSV": ColorSpace(("S cos H", "S sin H", "V"), _hsv),
    "gray": ColorSpace(("gray",), _gray),
}


def converted(name: str, values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.float32]:
    """Features (…, F) of colors (…, 3) in the units of an image of some dtype.

    As scikit-image takes them: integers from 0 to the largest of their dtype, floats from 0 to 1.
    """
    space = COLOR_SPACES[name]
    if space.of is None:
        raise ValueError(f"{name} is the image's own values; there is nothing to convert")
    unit = _linear_light if space.linear else _unit
    features = np.empty((*values.shape[:-1], len(space.names)), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # left-out pixels may be anything
        found = space.of(*(unit(channel, dtype) for channel in np.moveaxis(values, -1, 0)))
        for i, feature in enumerate(found):
            features[..., i] = feature
    if space.hues:
        gray = (values[..., 0] == values[..., 1]) & (values[..., 1] == values[..., 2])
        for i in space.hues:
            features[..., i][gray] = 0
    return features


def checked_color_space(name: Any) -> str:
    """Name of a color space that there is."""
    if not isinstance(name, str):
        raise TypeError(f"color_space={name!r} must be one of {_all_names()}")
    if name not in COLOR_SPACES:
        raise ValueError(f"color_space={name!r} is not known; use one of {_all_names()}")
    return name


def _all_names() -> str:
    return ", ".join(f'"{name}"' for name in COLOR_SPACES)


def _unit(channel: NDArray[Any], dtype: np.dtype[Any]) -> Channel:
    largest = float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
    return np.asarray(channel * np.float64(1 / largest), np.float32)


def _linear_light(channel: NDArray[Any], dtype: np.dtype[Any]) -> Channel:
    """Decode sRGB (IEC 61966-2-1)."""
    if channel.dtype == np.uint8:  # there are only 256 values
        return np.take(_decoded(_unit(np.arange(256), dtype)), channel)
    return _decoded(_unit(channel, dtype))


def _decoded(unit: Channel) -> Channel:
    curved = ((np.maximum(unit, np.float32(0.04045)) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    return np.where(unit > np.float32(0.04045), curved, unit / np.float32(12.92))


def _dot(weights: tuple[float, float, float], *channels: Channel) -> Channel:
    # Not `@`: BLAS has threads of its own, and other bits for other lengths.
    total = np.float32(weights[0]) * channels[0]
    for weight, channel in zip(weights[1:], channels[1:], strict=True):
        total += np.float32(weight) * channel
    return total


def _lab_curve(ratio: Channel) -> Channel:
    curved = _root_of_positive(ratio)
    dark = ratio <= np.float32(0.008856)
    curved[dark] = np.float32(7.787) * ratio[dark] + np.float32(16 / 116)
    return curved


def _cube_root(channel: Channel) -> Channel:
    root = np.copysign(_root_of_positive(np.abs(channel)), channel)
    root[channel == 0] = 0
    return root


def _root_of_positive(channel: Channel) -> Channel:
    # A quarter of the time of `np.cbrt`, and as exact as float32 can tell.
    root = np.maximum(channel, np.float32(1e-30))
    np.log(root, out=root)
    root *= np.float32(1 / 3)
    return np.exp(root, out=root)
