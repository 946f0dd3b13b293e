"""`segment()` on images of every kind: what comes out, by brute force."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data, filters

from napari_kseg import segment

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">u2", ">i4", ">u8", ">f4", ">f8"]
PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not


# --- photos, volumes, series ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "rocket", "immunohistochemistry"])
@pytest.mark.parametrize("k", [1, 2, 7, 32])
def test_color_photos(assert_contract, name, k):
    image = getattr(data, name)()[::2, ::2]
    before = image.copy()
    assert_contract(image, segment(image, k), k, channel_axis=-1)
    assert_array_equal(image, before)  # the input is not modified


@pytest.mark.parametrize("name", ["coins", "moon", "page", "brick"])
def test_gray_photos_are_cut_at_the_thresholds_of_multi_otsu(assert_contract, name):
    image = getattr(data, name)()
    for k in (2, 3, 4):
        seg = segment(image, k)
        assert_contract(image, seg, k)
        thresholds = filters.threshold_multiotsu(image, k)
        classes = np.digitize(image, thresholds, right=True)
        otsu = sum(((image[classes == i] - image[classes == i].mean()) ** 2).sum() for i in range(k))
        assert seg.inertia <= otsu * (1 + 1e-9)
        assert_array_equal(seg.labels, classes + 1)


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_six_pixels_by_hand():
    seg = segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2)
    assert_array_equal(seg.labels, [[1, 1, 2], [2, 1, 1]])
    assert_allclose(seg.centroids, [[0.5], [8.5]])
    assert_array_equal(seg.counts, [4, 2])
    assert_allclose(seg.inertia, 1.5)
    assert_array_equal(seg.recolored(), [[0, 0, 8], [8, 0, 0]])  # 0.5 and 8.5 to the even number


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_two_kinds_of_three_channels(assert_contract, dtype):
    image = np.array([[[10, 0, 0], [12, 0, 0], [0, 0, 90]], [[0, 2, 90], [11, 0, 0], [0, 0, 91]]], dtype)
    seg = segment(image, 2, channel_axis=-1)
    assert_contract(image, seg, 2, channel_axis=-1)
    assert_array_equal(seg.labels, [[1, 1, 2], [2, 1, 2]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_in_color(assert_contract, photo, dtype):
    image = (photo // (2 if dtype == "i1" else 1)).astype(dtype)
    assert_contract(image, segment(image, 5, channel_axis=-1), 5, channel_axis=-1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_in_one_channel(assert_contract, coins, dtype):
    image = (coins // (2 if dtype == "i1" else 1)).astype(dtype)
    seg = segment(image, 4)
    assert_contract(image, seg, 4)
    assert_array_equal(seg.labels, segment(coins // (2 if dtype == "i1" else 1), 4).labels)


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "f4"])
def test_negative_numbers(assert_contract, dtype):
    image = (data.coins()[:80, :80].astype(int) // 2 - 100).astype(dtype)
    seg = segment(image, 3)
    assert_contract(image, seg, 3)
    assert seg.centroids[0] < 0
    assert_array_equal(seg.labels, segment((image.astype(int) + 128).astype(np.uint8), 3).labels)


@pytest.mark.parametrize("channels", [None, 1, 3, 8])
def test_bool(assert_contract, channels):
    shape = (40, 50) if channels is None else (40, 50, channels)
    image = np.random.default_rng(0).random(shape) > 0.4
    axis = None if channels is None else -1
    k = 2 if channels in (None, 1) else 4
    assert_contract(image, segment(image, k, channel_axis=axis), k, channel_axis=axis)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 16])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_any_number_of_channels_on_any_axis(assert_contract, dtype, channels, axis):
    values = np.random.default_rng(0).integers(0, 250, (25, 30, channels)).astype(dtype)
    image = np.moveaxis(values, -1, axis)
    seg = segment(image, 4, channel_axis=axis)
    assert_contract(image, seg, 4, channel_axis=axis)
    assert_array_equal(seg.labels, segment(values, 4, channel_axis=-1).labels)
    assert seg.channel_names == (("intensity",) if channels == 1 else tuple(map(str, range(channels))))
    assert not seg.is_color


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((700,), None), ((1, 500), None), ((500, 1), None), ((1, 1, 300), None), ((5, 30, 40), None),
        ((2, 3, 20, 25), None), ((2, 2, 3, 15, 20), None), ((3, 20, 25, 2), -1), ((2, 6, 3, 15, 20), 2),
        ((40, 4), -1), ((4, 40), 0), ((1, 30, 1, 20, 1, 5), -1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_any_number_of_axes(assert_contract, shape, axis, dtype):
    image = np.random.default_rng(0).integers(0, 250, shape).astype(dtype)
    assert_contract(image, segment(image, 3, channel_axis=axis), 3, channel_axis=axis)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_row_longer_than_a_block(assert_contract, dtype):
    image = np.random.default_rng(0).integers(0, 250, (2, (1 << 20) + 5)).astype(dtype)
    assert_contract(image, segment(image, 2), 2)


def test_color_image_of_many_blocks(assert_contract):
    image = np.random.default_rng(0).integers(0, 64, (3, 400_000, 3)).astype(np.uint8)
    assert_contract(image, segment(image, 3, channel_axis=-1, n_init=1), 3, channel_axis=-1)


def test_series_of_color_images(assert_contract):
    image = np.stack([data.astronaut()[i : i + 40, :50] for i in (0, 100, 200)])[None]
    seg = segment(image, 4)
    assert_contract(image, seg, 4, channel_axis=-1)
    assert seg.is_color


# --- the number of clusters ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
def test_as_many_clusters_as_values(assert_contract, dtype):
    image = (np.random.default_rng(0).permutation(np.repeat(np.arange(20), 7)).reshape(10, 14) * 5).astype(dtype)
    seg = segment(image, 20)
    assert_contract(image, seg, 20)
    assert seg.inertia == 0
    assert_array_equal(seg.labels - 1, image // 5)
    assert_array_equal(seg.recolored(), image)
    with pytest.raises(ValueError, match=r"n_clusters=21, but only 20 different colors"):
        segment(image, 21)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_as_many_clusters_as_colors(assert_contract, dtype):
    random = np.random.default_rng(0)
    colors = random.permutation(250)[:27].reshape(9, 3) / (1 if dtype[0] == "u" else 7)
    image = colors[random.integers(0, 9, (30, 40))].astype(dtype)
    seg = segment(image, 9, channel_axis=-1)
    assert_contract(image, seg, 9, channel_axis=-1)
    assert_allclose(seg.recolored(), image, rtol=0 if dtype[0] == "u" else 1e-6)
    with pytest.raises(ValueError, match=r"n_clusters=12, but only 9 different colors"):
        segment(image, 12, channel_axis=-1)


@pytest.mark.parametrize(("k", "dtype"), [(255, np.uint8), (256, np.uint16), (300, np.uint16)])
def test_labels_grow_with_the_number_of_clusters(assert_contract, k, dtype):
    image = np.arange(4096, dtype=np.uint16).reshape(64, 64)
    seg = segment(image, k)
    assert seg.labels.dtype == dtype
    assert_contract(image, seg, k)
    photo = data.coffee()[:60, :80]
    assert_contract(photo, segment(photo, k, n_init=1), k, channel_axis=-1)


def test_more_clusters_than_the_exact_way_has_memory_for():
    image = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert_array_equal(np.unique(segment(image[:, :128], 20_000, n_init=1, max_iter=1000).labels), np.arange(1, 20_001))
    seg = segment(image[:, :255], 65280)
    assert seg.inertia == 0


@pytest.mark.parametrize("image", [np.full((1, 1), 7, np.uint8), np.full((1, 1), 7.5), np.full((35, 36, 3), 9, "u1")])
def test_one_cluster_of_a_constant_image(image):
    seg = segment(image, 1)
    assert (seg.labels == 1).all()
    assert seg.inertia == 0
    assert_array_equal(seg.recolored(), image)
    with pytest.raises(ValueError, match="n_clusters=2, but only 1 different"):
        segment(image, 2)


@given(
    hnp.arrays(
        st.sampled_from(["u1", "i2", "i4", "f4", "f8"]),
        hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
        elements=st.integers(-3, 100).map(abs),
    ),
    st.integers(1, 6),
)
@settings(max_examples=60)
def test_tiny_images_with_few_values(assert_contract, image, k):
    if k > len(np.unique(image)):
        with pytest.raises(ValueError, match=f"only {len(np.unique(image))} different color"):
            segment(image, k, channel_axis=None)
    else:
        assert_contract(image, segment(image, k, channel_axis=None), k)


def test_clusters_are_numbered_from_dark_to_bright_ties_by_the_channels_in_turn():
    colors = np.array([[90, 0, 0], [0, 90, 0], [0, 0, 90], [40, 40, 40], [20, 20, 20]], np.uint8)
    seg = segment(np.tile(colors, (4, 1, 1)), 5, channel_axis=-1)
    assert_array_equal(seg.centroids, [[20, 20, 20], [0, 0, 90], [0, 90, 0], [90, 0, 0], [40, 40, 40]])


# --- which axis is color -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "is_color"),
    [
        ((31, 31, 3), True), ((31, 31, 4), True), ((2, 31, 31, 3), True), ((31, 31), False), ((31, 31, 5), False),
        ((31, 31, 2), False), ((31, 3), False), ((40, 31, 31, 1), False),
    ],
)  # fmt: skip
def test_a_last_axis_of_three_or_four_of_a_large_image_is_color(shape, is_color):
    seg = segment(np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8), 2)
    assert seg.is_color == is_color
    assert seg.labels.shape == (shape[:-1] if is_color else shape)
    assert seg.channel_names == (("R", "G", "B") if is_color else ("intensity",))


@pytest.mark.parametrize("shape", [(30, 31, 3), (31, 30, 4), (5, 5, 3)])
def test_a_small_image_is_not_taken_as_color_and_a_warning_says_so(shape):
    image = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    with pytest.warns(UserWarning, match=r"not taken as color.*channel_axis=-1") as caught:
        seg = segment(image, 2)
    assert caught[0].filename == __file__
    assert seg.labels.shape == shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        segment(image, 2, channel_axis=-1)
        segment(image, 2, channel_axis=None)
