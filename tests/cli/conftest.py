"""The command in this process, and small image files for it."""

import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_kseg.cli import main


@pytest.fixture
def run(capsys):
    """Run the command; return its exit status, and what it printed to stdout and stderr."""

    def run_it(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return run_it


@pytest.fixture
def stripes(tmp_path):
    """PNG file of four stripes, 8 × 40 pixels each, out of order."""
    colors = np.uint8([[90, 160, 90], [10, 10, 30], [250, 240, 230], [200, 40, 40]])
    image = np.repeat(np.repeat(colors, 8, axis=0)[:, None], 40, axis=1)
    path = tmp_path / "stripes.png"
    Image.fromarray(image).save(path)
    return path


@pytest.fixture
def save(tmp_path):
    """Write an array with Pillow or, as TIFF, with tifffile; return the path."""

    def save_it(name, array, mode=None, **keywords):
        path = tmp_path / name
        if mode is None and name.endswith(".tif"):
            tifffile.imwrite(path, array, **keywords)
        else:
            image = Image.fromarray(array)
            (image if mode is None else image.convert(mode)).save(path, **keywords)
        return path

    return save_it


@pytest.fixture
def no_matplotlib(monkeypatch):
    """Not installed, as in a plain `pip install napari-kseg`; a run takes a tenth of the time then."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
