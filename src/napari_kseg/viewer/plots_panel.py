"""The plots of the panel, each in a section that folds, and drawn only while it is unfolded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_kseg.image.cloud import cloud, is_in_memory
from napari_kseg.viewer.cloud_plot import CloudPlot
from napari_kseg.viewer.cloud_reader import CloudReader
from napari_kseg.viewer.crop import are_same
from napari_kseg.viewer.elbow_plot import ElbowPlot
from napari_kseg.viewer.section import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_kseg.image.choices import Choice
    from napari_kseg.image.cloud import Cloud
    from napari_kseg.image.segmentation import Segmentation

TRIED = range(2, 11)


class PlotsPanel(QWidget):
    """Where the centroids are, and how many clusters there might be."""

    cluster_clicked = Signal(int)
    choices_wanted = Signal()
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._segmentation: Segmentation | None = None
        self._colors: Any = None
        self._channel_names: Sequence[str] = ()
        self._drawn: Any = None
        """The image whose points are drawn."""
        self._reader = CloudReader(self)
        self._reader.finished.connect(self._on_read)
        self._cloud = CloudPlot()
        self._cloud.cluster_clicked.connect(self.cluster_clicked)
        self.colors = Section("Centroids", self._cloud)
        self.colors.toggled.connect(self._draw_cloud)
        self._try = QPushButton(f"Try {TRIED[0]} to {TRIED[-1]}")
        self._try.setToolTip("Segment with each number of clusters, and see which one suits the image.")
        self._try.clicked.connect(lambda: self.choices_wanted.emit())
        self._elbow = ElbowPlot()
        self._elbow.chosen.connect(self.chosen)
        choice, inside = QWidget(), QVBoxLayout()
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self._try)
        inside.addWidget(self._elbow)
        choice.setLayout(inside)
        self.choice = Section("How many clusters?", choice)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.colors)
        layout.addWidget(self.choice)
        self.clear_choices()

    def set_segmentation(self, seg: Segmentation | None, colors: Any = None, channel_names: Sequence[str] = ()) -> None:
        """Show this result from now on, or none; its clusters in colors (K, 4), its channels by names, if given."""
        if seg is not self._segmentation:
            self._segmentation, self._colors, self._channel_names = seg, colors, channel_names
            self._draw_cloud()
        self._elbow.set_current(None if seg is None else seg.n_clusters)

    def set_selected(self, labels: set[int]) -> None:
        """Mark the centroids of these clusters."""
        self._cloud.set_selected(labels)

    def set_choices(self, choices: Sequence[Choice], recommended: int, reason: str) -> None:
        """Show the numbers of clusters that were tried."""
        self._elbow.show()
        self._elbow.set_suggestion(choices, recommended, reason)
        self._elbow.set_current(None if self._segmentation is None else self._segmentation.n_clusters)
        QTimer.singleShot(0, self.choice.fit)  # when the layout knows the pictures

    def clear_choices(self) -> None:
        """Forget what was tried: it was of another image."""
        self._elbow.set_suggestion([], 0, "")
        self._elbow.hide()

    def start(self) -> None:
        """Read what was left unread when the panel closed."""
        self._draw_cloud()

    def stop(self) -> None:
        """Read no image any more: the panel closes."""
        self._reader.cancel()

    def _draw_cloud(self, _: object = None) -> None:
        """Draw the points of the result, those of a lazy image when they are read; what is there stays until then."""
        seg = self._segmentation if self.colors.isExpanded() else None
        self._reader.cancel()
        image, self._drawn = self._drawn, None if seg is None else seg.pixels.image
        if seg is None or is_in_memory(seg.pixels.image):
            self._show(None if seg is None else cloud(seg))
            return
        if image is None or not are_same(image, seg.pixels.image):
            self._cloud.set_cloud(None)
        self._cloud.say("Reading…")
        self._reader.read(seg)

    def _show(self, found: Cloud | None) -> None:
        """Show points of the result in its colors."""
        if found is not None and self._colors is not None and len(self._colors) == len(found.centroids):
            found = found.shown_as(np.asarray(self._colors)[:, :3], self._channel_names)
        self._cloud.set_cloud(found)

    def _on_read(self, found: Cloud | None) -> None:
        self._show(found)
        if found is None:
            self._cloud.say("The image cannot be read")
