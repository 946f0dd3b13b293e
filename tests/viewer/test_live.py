"""Live: the segmentation follows the settings while they change."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QProgressBar, QSlider
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def photo():
    return data.coffee()[::2, ::2]


@pytest.fixture
def live(desk, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    desk.click("Live")
    return desk


def slider(desk):
    return next(s for s in desk.widget.native.findChildren(QSlider) if s.accessibleName() == "Clusters")


def wait_for_clusters(desk, number):
    desk.wait_for(lambda: desk.viewer.layers["coffee clusters"].data.max() == number)
    desk.wait_until_idle()


def steps(desk):
    return [step.title for step in desk.widget._controller.history(desk.viewer.layers["coffee"]).steps]


def test_the_slider_segments_while_it_moves(live, photo, qtbot):
    for number in (6, 7, 8):
        qtbot.keyClick(slider(live), Qt.Key.Key_Right)
        wait_for_clusters(live, number)
        assert_array_equal(live.viewer.layers["coffee clusters"].data, kseg.segment(photo, number).labels)
        assert live.widget["n_clusters"].value == number
    assert steps(live) == ["5 clusters", "8 clusters"]


def test_every_setting_is_live(live, photo):
    live.widget["min_size"].value = 40
    live.wait_for(lambda: kseg.from_layer(live.viewer.layers["coffee clusters"]).settings.min_size == 40)
    live.widget._recipe._color_space.value = "Lab"
    wanted = kseg.segment(photo, 5, min_size=40, color_space="Lab").labels
    live.wait_for(lambda: np.array_equal(live.viewer.layers["coffee clusters"].data, wanted))


def test_the_last_of_many_numbers_wins(live, photo):
    for number in (2, 9, 3, 12, 4, 7):
        slider(live).setValue(number)
    wait_for_clusters(live, 7)
    assert_array_equal(live.viewer.layers["coffee clusters"].data, kseg.segment(photo, 7).labels)


def test_without_live_nothing_follows(desk, photo, qtbot):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    slider(desk).setValue(9)
    qtbot.wait(300)
    assert desk.viewer.layers["coffee clusters"].data.max() == 5
    assert desk.widget["n_clusters"].value == 9


def test_slider_and_box_go_together(desk):
    box = desk.widget["n_clusters"]
    box.value = 200
    assert slider(desk).value() == slider(desk).maximum()
    assert box.value == 200
    slider(desk).setValue(3)
    assert box.value == 3


def test_a_half_typed_setting_is_said_in_the_panel_and_not_shouted(live, notifications):
    before = live.viewer.layers["coffee clusters"].data
    live.widget._recipe._channels.value = "0, x"
    live.wait_for(lambda: "'0, x' is not possible" in live.status)
    live.widget._recipe._channels.value = "7"
    live.wait_for(lambda: "there are 3 channels" in live.status)
    assert notifications() == []
    assert live.viewer.layers["coffee clusters"].data is before


def test_values_that_change_in_place_are_seen(live, photo):
    layer = live.viewer.layers["coffee"]
    layer.data[:100] = 255 - layer.data[:100]
    layer.refresh()
    slider(live).setValue(4)
    wait_for_clusters(live, 4)
    assert_array_equal(live.viewer.layers["coffee clusters"].data, kseg.segment(layer.data, 4).labels)


def test_a_slow_live_step_gives_way_at_once(desk, noise, qtbot):
    desk.viewer.add_image(noise, name="noise", rgb=True)
    desk.widget["n_clusters"].value = 120
    desk.click("Live")
    desk.wait_for(lambda: not desk.widget.native.findChild(QProgressBar).isHidden())
    slider(desk).setValue(2)
    desk.wait_for(lambda: len(desk.viewer.layers) == 3)
    assert desk.viewer.layers["noise clusters"].data.max() == 2


def test_nothing_flickers_while_steps_are_short(live, qtbot):
    bar = live.widget.native.findChild(QProgressBar)
    shown = []
    for number in (3, 6, 4):
        slider(live).setValue(number)
        live.wait_for(lambda number=number: live.viewer.layers["coffee clusters"].data.max() == number)
        shown.append(not bar.isHidden())
    assert shown == [False] * 3


def test_live_is_a_box_to_tick(desk):
    assert any(box.text() == "Live" for box in desk.widget.native.findChildren(QCheckBox))
