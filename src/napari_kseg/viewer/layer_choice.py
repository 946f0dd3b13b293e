"""The dialog that asks which layers a model is applied to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget


class LayerChoice(QDialog):
    """A list of layers to tick; all are ticked at first.

    Parameters
    ----------
    layers : sequence of napari.layers.Image
        The layers.
    name : str
        The image whose clusters are applied.
    parent : QWidget
        Over which the dialog stands.
    """

    chosen = Signal(list)

    def __init__(self, layers: Sequence[Any], name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Apply to layers")
        self._layers = list(layers)
        text = QLabel(f"Label these images by the clusters of {name}:")
        text.setWordWrap(True)
        self._list = QListWidget()
        self._list.setAccessibleName("Layers")
        self._list.setToolTip("Ticked layers are labeled; Space ticks and unticks.")
        for layer in self._layers:
            item = QListWidgetItem(layer.name)
            item.setToolTip(layer.name)
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked)
            self._list.addItem(item)
        self._list.setCurrentRow(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._apply = buttons.addButton("Apply", QDialogButtonBox.ButtonRole.AcceptRole)
        self._apply.setToolTip("Label the ticked layers, one after the other.")
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        self._list.itemChanged.connect(self._on_item_changed)
        layout = QVBoxLayout(self)
        for widget in (text, self._list, buttons):
            layout.addWidget(widget)

    def _ticked(self) -> list[Any]:
        states = [self._list.item(row).checkState() for row in range(self._list.count())]
        return [layer for layer, state in zip(self._layers, states, strict=True) if state == Qt.CheckState.Checked]

    def _on_item_changed(self) -> None:
        self._apply.setEnabled(bool(self._ticked()))

    def _on_accepted(self) -> None:
        self.chosen.emit(self._ticked())
        self.accept()
