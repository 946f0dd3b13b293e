"""Which values are no data: pixels that have them are left out of the clusters."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LeftOut:
    """Rules by value, besides the mask; a pixel that any of them fits is left out.

    Parameters
    ----------
    nodata : tuple of float
        All channels have one and the same of these values.
    background : float or None
        All channels are at most this value.
    saturated : float or None
        Any channel is at least this value.
    """

    nodata: tuple[float, ...] = ()
    background: float | None = None
    saturated: float | None = None

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self.nodata) or self.background is not None or self.saturated is not None

    def fits(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Return for each pixel of `values` (…, C) whether it is left out."""
        channels = np.moveaxis(values, -1, 0)  # one by one: rows of few channels are ten times as slow
        out = np.zeros(values.shape[:-1], bool)
        for value in self.nodata:
            out |= _of_all(_equal(channel, value) for channel in channels)
        if self.background is not None:
            out |= _of_all(_at_most(channel, self.background) for channel in channels)
        if self.saturated is not None:
            for channel in channels:
                out |= _at_least(channel, self.saturated)
        return out


def _of_all(found: Any) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = np.logical_and.reduce(list(found))
    return result


def _equal(channel: NDArray[Any], value: float) -> NDArray[np.bool_]:
    """Whether a pixel has this value, as near as the channel's own floats can come to it."""
    if channel.dtype.kind in "iu" and not float(value).is_integer():
        return np.zeros(channel.shape, bool)
    return _at_most(channel, value) & _at_least(channel, value)


def _at_most(channel: NDArray[Any], limit: float) -> NDArray[np.bool_]:
    if channel.dtype.kind in "iu":  # NumPy 2.0 crashes where a number is beyond the dtype
        bounds = np.iinfo(channel.dtype)
        if limit < bounds.min or math.isnan(limit):
            return np.zeros(channel.shape, bool)
        return np.ones(channel.shape, bool) if limit >= bounds.max else np.asarray(channel <= math.floor(limit))
    with np.errstate(over="ignore"):
        return np.asarray(channel <= _as_in(channel, limit))


def _at_least(channel: NDArray[Any], limit: float) -> NDArray[np.bool_]:
    if channel.dtype.kind in "iu":
        bounds = np.iinfo(channel.dtype)
        if limit > bounds.max or math.isnan(limit):
            return np.zeros(channel.shape, bool)
        return np.ones(channel.shape, bool) if limit <= bounds.min else np.asarray(channel >= math.ceil(limit))
    with np.errstate(over="ignore"):
        return np.asarray(channel >= _as_in(channel, limit))


def _as_in(channel: NDArray[Any], limit: float) -> Any:
    """Return a limit rounded as floats of the channel are."""
    return channel.dtype.type(limit) if channel.dtype.kind == "f" else float(limit)


def check_left(n: float) -> None:
    """Raise ValueError if no pixel takes part."""
    if not n:
        raise ValueError(
            "every pixel is left out (by the mask, as NaN or infinite, as transparent, or by nodata, background or "
            "saturated): there is nothing to cluster"
        )


def checked_nodata(nodata: Any) -> tuple[float, ...]:
    """Values of pixels that are no data, from None, one number or some."""
    if nodata is None:
        return ()
    given = nodata if isinstance(nodata, (tuple, list, np.ndarray)) else (nodata,)
    return tuple(_number("nodata", value, "None, a number, or a sequence of numbers") for value in given)


def checked_limit(name: str, limit: Any) -> float | None:
    """A limit, or None for none."""
    if limit is None:
        return None
    number = _number(name, limit, "None or a number")
    if math.isnan(number):
        raise ValueError(f"{name}={limit!r}, but it must be a number to compare with, or None for no limit")
    return number


def _number(name: str, value: Any, allowed: str) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"{name}={value!r} must be {allowed}")
    return int(value) if isinstance(value, (int, np.integer)) else float(value)
