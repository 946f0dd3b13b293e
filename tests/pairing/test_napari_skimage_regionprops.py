"""napari-skimage-regionprops: the table of measurements that other plugins of its family read."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtWidgets import QComboBox, QTableWidget
from scipy import ndimage

MENU = "Measurement tables", "Regionprops (scikit-image, nsr)"


@pytest.fixture
def measured(request):
    """A desk whose menu has the plugin: it was imported before the window was made."""
    import napari_skimage_regionprops  # noqa: F401

    return request.getfixturevalue("desk")


def action(desk):
    """The entry of the menu Tools that measures."""
    (menu,) = [entry.menu() for entry in desk.viewer.window._qt_window.menuBar().actions() if entry.text() == "&Tools"]
    (group,) = [entry.menu() for entry in menu.actions() if entry.text() == MENU[0]]
    (found,) = [entry for entry in group.actions() if entry.text() == MENU[1]]
    return found


def measure(desk, layer):
    """Measure a Labels layer on the image by the entry of the menu."""
    action(desk).trigger()
    widget = desk.viewer.window.dock_widgets[MENU[1]]
    for box, name in zip(
        getattr(widget, "native", widget).findChildren(QComboBox), ("cells", layer.name), strict=False
    ):
        assert box.findText(f"{name} (data)") >= 0
        box.setCurrentText(f"{name} (data)")
    desk.press(widget, "Run")


def test_objects_are_measured(measured, cells):
    measured.segment(cells.gray, 3)
    objects = measured.extract_objects(3)
    measure(measured, objects)
    numbers = np.arange(1, 8)
    assert_array_equal(objects.features["label"], numbers)
    assert_array_equal(objects.features["area"], np.bincount(objects.data.ravel())[1:])
    assert_allclose(objects.features["mean_intensity"], ndimage.mean(cells.gray, objects.data, numbers))
    tables = measured.viewer.window._qt_window.findChildren(QTableWidget)
    assert 7 in [table.rowCount() for table in tables]


def test_our_table_is_back_after_a_run(measured, cells):
    labels = measured.segment(cells.gray, 3)
    measure(measured, labels)
    assert_array_equal(labels.features["area"], np.bincount(labels.data.ravel())[1:])
    table = measured.panel._panel.table
    assert table.isHidden()
    measured.press(measured.panel, "Run")
    measured.wait_until_idle()
    assert not table.isHidden()
    assert_array_equal(labels.features["count"][1:], np.bincount(cells.labels.ravel())[1:])
