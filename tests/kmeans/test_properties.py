"""What holds for K-means of any samples, weights and starts: many equal samples, empty clusters and all."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg import ConvergenceWarning, kmeans
from napari_kseg.kmeans import RELAXATION, Samples, TableSource, lloyd


def fit_quietly(*args, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return kmeans(*args, **settings)


def inertia_of(samples, centroids, weights):
    distances = ((samples[:, None].astype(np.float64) - centroids) ** 2).sum(-1)
    return float((weights * distances.min(1)).sum())


@st.composite
def problems(draw):
    """Samples of few or many values, a start in, beside or far from them, and weights of all kinds."""
    random = np.random.default_rng(draw(st.integers(0, 2**32), label="seed"))
    n, f = draw(st.integers(1, 60), label="n"), draw(st.integers(1, 4), label="f")
    k = draw(st.integers(1, min(n, 12)), label="k")
    n_values = draw(st.sampled_from([2, 4, 256]), label="values")
    samples = random.integers(0, n_values, (n, f)).astype(draw(st.sampled_from(["u1", "i4", "f4", "f8"])))
    init = {
        "samples": samples[random.integers(0, n, k)].astype(np.float64),
        "between": random.random((k, f)) * n_values,
        "one place": np.repeat(samples[:1] + 0.3, k, 0),
        "far": samples[:1] + 500.0 + random.random((k, f)),
    }[draw(st.sampled_from(["samples", "between", "one place", "far"]), label="start")]
    weights = {
        "one": np.ones(n),
        "whole": random.integers(1, 6, n).astype(np.float64),
        "some zero": (random.random(n) < 0.5) * random.random(n) + (np.arange(n) == 0),
        "wild": 10.0 ** random.integers(-9, 10, n),
    }[draw(st.sampled_from(["one", "whole", "some zero", "wild"]), label="weights")]
    return samples, init, weights


@given(problems())
@settings(max_examples=80)
def test_no_pass_makes_it_worse(problem):
    samples, init, weights = problem
    inertias = [inertia_of(samples, init, weights)]
    for max_iter in (1, 2, 3, 5, 300):
        fit = fit_quietly(samples, len(init), init=init, sample_weight=weights, max_iter=max_iter, tol=0)
        assert_allclose(fit.inertia, inertia_of(samples, fit.centroids, weights), rtol=1e-9, atol=1e-14 * weights.sum())
        inertias.append(fit.inertia)
    assert (np.diff(inertias) <= 1e-12 * inertias[0] + 1e-14 * weights.sum()).all()


class Watched(Samples):
    """Samples that note the inertia of every pass."""

    def __init__(self, *args):
        super().__init__(*args)
        self.inertias = []

    def assign(self, centroids, write=None, *, measure=True):
        found = super().assign(centroids, write)
        self.inertias.append(found.inertias.sum())
        return found


@given(problems(), st.sampled_from([1.0, 1.5, RELAXATION, 1.95]))
@settings(max_examples=80)
def test_going_beyond_the_means_makes_it_no_worse(problem, relaxation):
    samples, init, weights = problem
    watched = Watched(TableSource(samples.astype(np.float64), weights))
    fit = lloyd(watched, init.astype(np.float64), max_iter=300, limit=0.0, relaxation=relaxation)
    assert fit.converged or relaxation > RELAXATION  # a tie can turn with every swing, which at 1.95 take long to die
    allowed = 1e-12 * watched.inertias[0] + 1e-14 * weights.sum()
    assert (np.diff(watched.inertias) <= allowed).all()
    assert inertia_of(samples, fit.centroids, weights) <= watched.inertias[-1] + allowed


@given(problems())
@settings(max_examples=80)
def test_no_cluster_is_empty_while_there_are_samples_to_give(problem):
    samples, init, weights = problem
    n_distinct = len(np.unique(samples[weights > 0], axis=0))
    fit = fit_quietly(samples, len(init), init=init, sample_weight=weights)
    if len(init) <= n_distinct:
        assert (np.bincount(fit.labels, weights, len(init)) > 0).all()
    else:
        assert len(fit.centroids) >= n_distinct
        assert_allclose(fit.inertia, 0, atol=1e-14 * weights.sum())


@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(1, 4), st.sampled_from(["u1", "i4", "f4"]))
@settings(max_examples=60)
def test_whole_weights_are_repetitions(seed, k, f, dtype):
    random = np.random.default_rng(seed)
    samples = random.integers(0, 256, (80, f)).astype(dtype)
    times = random.integers(0, 5, 80)
    # Every cluster has a sample at its start: an empty one would take a sample with all its weight, or one repetition.
    init = np.unique(samples[times > 0], axis=0)[:k].astype(np.float64)
    weighted = kmeans(samples, k, init=init, sample_weight=times)
    repeated = kmeans(np.repeat(samples, times, 0), k, init=init)
    assert_array_equal(np.repeat(weighted.labels, times), repeated.labels)
    assert_allclose(weighted.centroids, repeated.centroids, rtol=1e-12)
    assert_allclose(weighted.inertia, repeated.inertia, rtol=1e-12)
    assert weighted.n_iter == repeated.n_iter


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4"])
def test_samples_in_another_order_find_the_same_from_the_same_start(dtype):
    random = np.random.default_rng(0)
    samples = random.integers(0, 256, (3000, 3)).astype(dtype)
    init, order = samples[:20].astype(np.float64), random.permutation(3000)
    fit, moved = kmeans(samples, 20, init=init), kmeans(samples[order], 20, init=init)
    assert_array_equal(moved.labels, fit.labels[order])
    assert_allclose(moved.centroids, fit.centroids, rtol=1e-12)
    assert moved.n_iter == fit.n_iter
