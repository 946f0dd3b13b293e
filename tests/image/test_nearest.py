"""Which centroid is nearest, in every route from pixels to labels, to the last bit: a tie goes to the lower index.

All numbers are multiples of 1/16, or small multiples of 2^-18, so that float64 computes their squared distances
exactly: brute force is the truth, ties included.
"""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from napari_kseg import segment

OFFSETS = {"u1": 0, "u2": 30_000, "i4": -1_000_000, "i8": 2**40, "f4": 1_000_000, "f8": -(2.0**40)}


def model_of(centroids):
    """Return a model with these centroids, whatever they are."""
    k, f = centroids.shape
    found = segment(np.zeros((1, 1, f), np.uint8), 1, channel_axis=-1).model
    return replace(found, feature_centroids=centroids, groups=np.arange(1, k + 1), centroids=centroids.copy())


def brute_force(pixels, centroids):
    return np.stack([((pixels.astype(np.float64) - c) ** 2).sum(-1) for c in centroids], -1).argmin(-1) + 1


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 400),
    f=st.sampled_from([1, 2, 3, 4, 5, 16, 33, 64]),
    k=st.sampled_from([1, 2, 3, 17, 64, 255, 256, 257, 300]),
    dtype=st.sampled_from(sorted(OFFSETS)),
    spread=st.sampled_from([2, 16, 256]),
    kind=st.sampled_from(["pixels", "between", "outside", "few", "close"]),
)
@settings(max_examples=150)
def test_labels_are_those_of_brute_force_and_ties_go_to_the_lower_index(seed, n, f, k, dtype, spread, kind):
    random = np.random.default_rng(seed)
    spread = min(spread, 16) if kind == "close" else spread
    steps = 16 if np.dtype(dtype).kind == "f" else 1
    pixels = (OFFSETS[dtype] + random.integers(0, spread, (n, f)) / steps).astype(dtype)
    size = 16 * spread // steps
    centroids = (
        OFFSETS[dtype]
        + {
            "pixels": pixels[random.integers(0, n, k)].astype(np.float64) - OFFSETS[dtype],
            "between": random.integers(0, size, (k, f)) / 16,
            "outside": random.integers(-9 * size, 9 * size, (k, f)) / 16,
            "few": random.integers(0, size, (-(-k // 4), f)) / 16,
            "close": random.integers(0, size, f) / 16
            + random.integers(0, 64, (k, f)) * 2.0**-18,  # float32 is too coarse
        }[kind]
    )
    centroids = centroids[random.integers(0, len(centroids), k)]  # some of them twice
    assert_array_equal(model_of(centroids).predict(pixels[None])[0], brute_force(pixels, centroids))


@pytest.mark.parametrize("k", [255, 256, 300])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_centroids_far_outside_the_color_cube_and_twice(k, channels):
    random = np.random.default_rng(k)
    image = random.integers(0, 256, (60, 50, channels)).astype(np.uint8)
    centroids = random.integers(-16 * 600, 16 * 900, (k // 2, channels))[random.integers(0, k // 2, k)] / 16
    assert_array_equal(model_of(centroids).predict(image), brute_force(image, centroids))
