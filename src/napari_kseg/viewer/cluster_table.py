"""The table of the final clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

if TYPE_CHECKING:
    import pandas

COLUMNS = ("Label", "Centroid", "Pixels", "Share")
LABEL, CENTROID, PIXELS, SHARE = range(4)
MIN_ROWS = 8
"""Rows that are always shown, if there are as many; the table scrolls where there is no more room."""


class ClusterTable(QTableWidget):
    """One row per cluster: label with its color, centroid, pixels, share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setHorizontalHeaderLabels(COLUMNS)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(CENTROID, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)

    def can_show(self, features: pandas.DataFrame) -> bool:
        """Return whether these are features as we write them; they are the user's to change."""
        needed, channels = ["label", "name", "color", "count", "fraction"], _channels(features)
        if len(features) < 2 or not channels or not set(needed) <= set(features.columns):
            return False
        clusters = features[[*needed, *channels]][1:]  # row 0 has no centroid
        numbers = clusters[["count", "fraction", *channels]].dtypes
        return (
            bool(clusters.notna().all(axis=None))
            and all(dtype.kind in "iuf" for dtype in numbers)
            and all(isinstance(color, str) for color in clusters["color"])
        )

    def set_features(self, features: pandas.DataFrame) -> None:
        """Show the features table of a Labels layer; row 0, what was left out, is not a cluster."""
        channels = _channels(features)
        names = ", ".join(name.removeprefix("centroid_") for name in channels)
        self.horizontalHeaderItem(CENTROID).setText(names[:1].upper() + names[1:] if len(channels) <= 3 else "Centroid")
        self.horizontalHeaderItem(CENTROID).setToolTip(f"Centroid: {names}")
        # Decimals tell nothing about values as large as those of 8 bits.
        whole = bool(features[channels].abs().max().max() >= 10)
        self.setRowCount(len(features) - 1)
        for row, cluster in enumerate(features.to_dict("records")[1:]):
            values = [cluster[name] for name in channels]
            centroid = ", ".join(f"{value:.0f}" if whole else f"{value:.3g}" for value in values)
            label = self._set(row, LABEL, str(cluster["label"]), tip=f"{cluster['name']}, {cluster['color']}")
            label.setData(Qt.ItemDataRole.DecorationRole, QColor(cluster["color"]))
            self._set(row, CENTROID, centroid, tip=", ".join(f"{value:.6g}" for value in values))
            self._set(row, PIXELS, f"{cluster['count']:,}")
            self._set(row, SHARE, f"{cluster['fraction']:.1%}")
        self._fit_height()

    def _set(self, row: int, column: int, text: str, tip: str = "") -> QTableWidgetItem:
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        if column in (PIXELS, SHARE):
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, item)
        return item

    def _fit_height(self) -> None:
        row = self.verticalHeader().defaultSectionSize()
        rest = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        self.setMinimumHeight(rest + row * min(self.rowCount(), MIN_ROWS))
        self.setMaximumHeight(rest + row * self.rowCount())


def _channels(features: pandas.DataFrame) -> list[str]:
    """Return the columns of the centroids; the user may have added columns of any name."""
    return [name for name in features.columns if str(name).startswith("centroid_")]
