"""What the widget shows below the form: status, progress, the switch, the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from napari_kseg.viewer.cluster_table import ClusterTable
from napari_kseg.viewer.show_switch import ShowSwitch, shown

if TYPE_CHECKING:
    from napari.layers import Image, Labels


class ResultPanel(QWidget):
    """Status of the run, and the result of the chosen image."""

    mode_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.labels: Labels | None = None
        self.recolored: Image | None = None
        self._status = QLabel()
        self._status.setWordWrap(True)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        policy = self._progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing below it jumps
        self._progress.setSizePolicy(policy)
        self._progress.hide()
        self._switch = ShowSwitch()
        self._switch.chosen.connect(self.mode_chosen)
        self._table = ClusterTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._status, self._progress, self._switch):
            layout.addWidget(widget)
        layout.addWidget(self._table, 1)
        layout.addStretch(0)
        self.set_result(None, None)

    @property
    def status(self) -> str:
        """The sentence that is shown."""
        return str(self._status.text())

    def show_status(self, text: str) -> None:
        """Show one sentence."""
        self._status.setText(text)

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a run has come; a total of 0 is not known."""
        self.show_status(f"{stage.capitalize()}…")
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._progress.show()

    def hide_progress(self) -> None:
        """Show that nothing runs."""
        self._progress.hide()
        self.show_status("")

    def set_result(self, labels: Labels | None, recolored: Image | None) -> None:
        """Show this result from now on, or none."""
        self._listen_to(labels, recolored)
        self._on_features_changed()
        self._on_layer_shown()

    def _listen_to(self, labels: Labels | None, recolored: Image | None) -> None:
        for event, slot in self._connections():
            event.disconnect(slot)
        self.labels, self.recolored = labels, recolored
        for event, slot in self._connections():
            event.connect(slot)

    def _connections(self) -> list[tuple[Any, Any]]:
        """Return the events of the layers that this panel follows, each with its slot."""
        pairs = []
        if self.labels is not None:
            events = self.labels.events
            pairs += [(events.visible, self._on_layer_shown), (events.contour, self._on_layer_shown)]
            pairs += [(events.features, self._on_features_changed)]
        if self.recolored is not None:
            pairs += [(self.recolored.events.visible, self._on_layer_shown)]
        return pairs

    def _on_features_changed(self, _: object = None) -> None:
        is_ours = self.labels is not None and self._table.can_show(self.labels.features)
        if self.labels is not None and is_ours:
            self._table.set_features(self.labels.features)
        self._table.setVisible(is_ours)

    def _on_layer_shown(self, _: object = None) -> None:
        self._switch.set_mode(shown(self.labels, self.recolored))
