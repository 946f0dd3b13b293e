"""Runs in a thread: one at a time, the newest wins."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
import time
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import finalize

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, QThreadPool, QTimer, Signal, Slot
from superqt.utils import create_worker as create_quiet_worker

from napari_kseg.viewer.activity import ActivityBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_kseg.viewer.request import Request

PROGRESS_INTERVAL = 100
"""Milliseconds between two looks at the progress: what the eye can follow."""
PROGRESS_DELAY = 0.4
"""Seconds after which progress is shown: each look repaints the window, and makes 12 megapixels take 0.9 s, not 0.3."""
ACTIVITY_DELAY = 0.8
"""Seconds after which a run is shown in the activity dock; there a bar that comes and goes would only flicker."""


WORTH_WAITING = 0.3
"""Seconds that a newer live step waits for the one before it."""

EXIT_TIMEOUT = 10_000
"""Milliseconds that the end of the process waits for our threads; they stop at the next block or compiled kernel."""

_exiting = threading.Event()


class _Warnings(QObject):
    """Keeps the warning filters of the process as they are found, whatever workers of several panels do to them.

    Each worker swaps them while it runs, and two that overlap restore them in the wrong order. They are restored in the
    thread of the window, which may itself have swapped them for a while.
    """

    def __init__(self) -> None:
        super().__init__()
        self._n_workers = 0
        self._kept = warnings.catch_warnings()

    def keep(self, worker: Any) -> None:
        """Restore the filters after this worker, which is not started yet, unless others still run."""
        if not self._n_workers:
            self._kept = warnings.catch_warnings()
            self._kept.__enter__()
        self._n_workers += 1
        worker.finished.connect(self._restore)

    @Slot()
    def _restore(self) -> None:
        self._n_workers -= 1
        if not self._n_workers:
            self._kept.__exit__(None, None, None)


_warnings = _Warnings()


class _Canceled(Exception):
    """Raised in the engine's callback to end a run between two blocks."""


@atexit.register
def _end_threads() -> None:
    """End what still runs: a worker that outlives Qt's objects takes the process down with an error."""
    _exiting.set()
    QThreadPool.globalInstance().waitForDone(EXIT_TIMEOUT)


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a request ended: with what it prepared, or with one sentence that says why not."""

    request: Request
    seconds: float
    prepared: Any = None
    error: str | None = None


@dataclass(eq=False)
class _Job:
    """A request on its way through a thread. Called there, it leaves an outcome unless it was canceled."""

    request: Request | None
    """None once the run is over."""
    canceled: threading.Event = field(default_factory=threading.Event)
    started: float = field(default_factory=time.perf_counter)
    progress: tuple[str, int, int] = ("", 0, 0)
    outcome: Outcome | None = None
    worker: Any = None

    def __call__(self) -> None:
        if self.request is not None:
            with contextlib.suppress(_Canceled):
                self.outcome = _made(self.request, self.started, self.report)

    def __str__(self) -> str:  # napari asks with it whether a window may be closed
        return "K-means segmentation"

    def report(self, stage: str, done: int, total: int) -> None:
        """Take a report of the engine, in the thread of the run."""
        if self.canceled.is_set() or self.worker.abort_requested or _exiting.is_set():
            raise _Canceled
        self.progress = (stage, done, total)

    def release(self) -> None:
        """Let go of image and result: napari keeps its workers as long as the window."""
        self.request = self.outcome = self.worker = None


class Runner(QObject):
    """Runs requests away from the GUI thread, one after the other.

    A new request cancels the one before. `finished` comes once for a request that was not
    canceled, after `stopped`; nothing comes after the parent is gone.
    """

    started = Signal()
    progressed = Signal(str, int, int)
    stopped = Signal()
    finished = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._job: _Job | None = None
        self._pending: Request | None = None
        self._warming = False
        self._usual_time = float("inf")
        self._shown = ("", 0, 0)
        self._activity = ActivityBar()
        self._timer = QTimer(self)
        self._timer.setInterval(PROGRESS_INTERVAL)
        self._timer.timeout.connect(self._on_timer_timeout)
        # A window that closes takes this object with it; what runs for it should end as well.
        self._live: list[threading.Event] = []
        # Not by the signal `destroyed`: its slot may be collected as garbage first, and calling it ends the process.
        finalize(self, _set_all, self._live)

    @property
    def request(self) -> Request | None:
        """The request that waits or runs and is not canceled."""
        if self._pending is None and self._job is not None and not self._job.canceled.is_set():
            return self._job.request
        return self._pending

    def warm_up(self) -> None:
        """Import and compile what a run needs; a request that comes meanwhile waits."""
        self._warming = True
        # Not napari's worker: nobody should be asked at closing whether this may be ended.
        worker = create_quiet_worker(_warm_up, _start_thread=False, _ignore_errors=True)
        _warnings.keep(worker)
        worker.finished.connect(self._on_warm_up_finished)
        worker.start()

    def run(self, request: Request) -> None:
        """Run `request` as soon as what runs now has let go."""
        self._pending = request
        if self._job is not None and not (request.live and self._ends_soon(self._job)):
            self._job.canceled.set()
        self.started.emit()
        self._start_pending()

    def cancel(self) -> None:
        """Cancel what runs or waits; it leaves nothing behind."""
        if self.request is not None:
            self._pending = None
            if self._job is not None:
                self._job.canceled.set()
            self._activity.close()
            self.stopped.emit()

    def _ends_soon(self, job: _Job) -> bool:
        """Whether the result of a live step is worth waiting for: else nothing would be seen while a slider moves."""
        left = self._usual_time - (time.perf_counter() - job.started)
        return job.request is not None and job.request.live and abs(left) < WORTH_WAITING

    def _start_pending(self) -> None:
        # Never two at a time: the older one would take half of the processor from the newer one.
        if self._pending is None or self._job is not None or self._warming:
            return
        request, self._pending = self._pending, None
        job = _Job(request)
        # napari asks at closing whether its workers may be ended, and so keeps each as long as the window, 10 kB of it.
        # A live step is over before one could answer, and there are thousands of them.
        create = create_quiet_worker if request.live else create_worker
        # The job brings its errors back as sentences; one raised in the thread could end the process.
        job.worker = create(job, _start_thread=False, _ignore_errors=True)
        _warnings.keep(job.worker)
        job.worker.finished.connect(self._on_worker_finished)
        self._job, self._shown, self._live[:] = job, job.progress, [job.canceled]
        job.worker.start()
        self._timer.start()

    def _on_warm_up_finished(self) -> None:
        self._warming = False
        self._start_pending()

    def _on_worker_finished(self) -> None:
        job, self._job = self._job, None
        self._timer.stop()
        self._activity.close()
        if job is None:
            return
        outcome, canceled = job.outcome, job.canceled.is_set()
        if outcome is not None:
            self._usual_time = outcome.seconds
        job.release()
        self._start_pending()
        if not canceled:
            if self._job is None:
                self.stopped.emit()
            if outcome is not None:
                self.finished.emit(outcome)

    def _on_timer_timeout(self) -> None:
        job = self._job
        if job is None or job.canceled.is_set() or job.progress == self._shown:
            return
        if time.perf_counter() - job.started < PROGRESS_DELAY:
            return
        self._shown = job.progress
        self.progressed.emit(*job.progress)
        if job.request is not None and time.perf_counter() - job.started > ACTIVITY_DELAY:
            self._activity.report(f"Segmenting {job.request.name}", *job.progress[1:])


def _set_all(events: list[threading.Event]) -> None:
    for event in events:
        event.set()


def _made(request: Request, started: float, report: Callable[[str, int, int], None]) -> Outcome:
    """Compute what was asked for, in a worker's thread. What the user can mend comes back as a sentence."""
    result: dict[str, Any]
    try:
        result = {"prepared": request.prepare(report)}
    except MemoryError as error:
        result = {"error": f"not enough memory to segment {request.source.name!r}: {error}"}
    except (ValueError, TypeError) as error:
        result = {"error": str(error)}
    except _Canceled:
        raise
    except Exception as error:  # reading a lazy image may raise anything
        logging.getLogger(__name__).exception("segmentation of %r failed", request.source.name)
        result = {"error": f"{request.source.name} could not be segmented: {type(error).__name__}: {error}"}
    return Outcome(request, time.perf_counter() - started, **result)


def _warm_up() -> None:
    """Import what the first run would wait for and compile the kernels."""
    import pandas  # noqa: F401  # napari's first Labels layer imports it in the GUI thread

    import napari_kseg.image.segment
    import napari_kseg.viewer.layer_parts
    import napari_kseg.viewer.result_layers  # noqa: F401
    from napari_kseg.kmeans import warm_up

    with contextlib.suppress(_Canceled):
        warm_up(_stop_at_exit)


def _stop_at_exit(*_: object) -> None:
    if _exiting.is_set():
        raise _Canceled
