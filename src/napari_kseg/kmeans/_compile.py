"""How kernels are compiled.

A kernel takes 0.2 to 2 s to compile, most of it in Numba's own Python code, and again for each new type of an argument.
So there are few of them, without the parts that no one calls, and all input that is not written has one type.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

Item = TypeVar("Item", bound=np.generic)

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}

_lock = threading.Lock()
_warming: list[bool] = []
"""For each thread that keeps the collector off, whether it was on before the first of them came."""


def kernel(function: Any) -> Any:
    """Compile on first call, without the GIL, kept on disk where any place for Numba's cache is writable."""
    try:
        return nb.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # "cannot cache function …: no locator available": a read-only installation and home
        return nb.njit(**_OPTIONS)(function)


def part(function: Any, fastmath: Any = False) -> Any:
    """Compile for kernels only: Python cannot call it."""
    return nb.njit(fastmath=fastmath, no_cpython_wrapper=True, **_OPTIONS)(function)


def part_without_nan(function: Any) -> Any:
    """Make a `part` that may reorder minima and maxima, because its floats are never NaN."""
    return part(function, fastmath={"nnan", "nsz"})


def read_only(array: NDArray[Item]) -> NDArray[Item]:
    """View of an array that cannot be written through: a kernel is compiled anew for a writable one."""
    view = array.view()
    view.flags.writeable = False
    return view


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    """Keep it from looking again and again through all the objects that Numba makes: a sixth of the time to compile."""
    with _lock:
        _warming.append(_warming[0] if _warming else gc.isenabled())
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            was_on = _warming.pop()
            if was_on and not _warming:
                gc.enable()
