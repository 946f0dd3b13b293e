"""napari-kseg beside other plugins of napari, which `make test-pairing` installs.

Elsewhere they are not there: the files of this folder are collected only where the command line names them.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton
from superqt.utils import WorkerBase

FOLDER = Path(__file__).parent
TIMEOUT = 60_000


def pytest_ignore_collect(collection_path, config):
    """Leave out this folder unless it, or something in it, was asked for by path."""
    asked_for = [(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args]
    return None if any(path == FOLDER or FOLDER in path.parents for path in asked_for) else True


class Desk:
    """The viewer with our panel docked, and the hands of the person in front of it."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        _, self.panel = self.open("napari-kseg", "K-means Segmentation")

    def open(self, plugin, widget):
        """Open a widget of a plugin by the name in napari's menu; return its dock widget and itself."""
        return self.viewer.window.add_plugin_dock_widget(plugin, widget)

    def press(self, widget, text):
        """Click on the button of a widget that has this text."""
        native = getattr(widget, "native", widget)
        buttons = [button for button in native.findChildren(QAbstractButton) if button.text() == text]
        assert len(buttons) == 1, text
        assert buttons[0].isEnabled(), text
        self.qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    def wait_for(self, condition):
        self.qtbot.waitUntil(condition, timeout=TIMEOUT)

    def segment(self, image, n_clusters, **options):
        """Add an image, press Run, and return the Labels layer."""
        layer = self.viewer.add_image(image, name="cells", **options)
        self.viewer.layers.selection.active = layer
        self.panel["n_clusters"].value = n_clusters
        self.press(self.panel, "Run")
        self.wait_for(lambda: "cells clusters" in self.viewer.layers)
        self.wait_until_idle()
        return self.viewer.layers["cells clusters"]

    def extract_objects(self, label):
        """Select a cluster in the table of our panel, choose *Extract ▸ As objects*, and return the new layer."""
        before = list(self.viewer.layers)
        portions = self.panel._panel.portions
        self.panel._panel.table.select({label})
        (action,) = [action for action in portions._extract.menu().actions() if action.text() == "As objects"]
        action.trigger()
        self.wait_until_idle()
        (made,) = [layer for layer in self.viewer.layers if layer not in before]
        return made

    def wait_until_idle(self):
        buttons = self.panel.native.findChildren(QAbstractButton)
        (cancel,) = [button for button in buttons if button.text() == "Cancel"]
        self.wait_for(lambda: not cancel.isEnabled())

    def select(self, *layers):
        """Select layers in napari's layer list."""
        self.viewer.layers.selection = set(layers)


@pytest.fixture(autouse=True)
def session_file(tmp_path_factory):
    """Where our panel keeps its settings during the test, not in the home folder."""
    file = tmp_path_factory.mktemp("session") / "napari-kseg.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_kseg.viewer.last_session.session_file", lambda: file)
        yield


@pytest.fixture
def desk(make_napari_viewer, qtbot):
    desk = Desk(make_napari_viewer(), qtbot)
    yield desk
    WorkerBase.await_workers(TIMEOUT)
    qtbot.wait(10)
    vars(desk).clear()  # pytest keeps the desk itself until all is torn down


@pytest.fixture(scope="session")
def cells():
    """Seven bright disks and five gray squares on a dark ground, none touching another, with a little noise.

    `labels` are those that K-means must find: 1 the ground, 2 the squares, 3 the disks.
    """
    rows, columns = np.mgrid[:96, :128]
    labels = np.ones((96, 128), np.uint8)
    for number in range(5):
        labels[8 : 16 + number, 8 + 24 * number : 18 + 25 * number] = 2
    for number in range(7):
        labels[(rows - 60) ** 2 + (columns - 10 - 17 * number) ** 2 <= (2 + number) ** 2] = 3
    noise = np.random.default_rng(0).integers(-6, 7, labels.shape)
    gray = (np.array([0, 20, 120, 220])[labels] + noise).astype(np.uint8)
    color = np.stack([gray, gray // 2, 255 - gray], axis=-1)
    return SimpleNamespace(gray=gray, color=color, labels=labels)
