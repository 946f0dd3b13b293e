"""What can be done with clusters: join, divide and cut them out, and take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from qtpy.QtWidgets import QBoxLayout

    from napari_kseg.viewer.history import History

EXTRACTS = {
    "image": ("As an image", "A new image layer of the selected clusters; color is transparent outside."),
    "mask": ("As a mask", "A new Labels layer: 1 in the selected clusters, 0 outside."),
    "objects": ("As objects", "A new Labels layer that numbers the connected pieces of the selected clusters."),
}
PARTS = range(2, 7)


class PortionsPanel(QWidget):
    """Buttons for the selected clusters, and the history."""

    merge_wanted = Signal()
    split_wanted = Signal(int)
    extract_wanted = Signal(str)
    similar_wanted = Signal(int)
    clean_wanted = Signal(int)
    step_wanted = Signal(int)
    """Position in the history."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._position, self._n_steps = -1, 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._actions())
        layout.addLayout(self._sliders())
        layout.addLayout(self._steps())

    def _actions(self) -> QBoxLayout:
        self._merge = QPushButton("Merge")
        self._merge.setToolTip("Join the clusters of the selected rows to one (two rows or more).")
        self._merge.clicked.connect(lambda: self.merge_wanted.emit())
        self._split = QPushButton("Split")
        self._split.setToolTip("Divide the cluster of the selected row again by K-means inside it.")
        parts = QMenu(self._split)
        for number in PARTS:
            parts.addAction(f"Into {number}", lambda number=number: self.split_wanted.emit(number))
        self._split.setMenu(parts)
        self._extract = QPushButton("Extract")
        self._extract.setToolTip("Cut the clusters of the selected rows out as a new layer.")
        kinds = QMenu(self._extract)
        kinds.setToolTipsVisible(True)
        for kind, (text, tip) in EXTRACTS.items():
            kinds.addAction(text, lambda kind=kind: self.extract_wanted.emit(kind)).setToolTip(tip)
        self._extract.setMenu(kinds)
        row = QHBoxLayout()
        for button in (self._merge, self._split, self._extract):
            row.addWidget(button)
        return row

    def _sliders(self) -> QFormLayout:
        self._similar = QSlider(Qt.Orientation.Horizontal)
        self._similar.setPageStep(1)
        self._similar.setToolTip("Join the clusters that look most alike, until so many are left.")
        self._similar.setAccessibleName("Join similar clusters")
        self._similar.setInvertedAppearance(True)
        self._similar.valueChanged.connect(self.similar_wanted)
        self._specks = QSpinBox()
        self._specks.setRange(2, 2**31 - 1)
        self._specks.setValue(50)
        self._specks.setToolTip("Pieces of fewer pixels join what is around them.")
        self._clean = QPushButton("Remove")
        self._clean.setToolTip("Let pieces of fewer pixels join what is around them.")
        self._clean.clicked.connect(lambda: self.clean_wanted.emit(self._specks.value()))
        specks = QHBoxLayout()
        specks.addWidget(self._specks, 1)
        specks.addWidget(self._clean)
        form = QFormLayout()
        form.addRow("Join similar", self._similar)
        form.addRow("Specks below", specks)
        return form

    def _steps(self) -> QBoxLayout:
        self._undo, self._redo = QPushButton("Undo"), QPushButton("Redo")
        self._undo.setToolTip("Back to the step before (Ctrl+Z).")
        self._redo.setToolTip("On to the step after (Ctrl+Shift+Z).")
        self._undo.clicked.connect(lambda: self._go(-1))
        self._redo.clicked.connect(lambda: self._go(1))
        self._history = QComboBox()
        self._history.setToolTip("What was done; choose a step to go back to it.")
        self._history.setAccessibleName("History")
        self._history.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._history.setMinimumContentsLength(8)
        self._history.activated.connect(self.step_wanted)
        row = QHBoxLayout()
        row.addWidget(self._history, 1)
        row.addWidget(self._undo)
        row.addWidget(self._redo)
        return row

    def set_selected(self, n_selected: int) -> None:
        """Offer what can be done with so many selected clusters."""
        self._merge.setEnabled(n_selected > 1)
        self._split.setEnabled(n_selected == 1)
        self._extract.setEnabled(n_selected > 0)

    def set_history(self, history: History, n_at_most: int) -> None:
        """Show a history, and how many clusters similar ones may be joined from."""
        self._position, self._n_steps = history.position, len(history.steps)
        with QSignalBlocker(self._history):
            self._history.clear()
            self._history.addItems([step.title for step in history.steps])
            self._history.setCurrentIndex(history.position)
        self._undo.setEnabled(history.position > 0)
        self._redo.setEnabled(history.position + 1 < len(history.steps))
        with QSignalBlocker(self._similar):
            self._similar.setRange(1, max(1, n_at_most))
            self._similar.setValue(history.current.segmentation.n_clusters if history.current else 1)
        self._similar.setEnabled(n_at_most > 1)

    def _go(self, steps: int) -> None:
        """Go on from the step that was asked for last, even if it is not shown yet."""
        self._position = min(max(self._position + steps, 0), self._n_steps - 1)
        self.step_wanted.emit(self._position)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step before."""
        return bool(self._undo.isEnabled())

    @property
    def can_redo(self) -> bool:
        """Whether there is a step after."""
        return bool(self._redo.isEnabled())

    def undo(self) -> None:
        """Go a step back."""
        self._undo.click()

    def redo(self) -> None:
        """Go a step on."""
        self._redo.click()
