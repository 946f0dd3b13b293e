"""Make the pictures of docs/recipes.md: run each of its code blocks, and draw its `image` beside its `seg`."""

import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "recipes.md"
HEIGHT = 280
N_COLORS = 96  # for a page that loads at once
RECIPE = re.compile(r"^```python\n(.*?)^```\n!\[[^\]]*\]\(([^)]+)\)", re.MULTILINE | re.DOTALL)


def recipes():
    """Yield the code of each recipe and the picture that belongs to it."""
    for found in RECIPE.finditer(PAGE.read_text(encoding="utf-8")):
        yield found[1], PAGE.parent / found[2]


def run(code, **names):
    """Return the names that a recipe leaves, run in a folder of its own; it may need some."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            exec(compile(code, PAGE.name, "exec"), names)
        finally:
            os.chdir(before)
    return names


def picture(image, seg):
    """Return the image beside its clusters, white where a pixel was left out."""
    clusters = seg.recolored()
    if isinstance(image, list):  # the first channel stands for all
        image, clusters = image[0], clusters[0]
    image, clusters, labels = _plane(image, seg), _plane(clusters, seg), _plane(seg.labels, seg)
    if not seg.is_color:
        low, high = np.percentile(image, [1, 99])
        image, clusters = (_gray(part, low, high) for part in (image, clusters))
    clusters[labels == 0] = 255
    gap = np.full((len(image), 8, 3), 255, np.uint8)
    both = Image.fromarray(np.hstack([image, gap, clusters]))
    return both.resize((both.width * HEIGHT // both.height, HEIGHT), Image.Resampling.LANCZOS)


def _gray(image, low, high):
    """Return one channel as a gray RGB image."""
    shown = np.clip((image - low) / (high - low), 0, 1) * 255
    return np.repeat(shown.astype(np.uint8)[..., None], 3, -1)


def _plane(image, seg):
    """Return the middle slice of a volume, and any other image as it is."""
    return image[len(image) // 2] if seg.labels.ndim == 3 else image


def main():
    for code, path in recipes():
        names = run(code)
        picture(names["image"], names["seg"]).quantize(N_COLORS).save(path, optimize=True)
        print(f"{path.relative_to(PROJECT)}: {path.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
