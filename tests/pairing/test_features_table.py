"""napari's own table of features."""

import numpy as np
from numpy.testing import assert_allclose
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QTableView


def shown(view):
    """What a table shows: a list of values for each of its columns."""
    model, role = view.model(), Qt.ItemDataRole.DisplayRole
    return {
        model.headerData(column, Qt.Orientation.Horizontal, role): [
            model.data(model.index(row, column), role) for row in range(model.rowCount())
        ]
        for column in range(model.columnCount())
    }


def test_a_row_is_a_label_of_clusters(desk, cells):
    labels = desk.segment(cells.gray, 3, scale=(0.5, 0.25))
    _, widget = desk.open("napari", "Features table widget")
    desk.select(labels)
    view = widget.findChild(QTableView)
    table, counts = shown(view), np.bincount(cells.labels.ravel())
    assert table["label"] == [0, 1, 2, 3]
    assert table["count"] == counts.tolist()
    assert_allclose(table["area"], counts / 8)
    assert table["name"] == ["left out", "cluster 1", "cluster 2", "cluster 3"]
    means = [cells.gray[cells.labels == label].mean() for label in (1, 2, 3)]
    assert_allclose(table["centroid_intensity"][1:], means)
    for label in (2, 1, 3):
        view.selectRow(label)
        assert labels.selected_label == label
    labels.selected_label = 2
    assert {index.row() for index in view.selectionModel().selectedIndexes()} == {2}


def test_a_sorted_row_is_still_its_label(desk, cells):
    labels = desk.segment(cells.gray, 3)
    _, widget = desk.open("napari", "Features table widget")
    desk.select(labels)
    view = widget.findChild(QTableView)
    column = list(shown(view)).index("count")
    view.sortByColumn(column, Qt.SortOrder.AscendingOrder)
    order = np.argsort(np.bincount(cells.labels.ravel())).tolist()
    assert shown(view)["label"] == order
    view.selectRow(1)
    assert labels.selected_label == order[1]


def test_objects_have_a_table_too(desk, cells):
    desk.segment(cells.gray, 3, scale=(0.5, 0.25))
    objects = desk.extract_objects(3)
    _, widget = desk.open("napari", "Features table widget")
    desk.select(objects)
    view = widget.findChild(QTableView)
    counts = np.bincount(objects.data.ravel())
    assert len(counts) == 8
    assert shown(view)["count"] == [0, *counts[1:]]
    assert shown(view)["cluster"] == [0] + [3] * 7
    view.selectRow(4)
    assert objects.selected_label == 4
