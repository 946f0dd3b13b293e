"""Two viewers in one process, each with a panel: what happens in one is not seen in the other."""

import threading
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def photo():
    return data.coffee()[::4, ::4]


@pytest.fixture
def two(open_desk, photo):
    """Two desks with an image of the same name, in different colors."""
    desks = [open_desk(), open_desk()]
    for desk, image in zip(desks, (photo, 255 - photo), strict=True):
        desk.viewer.add_image(image, name="coffee", rgb=True)
    return desks


def labels_of(desk):
    return desk.viewer.layers["coffee clusters"]


def titles(desk):
    return [step.title for step in desk.widget._controller.history(desk.viewer.layers["coffee"]).steps]


def test_both_run_at_once_and_each_gets_its_own(two, photo):
    filters, show = warnings.filters[:], warnings.showwarning
    for desk, n_clusters in zip(two, (4, 6), strict=True):
        desk.widget["n_clusters"].value = n_clusters
        desk.click("Run")
    for desk, seg in zip(two, (kseg.segment(photo, 4), kseg.segment(255 - photo, 6)), strict=True):
        desk.wait_until_idle()
        assert desk.names == ["coffee", "coffee recolored", "coffee clusters"]
        assert_array_equal(labels_of(desk).data, seg.labels)
        assert len(desk.table) == seg.n_clusters
    assert warnings.filters == filters
    assert warnings.showwarning is show


def test_what_is_done_in_one_leaves_the_other_alone(two, photo, mouse_event, qtbot):
    first, second = two
    for desk in two:
        desk.run(n_clusters=5)
    before = labels_of(second).data
    first.widget._panel.table.select({2, 3})
    first.click("Merge")
    first.wait_until_idle()
    labels_of(first).data_setitem((np.arange(9), np.arange(9)), 1)
    first.viewer.layers.selection.active = labels_of(first)
    first.wait_for(lambda: titles(first)[-1] == "Merge 2, 3")
    event = mouse_event("mouse_press", (50, 60))
    for callback in first.viewer.mouse_drag_callbacks:
        next(callback(first.viewer, event), None)
    first.click("Outlines")
    first.click("Live")
    first.widget["n_clusters"].value = 3
    first.wait_for(lambda: labels_of(first).data.max() == 3)
    first.wait_until_idle()
    assert labels_of(second).data is before
    assert titles(second) == ["5 clusters"]
    assert second.widget["n_clusters"].value == 5
    assert (second.widget._panel.table.selected(), labels_of(second).contour) == (set(), 0)
    assert not next(b for b in second.widget.native.findChildren(QAbstractButton) if b.text() == "Live").isChecked()
    qtbot.keyClick(second.widget.native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert titles(first)[-1] == "3 clusters"


def test_cancel_and_closing_end_only_their_own_run(two, noise):
    first, second = two
    for desk in two:
        desk.viewer.add_image(noise, name="noise", rgb=True)
        desk.widget["n_clusters"].value = 60
        desk.click("Run")
    for desk in two:
        desk.wait_for(lambda desk=desk: desk.status not in ("", "Preparing…"))
    first.click("Cancel")
    assert second.button("Cancel").isEnabled()
    first.viewer.close()
    second.wait_until_idle()
    assert second.viewer.layers["noise clusters"].data.max() == 60
    second.viewer.layers.selection.active = second.viewer.layers["coffee"]
    second.run(n_clusters=3)
    assert labels_of(second).data.max() == 3


def test_threads_end_with_their_viewers(two, qtbot):
    for desk in two:
        desk.run(n_clusters=3)
        desk.viewer.close()
    qtbot.wait(50)
    assert not [thread for thread in threading.enumerate() if thread.name == "napari-kseg cloud"]
