"""The examples do what they say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_demo_saves_the_window_and_the_results(tmp_path):
    printed = run("demo.py", "--output", tmp_path / "demo-output")
    files = {path.name: path for path in (tmp_path / "demo-output").iterdir()}
    assert {"screenshot.png", "coffee_labels.tif", "coffee_recolored.png", "clusters.csv", "model.json"} <= set(files)
    for name in ("screenshot.png", "coffee_recolored.png"):
        assert name in printed
    with Image.open(files["coffee_recolored.png"]) as image:
        colors = np.unique(np.asarray(image).reshape(-1, 3), axis=0)
    with Image.open(files["screenshot.png"]) as image:
        window = np.asarray(image.convert("RGB")).astype(int)
    assert len(colors) == 5
    for color in colors:  # in the middle of the window one sees the result
        assert (np.abs(window[200:600, 350:950] - color) <= 1).all(-1).sum() > 1000


def test_tutorial_finds_the_orange_suit():
    printed = run("tutorial.py")
    assert "#d56340" in printed
    assert "4 clusters are left" in printed
