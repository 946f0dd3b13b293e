"""Joining clusters that look alike, against SciPy's hierarchies, a slow loop, and the eye: the tutorial's two reds."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.cluster import hierarchy
from skimage import color, data

import napari_kseg as kseg


@pytest.fixture(scope="module")
def photo():
    return kseg.segment(data.coffee(), 9)


def join_by_hand(seg, n_clusters):
    """Join the two centroids of the least color difference, from the pixels' own means, again and again."""
    groups = [[label] for label in range(1, seg.n_clusters + 1)]
    while len(groups) > n_clusters:
        rows = [np.array(group) - 1 for group in groups]
        means = [np.average(seg.centroids[row], axis=0, weights=seg.counts[row]) for row in rows]
        lab = color.rgb2lab(np.array(means) / 255)
        pairs = combinations(range(len(groups)), 2)
        i, j = min(pairs, key=lambda pair: color.deltaE_ciede2000(lab[pair[0]], lab[pair[1]]))
        groups[i] += groups.pop(j)
    return groups


@pytest.mark.parametrize("n_clusters", [1, 2, 4, 8, 9])
def test_the_closest_colors_are_joined_first(photo, n_clusters):
    merged = photo.merge_similar(n_clusters=n_clusters)
    assert merged.n_clusters == n_clusters
    for group in join_by_hand(photo, n_clusters):
        together = np.unique(merged.labels[np.isin(photo.labels, group)])
        assert len(together) == 1
        assert merged.counts[together[0] - 1] == photo.counts[np.array(group) - 1].sum()


def test_the_merged_model_labels_as_the_merged_segmentation(photo):
    merged = photo.merge_similar(n_clusters=3)
    assert_array_equal(merged.model.predict(data.coffee()), merged.labels)
    assert (np.diff(merged.centroids.mean(1)) > 0).all()


def test_all_closer_than_the_threshold_are_joined(photo):
    heights = photo.linkage()[:, 2]
    for threshold in (0, heights[0], heights[2] + 1e-9, 1000):
        n_joins = next((i for i, height in enumerate(heights) if height > threshold), len(heights))
        assert photo.merge_similar(threshold=threshold).n_clusters == 9 - n_joins
    assert_array_equal(photo.merge_similar(threshold=0).labels, photo.labels)


def test_the_linkage_is_that_of_scipy_where_clusters_are_equally_large():
    random = np.random.default_rng(0)
    levels = random.permutation(np.linspace(0, 1, 24)).reshape(12, 2)
    image = np.repeat(levels, 5, axis=0).reshape(12, 5, 2).astype(np.float64)
    seg = kseg.segment(image, 12, channel_axis=-1)
    assert (seg.counts == 5).all()
    expected = hierarchy.linkage(seg.centroids / seg.centroids.std(0), "centroid")
    found = seg.linkage()
    assert hierarchy.is_valid_linkage(found)
    assert_allclose(found[:, 2], expected[:, 2], rtol=1e-9)
    assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])


def test_two_reds_become_one_body():
    random = np.random.default_rng(0)
    colors = np.array([[30, 30, 35], [150, 20, 25], [185, 40, 45], [120, 150, 190], [230, 230, 225]])
    truth = random.integers(0, 5, (60, 70))
    image = np.clip(colors[truth] + random.normal(0, 3, (60, 70, 3)), 0, 255).astype(np.uint8)
    merged = kseg.segment(image, 5).merge_similar(n_clusters=4)
    assert len(np.unique(merged.labels[np.isin(truth, [1, 2])])) == 1


def test_one_cluster_has_nothing_to_join():
    seg = kseg.segment(np.arange(12, dtype=np.uint8).reshape(3, 4), 1)
    assert seg.linkage().shape == (0, 4)
    assert seg.merge_similar(threshold=5).n_clusters == 1


@pytest.mark.parametrize(
    ("error", "words", "keywords"),
    [
        (ValueError, "give either n_clusters", {}),
        (ValueError, "give either n_clusters", {"n_clusters": 2, "threshold": 3}),
        (ValueError, "n_clusters=10, but there are 9 clusters", {"n_clusters": 10}),
        (ValueError, "must be an integer >= 1", {"n_clusters": 0}),
        (TypeError, "must be an integer", {"n_clusters": 2.5}),
        (ValueError, "threshold=-1, but it must be 0 or more", {"threshold": -1}),
        (ValueError, "threshold=nan", {"threshold": float("nan")}),
        (TypeError, "must be a number", {"threshold": "far"}),
        (TypeError, "threshold='3' is a str", {"threshold": "3"}),
    ],
)
def test_what_cannot_be_joined_is_said(photo, error, words, keywords):
    with pytest.raises(error, match=words):
        photo.merge_similar(**keywords)
