"""One pass over the samples: labels equal a brute-force float64 search, sums equal NumPy's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg.kmeans import Samples, TableSource, block_length


def assigned(samples, centroids, weights=None):
    parts = {}
    found = Samples(TableSource(samples, weights)).assign(np.asarray(centroids, np.float64), parts.__setitem__)
    return np.concatenate([parts[block] for block in sorted(parts)]), found


def brute_force(samples, centroids):
    return np.array([((samples.astype(np.float64) - c) ** 2).sum(1) for c in centroids]).T


def assert_nearest(samples, centroids, weights=None):
    """Labels and sums are those of brute force; where two centroids are nearest to 1e-12, either will do."""
    labels, found = assigned(samples, centroids, weights)
    distances = brute_force(samples, centroids)
    chosen = distances[np.arange(len(samples)), labels]
    assert (chosen <= distances.min(1) * (1 + 1e-12) + 1e-12 * np.ptp(samples.astype(np.float64)) ** 2).all()
    w = np.ones(len(samples)) if weights is None else weights
    k = len(centroids)
    sums = np.array([np.bincount(labels, w * column, k) for column in samples.T.astype(np.float64)]).T
    scale = float(np.abs(sums).max()) + 1e-300
    assert_allclose(found.weights, np.bincount(labels, w, k), rtol=1e-12)
    assert_allclose(found.sums, sums, rtol=1e-9, atol=1e-9 * scale)
    assert_allclose(found.inertias, np.bincount(labels, w * chosen, k), rtol=1e-9, atol=1e-9 * (w * chosen).sum())
    return labels


def in_dtype(units, dtype):
    """Numbers from 0 to 1 in steps that all dtypes hold exactly."""
    return (np.floor(units * 256) if np.dtype(dtype).kind in "iu" else np.floor(units * 4096) / 4096).astype(dtype)


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 700),
    f=st.integers(1, 6),
    k=st.integers(1, 40),
    dtype=st.sampled_from(["u1", "u2", "f4", "i4", "f8"]),
    order=st.sampled_from(["random", "sorted", "constant"]),
    kind=st.sampled_from(["samples", "anywhere", "outside", "duplicates"]),
    weighted=st.booleans(),
)
@settings(max_examples=120)
def test_every_sample_gets_its_nearest_centroid(seed, n, f, k, dtype, order, kind, weighted):
    random = np.random.default_rng(seed)
    units = np.broadcast_to(random.random((1, f)), (n, f)) if order == "constant" else random.random((n, f))
    samples = in_dtype(np.sort(units, 0) if order == "sorted" else units, dtype)
    spread = 256.0 if np.dtype(dtype).kind in "iu" else 1.0
    centroids = {
        "samples": samples[random.integers(0, n, k)].astype(np.float64),
        "anywhere": random.random((k, f)) * spread,
        "outside": (random.random((k, f)) * 6 - 3) * spread,
        "duplicates": np.repeat(random.random((1, f)) * spread, k, 0),
    }[kind]
    labels = assert_nearest(samples, centroids, random.random(n) if weighted else None)
    if kind == "duplicates":
        assert (labels == 0).all()


@pytest.mark.nojit
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # plain Python, at inf - inf; kernels do not
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_a_few_samples_and_centroids(dtype):
    random = np.random.default_rng(0)
    assert_nearest(in_dtype(random.random((20, 3)), dtype), random.random((5, 3)) * 2, random.random(20))


def test_more_than_one_block_of_samples():
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (2 * block_length(16) + 7, 16)).astype(np.uint8)
    assert_nearest(samples, random.random((9, 16)) * 255)


@pytest.mark.parametrize("k", [1, 2, 255, 256, 257, 300])
def test_many_centroids(k):
    random = np.random.default_rng(k)
    assert_nearest(random.integers(0, 256, (3000, 3)).astype(np.uint8), random.random((k, 3)) * 255)


def test_neighboring_samples_have_few_candidates_and_lose_none():
    ramp = np.linspace(0, 255, 20_000).astype(np.uint8)
    samples = np.stack([ramp, ramp // 2, 255 - ramp], 1)
    assert_nearest(samples, np.random.default_rng(0).random((200, 3)) * 255)


def test_centroids_that_float32_cannot_tell_apart_are_told_apart():
    centroids = np.array([[0.5], [0.5 + 1e-9]])
    samples = np.array([[0.25], [0.75], [0.5]], np.float32)
    assert_array_equal(assigned(samples, centroids)[0], [0, 1, 0])


def test_sums_do_not_drift_far_from_zero():
    samples = np.full((1000, 1), 1e6 + 0.25)
    _, found = assigned(samples, [[1e6]])
    assert_allclose(found.inertias, [1000 * 0.0625], rtol=1e-9)
    assert_allclose(found.sums, [[1000 * (1e6 + 0.25)]], rtol=1e-15)


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 3000),
    f=st.integers(1, 4),
    k=st.integers(1, 60),
    is_sorted=st.booleans(),
    step=st.sampled_from([0, 1, 40]),
)
@settings(max_examples=80)
def test_renumbered_clusters_go_on_from_what_is_known(seed, n, f, k, is_sorted, step):
    # whole numbers: distances are exact, and many are equal, so that ties must go to the lower of the new numbers
    random = np.random.default_rng(seed)
    samples = random.integers(0, 256, (n, f)).astype(np.float32)
    if is_sorted:
        samples = np.sort(samples, 0)
    first = random.integers(0, 256, (k, f)).astype(np.float64)
    later = first + random.integers(-step, step + 1, (k, f))
    order = random.permutation(k)
    known = Samples(TableSource(samples))
    known.assign(first)
    known.reorder(order)
    parts = {}
    found = known.assign(later[order], parts.__setitem__)
    labels = np.concatenate([parts[block] for block in sorted(parts)])
    expected = brute_force(samples, later[order]).argmin(1)
    assert_array_equal(labels, expected)
    assert_array_equal(found.weights, np.bincount(expected, minlength=k))
    assert_allclose(
        found.sums, np.array([np.bincount(expected, column, k) for column in samples.T.astype(np.float64)]).T, atol=1e-6
    )
