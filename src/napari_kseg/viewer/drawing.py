"""What drawings in the panel share: colors of the theme, numbered disks, arrays as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPen, QPolygonF

from napari_kseg.image.plot import ink

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QFontMetrics, QPainter, QPalette

ACCENT = QColor(64, 128, 255)
"""Seen on napari's dark and on its light theme, whose palette has no such color."""
RING = 4
"""Pixels from the edge of a disk to the ring around it."""


def blended(palette: QPalette, share: float) -> QColor:
    """Color between the background of a theme, 0, and its text, 1."""
    low, high = palette.window().color(), palette.windowText().color()
    pairs = zip(low.getRgb()[:3], high.getRgb()[:3], strict=True)
    return QColor(*(round(a + share * (b - a)) for a, b in pairs))


def field_color(palette: QPalette) -> QColor:
    """Ground to draw on, neither dark nor bright: black and white points are seen on it in either theme."""
    return blended(palette, 0.22)


def color_of(rgb: NDArray[np.uint8]) -> QColor:
    """Qt's color of three bytes."""
    return QColor(*rgb.tolist())


def picture(colors: NDArray[np.uint8]) -> QImage:
    """Picture of (M, N, 3) bytes, which it copies."""
    colors = np.ascontiguousarray(colors)
    height, width = colors.shape[:2]
    return QImage(colors.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def blank(width: int, height: int, ratio: float) -> QImage:
    """Transparent picture to paint on, for a screen with `ratio` dots a pixel."""
    image = QImage(max(1, round(width * ratio)), max(1, round(height * ratio)), QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.transparent)
    return image


def disk_radius(metrics: QFontMetrics, n: int) -> float:
    """Radius of disks that hold the numbers up to n."""
    return float(max(metrics.height() / 2, metrics.horizontalAdvance(str(n)) / 2 + 2))


def draw_disk(
    painter: QPainter, middle: QPointF, radius: float, rgb: NDArray[np.uint8], text: str, strong: QColor
) -> None:
    """Disk with a number, outlined in white and black so that it is seen on anything; one without in `strong`."""
    painter.setBrush(color_of(rgb))
    if text:
        painter.setPen(QPen(QColor("white"), 3))
        painter.drawEllipse(middle, radius, radius)
    painter.setPen(QPen(QColor("black") if text else strong, 1))
    painter.drawEllipse(middle, radius, radius)
    if text:
        painter.setPen(QColor(ink(rgb / 255)))
        box = QRectF(middle.x() - 2 * radius, middle.y() - 2 * radius, 4 * radius, 4 * radius)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def draw_ring(painter: QPainter, middle: QPointF, radius: float, color: QColor, dashed: bool = False) -> None:
    """Ring around a disk of some radius."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, 2, Qt.PenStyle.DotLine if dashed else Qt.PenStyle.SolidLine))
    painter.drawEllipse(middle, radius + RING, radius + RING)


def draw_diamond(painter: QPainter, middle: QPointF, radius: float, palette: QPalette) -> None:
    """Mark of what is recommended."""
    x, y = middle.x(), middle.y()
    corners = [QPointF(x, y - radius), QPointF(x + radius, y), QPointF(x, y + radius), QPointF(x - radius, y)]
    painter.setBrush(ACCENT)
    painter.setPen(QPen(blended(palette, 1), 1))
    painter.drawPolygon(QPolygonF(corners))
