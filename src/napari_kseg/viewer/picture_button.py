"""A button that is a small picture with a number below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPen
from qtpy.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from napari_kseg.viewer.drawing import blended, draw_diamond, picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QKeyEvent, QPaintEvent

SIDE = 48
"""Pixels of the picture's longer side: five are beside each other in the panel."""
EDGE = 4


class PictureButton(QAbstractButton):
    """Small picture with a text below; it is framed while it is checked.

    Parameters
    ----------
    colors : (h, w, 3) array of uint8
        The picture.
    text : str
        What stands below it.
    is_marked : bool, optional
        A diamond stands before the text.
    """

    def __init__(
        self, colors: NDArray[np.uint8], text: str, is_marked: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._picture = picture(colors)
        self._is_marked = is_marked
        self.setText(text)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the size of picture and text."""
        return QSize(SIDE + 2 * EDGE, SIDE + 2 * EDGE + self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the same: a part of it is of no use."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Enter for a click, as Qt takes Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw ground, picture, text and frame."""
        painter = QPainter(self)
        palette, area = self.palette(), QRectF(self.rect())
        share = 0.4 if self.isDown() else 0.3 if self.isChecked() else 0.18 if self.underMouse() else 0.08
        painter.fillRect(area, blended(palette, share))
        self._draw_picture(painter)
        self._draw_text(painter)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.isChecked():
            painter.setPen(QPen(blended(palette, 1), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(blended(palette, 1), 1, Qt.PenStyle.DotLine))
            painter.drawRect(area.adjusted(2.5, 2.5, -2.5, -2.5))
        painter.end()

    def _draw_picture(self, painter: QPainter) -> None:
        size = self._picture.size()
        longer = max(size.width(), size.height(), 1)
        width, height = (max(1.0, length * SIDE / longer) for length in (size.width(), size.height()))
        place = QRectF((self.width() - width) / 2, EDGE + (SIDE - height) / 2, width, height)
        # Few pixels are seen as they are; many must not flicker.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, longer > SIDE)
        painter.drawImage(place, self._picture)

    def _draw_text(self, painter: QPainter) -> None:
        metrics, palette = self.fontMetrics(), self.palette()
        box = QRectF(0, EDGE + SIDE + 1, self.width(), metrics.height())
        painter.setPen(blended(palette, 1))
        if self._is_marked:
            font = painter.font()
            font.setBold(True)
            painter.setFont(font)
            half = metrics.horizontalAdvance(self.text()) / 2
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            box.translate(6, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())
        if self._is_marked:
            draw_diamond(painter, QPointF(box.center().x() - half - 9, box.center().y()), 4.5, palette)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
