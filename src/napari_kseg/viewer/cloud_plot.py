"""The plot of the pixels and the centroids among them, in the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_kseg.image.cloud import cloud
from napari_kseg.viewer.cloud_canvas import CloudCanvas
from napari_kseg.viewer.cloud_views import View, views_of

if TYPE_CHECKING:
    from napari_kseg.image.cloud import Cloud
    from napari_kseg.image.segmentation import Segmentation

MAX_NAMED = 4
"""Channels whose values are said of a centroid."""
HINTS = {True: "Drag to turn", False: "Click a number"}


class CloudPlot(QWidget):
    """Pixels of an image as points, and the numbered centroids of its clusters among them.

    Color images are a space of red, green and blue that can be turned, or the plane of a* and b*. Images of one channel
    are a histogram, those of more are points, or lines over the channels.
    """

    cluster_clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Plot of pixels and centroids")
        self._views: dict[str, View] = {}
        self._canvas = CloudCanvas()
        self._canvas.cluster_clicked.connect(self.cluster_clicked)
        self._canvas.pointed.connect(self._on_pointed)
        self._caption = QLabel()
        self._caption.setTextFormat(Qt.TextFormat.PlainText)
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_button_clicked)
        self._row = QHBoxLayout()
        self._row.setSpacing(2)
        self._row.addWidget(self._caption, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(self._row)
        layout.addWidget(self._canvas, 1)
        self.set_cloud(None)

    def set_segmentation(self, seg: Segmentation | None) -> None:
        """Show a result, or nothing; of an image on a disk, this reads a few blocks."""
        self.set_cloud(None if seg is None else cloud(seg))

    def set_cloud(self, found: Cloud | None) -> None:
        """Show points that were drawn from a result, for example in another thread, or nothing."""
        before, self._cloud = self.view, found
        self._views = {} if found is None else views_of(found)
        self._offer(list(self._views) if len(self._views) > 1 else [])
        self._canvas.set_cloud(found)
        if self._views:
            self.set_view(before if before in self._views else next(iter(self._views)))
        self._on_pointed(0)

    def say(self, text: str) -> None:
        """Say something beside the buttons, until something is pointed at or shown."""
        self._caption.setText(text)

    def set_selected(self, labels: set[int]) -> None:
        """Draw a ring around the centroids of these clusters."""
        self._canvas.set_selected(labels)

    @property
    def view(self) -> str:
        """Name of the view that is shown; empty if there is nothing to show."""
        shown = self._canvas.view
        return next((name for name, view in self._views.items() if view is shown), "")

    def set_view(self, name: str) -> None:
        """Show another view of the same pixels."""
        self._canvas.set_view(self._views[name])
        for button in self._group.buttons():
            button.setChecked(button.text() == name)
        self._on_pointed(0)

    def _offer(self, names: list[str]) -> None:
        """Have a button for each of these views; those that are there already stay, with the focus."""
        if names == [button.text() for button in self._group.buttons()]:
            return
        for button in self._group.buttons():
            self._group.removeButton(button)
            button.hide()
            button.deleteLater()
        for i, name in enumerate(names):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(f"Show the pixels by {name}")
            self._group.addButton(button)
            self._row.insertWidget(i, button)
            button.show()

    def _on_button_clicked(self, button: QPushButton) -> None:
        self.set_view(button.text())

    def _on_pointed(self, label: int) -> None:
        """Say what the centroid is that is pointed at, or what one can do."""
        found, view = self._cloud, self._canvas.view
        if found is None or view is None:
            self._caption.setText("")
        elif label == 0:
            self._caption.setText(HINTS[view.rotates])
        else:
            text = _said(found, label)
            self._caption.setText(text)
            self._canvas.setAccessibleDescription(f"Cluster {text}")

    def sizeHint(self) -> QSize:
        """Return the size that shows all well."""
        return QSize(280, 240)


def _said(found: Cloud, label: int) -> str:
    """Label and values of a centroid."""
    values = found.centroids[label - 1][:MAX_NAMED]
    whole = bool(np.abs(found.centroids).max() >= 10)
    pairs = zip(found.channel_names, values, strict=False)
    text = "  ".join(f"{name} {value:.0f}" if whole else f"{name} {value:.3g}" for name, value in pairs)
    rest = " …" if found.centroids.shape[1] > MAX_NAMED else ""
    return f"{label}:  {text}{rest}"
