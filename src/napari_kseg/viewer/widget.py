"""The widget "K-means Segmentation": the form, what comes of it, and what can be done with that, wired together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, PushButton
from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy

from napari_kseg.viewer.background import cancel_background
from napari_kseg.viewer.canvas import ClickedPixels
from napari_kseg.viewer.cluster_actions import ClusterActions
from napari_kseg.viewer.console import tell_console
from napari_kseg.viewer.controller import Controller
from napari_kseg.viewer.form import SettingsForm
from napari_kseg.viewer.history import History
from napari_kseg.viewer.last_session import remember
from napari_kseg.viewer.more_actions import MoreActions
from napari_kseg.viewer.plots_panel import TRIED
from napari_kseg.viewer.result_panel import ResultPanel
from napari_kseg.viewer.show_switch import show
from napari_kseg.viewer.summary import duration, summary
from napari_kseg.viewer.where import WHOLE, camera_of
from napari_kseg.viewer.worker import Outcome, Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from napari.layers import Image

    from napari_kseg.viewer.crop import Crop
    from napari_kseg.viewer.request import Request

NO_IMAGE = "Open an image to segment it."
MIN_WIDTH = 280
LIVE_DELAY = 30
"""Milliseconds that a live step waits for another change: a slider passes several numbers at once."""
VIEW_DELAY = 100
"""Milliseconds after the last move of the camera until the canvas has drawn, and knows what is seen."""
PAINT_DELAY = 200
"""Milliseconds after which counts follow what was painted."""


class KMeansWidget(SettingsForm):
    """Segment an Image layer by K-means, as a form in a dock.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The viewer whose images are offered and that gets the layers.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._is_closed = False
        super().__init__(viewer)
        self._chosen: Image | None = None
        self._run = PushButton(name="run", text="Run", tooltip="Segment the image.")
        self._cancel = PushButton(
            name="cancel", text="Cancel", enabled=False, tooltip="Stop; nothing is left of what is not finished."
        )
        self._live = CheckBox(
            name="live",
            text="Live",
            tooltip="Segment anew whenever a setting changes, also while a slider is dragged; and, if the region is "
            "what is seen of the image, whenever another part of it is seen.",
        )
        self._panel = ResultPanel()
        self._arrange()
        self._controller = Controller(self._viewer)
        self._runner = Runner(self.native)
        self._live_timer, self._paint_timer = self._timer(LIVE_DELAY), self._timer(PAINT_DELAY)
        self._view_timer = self._timer(VIEW_DELAY)
        self._live_crop: Crop | None = None
        self._clicked_pixels = ClickedPixels(self._viewer)
        self._connect()
        self.clusters = ClusterActions(self, self._controller, self._runner, self._panel, self._ask)
        self.more = MoreActions(self, self._viewer, self._controller, self._runner, self._panel)
        self._panel.add_button(self.more.button)
        self._panel.add_bar(self.more.bar)
        self._runner.warm_up()
        tell_console(self._viewer)
        self._open()

    def _timer(self, delay: int) -> QTimer:
        timer = QTimer(self.native)
        timer.setSingleShot(True)
        timer.setInterval(delay)
        return timer

    def _arrange(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self._run.native, 2)
        buttons.addWidget(self._live.native)
        buttons.addWidget(self._cancel.native, 1)
        layout = self.native.layout()
        layout.addLayout(self.rows())
        layout.addWidget(self._recipe.section)
        layout.addLayout(buttons)
        layout.addWidget(self._panel)
        self.native.setMinimumWidth(MIN_WIDTH)
        # What is left of the height goes to the table, not to an empty strip.
        self.native.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def _connect(self) -> None:
        self._run.changed.connect(self._on_run_clicked)
        self._cancel.changed.connect(self._on_cancel_clicked)
        self._live.changed.connect(self._on_live_ticked)
        self._image.changed.connect(self._on_image_changed)
        self.listen(self._on_setting_changed)
        self._live_timer.timeout.connect(self._run_live)
        self._view_timer.timeout.connect(self._run_live_elsewhere)
        self._paint_timer.timeout.connect(self._on_paint_timeout)
        self.native_parent_changed.connect(self._on_parent_changed)
        self._connect_panel()
        self._runner.started.connect(self._on_runner_started)
        self._runner.progressed.connect(self._panel.show_progress)
        self._runner.stopped.connect(self._on_runner_stopped)
        self._runner.finished.connect(self._on_runner_finished)

    def _connections(self) -> list[tuple[Any, Callable[..., None]]]:
        """Return the events of the viewer that are followed, each with its slot."""
        layers, dims, camera = self._viewer.layers, self._viewer.dims.events, camera_of(self._viewer).events
        views = (dims.current_step, dims.order, dims.ndisplay, camera.center, camera.zoom)
        lists = (layers.events.inserted, layers.events.removed, layers.events.renamed)
        return [
            (layers.selection.events.active, self._follow_active_layer),
            *((event, self._on_view_changed) for event in views),
            *((event, self._on_layers_changed) for event in lists),
        ]

    def _connect_panel(self) -> None:
        panel = self._panel
        panel.mode_chosen.connect(self._on_mode_chosen)
        panel.labels_painted.connect(self._on_labels_painted)
        panel.plots.choices_wanted.connect(self._on_choices_wanted)
        panel.plots.chosen.connect(self._on_number_chosen)
        self._clicked_pixels.clicked.connect(self._on_pixel_clicked)

    def reset_choices(self, *_: object) -> None:
        """Offer the images that there are now. The chosen one stays, also under a new name."""
        if self._is_closed:  # napari asks for it once more
            return
        with self._image.changed.blocked():
            super().reset_choices()
            if any(self._chosen is choice for choice in self._image.choices):
                self._image.value = self._chosen
            self._recipe.reset_choices()
        self._on_image_changed()

    def _follow_active_layer(self, _: object = None) -> None:
        """Choose the image that is active, or of which a layer of its result is."""
        active = self._viewer.layers.selection.active
        if active is not None:
            image = next(iter(self._controller.sources(active)), active)
            if any(image is choice for choice in self._image.choices):
                self._image.value = image

    def _on_layers_changed(self, _: object = None) -> None:
        self.reset_choices()
        request = self._runner.request
        if request is not None and not request.is_still_in(self._viewer.layers):
            self._runner.cancel()
            self._panel.show_status(f"Stopped: {request.source.name} was removed.")
            self.more.removed(request)

    def _on_image_changed(self, _: object = None) -> None:
        """Follow the chosen image: its result, or what is missing."""
        layer = self._image.value
        # Only at a change: napari calls this for each layer that goes, and would wipe out what was said of it.
        if layer is not self._chosen and self._runner.request is None:
            self._panel.show_status("" if layer is not None else NO_IMAGE)
        if layer is not self._chosen:
            self._follow_values(layer)
            self._panel.plots.clear_choices()
            self._paint_timer.start()  # it may have been painted on while another image was chosen
        self._run.enabled = layer is not None
        self._show_outputs()

    def _follow_values(self, layer: Image | None) -> None:
        """Notice when the values of the chosen image change."""
        if self._chosen is not None:
            self._chosen.events.set_data.disconnect(self._on_values_changed)
            self._chosen.events.data.disconnect(self._on_data_replaced)
        self._chosen, self._live_crop = layer, None
        if layer is not None:
            layer.events.set_data.connect(self._on_values_changed)
            layer.events.data.connect(self._on_data_replaced)
        self._controller.forget_values()

    def _on_values_changed(self, _: object = None) -> None:
        self._controller.forget_values()

    def _on_data_replaced(self, _: object = None) -> None:
        self._panel.plots.clear_choices()

    def _show_outputs(self) -> None:
        """Show the result of the chosen image, and its history."""
        layer = self._image.value
        if layer is None:
            self._panel.set_result(None, None)
            self._panel.set_history(History(), 0)
            return
        self._panel.set_result(*self._controller.outputs(layer))
        history = self._controller.history(layer)
        base = history.base("similar")
        self._panel.set_history(history, 0 if base is None else base.segmentation.n_clusters)

    def _ask(self, ask: Callable[[], Request | None], *, aloud: bool = True) -> None:
        """Run what is asked for, or say why it is not possible."""
        running = self._runner.request
        if running is not None and running.is_long:
            self._panel.show_status(f"{running.name} is worked on; Cancel first.")
            return
        try:
            request = ask()
        except ValueError as error:
            self._panel.show_status(str(error))
            if aloud:
                show_error(str(error))
            return
        if request is not None:
            self._runner.run(request)

    def segment(self) -> None:
        """Do what the button Run does."""
        self._on_run_clicked()

    def _on_run_clicked(self, _: object = None) -> None:
        layer = self._image.value
        if layer is None:
            show_error(NO_IMAGE)
            return

        def ask() -> Request:
            keywords = self.keywords()
            request = self._controller.run(layer, **keywords)
            remember(keywords["settings"])
            return request

        self._ask(ask)

    def _on_live_ticked(self, is_live: bool) -> None:
        if is_live:
            self._on_setting_changed()
        else:  # what live steps share takes memory
            self._controller.forget_values()

    def _on_setting_changed(self, _: object = None) -> None:
        # Not started again by each change: while a slider moves, the timer would never end.
        if self._live.value and self._image.value is not None and not self._live_timer.isActive():
            self._live_timer.start()

    def _on_view_changed(self, _: object = None) -> None:
        # This one is started again: only the last of many views is sure to be drawn when it ends.
        if self._live.value and self._image.value is not None and self._recipe.where.region.value != WHOLE:
            self._view_timer.start()

    def _run_live_elsewhere(self) -> None:
        self._run_live(elsewhere=True)

    def _run_live(self, *, elsewhere: bool = False) -> None:
        """Segment; `elsewhere`: only if it is another part of the image than the last time."""
        layer = self._image.value
        if layer is None or not self._live.value:
            return
        if self._recipe.where.channels():  # only the values of the chosen image are watched
            self._controller.forget_values()

        def ask() -> Request | None:
            keywords = self.keywords()
            if elsewhere and keywords["crop"] == self._live_crop:
                return None
            self._live_crop = keywords["crop"]
            return self._controller.run(layer, live=True, **keywords)

        self._ask(ask, aloud=False)  # no notification: one may be in the middle of typing

    def _on_cancel_clicked(self, _: object = None) -> None:
        request = self._runner.request
        self._runner.cancel()
        self._panel.show_status(self.more.canceled(request))

    def _on_mode_chosen(self, mode: str) -> None:
        layer = self._image.value
        if layer is not None:
            show(mode, self._controller.recolored(layer), self._panel.labels)

    def _on_choices_wanted(self) -> None:
        layer = self._image.value

        def deliver(*found: Any) -> None:
            if layer is self._image.value:
                self._panel.plots.set_choices(*found)

        if layer is not None:
            self._ask(lambda: self._controller.choices(layer, self.settings(), TRIED, deliver, **self.taken()))

    def _on_number_chosen(self, n_clusters: int) -> None:
        self._n_clusters.value = n_clusters
        if not self._live.value:
            self._on_run_clicked()

    def _on_labels_painted(self) -> None:
        # Each change of the slice says so as well; comparing all labels for it would be felt.
        if self._viewer.layers.selection.active is self._panel.labels:
            self._paint_timer.start()

    def _on_paint_timeout(self) -> None:
        layer = self._image.value
        if self._runner.request is not None:
            self._paint_timer.start()
        elif layer is not None:
            self._ask(lambda: self._controller.painted(layer))

    def _on_pixel_clicked(self, position: Any) -> None:
        """Take a seed if they are being picked, else select the row of the cluster under a pixel."""
        if self._recipe.where.take_click(position):
            return
        labels = self._panel.labels
        if labels is not None and not self._panel.table.isHidden():
            label = self._clicked_pixels.value_of(labels, position)
            self._panel.table.select({label} if label else set())

    def _on_runner_started(self) -> None:
        cancel_background(self._viewer)
        self._cancel.enabled = True
        request = self._runner.request
        if request is not None and not request.live:
            self._panel.show_progress("Preparing", 0, 1)  # a bar without an end would move, and repaint the window

    def _on_runner_stopped(self) -> None:
        self._cancel.enabled = False
        self._panel.hide_progress()

    def _on_runner_finished(self, outcome: Outcome) -> None:
        """Show a result on the layer that it was computed from, or nowhere."""
        request = outcome.request
        if not request.is_still_in(self._viewer.layers):
            return
        if outcome.error is not None:
            self._panel.show_status(outcome.error)
            if not request.live and not self.more.takes(outcome):
                show_error(outcome.error)
        elif request.layer is not None and not request.source.is_shown_by(request.layers):
            self._panel.show_status(f"{request.layer.name} changed meanwhile; run again.")
        else:
            self._show_result(request, outcome)

    def _show_result(self, request: Request, outcome: Outcome) -> None:
        # napari makes each layer active that is added; our choice must not follow to and fro.
        with self._viewer.layers.selection.events.active.blocker(self._follow_active_layer):
            warning = request.show(outcome.prepared)
        self._on_image_changed()
        step = None if request.layer is None else self._controller.history(request.layer).current
        if step is not None:
            tell_console(self._viewer, step.segmentation)
        if request.done:
            said = f"{request.done} in {duration(outcome.seconds)}"
        elif step is not None:
            said = "; ".join(filter(None, [summary(step.segmentation, outcome.seconds), self._panel.counted_at]))
        else:
            said = self._panel.status
        is_here = request.layer is None or request.layer is self._image.value
        self._panel.show_status(said if is_here else f"{request.name}: {said}")
        if warning:
            show_warning(warning)

    def _on_parent_changed(self, parent: object = None) -> None:
        if parent is None:
            self._close()
        elif self._is_closed:  # it is put into a dock again
            self._open()

    def _open(self) -> None:
        """Follow the viewer."""
        self._is_closed = False
        for event, slot in self._connections():
            event.connect(slot)
        self._clicked_pixels.open()
        self._panel.show_status(NO_IMAGE)
        self._panel.refill()  # what it shows from before may be gone
        self.reset_choices()
        self._follow_active_layer()
        self._panel.plots.start()

    def _close(self) -> None:
        """Let go of viewer and layers: the dock was closed."""
        self._runner.cancel()
        self._clicked_pixels.close()
        # napari keeps what is left of a slot until the event comes again, which may be never.
        for event, slot in self._connections():
            event.disconnect(slot)
        self._is_closed = True
        self._follow_values(None)
        self._panel.stop()
