"""Masked, transparent, NaN and infinite pixels are left out and have no influence."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_kseg import segment


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
