"""Names in the console of napari, which the user alone opens: in a napari of its own, as tests have no console."""

import subprocess
import sys

SCRIPT = """
import time

import napari
from qtpy.QtWidgets import QApplication
from skimage import data

import napari_kseg
from napari_kseg.viewer import commands

viewer = napari.Viewer(show=False)
qt_viewer = viewer.window._qt_viewer


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        QApplication.processEvents()


def idle():
    return panel._runner.request is None


viewer.add_image(data.coffee()[:100, :140], name="coffee", rgb=True)
_, panel = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
panel["n_clusters"].value = 4
commands.segment_active(viewer)
wait_for(lambda: "coffee clusters" in viewer.layers and idle())
assert qt_viewer._console is None  # nobody asked for it

names = qt_viewer.console.shell.user_ns
assert names["kseg"] is napari_kseg
assert names["seg"].n_clusters == 4

panel._panel.table.select({1, 2})
commands.merge_selected(viewer)
wait_for(lambda: names["seg"].n_clusters == 3)

run = qt_viewer.console.shell.run_cell
run("labels, recolored = kseg.segment_layer(viewer.layers['coffee'], 5, viewer=viewer)").raise_error()
run("mine = kseg.from_layer(viewer.layers['coffee clusters'])").raise_error()
assert names["mine"].n_clusters == 5
assert names["recolored"] in viewer.layers
viewer.close()
print("as expected")
"""


def test_the_console_knows_the_library_and_the_latest_result():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "as expected" in result.stdout
