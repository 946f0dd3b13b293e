"""The examples do what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *arguments]
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONUTF8": "1"}
    result = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=240, check=False, env=environment)
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


def test_time_series_measures_what_is_known_to_grow():
    printed = run("time_series.py")
    assert percent(printed, r"first and in the last frame: ([\d.]+)%") == pytest.approx(10, abs=1.5)
    assert percent(printed, r"first and in the last frame: [\d.]+%, ([\d.]+)%") == pytest.approx(50, abs=1.5)
    assert percent(printed, r"Largest error in any frame: ([\d.]+)%") < 1.5


def test_whole_slide_has_the_clusters_of_its_overview():
    printed = run("whole_slide.py")
    slide = percent(printed, r"covers ([\d.]+)% of the slide")
    assert slide == pytest.approx(percent(printed, r"([\d.]+)% of the overview"), abs=1)
    assert sum(map(int, re.findall(r"cluster \d #\w+ +(\d+)", printed))) == 4096**2


def test_regions_add_up_to_their_cluster():
    printed = run("measure_regions.py")
    (regions, cluster), *_ = re.findall(r"antibody: ([\d.]+) µm² in regions, ([\d.]+) µm² in the cluster", printed)
    assert regions == cluster


def test_region_growing_finds_every_coin():
    printed = run("region_growing.py")
    (pixels, pieces, grown), *_ = re.findall(r"([\d,]+) pixels, (\d+) pieces, (\d+) regions", printed)
    assert pixels == "240,000"
    assert 1 < int(grown) < int(pieces) < 500
    assert "24 coins" in printed


def percent(printed, pattern):
    return float(re.search(pattern, printed)[1])


NOTEBOOKS = sorted(path for path in EXAMPLES.glob("*.py") if path.name != "demo.py")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_its_title_and_the_list_names_it(path):
    cells = path.read_text(encoding="utf-8").split("# %%")
    assert cells[0] == ""
    assert cells[1].startswith(" [markdown]\n# # ")
    title = cells[1].splitlines()[1].removeprefix("# # ")
    assert f"[{title}]({path.name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
