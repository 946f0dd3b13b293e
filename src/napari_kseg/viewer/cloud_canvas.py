"""Where the points of a cloud are drawn, turned and clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QFont, QFontMetrics, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_kseg.viewer.cloud_views import Frame, View
from napari_kseg.viewer.drawing import blended, disk_radius, draw_disk, draw_ring, field_color

if TYPE_CHECKING:
    from qtpy.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPaintEvent

    from napari_kseg.image.cloud import Cloud
    from napari_kseg.image.routes import Floats

MAX_NUMBERED = 40
"""Centroids with a number; more would hide one another."""
CLEAR = 1.2
"""Radii between the middles of two disks that both have a number."""
SMALL = 4
"""Radius of disks without a number."""
DEGREES_A_PIXEL = 0.6
DEGREES_A_KEY = 10
TIP = (
    "Some pixels of the image, and the numbered centroids among them.\n"
    "Click a number to choose its cluster; Page Up, Page Down and Enter do so by the keyboard."
)
TURN_TIP = "\nDrag, or press the arrow keys, to turn; a double click or Home turns it back."
_ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
_STEPS = {Qt.Key.Key_PageDown: 1, Qt.Key.Key_PageUp: -1}


class CloudCanvas(QWidget):
    """Where the points are drawn, turned and clicked."""

    cluster_clicked = Signal(int)
    pointed = Signal(int)
    """Label of the centroid under the mouse or chosen by a key; 0 for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: View | None = None
        self._cloud: Cloud | None = None
        self._selected: set[int] = set()
        self._frame = self._front = Frame(0, 0, 0)
        self._drawn: tuple[tuple[View, Frame, float], QImage] | None = None
        self._at_key = self._at_mouse = 0
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._has_moved = False
        self.setMinimumSize(140, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Pixels and centroids")

    def set_cloud(self, found: Cloud | None) -> None:
        """Show other points, or none."""
        self._cloud, self.view, self._drawn = found, None, None
        self._selected, self._at_key, self._at_mouse = set(), 0, 0
        self.setEnabled(found is not None)
        self.setAccessibleDescription("")
        self.update()

    def set_view(self, view: View) -> None:
        """Show them in another way."""
        self.view = view
        self.setToolTip(TIP + TURN_TIP * view.rotates)
        self.update()

    def set_selected(self, labels: set[int]) -> None:
        """Draw rings around the centroids of these clusters."""
        self._selected = set(labels)
        self.update()

    def places(self) -> Floats:
        """(K, 3) where the centroids are now: x and y in pixels, and how near."""
        return np.zeros((0, 3)) if self.view is None else self.view.places(self._now())

    def turn(self, yaw: float, pitch: float) -> None:
        """Turn by some degrees."""
        self._frame = self._frame.turned(yaw, pitch)
        self.update()

    def turn_back(self) -> None:
        """Show it from the side from which it was seen first."""
        self._frame = self._front
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size that shows all well."""
        return QSize(280, 210)

    def _now(self) -> Frame:
        return self._frame.resized(self.width(), self.height(), self.fontMetrics().height())

    def _sizes(self, places: Floats, order: list[int]) -> Floats:
        """(K,) radius of each disk: large for those whose number is not hidden by one that is drawn later."""
        n = len(places)
        large = disk_radius(QFontMetrics(self._disk_font(n)), n)
        sizes = np.where([self._is_chosen(row) for row in range(n)], large, float(SMALL))
        for row in reversed(order) if n <= MAX_NUMBERED else ():
            away = np.hypot(*(places[sizes == large, :2] - places[row, :2]).T)
            if (away >= CLEAR * large).all():
                sizes[row] = large
        return sizes

    def _disk_font(self, n: int) -> QFont:
        """Font of the numbers: smaller if there are many."""
        font = QFont(self.font())
        font.setBold(True)
        if n > 9 and font.pointSizeF() > 0:
            font.setPointSizeF(0.85 * font.pointSizeF())
        return font

    def _is_chosen(self, row: int) -> bool:
        return row + 1 in self._selected or row + 1 == self._at_key

    def _order(self, places: Floats) -> list[int]:
        """Return the rows of the centroids, in which they are drawn: the nearest, then those chosen, last."""
        return sorted(range(len(places)), key=lambda row: (self._is_chosen(row), places[row, 2]))

    def _label_at(self, position: QPointF) -> int:
        """Label of the disk at a position, 0 if there is none; of several, that whose middle is nearest."""
        places = self.places()
        order = self._order(places)
        reach = self._sizes(places, order) + 2
        away = np.hypot(places[:, 0] - position.x(), places[:, 1] - position.y())
        hit = [row for row in reversed(order) if away[row] <= reach[row]]
        return min(hit, key=lambda row: round(away[row])) + 1 if hit else 0

    def paintEvent(self, _: QPaintEvent) -> None:
        """Draw axes, points and centroids."""
        painter = QPainter(self)
        palette, frame = self.palette(), self._now()
        painter.fillRect(self.rect(), field_color(palette))
        if self.view is not None and self._cloud is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            # Axes that go through a plot lie under the points of a space, and over the bars of a histogram.
            if self.view.rotates:
                self.view.draw_axes(painter, frame, palette)
            painter.drawImage(QPointF(0, 0), self._back(self.view, frame))
            if not self.view.rotates:
                self.view.draw_axes(painter, frame, palette)
            self.view.draw_names(painter, frame, palette)
            self._draw_centroids(painter, self._cloud)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(blended(palette, 0.8), 1, Qt.PenStyle.DotLine))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _back(self, view: View, frame: Frame) -> QImage:
        """Picture of the points, made once for each size and side."""
        key = (view, frame, self.devicePixelRatioF())
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = key, view.back(frame, key[2])
        return self._drawn[1]

    def _draw_centroids(self, painter: QPainter, found: Cloud) -> None:
        places = self.places()
        order = self._order(places)
        sizes = self._sizes(places, order)
        painter.setFont(self._disk_font(len(places)))
        strong = blended(self.palette(), 1)
        for row in sorted(order, key=lambda row: sizes[row]):  # dots hide no number
            middle, size, label = QPointF(places[row, 0], places[row, 1]), float(sizes[row]), row + 1
            draw_disk(painter, middle, size, found.centroid_colors[row], str(label) if size > SMALL else "", strong)
            if label in self._selected:
                draw_ring(painter, middle, size, strong)
            if label == self._at_key and self.hasFocus():
                draw_ring(painter, middle, size + 3, strong, dashed=True)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = self._last = _position(event)
            self._has_moved = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn, or point at a centroid."""
        position = _position(event)
        if self._pressed is None:
            self._point_at(self._label_at(position))
            return
        self._has_moved = self._has_moved or (position - self._pressed).manhattanLength() > 3
        if self._has_moved and self.view is not None and self.view.rotates:
            moved = position - self._last
            self.turn(DEGREES_A_PIXEL * moved.x(), DEGREES_A_PIXEL * moved.y())
            self._last = position

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the centroid that was clicked."""
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self._pressed = None
        label = self._label_at(_position(event))
        if label and not self._has_moved:
            self._at_key = label
            self.cluster_clicked.emit(label)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Turn back, unless it was a centroid."""
        if not self._label_at(_position(event)):
            self.turn_back()

    def leaveEvent(self, _: object) -> None:
        """Point at nothing."""
        self._point_at(0)

    def _point_at(self, label: int) -> None:
        if label != self._at_mouse:
            self._at_mouse = label
            self.setCursor(Qt.CursorShape.PointingHandCursor if label else Qt.CursorShape.ArrowCursor)
            self.pointed.emit(label)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Turn, go on to another centroid, or choose it."""
        key, rotates = event.key(), self.view is not None and self.view.rotates
        across, down = _ARROWS.get(key, (0, 0))
        if key == Qt.Key.Key_Home:
            self.turn_back()
        elif key in _STEPS or (across + down and not rotates):
            self._step(_STEPS.get(key, across + down))
        elif across or down:
            self.turn(DEGREES_A_KEY * across, DEGREES_A_KEY * down)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at_key:
            self.cluster_clicked.emit(self._at_key)
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        """Go on to another centroid, round and round."""
        n = len(self.places())
        if n:
            self._at_key = (self._at_key - 1 + by) % n + 1 if self._at_key else (1 if by > 0 else n)
            self.pointed.emit(self._at_key)
            self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that keys come here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that keys go elsewhere."""
        super().focusOutEvent(event)
        self.update()


def _position(event: QMouseEvent) -> QPointF:
    """Where the mouse is; the event of Qt 5 says it in another way."""
    return event.position() if hasattr(event, "position") else QPointF(event.pos())
