"""`segment()` on images of every kind: what comes out, what is left out, what is refused."""

import hashlib
import os
import subprocess
import sys
import time
import warnings

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data, filters

from napari_kseg import ConvergenceWarning, segment

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">u2", ">i4", ">u8", ">f4", ">f8"]
PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not


@pytest.fixture
def photo():
    return data.chelsea()[60:160, 100:230].copy()


@pytest.fixture
def coins():
    return data.coins()[:120, :150].copy()


# --- photos, volumes, series --------------------------------------------------------------------------------------


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


# --- the number of clusters ---------------------------------------------------------------------------------------


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
        with pytest.raises(ValueError, match=f"only {len(np.unique(image))} different colors"):
            segment(image, k, channel_axis=None)
    else:
        assert_contract(image, segment(image, k, channel_axis=None), k)


def test_clusters_are_numbered_from_dark_to_bright_ties_by_the_channels_in_turn():
    colors = np.array([[90, 0, 0], [0, 90, 0], [0, 0, 90], [40, 40, 40], [20, 20, 20]], np.uint8)
    seg = segment(np.tile(colors, (4, 1, 1)), 5, channel_axis=-1)
    assert_array_equal(seg.centroids, [[20, 20, 20], [0, 0, 90], [0, 90, 0], [90, 0, 0], [40, 40, 40]])


# --- what is left out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "opaque"), [("u1", 255), ("u2", 65535), ("f4", 1), ("f8", 1)])
def test_transparent_pixels_are_left_out(assert_contract, photo, dtype, opaque):
    alpha = np.full(photo.shape[:2], opaque, dtype)
    alpha[:20, :30] = 0
    alpha[50:, 60:] = opaque / 2  # half transparent ones take part
    image = np.dstack([photo.astype(dtype), alpha])
    seg = segment(image, 4)
    assert_contract(image[..., :3].copy(), segment(image[..., :3], 4, mask=alpha > 0), 4, channel_axis=-1,
                    left_out=alpha == 0)  # fmt: skip
    assert_array_equal(seg.labels, segment(image[..., :3], 4, mask=alpha > 0).labels)
    assert seg.centroids.shape == (4, 3)
    assert_array_equal(seg.recolored()[..., 3], alpha)
    assert_array_equal(seg.recolored()[alpha == 0], image[alpha == 0])


def test_four_channels_are_data_when_said_so(assert_contract, photo):
    image = np.dstack([photo, photo[..., 0] // 3])
    image[:30, :30, 3] = 0
    seg = segment(image, 4, channel_axis=-1)
    assert_contract(image, seg, 4, channel_axis=-1)
    assert not seg.is_color


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_masked_pixels_are_left_out(assert_contract, photo, dtype, color):
    image = (photo if color else photo[..., 0]).astype(dtype)
    mask = np.random.default_rng(0).random(photo.shape[:2]) > 0.4
    seg = segment(image, 4, mask=mask)
    assert_contract(image, seg, 4, channel_axis=-1 if color else None, left_out=~mask)
    hidden = image.copy()
    hidden[~mask] = 77  # what is left out has no influence
    other = segment(hidden, 4, mask=mask)
    assert_array_equal(other.labels, seg.labels)
    assert_array_equal(other.centroids, seg.centroids)


def test_integers_outside_the_mask_may_be_far_away(assert_contract, coins):
    image = coins.astype(np.int64)
    mask = np.ones(coins.shape, bool)
    mask[:5] = False
    image[:5] = 2**62
    assert_contract(image, segment(image, 3, mask=mask), 3, left_out=~mask)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
@pytest.mark.parametrize("color", [True, False])
def test_nan_and_infinity_are_left_out(assert_contract, photo, dtype, color):
    image = photo.astype(dtype) if color else photo[..., 0].astype(dtype)
    image[10:20, 5:9] = np.nan
    image[30, 30] = np.inf
    image[31, 30] = -np.inf
    if color:
        image[40, 40, 1] = np.nan  # one channel is enough
    left_out = ~np.isfinite(image).all(-1) if color else ~np.isfinite(image)
    assert_contract(image, segment(image, 4), 4, channel_axis=-1 if color else None, left_out=left_out)


def test_whole_blocks_may_be_left_out(assert_contract):
    image = np.random.default_rng(0).random((2500, 1000), np.float32)
    mask = np.zeros(image.shape, bool)
    mask[1200:1210] = True
    assert_contract(image, segment(image, 3, mask=mask), 3, left_out=~mask)
    image[mask] *= 200
    integers = image.astype(np.uint8)
    assert_contract(integers, segment(integers, 3, mask=mask), 3, left_out=~mask)


def test_a_mask_that_leaves_too_few_colors_is_named():
    image = np.arange(36, dtype=np.float32).reshape(6, 6)
    with pytest.raises(ValueError, match=r"n_clusters=5, but only 2 different.*leave out fewer"):
        segment(image, 5, mask=image < 2)


# --- extremes -----------------------------------------------------------------------------------------------------


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


def test_a_small_signal_on_a_large_offset_survives(coins):
    want = segment(coins, 3)
    seg = segment(coins / 64 + 1e6, 3)
    assert_array_equal(seg.labels, want.labels)
    assert_allclose((seg.centroids - 1e6) * 64, want.centroids, rtol=1e-6)


# --- the same bits ------------------------------------------------------------------------------------------------


class OnlySlices:
    """An array on disk, as zarr and HDF5 have them: shape, dtype and slicing, and never read as a whole."""

    def __init__(self, array):
        self._array, self.shape, self.dtype, self.largest = array, array.shape, array.dtype, 0

    def __getitem__(self, index):
        part = self._array[index]
        self.largest = max(self.largest, part.size)
        return part

    def __array__(self, *args, **kwargs):
        raise AssertionError("the array was read as a whole")


def laid_out_otherwise(image, folder):
    wide = np.zeros((image.shape[0] * 2, image.shape[1] * 3, *image.shape[2:]), image.dtype)
    wide[::2, ::3] = image
    read_only = image.copy()
    read_only.flags.writeable = False
    np.save(folder / "image.npy", image)
    yield from (image, np.asfortranarray(image), wide[::2, ::3], read_only, image[::-1][::-1])
    yield from (
        np.load(folder / "image.npy", mmap_mode="r"),
        OnlySlices(image),
        image.astype(image.dtype.newbyteorder()),
    )


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_every_layout_gives_the_same_bits(photo, dtype, color, tmp_path):
    image = (photo if color else photo[..., 0]).astype(dtype)
    want = segment(image, 5)
    for other in laid_out_otherwise(image, tmp_path):
        seg = segment(other, 5)
        assert_array_equal(seg.labels, want.labels)
        assert_array_equal(seg.centroids, want.centroids)
        assert seg.inertia == want.inertia
        assert_array_equal(seg.recolored(), want.recolored())


@pytest.mark.parametrize("chunks", [(17, 23), (100, 7), (1, 130)])
@pytest.mark.parametrize("color", [True, False])
def test_dask_arrays_give_the_same_bits_in_any_chunks(photo, chunks, color):
    image = photo if color else photo[..., 0]
    want, seg = segment(image, 5), segment(da.from_array(image, (*chunks, 3) if color else chunks), 5)
    assert_array_equal(seg.labels, want.labels)
    assert_array_equal(seg.centroids, want.centroids)
    assert_array_equal(seg.recolored(), want.recolored())


def test_large_arrays_on_disk_are_read_in_parts():
    array = OnlySlices(np.random.default_rng(0).integers(0, 255, (1500, 1200, 2), dtype=np.uint8))
    seg = segment(array, 2, channel_axis=-1, n_init=1)
    seg.recolored()
    assert array.largest <= 1 << 21


def test_lists_of_rows_are_images():
    assert_array_equal(segment([[0, 1, 9], [8, 1, 0]], 2).labels, [[1, 1, 2], [2, 1, 1]])
    assert_array_equal(segment([[0.0, np.nan, 9], [8, 1, 0]], 2).labels, [[1, 0, 2], [2, 1, 1]])


SCRIPT = """
import hashlib, numpy as np, napari_kseg as kseg
from skimage import data
photo = data.astronaut()
for image in (photo, photo.astype("f4"), photo[..., 0], photo[..., 0] * 200.5, np.tile(photo, (3, 3, 1))):
    seg = kseg.segment(image, 6, n_init=2)
    bits = hashlib.sha256(seg.labels.tobytes() + seg.centroids.tobytes() + seg.recolored().tobytes())
    print(bits.hexdigest(), seg.inertia.hex(), seg.n_iter)
"""


def test_any_number_of_threads_gives_the_same_bits():
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 5


def test_the_seed_decides(photo):
    first, again, other = (segment(photo, 12, n_init=1, random_state=seed).centroids for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert hashlib.sha256(first).digest() != hashlib.sha256(other).digest()


# --- which axis is color ------------------------------------------------------------------------------------------


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


# --- how it is searched -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_given_starts_are_followed(photo, dtype):
    image = photo.astype(dtype)
    fitted = segment(image, 5)
    again = segment(image, 5, init=fitted.centroids[::-1])
    assert_allclose(again.centroids, fitted.centroids, atol=1)
    assert again.n_iter <= 3
    assert isinstance(again.settings.init, tuple)
    flat = segment(image[..., 0], 3, init=[10, 100, 200])
    assert flat.centroids.shape == (3, 1)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_random_starts(assert_contract, photo, dtype, color):
    image = (photo if color else photo[..., 0]).astype(dtype)
    seg = segment(image, 5, init="random")
    assert_contract(image, seg, 5, channel_axis=-1 if color else None)
    assert seg.inertia <= segment(image, 5).inertia * 1.1


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_max_iter_warns(photo, dtype):
    with pytest.warns(ConvergenceWarning, match="max_iter=1") as caught:
        seg = segment(photo.astype(dtype), 8, init=np.full((8, 3), 9.0) + np.arange(8)[:, None], max_iter=1)
    assert caught[0].filename == __file__
    assert not seg.converged
    assert seg.n_iter == 1


# --- progress and cancellation ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_progress_is_told_in_stages(photo, dtype):
    calls = []
    segment(photo.astype(dtype), 3, callback=lambda *call: calls.append(call))
    stages = [stage for stage, _, _ in calls]
    assert all(stages)
    assert all(0 <= done <= total for _, done, total in calls)
    assert "Labeling" in stages or "Clustering" in stages
    assert calls[-1][1] == calls[-1][2]


@pytest.mark.parametrize("stop_at", [0, 1, 5, 10])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_an_exception_in_the_callback_stops_the_run(photo, dtype, stop_at):
    calls = []

    def stop(stage, done, total):
        calls.append(stage)
        if len(calls) > stop_at:
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError):
        segment(photo.astype(dtype), 4, callback=stop)
    assert len(calls) == stop_at + 1
    assert segment(photo.astype(dtype), 4).n_clusters == 4  # and the next run works


def test_progress_bar_appears_only_where_there_is_time_to_read_it(photo, capfd):
    segment(photo, 3, progress=True)
    assert capfd.readouterr().err.strip() == ""
    segment(photo.astype("f4"), 3, n_init=1, progress=True, callback=lambda *call: time.sleep(0.15))
    assert "block" in capfd.readouterr().err


# --- bad input ----------------------------------------------------------------------------------------------------

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
        (SQUARE, {"init": [[1, 2], [3, 4]]}, ValueError, r"\(2, 2\).*n_clusters=2.*1"),
        (SQUARE, {"init": [[1], [2], [3]]}, ValueError, r"\(3, 1\).*n_clusters=2"),
        (SQUARE, {"init": [[1], [np.nan]]}, ValueError, "NaN"),
        (SQUARE, {"downsample": (2, 2, 2)}, ValueError, "3 factors.*2 spatial axes"),
        (SQUARE, {"clusters": 3}, TypeError, "'clusters' is not a setting.*n_clusters"),
    ],
)
def test_bad_input_is_refused_in_words(image, settings, error, words):
    with pytest.raises(error, match=words):
        segment(image, **{"n_clusters": 2, **settings})
