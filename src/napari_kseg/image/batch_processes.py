"""Files worked on at once, each in one of several processes.

Processes, not threads: besides the kernels, which release the GIL, a small image is half Python, and Python cannot
record the warnings of two threads apart. 200 photos of 300 × 250 pixels on two busy cores: in turn 17 s, in two threads
22 s, in two processes of one kernel thread each 12 s; of two kernel threads each, 17 s.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from napari_kseg.kmeans import limit_threads, n_threads

from .batch_file import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .image_files import ImageFile

_stopped: Any = None
"""In a process that works: set when the run is over."""


class _Stopped(BaseException):
    """Raised in a process whose work is no longer wanted."""


def outcomes_in_processes(
    work: Callable[..., Outcome], files: Sequence[ImageFile], jobs: int
) -> Iterator[tuple[ImageFile, Outcome]]:
    """Yield what comes of each file, as soon as it is known.

    A process that is ended from outside, as for want of memory, takes down all that are at work: these files are then
    done one at a time, and of which the process ends again is given up.
    """
    left = dict.fromkeys(files)
    try:
        for file, outcome in _outcomes(work, files, min(jobs, len(files))):
            del left[file]
            yield file, outcome
    except BrokenProcessPool:
        for file in list(left):
            try:
                yield from _outcomes(work, [file], 1)
            except BrokenProcessPool:
                sentence = f"{file.label}: the process that worked on it was ended, perhaps for want of memory"
                yield file, Outcome(error=sentence)


def _outcomes(
    work: Callable[..., Outcome], files: Sequence[ImageFile], jobs: int
) -> Iterator[tuple[ImageFile, Outcome]]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that threads of this process hold
    stopped = context.Event()
    threads = max(1, n_threads() // jobs)
    pool = ProcessPoolExecutor(jobs, context, _start, (stopped, threads))
    try:
        futures = {pool.submit(_work, work, file): file for file in files}
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        stopped.set()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(stopped: Any, threads: int) -> None:
    global _stopped
    _stopped = stopped
    limit_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one tells the others
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the process that gave the work; without it, none would ever end this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(work: Callable[..., Outcome], file: ImageFile) -> Outcome:
    return work(file, callback=_check)


def _check(stage: str, done: int, total: int) -> None:
    if _stopped.is_set():
        raise _Stopped
