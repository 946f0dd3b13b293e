"""One image made ready once, for many runs: each has the bits of a run on its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from skimage import data

from napari_kseg import Settings, segment
from napari_kseg.image.fit import Fitter
from napari_kseg.image.pixels import Pixels
from napari_kseg.image.segment import segment_with

IMAGES = {
    "8-bit color": data.coffee()[:120, :150],
    "float color": np.random.default_rng(0).random((500, 720, 3), np.float32),
    "16-bit": data.coffee()[:90, :90, 0].astype(np.uint16) * 201,
}
SETTINGS = st.fixed_dictionaries(
    {"n_clusters": st.integers(1, 9), "random_state": st.integers(0, 3), "n_init": st.sampled_from(["auto", 1])},
    optional={"downsample": st.sampled_from([2, 3]), "sigma": st.just(1), "majority": st.just(1),
              "normalize": st.just("zscore"), "tol": st.just(1e-3)},
)  # fmt: skip


class Stop(Exception):
    pass


def assert_same_bits(seg, other):
    assert_array_equal(seg.labels, other.labels)
    assert_array_equal(seg.centroids, other.centroids)
    assert (seg.inertia, seg.n_iter) == (other.inertia, other.n_iter)


def test_runs_with_as_many_clusters_do_not_mix():
    image = IMAGES["float color"]
    fitter = Fitter(Pixels.of(image, "auto", None))
    for seed in (0, 0, 1, 0):
        keywords = {"n_clusters": 6, "n_init": 1, "random_state": seed}
        assert_same_bits(segment_with(fitter, Settings(**keywords)), segment(image, **keywords))


@pytest.mark.parametrize("name", IMAGES)
@settings(max_examples=6)
@given(runs=st.lists(st.tuples(SETTINGS, st.integers(0, 60)), min_size=2, max_size=4))
def test_a_run_has_the_same_bits_whatever_ran_or_was_stopped_before(name, runs):
    image = IMAGES[name]
    fitter = Fitter(Pixels.of(image, "auto", None))
    for keywords, patience in runs:
        left = [patience]

        def stop_some(stage, done, total, left=left):
            left[0] -= 1
            if left[0] == 0:
                raise Stop

        fitter.report_to(stop_some)
        try:
            segment_with(fitter, Settings(**keywords))
        except Stop:
            fitter.report_to(None)
            segment_with(fitter, Settings(**keywords))
    fitter.report_to(None)
    keywords = runs[-1][0]
    again, fresh = segment_with(fitter, Settings(**keywords)), segment(image, **keywords)
    assert_same_bits(again, fresh)
