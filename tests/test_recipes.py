"""The recipes of the documentation run as they stand, and their pictures show what comes of them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOOLS = Path(__file__).parents[1] / "tools"
sys.path.insert(0, str(TOOLS))

import recipe_pictures  # noqa: E402  # a script, not a package

RECIPES = {path.stem: (code, path) for code, path in recipe_pictures.recipes()}


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
