"""What there is to choose from: scores and small pictures."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.choices import choices_of


@pytest.fixture(scope="module")
def suggestion():
    return kseg.suggest_n_clusters(data.coffee(), range(2, 6))


def test_numbers_and_scores_are_those_of_the_suggestion(suggestion):
    choices = choices_of(suggestion)
    assert [choice.n_clusters for choice in choices] == [2, 3, 4, 5]
    assert_array_equal([choice.inertia for choice in choices], suggestion.scores["inertia"])
    assert_array_equal([choice.silhouette for choice in choices], suggestion.scores["silhouette"])


def test_small_pictures_are_the_recolored_image_at_every_seventh_pixel(suggestion):
    for choice in choices_of(suggestion):
        recolored = suggestion.segmentations[choice.n_clusters].recolored()
        assert choice.thumbnail.dtype == np.uint8
        assert_allclose(choice.thumbnail.astype(int), recolored[::7, ::7], atol=1)  # 600 / 96, rounded up


def test_a_volume_a_row_and_many_channels_have_a_picture():
    random = np.random.default_rng(0)
    for image, axis, shape in (
        (random.random((5, 200, 100)), None, (67, 34, 3)),
        (random.random(300), None, (1, 75, 3)),
        (random.random((40, 96, 5)), -1, (40, 96, 3)),
    ):
        choices = choices_of(kseg.suggest_n_clusters(image, (2, 3), channel_axis=axis))
        assert [choice.thumbnail.shape for choice in choices] == [shape, shape]


def test_pictures_take_little_time_beside_the_labels():
    suggestion = kseg.suggest_n_clusters(np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), np.uint8), (2, 3))
    for number in suggestion.segmentations:
        suggestion.segmentations[number]  # its labels are made
    start = time.perf_counter()
    choices_of(suggestion)
    assert time.perf_counter() - start < 0.2
