"""Portions in a real viewer: merge, split, join, clean, extract, and the way back."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton, QSlider
from skimage import data

import napari_kseg as kseg
from napari_kseg.viewer.python_code import python_code


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


def extract(desk, entry, *labels):
    select(desk, *labels)
    choose(desk, "Extract", entry)
    desk.wait_until_idle()


def step(desk, button):
    desk.click(button)
    desk.wait_until_idle()


def test_undo_takes_extracted_layers_away_and_redo_brings_them_back(desk, result):
    extract(desk, "As an image", 2)
    extract(desk, "As objects", 3, 4)
    assert history(desk)[1] == ["5 clusters", "Extract 2 (image)", "Extract 3, 4 (objects)"]
    names, image = desk.names, desk.viewer.layers["coffee 2"]
    image.opacity = 0.5  # a look is no work
    before = desk.viewer.layers["coffee clusters"].data
    step(desk, "Undo")
    assert [name for name in names if name not in desk.names] == ["coffee objects 3, 4"]
    step(desk, "Undo")
    assert desk.names == ["coffee", "coffee recolored", "coffee clusters"]
    assert desk.viewer.layers["coffee clusters"].data is before  # nothing of it was made anew
    assert desk.viewer.layers.selection.active.name == "coffee"
    step(desk, "Redo")
    step(desk, "Redo")
    assert desk.names == names
    assert desk.viewer.layers["coffee 2"].opacity == 0.5
    assert_array_equal(desk.viewer.layers["coffee 2"].data, result.extract(2))
    assert_array_equal(desk.viewer.layers["coffee objects 3, 4"].data, result.objects([3, 4]))


def test_objects_may_be_extracted_while_a_volume_is_shown_in_3d(desk):
    image = np.zeros((8, 9, 10), np.uint8)
    image[4:] = 200
    desk.viewer.add_image(image, name="volume")
    desk.run(n_clusters=2)
    # As after moving the mouse in 2-D and switching to 3-D by a key: there is no direction of view yet.
    desk.viewer.dims.ndisplay = 3
    desk.viewer.mouse_over_canvas = True
    extract(desk, "As objects", 2)
    for _ in range(2):
        assert desk.viewer.layers["volume objects 2"].features["count"].tolist() == [0, 360]
        step(desk, "Undo")
        assert desk.names == ["volume", "volume recolored", "volume clusters"]
        step(desk, "Redo")


def test_a_step_far_back_takes_all_of_it_back_at_once(desk, result, qtbot):
    extract(desk, "As a mask", 2)
    select(desk, 2, 3)
    desk.click("Merge")
    assert_shown(desk, result.merge([2, 3]))
    extract(desk, "As a mask", 1)
    box, titles = history(desk)
    assert titles == ["5 clusters", "Extract 2 (mask)", "Merge 2, 3", "Extract 1 (mask)"]
    box.activated.emit(0)
    assert_shown(desk, result)
    assert desk.names == ["coffee", "coffee recolored", "coffee clusters"]
    box.activated.emit(3)
    assert_shown(desk, result.merge([2, 3]))
    assert desk.names[3:] == ["coffee mask 2", "coffee mask 1"]


def paint(layer):
    layer.data_setitem((np.array([0, 1]), np.array([0, 1])), 1 - layer.data[:2, :2].diagonal())


def rename(layer):
    layer.name = "my cup"


def replace(layer):
    layer.data = 1 - layer.data


@pytest.mark.parametrize("change", [paint, rename, replace])
def test_an_extracted_layer_that_became_the_users_stays_and_that_is_said(desk, result, notifications, change):
    extract(desk, "As a mask", 2)
    mask = desk.viewer.layers["coffee mask 2"]
    change(mask)
    step(desk, "Undo")
    assert mask in desk.viewer.layers
    assert history(desk)[0].currentText() == "5 clusters"
    assert notifications() == [f"Kept, as changed since it was extracted: {mask.name}; remove it in the layer list."]
    step(desk, "Redo")
    assert desk.names == ["coffee", "coffee recolored", "coffee clusters", mask.name]


def test_an_extracted_image_that_was_segmented_stays(desk, result, notifications):
    extract(desk, "As an image", 2)
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee 2"]
    desk.run(n_clusters=2)
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    step(desk, "Undo")
    assert "coffee 2" in desk.names
    assert len(notifications()) == 1


def test_an_extracted_layer_that_was_removed_is_no_matter_and_comes_back(desk, result):
    extract(desk, "As a mask", 2)
    desk.viewer.layers.remove("coffee mask 2")
    step(desk, "Undo")
    assert desk.names == ["coffee", "coffee recolored", "coffee clusters"]
    step(desk, "Redo")
    assert desk.names[-1] == "coffee mask 2"


def test_python_says_that_extracted_layers_are_not_made_again(desk, result):
    select(desk, 2, 3)
    step(desk, "Merge")
    extract(desk, "As a mask", 2)
    code = python_code(desk.widget._controller.history(desk.viewer.layers["coffee"]).path, "coffee")
    assert ".merge([2, 3])" in code
    assert code.endswith("# Layers that were cut out are not made again.\n")


def test_what_was_painted_is_extracted_and_is_a_step_before(desk, result):
    labels = desk.viewer.layers["coffee clusters"]
    select(desk, 2)
    desk.viewer.layers.selection.active = labels
    labels.data_setitem((np.arange(8), np.arange(8)), 2)
    choose(desk, "Extract", "As a mask")
    desk.wait_until_idle()
    assert (desk.viewer.layers["coffee mask 2"].data.diagonal()[:8] == 1).all()
    assert history(desk)[1] == ["5 clusters", "Painted", "Extract 2 (mask)"]
    step(desk, "Undo")
    step(desk, "Undo")
    assert_shown(desk, result)
