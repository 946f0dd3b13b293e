"""Ways to look at a cloud of pixels: turned in space, in a plane, as a histogram, as profiles.

K centroids, C channels, n points. A view is made of a `Cloud` once; then it draws at any size and from any side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, floor, log10, radians, sin
from typing import TYPE_CHECKING, Protocol

import numpy as np
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from napari_kseg.viewer.drawing import blank, blended, color_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QPalette

    from napari_kseg.image.cloud import Cloud
    from napari_kseg.image.routes import Floats

MARGIN = 12
DOT = 2
"""Pixels along each side of a point."""
N_BINS = 64
"""Bars of a histogram: with more, chance would shape it."""
N_LINES = 60
"""Pixels drawn as profiles."""
LARGEST = 1e300
"""Values are clipped to it: differences of larger ones are infinite."""


@dataclass(frozen=True)
class Frame:
    """Where a view is drawn."""

    width: int
    height: int
    line: int
    """Height of a line of text."""
    yaw: float = 30.0
    """Degrees by which space is turned to the right, around its vertical axis."""
    pitch: float = 20.0
    """Degrees by which space is then tipped towards the viewer."""

    def turned(self, yaw: float, pitch: float) -> Frame:
        """Return the frame after a turn by some degrees; space does not turn over."""
        return replace(self, yaw=(self.yaw + yaw) % 360, pitch=min(90.0, max(-90.0, self.pitch + pitch)))

    def resized(self, width: int, height: int, line: int) -> Frame:
        """Return the frame, from the same side."""
        return replace(self, width=width, height=height, line=line)


Limits = tuple[float, float]


class View(Protocol):
    """A way to look at a cloud."""

    rotates: bool

    def places(self, frame: Frame) -> Floats:
        """(K, 3) where centroids are: x and y in pixels, and how near."""

    def back(self, frame: Frame, ratio: float) -> QImage:
        """Picture of the points."""

    def draw_axes(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw what is behind the points."""

    def draw_names(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw the text that is before the points."""


def views_of(cloud: Cloud) -> dict[str, View]:
    """Return the views of a cloud, the first to be shown first, by their names."""
    points, centroids, names = _tame(cloud.points), _tame(cloud.centroids), cloud.channel_names
    if cloud.lab is not None and cloud.centroid_lab is not None:
        lab, centroid_lab = _tame(cloud.lab)[:, 1:], _tame(cloud.centroid_lab)[:, 1:]
        plane = PlaneView(lab, centroid_lab, cloud.colors, ("a*", "b*"), same_scale=True)
        return {"".join(names): SpaceView(points, centroids, cloud.colors, names), "a*b*": plane}
    if len(names) == 1:
        return {"Histogram": HistogramView(points[:, 0], centroids[:, 0], cloud.centroid_colors, cloud.rows, names[0])}
    if len(names) == 2:
        return {"Plane": PlaneView(points, centroids, cloud.colors, _said(names))}
    if len(names) == 3:
        return {"Space": SpaceView(points, centroids, cloud.colors, _said(names), same_scale=False)}
    return {"Profiles": ProfileView(points, centroids, cloud.colors, cloud.centroid_colors)}


class SpaceView:
    """Three channels as a box that can be turned: of a color on the same scale, others as wide as their values are."""

    rotates = True

    def __init__(
        self,
        points: Floats,
        centroids: Floats,
        colors: NDArray[np.uint8],
        names: tuple[str, ...],
        same_scale: bool = True,
    ) -> None:
        limits = [_limits(points, centroids)] * 3 if same_scale else _limits_of_each(points, centroids)
        self._points, self._centroids = (
            np.column_stack([_unit(channel, *own) for channel, own in zip(values.T, limits, strict=True)])
            for values in (points, centroids)
        )
        self._colors, self._names = colors, names
        self._span = " – ".join(_ends(*limits[0])) if same_scale else "each on its own scale"

    def places(self, frame: Frame) -> Floats:
        """(K, 3) where centroids are: x and y in pixels, and how near."""
        return projected(self._centroids, frame)

    def back(self, frame: Frame, ratio: float) -> QImage:
        """Picture of the points, the nearest before the others."""
        return _dots(projected(self._points, frame), self._colors, frame, ratio)

    def draw_axes(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw the edges of the box; those of the axes are stronger."""
        corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
        where = [QPointF(x, y) for x, y, _ in projected(corners, frame)]
        for strong in (False, True):
            painter.setPen(QPen(blended(palette, 0.9 if strong else 0.42), 1.5 if strong else 1))
            for i, corner in enumerate(corners):
                for axis, bit in enumerate((4, 2, 1)):
                    if corner[axis] < 0 and (i == 0) == strong:
                        painter.drawLine(where[i], where[i + bit])

    def draw_names(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Name the axes at their ends, and say which values the box spans."""
        painter.setPen(blended(palette, 1))
        ends = 2.2 * np.eye(3) - 1
        box = QRectF(0, 0, 80, frame.line)
        for name, (x, y, _) in zip(self._names, projected(ends, frame), strict=True):
            box.moveCenter(QPointF(x, y))
            short = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(box.width()))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, short)
        bottom = QRectF(4, frame.height - frame.line - 2, frame.width - 8, frame.line)
        painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft, self._span)


class _FlatView:
    """An x axis below and a y axis on the left; numbers at their ends."""

    rotates = False
    x_name = y_name = ""

    def __init__(self, centroids: Floats, x_limits: Limits, y_limits: Limits) -> None:
        self._xy, self._x_limits, self._y_limits = centroids, x_limits, y_limits

    def _inner(self, frame: Frame) -> QRectF:
        """Where the data are drawn."""
        left = (5 * frame.line) // 2 if self.y_name else MARGIN
        top, bottom = frame.line + 4, frame.line + 6
        return QRectF(left, top, max(1, frame.width - left - MARGIN), max(1, frame.height - top - bottom))

    def _limits(self, _: Frame) -> tuple[Limits, Limits]:
        """Ranges of x and y that are seen."""
        return self._x_limits, self._y_limits

    def _placed(self, values: Floats, frame: Frame) -> Floats:
        """(…, 3) x and y in pixels, and 0, of values (…, 2)."""
        inner, (x_limits, y_limits) = self._inner(frame), self._limits(frame)
        x = inner.center().x() + _unit(values[..., 0], *x_limits) * inner.width() / 2
        y = inner.center().y() - _unit(values[..., 1], *y_limits) * inner.height() / 2
        return np.stack([x, y, np.zeros_like(x)], -1)

    def places(self, frame: Frame) -> Floats:
        """(K, 3) where centroids are: x and y in pixels, and 0."""
        return self._placed(self._xy, frame)

    def draw_axes(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw the two axes."""
        inner = self._inner(frame)
        painter.setPen(QPen(blended(palette, 0.6), 1))
        painter.drawLine(inner.bottomLeft(), inner.bottomRight())
        if self.y_name:
            painter.drawLine(inner.bottomLeft(), inner.topLeft())

    def draw_names(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Name the axes, and write the ends of their ranges."""
        inner, align = self._inner(frame), Qt.AlignmentFlag
        painter.setPen(blended(palette, 1))
        below = QRectF(inner.left(), inner.bottom() + 2, inner.width(), frame.line)
        x_limits, y_limits = self._limits(frame)
        low, high = _ends(*x_limits)
        for text, side in ((low, align.AlignLeft), (self.x_name, align.AlignHCenter), (high, align.AlignRight)):
            painter.drawText(below, side, text)
        if self.y_name:
            low, high = _ends(*y_limits)
            right = align.AlignRight | align.AlignVCenter
            painter.drawText(QRectF(0, inner.top() - 2, inner.left() - 3, frame.line), right, high)
            painter.drawText(QRectF(0, inner.bottom() - frame.line, inner.left() - 3, frame.line), right, low)
            painter.drawText(QRectF(inner.left() - 4, 1, inner.width(), frame.line), align.AlignLeft, self.y_name)


class PlaneView(_FlatView):
    """Two channels, or the hues of CIELAB."""

    def __init__(
        self,
        points: Floats,
        centroids: Floats,
        colors: NDArray[np.uint8],
        names: tuple[str, ...],
        same_scale: bool = False,
    ) -> None:
        limits = _limits_of_each(points, centroids)
        super().__init__(centroids, limits[0], limits[1])
        self._points, self._colors, self._same_scale = points, colors, same_scale
        self.x_name, self.y_name = names

    def _limits(self, frame: Frame) -> tuple[Limits, Limits]:
        """Ranges of x and y that are seen; with one scale for both, one of them is wider than the data."""
        if not self._same_scale:
            return self._x_limits, self._y_limits
        inner = self._inner(frame)
        (x_low, x_high), (y_low, y_high) = self._x_limits, self._y_limits
        unit = max((x_high - x_low) / inner.width(), (y_high - y_low) / inner.height())
        x_more, y_more = unit * inner.width() - (x_high - x_low), unit * inner.height() - (y_high - y_low)
        return (x_low - x_more / 2, x_high + x_more / 2), (y_low - y_more / 2, y_high + y_more / 2)

    def draw_axes(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw the two axes, and where hues are neutral."""
        super().draw_axes(painter, frame, palette)
        if self._same_scale:
            inner, (x, y, _) = self._inner(frame), self._placed(np.zeros(2), frame)
            painter.setPen(QPen(blended(palette, 0.6), 1, Qt.PenStyle.DotLine))
            if inner.left() < x < inner.right():
                painter.drawLine(QPointF(x, inner.top()), QPointF(x, inner.bottom()))
            if inner.top() < y < inner.bottom():
                painter.drawLine(QPointF(inner.left(), y), QPointF(inner.right(), y))

    def back(self, frame: Frame, ratio: float) -> QImage:
        """Picture of the points."""
        return _dots(self._placed(self._points, frame), self._colors, frame, ratio)


class HistogramView(_FlatView):
    """The values of one channel, each bar in the color of the cluster that has most of it; centroids as lines."""

    def __init__(
        self, values: Floats, centroids: Floats, colors: NDArray[np.uint8], rows: NDArray[np.intp], name: str
    ) -> None:
        low, high = _limits(values[:, None], centroids[:, None])
        whole = high - low < N_BINS and bool((values == np.rint(values)).all())
        edges = np.arange(np.floor(low), np.ceil(high) + 2) - 0.5 if whole else np.linspace(low, high, N_BINS + 1)
        inside = (values >= edges[0]) & (values <= edges[-1])
        bins = np.minimum(np.searchsorted(edges, values, "right") - 1, len(edges) - 2)  # the last edge is in the last
        of_each = np.zeros((len(edges) - 1, len(colors)), np.int64)
        np.add.at(of_each, (bins[inside], rows[inside]), 1)
        heights = of_each.sum(1)
        self._edges, self._heights = edges, heights / max(1, heights.max())
        self._bar_colors = colors[of_each.argmax(1)]
        super().__init__(np.column_stack([centroids, np.full(len(centroids), 1.12)]), (edges[0], edges[-1]), (0, 1.2))
        self.x_name = name

    def back(self, frame: Frame, ratio: float) -> QImage:
        """Picture of the bars."""
        image = blank(frame.width, frame.height, ratio)
        left, right = (self._placed(np.column_stack([e, 0 * e]), frame) for e in (self._edges[:-1], self._edges[1:]))
        tops = self._placed(np.column_stack([self._edges[:-1], self._heights]), frame)[:, 1]
        painter = QPainter(image)
        for (x, bottom, _), (x_right, _, _), top, rgb in zip(left, right, tops, self._bar_colors, strict=True):
            if top < bottom:
                painter.fillRect(QRectF(x, top, x_right - x + 0.5, bottom - top), color_of(rgb))
        painter.end()
        return image

    def draw_axes(self, painter: QPainter, frame: Frame, palette: QPalette) -> None:
        """Draw the axis, the outline of the bars, which may be as dark as the ground, and a line for each centroid."""
        super().draw_axes(painter, frame, palette)
        painter.setPen(QPen(blended(palette, 0.8), 1))
        steps = np.column_stack([np.repeat(self._edges, 2)[1:-1], np.repeat(self._heights, 2)])
        painter.drawPolyline(_polygon(self._placed(steps, frame)))
        bottom = self._inner(frame).bottom()
        for x, y, _ in self.places(frame):
            painter.drawLine(QPointF(x, bottom), QPointF(x, y))


class ProfileView(_FlatView):
    """Lines over all channels: thin ones of some pixels, thick ones of the centroids."""

    x_name, y_name = "channel", "value"

    def __init__(
        self, points: Floats, centroids: Floats, colors: NDArray[np.uint8], centroid_colors: NDArray[np.uint8]
    ) -> None:
        n_channels = centroids.shape[1]
        gaps = np.diff(np.sort(centroids, axis=0), axis=0).min(0, initial=np.inf)
        clearest = int(gaps.argmax())  # where the numbers overlap least
        where = np.column_stack([np.full(len(centroids), float(clearest)), centroids[:, clearest]])
        super().__init__(where, (0, n_channels - 1), _limits(points, centroids))
        step = max(1, len(points) // N_LINES)
        self._lines = [(points[::step], colors[::step], QPen(), 70), (centroids, centroid_colors, QPen(), 255)]
        self._lines[1][2].setWidthF(2.5)

    def back(self, frame: Frame, ratio: float) -> QImage:
        """Picture of all lines."""
        image = blank(frame.width, frame.height, ratio)
        painter = QPainter(image)
        for lines, colors, pen, alpha in self._lines:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, alpha == 255)  # the many would take long
            for values, rgb in zip(lines, colors, strict=True):
                color = QColor(color_of(rgb))
                color.setAlpha(alpha)
                pen.setColor(color)
                painter.setPen(pen)
                steps = np.column_stack([np.arange(len(values), dtype=np.float64), values])
                painter.drawPolyline(_polygon(self._placed(steps, frame)))
        painter.end()
        return image


def projected(points: Floats, frame: Frame) -> Floats:
    """(n, 3) x and y in pixels, and how near, of points (n, 3) in a box from -1 to 1, seen from the side of a frame."""
    yaw, pitch = radians(frame.yaw), radians(frame.pitch)
    x, y, z = points.T
    across, ahead = x * cos(yaw) + z * sin(yaw), z * cos(yaw) - x * sin(yaw)
    up, near = y * cos(pitch) - ahead * sin(pitch), y * sin(pitch) + ahead * cos(pitch)
    # The box is √2 wide at most; its corners may leave the margin when it is tipped.
    scale = max(1.0, min((frame.width / 2 - 2 * MARGIN) / 2**0.5, (frame.height / 2 - MARGIN) / 1.55))
    return np.column_stack([frame.width / 2 + scale * across, frame.height / 2 - scale * up, near])


def _dots(places: Floats, colors: NDArray[np.uint8], frame: Frame, ratio: float) -> QImage:
    """Picture of points at (n, 3) x, y and how near: a small square each, near ones before far ones."""
    width, height = max(1, round(frame.width * ratio)), max(1, round(frame.height * ratio))
    side = max(1, round(DOT * ratio))
    order = np.argsort(places[:, 2], kind="stable")
    corner = np.clip(np.rint(places[order, :2] * ratio), -1e6, 1e6).astype(np.intp) - side // 2
    rows, columns = np.divmod(np.arange(side * side), side)
    x, y = corner[:, :1] + columns, corner[:, 1:] + rows  # (n, side²): of two points at a place, the later one stays
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    words = colors[order].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32) | np.uint32(0xFF << 24)
    canvas = np.zeros((height, width), np.uint32)
    canvas[y[inside], x[inside]] = np.broadcast_to(words[:, None], x.shape)[inside]
    image = QImage(canvas.tobytes(), width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
    image.setDevicePixelRatio(ratio)
    return image


def _tame(values: Floats) -> Floats:
    """Values with which one can compute without a thought of overflow."""
    return np.clip(np.nan_to_num(values), -LARGEST, LARGEST)


def _limits_of_each(points: Floats, centroids: Floats) -> list[Limits]:
    """Range of each channel."""
    return [_limits(points[:, [i]], centroids[:, [i]]) for i in range(centroids.shape[1])]


def _limits(points: Floats, centroids: Floats) -> Limits:
    """Range in which almost all values and all centroids lie."""
    low, high = float(centroids.min()), float(centroids.max())
    if len(points):
        low = min(low, float(np.percentile(points.min(1), 0.5)))
        high = max(high, float(np.percentile(points.max(1), 99.5)))
    pad = max(0.5, abs(low) * 1e-3)
    return (low, high) if high - low > max(1e-300, abs(low) * 1e-12) else (low - pad, high + pad)


def _unit(values: Floats, low: float, high: float) -> Floats:
    """Values of a range as -1 to 1; those outside may go some way beyond."""
    return np.clip((values - (low / 2 + high / 2)) / (high / 2 - low / 2), -9, 9)


def _ends(low: float, high: float) -> tuple[str, str]:
    """Return the ends of a range as text, with as many digits as it needs."""
    digits = 0 if low == round(low) and high == round(high) else max(0, 1 - floor(log10(high - low)))
    if digits > 3 or max(abs(low), abs(high)) >= 1e5:
        return f"{low:.2g}", f"{high:.2g}"
    low, high = (round(value, digits) + 0.0 for value in (low, high))  # no "-0"
    return f"{low:.{digits}f}", f"{high:.{digits}f}"


def _said(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of channels that are only numbers, with the word."""
    return tuple(f"channel {name}" if name.isdigit() else name for name in names)


def _polygon(places: Floats) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y, _ in places.tolist()])
