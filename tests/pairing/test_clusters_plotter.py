"""napari-clusters-plotter: scatter plots of features tables, clustering of their rows."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtWidgets import QComboBox


def axis(widget, name):
    return widget.findChild(QComboBox, f"{name}_box" if name == "hue" else f"{name}_axis_box")


def plotted(widget):
    """The points of the scatter plot."""
    return widget.plotting_widget.active_artist.data


def open_plotter(desk, layer):
    desk.select(layer)
    _, widget = desk.open("napari-clusters-plotter", "Plot & select features")
    return widget


def test_our_table_is_plotted(desk, cells):
    labels = desk.segment(cells.gray, 3)
    widget = open_plotter(desk, labels)
    axis(widget, "x").setCurrentText("count")
    axis(widget, "y").setCurrentText("centroid_intensity")
    counts = np.bincount(cells.labels.ravel())
    means = [np.nan, *(cells.gray[cells.labels == label].mean() for label in (1, 2, 3))]
    assert_allclose(plotted(widget), np.transpose([counts, means]))


@pytest.mark.parametrize("stays", [True, False])
def test_another_run_is_plotted(desk, cells, stays):
    labels = desk.segment(cells.gray, 3)
    widget = open_plotter(desk, labels)
    if not stays:
        desk.select(desk.viewer.layers["cells"])
    desk.panel["n_clusters"].value = 2
    desk.press(desk.panel, "Run")
    desk.wait_until_idle()
    assert labels.data.max() == 2
    desk.select(labels)
    axis(widget, "x").setCurrentText("count")
    axis(widget, "y").setCurrentText("label")
    assert_array_equal(plotted(widget), np.transpose([np.bincount(labels.data.ravel()), range(3)]))


def test_objects_get_the_colors_of_the_plot_once_row_0_is_dropped(desk, cells):
    desk.segment(cells.gray, 3)
    objects = desk.extract_objects(3)
    objects.features = objects.features.iloc[1:]
    widget = open_plotter(desk, objects)
    axis(widget, "x").setCurrentText("area")
    axis(widget, "y").setCurrentText("label")
    axis(widget, "hue").setCurrentText("area")
    areas = np.bincount(objects.data.ravel())[1:]
    assert_array_equal(plotted(widget)[:, 0], areas)
    brightness = [objects.get_color(number)[:3].sum() for number in range(1, 8)]
    assert_array_equal(np.argsort(brightness), np.argsort(areas))  # magma goes from dark to bright


def test_objects_are_clustered_by_their_table(desk, cells):
    desk.segment(cells.gray, 3)
    objects = desk.extract_objects(3)
    desk.select(objects)
    _, widget = desk.open("napari-clusters-plotter", "Clustering (features)")
    for item in range(widget.feature_selection_widget.count()):
        entry = widget.feature_selection_widget.item(item)
        entry.setSelected(entry.text() == "area")
    form = widget.selected_algorithm_widget
    form.n_clusters.value = 2
    desk.press(form, "Run")
    desk.wait_for(lambda: "KMeans" in objects.features)
    areas = np.bincount(objects.data.ravel())[1:]
    found = objects.features["KMeans"].to_numpy()
    assert np.isnan(found[0])  # what is no object takes no part
    groups = np.unique(found[1:])
    assert len(groups) == 2
    means = np.array([areas[found[1:] == group].mean() for group in groups])
    nearest = np.abs(areas[:, None] - means).argmin(axis=1)
    assert_array_equal(groups[nearest], found[1:])  # an optimum of K-means, of which there are two here


def test_our_panel_goes_on_when_the_plotter_has_added_columns(desk, cells):
    labels = desk.segment(cells.gray, 3)
    widget = open_plotter(desk, labels)
    axis(widget, "hue").setCurrentText("count")
    assert "MANUAL_CLUSTER_ID" in labels.features
    assert desk.panel._panel.table.rowCount() == 3
    desk.select(desk.viewer.layers["cells"])
    desk.press(desk.panel, "Run")
    desk.wait_until_idle()
    gray = [labels.get_color(label)[0] for label in (1, 2, 3)]
    assert_allclose(gray, np.array([20, 120, 220]) / 255, atol=0.02)
