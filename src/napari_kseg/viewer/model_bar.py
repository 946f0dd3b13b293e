"""The line in the panel that shows an opened model, and applies it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from napari_kseg.image.wording import counted

if TYPE_CHECKING:
    from napari_kseg.viewer.last_model import LastModel


class ModelBar(QWidget):
    """Which model was opened, and a button that labels the chosen image by it. Hidden while there is none."""

    apply_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opened: LastModel | None = None
        self._text = QLabel()
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # however long its name is
        self._apply = QPushButton("Apply")
        self._apply.setToolTip("Label the chosen image by this model, instead of finding new clusters.")
        self._apply.clicked.connect(lambda: self.apply_wanted.emit())
        close = QToolButton()
        close.setText("×")
        close.setToolTip("Put the model away; nothing else changes.")
        close.setAccessibleName("Put the model away")
        close.clicked.connect(self.put_away)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._apply)
        layout.addWidget(close)
        self.hide()

    def open(self, opened: LastModel) -> None:
        """Show a model."""
        self.opened = opened
        number, names = opened.model.n_clusters, [name for name in opened.model.names if name]
        text = f"{opened.title}: {counted(number, 'cluster')}"
        self._text.setText(text)
        self._text.setToolTip(f"{text} ({', '.join(names)})" if names else text)
        self.show()

    def put_away(self) -> None:
        """Show none."""
        self.opened = None
        self.hide()
