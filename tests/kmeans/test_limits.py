"""Far outliers, samples that are equal but for rounding, and few passes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_kseg import ConvergenceWarning, kmeans


@pytest.mark.parametrize("outlier", [(1e20, 1e20), (1e20, 0.0), (1e15, 1e15), (-1e12, 3.0)])
def test_a_far_outlier_is_a_cluster_and_the_others_keep_their_digits(outlier):
    samples = np.array([outlier, *np.random.default_rng(0).uniform(-200, 200, (99, 2))])
    fit = kmeans(samples, 3)
    assert len(fit.centroids) == 3
    assert np.count_nonzero(fit.labels == fit.labels[0]) == 1
    assert_allclose(fit.inertia, ((samples - fit.centroids[fit.labels]) ** 2).sum(), rtol=1e-9)


@pytest.mark.parametrize("values", [[0, 1e-17, 1], [0, 1, 1e20], [3, 4, 1e20]])
def test_three_values_of_very_different_size_are_three_clusters(values):
    fit = kmeans(np.array(values, np.float64)[:, None], 3)
    assert sorted(fit.centroids[:, 0]) == values
    assert fit.inertia == 0


@pytest.mark.parametrize(
    ("row", "weights"),
    [
        ([0.9335330958008321, 0.8124026619847836], [8, 4, 4, 5, 3]),
        ([0.24378778516948274, 0.18525659097713987, 0.53443576541691], [1] * 55),
    ],
)
def test_equal_samples_end_at_once(row, weights):
    samples = np.tile([row], (len(weights), 1))
    with pytest.warns(ConvergenceWarning, match=r"distinct clusters \(1\)"):
        fit = kmeans(samples, 5, sample_weight=weights)
    assert fit.converged
    assert fit.n_iter < 10


@pytest.mark.filterwarnings("ignore::napari_kseg.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(10))
def test_more_passes_end_lower(seed):
    samples = np.random.default_rng(seed).standard_normal((100, 10))
    one, ten = (kmeans(samples, 8, n_init=1, max_iter=n, random_state=seed).inertia for n in (1, 10))
    assert ten < one
