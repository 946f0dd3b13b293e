"""8-bit images with four channels that are data: by their distinct colors, or by their pixels if there are too many."""

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

from napari_kseg import segment
from napari_kseg.kmeans import _distinct


@pytest.fixture
def bands(photo):
    """Red, green, blue and near infrared, say."""
    return np.dstack([photo, np.roll(photo[..., 1], 7, 1)])


@pytest.mark.parametrize("k", [1, 5, 64])
def test_every_pixel_has_the_label_of_the_nearest_centroid(assert_contract, bands, k):
    assert_contract(bands, segment(bands, k, channel_axis=-1), k, channel_axis=-1)


def test_left_out_pixels_have_no_influence(assert_contract, bands):
    mask = np.random.default_rng(0).random(bands.shape[:2]) > 0.4
    seg = segment(bands, 4, channel_axis=-1, mask=mask)
    assert_contract(bands, seg, 4, channel_axis=-1, left_out=~mask)
    hidden = np.where(mask[..., None], bands, 77).astype(np.uint8)
    assert_array_equal(segment(hidden, 4, channel_axis=-1, mask=mask).centroids, seg.centroids)


@pytest.mark.parametrize("chunks", [(17, 23, 4), (100, 7, 1), (1, 130, 3)])
def test_dask_arrays_give_the_same_bits(bands, chunks):
    want, seg = (segment(image, 5, channel_axis=-1) for image in (bands, da.from_array(bands, chunks)))
    assert_array_equal(seg.labels, want.labels)
    assert_array_equal(seg.centroids, want.centroids)
    assert seg.inertia == want.inertia


@pytest.mark.parametrize("k", [3, 16])
def test_the_inertia_is_as_low_as_that_of_scikit_learn(bands, k):
    peer = KMeans(k, n_init=3, random_state=0).fit(bands.reshape(-1, 4).astype(np.float64))
    assert segment(bands, k, channel_axis=-1).inertia <= 1.001 * peer.inertia_


def test_the_model_labels_the_image_as_the_run_did(bands):
    seg = segment(bands, 6, channel_axis=-1)
    again = seg.model.segment(bands)
    assert_array_equal(again.labels, seg.labels)
    assert_allclose(again.inertia, seg.inertia, rtol=1e-12)


def test_with_too_many_colors_the_pixels_are_clustered(assert_contract, bands, monkeypatch):
    want = segment(bands, 5, channel_axis=-1)
    monkeypatch.setattr(_distinct, "MOST_COLORS", 1000)
    seg = segment(bands, 5, channel_axis=-1)
    assert_contract(bands, seg, 5, channel_axis=-1)
    assert_allclose(seg.inertia, want.inertia, rtol=1e-3)


def test_too_few_colors_are_refused_in_words():
    image = np.zeros((20, 20, 4), np.uint8)
    image[::2, :, 3] = 9
    with pytest.raises(ValueError, match=r"n_clusters=3, but only 2 different colors.*n_clusters=2 or less"):
        segment(image, 3, channel_axis=-1)
    with pytest.raises(ValueError, match="every pixel is left out"):
        segment(image, 2, channel_axis=-1, mask=np.zeros((20, 20), bool))
