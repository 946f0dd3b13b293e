"""The histogram of 8-bit colors, against `np.unique`; its coarser levels; the table from colors to labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg.kmeans import histogram_of_colors, look_up_colors


def histogram(blocks, keeps=None, n_features=3):
    keeps = keeps or [np.ones(len(block), np.uint8) for block in blocks]
    return histogram_of_colors(lambda i: (blocks[i], keeps[i]), len(blocks), n_features)


@pytest.mark.nojit
def test_counts_are_those_of_numpy_with_pixels_left_out(assert_counts):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 4, (40, 3)).astype(np.uint8) * 85
    keep = (random.random(40) > 0.3).astype(np.uint8)
    assert_counts(histogram([pixels[:17], pixels[17:]], [keep[:17], keep[17:]]), pixels[keep == 1])


@given(st.integers(0, 2**32), st.integers(1, 3000), st.integers(1, 256), st.integers(1, 5))
@settings(max_examples=15)
def test_counts_are_those_of_numpy_in_any_blocks(assert_counts, seed, n, n_values, n_blocks):
    random = np.random.default_rng(seed)
    pixels = random.permutation(256)[random.integers(0, n_values, (n, 3))].astype(np.uint8)
    assert_counts(histogram(np.array_split(pixels, n_blocks)), pixels)


def test_corners_of_the_color_cube(assert_counts):
    corners = (np.indices((2, 2, 2)).reshape(3, 8).T * 255).astype(np.uint8)
    found = histogram([np.repeat(corners, np.arange(1, 9), 0)])
    assert_counts(found, np.repeat(corners, np.arange(1, 9), 0))


@pytest.mark.parametrize("n", [255, 256, 257, 510, 511, 512, 513, 768, 65_536, 200_000])
@pytest.mark.parametrize("n_blocks", [1, 3])
def test_a_color_may_fill_the_image(assert_counts, n, n_blocks):  # counters of 8 bits overflow at 256
    pixels = np.full((n, 3), [9, 200, 31], np.uint8)
    pixels[: n // 100] = 0
    assert_counts(histogram(np.array_split(pixels, n_blocks)), pixels)


def test_no_pixel_takes_part():
    pixels = np.zeros((10, 3), np.uint8)
    assert len(histogram([pixels], [np.zeros(10, np.uint8)]).colors) == 0


def test_samples_are_read_as_many_as_counted():
    pixels = np.random.default_rng(0).integers(0, 256, (400_000, 3)).astype(np.uint8)
    found = histogram(np.array_split(pixels, 4))
    source = found.samples().source
    assert source.n_blocks > 1
    blocks = [source.read(block) for block in range(source.n_blocks)]
    assert_array_equal(np.concatenate([colors for colors, _ in blocks]), found.colors)
    assert sum(weights.sum() for _, weights in blocks) == 400_000


@pytest.mark.nojit
@pytest.mark.parametrize("n_features", [2, 3])
def test_levels_keep_the_total_weight_and_the_mean(n_features):
    pixels = np.random.default_rng(0).integers(0, 256, (300, 3)).astype(np.uint8)
    if n_features == 2:
        pixels[:, 2] = 0
    found = histogram([pixels], n_features=n_features)
    levels = found.levels(20)
    assert 20 <= len(levels[0].samples) <= 300 / 4
    sizes = [len(level.samples) for level in levels]
    assert sizes == sorted(sizes)
    for level in levels:
        assert level.n_features == n_features
        assert level.weights.sum() == 300
        mean = np.average(level.samples.astype(np.float64), axis=0, weights=level.weights)
        assert_allclose(mean, pixels[:, :n_features].mean(0), rtol=1e-6)


def test_a_level_finer_than_the_colors_is_the_colors():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 3)).astype(np.uint8)
    found = histogram([pixels])
    (level,) = found.levels(1000)
    assert_array_equal(level.samples, found.colors)
    assert_array_equal(level.weights, found.counts)


@pytest.mark.nojit
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_table_gives_every_pixel_the_label_of_its_color(dtype):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (50, 3)).astype(np.uint8)
    keep = (random.random(50) > 0.2).astype(np.uint8)
    found = histogram([pixels], [keep])
    of_color = random.integers(1, 200, len(found.colors)).astype(dtype)
    labels = np.empty(50, dtype)
    look_up_colors(pixels, keep, found.table(of_color), labels)
    wanted = {tuple(color): label for color, label in zip(found.colors.tolist(), of_color, strict=True)}
    assert_array_equal(labels, [wanted[tuple(p)] if kept else 0 for p, kept in zip(pixels.tolist(), keep, strict=True)])
