"""The table of the final clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QItemSelectionModel, QRect, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QColor, QGuiApplication, QIcon, QKeySequence, QPainter, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QStyledItemDelegate,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas

COLUMNS = {
    "Label": "Number and color. Untick (Space) to hide the cluster; double-click (Enter) for another color.",
    "Name": "Double-click (Enter) to name the cluster.",
    "Share": "Share in all pixels that take part.",
    "Pixels": "Number of pixels.",
    "Centroid": "",
    "Area": "Area in the units of the layer; volume in 3-D.",
}
LABEL, NAME, SHARE, PIXELS, CENTROID, AREA = range(len(COLUMNS))
MIN_ROWS = 4
"""Rows that are always shown, if there are as many; the table scrolls where there is no more room."""
SWATCH = 16
"""Pixels of the side of a color in the table."""
SORT_BY = Qt.ItemDataRole.UserRole
"""Role of the number that a cell is sorted by."""


class _Item(QTableWidgetItem):
    """A cell that is sorted by its number, not by its text."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return bool(self.data(SORT_BY) < other.data(SORT_BY))


class _ShareBar(QStyledItemDelegate):
    """A share as a bar behind its number."""

    def paint(self, painter: QPainter, option: Any, index: Any) -> None:
        share = index.data(SORT_BY) or 0.0
        place = option.rect.adjusted(2, 3, -2, -3)
        bar = option.palette.highlight().color()
        bar.setAlphaF(0.45)
        painter.fillRect(QRect(place.left(), place.top(), round(place.width() * share), place.height()), bar)
        super().paint(painter, option, index)


class ClusterTable(QTableWidget):
    """One row per cluster: label with its color, name, share, pixels, centroid, area."""

    clusters_selected = Signal()
    """The rows that are selected, or the clusters that are hidden, changed."""
    renamed = Signal(int, str)
    color_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self.setAccessibleName("Clusters")
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked | QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTabKeyNavigation(False)  # Tab goes on to the buttons
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setHorizontalHeaderLabels(list(COLUMNS))
        for column, tip in enumerate(COLUMNS.values()):
            self.horizontalHeaderItem(column).setToolTip(tip)
        self.setItemDelegateForColumn(SHARE, _ShareBar(self))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(24)
        header.setHighlightSections(False)
        self.setSortingEnabled(True)
        self.sortByColumn(LABEL, Qt.SortOrder.AscendingOrder)
        self.itemSelectionChanged.connect(self.clusters_selected)
        self.itemChanged.connect(self._on_item_changed)
        self.cellDoubleClicked.connect(self._on_cell_double_clicked)

    def can_show(self, features: pandas.DataFrame) -> bool:
        """Return whether these are features as we write them; they are the user's to change."""
        needed, channels = ["label", "name", "color", "count", "fraction", "area"], _channels(features)
        if len(features) < 2 or not channels or not set(needed) <= set(features.columns):
            return False
        clusters = features[[*needed, *channels]][1:]  # row 0 has no centroid
        numbers = clusters[["count", "fraction", "area", *channels]].dtypes
        return (
            bool(clusters.notna().all(axis=None))
            and all(dtype.kind in "iuf" for dtype in numbers)
            and all(isinstance(color, str) for color in clusters["color"])
        )

    def set_features(self, features: pandas.DataFrame, channel_names: Sequence[str] = ()) -> None:
        """Show the features table of a Labels layer; row 0, what was left out, is not a cluster.

        Channels have the names of their columns if no others are given. What was selected and hidden stays so if there
        are as many clusters as before.
        """
        with QSignalBlocker(self):
            as_many = self.rowCount() == len(features) - 1
            selected, hidden = (self.selected(), self.hidden()) if as_many else (set(), set())
            self.setSortingEnabled(False)  # else rows would move while they are filled
            self.clearSelection()
            self._fill(features, hidden, channel_names)
            self.resizeColumnsToContents()  # once: a header that does so by itself takes longer than all else
            self.setSortingEnabled(True)
            self.select(selected)
        self._fit_height()
        self.clusters_selected.emit()

    def _fill(self, features: pandas.DataFrame, hidden: set[int], channel_names: Sequence[str]) -> None:
        channels = _channels(features)
        given = list(channel_names) if len(channel_names) == len(channels) else []
        names = given or [name.removeprefix("centroid_") for name in channels]
        said = ", ".join(names)
        is_short = len(channels) <= 3 and not given and not said[0].isdigit()
        self.horizontalHeaderItem(CENTROID).setText(said[:1].upper() + said[1:] if is_short else "Centroid")
        self.horizontalHeaderItem(CENTROID).setToolTip(f"Centroid: {said}")
        # Decimals tell nothing about values as large as those of 8 bits.
        whole = bool(features[channels].abs().max().max() >= 10)
        self.setRowCount(len(features) - 1)
        for row, cluster in enumerate(features.to_dict("records")[1:]):
            values = [cluster[name] for name in channels]
            centroid = ", ".join(f"{value:.0f}" if whole else f"{value:.3g}" for value in values)
            number = int(cluster["label"])
            label = self._set(row, LABEL, str(number), number, tip=f"{cluster['name']}, {cluster['color']}")
            label.setIcon(_swatch(cluster["color"]))
            label.setFlags(label.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            label.setCheckState(Qt.CheckState.Unchecked if number in hidden else Qt.CheckState.Checked)
            name = self._set(row, NAME, str(cluster["name"]), str(cluster["name"]))
            name.setFlags(name.flags() | Qt.ItemFlag.ItemIsEditable)
            self._set(row, SHARE, f"{cluster['fraction']:.1%}", float(cluster["fraction"]))
            self._set(row, PIXELS, f"{cluster['count']:,}", int(cluster["count"]))
            pairs = zip(names, values, strict=True)
            tip = ", ".join(f"{own} {value:.6g}" if given else f"{value:.6g}" for own, value in pairs)
            self._set(row, CENTROID, centroid, sum(values), tip=tip)
            self._set(row, AREA, f"{cluster['area']:,.6g}", float(cluster["area"]))

    def say_of_counts(self, how: str) -> None:
        """Say in the tooltips of what is counted how that was done, if there is something to say."""
        for column in (SHARE, PIXELS, AREA):
            tip = list(COLUMNS.values())[column]
            self.horizontalHeaderItem(column).setToolTip(f"{tip[:-1]}, {how}." if how else tip)

    def labels(self, rows: Iterable[int] | None = None) -> list[int]:
        """Return the labels in rows, by default in all."""
        return [int(self.item(row, LABEL).data(SORT_BY)) for row in (range(self.rowCount()) if rows is None else rows)]

    def selected(self) -> set[int]:
        """Return the labels whose rows are selected."""
        return set(self.labels(index.row() for index in self.selectionModel().selectedRows()))

    def hidden(self) -> set[int]:
        """Return the labels that are not to be seen."""
        return {
            int(item.data(SORT_BY))
            for item in (self.item(row, LABEL) for row in range(self.rowCount()))
            if item.checkState() != Qt.CheckState.Checked
        }

    def select(self, labels: set[int]) -> None:
        """Select the rows of labels, and no others."""
        with QSignalBlocker(self):
            self.clearSelection()
            for row, label in enumerate(self.labels()):
                if label in labels:
                    self.selectionModel().select(
                        self.model().index(row, LABEL),
                        QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows,
                    )
                    self.scrollTo(self.model().index(row, LABEL))
        self.viewport().update()
        self.clusters_selected.emit()

    def text(self) -> str:
        """Return the selected rows, or all, as lines with tabs, as spreadsheets paste them."""
        chosen = {index.row() for index in self.selectionModel().selectedRows()}
        rows = [row for row in range(self.rowCount()) if row in chosen or not chosen]
        header = [self.horizontalHeaderItem(column).text() for column in range(self.columnCount())]
        cells = [[self.item(row, column).text() for column in range(self.columnCount())] for row in rows]
        return "\n".join("\t".join(line) for line in [header, *cells]) + "\n"

    def keyPressEvent(self, event: Any) -> None:  # Qt's name
        """Copy by the usual keys, let Enter do what a double-click does, and Escape clear the selection."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.text())
        elif event.key() == Qt.Key.Key_Escape and self.selected():
            self.select(set())
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentColumn() == LABEL:
            self._on_cell_double_clicked(self.currentRow(), LABEL)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentColumn() == NAME:
            self.editItem(self.currentItem())
        else:
            super().keyPressEvent(event)

    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        if item.column() == LABEL:
            self.clusters_selected.emit()
        elif item.column() == NAME and item.text() != item.data(SORT_BY):
            label, name = int(self.item(item.row(), LABEL).data(SORT_BY)), item.text().strip()
            with QSignalBlocker(self):
                item.setText(name or f"cluster {label}")
            self.renamed.emit(label, name)

    def _on_cell_double_clicked(self, row: int, column: int) -> None:
        if column == LABEL:
            self.color_wanted.emit(int(self.item(row, LABEL).data(SORT_BY)))

    def _set(self, row: int, column: int, text: str, sort_by: Any, tip: str = "") -> QTableWidgetItem:
        item = _Item(text)
        item.setToolTip(tip)
        item.setData(SORT_BY, sort_by)
        item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
        if column in (SHARE, PIXELS, AREA):
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, item)
        return item

    def _fit_height(self) -> None:
        row = self.verticalHeader().defaultSectionSize()
        rest = self.horizontalHeader().sizeHint().height() + 2 * self.frameWidth()
        rest += self.horizontalScrollBar().sizeHint().height()
        self.setMinimumHeight(rest + row * min(self.rowCount(), MIN_ROWS))
        self.setMaximumHeight(rest + row * self.rowCount())


def _swatch(color: str) -> QIcon:
    """Return a square of a color, which is the same in a selected row."""
    square = QPixmap(SWATCH, SWATCH)
    square.fill(QColor(color))
    icon = QIcon(square)
    icon.addPixmap(square, QIcon.Mode.Selected)
    return icon


def _channels(features: pandas.DataFrame) -> list[str]:
    """Return the columns of the centroids; the user may have added columns of any name."""
    return [name for name in features.columns if str(name).startswith("centroid_")]
