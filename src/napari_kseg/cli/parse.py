"""From the text of an option to a setting."""

from __future__ import annotations

import re
from typing import Any

from .errors import CommandError

OPTIONS = {
    "n_clusters": "--clusters",
    "channel_axis": "--channel-axis",
    "random_state": "--seed",
    "downsample": "--downsample",
    "nodata": "--nodata",
    "background": "--background",
    "saturated": "--saturated",
    "color_space": "--color-space",
    "channels": "--channels",
    "channel_weights": "--channel-weights",
    "normalize": "--normalize",
    "sigma": "--sigma",
    "texture": "--texture",
    "position_weight": "--position-weight",
    "spacing": "--spacing",
    "fixed": "--fixed",
    "min_size": "--min-size",
    "majority": "--majority",
    "exact_passes": "--exact-passes",
    "n_init": "--n-init",
    "max_iter": "--max-iter",
    "tol": "--tol",
}
"""What a keyword of `segment` is called here."""


def number(text: str, kind: type[int] | type[float], option: str, allowed: str) -> float | str:
    """Return a number, or "auto"."""
    if text == "auto":
        return text
    try:
        return kind(text)
    except ValueError:
        raise CommandError(f"{option} {text} is not possible; give {allowed}") from None


def numbers(text: str | None, kind: type[int] | type[float], option: str) -> Any:
    """Return one number, several that commas separate, or None if the option was not given."""
    if text is None:
        return None
    try:
        found = tuple(kind(part) for part in text.split(","))
    except ValueError:
        example = "0,2" if kind is int else "1,0.5"
        raise CommandError(
            f"{option} {text} is not possible; give a number, or several with commas between them, such as {example}"
        ) from None
    return found if len(found) > 1 else found[0]


def listed(found: Any) -> Any:
    """Return one number as a list of one."""
    return found if found is None or isinstance(found, tuple) else (found,)


def scales(text: str | None) -> Any:
    """Return False, True, or the smallest and the largest scale."""
    if text in (None, "auto"):
        return text == "auto"
    return numbers(text, float, "--texture")


def coordinates(text: str | None) -> Any:
    """Return pixel coordinates, one row for each point, or None if the option was not given."""
    if text is None:
        return None
    found = [numbers(point, float, "--points") for point in text.split()]
    if not found or any(not isinstance(point, tuple) or len(point) != len(found[0]) for point in found):
        raise CommandError(
            f"--points {text} is not possible; give row,column of each point with spaces between them, such as "
            '"9,20 70,8"'
        )
    return found


def in_options(message: str) -> str:
    """Return a sentence about keywords as one about options."""
    named = re.sub(rf"\b({'|'.join(OPTIONS)})=", lambda match: f"{OPTIONS[match[1]]} ", message)
    named = named.replace("recursive=True", "--recursive").replace(
        "raise max_iter, or tol", "raise --max-iter, or --tol"
    )
    return named.replace("None", "none")
