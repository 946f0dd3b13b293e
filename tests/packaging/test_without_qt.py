"""On a server: napari is installed, but no Qt binding and no matplotlib."""

import json
import subprocess

import numpy as np
import pytest
from skimage import data, io

pytestmark = pytest.mark.slow

SEGMENT = """
import sys
import numpy as np
import napari_kseg as kseg

image = np.repeat(np.uint8([[0, 100, 200]]), 20, axis=0)
segmentation = kseg.segment(image, 3, channel_axis=None)
assert segmentation.labels[0].tolist() == [1, 2, 3], segmentation.labels[0]
assert segmentation.centroids.ravel().tolist() == [0, 100, 200], segmentation.centroids
print(*{name.split(".")[0] for name in sys.modules})
"""

TYPED = """
from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import napari_kseg as kseg

image = np.zeros((40, 50, 3), np.uint8)
segmentation = kseg.segment(image, 3, channel_axis=-1)
assert_type(segmentation, kseg.Segmentation)
assert_type(segmentation.centroids, NDArray[np.float64])
assert_type(segmentation.counts, NDArray[np.int64])
assert_type(segmentation.masks(), list[NDArray[np.bool_]])
assert_type(segmentation.merge([1, 2]).split(1).named({1: "sky"}), kseg.Segmentation)
assert_type(segmentation.settings, kseg.Settings)
assert_type(segmentation.model, kseg.Model)
assert_type(kseg.load_model("model.json").segment(image), kseg.Segmentation)
suggestion = kseg.suggest_n_clusters(image, range(2, 5))
assert_type(suggestion.segmentations[3], kseg.Segmentation)
assert_type(kseg.kmeans(np.zeros((5, 2), np.float32), 2), kseg.KMeansFit)
assert_type(kseg.from_layer(kseg.segment_layer([])[0]), kseg.Segmentation)
segmentation.merge("1")  # wrong
kseg.segment_layer([], "5")  # wrong
kseg.of_no_such_name  # wrong
"""

QT = {"PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy"}


def test_environment_has_no_qt_binding(without_qt):
    answer = without_qt.python(f"import importlib.util as u; print([n for n in {QT - {'qtpy'}} if u.find_spec(n)])")
    assert answer.strip() == "[]"


def test_library_segments_and_loads_no_gui(without_qt):
    loaded = set(without_qt.python(SEGMENT).split())
    assert not loaded & (QT | {"napari", "magicgui"})


def test_command_line_writes_its_results(without_qt, tmp_path):
    photo, out = tmp_path / "photo.png", tmp_path / "out"
    image = data.astronaut()[:120, :150]
    io.imsave(photo, image)
    printed = without_qt.run("napari-kseg", photo, "-k", "3", "-o", out)
    files = {path.name: path for path in out.rglob("*") if path.is_file()}
    assert "matplotlib" in printed or "napari-kseg[plot]" in printed, "one line says how to get the plot"
    (labels,) = [path for name, path in files.items() if "labels" in name]
    (recolored,) = [path for name, path in files.items() if "recolored" in name]
    masks = [path for name, path in files.items() if "mask" in name or "cluster_" in name]
    assert set(np.unique(io.imread(labels))) == {1, 2, 3}
    assert io.imread(recolored).shape == image.shape
    assert len(masks) == 3
    assert sum(int((io.imread(mask) > 0).sum()) for mask in masks) == image.shape[0] * image.shape[1]
    assert json.loads(files["model.json"].read_text())
    assert len(files["clusters.csv"].read_text().splitlines()) == 4


def test_type_checkers_know_what_comes_out(without_qt):
    user = without_qt.folder / "user.py"
    user.write_text(TYPED, encoding="utf-8")
    without_qt.install("mypy")
    checked = subprocess.run(
        [without_qt.programs / "mypy", "--strict", "user.py"], cwd=without_qt.folder, capture_output=True, text=True
    )
    wrong = {number for number, line in enumerate(TYPED.splitlines(), 1) if line.endswith("# wrong")}
    found = {int(line.split(":")[1]) for line in checked.stdout.splitlines() if ": error:" in line}
    assert found == wrong, checked.stdout
