"""The plots in the panel of a real viewer: where the centroids are, and how many clusters there might be."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton
from skimage import data

import napari_kseg as kseg
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
