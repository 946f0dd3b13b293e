"""Points for the plot of an image that is not in memory, which are read away from the window."""

from __future__ import annotations

import atexit
import logging
import threading
from typing import TYPE_CHECKING
from weakref import WeakSet, finalize

from qtpy.QtCore import QObject, QTimer, Signal

from napari_kseg.image.cloud import cloud

if TYPE_CHECKING:
    from napari_kseg.image.cloud import Cloud
    from napari_kseg.image.segmentation import Segmentation

INTERVAL = 30
"""Milliseconds between two looks at whether the points are there."""
EXIT_TIMEOUT = 10.0
"""Seconds that the end of the process waits for a block that is being read."""


class _Canceled(Exception):
    """Raised between two blocks to end the reading."""


class _Reading(threading.Thread):
    """One result on its way; not by a worker of napari, whose threads are for runs, and few."""

    def __init__(self, seg: Segmentation) -> None:
        super().__init__(name="napari-kseg cloud", daemon=True)
        self._segmentation = seg
        self.canceled = threading.Event()
        self.found: Cloud | None = None

    def run(self) -> None:
        try:
            self.found = cloud(self._segmentation, callback=self._go_on)
        except _Canceled:
            pass
        except Exception:  # reading a lazy image may raise anything
            logging.getLogger(__name__).exception("the pixels for the plot cannot be read")

    def _go_on(self, *_: object) -> None:
        if self.canceled.is_set():
            raise _Canceled


_readings: WeakSet[_Reading] = WeakSet()


@atexit.register
def _end_readings() -> None:
    for reading in list(_readings):
        reading.canceled.set()
        if reading.is_alive():
            reading.join(EXIT_TIMEOUT)


class CloudReader(QObject):
    """Draws points from results in a thread, one at a time; the newest wins."""

    finished = Signal(object)
    """The cloud; None if the image cannot be read. It comes once for a result, unless that was canceled."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._reading: _Reading | None = None
        self._waiting: Segmentation | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._on_timeout)
        self._events: list[threading.Event] = []
        finalize(self, _set_all, self._events)  # a window that closes ends what is read for it

    def read(self, seg: Segmentation) -> None:
        """Draw points from a result as soon as what is read now has let go."""
        self.cancel()
        self._waiting = seg
        self._start()

    def cancel(self) -> None:
        """Want no points any more."""
        self._waiting = None
        if self._reading is not None:
            self._reading.canceled.set()

    def _start(self) -> None:
        if self._reading is None and self._waiting is not None:
            self._reading, self._waiting = _Reading(self._waiting), None
            self._events[:] = [self._reading.canceled]
            _readings.add(self._reading)
            self._reading.start()
            self._timer.start()

    def _on_timeout(self) -> None:
        reading = self._reading
        if reading is None or reading.is_alive():
            return
        self._reading = None
        self._timer.stop()
        self._start()
        if not reading.canceled.is_set():
            self.finished.emit(reading.found)


def _set_all(events: list[threading.Event]) -> None:
    for event in events:
        event.set()
