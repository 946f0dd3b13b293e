"""The choice of the number of clusters, in the panel: a reason, a curve, and a picture for each number."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget
from superqt import QFlowLayout

from napari_kseg.image.wording import counted
from napari_kseg.viewer.elbow_curve import ElbowCurve
from napari_kseg.viewer.picture_button import PictureButton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QResizeEvent

    from napari_kseg.image.choices import Choice


class ElbowPlot(QWidget):
    """Inertia over the number of clusters, and the image recolored with each number; a click on one chooses it."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Choice of the number of clusters")
        self._buttons: dict[int, PictureButton] = {}
        self._reason = QLabel()
        self._reason.setWordWrap(True)
        self._reason.setTextFormat(Qt.TextFormat.PlainText)
        self._curve = ElbowCurve()
        self._curve.chosen.connect(self._on_chosen)
        self._pictures = _Pictures()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._reason)
        layout.addWidget(self._curve, 1)
        layout.addWidget(self._pictures)
        layout.addStretch(0)
        self.set_suggestion([], 0, "")

    def set_suggestion(self, choices: Sequence[Choice], recommended: int, reason: str) -> None:
        """Show other numbers, ascending, or none; none of them is the current one."""
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        self._curve.set_choices(choices, recommended)
        self._buttons = {}
        for choice in choices:
            number, is_recommended = choice.n_clusters, choice.n_clusters == recommended
            button = PictureButton(choice.thumbnail, str(number), is_recommended)
            button.setAccessibleName(f"{counted(number, 'cluster')}{', recommended' if is_recommended else ''}")
            button.setToolTip(_told(choice, is_recommended))
            button.clicked.connect(lambda _=False, number=number: self._on_chosen(number))
            self._buttons[number] = button
        self._pictures.show_buttons(list(self._buttons.values()))
        self.set_current(None)

    def set_current(self, n_clusters: int | None) -> None:
        """Show which number is in use."""
        self._curve.set_current(n_clusters)
        for number, button in self._buttons.items():
            button.setChecked(number == n_clusters)

    def _on_chosen(self, n_clusters: int) -> None:
        self.set_current(n_clusters)
        self.chosen.emit(n_clusters)

    def sizeHint(self) -> QSize:
        """Return the size that shows all well."""
        size = super().sizeHint()
        return QSize(280, max(240, size.height()))


class _Pictures(QWidget):
    """Buttons beside each other, in as many rows as they need."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: list[PictureButton] = []
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(2)
        self._flow.setVerticalSpacing(2)

    def show_buttons(self, buttons: list[PictureButton]) -> None:
        """Replace those that are shown."""
        for old in self._buttons:
            self._flow.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._buttons = buttons
        for button in buttons:
            self._flow.addWidget(button)
            button.show()
        self._keep_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_height()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._keep_height()

    def _keep_height(self) -> None:
        """Stay as high as the rows are: the layout asks for one only, and docks give no more if there is little."""
        self.setMinimumHeight(self._flow.heightForWidth(self.width()) if self._buttons else 0)


def _told(choice: Choice, is_recommended: bool) -> str:
    """Number and scores in a few lines."""
    silhouette = f"{choice.silhouette:.2f}" if isfinite(choice.silhouette) else "not known"
    return (
        f"{counted(choice.n_clusters, 'cluster')}{' (recommended)' if is_recommended else ''}\n"
        f"Inertia {choice.inertia:.4g}\n"
        f"Silhouette {silhouette} (up to 1; higher is better)"
    )
