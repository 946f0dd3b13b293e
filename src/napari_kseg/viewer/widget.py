"""The widget "K-means Segmentation": a form, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, FloatSpinBox, PushButton, SpinBox, Widget
from napari.layers import Image
from napari.utils.notifications import show_error, show_warning
from qtpy.QtWidgets import QHBoxLayout, QSizePolicy

import napari_kseg
from napari_kseg.viewer.recipe_form import RecipeForm, form_layout, keep_narrow
from napari_kseg.viewer.result_panel import ResultPanel
from napari_kseg.viewer.show_switch import show
from napari_kseg.viewer.worker import Outcome, Request, Runner

if TYPE_CHECKING:
    import napari.viewer

    from napari_kseg.viewer.layers import LayerParts

NO_IMAGE = "Open an image to segment it."
MIN_WIDTH = 280


class KMeansWidget(Container[Widget]):
    """Segment an Image layer by K-means, as a form in a dock.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The viewer whose images are offered and that gets the layers.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        # napari hands out a proxy; through it no layer is identical to itself.
        self._viewer: Any = getattr(viewer, "__wrapped__", viewer)
        self._chosen: Image | None = None
        self._image: Any = ComboBox(
            name="image",
            label="Image",
            choices=self._list_images,
            tooltip="The image to segment. Follows the image selected in the layer list.",
        )
        self._n_clusters = SpinBox(
            name="n_clusters",
            label="Clusters",
            value=5,
            min=1,
            max=255,
            step=1,
            tooltip="How many kinds of stuff are in the image.",
        )
        self._downsample = FloatSpinBox(  # of whole numbers; a SpinBox cannot say "auto"
            name="downsample",
            label="Downsample",
            value=0,
            min=0,
            max=64,
            step=1,
            tooltip=(
                "Find the centroids on an image reduced by this factor. "
                "The result is always full resolution. "
                "auto: no reduction unless every pixel would take long."
            ),
        )
        self._random_state = SpinBox(
            name="random_state",
            label="Seed",
            value=0,
            min=0,
            max=2**31 - 1,
            step=1,
            tooltip="Where the search starts. The same seed gives the same result.",
        )
        self._min_size = SpinBox(
            name="min_size",
            label="Min size",
            value=0,
            min=0,
            max=2**31 - 1,
            step=1,
            tooltip="Pieces of fewer pixels than this join what is around them. 0 keeps every speck.",
        )
        self._run = PushButton(name="run", text="Run", tooltip="Segment the image.")
        self._cancel = PushButton(name="cancel", text="Cancel", enabled=False, tooltip="Stop; nothing is left behind.")
        super().__init__(
            labels=False,  # their widths would be measured before napari's font comes
            widgets=[self._image, self._n_clusters, self._downsample, self._random_state, self._min_size],
        )
        self._recipe = RecipeForm(self._viewer)
        self._arrange()
        self._runner = Runner(self.native)
        self._connect()
        self._runner.warm_up()
        self._panel.show_status(NO_IMAGE)
        self._follow_active_layer()
        self._on_image_changed()

    def _arrange(self) -> None:
        """Set what magicgui has no word for."""
        self._downsample.native.setDecimals(0)
        self._downsample.native.setSpecialValueText("auto")
        keep_narrow(self._image.native)
        form = form_layout(self)
        buttons = QHBoxLayout()
        buttons.addWidget(self._run.native, 2)
        buttons.addWidget(self._cancel.native, 1)
        self._panel = ResultPanel()
        self.native.layout().addLayout(form)
        self.native.layout().addWidget(self._recipe.section)
        self.native.layout().addLayout(buttons)
        self.native.layout().addWidget(self._panel)
        self.native.setMinimumWidth(MIN_WIDTH)
        # What is left of the height goes to the table, not to an empty strip.
        self.native.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def _connect(self) -> None:
        self._run.changed.connect(self._on_run_clicked)
        self._cancel.changed.connect(self._on_cancel_clicked)
        self._image.changed.connect(self._on_image_changed)
        self.native_parent_changed.connect(self._on_parent_changed)
        self._panel.mode_chosen.connect(self._on_mode_chosen)
        self._runner.started.connect(self._on_runner_started)
        self._runner.progressed.connect(self._panel.show_progress)
        self._runner.stopped.connect(self._on_runner_stopped)
        self._runner.finished.connect(self._on_runner_finished)
        layers = self._viewer.layers
        layers.selection.events.active.connect(self._follow_active_layer)
        for event in (layers.events.inserted, layers.events.removed, layers.events.renamed):
            event.connect(self._on_layers_changed)

    def reset_choices(self, *_: object) -> None:
        """Offer the images that there are now. The chosen one stays, also under a new name."""
        with self._image.changed.blocked():
            super().reset_choices()
            self._recipe.reset_choices()
            if any(self._chosen is choice for choice in self._image.choices):
                self._image.value = self._chosen
        self._on_image_changed()

    def _list_images(self, _: object = None) -> list[Image]:
        from napari_kseg.viewer.layers import is_output

        return [layer for layer in self._viewer.layers if isinstance(layer, Image) and not is_output(layer)]

    def _follow_active_layer(self, _: object = None) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and any(active is choice for choice in self._image.choices):
            self._image.value = active

    def _on_layers_changed(self, _: object = None) -> None:
        self.reset_choices()
        request = self._runner.request
        if request is not None and request.layer not in self._viewer.layers:
            self._runner.cancel()
            self._panel.show_status(f"Stopped: {request.source.name} was removed.")

    def _on_image_changed(self, _: object = None) -> None:
        """Follow the chosen image: its result, or what is missing."""
        from napari_kseg.viewer.layers import find_output

        layer = self._image.value
        # Only at a change: napari calls this for each layer that goes, and would wipe out what was said of it.
        if layer is not self._chosen and self._runner.request is None:
            self._panel.show_status("" if layer is not None else NO_IMAGE)
        self._chosen = layer
        self._run.enabled = layer is not None
        if layer is None:
            self._panel.set_result(None, None)
            return
        self._panel.set_result(
            find_output(self._viewer, layer, "labels"),
            find_output(self._viewer, layer, "recolored"),
        )

    def _on_run_clicked(self, _: object = None) -> None:
        from napari_kseg.viewer.source import take_source

        layer = self._image.value
        if layer is None:
            show_error(NO_IMAGE)
            return
        try:
            recipe = self._recipe.settings()
        except ValueError as error:
            self._panel.show_status(str(error))
            show_error(str(error))
            return
        settings = {
            "n_clusters": self._n_clusters.value,
            "downsample": int(self._downsample.value) or "auto",
            "random_state": self._random_state.value,
            "min_size": self._min_size.value,
            **recipe,
        }
        self._runner.run(Request(layer, take_source(layer), settings))

    def _on_cancel_clicked(self, _: object = None) -> None:
        self._runner.cancel()
        self._panel.show_status("Canceled.")

    def _on_mode_chosen(self, mode: str) -> None:
        if self._image.value is not None:
            show(mode, self._image.value, self._panel.labels, self._panel.recolored)

    def _on_runner_started(self) -> None:
        self._cancel.enabled = True
        self._panel.show_progress("Preparing", 0, 0)

    def _on_runner_stopped(self) -> None:
        self._cancel.enabled = False
        self._panel.hide_progress()

    def _on_runner_finished(self, outcome: Outcome) -> None:
        """Show a result on the layer that it was computed from, or nowhere."""
        from napari_kseg.viewer.source import image_of

        request = outcome.request
        if request.layer not in self._viewer.layers:
            return
        if outcome.error is not None:
            self._panel.show_status(outcome.error)
            show_error(outcome.error)
        elif image_of(request.layer) is not request.source.image:
            self._panel.show_status(f"{request.layer.name} changed meanwhile; run again.")
        elif outcome.parts is not None:
            self._show_result(outcome, outcome.parts)

    def _show_result(self, outcome: Outcome, parts: LayerParts) -> None:
        from napari_kseg.viewer.layers import add_layers, find_output

        layer = outcome.request.layer
        is_new = find_output(self._viewer, layer, "recolored") is None
        # napari makes each layer active that is added; our choice must not follow to and fro.
        with self._viewer.layers.selection.events.active.blocker(self._follow_active_layer):
            labels, (recolored,) = add_layers(parts, [layer], self._viewer)
        if is_new:
            recolored.visible = not labels.visible  # one thing at a time, as the switch has it
        seg = parts.segmentation
        self._viewer.update_console({"kseg": napari_kseg, "seg": seg})
        self._on_image_changed()
        summary = f"{len(seg.centroids)} clusters of {_count(seg.labels.size)} in {_duration(outcome.seconds)}"
        self._panel.show_status(summary if layer is self._image.value else f"{layer.name}: {summary}")
        if outcome.warning is not None:
            show_warning(outcome.warning)

    def _on_parent_changed(self, parent: object = None) -> None:
        if parent is None:  # the dock was closed
            self._runner.cancel()


def _count(n_pixels: int) -> str:
    """Return a number of pixels as one says it."""
    if n_pixels < 100_000:
        return f"{n_pixels:,} pixels"
    megapixels = n_pixels / 1e6
    return f"{megapixels:.2f} megapixels" if megapixels < 1 else f"{megapixels:.1f} megapixels"


def _duration(seconds: float) -> str:
    """Return a time as short as it can be read."""
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
