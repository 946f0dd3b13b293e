"""Model files dropped on the window and saved from a layer, in a real viewer."""

import json
from pathlib import Path

import npe2
import numpy as np
import pytest
import tifffile
from napari._app_model import get_app_model
from napari.components import ViewerModel
from numpy.testing import assert_array_equal
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QApplication, QLabel, QToolButton
from skimage import data
from superqt.utils import WorkerBase

import napari_kseg as kseg
from napari_kseg.image.napari_reader import is_known_to_plugins
from napari_kseg.viewer.panels import find_panel
from napari_kseg.viewer.widget import KMeansWidget


@pytest.fixture
def photo():
    return data.coffee()[:100, :140]


@pytest.fixture
def model(photo):
    return kseg.segment(photo, 4).named({1: "shadow"}).model


@pytest.fixture
def file(model, tmp_path):
    model.save(tmp_path / "cup.json")
    return tmp_path / "cup.json"


@pytest.fixture
def viewer(make_napari_viewer, qtbot):
    """A viewer without a panel."""
    yield make_napari_viewer()
    WorkerBase.await_workers(60_000)
    qtbot.wait(10)


def drop(viewer, *paths):
    """Drop files on the window."""
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, files, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    viewer.window._qt_viewer.dropEvent(event)


def bar_text(panel):
    (text,) = {label.text() for label in panel.more.bar.findChildren(QLabel)}
    return None if panel.more.bar.isHidden() else text


def test_a_dropped_model_opens_the_panel_and_labels_the_image(viewer, file, model, photo, qtbot):
    layer = viewer.add_image(photo, name="coffee", rgb=True)
    drop(viewer, file)
    panel = find_panel(viewer)
    assert list(viewer.layers) == [layer]
    assert bar_text(panel) == "Model cup: 4 clusters"
    (apply,) = (button for button in panel.more.bar.children() if getattr(button, "text", str)() == "Apply")
    qtbot.mouseClick(apply, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "coffee clusters" in viewer.layers, timeout=60_000)
    labels = viewer.layers["coffee clusters"]
    assert_array_equal(labels.data, model.predict(photo))
    assert labels.features["name"][1] == "shadow"
    assert bar_text(panel) == "Model cup: 4 clusters"  # for the next image
    (close,) = panel.more.bar.findChildren(QToolButton)
    qtbot.mouseClick(close, Qt.MouseButton.LeftButton)
    assert bar_text(panel) is None
    assert len(labels.data) == 100


def test_an_open_panel_takes_it(desk, file, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    assert desk.viewer.open(file, plugin="napari-kseg") == []
    assert [panel for panel in desk.viewer.window.dock_widgets.values() if isinstance(panel, KMeansWidget)] == [
        desk.widget
    ]
    assert desk.status == "Apply labels the chosen image by this model."
    desk.click("Apply")
    desk.wait_until_idle()
    desk.widget.more._copy_python()
    assert f"kseg.load_model({str(file)!r})" in QApplication.clipboard().text()


def test_a_panel_that_was_hidden_is_shown(desk, file):
    dock = desk.dock
    dock.hide()
    desk.viewer.open(file, plugin="napari-kseg")
    assert not dock.isHidden()


def test_the_menu_of_napari_toggles_the_panel_that_was_opened(viewer, file):
    viewer.open(file, plugin="napari-kseg")
    app = get_app_model()
    (key,) = (key for key, _ in app.commands if key in ("napari-kseg.widget", "napari-kseg:K-means Segmentation"))
    app.commands.execute_command(key)
    assert len(viewer.window.dock_widgets) == 1


def test_without_an_image_apply_says_so(desk, file, notifications):
    desk.viewer.open(file, plugin="napari-kseg")
    desk.click("Apply")
    assert notifications() == ["there is no image to apply the model to; open one"]


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"format": "another"}', "not JSON", "\x00\xff"])
def test_other_json_is_left_alone(viewer, tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match=r"napari-kseg|refused|returned no data"):
        viewer.open(path, plugin="napari-kseg")
    assert not viewer.window.dock_widgets


def test_another_reader_of_json_gets_its_files(viewer, tmp_path):
    path = tmp_path / "other.json"
    path.write_text("[[1, 2], [3, 4]]", encoding="utf-8")
    with npe2.DynamicPlugin(name="other") as other:

        @other.contribute.reader(filename_patterns=["*.json"])
        def get_reader(path):
            return lambda path: [(np.array(json.loads(Path(path).read_text())), {}, "image")]

        layers, reader = npe2.io_utils.read_get_reader([str(path)], stack=False)
        assert reader.plugin_name == "other"
        assert_array_equal(layers[0][0], [[1, 2], [3, 4]])


def test_a_broken_model_is_told_and_opens_nothing(viewer, file, notifications):
    values = json.loads(file.read_text())
    del values["centroids"]
    file.write_text(json.dumps(values))
    drop(viewer, file)
    assert notifications() == ["this is not a napari-kseg model: it lacks the entry 'centroids'"]
    assert not viewer.window.dock_widgets


def test_without_a_window_it_says_what_to_do(file):
    with pytest.raises(ValueError, match="no window of napari is open"):
        ViewerModel().open(file, plugin="napari-kseg")


def test_a_folder_of_images_does_not_take_models_for_images(file):
    assert not is_known_to_plugins(file)


def test_the_labels_layer_is_saved_as_a_model(viewer, photo, model, tmp_path):
    layer = viewer.add_image(photo, name="coffee", rgb=True)
    labels, _ = kseg.segment_layer(layer, 4, viewer=viewer)
    kseg.show_segmentation(kseg.from_layer(labels).named({1: "shadow"}), layer, viewer)
    viewer.layers.selection.active = labels
    path = tmp_path / "saved.json"
    assert viewer.layers.save(path, selected=True) == [str(path)]
    saved = kseg.load_model(path)
    assert saved.names[0] == "shadow"
    assert_array_equal(saved.predict(photo), model.predict(photo))


def test_other_labels_are_no_model_and_leave_no_file(viewer, tmp_path):
    viewer.add_labels(np.eye(4, dtype=int), name="eye")
    with pytest.raises(TypeError, match="layer 'eye' holds no model"):
        viewer.layers.save(tmp_path / "eye.json")
    assert list(tmp_path.iterdir()) == []


def test_labels_are_saved_as_images_as_before(viewer, photo, tmp_path):
    labels, _ = kseg.segment_layer(viewer.add_image(photo, name="coffee", rgb=True), 4, viewer=viewer)
    viewer.layers.selection.active = labels
    viewer.layers.save(str(tmp_path / "labels.tif"), selected=True)
    assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), labels.data)
