"""Normalization: what is subtracted from each feature, and what it is then multiplied by.

F features.
"""

import numpy as np

from napari_kseg.kmeans import Samples

from .routes import Floats

PERCENTILES = (1.0, 99.0)

DRAWN = 1 << 24
"""Values of which percentiles are taken. More are represented by as many, drawn evenly: 64 MB of float32."""


def normalization(samples: Samples, kind: str) -> tuple[Floats, Floats]:
    """Offset and scale (F,) of all samples; a feature that is the same everywhere is only shifted.

    "zscore": mean and standard deviation become 0 and 1; "percentile": the 1st and the 99th percentile do; "minmax":
    the lowest and the highest value.
    """
    if kind == "zscore":
        offset, width = _mean_and_deviation(samples)
    else:
        offset, top = samples.bounds if kind == "minmax" else _percentiles(samples)
        width = top - offset
    return offset, 1 / np.where(width > 0, width, 1.0)


def _mean_and_deviation(samples: Samples) -> tuple[Floats, Floats]:
    mean, deviation = samples.moments.mean, np.sqrt(samples.moments.variances)
    rounding = 1e-12 * np.abs(mean)  # of a feature that is the same everywhere
    return mean, np.where(deviation > rounding, deviation, 0.0)


def _percentiles(samples: Samples) -> tuple[Floats, Floats]:
    """Interpolated linearly, as by NumPy, between all samples as often as they count."""
    drawn = samples.draw(max(1, DRAWN // samples.n_features), np.random.default_rng(0))
    weights = drawn.weight_of_each
    found = np.empty((2, samples.n_features))
    for feature in range(samples.n_features):
        order = np.argsort(drawn.samples[:, feature], kind="stable")
        values, ends = drawn.samples[order, feature].astype(np.float64), np.cumsum(weights[order])
        ranks = np.array(PERCENTILES) / 100 * (ends[-1] - 1)
        below = np.searchsorted(ends, np.floor(ranks), side="right").clip(max=len(values) - 1)
        above = np.searchsorted(ends, np.floor(ranks) + 1, side="right").clip(max=len(values) - 1)
        found[:, feature] = values[below] + (ranks % 1) * (values[above] - values[below])
    return found[0], found[1]
