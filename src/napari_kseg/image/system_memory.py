"""Memory that chunks have left behind: the C library of Linux keeps it, several times as much as is in use."""

import ctypes
import time
from functools import cache
from typing import Any

EVERY = 0.25
"""Seconds from one time to the next; each takes some milliseconds."""


class _Memory:
    """The memory of this process."""

    def __init__(self) -> None:
        self._last = 0.0

    def give_back(self, *, at_once: bool = False) -> None:
        """Let the system have what is free, if that was not done a moment ago."""
        now = time.monotonic()
        if at_once or now - self._last > EVERY:
            self._last = now
            _trim()(0)


@cache
def _trim() -> Any:
    """Return the function of the C library, or one that does nothing where it has none."""
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return abs


memory = _Memory()
