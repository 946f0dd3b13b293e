"""What holds for the segmentation of any 8-bit color or one-channel integer image."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg import segment

KINDS = {"bool": 2, "u1": 256, "i1": 100, "u2": 65_536, "i2": 30_000, "i4": 60_000, "i8": 60_000}


@given(
    seed=st.integers(0, 2**32),
    rows=st.integers(1, 50),
    columns=st.integers(1, 50),
    kind=st.sampled_from([*KINDS, "color", "two channels", "four channels"]),
    spread=st.floats(0.01, 1),
    k=st.integers(1, 20),
)
@settings(max_examples=50)
def test_where_the_pixels_are_does_not_matter(seed, rows, columns, kind, spread, k):
    random = np.random.default_rng(seed)
    n_channels = {"color": 3, "two channels": 2, "four channels": 4}.get(kind, 1)
    values = random.random((rows * columns, n_channels)) ** 2 * KINDS.get(kind, 256) * spread
    pixels = (values - (50 if kind.startswith("i") else 0)).astype(kind if kind in KINDS else "u1")
    k = min(k, len(np.unique(pixels, axis=0)))
    order = random.permutation(len(pixels))
    axis = None if n_channels == 1 else -1
    shape = (n_channels,) if n_channels > 1 else ()
    seg = segment(pixels.reshape(rows, columns, *shape), k, channel_axis=axis, n_init=2)
    moved = segment(pixels[order].reshape(columns, rows, 1, *shape), k, channel_axis=axis, n_init=2)
    assert_array_equal(moved.labels.ravel(), seg.labels.ravel()[order])
    assert_array_equal(moved.centroids, seg.centroids)
    assert_array_equal(moved.counts, seg.counts)
    assert (moved.inertia, moved.n_iter) == (seg.inertia, seg.n_iter)


@pytest.mark.parametrize("channels", [3, 4])
def test_where_the_pixels_are_does_not_matter_in_many_blocks(channels):
    pixels = (np.random.default_rng(0).random((400_000, channels)) ** 2 * 256).astype(np.uint8)
    order = np.random.default_rng(1).permutation(len(pixels))
    tables = (table.reshape(800, 500, channels) for table in (pixels, pixels[order]))
    seg, moved = (segment(table, 7, channel_axis=-1, n_init=2) for table in tables)
    assert_array_equal(moved.labels.ravel(), seg.labels.ravel()[order])
    assert_array_equal(moved.centroids, seg.centroids)
    assert moved.inertia == seg.inertia


def lowest_inertia(values, k):
    """Lowest inertia over all ways to cut the sorted values into k intervals."""
    distinct = np.unique(values).astype(np.float64)
    ordered = np.sort(values.astype(np.float64))
    return min(
        sum(((part - part.mean()) ** 2).sum() for part in np.split(ordered, np.searchsorted(ordered, cuts)))
        for cuts in combinations(distinct[1:], k - 1)
    )


@given(
    st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "i8"]),
    st.lists(st.integers(0, 127), min_size=1, max_size=9),
    st.sampled_from([1, 250, 500]),
    st.data(),
)
def test_no_other_cut_of_one_channel_is_better(dtype, values, stretch, data):
    values = np.array(values)
    if np.dtype(dtype).itemsize > 1:
        values *= stretch  # up to 63,500: beyond 32,767 the 16-bit integers with a sign wrap around to below zero
    image = values.astype(dtype).reshape(1, -1)
    k = data.draw(st.integers(1, len(np.unique(image))), label="k")
    assert_allclose(segment(image, k).inertia, lowest_inertia(image.ravel(), k), rtol=1e-9, atol=1e-9)
