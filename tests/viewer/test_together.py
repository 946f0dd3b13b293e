"""Several things at once in a real viewer: two images, paint and undo, what runs and what is asked for meanwhile."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtWidgets import QSlider
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def photo():
    return data.coffee()[::4, ::4]


@pytest.fixture
def two(desk, photo):
    """The desk with two images and their results, of which the first is chosen."""
    desk.viewer.add_image(photo, name="a", rgb=True)
    desk.run()
    desk.viewer.add_image(photo[::-1].copy(), name="b", rgb=True)
    desk.run()
    choose(desk, "a")
    return desk


def choose(desk, name):
    desk.viewer.layers.selection.active = desk.viewer.layers[name]


def titles(desk, name):
    return [step.title for step in desk.widget._controller.history(desk.viewer.layers[name]).steps]


def stroke(desk, name, value=5, rows=10):
    """Paint on the result of an image, as its layer is active."""
    labels = desk.viewer.layers[f"{name} clusters"]
    choose(desk, labels.name)
    labels.data_setitem((np.repeat(np.arange(rows), rows), np.tile(np.arange(rows), rows)), value)


@pytest.mark.parametrize("output", ["b clusters", "b recolored"])
def test_a_result_that_is_selected_brings_its_image_into_the_panel(two, output):
    two.run(n_clusters=3)
    choose(two, output)
    assert two.widget["image"].value.name == "b"
    assert len(two.table) == 5
    two.widget["image"].value = two.viewer.layers["a"]  # who picks another image gets it
    assert len(two.table) == 3
    two.run(n_clusters=4)
    assert two.viewer.layers["a clusters"].data.max() == 4
    assert two.viewer.layers.selection.active.name == output
    assert two.widget["image"].value.name == "a"


def test_a_duplicate_of_a_result_and_a_result_without_its_image_bring_no_other(two):
    choose(two, "b clusters")
    two.viewer.layers.append(two.viewer.layers["b clusters"].__class__(two.viewer.layers["b clusters"].data))
    copy = two.viewer.layers[-1]
    copy.metadata = dict(two.viewer.layers["b clusters"].metadata)
    choose(two, "a")
    two.viewer.layers.selection.active = copy
    assert two.widget["image"].value.name == "a"
    two.viewer.layers.remove("b")
    choose(two, "b recolored")
    assert two.widget["image"].value.name == "a"


def test_what_is_hidden_of_one_image_is_seen_of_another(two):
    table = two.widget._panel.table
    table.select({3})
    table.item(1, 0).setCheckState(table.item(1, 0).checkState().Unchecked)
    assert two.viewer.layers["a clusters"].get_color(2)[3] == 0
    choose(two, "b")
    assert (table.selected(), table.hidden()) == (set(), set())
    assert two.viewer.layers["b clusters"].get_color(2)[3] == 1


def test_a_run_with_the_same_result_keeps_hidden_clusters_hidden(two):
    table = two.widget._panel.table
    table.item(1, 0).setCheckState(table.item(1, 0).checkState().Unchecked)
    two.run()
    assert table.hidden() == {2}
    assert two.viewer.layers["a clusters"].get_color(2)[3] == 0


def test_a_stroke_right_before_undo_is_a_step_of_its_own(two):
    two.run(n_clusters=4)
    stroke(two, "a", value=4)
    painted = two.viewer.layers["a clusters"].data.copy()
    two.click("Undo")
    two.wait_until_idle()
    assert two.viewer.layers["a clusters"].data.max() == 5
    assert titles(two, "a") == ["5 clusters", "4 clusters", "Painted"]
    two.widget._panel.portions.step_wanted.emit(2)
    two.wait_until_idle()
    assert_array_equal(two.viewer.layers["a clusters"].data, painted)


def test_a_stroke_right_before_joining_is_joined_and_can_be_taken_back(two):
    stroke(two, "a", value=5)
    painted = two.viewer.layers["a clusters"].data.copy()
    slider = next(s for s in two.widget.native.findChildren(QSlider) if s.accessibleName() == "Join similar clusters")
    slider.setValue(3)
    two.wait_for(lambda: two.viewer.layers["a clusters"].data.max() == 3)
    two.wait_until_idle()
    assert titles(two, "a") == ["5 clusters", "Painted", "Join to 3"]
    assert (two.viewer.layers["a clusters"].data[:10, :10] == 3).all()
    two.click("Undo")
    two.wait_until_idle()
    assert_array_equal(two.viewer.layers["a clusters"].data, painted)


def test_strokes_on_another_result_are_counted_when_its_image_is_chosen(two):
    before = two.viewer.layers["b clusters"].features["count"][5]
    stroke(two, "b", value=5)
    choose(two, "b")
    two.wait_for(lambda: two.viewer.layers["b clusters"].features["count"][5] > before)
    assert titles(two, "b") == ["5 clusters", "Painted"]


def test_a_name_right_after_a_stroke_leaves_nothing_stale(two, photo):
    stroke(two, "a", value=5)
    choose(two, "a")
    two.widget._panel.table.renamed.emit(1, "dark")
    two.wait_until_idle()
    labels, recolored = two.viewer.layers["a clusters"], two.viewer.layers["a recolored"]
    assert labels.features["name"][1] == "dark"
    wanted = np.rint(kseg.from_layer(labels).centroids[4]).astype(np.uint8)
    assert_array_equal(recolored.data[:10, :10].reshape(-1, 3), [wanted] * 100)


def test_what_was_tried_for_one_image_is_not_shown_for_another(two):
    plots = two.widget._panel.plots
    plots.choice.expand(animate=False)
    two.click("Try 2 to 10")
    choose(two, "b")
    two.wait_until_idle()
    assert plots._elbow.isHidden()


def test_specks_are_removed_beside_a_majority_filter(two, photo):
    two.widget._recipe._majority.value = 2
    two.run()
    two.widget._panel.portions._specks.setValue(30)
    two.click("Remove")
    two.wait_until_idle()
    wanted = kseg.segment(photo, 5, majority=2, min_size=30)
    assert_array_equal(two.viewer.layers["a clusters"].data, wanted.labels)


def test_two_quick_clicks_go_two_steps_back(two):
    for labels in ([1, 2], [2, 3]):
        two.widget._panel.table.select(set(labels))
        two.click("Merge")
        two.wait_until_idle()
    two.click("Undo")
    two.click("Undo")
    two.wait_until_idle()
    assert two.viewer.layers["a clusters"].data.max() == 5


def test_a_result_that_is_removed_before_undo_is_done_comes_back_whole(two):
    two.run(n_clusters=3)
    two.click("Undo")
    two.viewer.layers.remove("a clusters")
    two.wait_until_idle()
    assert two.viewer.layers["a clusters"].data.max() == 5
    assert titles(two, "a") == ["5 clusters"]


def test_a_name_that_comes_while_something_runs_is_refused_in_words(two):
    two.click("Run")
    two.widget._panel.table.renamed.emit(1, "dark")
    assert two.status == "a is worked on; do it again."
    two.wait_until_idle()
    assert two.table[0][1] == "cluster 1"


def test_a_portion_wanted_while_something_runs_is_refused_in_words(two):
    two.widget._panel.table.select({1})
    two.click("Run")
    two.widget._panel.portions.extract_wanted.emit("mask")
    assert two.status == "a is worked on; do it again."
    two.wait_until_idle()
    assert "a mask 1" not in two.names


def test_a_name_that_is_taken_away_is_the_default_again(two):
    table = two.widget._panel.table
    table.item(0, 1).setText("")
    two.wait_until_idle()
    assert two.table[0][1] == "cluster 1"
