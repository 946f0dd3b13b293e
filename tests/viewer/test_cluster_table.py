"""The table of clusters in a real viewer: what a person does with the mouse and the keys."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor, QGuiApplication
from qtpy.QtWidgets import QColorDialog, QLineEdit, QTableWidget

import napari_kseg as kseg

LABEL, NAME, SHARE, PIXELS, CENTROID, AREA = range(6)


@pytest.fixture
def table(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True, scale=(2, 3))
    desk.run(n_clusters=4)
    desk.viewer.window._qt_window.show()
    return desk.widget.native.findChild(QTableWidget)


@pytest.fixture
def labels(desk, table):
    return desk.viewer.layers["stripes clusters"]


def place(table, row, column):
    return table.visualItemRect(table.item(row, column)).center()


def click(qtbot, table, row, column=NAME, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifier, place(table, row, column))


def double_click(qtbot, table, row, column):
    click(qtbot, table, row, column)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place(table, row, column))


def column(table, number):
    return [table.item(row, number).text() for row in range(table.rowCount())]


def test_areas_are_in_world_units(table):
    assert column(table, PIXELS) == ["12"] * 4
    assert column(table, AREA) == ["72"] * 4


def test_selected_rows_stand_out_and_the_others_are_veiled(desk, table, labels, qtbot):
    before = [labels.get_color(label) for label in range(1, 5)]
    click(qtbot, table, 3)  # the brightest: the veil is black
    assert_allclose(labels.get_color(4), before[3])
    for label in (1, 2, 3):
        assert_allclose(labels.get_color(label)[:3], 0.2 * before[label - 1][:3], atol=1e-6)
    click(qtbot, table, 0)  # the darkest: the veil is white
    assert_allclose(labels.get_color(1), before[0])
    assert_allclose(labels.get_color(4)[:3], 0.8 + 0.2 * before[3][:3], atol=1e-6)
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert_allclose([labels.get_color(label) for label in range(1, 5)], before)


def test_selecting_a_row_shows_the_clusters(desk, table, labels, qtbot):
    desk.click("Recolored")
    assert not labels.visible
    click(qtbot, table, 1)
    assert labels.visible


def test_an_unticked_cluster_is_not_seen(desk, table, labels, qtbot):
    box = table.visualItemRect(table.item(2, LABEL)).center()
    box.setX(table.visualItemRect(table.item(2, LABEL)).left() + 10)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert labels.get_color(3)[3] == 0
    assert labels.get_color(2)[3] == 1
    assert (labels.data == 3).sum() == 12  # it is still there
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert labels.get_color(3)[3] == 1


def test_a_name_that_is_typed_in_goes_to_the_layer(desk, table, labels, qtbot):
    data = labels.data
    double_click(qtbot, table, 1, NAME)
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "roof")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.wait_for(lambda: labels.features["name"][2] == "roof")
    assert column(table, NAME) == ["cluster 1", "roof", "cluster 3", "cluster 4"]
    assert labels.data is data
    assert kseg.from_layer(labels).table()["name"][1] == "roof"


def test_a_color_is_picked_by_a_double_click(desk, table, labels, qtbot):
    double_click(qtbot, table, 0, LABEL)
    dialog = desk.widget.native.findChild(QColorDialog)
    dialog.setCurrentColor(QColor("#00ff7f"))
    dialog.accept()
    desk.wait_for(lambda: labels.features["color"][1] == "#00ff7f")
    qtbot.keyClick(table, Qt.Key.Key_Escape)
    assert_allclose(labels.get_color(1), [0, 1, 127 / 255, 1], atol=1e-6)
    recolored = desk.viewer.layers["stripes recolored"].data
    assert_array_equal(recolored[labels.data == 1], [[0, 255, 127]] * 12)
    assert_array_equal(kseg.from_layer(labels).centroids[0], [11, 11, 31])  # they are what they were


def test_the_table_works_by_keys_alone(desk, table, labels, qtbot):
    table.setFocus()
    table.setCurrentCell(1, LABEL)
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert labels.get_color(2)[3] == 0
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert labels.get_color(2)[3] == 1
    qtbot.keyClick(table, Qt.Key.Key_Return)
    dialog = desk.widget.native.findChild(QColorDialog)
    dialog.reject()
    qtbot.keyClick(table, Qt.Key.Key_Right)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    qtbot.keyClicks(editor, "sky")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    desk.wait_for(lambda: labels.features["name"][2] == "sky")


def test_columns_are_sorted_by_their_numbers(desk, table, labels, qtbot):
    labels.features = labels.features.assign(count=[0, 9, 100, 20, 3])
    header = table.horizontalHeader()
    middle = header.sectionViewportPosition(PIXELS) + header.sectionSize(PIXELS) // 2
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle, header.height() // 2))
    assert column(table, PIXELS) == ["3", "9", "20", "100"]
    assert column(table, LABEL) == ["4", "1", "3", "2"]
    click(qtbot, table, 0)
    assert table.selected() == {4}


def test_copied_rows_can_be_pasted_into_a_spreadsheet(table, qtbot):
    click(qtbot, table, 0)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert lines == [
        ["Label", "Name", "Share", "Pixels", "R, G, B", "Area"],
        ["1", "cluster 1", "25.0%", "12", "11, 11, 31", "72"],
    ]


def test_a_click_on_the_canvas_selects_the_row(table, labels, click_canvas):
    click_canvas((6, 1))  # the last stripe but its first row: label 3
    assert table.selected() == {int(labels.data[6, 1])}
    click_canvas((0, 0))
    assert table.selected() == {int(labels.data[0, 0])}
    click_canvas((-3, 0))
    assert table.selected() == set()


def test_a_drag_on_the_canvas_selects_nothing(table, click_canvas):
    click_canvas((6, 1), moves=2)
    assert table.selected() == set()


@pytest.fixture
def click_canvas(desk, labels, mouse_event):
    """Press and release the mouse over a pixel, as the canvas tells the viewer."""
    from napari.utils.interactions import mouse_move_callbacks, mouse_press_callbacks, mouse_release_callbacks

    def click(pixel, moves=0):
        position = labels.data_to_world(pixel)
        mouse_press_callbacks(desk.viewer, mouse_event("mouse_press", position))
        for _ in range(moves):
            mouse_move_callbacks(desk.viewer, mouse_event("mouse_move", position))
        mouse_release_callbacks(desk.viewer, mouse_event("mouse_release", position))

    return click


def test_painting_updates_the_counts(desk, table, labels):
    desk.viewer.layers.selection.active = labels
    labels.selected_label, labels.brush_size = 1, 1
    labels.paint((7, 0), 1)
    desk.wait_for(lambda: column(table, PIXELS) == ["13", "12", "11", "12"])
    assert desk.viewer.layers["stripes recolored"].data[7, 0].tolist() == [11, 11, 31]
    labels.fill((0, 0), 4)
    desk.wait_for(lambda: column(table, PIXELS)[3] == "24")
    labels.undo()
    labels.undo()
    desk.wait_for(lambda: column(table, PIXELS) == ["12"] * 4)


def test_the_selection_stays_while_something_is_painted(desk, table, labels, qtbot):
    click(qtbot, table, 3)
    desk.viewer.layers.selection.active = labels
    labels.brush_size = 1
    labels.paint((7, 0), 1)
    desk.wait_for(lambda: column(table, PIXELS)[0] == "13")
    assert table.selected() == {4}
    assert labels.get_color(1)[0] < 0.1  # still veiled


def test_many_clusters_of_a_large_table(desk):
    desk.viewer.add_image(np.arange(600, dtype=np.uint16).reshape(20, 30), name="many")
    desk.run(n_clusters=255)
    assert desk.widget.native.findChild(QTableWidget).rowCount() == 255
