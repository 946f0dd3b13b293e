"""The points of a cloud: pixels of the image, with the label and the color that they have there."""

import time

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import color, data

import napari_kseg as kseg
from napari_kseg.image.cloud import N_READ, cloud


@pytest.fixture(scope="module")
def coffee():
    return kseg.segment(data.coffee(), 5)


def indexed(shape):
    """An image whose values tell where they are: row, column and 0, as uint8; a pixel for each value."""
    rows, columns = np.indices(shape)
    return np.stack([rows, columns, 0 * rows], -1).astype(np.uint8)


def where(found):
    return tuple(found.points[:, :2].astype(int).T)


def test_points_are_pixels_with_the_label_and_color_they_have_in_the_image():
    image = indexed((200, 250))
    seg = kseg.segment(image, 6)
    found = cloud(seg, 1000)
    assert found.points.shape == (1000, 3)
    assert_array_equal(found.rows, seg.labels[where(found)].astype(int) - 1)
    assert_array_equal(found.colors, image[where(found)])
    assert_array_equal(found.centroids, seg.centroids)
    assert_array_equal(found.centroid_colors, np.rint(seg.centroids))
    assert found.channel_names == ("R", "G", "B")


def test_points_come_from_all_parts_of_the_image_and_are_the_same_every_time():
    seg = kseg.segment(indexed((200, 250)), 6)
    found = cloud(seg, 1000)
    per_part = np.histogram2d(*where(found), bins=(4, 5), range=((0, 200), (0, 250)))[0]
    assert per_part.min() > 25  # 50 of each on average
    assert_array_equal(found.points, cloud(seg, 1000).points)
    assert len(np.unique(found.points, axis=0)) > 950


def test_lab_is_that_of_scikit_image(coffee):
    found = cloud(coffee, 500)
    assert_allclose(found.lab, color.rgb2lab(found.points.astype(np.uint8)), atol=1e-3)
    assert_allclose(found.centroid_lab, color.rgb2lab(coffee.centroids / 255), atol=1e-3)


def test_all_pixels_if_they_are_few():
    found = cloud(kseg.segment(np.array([[7, 7, 90], [91, 8, 8]], np.uint8), 2))
    assert_array_equal(found.points[:, 0], [7, 7, 90, 91, 8, 8])
    assert_array_equal(found.rows, [0, 0, 1, 1, 0, 0])
    assert found.lab is None
    assert_array_equal(found.colors[2], np.rint([90.5] * 3))  # of the cluster, as there is none of its own


@pytest.mark.parametrize("share", [0.5, 0.02])
def test_left_out_pixels_are_not_drawn(share):
    image = indexed((250, 250))
    mask = np.zeros((250, 250), bool)
    mask[: int(250 * share)] = True
    model = kseg.segment(image, 3).model
    found = cloud(model.segment(image, mask=mask), 1000)
    assert len(found.points) == min(1000, mask.sum())
    assert mask[where(found)].all()


def test_transparent_and_infinite_pixels_are_not_drawn():
    image = np.full((40, 40, 4), 255, np.uint8)
    image[:20, :, 0] = 9
    image[:10, :, 3] = 0
    found = cloud(kseg.segment(image, 2))
    assert found.points.shape == (30 * 40, 3)
    assert (found.rows == 0).sum() == 10 * 40
    values = np.linspace(0, 1, 100).reshape(10, 10)
    values[3] = np.nan, np.inf, *[0.5] * 8
    assert np.isfinite(cloud(kseg.segment(values, 2)).points).all()


class CountingArray:
    """An array that counts the values read of it, as one on a disk."""

    def __init__(self, array):
        self.array, self.n_read = array, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, index):
        part = self.array[index]
        self.n_read += part.size
        return part


def test_of_an_image_that_is_not_in_memory_a_few_blocks_are_read():
    rows, columns = np.indices((3000, 3000))
    image = np.stack([rows % 256, columns % 256, 16 * (rows // 256) + columns // 256], -1).astype(np.uint8)
    lazy = CountingArray(image)
    seg = kseg.segment(lazy, 3, channel_axis=-1)
    n_blocks, lazy.n_read = seg.pixels.n_blocks, 0
    found = cloud(seg, 1000)
    assert lazy.n_read <= (N_READ + 1) / n_blocks * image.size
    red, green, blue = found.points.astype(int).T
    place = red + 256 * (blue // 16), green + 256 * (blue % 16)
    assert_array_equal(found.rows, seg.labels[place].astype(int) - 1)
    assert place[0].min() < 300
    assert place[0].max() > 2700
    assert 950 < len(found.points) <= 1000


def test_dask_and_memory_maps_give_pixels_of_the_image(tmp_path, coffee):
    image = data.coffee()
    np.save(tmp_path / "image.npy", image)
    known = {tuple(pixel) for pixel in image.reshape(-1, 3).tolist()}
    for lazy in (da.from_array(image, chunks=(100, 200, 3)), np.load(tmp_path / "image.npy", mmap_mode="r")[:300]):
        seg = kseg.segment(lazy, 5)
        found = cloud(seg, 300)
        assert {tuple(point) for point in found.points.astype(int).tolist()} <= known
        assert 280 < len(found.points) <= 300
    assert_array_equal(found.centroids, seg.centroids)


def test_a_list_of_channels_and_channels_first():
    image = indexed((60, 70))[..., :2]
    for given in ([image[..., 0], image[..., 1].astype(np.float32)], np.moveaxis(image, -1, 0)):
        seg = kseg.segment(given, 4, channel_axis="auto" if isinstance(given, list) else 0)
        found = cloud(seg, 500)
        assert_array_equal(found.rows, seg.labels[where(found)].astype(int) - 1)
        assert found.channel_names == ("0", "1")
        assert_array_equal(found.colors, found.centroid_colors[found.rows])


def test_it_is_fast_for_twelve_megapixels():
    image = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8)
    seg = kseg.segment(image, 2)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        cloud(seg)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.03
