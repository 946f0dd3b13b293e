"""What scikit-learn's own tests ask of K-means, asked of ours; scikit-learn is the reference where it can be."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

from napari_kseg import ConvergenceWarning, kmeans

MIDDLES = np.array([[0, 6, 0, 0], [6, 0, 0, 1], [0, 0, 7, 2]], np.float64)


@pytest.fixture
def blobs():
    """Samples of three blobs ten standard deviations apart, and the blob of each."""
    truth = np.random.default_rng(0).integers(0, 3, 120)
    return MIDDLES[truth] + 0.6 * np.random.default_rng(1).standard_normal((120, 4)), truth


def fit_quietly(*args, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kmeans(*args, **settings)


def peer_of(samples, init, **settings):
    peer = KMeans(len(init), init=np.asarray(init, np.float64), n_init=1, algorithm="lloyd", **settings)
    return peer.fit(np.asarray(samples, np.float64))


def assert_same_partition(labels, truth):
    """The two differ by names only."""
    pairs = np.unique(np.stack([labels, truth]), axis=1)
    assert pairs.shape[1] == len(np.unique(labels)) == len(np.unique(truth))


# --- starts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "init",
    ["k-means++", "random", np.str_("k-means++"), MIDDLES, MIDDLES.astype(np.float32), MIDDLES.astype(int).tolist()],
    ids=["k-means++", "random", "NumPy string", "f8", "f4", "list"],
)
def test_any_start_finds_the_blobs(blobs, init):
    samples, truth = blobs
    fit = kmeans(samples, 3, init=init)
    assert_same_partition(fit.labels, truth)
    means = np.array([samples[truth == blob].mean(0) for blob in range(3)])
    assert_allclose(fit.centroids[fit.labels], means[truth], rtol=1e-12)


def test_given_starts_are_not_the_memory_of_the_result(blobs):
    samples, _ = blobs
    fit = kmeans(samples, 3, init=MIDDLES, tol=1e9)
    assert not np.may_share_memory(fit.centroids, MIDDLES)
    once_more = kmeans(samples, 3, init=fit.centroids, tol=0)
    assert not np.may_share_memory(once_more.centroids, fit.centroids)


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_more_starts_never_end_worse(blobs, init):
    samples, truth = blobs
    ends = [kmeans(samples, 3, init=init, n_init=n, random_state=5).inertia for n in (1, 2, 5, 10, 20)]
    assert (np.diff(ends) <= 1e-9 * ends[0]).all()
    assert_allclose(ends[-1], sum(((samples[truth == b] - samples[truth == b].mean(0)) ** 2).sum() for b in range(3)))


def test_from_where_it_converged_it_goes_nowhere():
    samples = np.random.default_rng(3).random((700, 4))
    fit = kmeans(samples, 9, tol=0)
    again = kmeans(samples, 9, init=fit.centroids, tol=0)
    assert_array_equal(again.centroids, fit.centroids)
    assert_array_equal(again.labels, fit.labels)
    assert again.inertia == fit.inertia
    assert again.n_iter == 1


# --- iterations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_one_iteration_is_means_of_the_nearest_then_labels_of_the_means(seed, dtype):
    samples = (np.random.default_rng(seed).random((150, 5)) * 200).astype(dtype)
    init = samples[:6].astype(np.float64)
    fit = fit_quietly(samples, 6, init=init, max_iter=1)

    def nearest(centroids):
        return ((samples[:, None].astype(np.float64) - centroids) ** 2).sum(-1).argmin(1)

    means = np.array([samples[nearest(init) == j].mean(0, dtype=np.float64) for j in range(6)])
    assert_allclose(fit.centroids, means, rtol=1e-12)
    assert_array_equal(fit.labels, nearest(means))
    assert not fit.converged


@pytest.mark.parametrize("max_iter", [2, 300])
def test_the_centroids_as_samples_get_their_own_labels(max_iter):
    samples = np.random.default_rng(0).random((300, 10))
    fit = fit_quietly(samples, 10, init="random", max_iter=max_iter)
    own = kmeans(fit.centroids, 10, init=fit.centroids)
    assert_array_equal(own.labels, np.arange(10))
    assert own.inertia == 0


@pytest.mark.parametrize("tol", [1e-2, 1e-8, 1e-100, 0])
@pytest.mark.parametrize("half_zero", [True, False])
def test_the_tolerance_means_what_it_means_in_scikit_learn(tol, half_zero):
    samples = np.random.default_rng(7).standard_normal((2000, 6))
    if half_zero:
        samples = np.maximum(samples, 0)
    fit, peer = kmeans(samples, 5, init=samples[:5], tol=tol), peer_of(samples, samples[:5], tol=tol)
    assert_array_equal(fit.labels, peer.labels_)
    assert_allclose(fit.centroids, peer.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert_allclose(fit.inertia, peer.inertia_, rtol=1e-9)
    assert fit.n_iter == peer.n_iter_


def test_without_tolerance_it_converges_long_before_max_iter():
    samples = np.random.default_rng(0).standard_normal((3000, 10))
    fit = kmeans(samples, 5, n_init=1, tol=0)
    assert fit.converged
    assert fit.n_iter < 300


# --- empty clusters ------------------------------------------------------------------------------------------------


def test_a_start_far_from_all_samples_moves_to_the_farthest():  # worked by hand
    samples = np.array([[0, 0], [0.5, 0], [0.5, 1], [1, 1]])
    fit = kmeans(samples, 2, init=[[0.5, 0.5], [3, 3]])
    # Corners 0 and 3 are equally far from the only centroid with samples: either may be given to the empty cluster.
    assert_array_equal(fit.labels, [1, 1, 0, 0] if fit.labels[0] else [0, 0, 1, 1])
    assert_allclose(fit.centroids[fit.labels[[0, 3]]], [[0.25, 0], [0.75, 1]])
    assert_allclose(fit.inertia, 0.25)
    assert fit.n_iter == 3


def test_two_empty_clusters_take_the_two_farthest_samples_from_the_full_one():  # worked by hand
    samples = np.array([[-6.0], [-5], [-4], [-1], [2], [7], [9], [10]])
    fit = fit_quietly(samples, 3, init=[[-6], [-6], [-6]], max_iter=1)
    assert_allclose(np.sort(fit.centroids[1:, 0]), [9, 10])
    assert_allclose(fit.centroids[0], [-7 / 6])  # the mean of the six others


def test_an_empty_cluster_takes_a_sample_of_little_weight():  # worked by hand
    fit = kmeans(np.array([[-1], [1]]), 2, init=[[-1], [10]], sample_weight=[1.9, 0.1])
    assert_allclose(fit.centroids, [[-1], [1]])
    assert_array_equal(fit.labels, [0, 1])


def test_a_start_from_all_samples_with_a_duplicate_stops_at_once():
    samples = np.array([[0, 0], [1, 1], [1, 1], [1, 0], [0, 1]])
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(4\).* smaller than n_clusters \(5\)"):
        fit = kmeans(samples, 5, init=samples)
    assert fit.n_iter == 1
    assert fit.converged
    assert fit.inertia == 0
    assert_allclose(fit.centroids[fit.labels], samples)


# --- weights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["k-means++", "random", MIDDLES], ids=["k-means++", "random", "array"])
def test_weights_of_one_are_no_weights(blobs, init):
    samples, _ = blobs
    fit, weighted = kmeans(samples, 3, init=init), kmeans(samples, 3, init=init, sample_weight=np.ones(120))
    assert_array_equal(weighted.labels, fit.labels)
    assert_array_equal(weighted.centroids, fit.centroids)
    assert weighted.inertia == fit.inertia


@pytest.mark.parametrize("factor", [2.0**-30, 3.7, 1e12])
def test_only_the_ratios_of_weights_count(factor):
    samples, weights = np.random.default_rng(0).random((400, 3)), np.random.default_rng(1).random(400)
    fit = kmeans(samples, 6, init=samples[:6], sample_weight=weights)
    scaled = kmeans(samples, 6, init=samples[:6], sample_weight=factor * weights)
    assert_array_equal(scaled.labels, fit.labels)
    assert_allclose(scaled.centroids, fit.centroids, rtol=1e-12)
    assert_allclose(scaled.inertia, factor * fit.inertia, rtol=1e-12)


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("seed", range(3))
def test_as_many_clusters_as_samples_with_weight_are_these_samples(init, seed):
    samples = np.random.default_rng(seed).integers(0, 256, (40, 3)).astype(np.uint8)
    weights = np.where(np.arange(40) % 2, 2.0, 0)
    fit = kmeans(samples, 20, init=init, sample_weight=weights, random_state=seed)
    assert_array_equal(np.unique(fit.centroids, axis=0), np.unique(samples[1::2], axis=0))
    assert fit.inertia == 0


@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("seed", range(3))
def test_starts_are_drawn_by_weight(init, seed):
    # Starts among the many light samples end with 0 and 1 in one cluster, a local optimum thousands of times worse.
    samples = np.concatenate([[[0.0], [1]], 1000 + np.random.default_rng(seed).random((60, 1)) * 20])
    weights = np.where(np.arange(62) < 2, 1e12, 1)
    fit = kmeans(samples, 2, init=init, n_init=1, sample_weight=weights, random_state=seed)
    assert fit.labels[0] != fit.labels[1]
    assert fit.inertia < 61 * 1020**2


# --- dtypes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["i1", "i4", "i8", "f4"])
@pytest.mark.parametrize("init", ["k-means++", [[0, 0], [10, 10]]], ids=["k-means++", "array"])
def test_integers_give_centroids_between_integers(dtype, init):  # worked by hand
    samples = np.array([[0, 0], [10, 10], [12, 9], [-1, 1], [2, 0], [8, 10]], dtype)
    fit = kmeans(samples, 2, init=init)
    assert_same_partition(fit.labels, [0, 1, 1, 0, 0, 1])
    assert fit.centroids.dtype == np.float64
    assert_allclose(fit.centroids[fit.labels[:2]], [[1 / 3, 1 / 3], [10, 29 / 3]])


def test_single_and_double_precision_agree(blobs):
    samples, _ = blobs
    double, single = kmeans(samples, 8), kmeans(samples.astype(np.float32), 8)
    assert_array_equal(single.labels, double.labels)
    assert_allclose(single.centroids, double.centroids, atol=1e-6)
    assert_allclose(single.inertia, double.inertia, rtol=1e-6)
