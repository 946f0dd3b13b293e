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

HEARTBEAT = 0.05
"""Seconds between two calls of the callback while one piece of work takes long."""

_thread = threading.local()
"""What a thread works for: `worker`, True in the pool; `checkpoint`, to call now and then in long work."""


class _Stopped(Exception):
    """Raised in a thread of the pool when the run that it works for has ended."""


def n_threads() -> int:
    """Threads to use: all the process may, or NUMBA_NUM_THREADS."""
    return int(numba.config.NUMBA_NUM_THREADS)


def limit_threads(n: int) -> None:
    """Use no more than `n` threads in this process from now on; only before anything was computed."""
    numba.config.NUMBA_NUM_THREADS = min(n, n_threads())


def block_length(n_features: int) -> int:
    """Samples in a block; it depends on nothing else, so that sums over blocks are the same on every machine."""
    return max(1024, BLOCK_VALUES // n_features)


def map_blocks(
    function: Callable[[int], Result], n_blocks: int, *, stage: str = "", callback: Callback | None = None
) -> list[Result]:
    """Results of `function(0) … function(n_blocks - 1)`, in this order, computed on the pool."""
    report = callback or _ignore
    report(stage, 0, n_blocks)
    # A pool thread must not wait for its own pool.
    if n_blocks == 1 or n_threads() == 1 or getattr(_thread, "worker", False):
        return _map_here(function, n_blocks, stage, report)
    return _map_on_pool(function, n_blocks, stage, report)


def checkpoint() -> None:
    """Report, or stop, in the middle of a long piece of work: an exception ends it if the run was stopped."""
    getattr(_thread, "checkpoint", _do_nothing)()


def _map_here(function: Callable[[int], Result], n_blocks: int, stage: str, report: Callback) -> list[Result]:
    results: list[Result] = []
    outer = getattr(_thread, "checkpoint", _do_nothing)

    def report_again() -> None:
        outer()
        report(stage, len(results), n_blocks)

    _thread.checkpoint = report_again
    try:
        for i in range(n_blocks):
            outer()
            results.append(function(i))
            report(stage, len(results), n_blocks)
    finally:
        _thread.checkpoint = outer
    return results


def _map_on_pool(function: Callable[[int], Result], n_blocks: int, stage: str, report: Callback) -> list[Result]:
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise _Stopped

    def work(i: int) -> Result:
        _thread.checkpoint = check
        return function(i)

    results: list[Result] = []
    pending: deque[Future[Result]] = deque()
    submitted = 0
    try:
        while len(results) < n_blocks:
            while submitted < n_blocks and len(pending) <= 2 * n_threads():
                pending.append(_pool().submit(work, submitted))
                submitted += 1
            if not pending[0].done():
                wait([pending[0]], HEARTBEAT)
            if pending[0].done():
                results.append(pending.popleft().result())
            report(stage, len(results), n_blocks)
    except BaseException:
        stopped.set()
        for future in pending:
            future.cancel()
        wait(pending)  # nothing may still write into the caller's arrays after the exception
        raise
    return results


def _ignore(stage: str, done: int, total: int) -> None:
    """No one listens."""


def _do_nothing() -> None:
    """There is nothing to check."""


def _mark_worker() -> None:
    _thread.worker = True


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads(), thread_name_prefix="napari-kseg", initializer=_mark_worker)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not survive a fork
