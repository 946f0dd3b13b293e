"""K-means of one feature is solved to its global optimum: against exhaustive search and scikit-learn."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans

from napari_kseg.kmeans import optimal_1d


def inertia_of(values, weights, centroids):
    return float((weights * ((values[:, None] - centroids) ** 2).min(1)).sum())


def exhaustive(values, weights, k):
    """Lowest inertia over all ways to cut the values into k intervals."""

    def cost(low, high):
        v, w = values[low:high], weights[low:high]
        return float((w * (v - np.average(v, weights=w)) ** 2).sum())

    n = len(values)
    return min(
        sum(cost(low, high) for low, high in zip((0, *cuts), (*cuts, n), strict=True))
        for cuts in combinations(range(1, n), k - 1)
    )


@pytest.mark.nojit
def test_two_groups_by_hand():
    values, weights = np.array([0.0, 1, 2, 10, 11, 12]), np.array([1.0, 1, 1, 1, 1, 4])
    assert_allclose(optimal_1d(values, weights, 2), [1, 69 / 6])
    assert_allclose(optimal_1d(values, weights, 1), [72 / 9])
    assert_allclose(optimal_1d(values, weights, 6), values)


@pytest.mark.nojit
def test_no_cut_of_seven_values_is_better():
    values, weights = np.array([0.0, 3, 4, 9, 10, 15, 40]), np.array([5.0, 1, 2, 2, 9, 1, 1])
    for k in range(1, 8):
        found = inertia_of(values, weights, optimal_1d(values, weights, k))
        assert_allclose(found, exhaustive(values, weights, k), atol=1e-9)


@given(
    st.lists(st.integers(-500, 500), min_size=1, max_size=9, unique=True),
    st.lists(st.integers(1, 30), min_size=9, max_size=9),
    st.data(),
)
def test_no_cut_of_any_few_values_is_better(values, weights, data):
    values = np.sort(values).astype(float)
    weights = np.array(weights[: len(values)], float)
    k = data.draw(st.integers(1, len(values)))
    centroids = optimal_1d(values, weights, k)
    assert (np.diff(centroids) > 0).all()
    assert len(centroids) == k
    assert_allclose(inertia_of(values, weights, centroids), exhaustive(values, weights, k), rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("k", [2, 5, 16])
def test_never_worse_than_scikit_learn(k):
    random = np.random.default_rng(k)
    values = np.unique(random.gamma(2, 300, 700).round())
    weights = random.integers(1, 100, len(values)).astype(float)
    peer = KMeans(k, n_init=4, random_state=0).fit(values[:, None], sample_weight=weights)
    assert inertia_of(values, weights, optimal_1d(values, weights, k)) <= peer.inertia_ * (1 + 1e-9)


def test_a_small_signal_on_a_large_offset_survives():
    values, weights = np.array([0.0, 1, 2, 10, 11, 12]) / 1024, np.ones(6)
    assert_allclose(optimal_1d(values + 2.0**30, weights, 2) - 2.0**30, np.array([1, 11]) / 1024, rtol=1e-9)


def test_inertia_falls_with_every_cluster():
    values = np.unique(np.random.default_rng(0).integers(0, 4000, 1000)).astype(float)
    weights = np.ones(len(values))
    inertias = [inertia_of(values, weights, optimal_1d(values, weights, k)) for k in range(1, 40)]
    assert (np.diff(inertias) < 0).all()


def test_as_many_clusters_as_values_are_the_values():
    values = np.unique(np.random.default_rng(0).integers(0, 60_000, 500)).astype(float)
    assert_allclose(optimal_1d(values, np.ones(len(values)), len(values)), values, rtol=1e-12)
