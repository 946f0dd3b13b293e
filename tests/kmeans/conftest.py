"""What the tests of both color histograms share."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal


@pytest.fixture(scope="session")
def assert_counts():
    """Assert that a histogram has the distinct colors of pixels, and how often each occurs."""

    def check(found, pixels):
        colors, counts = np.unique(pixels, axis=0, return_counts=True)
        order = np.lexsort(found.colors.T[::-1])
        assert_array_equal(found.colors[order], colors)
        assert_array_equal(found.counts[order], counts)

    return check
