"""Masked, transparent, NaN and infinite pixels are left out and have no influence."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_kseg import segment, suggest_n_clusters


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


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f4", ">f8"])
@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize(
    ("rules", "is_left_out"),
    [
        ({"nodata": 50}, lambda pixels: (pixels == 50).all(-1)),
        ({"nodata": [50, 70.0, 1e9, 60.5]}, lambda pixels: (pixels == 50).all(-1) | (pixels == 70).all(-1)),
        ({"background": 60}, lambda pixels: (pixels <= 60).all(-1)),
        ({"saturated": 150}, lambda pixels: (pixels >= 150).any(-1)),
        ({"background": 40.5, "saturated": 149.5}, lambda pixels: (pixels <= 40).all(-1) | (pixels >= 150).any(-1)),
    ],
)
def test_values_that_are_no_data_are_left_out(assert_contract, photo, dtype, color, rules, is_left_out):
    values = photo if color else photo[..., :1]
    values = values.copy()
    values[:9], values[9:18] = 50, 70
    left_out = is_left_out(values.astype(int))
    assert 0 < left_out.sum() < left_out.size
    image = (values if color else values[..., 0]).astype(dtype)
    axis = -1 if color else None
    seg = segment(image, 3, channel_axis=axis, **rules)
    assert_contract(image, seg, 3, channel_axis=axis, left_out=left_out)
    masked = segment(image, 3, channel_axis=axis, mask=~left_out)
    assert_array_equal(seg.labels, masked.labels)
    assert_array_equal(seg.model.predict(image), seg.labels)
    assert_array_equal(seg.model.segment(image).recolored(), seg.recolored())
    reduced = segment(image, 3, channel_axis=axis, downsample=2, **rules)
    assert_array_equal(reduced.labels == 0, left_out)
    assert_array_equal(reduced.centroids, segment(image, 3, channel_axis=axis, downsample=2, mask=~left_out).centroids)


def test_the_lowest_float_is_no_data_as_written_in_decimals():
    image = np.array([[-3.4028235e38, 1.0, 2.0, -3.4028235e38, 9.0]], np.float32)
    assert segment(image, 3, nodata=-3.4028235e38).labels.tolist() == [[0, 1, 2, 0, 3]]
    assert segment(image, 3, nodata=(-3.4028235e38, 1e300)).labels.tolist() == [[0, 1, 2, 0, 3]]


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i8", "u8", "?", "f2", "f8"])
def test_numbers_beyond_the_dtype_are_compared_as_numbers(dtype):
    image = np.array([[0, 1, 0, 1]], dtype)
    for beyond in (10**30, 1e300, 1e9, np.inf, 300, 1.5):
        assert segment(image, 2, nodata=[beyond, -beyond], background=-beyond, saturated=beyond).labels.all()
        with pytest.raises(ValueError, match="every pixel is left out"):
            segment(image, 2, background=beyond)
        with pytest.raises(ValueError, match="every pixel is left out"):
            segment(image, 2, saturated=-beyond)
    assert segment(image, 1, background=0.5).labels.tolist() == [[0, 1, 0, 1]]
    assert segment(image, 1, saturated=0.5).labels.tolist() == [[1, 0, 1, 0]]
    assert segment(image, 1, nodata=1).labels.tolist() == [[1, 0, 1, 0]]


def test_a_mask_and_alpha_are_left_out_besides_no_data(photo):
    image = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    mask = np.ones(photo.shape[:2], bool)
    image[:10, :, 3], mask[10:20], image[20:30, :, :3] = 0, False, 0
    labels = segment(image, 3, mask=mask, nodata=0).labels
    assert not labels[:30].any()
    assert_array_equal(labels[30:] == 0, (photo[30:] == 0).all(-1))


def test_a_suggestion_leaves_them_out_as_well(photo):
    found = suggest_n_clusters(photo, range(2, 4), background=90)
    assert_array_equal(found.segmentations[3].labels, segment(photo, 3, background=90).labels)
    assert (found.segmentations[3].labels == 0).any()


def test_all_left_out_says_by_what(coins):
    with pytest.raises(ValueError, match=r"every pixel is left out.*nodata, background or saturated"):
        segment(coins, 3, background=255)
