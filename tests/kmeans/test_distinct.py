"""The distinct colors of samples with four features, against `np.unique`; their order and their coarser levels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg.kmeans import ColorCounts, _distinct, codes_of, colors_of
from napari_kseg.kmeans import distinct_colors as counted


class Blocks:
    """A source of samples in given blocks."""

    n_features = 4

    def __init__(self, blocks):
        self.blocks, self.n_blocks, self.n_at_most = blocks, len(blocks), sum(map(len, blocks))

    def read(self, block):
        return self.blocks[block], None


def distinct_colors(source):
    """Count, and list the colors; None if there are too many."""
    found = counted(source)
    return None if found is None else found.histogram()


@pytest.fixture
def small_pieces(monkeypatch):
    """Make parts and rounds so small that small samples need many."""
    monkeypatch.setattr(_distinct, "PART", 16)
    monkeypatch.setattr(_distinct, "AT_ONCE", 2)


@pytest.mark.nojit
@given(st.integers(0, 2**32), st.integers(1, 300), st.integers(1, 256), st.integers(1, 7))
@settings(max_examples=15)
def test_counts_are_those_of_numpy_in_any_blocks(assert_counts, seed, n, n_values, n_blocks):
    random = np.random.default_rng(seed)
    pixels = random.permutation(256)[random.integers(0, n_values, (n, 4)) // random.integers(1, 9)].astype(np.uint8)
    assert_counts(distinct_colors(Blocks(np.array_split(pixels, n_blocks))), pixels)


@pytest.mark.nojit
@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("n_values", [1, 3, 8, 256])
@pytest.mark.parametrize(("many", "bits"), [(10**6, 4), (0, 8)])
def test_counts_are_those_of_numpy_in_many_parts_and_rounds(assert_counts, monkeypatch, n_values, many, bits):
    monkeypatch.setattr(_distinct, "MANY", many)
    pixels = np.random.default_rng(0).integers(0, n_values, (900, 4)).astype(np.uint8)
    whole, parts = distinct_colors(Blocks([pixels])), distinct_colors(Blocks(np.array_split(pixels, 7)))
    assert_counts(parts, pixels)
    assert_array_equal(parts.colors, whole.colors)
    assert_array_equal(parts.counts, whole.counts)
    assert_array_equal(parts.cubes.keys, np.unique(codes_of(pixels) >> np.uint32(bits)))  # no cube is cut
    assert_array_equal(parts.cubes.sums, whole.cubes.sums)


@pytest.mark.parametrize("n_bytes", [3, 4])
def test_codes_interleave_the_bits_and_lead_back_to_the_colors(n_bytes):
    pixels = np.random.default_rng(0).integers(0, 256, (1000, n_bytes)).astype(np.uint8)
    codes = codes_of(pixels)
    for bit in range(8):
        for feature in range(n_bytes):
            # Of three bytes the first has the highest bits, of four the last.
            place = n_bytes * bit + (feature if n_bytes == 4 else 2 - feature)
            assert_array_equal(codes >> np.uint32(place) & 1, pixels[:, feature] >> bit & 1)
    assert_array_equal(colors_of(codes, n_bytes), pixels)


@pytest.mark.nojit
@given(st.lists(st.integers(0, 60), min_size=1, max_size=5), st.integers(0, 2**32))
@settings(max_examples=15)
def test_counts_of_parts_add_up_to_those_of_all(assert_counts, lengths, seed):
    random = np.random.default_rng(seed)
    parts = [random.integers(0, 3, (length, 4)).astype(np.uint8) for length in lengths]
    total = ColorCounts.added([counted(Blocks([part])) for part in parts])
    if sum(lengths):
        assert_counts(total.histogram(), np.concatenate(parts))
    assert total.counts.sum() == sum(lengths)


def test_no_pixel_takes_part():
    found = distinct_colors(Blocks([np.empty((0, 4), np.uint8)] * 3))
    assert found.colors.shape == (0, 4)


@pytest.mark.nojit
@pytest.mark.usefixtures("small_pieces")
def test_levels_keep_the_total_weight_and_the_mean():
    pixels = np.random.default_rng(0).integers(0, 64, (3000, 4)).astype(np.uint8)
    levels = distinct_colors(Blocks(np.array_split(pixels, 5))).levels(10)
    sizes = [len(level.samples) for level in levels]
    assert len(sizes) == 2
    assert 10 <= sizes[0] < 26 < 160 <= sizes[1] < 176  # the last cube that is split has up to 16 parts
    for level in levels:
        assert level.n_features == 4
        assert level.weights.sum() == 3000
        mean = np.average(level.samples.astype(np.float64), axis=0, weights=level.weights)
        assert_allclose(mean, pixels.mean(0), rtol=1e-6)


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("seed", range(3))
def test_only_the_number_of_colors_decides_whether_they_are_counted(monkeypatch, seed):
    colors = np.random.default_rng(0).integers(0, 256, (200, 4)).astype(np.uint8)
    pixels = np.random.default_rng(seed).permutation(np.repeat(colors, 5, 0))
    source = Blocks(np.array_split(pixels, 8))
    monkeypatch.setattr(_distinct, "MOST_COLORS", 200)
    assert len(distinct_colors(source).colors) == 200
    monkeypatch.setattr(_distinct, "MOST_COLORS", 199)
    assert distinct_colors(source) is None
