"""The plots in the panel of a real viewer: where the centroids are, and how many clusters there might be."""

import gc
import threading

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QLabel
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.cloud import cloud
from napari_kseg.viewer.cloud_plot import CloudPlot
from napari_kseg.viewer.elbow_plot import ElbowPlot


@pytest.fixture
def photo():
    return data.coffee()[::4, ::4]


@pytest.fixture
def plots(desk, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    desk.viewer.window._qt_window.show()
    return desk.widget._panel.plots


def test_folded_plots_draw_nothing_and_unfolded_ones_follow(desk, plots, qtbot):
    cloud = plots.findChild(CloudPlot)
    assert cloud.view == ""
    qtbot.mouseClick(plots.colors.toggleButton(), Qt.MouseButton.LeftButton)
    assert cloud.view == "RGB"
    desk.run(n_clusters=3)
    assert len(cloud._cloud.centroids) == 3
    qtbot.mouseClick(plots.colors.toggleButton(), Qt.MouseButton.LeftButton)
    assert cloud.view == ""


def test_a_centroid_that_is_clicked_selects_its_row(desk, plots, qtbot):
    plots.colors.expand(animate=False)
    plots.findChild(CloudPlot).cluster_clicked.emit(4)
    assert desk.widget._panel.table.selected() == {4}


def test_a_picture_that_is_clicked_runs_with_its_number(desk, plots, photo, qtbot):
    plots.choice.expand(animate=False)
    desk.click("Try 2 to 10")
    desk.wait_until_idle()
    assert desk.status.startswith("Tried 2 to 10 clusters in ")
    wanted = kseg.suggest_n_clusters(photo)
    elbow = plots.findChild(ElbowPlot)
    assert wanted.reason in [label.text() for label in elbow.findChildren(type(elbow._reason))]
    picture = next(b for b in elbow.findChildren(QAbstractButton) if b.accessibleName().startswith("7 clusters"))
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton)
    desk.wait_until_idle()
    assert desk.widget["n_clusters"].value == 7
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, kseg.segment(photo, 7).labels)


def test_what_was_tried_goes_with_its_image(desk, plots):
    plots.choice.expand(animate=False)
    desk.click("Try 2 to 10")
    desk.wait_until_idle()
    elbow = plots.findChild(ElbowPlot)
    assert not elbow.isHidden()
    desk.viewer.add_image(np.arange(100, dtype=np.uint8).reshape(10, 10), name="other")
    assert elbow.isHidden()


def test_numbers_can_be_tried_before_the_first_run(desk, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.widget._panel.plots.choice.expand(animate=False)
    desk.click("Try 2 to 10")
    desk.wait_until_idle()
    assert desk.names == ["coffee"]
    assert desk.status.startswith("Tried 2 to 10 clusters in ")


class SlowStack:
    """A stack of some blocks whose slices take as long to read as the test wants."""

    def __init__(self):
        self.array = np.stack([np.roll(data.coffee()[..., 0], i, axis=0) for i in range(8)])
        self.open = threading.Event()
        self.open.set()
        self.error = None
        self.n_asked = 0
        blocks = da.from_array(self.array, chunks=(1, *self.array.shape[1:]))
        self.lazy = blocks.map_blocks(self._read, dtype=np.uint8, meta=np.zeros((0, 0, 0), np.uint8))

    def _read(self, block):
        self.n_asked += 1
        self.open.wait(60)
        if self.error is not None:
            raise self.error
        return block


@pytest.fixture
def slow(desk):
    """A result of a stack, of which nothing more can be read for now."""
    stack = SlowStack()
    desk.viewer.add_image(stack.lazy, name="stack", contrast_limits=(0, 255))
    desk.run(n_clusters=4)
    desk.viewer.window._qt_window.show()
    stack.open.clear()
    stack.n_asked = 0
    yield stack
    stack.open.set()


def caption(plot):
    return next(label for label in plot.findChildren(QLabel)).text()


def unfold_colors(desk, qtbot):
    plots = desk.widget._panel.plots
    qtbot.mouseClick(plots.colors.toggleButton(), Qt.MouseButton.LeftButton)
    return plots.findChild(CloudPlot)


def test_a_slow_image_is_read_for_the_plot_while_the_window_goes_on(desk, slow, qtbot):
    plot = unfold_colors(desk, qtbot)
    assert (plot.view, caption(plot)) == ("", "Reading…")
    desk.wait_for(lambda: slow.n_asked > 0)
    desk.widget._panel.table.select({2, 3})
    desk.click("Merge")
    assert plot.view == ""
    slow.open.set()
    desk.wait_until_idle()
    desk.wait_for(lambda: plot.view != "")
    seg = kseg.from_layer(desk.viewer.layers["stack clusters"])
    desk.wait_for(lambda: len(plot._cloud.centroids) == 3)
    assert_array_equal(plot._cloud.points, cloud(seg).points)
    assert caption(plot) == "Click a number"


def test_what_is_read_for_an_image_is_not_drawn_for_another(desk, slow, qtbot, photo):
    plot = unfold_colors(desk, qtbot)
    desk.wait_for(lambda: slow.n_asked > 0)
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    assert plot.view == ""
    slow.open.set()
    desk.run()
    desk.wait_for(lambda: not any(thread.name == "napari-kseg cloud" for thread in threading.enumerate()))
    qtbot.wait(100)
    assert plot.view == "RGB"
    assert len(plot._cloud.centroids) == 4


def test_an_image_that_cannot_be_read_for_the_plot_is_said_there(desk, slow, qtbot, caplog):
    slow.error = OSError("the drive is gone")
    plot = unfold_colors(desk, qtbot)
    slow.open.set()
    desk.wait_for(lambda: caption(plot) == "The image cannot be read")
    assert plot.view == ""
    assert "the drive is gone" in caplog.text


def test_the_dock_may_be_closed_while_the_plot_is_read(desk, slow, qtbot):
    unfold_colors(desk, qtbot)
    desk.wait_for(lambda: slow.n_asked > 0)
    desk.dock.destroyOnClose()
    del desk.widget, desk.dock
    qtbot.wait(50)
    gc.collect()
    slow.open.set()
    desk.wait_for(lambda: not any(thread.name == "napari-kseg cloud" for thread in threading.enumerate()))
    assert slow.n_asked < len(slow.array)  # what was not begun is not read
