"""Work on blocks: one thread pool for the process, results in block order, progress and cancellation in between.

Kernels release the GIL, so plain threads are as fast as Numba's parallel loops, cost half the time to compile, and stay
clear of Numba's threading layers, one of which aborts the process when two threads enter it (docs/decisions/0001).
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

import numba

Callback = Callable[[str, int, int], None]
"""`callback(stage, done, total)`, called in the thread that asked for the work; what it raises stops the run."""

Result = TypeVar("Result")

BLOCK_VALUES = 1 << 20
"""Samples × features of a block: 1 MB of bytes. Smaller blocks cost (16 k samples: 2.5 times), larger react late."""

_worker = threading.local()


def n_threads() -> int:
    """Threads to use: all the process may, or NUMBA_NUM_THREADS."""
    return int(numba.config.NUMBA_NUM_THREADS)


def block_length(n_features: int) -> int:
    """Samples in a block; it depends on nothing else, so that sums over blocks are the same on every machine."""
    return max(1024, BLOCK_VALUES // n_features)


def map_blocks(
    function: Callable[[int], Result], n_blocks: int, *, stage: str = "", callback: Callback | None = None
) -> list[Result]:
    """Results of `function(0) … function(n_blocks - 1)`, in this order, computed on the pool."""
    report = callback or _ignore
    report(stage, 0, n_blocks)
    results: list[Result] = []
    if (
        n_blocks == 1 or n_threads() == 1 or getattr(_worker, "active", False)
    ):  # a pool thread must not wait for its pool
        for i in range(n_blocks):
            results.append(function(i))
            report(stage, i + 1, n_blocks)
        return results
    pending: deque[Future[Result]] = deque()
    try:
        for i in range(n_blocks):
            pending.append(_pool().submit(function, i))
            if len(pending) > 2 * n_threads():
                results.append(pending.popleft().result())
                report(stage, len(results), n_blocks)
        while pending:
            results.append(pending.popleft().result())
            report(stage, len(results), n_blocks)
    except BaseException:
        for future in pending:
            future.cancel()
        wait(pending)  # nothing may still write into the caller's arrays after the exception
        raise
    return results


def _ignore(stage: str, done: int, total: int) -> None:
    """No one listens."""


def _mark_worker() -> None:
    _worker.active = True


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads(), thread_name_prefix="napari-kseg", initializer=_mark_worker)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
