"""Portions in a real viewer: merge, split, join, clean, extract, and the way back."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton, QSlider
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def photo():
    return data.coffee()[::2, ::2]


@pytest.fixture
def result(desk, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    desk.viewer.window._qt_window.show()
    return kseg.segment(photo, 5)


def select(desk, *labels):
    desk.widget._panel.table.select(set(labels))


def choose(desk, button, entry):
    """Choose an entry of the menu of a button."""
    menu = desk.button(button).menu()
    next(action for action in menu.actions() if action.text() == entry).trigger()


def assert_shown(desk, seg):
    desk.wait_until_idle()
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, seg.labels)
    assert_array_equal(desk.viewer.layers["coffee recolored"].data, seg.recolored())
    assert [row[3] for row in desk.table] == [f"{count:,}" for count in seg.counts]


def history(desk):
    box = next(b for b in desk.widget.native.findChildren(QComboBox) if b.accessibleName() == "History")
    return box, [box.itemText(i) for i in range(box.count())]


def test_selected_clusters_are_merged(desk, result):
    select(desk, 2, 3)
    desk.click("Merge")
    assert_shown(desk, result.merge([2, 3]))
    assert history(desk)[1] == ["5 clusters", "Merge 2, 3"]


def test_a_cluster_is_split(desk, result):
    select(desk, 4)
    choose(desk, "Split", "Into 3")
    assert_shown(desk, result.split(4, 3))


def test_similar_clusters_are_joined_by_a_slider(desk, result, qtbot):
    slider = next(s for s in desk.widget.native.findChildren(QSlider) if s.accessibleName() == "Join similar clusters")
    for number in (4, 3):
        slider.setValue(number)
        desk.wait_for(lambda number=number: desk.viewer.layers["coffee clusters"].data.max() == number)
        assert_shown(desk, result.merge_similar(n_clusters=number))
    slider.setValue(5)
    desk.wait_for(lambda: desk.viewer.layers["coffee clusters"].data.max() == 5)
    assert_shown(desk, result)
    assert history(desk)[1] == ["5 clusters", "Join to 5"]


def test_specks_are_removed(desk, result):
    desk.widget._panel.portions._specks.setValue(30)
    desk.click("Remove")
    assert_shown(desk, result.clean_up(min_size=30))


@pytest.mark.parametrize(("entry", "kind"), [("As an image", ""), ("As a mask", "mask "), ("As objects", "objects ")])
def test_selected_clusters_are_extracted(desk, result, entry, kind):
    select(desk, 2, 5)
    choose(desk, "Extract", entry)
    desk.wait_until_idle()
    new = desk.viewer.layers[f"coffee {kind}2, 5"]
    wanted = {"": result.extract([2, 5]), "mask ": np.isin(result.labels, [2, 5]), "objects ": result.objects([2, 5])}
    assert_array_equal(new.data, wanted[kind])
    assert desk.viewer.layers.selection.active is desk.viewer.layers["coffee"]
    assert_shown(desk, result)


def test_undo_and_redo_by_keys(desk, result, qtbot):
    select(desk, 1, 2)
    desk.click("Merge")
    desk.wait_until_idle()
    merged = result.merge([1, 2])
    table, window = desk.widget._panel.table, desk.viewer.window._qt_window
    window.activateWindow()
    desk.wait_for(window.isActiveWindow)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.wait_for(lambda: desk.viewer.layers["coffee clusters"].data.max() == 5)
    assert_shown(desk, result)
    qtbot.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    desk.wait_for(lambda: desk.viewer.layers["coffee clusters"].data.max() == 4)
    assert_shown(desk, merged)


def test_a_step_is_chosen_from_the_history(desk, result):
    for labels in ((1, 2), (3, 4)):
        select(desk, *labels)
        desk.click("Merge")
        desk.wait_until_idle()
    assert history(desk)[1] == ["5 clusters", "Merge 1, 2", "Merge 3, 4"]
    box = history(desk)[0]
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert_shown(desk, result)
    assert desk.button("Redo").isEnabled()
    assert not desk.button("Undo").isEnabled()


def test_a_run_can_be_undone(desk, result):
    desk.run(n_clusters=3)
    desk.click("Undo")
    assert_shown(desk, result)


def test_buttons_are_offered_when_they_can_do_something(desk, photo):
    panel = desk.widget._panel.portions
    assert panel.isHidden()
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    for n_selected, able in ((0, []), (1, ["Split", "Extract"]), (2, ["Merge", "Extract"])):
        select(desk, *range(1, n_selected + 1))
        enabled = [text for text in ("Merge", "Split", "Extract") if desk.button(text).isEnabled()]
        assert enabled == able
    assert not desk.button("Undo").isEnabled()


def test_a_split_that_is_not_possible_says_why_and_changes_nothing(desk, notifications):
    image = np.zeros((6, 6), np.uint8)
    image[:3] = 100
    desk.viewer.add_image(image, name="coffee")
    desk.run(n_clusters=2)
    before = desk.viewer.layers["coffee clusters"].data
    select(desk, 1)
    choose(desk, "Split", "Into 2")
    desk.wait_until_idle()
    assert any("has only one color, which cannot be split" in message for message in notifications())
    assert desk.viewer.layers["coffee clusters"].data is before
    assert history(desk)[1] == ["2 clusters"]


def test_layers_of_the_user_stay_as_they_are(desk, result, photo):
    mine = desk.viewer.add_labels(np.ones(photo.shape[:2], np.uint8), name="mine")
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    before = mine.data.copy()
    select(desk, 1, 2)
    desk.click("Merge")
    desk.wait_until_idle()
    desk.click("Undo")
    desk.wait_until_idle()
    assert_array_equal(mine.data, before)
    assert_array_equal(desk.viewer.layers["coffee"].data, photo)


def test_every_control_explains_itself(desk, result):
    controls = [c for c in desk.widget._panel.portions.findChildren(QPushButton) if c.text()]
    assert len(controls) >= 6
    assert all(control.toolTip() for control in controls)
