"""What one can do with a segmentation: recolor, mask, merge, extract, tabulate."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from napari_kseg import segment

PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not


@pytest.fixture
def photo():
    return data.coffee()[100:200, 200:330]


@pytest.fixture
def seg(photo):
    return segment(photo, 6)


def inertia_of(image, seg):
    """Sum of the squared distances to the centroid of the own cluster."""
    pixels = np.asarray(image, np.float64).reshape(*seg.labels.shape, -1)[seg.labels > 0]
    return ((pixels - seg.centroids[seg.labels[seg.labels > 0].astype(int) - 1]) ** 2).sum()


# --- recolored ----------------------------------------------------------------------------------------------------


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_recolored_integers_are_rounded_and_stay_in_range():
    assert_array_equal(segment(np.array([[0, 1, 1], [254, 255, 255]], "u1"), 2).recolored(), [[1] * 3, [255] * 3])
    assert_array_equal(segment(np.array([[-128, -127, 126, 127]], "i1"), 2).recolored(), [[-128, -128, 126, 126]])


def test_recolored_at_the_limits_of_64_bits():
    image = np.array([[-(2**63), 2**63 - 1]])
    recolored = segment(image, 2).recolored()
    assert recolored[0, 0] == -(2**63)
    assert 2**63 - 1 - recolored[0, 1] < 1024
    assert segment(np.array([[0, 2**64 - 1]], "u8"), 2).recolored()[0, 1] >= 2**64 - 2048


def test_recolored_bool_goes_by_majority():
    image = np.zeros((4, 5, 2), bool)
    image[:, :, 0] = True
    image[0, 0, 1] = True  # one of 20
    assert_array_equal(segment(image, 1, channel_axis=-1).recolored(), np.broadcast_to([True, False], image.shape))


def test_recolored_is_new_and_writable(photo, seg):
    recolored = seg.recolored()
    recolored[:] = 0
    assert seg.recolored().any()
    assert photo.any()


def test_recolored_with_the_channels_anywhere(photo, seg):
    for axis in (0, 1):
        moved = segment(np.moveaxis(photo, -1, axis), 6, channel_axis=axis)
        assert_array_equal(np.moveaxis(moved.recolored(), axis, -1), seg.recolored())


# --- masks --------------------------------------------------------------------------------------------------------


def test_masks_are_the_clusters(photo, seg):
    masks = seg.masks()
    assert len(masks) == 6
    assert_array_equal(np.sum(masks, 0), np.ones(photo.shape[:2]))
    for label, mask in enumerate(masks, 1):
        assert mask.dtype == bool
        assert_array_equal(mask, seg.labels == label)
        assert_array_equal(seg.mask(label), mask)
        assert mask.sum() == seg.counts[label - 1]
    assert_array_equal(seg.mask(np.int64(2)), masks[1])


@pytest.mark.parametrize(
    ("label", "error", "words"),
    [
        (0, ValueError, "label 0 .*1 to 6"), (7, ValueError, "label 7 .*1 to 6"), (-1, ValueError, "label -1"),
        (2.0, TypeError, r"label 2\.0.*integer"), ("2", TypeError, "label '2'"), (True, TypeError, "label True"),
    ],
)  # fmt: skip
def test_a_label_that_is_none_is_refused_in_words(seg, label, error, words):
    for method in (seg.mask, lambda label: seg.merge([1, label]), lambda label: seg.extract([label])):
        with pytest.raises(error, match=words):
            method(label)


def test_no_label_is_refused_in_words(seg):
    for method in (seg.merge, seg.extract):
        with pytest.raises(ValueError, match=r"no label was given.*1 to 6"):
            method([])


# --- merge --------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["u1", "u2", "i2", "f4"]), st.integers(0, 100), st.data())
@settings(max_examples=30)
def test_merging_again_and_again(assert_contract, dtype, seed, data):
    image = np.random.default_rng(seed).integers(0, 120, (12, 15, 3)).astype(dtype)
    mask = np.random.default_rng(seed).random((12, 15)) > 0.1
    seg = segment(image, 7, channel_axis=-1, mask=mask, n_init=2)
    while seg.n_clusters > 1:
        wanted = data.draw(st.sets(st.integers(1, seg.n_clusters), min_size=1, max_size=3))
        before = seg.labels.copy(), seg.centroids.copy(), seg.counts.copy(), seg.inertia
        merged = seg.merge(wanted)
        assert_array_equal(seg.labels, before[0])  # the original is unchanged
        assert_array_equal(seg.centroids, before[1])

        rows = np.array(sorted(wanted)) - 1
        joined = np.unique(merged.labels[np.isin(seg.labels, rows + 1)])
        assert len(joined) == 1
        assert merged.n_clusters == seg.n_clusters - len(wanted) + 1 == len(np.unique(merged.labels)) - 1
        assert_array_equal(merged.labels == 0, ~mask)
        assert merged.counts.sum() == mask.sum()
        assert_array_equal(merged.counts, np.bincount(merged.labels[mask])[1:])
        mean = np.average(before[1][rows], axis=0, weights=before[2][rows])
        assert_allclose(merged.centroids[joined[0] - 1], mean)
        assert (np.diff(merged.centroids.mean(1)) >= 0).all()
        assert_allclose(merged.inertia, inertia_of(image, merged), rtol=1e-9)
        assert merged.inertia >= before[3] * (1 - 1e-9)
        assert_array_equal(merged.model.predict(image, mask=mask), merged.labels)
        if len(wanted) == 1:
            assert_array_equal(merged.labels, seg.labels)
            break
        seg = merged


def test_merging_all_leaves_the_mean(photo, seg):
    merged = seg.merge(range(1, 7))
    assert (merged.labels == 1).all()
    assert_allclose(merged.centroids[0], photo.reshape(-1, 3).mean(0), atol=0.5)
    assert len(np.unique(merged.recolored().reshape(-1, 3), axis=0)) == 1


def test_labels_shrink_to_eight_bits_when_few_are_left():
    seg = segment(np.arange(300, dtype="u2").reshape(15, 20), 300)
    assert seg.labels.dtype == np.uint16
    merged = seg.merge(range(1, 100))
    assert merged.labels.dtype == np.uint8
    assert merged.n_clusters == 202
    assert_array_equal(merged.model.predict(seg.image), merged.labels)


# --- extract ------------------------------------------------------------------------------------------------------


def test_a_portion_of_a_photo_is_transparent_elsewhere(photo, seg):
    portion = seg.extract([2, 5])
    inside = np.isin(seg.labels, [2, 5])
    assert (portion.shape, portion.dtype) == ((*photo.shape[:2], 4), np.uint8)
    assert_array_equal(portion[inside][:, :3], photo[inside])
    assert_array_equal(portion[..., 3], inside * 255)
    assert_array_equal(seg.extract(2)[..., 3] > 0, seg.mask(2))


def test_a_portion_keeps_the_alpha_it_had(photo):
    alpha = np.full(photo.shape[:2], 100, np.uint8)
    alpha[:10] = 0
    seg = segment(np.dstack([photo, alpha]), 3)
    assert_array_equal(seg.extract(1)[..., 3], np.where(seg.labels == 1, 100, 0))


@pytest.mark.parametrize(("dtype", "opaque"), [("u2", 65535), ("f4", 1)])
def test_opaque_is_the_top_of_the_dtype(photo, dtype, opaque):
    seg = segment(photo.astype(dtype), 3)
    assert seg.extract(1)[..., 3].max() == opaque
    assert seg.extract(1).dtype == dtype


def test_a_portion_of_other_images_is_filled_elsewhere():
    image = data.coins()[:50, :60] / np.float32(255)
    seg = segment(image, 3)
    for fill, given_as in ((0, {}), (0.1, {"fill": 0.1}), (0.1, {"fill": np.float64(0.1)}), (np.nan, {"fill": np.nan})):
        portion = seg.extract([1, 3], **given_as)
        assert portion.dtype == np.float32
        assert_array_equal(portion, np.where(seg.labels == 2, np.float32(fill), image))


def test_a_photo_stays_a_photo_when_filled(photo, seg):
    assert_array_equal(seg.extract(1, fill=7), np.where(seg.mask(1)[..., None], photo, 7))
    channels_first = segment(np.moveaxis(photo, -1, 0), 3, channel_axis=0)
    assert_array_equal(channels_first.extract(1)[1], np.where(channels_first.labels == 1, photo[..., 1], 0))


@pytest.mark.parametrize("fill", [-1, 256, 0.5, np.nan, np.inf])
def test_a_fill_that_the_image_cannot_hold_is_refused_in_words(seg, fill):
    with pytest.raises(ValueError, match=rf"fill={fill} is not a value of uint8"):
        seg.extract(1, fill=fill)


def test_a_fill_beyond_float32_is_refused_in_words():
    with pytest.raises(ValueError, match=r"fill=1e\+300 is not a value of float32"):
        segment(np.arange(6, dtype="f4").reshape(2, 3), 2).extract(1, fill=1e300)


def test_a_fill_that_is_no_number_is_refused_in_words(seg):
    with pytest.raises(TypeError, match="fill='white' must be a number"):
        seg.extract(1, fill="white")


# --- table and colors ---------------------------------------------------------------------------------------------


def test_table_of_a_photo(seg):
    table = seg.table()
    assert list(table) == ["label", "name", "color", "count", "fraction", "centroid_R", "centroid_G", "centroid_B"]
    assert list(table["label"]) == [1, 2, 3, 4, 5, 6]
    assert_array_equal(table["count"], seg.counts)
    assert_allclose(table["fraction"].sum(), 1)
    assert_array_equal(table[["centroid_R", "centroid_G", "centroid_B"]], seg.centroids)
    rounded = np.rint(seg.centroids).astype(int)
    assert list(table["color"]) == ["#{:02x}{:02x}{:02x}".format(*color) for color in rounded]
    assert table["name"].is_unique


def test_tables_of_other_images():
    image = np.random.default_rng(0).random((20, 20, 5))
    assert list(segment(image, 2, channel_axis=-1).table())[5:] == [f"centroid_{i}" for i in range(5)]
    assert list(segment(image[..., 0], 2).table())[5:] == ["centroid_intensity"]


def test_colors_are_the_centroids_grays_or_different_hues(photo, seg):
    assert_allclose(seg.colors()[:, :3], seg.centroids / 255)
    assert_allclose(segment(photo / 255.0, 6).colors()[:, :3], seg.centroids / 255, atol=0.05)
    gray = segment(photo[..., 0], 4).colors()
    assert_array_equal(gray[:, 0], gray[:, 2])
    assert (np.diff(gray[:, 0]) > 0).all()
    many = segment(np.dstack([photo, photo]), 6, channel_axis=-1).colors()
    assert len(np.unique(many, axis=0)) == 6
    for colors in (seg.colors(), gray, many):
        assert (colors[:, 3] == 1).all()
        assert 0 <= colors.min() <= colors.max() <= 1


@pytest.mark.parametrize(
    ("dtype", "bright", "white"),
    [
        ("u1", 100, 255), ("u2", 255, 255), ("u2", 256, 1023), ("u2", 4095, 4095), ("u2", 40000, 65535),
        ("i2", 20000, 32767), ("f4", 0.5, 1), ("f4", 200, 255), ("f8", 3000, 3000),
    ],
)  # fmt: skip
def test_white_is_the_smallest_usual_full_scale_that_holds_the_centroids(dtype, bright, white):
    image = np.zeros((40, 40, 3), dtype)
    image[:20] = bright
    seg = segment(image, 2)
    assert_allclose(seg.colors()[:, :3], [[0] * 3, [bright / white] * 3], rtol=1e-6)


def test_a_mean_just_above_8_bits_is_of_more_bits():
    image = np.zeros((40, 40, 3), "u2")
    image[:10], image[10:20] = 255, 256
    assert_allclose(segment(image, 2).colors()[1, :3], 255.5 / 1023)


# --- the object itself --------------------------------------------------------------------------------------------


def test_results_cannot_be_changed_by_accident(seg):
    with pytest.raises(dataclasses.FrozenInstanceError):
        seg.inertia = 0
    for array in (seg.labels, seg.centroids):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_it_tells_how_it_was_made(photo, seg):
    assert seg.image is photo
    assert seg.settings.n_clusters == 6
    assert seg.n_clusters == 6
    assert seg.converged
    assert seg.downsample == (1, 1)
    assert repr(seg).startswith("<Segmentation of 100 × 130 pixels into 6 clusters")
