"""The settings of a run: one frozen object that the function, the form, the command line and the model all share."""

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Search, checked_integer, checked_search

from .color_space import OWN, checked_color_space
from .left_out import LeftOut, checked_limit, checked_nodata
from .recipe_settings import (
    checked_channels,
    checked_lengths,
    checked_normalize,
    checked_position_weight,
    checked_texture,
    checked_weights,
)

if TYPE_CHECKING:
    from .pixels import Pixels

_INTERNAL = {"applied_to", "arguments", "check_no_clean_up", "fixed_rows", "search"}
"""Names that other modules use, which completion should not offer."""
MAX_CLUSTERS = 65_535  # labels are at most uint16, and 0 is the left-out pixels


@dataclass(frozen=True)
class Settings:
    """How an image is segmented: the keywords of `segment`, checked.

    Parameters
    ----------
    n_clusters, channel_axis, downsample, init, n_init, max_iter, tol, random_state
        As in `segment`.
    full_resolution, nodata, background, saturated, fixed, min_size, majority
        As in `segment`. Sequences are kept as tuples, so that settings compare and hash.
    color_space, channels, channel_weights, normalize, sigma, spacing, texture, position_weight, exact_passes
        As in `segment`.
    masked : bool
        Whether a mask was given besides; the mask itself is not kept.

    Raises
    ------
    ValueError
        If a value is out of range.
    TypeError
        If a value is of the wrong type.

    Examples
    --------
    >>> from napari_kseg import Settings
    >>> Settings(n_clusters=3).to_dict()["n_clusters"]
    3
    >>> Settings.from_dict(Settings(3, downsample=5).to_dict()) == Settings(3, downsample=5)
    True
    """

    n_clusters: Any = 5
    channel_axis: int | Literal["auto"] | None = "auto"
    downsample: float | tuple[float, ...] | Literal["auto"] = "auto"
    init: Any = "k-means++"
    n_init: int | Literal["auto"] = "auto"
    max_iter: int = 300
    tol: float = 1e-4
    random_state: int = 0
    full_resolution: bool = True
    nodata: Any = None
    background: float | None = None
    saturated: float | None = None
    fixed: Sequence[int] = ()
    min_size: int = 0
    majority: int = 0
    color_space: str = OWN
    channels: int | Sequence[int] | None = None
    channel_weights: Sequence[float] | None = None
    normalize: str | None = None
    sigma: float | tuple[float, ...] = 0
    spacing: float | tuple[float, ...] | None = None
    texture: bool | tuple[float, float] = False
    position_weight: float = 0
    exact_passes: int = 0
    masked: bool = False

    def __post_init__(self) -> None:
        for name, checked in CHECKS.items():
            object.__setattr__(self, name, checked(getattr(self, name)))
        if not isinstance(self.init, str):
            object.__setattr__(self, "init", _table(self.init))
        object.__setattr__(self, "fixed", _checked_fixed(self.fixed, self.init))
        search = self.search()
        for name in ("max_iter", "tol", "random_state"):
            object.__setattr__(self, name, getattr(search, name))
        for name in ("min_size", "majority", "exact_passes"):
            object.__setattr__(self, name, checked_integer(name, getattr(self, name), low=0))
        for name in ("full_resolution", "masked"):
            if not isinstance(getattr(self, name), (bool, np.bool_)):
                raise TypeError(f"{name}={getattr(self, name)!r} must be True or False")
            object.__setattr__(self, name, bool(getattr(self, name)))

    def search(self) -> Search:
        """Return what the engine needs to know."""
        init = self.init if isinstance(self.init, str) else "k-means++"
        return checked_search(init, self.n_init, self.max_iter, self.tol, self.random_state)

    def applied_to(self, pixels: "Pixels") -> "Pixels":
        """Return pixels without those that are left out by their values, of the size that is given."""
        return pixels.leaving_out(LeftOut(self.nodata, self.background, self.saturated)).spaced(self.spacing)

    def check_no_clean_up(self) -> None:
        """Raise ValueError if labels are to be cleaned up, which those of a lazy image cannot be."""
        for name in ("min_size", "majority"):
            if getattr(self, name):
                raise ValueError(
                    f"{name}={getattr(self, name)} looks at the labels of the whole image at once, but the image is "
                    f"lazy (dask or zarr), and its labels are; leave {name} out, and use "
                    f"seg.compute().clean_up({name}={getattr(self, name)}) if the labels fit into memory"
                )

    def fixed_rows(self, n_clusters: int) -> NDArray[np.bool_]:
        """Return for each row (K,) of the start whether it stays where it is."""
        return np.isin(np.arange(n_clusters), self.fixed)

    def __dir__(self) -> list[str]:
        """List what is for users, and what Python itself wants."""
        return [name for name in super().__dir__() if name not in _INTERNAL]

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a dictionary of what JSON knows."""
        return {field.name: _listed(getattr(self, field.name)) for field in fields(self)}

    def as_python(self) -> str:
        """Return source text that repeats the run where `image`, and `mask` if one was given, are bound.

        Returns
        -------
        source : str
            It leaves the result in `seg`, as it was before any merge. Settings left at their defaults are not named.

        Examples
        --------
        >>> from napari_kseg import Settings
        >>> print(Settings(3, downsample=5).as_python())
        import napari_kseg as kseg
        <BLANKLINE>
        seg = kseg.segment(image, n_clusters=3, downsample=5)
        """
        return f"import napari_kseg as kseg\n\nseg = kseg.segment(image, {self.arguments('mask')})"

    def arguments(self, mask: str, left_out: Iterable[str] = ()) -> str:
        """Return the keywords of a call, as source text: the number of clusters and what differs from the defaults.

        Parameters
        ----------
        mask : str
            Python for the mask, if one was given.
        left_out : iterable of str, optional
            Settings not to name.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("masked", *left_out):
            del given[name]
        defaults = Settings()
        arguments = [f"n_clusters={given.pop('n_clusters')!r}"] + [f"mask={mask}"] * self.masked
        arguments += [f"{name}={value!r}" for name, value in given.items() if value != getattr(defaults, name)]
        return ", ".join(arguments)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Settings":
        """Make settings from a dictionary, such as `to_dict` returns."""
        refuse_unknown(values)
        return cls(**values)


def refuse_unknown(values: Mapping[str, Any]) -> None:
    """Raise TypeError if a name is not a setting."""
    known = [field.name for field in fields(Settings)]
    for name in values:
        if name not in known:
            raise TypeError(f"{name!r} is not a setting; the settings are {', '.join(known)}")


def _checked_n_clusters(n_clusters: Any) -> Any:
    if isinstance(n_clusters, str):
        if n_clusters == "auto":
            return n_clusters
        raise TypeError(f'n_clusters={n_clusters!r} is a str; it must be an integer, 1 or more, or "auto"')
    number = checked_integer("n_clusters", n_clusters, low=1)
    if number > MAX_CLUSTERS:
        raise ValueError(f"n_clusters={number}, but labels are 16-bit: use n_clusters={MAX_CLUSTERS} or less")
    return number


def _checked_channel_axis(axis: Any) -> Any:
    if axis is None or (isinstance(axis, str) and axis == "auto"):
        return axis
    try:
        if isinstance(axis, (bool, np.bool_)):
            raise TypeError
        return operator.index(axis)
    except TypeError:
        raise TypeError(f'channel_axis={axis!r} must be "auto", None or an integer') from None


def _checked_downsample(downsample: Any) -> Any:
    if isinstance(downsample, str):
        if downsample == "auto":
            return downsample
        raise ValueError(f'downsample={downsample!r} is not known; use "auto", 1 for none, or a factor of 1 or more')
    factors = tuple(downsample) if isinstance(downsample, (tuple, list, np.ndarray)) else (downsample,)
    for factor in factors:
        if isinstance(factor, bool) or not isinstance(factor, (int, float, np.integer, np.floating)):
            raise TypeError(f'downsample={downsample!r} must be "auto", a number, or a number for each spatial axis')
        if not (factor >= 1 and math.isfinite(factor)):
            raise ValueError(
                f"downsample={downsample!r}, but it must be 1 or more: 5 means that 5 by 5 pixels are averaged to one"
            )
    plain = tuple(int(factor) if float(factor).is_integer() else float(factor) for factor in factors)
    return plain if isinstance(downsample, (tuple, list, np.ndarray)) else plain[0]


def _table(init: Any) -> tuple[tuple[float, ...], ...]:
    """Given centroids as tuples; a flat list is one value for each cluster."""
    try:
        table = np.array(init, np.float64)
    except (TypeError, ValueError):
        raise TypeError(f'init={init!r} must be "k-means++", "random" or an array of centroids (K, C)') from None
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2:
        raise ValueError(f"init has shape {table.shape}; give centroids of shape (K, C): clusters, channels")
    return tuple(tuple(row) for row in table.tolist())


def _checked_fixed(fixed: Any, init: Any) -> tuple[int, ...]:
    if not isinstance(fixed, (tuple, list, np.ndarray, range)):
        raise TypeError(f"fixed={fixed!r} must be a sequence of rows of init, counted from 0, such as [0, 2]")
    rows = {checked_integer("fixed", row, low=0) for row in fixed}
    if rows and isinstance(init, str):
        raise ValueError(f"fixed={list(fixed)} names rows of init, but init is {init!r}; give an array of seeds")
    if rows and max(rows) >= len(init):
        raise ValueError(f"fixed={list(fixed)} names row {max(rows)}, but init has the rows 0 to {len(init) - 1}")
    return tuple(sorted(rows))


CHECKS: dict[str, Callable[[Any], Any]] = {
    "n_clusters": _checked_n_clusters,
    "channel_axis": _checked_channel_axis,
    "downsample": _checked_downsample,
    "nodata": checked_nodata,
    "background": partial(checked_limit, "background"),
    "saturated": partial(checked_limit, "saturated"),
    "color_space": checked_color_space,
    "channels": checked_channels,
    "channel_weights": checked_weights,
    "normalize": checked_normalize,
    "sigma": partial(checked_lengths, "sigma", zero=True),
    "spacing": partial(checked_lengths, "spacing", none=True),
    "texture": checked_texture,
    "position_weight": checked_position_weight,
}
"""What settings that depend on no other are checked by."""


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value
