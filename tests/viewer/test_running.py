"""What happens while a run runs: cancel, newer runs, and things that go away."""

import gc
import os
import subprocess
import sys
import threading
import weakref

import dask.array as da
import numpy as np
import pytest
from napari._qt.widgets.qt_progress_bar import QtLabeledProgressBar
from napari.layers import Image
from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtCore import QCoreApplication, QEvent, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QLabel, QProgressBar
from skimage import data

from napari_kseg.viewer.layers import segment_layer
from napari_kseg.viewer.widget import KMeansWidget


def start_long_run(desk, noise):
    """Press Run on an image that takes long, and return when it is under way."""
    layer = desk.viewer.add_image(noise, name="noise", rgb=True)
    desk.widget["n_clusters"].value = 100
    desk.click("Run")
    assert desk.button("Cancel").isEnabled()
    desk.wait_for(lambda: desk.status not in ("", "Preparing…"))
    return layer


def test_cancel_leaves_nothing_and_the_next_run_works(desk, noise, stripes, qtbot):
    start_long_run(desk, noise)
    desk.click("Cancel")
    assert desk.status == "Canceled."
    assert not desk.button("Cancel").isEnabled()
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    qtbot.wait(100)
    assert desk.names == ["noise", "stripes", "stripes recolored", "stripes clusters"]


def test_progress_is_shown_while_it_runs(desk, noise):
    bar = desk.widget.native.findChild(QProgressBar)
    assert bar.isHidden()
    start_long_run(desk, noise)
    assert not bar.isHidden()
    desk.click("Cancel")
    assert bar.isHidden()


def test_the_activity_dock_has_a_bar_while_a_run_takes_long(desk, noise, qtbot):
    window = desk.viewer.window._qt_window
    start_long_run(desk, noise)
    desk.wait_for(lambda: len(window.findChildren(QtLabeledProgressBar)) == 1)
    desk.click("Cancel")
    desk.wait_for(lambda: not window.findChildren(QtLabeledProgressBar))


def test_the_newest_run_wins(desk, noise, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    start_long_run(desk, noise)
    desk.viewer.layers.selection.active = desk.viewer.layers["stripes"]
    desk.widget["n_clusters"].value = 2
    desk.click("Run")
    desk.widget["n_clusters"].value = 3
    desk.click("Run")
    desk.wait_until_idle()
    assert desk.names == ["stripes", "stripes recolored", "stripes clusters", "noise"]
    assert desk.viewer.layers["stripes clusters"].data.max() == 3


def test_run_during_the_warm_up_waits_for_it(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.click("Run")  # no event was processed since the widget opened
    assert desk.status == "Preparing…"
    desk.wait_until_idle()
    assert len(desk.viewer.layers) == 3


def test_a_source_removed_while_running_takes_its_result_along(desk, noise, qtbot):
    layer = start_long_run(desk, noise)
    desk.viewer.layers.remove(layer)
    assert not desk.button("Cancel").isEnabled()
    qtbot.wait(200)
    assert desk.names == []
    assert desk.status == "Stopped: noise was removed."


def test_a_source_with_other_data_meanwhile_gets_no_old_result(desk, stripes, qtbot):
    layer = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.click("Run")
    layer.data = np.zeros((3, 3, 3), np.uint8)
    desk.wait_until_idle()
    assert desk.names == ["stripes"]
    assert "changed" in desk.status


def test_a_source_renamed_while_running_names_the_result(desk, stripes):
    layer = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.widget["n_clusters"].value = 4
    desk.click("Run")
    layer.name = "bands"
    desk.wait_until_idle()
    assert desk.names == ["bands", "bands recolored", "bands clusters"]


def test_the_dock_may_be_closed_while_running(desk, noise, qtbot):
    start_long_run(desk, noise)
    desk.dock.destroyOnClose()
    qtbot.wait(200)
    assert desk.names == ["noise"]


def test_the_viewer_may_be_closed_while_running(desk, noise, qtbot):
    start_long_run(desk, noise)
    desk.viewer.close()
    qtbot.wait(200)


def test_a_closed_widget_is_gone(desk, stripes, qtbot):
    desk.viewer.add_image(stripes, rgb=True)
    desk.run(n_clusters=4)
    gone = weakref.ref(desk.widget)
    desk.dock.destroyOnClose()
    del desk.widget, desk.dock
    qtbot.wait(50)
    gc.collect()
    assert gone() is None
    desk.viewer.layers.clear()  # and nobody listens any more


def test_opening_and_running_many_times_leaves_nothing(desk, stripes, qtbot):
    def ours():
        gc.collect()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        # A closed dock leaves its frame behind, which is napari's.
        widgets = [w for w in QApplication.allWidgets() if not isinstance(w.parent() or w, QDockWidget | QLabel)]
        return len(widgets), threading.active_count(), len(desk.viewer.mouse_drag_callbacks)

    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    for number in range(40):
        desk.run(n_clusters=2 + number % 3)
        desk.widget._panel.table.select({1, 2})
        desk.click("Merge")
        desk.wait_until_idle()
        if number == 0:
            at_first = ours()
        desk.dock.destroyOnClose()
        desk.dock, desk.widget = desk.viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
    desk.run(n_clusters=4)
    desk.wait_for(lambda: ours() == at_first)  # the last threads may still end


def test_a_panel_that_is_put_into_a_dock_again_works_as_before(desk, stripes, mouse_event):
    desk.viewer.add_image(stripes, name="first", rgb=True)
    desk.run(n_clusters=4)
    desk.viewer.window.remove_dock_widget(desk.dock)
    second = desk.viewer.add_image(stripes[::-1].copy(), name="second", rgb=True)
    desk.viewer.layers["first"].name = "renamed"
    desk.dock = desk.viewer.window.add_dock_widget(desk.widget, name="again")
    assert [layer.name for layer in desk.widget["image"].choices] == ["renamed", "second"]
    assert desk.widget["image"].value is second  # the active one
    assert desk.table is None
    desk.viewer.layers.selection.active = desk.viewer.layers["renamed"]
    assert len(desk.table) == 4

    for callbacks, kind in ((mouse_press_callbacks, "mouse_press"), (mouse_release_callbacks, "mouse_release")):
        callbacks(desk.viewer, mouse_event(kind, (0, 0)))  # on the reddish stripe
    assert desk.widget._panel.table.selected() == {2}

    labels = desk.viewer.layers["first clusters"]
    desk.viewer.layers.selection.active = labels
    labels.data_setitem((np.zeros(6, int), np.arange(6)), 1)
    desk.wait_for(lambda: [row[3] for row in desk.table] == ["18", "6", "12", "12"])
    desk.viewer.layers.remove("second")
    desk.run(n_clusters=3)
    assert labels.data.max() == 3
    desk.click("Live")
    desk.widget["n_clusters"].value = 2
    desk.wait_for(lambda: len(desk.table) == 2)


def test_a_panel_that_is_put_into_a_dock_again_shows_nothing_that_is_gone(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    desk.viewer.window.remove_dock_widget(desk.dock)
    desk.viewer.layers.clear()
    desk.dock = desk.viewer.window.add_dock_widget(desk.widget, name="again")
    assert desk.table is None
    assert desk.status == "Open an image to segment it."
    assert not desk.button("Run").isEnabled()


def test_a_panel_that_is_closed_does_nothing(desk, stripes, noise, qtbot):
    start_long_run(desk, noise)
    n_listening = len(desk.viewer.mouse_drag_callbacks)
    desk.viewer.window.remove_dock_widget(desk.dock)
    layer = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.viewer.layers.remove("noise")
    layer.data = stripes.copy()
    qtbot.wait(200)
    assert desk.names == ["stripes"]
    assert len(desk.viewer.mouse_drag_callbacks) == n_listening - 1
    desk.dock = desk.viewer.window.add_dock_widget(desk.widget, name="again")
    desk.run(n_clusters=4)
    assert desk.names == ["stripes", "stripes recolored", "stripes clusters"]


def test_two_widgets_work_side_by_side(desk, stripes, qtbot):
    second = KMeansWidget(desk.viewer)
    desk.viewer.window.add_dock_widget(second, name="second")
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    second["n_clusters"].value = 3
    second._run.native.click()
    desk.wait_for(lambda: len(desk.viewer.layers) == 3)
    assert len(desk.table) == 3
    desk.run(n_clusters=4)
    assert len(desk.viewer.layers) == 3


def test_the_window_stays_alive_during_a_run(desk, noise, qtbot):
    gaps, clock = [], QTimer()
    start_long_run(desk, noise)
    clock.setInterval(5)
    clock.timeout.connect(lambda: gaps.append(1))
    clock.start()
    qtbot.wait(500)
    clock.stop()
    desk.click("Cancel")
    assert len(gaps) > 25  # of 100; the machine may be busy


@pytest.mark.parametrize("error", [OSError("the drive is gone"), KeyError("c/0"), RuntimeError("checksum")])
def test_an_image_that_cannot_be_read_says_why(desk, notifications, caplog, error):
    def read(block, block_info=None):
        if block_info[0]["chunk-location"][0] == 4:  # napari reads the first and the middle one, to show them
            raise error
        return block

    stack = da.zeros((5, 60, 60), chunks=(1, 60, 60), dtype=np.uint8).map_blocks(
        read, meta=np.zeros((0, 0, 0), np.uint8)
    )
    desk.viewer.add_image(stack, name="slide", contrast_limits=(0, 255))
    desk.run()
    sentence = f"slide could not be segmented: {type(error).__name__}: {error}"
    assert desk.status == sentence
    assert sentence in notifications()
    assert desk.names == ["slide"]
    assert "Traceback" in caplog.text
    assert sentence.partition(": ")[2] in caplog.text


def test_an_import_that_fails_says_so(desk, stripes, notifications, caplog, monkeypatch):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=2)
    monkeypatch.setitem(sys.modules, "napari_kseg.image.segment", None)  # Python's own way to make an import fail
    desk.run(n_clusters=3)
    assert desk.status.startswith("stripes could not be segmented: ModuleNotFoundError: ")
    assert desk.status in notifications()
    assert "Traceback" in caplog.text


def test_a_volume_may_be_segmented_while_it_is_shown_in_3d(desk):
    image = np.zeros((8, 9, 10), np.uint8)
    image[4:] = 200
    layer = desk.viewer.add_image(image, name="volume")
    # As after moving the mouse in 2-D and switching to 3-D by a key: there is no direction of view yet.
    desk.viewer.dims.ndisplay = 3
    desk.viewer.mouse_over_canvas = True
    assert desk.viewer.cursor._view_direction is None
    labels, _ = segment_layer(layer, 2, viewer=desk.viewer)
    assert len(labels.features) == 3
    segment_layer(Image(image, name="other"), 2, viewer=desk.viewer)  # nothing of it was active before
    desk.viewer.layers.selection.active = layer
    desk.run(n_clusters=2)
    assert desk.names[:3] == ["volume", "volume recolored", "volume clusters"]
    assert len(desk.table) == 2


OPEN = """
import napari
import numpy as np

viewer = napari.Viewer(show=False)
dock, widget = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
"""
RUN = """
viewer.add_image(np.random.default_rng(0).integers(0, 256, (3000, 3000, 3), dtype=np.uint8), name="noise", rgb=True)
widget["n_clusters"].value = 100
widget._run.native.click()
while not widget._panel.status.startswith(("Counting", "Seeding", "Clustering")):
    napari.qt.get_qapp().processEvents()
"""


@pytest.mark.parametrize(
    "script", [OPEN, OPEN + "viewer.close()", OPEN + RUN + "viewer.close()"], ids=["warm-up", "close", "run"]
)
def test_a_script_that_ends_while_a_thread_works_ends_well(script, tmp_path):
    # Without a cache of kernels the warm-up takes long; with one, the run starts at once.
    cache = {} if RUN in script else {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-c", script]
    ended = subprocess.run(command, env={**os.environ, **cache}, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_long_sentence_squeezes_nothing_in_the_smallest_window(desk):
    image = np.tile(data.camera()[::4, ::4], (4, 4)).astype(np.float32)
    image[:100] = np.nan
    desk.viewer.add_image(image, name="holes")
    desk.viewer.window.show()
    window = desk.viewer.window._qt_window
    window.resize(300, 200)  # it becomes as small as it can be
    desk.run(n_clusters=3)
    desk.qtbot.wait(100)
    sentence = next(label for label in desk.widget.native.findChildren(QLabel) if label.wordWrap())
    assert "left out" in sentence.text()
    assert sentence.height() >= sentence.heightForWidth(sentence.width())
    for text in ("Merge", "Remove", "Undo", "More"):
        button = desk.button(text)
        assert button.height() >= button.minimumSizeHint().height()
