"""What the axes of a result are in OME-Zarr: names, order, units, and where pixels of each level lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .wording import counted

ORDER = "tczyx"
"""All axes that there may be, in the order in which OME-Zarr wants them."""

_DEFAULT = {2: "yx", 3: "zyx", 4: "tzyx", 5: "tczyx"}
_KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
_PREFIXES = [
    "yocto", "zepto", "atto", "femto", "pico", "nano", "micro", "milli", "centi", "deci", "hecto", "kilo", "mega",
    "giga", "tera", "peta", "exa", "zetta", "yotta",
]  # fmt: skip
_LENGTHS = {"angstrom", "foot", "inch", "mile", "parsec", "yard", "meter", *(f"{p}meter" for p in _PREFIXES)}
_TIMES = {"second", "minute", "hour", "day", *(f"{p}second" for p in _PREFIXES)}
_SHORT = {
    "um": "micrometer", "µm": "micrometer", "μm": "micrometer", "micron": "micrometer", "nm": "nanometer",
    "mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer", "å": "angstrom",
    "s": "second", "sec": "second", "ms": "millisecond", "min": "minute", "h": "hour",
}  # fmt: skip


@dataclass(frozen=True)
class Axes:
    """The axes of labels, in the order in which they are written.

    Parameters
    ----------
    names : str
        A letter of each axis, some of "tczyx" in this order.
    units : tuple of str or None
        Unit of each axis, None for pixels.
    scale, translate : tuple of float
        Size of a pixel along each axis, and where the center of the first one lies.
    order : tuple of int
        Which axis of the labels, as they are in memory, each one is.
    """

    names: str
    units: tuple[str | None, ...]
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    order: tuple[int, ...]

    @classmethod
    def of(
        cls,
        ndim: int,
        has_channels: bool,
        axes: str | Sequence[str] | None,
        scale: Sequence[float] | float,
        units: str | Sequence[str | None] | None,
        translate: Sequence[float] | None,
    ) -> "Axes":
        """Check what a user says about the spatial axes of an image, and put them in order."""
        names = _checked_names(ndim, has_channels, axes)
        shown = " ".join(names)
        sizes = _numbers("scale", scale, names)
        if not all(size > 0 for size in sizes):
            raise ValueError(f"scale={scale} must be above 0 for each of the axes {shown}")
        places = _numbers("translate", 0.0 if translate is None else translate, names)
        unit_of_each = _checked_units(units, names)
        order = tuple(sorted(range(ndim), key=lambda axis: ORDER.index(names[axis])))
        return cls(
            "".join(names[axis] for axis in order),
            tuple(unit_of_each[axis] for axis in order),
            tuple(sizes[axis] for axis in order),
            tuple(places[axis] for axis in order),
            order,
        )

    @property
    def channel_place(self) -> int:
        """Where the channels of the image come among these axes."""
        return 1 if self.names.startswith("t") else 0

    def with_channels(self) -> "Axes":
        """Return the axes of the image; its channels are in none of those of the labels, so their order is left out."""
        at = self.channel_place

        def added(values: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
            return (*values[:at], value, *values[at:])

        names = self.names[:at] + "c" + self.names[at:]
        return Axes(names, added(self.units, None), added(self.scale, 1.0), added(self.translate, 0.0), ())

    def metadata(self) -> list[dict[str, str]]:
        """Return the axes as OME-Zarr describes them."""
        described = []
        for name, unit in zip(self.names, self.units, strict=True):
            described.append({"name": name, "type": _KINDS[name]} | ({"unit": unit} if unit else {}))
        return described

    def transformations(self, factors: Sequence[int]) -> list[dict[str, Any]]:
        """Return where the pixels of a level lie that stand for so many pixels along each axis.

        A pixel lies in the middle of those that it stands for, half a pixel or more behind the first of them.
        """
        scale = [size * factor for size, factor in zip(self.scale, factors, strict=True)]
        translate = [
            place + size * (factor - 1) / 2
            for place, size, factor in zip(self.translate, self.scale, factors, strict=True)
        ]
        found: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        return [*found, {"type": "translation", "translation": translate}] if any(translate) else found

    def pixel_size(self) -> float:
        """Area, or volume, of a pixel in space."""
        return float(np.prod([size for name, size in zip(self.names, self.scale, strict=True) if name in "zyx"]))


def _checked_names(ndim: int, has_channels: bool, axes: str | Sequence[str] | None) -> list[str]:
    highest = 5 - has_channels
    if not 2 <= ndim <= highest:
        besides = ", besides its channels" if has_channels else ""
        raise ValueError(f"the image has {counted(ndim, 'axis')}{besides}, but OME-Zarr holds 2 to {highest} of them")
    if axes is None:
        return list(_DEFAULT[ndim])
    names = [str(name).lower() for name in axes]
    allowed = ORDER.replace("c", "") if has_channels else ORDER
    if len(names) != ndim or len(set(names)) != ndim or not {"y", "x"} <= set(names) <= set(allowed):
        besides = " besides the channels" if has_channels else ""
        raise ValueError(
            f"axes={axes!r} does not name the {ndim} axes of the image{besides}; give {ndim} different letters of "
            f'"{allowed}", y and x among them, such as "{_DEFAULT[ndim]}"'
        )
    return names


def _numbers(name: str, values: Any, names: list[str]) -> list[float]:
    """One number for each axis; a single one is for the axes of space."""
    default = 1.0 if name == "scale" else 0.0
    try:
        if np.ndim(values) == 0:
            numbers = [float(values) if axis in "zyx" else default for axis in names]
        else:
            numbers = [float(value) for value in values]
    except (TypeError, ValueError):
        numbers = []
    if len(numbers) != len(names) or not np.isfinite(numbers).all():
        raise ValueError(f"{name}={values} must be a number for each of the axes {' '.join(names)}")
    return numbers


def _checked_units(units: str | Sequence[str | None] | None, names: list[str]) -> list[str | None]:
    if units is None or isinstance(units, str):
        given = [units if name in "zyx" else None for name in names]
    else:
        given = [None if unit is None else str(unit) for unit in units]
    if len(given) != len(names):
        raise ValueError(f"units={units!r} must be a unit, or None, for each of the axes {' '.join(names)}")
    return [_unit(unit, name) for unit, name in zip(given, names, strict=True)]


def _unit(given: str | None, axis: str) -> str | None:
    if given is None or given.lower() in ("", "pixel", "pixels", "dimensionless", "none"):
        return None
    plain = given.strip()
    unit = _SHORT.get(plain.lower(), plain.lower().replace("metre", "meter"))
    known = {"time": _TIMES, "space": _LENGTHS}.get(_KINDS[axis], set())
    if unit not in known:
        singular = unit.removesuffix("s")
        if singular not in known:
            example = "second" if axis == "t" else "micrometer"
            raise ValueError(
                f'the unit {given!r} of the axis {axis} is not known; give one such as "{example}", or None for pixels'
            )
        unit = singular
    return unit
