"""Names and colors that a user gave to clusters; an empty one is none. K clusters."""

import re
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Marks = tuple[str, ...]


def with_names(names: Marks, given: Mapping[int, str]) -> Marks:
    """Return names (K,), some of them new."""
    for label, name in given.items():
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} of label {label} must be a str")
    return _replaced(names, given)


def with_colors(colors: Marks, given: Mapping[int, str]) -> Marks:
    """Return colors (K,), some of them new."""
    for label, color in given.items():
        if not isinstance(color, str):
            raise TypeError(f'the color {color!r} of label {label} must be a str such as "#ff8800"')
        if not re.fullmatch("(#[0-9a-fA-F]{6})?", color):
            raise ValueError(f'the color {color!r} of label {label} must be of the form "#rrggbb", such as "#ff8800"')
    return _replaced(colors, {label: color.lower() for label, color in given.items()})


def joined_marks(marks: Marks, numbers: NDArray[np.integer]) -> Marks:
    """Marks after clusters were joined to those of `numbers` (K + 1,): the one that they have in common, or none."""
    joined = []
    for number in range(1, int(numbers.max()) + 1):
        own = {mark for mark, then in zip(marks, numbers[1:], strict=True) if then == number and mark}
        joined.append(own.pop() if len(own) == 1 else "")
    return tuple(joined)


def with_given(colors: NDArray[np.float64], given: Marks) -> NDArray[np.float64]:
    """Return colors (K, 4), 0 to 1, and those given instead of them."""
    shown = colors.copy()
    for row, color in enumerate(given):
        if color:
            shown[row] = [*(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)), 1]
    return shown


def _replaced(marks: Marks, given: Mapping[int, str]) -> Marks:
    return tuple(str(given.get(label, mark)) for label, mark in enumerate(marks, 1))
