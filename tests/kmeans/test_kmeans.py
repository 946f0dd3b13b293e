"""K-means of a table of samples, against scikit-learn, brute force and hand calculations."""

import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

from napari_kseg import ConvergenceWarning, kmeans
from napari_kseg.kmeans import Samples, TableSource

PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not

POINTS = np.array([[0, 0], [0.5, 0], [0.5, 1], [1, 1]], np.float32)


def table(n, f, seed=0, dtype="f4"):
    """Samples in blobs of different sizes, of dtype's own range if it is an integer."""
    random = np.random.default_rng(seed)
    middles = random.random((7, f))
    samples = middles[random.integers(0, 7, n)] + 0.15 * random.standard_normal((n, f))
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.clip(samples * limits.max, limits.min, limits.max).astype(dtype)
    return samples.astype(dtype)


def inertia_of(samples, centroids, weights=None):
    distances = ((samples[:, None].astype(np.float64) - np.asarray(centroids)) ** 2).sum(-1)
    return float(np.average(distances.min(1), weights=weights) * (len(samples) if weights is None else np.sum(weights)))


def as_sklearn(samples, init, tol=1e-4, sample_weight=None):
    peer = KMeans(len(init), init=np.asarray(init, np.float64), n_init=1, tol=tol, algorithm="lloyd")
    return peer.fit(samples.astype(np.float64), sample_weight=sample_weight)


def fit_quietly(*args, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kmeans(*args, **settings)


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_four_points_two_clusters():  # worked by hand
    fit = kmeans(POINTS, 2, sample_weight=[3, 1, 1, 3], init=POINTS[[0, 3]])
    assert_array_equal(fit.labels, [0, 0, 1, 1])
    assert_allclose(fit.centroids, [[0.125, 0], [0.875, 1]])
    assert_allclose(fit.inertia, 0.375)
    assert fit.converged
    assert fit.n_iter == 2


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_a_tie_goes_to_the_cluster_of_lower_index():  # worked by hand: 1 is as near to 0 as to 2
    samples = np.array([[0], [1], [2]], np.float32)
    assert_array_equal(kmeans(samples, 2, init=[[0], [2]]).labels, [0, 0, 1])
    assert_array_equal(kmeans(samples, 2, init=[[2], [0]]).labels, [1, 0, 0])


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_result_has_the_shapes_and_dtypes_promised():
    fit = kmeans(table(30, 3), 4, n_init=2)
    assert (fit.centroids.shape, fit.centroids.dtype) == ((4, 3), np.float64)
    assert (fit.labels.shape, fit.labels.dtype) == ((30,), np.int32)
    assert isinstance(fit.inertia, float)
    assert isinstance(fit.n_iter, int)


@pytest.mark.parametrize("tol", [0, 1e-4])
@pytest.mark.parametrize(
    ("n", "f", "k", "dtype"),
    [
        (60, 1, 3, "f4"), (500, 2, 7, "u1"), (3000, 3, 5, "u1"), (3000, 3, 16, "f4"), (2000, 4, 9, "u2"),
        (1000, 8, 6, "f8"), (400, 64, 5, "f4"), (2500, 3, 300, "f4"), (1500, 5, 4, "i2"), (900, 17, 30, "f2"),
    ],
)  # fmt: skip
def test_same_way_as_scikit_learn_from_the_same_start(n, f, k, dtype, tol):
    samples = table(n, f, seed=n, dtype=dtype)
    init = np.unique(samples, axis=0)[np.random.default_rng(k).permutation(len(np.unique(samples, axis=0)))[:k]]
    fit, peer = kmeans(samples, k, init=init, tol=tol), as_sklearn(samples, init, tol)
    assert_array_equal(fit.labels, peer.labels_)
    assert_allclose(fit.centroids, peer.cluster_centers_, rtol=1e-6, atol=1e-6 * float(np.ptp(samples.astype("f8"))))
    assert_allclose(fit.inertia, peer.inertia_, rtol=1e-6)
    assert fit.n_iter == peer.n_iter_


def test_same_way_as_scikit_learn_with_weights():
    samples = table(2000, 3)
    weights = np.random.default_rng(1).random(2000) * 5
    fit, peer = (
        kmeans(samples, 6, sample_weight=weights, init=samples[:6], tol=0),
        as_sklearn(samples, samples[:6], 0, weights),
    )
    assert_array_equal(fit.labels, peer.labels_)
    assert_allclose(fit.centroids, peer.cluster_centers_, rtol=1e-6)
    assert_allclose(fit.inertia, peer.inertia_, rtol=1e-6)
    assert fit.n_iter == peer.n_iter_


def test_an_empty_cluster_is_filled_as_in_scikit_learn():
    samples = table(400, 2)
    init = np.concatenate([samples[:3], [[50, 50]]])
    fit, peer = kmeans(samples, 4, init=init), as_sklearn(samples, init)
    assert_array_equal(fit.labels, peer.labels_)
    assert_allclose(fit.centroids, peer.cluster_centers_, rtol=1e-6)


@pytest.mark.parametrize("place", [0.5, 99.0])
def test_every_cluster_gets_samples_from_a_start_in_one_place(place):
    fit = kmeans(table(200, 3), 9, init=np.full((9, 3), place))
    assert set(fit.labels) == set(range(9))


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_weights_are_repetitions(k, dtype):
    samples = table(300, k % 4 + 1, seed=k, dtype=dtype)
    weights = np.random.default_rng(k).integers(1, 6, 300)
    init = np.unique(samples, axis=0)[:: 200 // k][:k]
    weighted = kmeans(samples, k, sample_weight=weights, init=init)
    repeated = kmeans(np.repeat(samples, weights, 0), k, init=init)
    assert_array_equal(np.repeat(weighted.labels, weights), repeated.labels)
    assert_allclose(weighted.centroids, repeated.centroids, rtol=1e-9)
    assert_allclose(weighted.inertia, repeated.inertia, rtol=1e-9)


def test_a_sample_of_weight_zero_gets_a_label_and_moves_nothing():
    samples = table(500, 3)
    weights = (np.arange(500) % 3 > 0).astype(float)
    fit, without = (
        kmeans(samples, 5, sample_weight=weights, init=samples[1:6]),
        kmeans(samples[weights > 0], 5, init=samples[1:6]),
    )
    assert_allclose(fit.centroids, without.centroids)
    assert_allclose(fit.inertia, without.inertia)
    assert_array_equal(fit.labels[weights > 0], without.labels)
    assert fit.labels.shape == (500,)


@given(st.integers(0, 2**32), st.integers(2, 300), st.integers(1, 5), st.integers(1, 12))
@settings(max_examples=40)
def test_never_worse_than_its_start_and_inertia_is_the_sum(seed, n, f, k):
    samples = table(n, f, seed)
    k = min(k, n)
    init = np.random.default_rng(seed).random((k, f))
    fit = fit_quietly(samples, k, init=init)
    assert fit.inertia <= inertia_of(samples, init) * (1 + 1e-9)
    assert_allclose(fit.inertia, inertia_of(samples, fit.centroids), rtol=1e-6, atol=1e-12)


def test_inertia_never_grows_from_pass_to_pass():
    samples = table(2000, 3)
    passes = [fit_quietly(samples, 20, init=samples[:20], max_iter=m, tol=0).inertia for m in range(1, 15)]
    assert (np.diff(passes) <= 0).all()
    assert passes[-1] < passes[0]


def test_max_iter_warns_and_says_what_to_do():
    samples = table(2000, 3)
    with pytest.warns(ConvergenceWarning, match=r"max_iter=1: .*raise max_iter") as caught:
        fit = kmeans(samples, 20, init=samples[:20], max_iter=1)
    assert caught[0].filename == __file__  # it points at the caller
    assert not fit.converged
    assert fit.n_iter == 1


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_as_many_clusters_as_samples_leave_no_inertia(dtype):
    samples = np.unique(table(40, 2, dtype=dtype), axis=0)
    fit = kmeans(samples, len(samples))
    assert fit.inertia == 0
    assert len(set(fit.labels)) == len(samples)
    assert_allclose(fit.centroids[fit.labels], samples, rtol=1e-6)


@pytest.mark.parametrize(
    "distinct",
    [
        np.array([[3, 1], [7, 5], [0, 0]], np.uint8),
        np.array([[0.1, 0.2], [0.7, 1 / 3], [0.3, 0.9]], np.float32),
        np.array([[0.1, 0.2], [0.7, 1 / 3], [0.3, 0.9]]),
    ],
    ids=["u1", "f4", "f8"],
)
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_fewer_distinct_samples_than_clusters_warn_and_give_fewer(distinct, init):
    samples = np.repeat(distinct, [3, 5, 7], 0)
    with pytest.warns(ConvergenceWarning, match=r"Number of distinct clusters \(3\).*n_clusters \(5\)"):
        fit = kmeans(samples, 5, init=init)
    assert fit.centroids.shape == (3, 2)
    assert_allclose(fit.centroids[fit.labels], samples, rtol=1e-6)
    assert_allclose(fit.inertia, 0, atol=1e-12)


@given(st.integers(-60, 60), st.sampled_from(["f4", "f8"]))
@settings(max_examples=20)
def test_scale_does_not_matter(exponent, dtype):
    samples = table(300, 3, dtype=dtype)
    fit = kmeans(samples, 5, n_init=2)
    scaled = kmeans(samples * np.array(2.0**exponent, dtype), 5, n_init=2)
    assert_array_equal(scaled.labels, fit.labels)
    assert_allclose(scaled.centroids, fit.centroids * 2.0**exponent, rtol=1e-12)
    assert_allclose(scaled.inertia, fit.inertia * 4.0**exponent, rtol=1e-12)


@pytest.mark.parametrize(("scale", "dtype"), [(1e20, "f4"), (1e20, "f8"), (1e-30, "f4"), (1e-30, "f8"), (1e100, "f8")])
def test_huge_and_tiny_values(scale, dtype):
    samples = (np.array([[-1.0], [-0.9], [0.1], [0.2], [1]]) * scale).astype(dtype)
    fit = kmeans(samples, 3)
    assert len({fit.labels[0], fit.labels[2], fit.labels[4]}) == 3
    assert_array_equal(fit.labels[[0, 2]], fit.labels[[1, 3]])
    assert_allclose(fit.inertia, 0.01 * scale**2, rtol=1e-5)


@pytest.mark.parametrize(
    "samples",
    [
        np.array([[0], [5e-324], [1e-323]]),
        np.array([[-1e-160], [1e-160], [0.9e-160]]),
        np.array([[-1e149], [1e149], [0.9e149]]),
    ],
    ids=["subnormal", "square underflows", "square nearly overflows"],
)
def test_the_ends_of_the_float_range_cluster_in_silence(samples):
    labels = kmeans(samples, 2).labels
    assert labels[0] != labels[-1]


def test_a_small_signal_on_a_large_offset_survives():
    signal = np.round(table(500, 2) * 256) / 256  # 1e6 + signal is exact in float64
    fit, moved = kmeans(signal, 6), kmeans(signal.astype(np.float64) + 1e6, 6)
    assert_array_equal(moved.labels, fit.labels)
    assert_allclose(moved.centroids - 1e6, fit.centroids, atol=1e-8)
    assert_allclose(moved.inertia, fit.inertia, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["u2", "i2", "u4", "i4", "i8", "u8", "f2", "f4", "f8", ">u2", ">i4", ">f4", ">f8"])
def test_the_same_numbers_in_another_dtype_give_the_same_clusters(dtype):
    samples = table(800, 3, dtype="u1")
    fit, other = kmeans(samples, 6, init=samples[:6]), kmeans(samples.astype(dtype), 6, init=samples[:6])
    assert_array_equal(other.labels, fit.labels)
    assert_allclose(other.centroids, fit.centroids, rtol=1e-9)
    assert_allclose(other.inertia, fit.inertia, rtol=1e-9)


def test_bool_samples_are_zeros_and_ones():
    samples = np.random.default_rng(0).random((60, 3)) > 0.5
    fit = kmeans(samples, 3, init=np.eye(3))
    assert_array_equal(fit.labels, kmeans(samples.astype(np.float32), 3, init=np.eye(3)).labels)


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
def test_every_layout_gives_the_same_bits(dtype):
    samples = table(1200, 3, dtype=dtype)
    before = samples.copy()
    wide = np.zeros((2400, 9), dtype)
    wide[::2, ::3] = samples
    read_only = samples.copy()
    read_only.flags.writeable = False
    fit = kmeans(samples, 7)
    for other in (samples, np.asfortranarray(samples), wide[::2, ::3], read_only, samples[::-1][::-1]):
        again = kmeans(other, 7)
        assert_array_equal(again.labels, fit.labels)
        assert_array_equal(again.centroids, fit.centroids)
        assert again.inertia == fit.inertia
    assert_array_equal(samples, before)  # and nothing was modified


def test_given_starts_and_weights_are_not_modified():
    samples, init, weights = table(100, 2, dtype="f8"), np.full((3, 2), 0.5), np.ones(100)
    for array in (samples, init, weights):
        array.flags.writeable = False
    kmeans(samples, 3, init=init, sample_weight=weights)
    assert (init == 0.5).all()


@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_the_seed_decides(init):
    samples = table(3000, 3)
    first, again, other = (kmeans(samples, 12, init=init, n_init=1, random_state=seed) for seed in (3, 3, 4))
    assert_array_equal(again.centroids, first.centroids)
    assert_array_equal(again.labels, first.labels)
    assert not np.array_equal(other.centroids, first.centroids)


def test_more_starts_find_the_optimum_that_scikit_learn_finds():
    samples = table(1500, 2, seed=3)
    best = KMeans(7, n_init=12, random_state=0).fit(samples).inertia_
    for init in ("k-means++", "random"):
        assert kmeans(samples, 7, init=init, n_init=30).inertia <= best * 1.001


SCRIPT = """
import hashlib, numpy as np
from napari_kseg import kmeans
random = np.random.default_rng(0)
samples = random.random((150_000, 16), np.float32) ** 2
for table in (samples, (samples * 255).astype(np.uint8)):
    fit = kmeans(table, 9, n_init=3, max_iter=300, tol=1e-2, sample_weight=random.random(len(table)))
    print(hashlib.sha256(fit.labels.tobytes() + fit.centroids.tobytes()).hexdigest(), fit.inertia.hex(), fit.n_iter)
"""


def test_any_number_of_threads_gives_the_same_bits():
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 2


def test_an_exception_in_the_callback_stops_the_run():
    def stop(stage, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kmeans(table(100, 2), 3, callback=stop)


@pytest.mark.parametrize("seed", range(4))
def test_one_sample_of_many_may_have_all_the_weight(seed):
    samples = np.arange(400_000.0).reshape(-1, 2)
    weights = np.zeros(len(samples))
    weights[7] = 1
    fit = kmeans(samples, 1, sample_weight=weights, random_state=seed)
    assert_allclose(fit.centroids, samples[7:8])
    assert fit.inertia == 0


def test_an_emptied_cluster_is_empty_whatever_the_weights():
    samples = Samples(TableSource(np.array([[0.1], [0.2], [0.3], [5.0]]), np.array([0.1, 0.2, 0.3, 0.7])))
    assert samples.assign(np.array([[0.0], [5.0]])).weights[0] > 0
    found = samples.assign(np.array([[-90.0], [0.2]]))
    assert found.weights[0] == 0
    assert found.sums[0] == 0


def test_rare_far_samples_are_found_among_many():
    random = np.random.default_rng(0)
    places = random.normal(0, 100, (8, 2))
    rare = places.repeat(40, axis=0) + random.normal(0, 0.1, (320, 2))
    samples = random.permutation(np.concatenate([random.normal(0, 1, (150_000, 2)), rare]))
    best = KMeans(9, n_init=5, random_state=0).fit(samples).inertia_
    for seed in range(4):
        assert kmeans(samples, 9, random_state=seed).inertia <= best * 1.001


@pytest.mark.parametrize(
    ("samples", "settings", "error", "words"),
    [
        (POINTS, {"n_clusters": 0}, ValueError, "n_clusters=0"),
        (POINTS, {"n_clusters": 5}, ValueError, r"n_clusters=5.*n_samples=4"),
        (POINTS, {"n_clusters": 2.5}, TypeError, r"n_clusters=2\.5.*float.*integer"),
        (POINTS, {"n_clusters": "2"}, TypeError, r"n_clusters='2'.*str"),
        (POINTS[:, 0], {}, ValueError, r"2-D.*\(4,\)"),
        (POINTS[:0], {}, ValueError, r"\(0, 2\).*empty"),
        (POINTS[:, :0], {}, ValueError, r"\(4, 0\).*empty"),
        (POINTS * np.nan, {}, ValueError, "NaN or infinity"),
        (np.where(POINTS == 1, -np.inf, POINTS), {}, ValueError, "NaN or infinity"),
        (POINTS.astype(np.float64) * 1e200, {}, ValueError, r"1e\+200.*overflow.*scale"),
        (POINTS.astype(complex), {}, TypeError, "complex128"),
        (POINTS.astype(object), {}, TypeError, "object"),
        (POINTS, {"init": "magic"}, ValueError, "'magic'.*k-means"),
        (POINTS, {"init": POINTS}, ValueError, r"\(4, 2\).*n_clusters=2"),
        (POINTS, {"init": [[0], [1]]}, ValueError, r"\(2, 1\).*features 2"),
        (POINTS, {"init": [[0, np.inf], [1, 1]]}, ValueError, "init contains NaN, infinity"),
        (POINTS, {"n_init": 0}, ValueError, "n_init=0"),
        (POINTS, {"n_init": "many"}, TypeError, "n_init='many'"),
        (POINTS, {"max_iter": 0}, ValueError, "max_iter=0"),
        (POINTS, {"max_iter": None}, TypeError, "max_iter=None"),
        (POINTS, {"tol": -1}, ValueError, r"tol=-1"),
        (POINTS, {"tol": np.nan}, ValueError, "tol=nan"),
        (POINTS, {"tol": "small"}, TypeError, "tol='small'"),
        (POINTS, {"random_state": -1}, ValueError, "random_state=-1"),
        (POINTS, {"random_state": None}, TypeError, "random_state=None"),
        (POINTS, {"sample_weight": [1, 2, 3]}, ValueError, r"sample_weight.*\(3,\).*\(4,\)"),
        (POINTS, {"sample_weight": [1, 2, 3, -1]}, ValueError, "sample_weight"),
        (POINTS, {"sample_weight": [0, 0, 0, 0]}, ValueError, "sample_weight"),
        (POINTS, {"sample_weight": [1, 2, 3, np.nan]}, ValueError, "sample_weight"),
    ],
)
def test_bad_input_is_refused_in_words(samples, settings, error, words):
    with pytest.raises(error, match=words):
        kmeans(samples, **{"n_clusters": 2, **settings})
