"""Tables of cubes: the widest cubes are split where their inertia is largest, against a slow splitting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from napari_kseg.kmeans import histogram_of_colors


def histogram(pixels):
    keep = np.ones(len(pixels), np.uint8)
    return histogram_of_colors(lambda _: (pixels, keep), 1)


def inertia_of(pixels):
    return float(((pixels - pixels.mean(0)) ** 2).sum())


def split_by_hand(pixels, n):
    """Split the cube of largest inertia into its eight until there are at least n; return (mean, weight) of each."""
    wide = 256
    while wide > 2 and len(np.unique(pixels // (wide // 2), axis=0)) == 1:
        wide //= 2
    cubes = [(wide, pixels.astype(np.float64))]
    last = np.inf
    while True:
        inertias = [inertia_of(inside) if width > 2 else 0.0 for width, inside in cubes]
        place = int(np.argmax(inertias))
        if inertias[place] <= 1e-9 or (len(cubes) >= n and inertias[place] < last - 1e-9):  # equal ones are all split
            break
        last = inertias[place]
        width, inside = cubes.pop(place)
        _, part = np.unique(inside // (width // 2), axis=0, return_inverse=True)
        cubes += [(width // 2, inside[part.ravel() == i]) for i in range(part.max() + 1)]
    return sorted((*inside.mean(0), len(inside)) for _, inside in cubes)


@given(st.integers(0, 2**32), st.integers(2, 40), st.sampled_from([3.0, 20.0, 80.0]))
@settings(max_examples=40, deadline=None)
def test_the_cubes_of_largest_inertia_are_split(seed, n, spread):
    random = np.random.default_rng(seed)
    pixels = np.clip(random.normal(random.uniform(0, 255, 3), spread, (300, 3)), 0, 255).astype(np.uint8)
    found = histogram(pixels)
    if 2 * n > len(found.colors):
        return
    table = found.levels(n)[0]
    rows = sorted((*row, weight) for row, weight in zip(table.samples.astype(float), table.weights, strict=True))
    assert_allclose(rows, split_by_hand(pixels, n), rtol=1e-6)


@pytest.mark.parametrize("n", [64, 500])
def test_a_crowd_of_colors_gets_more_cubes_than_rare_colors(n):
    random = np.random.default_rng(0)
    crowd = random.integers(0, 32, (100_000, 3)).astype(np.uint8)
    rare = random.integers(0, 256, (3000, 3)).astype(np.uint8)
    table = histogram(np.concatenate([crowd, rare])).levels(n)[0]
    dark = (table.samples < 32).all(1)
    assert dark.mean() > 0.1  # it is 1 / 512 of the color cube
    assert_allclose(table.weights.sum(), 103_000)


def test_cubes_stand_in_morton_order():
    pixels = np.random.default_rng(0).integers(0, 256, (20_000, 3)).astype(np.uint8)
    colors = np.floor(histogram(pixels).levels(600)[0].samples).astype(int)
    codes = [
        sum(((int(color[axis]) >> bit) & 1) << (3 * bit + 2 - axis) for bit in range(8) for axis in range(3))
        for color in colors
    ]
    assert codes == sorted(codes)
