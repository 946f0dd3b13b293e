"""What the widget shows below the form: status, progress, the switch, the table, what can be done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from napari_kseg.viewer.cluster_table import ClusterTable
from napari_kseg.viewer.label_colors import highlighted, label_colormap_from
from napari_kseg.viewer.large import counted_at
from napari_kseg.viewer.plots_panel import PlotsPanel
from napari_kseg.viewer.portions_panel import PortionsPanel
from napari_kseg.viewer.show_switch import ShowSwitch, shown

if TYPE_CHECKING:
    import pandas
    from napari.layers import Image, Labels
    from qtpy.QtGui import QResizeEvent

    from napari_kseg.viewer.history import History

LONG = 2.0
"""Seconds of a stage after which it is said how long it still takes."""


class ResultPanel(QWidget):
    """Status of the run, and the result of the chosen image."""

    mode_chosen = Signal(str)
    labels_painted = Signal()
    """Something may have been painted on the Labels layer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.labels: Labels | None = None
        self.recolored: Image | None = None
        self._features: pandas.DataFrame | None = None
        self._stage = ("", 0.0)
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
        self.table = ClusterTable()
        self.portions = PortionsPanel()
        self.plots = PlotsPanel()
        self.plots.cluster_clicked.connect(lambda label: self.table.select({label}))
        self.table.clusters_selected.connect(self._on_clusters_selected)
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._top = QHBoxLayout()
        self._top.addWidget(self._status, 1)
        layout.addLayout(self._top)
        for widget in (self._progress, self._switch):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.portions)
        layout.addWidget(self.plots)
        layout.addStretch(0)
        self._on_features_changed()
        self._on_layer_shown()

    def add_button(self, button: QWidget) -> None:
        """Put a button beside the status."""
        self._top.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def add_bar(self, bar: QWidget) -> None:
        """Put a line below the status."""
        self._layout.insertWidget(1, bar)

    @property
    def status(self) -> str:
        """The sentence that is shown."""
        return str(self._status.text())

    def show_status(self, text: str) -> None:
        """Show one sentence."""
        self._status.setText(text)
        self._make_room()

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """Wrap the sentence anew."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        # Qt does not count the lines of wrapped text in how small a window may be: what is below would be squeezed.
        self._status.setMinimumHeight(self._status.heightForWidth(self._status.width()) if self.isVisible() else 0)

    def show_progress(self, stage: str, done: int, total: int) -> None:
        """Show how far a run has come; a total of 0 is not known."""
        if stage != self._stage[0]:
            self._stage = (stage, time.perf_counter())
        spent = time.perf_counter() - self._stage[1]
        left = f" about {spent * (total - done) / done:.0f} s left" if spent > LONG and 0 < done < total else ""
        self.show_status(f"{stage.capitalize()}…{left}")
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._progress.show()

    def hide_progress(self) -> None:
        """Show that nothing runs."""
        self._progress.hide()
        self.show_status("")

    def set_result(self, labels: Labels | None, recolored: Image | None) -> None:
        """Show this result from now on, or none."""
        if labels is not self.labels or recolored is not self.recolored:
            if labels is not self.labels:
                self.table.setRowCount(0)  # what was selected and hidden is of another image
            self._listen_to(labels, recolored)
            self.refill()
        self._on_layer_shown()

    def stop(self) -> None:
        """Follow and read nothing any more: the panel closes."""
        self._listen_to(None, None)
        self.plots.stop()

    def refill(self) -> None:
        """Fill the table anew from the layer."""
        self._features = None
        self._on_features_changed()

    def set_history(self, history: History, n_at_most: int) -> None:
        """Show what was done, and how many clusters similar ones may be joined from."""
        self.portions.set_history(history, n_at_most)
        seg, colors = history.current.segmentation if history.current else None, self._made().get("colors")
        self.plots.set_segmentation(seg, colors, self._channel_names())
        self.portions.setVisible(bool(history.steps) and not self.table.isHidden())

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
            # Painting, filling and erasing; the layer's own undo and redo.
            pairs += [(events.paint, self._on_painted), (events.set_data, self._on_painted)]
        if self.recolored is not None:
            pairs += [(self.recolored.events.visible, self._on_layer_shown)]
        return pairs

    def _on_features_changed(self, _: object = None) -> None:
        features = None if self.labels is None else self.labels.features
        if features is not None and self._features is not None and features.equals(self._features):
            self._on_clusters_selected()  # the layer may have its plain colors again
            return  # napari says so at each change of the data
        self._features = None if features is None else features.copy()
        is_ours = features is not None and self.table.can_show(features)
        if features is not None and is_ours:
            self.table.set_features(features, self._channel_names())
        self.table.setVisible(is_ours)
        self.table.say_of_counts(self.counted_at)
        self.portions.setVisible(is_ours)

    @property
    def counted_at(self) -> str:
        """At which level of a slide the pixels in the table were counted, if not all of them were."""
        seg = self._made().get("segmentation")
        return "" if self.labels is None or self.table.isHidden() or seg is None else counted_at(self.labels, seg)

    def _made(self) -> dict[str, Any]:
        """Return what is known of how the result was made."""
        from napari_kseg.viewer.result_layers import METADATA_KEY

        made: dict[str, Any] = {} if self.labels is None else self.labels.metadata.get(METADATA_KEY, {})
        return made

    def _channel_names(self) -> list[str]:
        """Return the names of the layers that are the channels, if there are several."""
        sources = self._made().get("sources", [])
        return [source["name"] for source in sources] if len(sources) > 1 else []

    def _on_layer_shown(self, _: object = None) -> None:
        self._switch.set_mode(shown(self.labels, self.recolored))

    def _on_painted(self, _: object = None) -> None:
        self.labels_painted.emit()

    def _on_clusters_selected(self) -> None:
        """Show the selected clusters among veiled ones, and hide those that are not ticked."""
        from napari_kseg.viewer.result_layers import show_colors

        selected, hidden = self.table.selected(), self.table.hidden()
        self.portions.set_selected(len(selected))
        self.plots.set_selected(selected)
        colors = self._made().get("colors")
        if self.labels is None or colors is None or len(colors) != self.table.rowCount():
            return
        if selected and not self.labels.visible:
            self.mode_chosen.emit("clusters")
        show_colors(self.labels, label_colormap_from(highlighted(colors, selected, hidden)))
