"""The inertia over the number of clusters, as a line."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_kseg.viewer.drawing import blended, draw_diamond, draw_ring, field_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QMouseEvent, QPaintEvent

    from napari_kseg.image.choices import Choice

MARGIN = 16
MAX_HEIGHT = 160
"""A steeper line would tell no more."""
POINT = 3
"""Radius of a point."""
DIAMOND = 6
REACH = 12
"""Pixels beside a point at which a click still means it."""
TITLE = "inertia (lower is better)"
WORD = "recommended"


class ElbowCurve(QWidget):
    """A point for each number of clusters, as high as its inertia; the pictures do by the keyboard what it does."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers: list[int] = []
        self._heights = np.zeros(0)
        self._recommended = 0
        self._current: int | None = None
        self.setMinimumSize(140, 90)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(MAX_HEIGHT)
        self.setMouseTracking(True)
        self.setAccessibleName("Inertia over the number of clusters")
        self.setToolTip("Inertia over the number of clusters: lower is better; look for the bend.")

    def set_choices(self, choices: Sequence[Choice], recommended: int) -> None:
        """Show other numbers."""
        self._numbers = [choice.n_clusters for choice in choices]
        inertias = np.array([choice.inertia for choice in choices], np.float64)
        inertias = np.where(np.isfinite(inertias), np.maximum(inertias, 0), 0)
        largest = inertias.max(initial=0.0)
        self._heights = inertias / largest if largest > 0 else inertias
        self._recommended = recommended
        self.update()

    def set_current(self, n_clusters: int | None) -> None:
        """Draw a ring around the point of this number."""
        self._current = n_clusters
        self.update()

    def places(self) -> list[QPointF]:
        """Return where the points are."""
        line, n = self.fontMetrics().height(), len(self._numbers)
        width = self.width() - 2 * MARGIN
        top, bottom = line + 8, self.height() - line - 8
        step = max(0.0, width / max(1, n - 1))
        return [
            QPointF(MARGIN + i * step, bottom - height * max(0, bottom - top))
            for i, height in enumerate(self._heights.tolist())
        ]

    def sizeHint(self) -> QSize:
        """Return the size that shows all well."""
        return QSize(280, 110)

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw the line, its points and the numbers below."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, align, line = self.palette(), Qt.AlignmentFlag, self.fontMetrics().height()
        painter.fillRect(self.rect(), field_color(palette))
        places = self.places()
        if places:
            painter.setPen(blended(palette, 1))
            # At the left the line is at its highest; the title is where it is not.
            painter.drawText(QRectF(0, 2, self.width() - 6, line), align.AlignRight, TITLE)
            painter.setPen(QPen(blended(palette, 0.6), 2))
            painter.drawPolyline(QPolygonF(places))
            self._draw_numbers(painter, places)
            self._draw_points(painter, places)
        painter.end()

    def _draw_numbers(self, painter: QPainter, places: list[QPointF]) -> None:
        """Write the numbers of clusters below their points, where there is room."""
        metrics = self.fontMetrics()
        half = max(metrics.horizontalAdvance(str(number)) for number in self._numbers) / 2 + 3
        step = places[1].x() - places[0].x() if len(places) > 1 else 2 * half
        every = max(1, ceil(2 * half / max(1.0, step)))
        painter.setPen(blended(self.palette(), 1))
        for number, place in list(zip(self._numbers, places, strict=True))[::every]:
            box = QRectF(place.x() - half, self.height() - metrics.height() - 2, 2 * half, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))

    def _draw_points(self, painter: QPainter, places: list[QPointF]) -> None:
        palette = self.palette()
        for number, place in zip(self._numbers, places, strict=True):
            if number == self._recommended:
                draw_diamond(painter, place, DIAMOND, palette)
                self._write_recommended(painter, place)
            else:
                painter.setBrush(blended(palette, 1))
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(place, POINT, POINT)
            if number == self._current:
                draw_ring(painter, place, DIAMOND - 1, blended(palette, 1))

    def _write_recommended(self, painter: QPainter, place: QPointF) -> None:
        """Write the word above the point, where the line, which falls, is not; at the right edge more to the left."""
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(WORD) + 2
        x = max(0.0, min(place.x() + 6, self.width() - width - 2))
        box = QRectF(x, place.y() - DIAMOND - metrics.height() - 3, width, metrics.height())
        painter.setPen(blended(self.palette(), 1))
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft, WORD)

    def _number_at(self, x: float) -> int | None:
        """Return the number whose point is above or below a position."""
        places = [place.x() for place in self.places()]
        if not places:
            return None
        nearest = int(np.abs(np.array(places) - x).argmin())
        return self._numbers[nearest] if abs(places[nearest] - x) <= REACH else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show where a click does something."""
        is_one = self._number_at(_x(event)) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if is_one else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the number whose point was clicked."""
        number = self._number_at(_x(event))
        if event.button() == Qt.MouseButton.LeftButton and number is not None:
            self.chosen.emit(number)


def _x(event: QMouseEvent) -> float:
    """Where the mouse is; the event of Qt 5 says it in another way."""
    return float(event.position().x() if hasattr(event, "position") else event.x())
