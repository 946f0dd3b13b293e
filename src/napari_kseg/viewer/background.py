"""What commands do where no panel is open: computed behind the window, shown in layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QObject

from napari_kseg.viewer.console import tell_console
from napari_kseg.viewer.controller import Controller
from napari_kseg.viewer.worker import Outcome, Runner

if TYPE_CHECKING:
    from napari_kseg.viewer.request import Request


class Background(QObject):
    """Runs requests of a window without a panel, and ends with the window.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer.window._qt_window)
        self._viewer = viewer
        self.controller = Controller(viewer)
        self._runner = Runner(self)
        self._runner.finished.connect(self._on_finished)
        self._runner.warm_up()

    def run(self, request: Request) -> None:
        """Carry out a request; the newest wins."""
        self._runner.run(request)

    def cancel(self) -> None:
        """Cancel what runs; it leaves nothing behind."""
        self._runner.cancel()

    def _on_finished(self, outcome: Outcome) -> None:
        request = outcome.request
        if not request.is_still_in(self._viewer.layers):
            return
        if outcome.error is not None:
            show_error(outcome.error)
        elif not request.source.is_shown_by(request.layers):
            show_warning(f"{request.name} changed meanwhile; do it again.")
        else:
            self._show(request, outcome)

    def _show(self, request: Request, outcome: Outcome) -> None:
        warning = request.show(outcome.prepared)
        step = None if request.layer is None else self.controller.history(request.layer).current
        if step is not None:
            tell_console(self._viewer, step.segmentation)
        if warning:
            show_warning(warning)


def background_of(viewer: Any) -> Background:
    """Return what runs behind a window."""
    there = _there(viewer)
    return Background(viewer) if there is None else there


def cancel_background(viewer: Any) -> None:
    """Let what runs behind a window end, as something newer is wanted: it would be shown in its place."""
    there = _there(viewer)
    if there is not None:
        there.cancel()


def _there(viewer: Any) -> Background | None:
    found: Background | None = viewer.window._qt_window.findChild(Background)
    return found
