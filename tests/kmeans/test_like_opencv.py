"""What OpenCV's tests ask of K-means: no empty cluster, the compactness it says, Gaussians kept whole, NaN refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg import ConvergenceWarning, kmeans


@given(
    seed=st.integers(0, 2**32),
    n_distinct=st.integers(1, 15),
    n_more=st.integers(0, 200),
    f=st.integers(1, 5),
    dtype=st.sampled_from(["u1", "u2", "i4", "f4", "f8"]),
    init=st.sampled_from(["k-means++", "random"]),
    data=st.data(),
)
@settings(max_examples=80)
def test_few_distinct_samples_leave_no_cluster_empty(seed, n_distinct, n_more, f, dtype, init, data):
    random = np.random.default_rng(seed)
    units = random.random((n_distinct, f))
    distinct = np.unique((units * 256 if np.dtype(dtype).kind in "iu" else 2 * units - 1).astype(dtype), axis=0)
    rows = np.concatenate([np.arange(len(distinct)), random.integers(0, len(distinct), n_more)])
    samples = distinct[random.permutation(rows)]
    k = data.draw(st.integers(1, len(distinct)), label="k")
    fit = kmeans(samples, k, init=init, n_init=2, random_state=seed)
    assert fit.centroids.shape == (k, f)
    assert np.bincount(fit.labels, minlength=k).all()
    assert fit.labels.max() == k - 1
    if k == len(distinct):
        # Sums of n equal floats up to 1 are off by n^2 / 2 roundings of 2^-53, their mean by half n; integers by none.
        rounding = 0 if np.dtype(dtype).kind in "iu" else len(samples) * 2.0**-53
        assert fit.inertia <= len(samples) * f * rounding**2
        assert_allclose(fit.centroids[fit.labels], samples, rtol=0, atol=rounding)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("k", 2 ** np.arange(11))
def test_inertia_is_that_of_labels_and_centroids_after_few_passes(k, dtype):
    samples = np.random.default_rng(k).uniform(-200, 200, (1024, 2)).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = kmeans(samples, k, n_init=4, max_iter=5)
    assert fit.centroids.shape == (k, 2)
    assert_allclose(fit.inertia, ((samples - fit.centroids[fit.labels]) ** 2).sum(dtype=np.float64), rtol=1e-8)
    assert (fit.inertia == 0) == (k == 1024)


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("seed", range(3))
def test_gaussians_of_different_sizes_stay_whole(init, seed):
    random = np.random.default_rng(seed)
    middles = np.array([[60, 80], [420, 60], [250, 250], [90, 430], [450, 400]])  # 200 apart, deviations up to 40
    sizes = random.integers(100, 1000, 5)
    covariances = [a.T @ a * 900 + 25 * np.eye(2) for a in random.random((5, 2, 2)) - 0.5]
    parts = [random.multivariate_normal(*entry) for entry in zip(middles, covariances, sizes, strict=True)]
    labels = kmeans(np.concatenate(parts).astype(np.float32), 5, init=init).labels
    shares = [np.bincount(part, minlength=5) / len(part) for part in np.split(labels, np.cumsum(sizes)[:-1])]
    assert np.max(shares, 1).min() > 0.99
    assert_array_equal(np.sort(np.argmax(shares, 1)), np.arange(5))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_one_value_that_is_no_number_is_refused_in_words(value, dtype):
    samples = np.random.default_rng(0).random((5000, 3)).astype(dtype)
    samples[4321, 1] = value
    with pytest.raises(ValueError, match="samples contain NaN or infinity; leave these samples out"):
        kmeans(samples, 3)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_up_to_1e20_are_clustered_as_their_small_copies(dtype):
    small = np.random.default_rng(0).integers(-1000, 1001, (200, 2)).astype(dtype)
    small[0] = 1000, -1000
    scale = 2.0**57  # 1000 times it is 1.4e20; a power of two, so that both are the same numbers
    fit, large = kmeans(small, 4), kmeans(small * np.array(scale, dtype), 4)
    assert_array_equal(large.labels, fit.labels)
    assert_array_equal(large.centroids, fit.centroids * scale)
    assert large.inertia == fit.inertia * scale**2
