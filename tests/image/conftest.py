"""Images, and what every segmentation of plain colors must fulfil, checked by brute force in float64."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data


def assert_contract(image, seg, n_clusters, *, channel_axis=None, left_out=None, fitted=True):
    """Check a segmentation against the image; `fitted` is False if a model from elsewhere made it."""
    image = np.asarray(image)
    pixels = np.moveaxis(image, channel_axis, -1) if channel_axis is not None else image[..., None]
    spatial = pixels.shape[:-1]
    left_out = np.zeros(spatial, bool) if left_out is None else left_out
    inside = pixels[~left_out].astype(np.float64)

    assert seg.labels.shape == spatial
    assert seg.labels.dtype == (np.uint8 if n_clusters <= 255 else np.uint16)
    assert not seg.labels.flags.writeable
    assert_array_equal(seg.labels == 0, left_out)
    members = seg.labels[~left_out].astype(int) - 1

    assert (seg.centroids.shape, seg.centroids.dtype) == ((n_clusters, pixels.shape[-1]), np.float64)
    assert (np.diff(seg.centroids.mean(1)) >= 0).all()  # dark to bright
    counts = np.bincount(members, minlength=n_clusters)
    assert_array_equal(seg.counts, counts)
    assert seg.counts.dtype == np.int64
    assert counts.all() or not fitted
    assert_allclose(seg.fractions, counts / counts.sum())

    distances = np.stack([((inside - centroid) ** 2).sum(1) for centroid in seg.centroids], 1)
    own = distances[np.arange(len(inside)), members]
    assert (own <= distances.min(1) * (1 + 1e-9) + 1e-12 * (np.ptp(inside) ** 2 if len(inside) else 0)).all()
    assert_allclose(seg.inertia, own.sum(), rtol=1e-6, atol=1e-9 * np.ptp(inside) ** 2)

    recolored = seg.recolored()
    assert (recolored.shape, recolored.dtype) == (image.shape, image.dtype)
    moved = np.moveaxis(recolored, channel_axis, -1) if channel_axis is not None else recolored[..., None]
    assert_array_equal(moved[left_out], pixels[left_out])
    wanted = seg.centroids[members]
    if image.dtype == bool:
        assert_array_equal(moved[~left_out], wanted >= 0.5)
    elif image.dtype.kind in "iu":
        assert np.abs(moved[~left_out].astype(np.float64) - wanted).max() <= 0.5 + 1e-15 * np.abs(wanted).max()
    else:
        assert_array_equal(moved[~left_out], wanted.astype(image.dtype.newbyteorder("=")))


@pytest.fixture(name="assert_contract", scope="session")
def _assert_contract():
    return assert_contract


@pytest.fixture
def photo():
    return data.chelsea()[60:160, 100:230].copy()


@pytest.fixture
def coins():
    return data.coins()[:120, :150].copy()


@pytest.fixture(scope="session")
def lazily():
    """Make a result lazy, as that of a lazy image is."""
    return runpy.run_path(str(Path(__file__).with_name("lazy_result.py")))["lazily"]
