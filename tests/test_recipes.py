"""The recipes of the documentation run as they stand, and their pictures show what comes of them."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOOLS = Path(__file__).parents[1] / "tools"
sys.path.insert(0, str(TOOLS))

import recipe_pictures  # noqa: E402  # a script, not a package

RECIPES = {path.stem: (code, path) for code, path in recipe_pictures.recipes()}


def test_the_recipe_without_a_picture_runs_on_bands_in_files():
    page = recipe_pictures.PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    spectra = {"border": [0] * 6, "water": [70, 60, 40, 12, 9, 7], "plants": [60, 50, 40, 120, 70, 40]}
    grounds = [*spectra.values(), [90, 85, 80, 75, 100, 90], [150, 150, 150, 140, 130, 120], [40, 35, 30, 30, 25, 20]]
    noise = np.random.default_rng(0).integers(0, 3, (60, 40, 6))
    scene = np.repeat(np.uint8(grounds), 10, axis=0)[:, None] + noise.astype(np.uint8)
    scene[:10] = 0

    write = "import tifffile\nfor i in range(6):\n    tifffile.imwrite(f'band{i + 1}.tif', scene[..., i])\n"
    seg = recipe_pictures.run(write + code, scene=scene)["seg"]
    assert (seg.labels[:10] == 0).all()
    names = dict(enumerate(seg.table()["name"], 1))
    assert names[seg.labels[15, 20]] == "water"
    assert names[seg.labels[25, 20]] == "plants"


def test_every_block_of_code_has_a_picture():
    assert len(RECIPES) == recipe_pictures.PAGE.read_text(encoding="utf-8").count("```python") > 0


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs_and_its_picture_is_of_it(name):
    code, path = RECIPES[name]
    names = recipe_pictures.run(code)
    drawn = np.asarray(recipe_pictures.picture(names["image"], names["seg"])).astype(int)
    with Image.open(path) as image:
        shown = np.asarray(image.convert("RGB")).astype(int)
    assert shown.shape == drawn.shape
    assert np.abs(shown - drawn).mean() < 8  # the file has fewer colors
