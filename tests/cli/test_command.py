"""The command as a program: bad input, interruption, what it loads, the viewer."""

import os
import subprocess
import sys

import numpy as np
import pytest
import typer
from skimage import data
from typer.testing import CliRunner

import napari_kseg as kseg
from napari_kseg.cli.command import _DefaultCommandGroup


def python(code, *arguments, **environment):
    """Run Python code as a program of its own."""
    environment = {**os.environ, **environment}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=180)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.png", "-o", "out"], "nothing.png does not exist"),
        (["nothing.png"], "nothing.png does not exist"),
        ([".", "-o", "out"], "is a folder"),
        (["text.png", "-o", "out"], "cannot be read as an image"),
        (["text.tif", "-o", "out"], "cannot be read as an image"),
        (["empty.png", "-o", "out"], "cannot be read as an image"),
        (["half.png", "-o", "out"], "cannot be read as an image"),
        (["stripes.png", "-k", "0", "-o", "out"], "--clusters"),
        (["stripes.png", "-k", "-2", "-o", "out"], "--clusters"),
        (["stripes.png", "-k", "2.5", "-o", "out"], "--clusters"),
        (["stripes.png", "-k", "many", "-o", "out"], "--clusters"),
        (["stripes.png", "-k", "70000", "-o", "out"], "--clusters 70000"),
        (["stripes.png", "-k", "5", "-o", "out"], "--clusters 5, but only 4 different colors"),
        (["stripes.png", "-k", "2", "-o", "text.png"], "text.png is not a folder"),
        (["stripes.png", "-k", "2", "-o", "text.png/out"], "is not a folder"),
        (["stripes.png", "-k", "2", "--downsample", "0.5", "-o", "out"], "--downsample 0.5"),
        (["stripes.png", "-k", "2", "--downsample", "half", "-o", "out"], "--downsample half"),
        (["stripes.png", "-k", "2", "--downsample", "nan", "-o", "out"], "--downsample nan"),
        (["stripes.png", "-k", "2", "--mask", "small.png", "-o", "out"], "mask has shape (4, 4)"),
        (["stripes.png", "-k", "2", "--mask", "nothing.png", "-o", "out"], "nothing.png does not exist"),
        (["stripes.png", "-k", "2", "--mask", "black.png", "-o", "out"], "every pixel is left out"),
        (["stripes.png", "-k", "2", "--background", "255", "-o", "out"], "every pixel is left out"),
        (["stripes.png", "-k", "2", "--background", "nan", "-o", "out"], "--background nan"),
        (["stripes.png", "-k", "2", "--min-size", "-1", "-o", "out"], "--min-size"),
        (["stripes.png", "-k", "2", "--nodata", "black", "-o", "out"], "--nodata black"),
        (["stripes.png", "-k", "2", "--channel-axis", "3", "-o", "out"], "--channel-axis 3"),
        (["stripes.png", "-k", "2", "--channel-axis", "last", "-o", "out"], "--channel-axis last"),
        (["stripes.png", "-k", "2", "--n-init", "0", "-o", "out"], "--n-init 0"),
        (["stripes.png", "-k", "2", "--seed", "-1", "-o", "out"], "--seed"),
        (["stripes.png", "-k", "2", "--tol", "-1", "-o", "out"], "--tol"),
        (["stripes.png", "-k", "2", "--max-iter", "0", "-o", "out"], "--max-iter"),
        (["stripes.png", "-k0", "-o", "out"], "--clusters 0, but it must be an integer >= 1"),
        (["stripes.png", "--clusters=2.5", "-o", "out"], "--clusters 2.5 is not possible; give auto or a whole number"),
        (["stripes.png", "-k", "3", "-k", "0", "-o", "out"], "--clusters 0, but it must"),
        (["stripes.png", "--seed=-1", "-o", "out"], "--seed -1 is not possible: Where the search starts, a whole"),
        (["stripes.png", "--tol=x", "-o", "out"], "--tol x is not possible: Stop when"),
        (["stripes.png", "--max-iter=2.5", "-o", "out"], "--max-iter 2.5 is not possible: Largest number"),
        (["stripes.png", "-k", "2"], "--clusters needs --output FOLDER"),
        (["-o", "out"], "exactly one IMAGE"),
        (["stripes.png", "small.png", "-o", "out"], "exactly one IMAGE"),
        (["stripes.png", "--color", "-o", "out"], "--color"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(run, stripes, save, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    save("small.png", np.ones((4, 4), np.uint8))
    save("black.png", np.zeros((32, 40), np.uint8))
    for name in ("text.png", "text.tif"):
        (tmp_path / name).write_text("not an image")
    (tmp_path / "empty.png").touch()
    (tmp_path / "half.png").write_bytes(stripes.read_bytes()[:60])
    before = sorted(tmp_path.rglob("*"))
    status, printed, complaints = run(*arguments)
    assert (status, printed) == (2, "")
    assert complaints.startswith("napari-kseg: ")
    assert complaints.count("\n") == 1
    assert said in complaints
    assert sorted(tmp_path.rglob("*")) == before  # nothing is left behind, and no folder made


INTERRUPTED = """
import _thread, pathlib, signal, sys, threading, time
from napari_kseg.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may have told it to be ignored

def interrupt_when_at_work():
    while not list(pathlib.Path(sys.argv[2]).glob(".napari-kseg-*")):
        time.sleep(0.01)
    time.sleep(0.3)
    while list(pathlib.Path(sys.argv[2]).glob(".napari-kseg-*")):
        _thread.interrupt_main()  # again, as a person would: one that comes while LLVM calls back into Python is lost
        time.sleep(2)

threading.Thread(target=interrupt_when_at_work, daemon=True).start()
main([sys.argv[1], "-k", "60", "-o", sys.argv[2], "--downsample", "1", "--tol", "0"])
"""


def test_ctrl_c_leaves_nothing_behind(save, tmp_path):
    path = save("noise.tif", np.random.default_rng(0).random((1000, 1000, 3), np.float32), photometric="rgb")
    result = python(INTERRUPTED, path, tmp_path / "new" / "out")
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")
    assert list(tmp_path.iterdir()) == [path]


MODULES = """
import sys
from napari_kseg.cli import main
try:
    main(sys.argv[1:])
finally:
    print("modules:", *{name.split(".")[0] for name in sys.modules})
"""


def test_results_are_written_without_qt_and_napari(stripes, tmp_path):
    result = python(MODULES, stripes, "-k", 4, "-o", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    loaded = set(result.stdout.partition("modules:")[2].split())
    assert "napari_kseg" in loaded
    assert not loaded & {"napari", "qtpy", "superqt", "magicgui", "PyQt5", "PyQt6", "PySide2", "PySide6"}
    assert (tmp_path / "out" / "centroids.png").exists()


WITHOUT_QT = """
import sys
for name in ("PyQt5", "PyQt6", "PySide2", "PySide6"):
    sys.modules[name] = None
from napari_kseg.cli import main
main(sys.argv[1:])
"""


def test_without_qt_the_viewer_says_how_to_get_it(stripes):
    result = python(WITHOUT_QT, stripes)
    assert (result.returncode, result.stdout) == (2, "")
    assert 'pip install "napari-kseg[all]"' in result.stderr
    assert result.stderr.count("\n") == 1


def test_without_a_display_the_viewer_says_so(run, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    status, _, complaints = run()
    assert status == 2
    assert "needs a display" in complaints


LOOK = """
import sys
import napari
from napari.qt import get_qapp
from qtpy.QtCore import QTimer
from napari_kseg.cli import main

def look():
    viewer = napari.current_viewer()
    if viewer is None or not viewer.window.dock_widgets:
        return
    timer.stop()
    print([(layer.name, layer.data.shape) for layer in viewer.layers], *viewer.window.dock_widgets)
    viewer.close()

app = get_qapp()
timer = QTimer(interval=200)
timer.timeout.connect(look)
timer.start()
main(sys.argv[1:])
"""


def test_the_viewer_opens_files_with_the_widget_docked(stripes, save):
    other = save("camera.png", data.camera())
    result = python(LOOK, stripes, other)
    assert result.returncode == 0, result.stderr
    assert "[('stripes', (32, 40, 3)), ('camera', (512, 512))]" in result.stdout
    assert "K-means Segmentation" in result.stdout


def test_the_viewer_opens_a_sample_when_no_file_is_given():
    result = python(LOOK)
    assert result.returncode == 0, result.stderr
    assert "[('coffee', (400, 600, 3))]" in result.stdout


def test_a_file_that_napari_cannot_open_is_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("not an image")
    result = python(LOOK, tmp_path / "notes.txt")
    assert result.returncode == 2, result.stderr
    assert "napari cannot open" in result.stderr


def test_version_and_help(run):
    assert run("--version")[:2] == (0, f"napari-kseg {kseg.__version__}\n")
    status, printed, _ = run("--help")
    assert status == 0
    for option in ("--clusters", "--output", "--downsample", "--seed", "--channel-axis", "--mask", "--n-init"):
        assert option in printed


def test_commands_can_join_the_one_without_a_name():
    app = typer.Typer(cls=_DefaultCommandGroup)

    @app.command()
    def segment(path: str):
        print("segment", path)

    @app.command()
    def batch(folder: str):
        print("batch", folder)

    def answer(*arguments):
        return CliRunner().invoke(app, arguments).stdout.strip()

    assert answer("photo.png") == "segment photo.png"
    assert answer("batch", "photos") == "batch photos"
    assert answer("./batch") == "segment ./batch"
