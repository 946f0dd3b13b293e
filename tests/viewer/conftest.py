"""A real viewer with the widget docked, opened and driven as a person would."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QLabel, QTableWidget
from superqt.utils import WorkerBase

TIMEOUT = 60_000


class Desk:
    """The viewer, the docked widget, and hands and eyes of the person in front of it."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = viewer, qtbot
        self.dock, self.widget = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")

    def button(self, text):
        buttons = [b for b in self.widget.native.findChildren(QAbstractButton) if b.text() == text]
        assert len(buttons) == 1, text
        return buttons[0]

    def click(self, text):
        self.qtbot.mouseClick(self.button(text), Qt.MouseButton.LeftButton)

    def wait_for(self, condition):
        self.qtbot.waitUntil(condition, timeout=TIMEOUT)

    def wait_until_idle(self):
        self.wait_for(lambda: not self.button("Cancel").isEnabled())

    def run(self, **fields):
        """Fill in the form, press Run and wait for the end."""
        for name, value in fields.items():
            self.widget[name].value = value
        self.click("Run")
        self.wait_until_idle()

    @property
    def status(self):
        return next(label.text() for label in self.widget.native.findChildren(QLabel) if label.wordWrap())

    @property
    def table(self):
        """The rows of the table as text; None while it is hidden."""
        table = self.widget.native.findChild(QTableWidget)
        if table.isHidden():
            return None
        return [[table.item(row, i).text() for i in range(table.columnCount())] for row in range(table.rowCount())]

    @property
    def names(self):
        return [layer.name for layer in self.viewer.layers]


def mouse_event(kind, position):
    """What the canvas tells of the left button at a position in world coordinates."""
    # Not napari's own for tests: in some versions it knows no button.
    event = SimpleNamespace(
        type=kind, button=1, position=position, handled=False, modifiers=[], pos=np.zeros(2), is_dragging=False,
        view_direction=None, dims_displayed=[0, 1], dims_point=[0, 0],
    )  # fmt: skip
    return ReadOnlyWrapper(event, exceptions=("handled",))


def messages():
    """What napari has shown as notifications."""
    return [notification.message for notification in notification_manager.records]


@pytest.fixture(autouse=True)
def no_notifications_yet():
    notification_manager.records.clear()


@pytest.fixture(autouse=True)
def session_file(tmp_path_factory):
    """Where settings are kept during the test, not in the home folder."""
    file = tmp_path_factory.mktemp("session") / "napari-kseg.json"
    with pytest.MonkeyPatch.context() as patch:  # the fixture `monkeypatch` would then outlive the viewer
        patch.setattr("napari_kseg.viewer.last_session.session_file", lambda: file)
        yield file


@pytest.fixture(name="mouse_event")
def mouse_event_fixture():
    return mouse_event


@pytest.fixture
def notifications():
    return messages


@pytest.fixture
def open_desk(make_napari_viewer, qtbot):
    """Open a viewer with the widget docked."""
    desks = []

    def open_one():
        desks.append(Desk(make_napari_viewer(), qtbot))
        return desks[-1]

    yield open_one
    # A worker that outlives its test would report to objects that are gone.
    WorkerBase.await_workers(TIMEOUT)
    qtbot.wait(10)
    for desk in desks:
        vars(desk).clear()  # pytest keeps the desk itself until all is torn down


@pytest.fixture
def desk(open_desk):
    return open_desk()


@pytest.fixture
def stripes():
    """Four stripes of two pixels each, out of order, color (8, 6, 3); the second pixel of each differs by 2."""
    colors = np.array([[200, 40, 40], [10, 10, 30], [250, 240, 230], [90, 160, 90]], np.uint8)
    image = np.repeat(np.repeat(colors, 2, axis=0)[:, None], 6, axis=1)
    image[1::2] += 2
    return image


@pytest.fixture
def noise():
    """An image that takes long: no structure, many different values."""
    return np.random.default_rng(0).random((1200, 1200, 3), np.float32)
