"""Live: the segmentation follows the settings while they change."""

import gc

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QProgressBar, QSlider
from skimage import data
from superqt.utils import WorkerBase

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


def test_dragging_for_hours_leaves_nothing_in_memory(live, qtbot):
    def kept():
        gc.collect()
        return sum(isinstance(thing, WorkerBase) for thing in gc.get_objects())

    before = kept()
    for number in (6, 7, 8, 9, 10):
        slider(live).setValue(number)
        wait_for_clusters(live, number)
    assert kept() <= before + 1  # the last one may not have ended


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


@pytest.fixture
def stack(desk, photo):
    """A stack, whose second slice is shown and segmented, and Live is ticked."""
    layer = desk.viewer.add_image(np.stack([photo[..., i] for i in range(3)] * 2), name="stack")
    desk.viewer.window._qt_window.show()
    desk.viewer.dims.set_point(0, 1)
    desk.widget._recipe.where.region.value = "Current slice"
    desk.run(n_clusters=3)
    desk.click("Live")
    desk.wait_until_idle()
    return layer


def part_of(desk, name):
    """Which part of a layer the result is of; None without a result."""
    labels = f"{name} clusters"
    return desk.viewer.layers[labels].metadata["napari_kseg"]["source"]["crop"] if labels in desk.names else None


def test_the_slice_that_is_shown_is_segmented_while_one_goes_through_the_stack(desk, stack, photo, qtbot):
    bar = desk.viewer.window._qt_viewer.dims.slider_widgets[0].slider
    for place in (2, 3, 4):  # as a drag does
        bar.setValue(place)
        qtbot.wait(20)
    assert desk.viewer.dims.current_step[0] == 4
    desk.wait_for(lambda: part_of(desk, "stack")[0] == [4, 5])
    desk.wait_until_idle()
    labels = desk.viewer.layers["stack clusters"]
    assert_array_equal(labels.data, kseg.segment(photo[None, ..., 1], 3, channel_axis=None).labels)
    assert labels.translate[0] == 4
    titles = [step.title for step in desk.widget._controller.history(stack).steps]
    assert len(titles) <= 2  # all of it is one step to take back


def test_without_live_or_a_region_other_slices_are_left_alone(desk, stack, qtbot):
    desk.click("Live")
    desk.viewer.dims.set_point(0, 4)
    qtbot.wait(300)
    assert part_of(desk, "stack")[0] == [1, 2]
    desk.widget._recipe.where.region.value = "Whole image"
    desk.click("Live")
    desk.wait_for(lambda: part_of(desk, "stack") is None)
    desk.wait_until_idle()
    before = desk.viewer.layers["stack clusters"].data
    desk.viewer.dims.set_point(0, 5)
    qtbot.wait(300)
    assert desk.viewer.layers["stack clusters"].data is before


def test_the_region_that_is_seen_is_segmented_while_one_zooms_and_moves(live, photo, qtbot):
    layer, camera = live.viewer.layers["coffee"], getattr(live.viewer, "scene", live.viewer).camera
    live.viewer.window._qt_window.show()
    live.widget._recipe.where.region.value = "Visible region"
    live.wait_until_idle()
    for zoom, center in ((6, (80, 90)), (9, (120, 150))):
        before = part_of(live, "coffee")
        camera.zoom, camera.center = zoom, center
        live.wait_for(lambda before=before: part_of(live, "coffee") != before)
        live.wait_until_idle()
        low, high = layer.corner_pixels
        assert part_of(live, "coffee") == [[low[0], high[0] + 1], [low[1], high[1] + 1]]
        part = photo[low[0] : high[0] + 1, low[1] : high[1] + 1]
        assert_array_equal(live.viewer.layers["coffee clusters"].data, kseg.segment(part, 5, channel_axis=-1).labels)


def test_a_view_of_the_same_part_is_not_segmented_again(live, qtbot):
    camera = getattr(live.viewer, "scene", live.viewer).camera
    live.viewer.window._qt_window.show()
    live.widget._recipe.where.region.value = "Visible region"
    camera.zoom /= 4
    live.wait_for(lambda: not live.widget._view_timer.isActive())
    live.wait_until_idle()
    before = live.viewer.layers["coffee clusters"].data
    camera.zoom /= 2
    qtbot.wait(300)
    assert live.viewer.layers["coffee clusters"].data is before
