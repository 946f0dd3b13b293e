"""The switch between image, clusters, outlines and recolored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels

MODES = {
    "image": "Show the image alone",
    "clusters": "Show each cluster in its color; the opacity of the layer blends it with the image",
    "outlines": "Show the borders of the clusters on the image",
    "recolored": "Show the image in the colors of the centroids",
}
PIXELS_PER_OUTLINE = 1000
"""An outline is one pixel wide on an image of this size, and wider on a larger one."""


def show(mode: str, images: Sequence[tuple[Image, Image | None]], labels: Labels | None) -> None:
    """Set visibility and contour of a result to one of `MODES`, and of its images, each with its recolored layer."""
    for image, recolored in images:
        _set(image, "visible", mode != "recolored" or recolored is None)
        if recolored is not None:
            # Not under the clusters: making those transparent should blend them with the image.
            _set(recolored, "visible", mode == "recolored")
    if labels is not None:
        _set(labels, "contour", _outline_width(labels) if mode == "outlines" else 0)
        _set(labels, "visible", mode in ("clusters", "outlines"))


def toggle(images: Sequence[tuple[Image, Image | None]], labels: Labels) -> None:
    """Hide the clusters, or show them as they were seen, filled or as outlines."""
    if labels.visible:
        labels.visible = False
    else:
        show("outlines" if labels.contour else "clusters", images, labels)


def shown(labels: Labels | None, recolored: Image | None) -> str | None:
    """Return which of `MODES` one sees now; None if there is no result."""
    if labels is not None and labels.visible:
        return "outlines" if labels.contour else "clusters"
    if recolored is not None and recolored.visible:
        return "recolored"
    return None if labels is None and recolored is None else "image"


def _set(layer: Image | Labels, name: str, value: int) -> None:
    if getattr(layer, name) != value:  # each change is a repaint
        setattr(layer, name, value)


def _outline_width(labels: Labels) -> int:
    size: int = max(labels.data.shape[-2:])
    return max(1, round(size / PIXELS_PER_OUTLINE))


class ShowSwitch(QWidget):
    """A row of buttons of which one is down."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for mode, tip in MODES.items():
            button = QPushButton(self)
            button.setText(mode.capitalize())
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
            self._group.addButton(button)
            layout.addWidget(button)
            self._buttons[mode] = button
        self._group.buttonClicked.connect(self._on_button_clicked)
        self.set_mode(None)

    def set_mode(self, mode: str | None) -> None:
        """Show `mode` as chosen; None: nothing to choose from."""
        self.setEnabled(mode is not None)
        self._group.setExclusive(False)  # else the last one down could not come up
        for name, button in self._buttons.items():
            button.setChecked(name == mode)
        self._group.setExclusive(True)

    def _on_button_clicked(self, button: QPushButton) -> None:
        self.chosen.emit(next(name for name, other in self._buttons.items() if other is button))
