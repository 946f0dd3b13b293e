"""Values at the ends of their dtype's range, and input that is refused."""

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg import segment

# --- extremes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [
        np.array([[-(2**31), 2**31 - 1], [0, 5]], np.int32),
        np.array([[2**32 - 1, 2**32 - 2], [2**32 - 100, 2**32 - 101]], np.uint32),
        np.array([[-(2**63), 2**63 - 1], [0, 5]]),
        np.array([[2**64 - 1, 0], [1000, 5]], np.uint64),
        np.array([[-65504, 65504], [0, 5]], np.float16),
        np.array([[-3.4e38, 3.4e38], [0, 1e37]], np.float32),
        np.array([[-1e149, 1e149], [0, 1e148]]),
        np.array([[0, 5e-324], [0, 1e-322]]),
        np.array([[0, 1e-45], [0, 1e-43]], np.float32),
        np.array([[1e-160, -1e-160], [0, -0.9e-160]]),
    ],
    ids=["i4", "u4", "i8", "u8", "f2", "f4", "f8", "f8 subnormal", "f4 subnormal", "f8 tiny"],
)
def test_the_ends_of_the_range(image):
    seg = segment(image, 2)
    assert set(seg.labels.flat) == {1, 2}
    assert seg.labels[np.unravel_index(image.argmin(), image.shape)] == 1
    assert seg.labels[np.unravel_index(image.argmax(), image.shape)] == 2
    assert seg.recolored().dtype == image.dtype


@pytest.mark.parametrize("image", [2**64 - 1 - np.arange(64, dtype="u8"), 2**60 + np.arange(64)], ids=["u8", "i8"])
def test_integers_that_centroids_cannot_hold_are_refused_in_words(image):
    with pytest.raises(ValueError, match=r"float64 centroids cannot tell apart; subtract an offset"):
        segment(image.reshape(8, 8), 2)
    moved = image - image.min()
    assert segment(moved.reshape(8, 8), 2).counts.sum() == 64


@pytest.mark.parametrize("scale", [1e160, 1.7e308])
def test_floats_whose_squares_overflow_are_refused_in_words(scale):
    with pytest.raises(ValueError, match="scale"):
        segment(np.array([[-1.0, 1], [0, 0.5]]) * scale, 2)


def test_a_far_outlier_is_named():
    image = np.random.default_rng(0).random((20, 20)).astype(np.float32)
    image[0, 0] = -3.4e38  # how some files say "no data"
    with pytest.raises(ValueError, match=r"-3\.4.*e\+38.*mask"):
        segment(image, 3)


def test_a_small_signal_on_a_large_offset_survives(coins):
    want = segment(coins, 3)
    seg = segment(coins / 64 + 1e6, 3)
    assert_array_equal(seg.labels, want.labels)
    assert_allclose((seg.centroids - 1e6) * 64, want.centroids, rtol=1e-6)


# --- bad input -----------------------------------------------------------------------------------------------------

SQUARE = np.arange(36, dtype=np.uint8).reshape(6, 6)


@pytest.mark.parametrize(
    ("image", "settings", "error", "words"),
    [
        (np.zeros((0, 10), np.uint8), {}, ValueError, r"shape \(0, 10\).*no pixels"),
        (np.zeros((5, 5, 0)), {"channel_axis": -1}, ValueError, "no pixels"),
        (np.float32(3), {}, ValueError, r"shape \(\)"),
        (SQUARE.astype(complex), {}, TypeError, r"complex128.*np\.abs"),
        (SQUARE.astype(object), {}, TypeError, "object"),
        (SQUARE.astype(str), {}, TypeError, "<U"),
        ("photo.png", {}, TypeError, "cannot be clustered"),
        (None, {}, TypeError, "object"),
        (SQUARE, {"channel_axis": 2}, ValueError, r"channel_axis=2.*2 axes.*\(6, 6\).*-2 to 1"),
        (SQUARE, {"channel_axis": -3}, ValueError, "channel_axis=-3"),
        (SQUARE[0], {"channel_axis": 0}, ValueError, "no spatial axis"),
        (SQUARE, {"mask": np.ones((3, 3), bool)}, ValueError, r"mask.*\(3, 3\).*\(6, 6\)"),
        (SQUARE, {"mask": np.ones((6, 6), np.uint8)}, TypeError, r"mask.*uint8.*bool.*mask > 0"),
        (SQUARE, {"mask": np.zeros((6, 6), bool)}, ValueError, "every pixel is left out"),
        (np.full((9, 9), np.nan), {}, ValueError, "every pixel is left out"),
        (np.full((9, 9), np.nan), {"downsample": 2}, ValueError, "every pixel is left out"),
        (np.zeros((40, 40, 4), np.uint8), {}, ValueError, "every pixel is left out.*transparent"),
        (SQUARE, {"n_clusters": 37}, ValueError, "n_clusters=37, but only 36 different colors.*n_clusters=36 or less"),
        (SQUARE, {"init": [[1, 2, 3], [3, 4, 5]]}, ValueError, r"init has shape \(2, 3\).*1 channels.*\(6, 6\)"),
        (SQUARE, {"init": [[1], [2], [3]]}, ValueError, "n_clusters=2, but init has 3 seeds.*n_clusters=3"),
        (SQUARE, {"init": [[1], [np.nan]]}, ValueError, "NaN"),
        (SQUARE, {"downsample": (2, 2, 2)}, ValueError, "3 factors.*2 spatial axes"),
        (SQUARE, {"clusters": 3}, TypeError, "'clusters' is not a setting.*n_clusters"),
    ],
)
def test_bad_input_is_refused_in_words(image, settings, error, words):
    with pytest.raises(error, match=words):
        segment(image, **{"n_clusters": 2, **settings})


def test_dask_chunks_of_unknown_size_are_refused_in_words():
    array = da.from_array(SQUARE, chunks=(2, 6))
    unknown = array[array[:, 0] > array[:, 0].min()]
    model = segment(SQUARE, 2).model
    for ask in (lambda: segment(unknown, 2), lambda: segment([unknown, unknown], 2), lambda: model.predict(unknown)):
        with pytest.raises(ValueError, match=r"shape \(nan, 6\).*call image\.compute_chunk_sizes\(\) first"):
            ask()
    assert segment(unknown.compute_chunk_sizes(), 2).labels.shape == (5, 6)
