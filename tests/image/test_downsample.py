"""Area averaging: what the fit sees, against scikit-image and hand calculations, and labels at full resolution."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data
from skimage.measure import block_reduce

from napari_kseg import segment
from napari_kseg.image.downsample import chosen_factors
from napari_kseg.image.features import Features
from napari_kseg.image.pixels import Pixels

PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not


def reduced(image, downsample, **settings):
    """The image that the fit sees."""
    return np.asarray(segment(image, 1, downsample=downsample, full_resolution=False, **settings).image)


def mean_weighted_by_pixels(image, downsample, **settings):
    """The only centroid of one cluster: the mean of the reduced pixels, each as heavy as it is large."""
    return segment(image, 1, downsample=downsample, **settings).centroids[0]


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_means_of_three_columns_by_hand():
    image = np.array([[0.0, 3, 6, 1, 1, 1, 8]])
    assert_allclose(reduced(image, (1, 3)), [[3, 1, 8]])
    assert_allclose(mean_weighted_by_pixels(image, (1, 3)), 20 / 7)  # and not (3 + 1 + 8) / 3


@pytest.mark.parametrize("factor", [2, 3, 5])
@pytest.mark.parametrize("color", [True, False])
def test_means_are_those_of_scikit_image(factor, color):
    image = data.chelsea()[:120, :150].astype(np.float64)
    image = image if color else image[..., 0]
    assert_allclose(reduced(image, factor), block_reduce(image, (factor, factor, 1)[: image.ndim], np.mean))


def test_means_are_the_same_in_many_blocks():
    image = np.random.default_rng(0).random((1200, 1500)).astype(np.float32)
    assert_allclose(reduced(image, 3), block_reduce(image.astype("f8"), (3, 3), np.mean), rtol=1e-6)
    assert_allclose(mean_weighted_by_pixels(image, 7), image.mean(dtype="f8"), rtol=1e-6)


@pytest.mark.parametrize("shape", [(7, 11), (5, 5), (1, 13), (9, 1), (3, 2)])
@pytest.mark.parametrize("factor", [2, 3, 4, 2.5, 1.7])
def test_pixels_at_the_edges_count_as_much_as_any_other(shape, factor):
    image = np.random.default_rng(0).random(shape)
    assert_allclose(mean_weighted_by_pixels(image, factor), image.mean())
    assert reduced(image, factor).shape == tuple(int(np.ceil(n / factor)) for n in shape)


def test_a_broken_factor_takes_bins_of_two_and_three():  # edges at 0, 2.5, 5, 7.5: pixels 0-1, 2-4, 5-6, 7-9
    image = np.arange(10.0)[None] ** 2
    assert_allclose(reduced(image, (1, 2.5)), [[0.5, 29 / 3, 30.5, 194 / 3]])


def test_integers_are_rounded_and_bool_goes_by_majority():
    assert_array_equal(reduced(np.array([[0, 1, 9, 10, 10, 10]], np.uint8), (1, 3)), [[3, 10]])
    assert_array_equal(reduced(np.array([[True, True, False, False, False, True]]), (1, 3)), [[True, False]])


def test_the_last_two_axes_shrink_and_a_tuple_names_every_axis():
    series = np.random.default_rng(0).random((3, 8, 12, 16))
    assert reduced(series, 4).shape == (3, 8, 3, 4)
    assert reduced(series, (3, 2, 1, 8)).shape == (1, 4, 12, 2)
    assert reduced(series, [1, 1, 2, 2]).shape == (3, 8, 6, 8)
    assert reduced(np.moveaxis(series, -1, 1), 2, channel_axis=1).shape == (3, 16, 4, 6)
    assert reduced(np.arange(12.0), 4).shape == (3,)
    assert segment(series, 2, downsample=4).downsample == (1, 1, 4, 4)


def test_masked_and_nan_pixels_weigh_nothing():
    image = np.array([[1.0, np.nan, 3, 4, 5, 6], [np.inf, 100, 3, 4, np.nan, np.nan]])
    mask = image != 100
    assert_allclose(reduced(image, 2, mask=mask), [[1, 3.5, 5.5]])
    assert_allclose(mean_weighted_by_pixels(image, 2, mask=mask), (1 + 3 + 4 + 3 + 4 + 5 + 6) / 7)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_transparent_pixels_weigh_nothing_and_a_wholly_transparent_one_is_left_out(dtype):
    image = np.random.default_rng(0).integers(0, 200, (40, 40, 4)).astype(dtype)
    image[..., 3] = 1
    image[:10, :10, 3] = 0
    image[20, 20, 3] = 0
    seg = segment(image, 2, downsample=2, full_resolution=False)
    assert_array_equal(seg.labels == 0, np.pad(np.ones((5, 5), bool), ((0, 15), (0, 15))))
    inside = image[20:22, 20:22].reshape(4, 4)[1:, :3].astype(float).mean(0)
    assert_allclose(np.asarray(seg.image)[10, 10, :3], inside, atol=0.51 if dtype == "u1" else 1e-3)
    assert seg.recolored().shape == (20, 20, 4)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_labels_are_at_full_resolution(assert_contract, dtype, color):
    image = data.chelsea()[:150, :200].astype(dtype)
    image = image if color else image[..., 0]
    seg = segment(image, 4, downsample=5)
    assert_contract(image, seg, 4, channel_axis=-1 if color else None)
    assert seg.downsample == (5, 5)
    assert_array_equal(seg.model.predict(image), seg.labels)
    means = block_reduce(image.astype(float), (5, 5, 1)[: image.ndim], np.mean).reshape(-1, 3 if color else 1)
    own = ((means[:, None] - seg.centroids) ** 2).sum(-1).argmin(1)
    assert_allclose(seg.centroids, [means[own == i].mean(0) for i in range(4)], atol=3)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_labels_are_of_the_reduced_image_when_asked(assert_contract, dtype):
    image = data.chelsea()[:150, :200].astype(dtype)
    seg = segment(image, 4, downsample=5, full_resolution=False)
    assert seg.labels.shape == (30, 40)
    assert_contract(np.asarray(seg.image), seg, 4, channel_axis=-1)
    assert seg.image.dtype == image.dtype


def test_a_checkerboard_averages_to_gray():
    board = (np.indices((40, 40)).sum(0) % 2 * 200).astype(np.uint8)
    board[:20] = 250
    assert_allclose(segment(board, 2, downsample=4).centroids.ravel(), [100, 250])


@pytest.mark.parametrize("shape", [(300, 401), (900, 701)])  # labeled by pixels, and by colors
def test_labels_of_a_reduced_fit_are_nearest_whatever_the_size(assert_contract, shape):
    steps = np.add.outer(np.arange(shape[0]), 3 * np.arange(shape[1]))
    image = np.stack([steps % 251, steps // 7 % 256, steps % 17 * 15], -1).astype(np.uint8)
    mask = steps % 5 > 0
    seg = segment(image, 6, mask=mask, downsample=(3, 2.5))
    assert_contract(image, seg, 6, left_out=~mask, channel_axis=-1)
    assert seg.downsample == (3, 2.5)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_clusters_that_vanish_in_the_average_get_pixels_again(assert_contract, dtype, color):
    tile = np.array([[0, 10], [20, 31]])  # every reduced pixel is the same
    image = np.tile(tile, (20, 20)).astype(dtype)
    image = np.stack([image, image, 2 * image], -1) if color else image
    axis = -1 if color else None
    for k in (2, 3, 4):
        assert_contract(image, segment(image, k, channel_axis=axis, downsample=2), k, channel_axis=axis)
    with pytest.raises(ValueError, match="n_clusters=5, but only 4 different colors"):
        segment(image, 5, channel_axis=axis, downsample=2)


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_factor_larger_than_the_image(assert_contract, dtype):
    image = data.coffee()[:60, :80].astype(dtype)
    assert_contract(image, segment(image, 6, downsample=1000), 6, channel_axis=-1)


def test_downsample_one_is_none():
    image = data.chelsea()[:60, :80]
    assert_array_equal(segment(image, 4, downsample=1).labels, segment(image, 4, downsample=(1.0, 1)).labels)
    assert segment(image, 4, downsample=1, full_resolution=False).labels.shape == (60, 80)


def test_auto_grows_only_where_a_fit_on_every_pixel_would_be_slow():
    image = data.chelsea()
    for dtype in ("u1", "f4"):
        assert segment(image.astype(dtype), 3).downsample == (1, 1)
    huge = Features(Pixels(np.broadcast_to(np.float32(0), (5, 40_000, 40_000)), channel_axis=None))
    assert chosen_factors("auto", huge, 8, is_fast=True) == (1, 1, 1)
    first, rows, columns = chosen_factors("auto", huge, 8, is_fast=False)
    assert first == 1
    assert rows == columns
    assert 4 <= rows <= 20
