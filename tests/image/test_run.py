"""How a run starts, ends, reports and is stopped."""

import threading
import time
from itertools import pairwise

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from napari_kseg import ConvergenceWarning, segment

# --- how it is searched --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_given_starts_are_followed(photo, dtype):
    image = photo.astype(dtype)
    fitted = segment(image, 5)
    again = segment(image, 5, init=fitted.centroids[::-1])
    assert_allclose(again.centroids, fitted.centroids, atol=1)
    assert again.n_iter <= 3
    assert isinstance(again.settings.init, tuple)
    flat = segment(image[..., 0], 3, init=[10, 100, 200])
    assert flat.centroids.shape == (3, 1)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_random_starts(assert_contract, photo, dtype, color):
    image = (photo if color else photo[..., 0]).astype(dtype)
    seg = segment(image, 5, init="random")
    assert_contract(image, seg, 5, channel_axis=-1 if color else None)
    assert seg.inertia <= segment(image, 5).inertia * 1.1


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_max_iter_warns(photo, dtype):
    with pytest.warns(ConvergenceWarning, match="max_iter=1") as caught:
        seg = segment(photo.astype(dtype), 8, init=np.full((8, 3), 9.0) + np.arange(8)[:, None], max_iter=1)
    assert caught[0].filename == __file__
    assert not seg.converged
    assert seg.n_iter == 1


# --- progress and cancellation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_progress_is_told_in_stages(photo, dtype):
    calls = []
    segment(photo.astype(dtype), 3, callback=lambda *call: calls.append(call))
    stages = [stage for stage, _, _ in calls]
    assert all(stages)
    assert all(0 <= done <= total for _, done, total in calls)
    assert "Labeling" in stages or "Clustering" in stages
    assert calls[-1][1] == calls[-1][2]


@pytest.mark.parametrize("stop_at", [0, 1, 5, 10])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_an_exception_in_the_callback_stops_the_run(photo, dtype, stop_at):
    calls = []

    def stop(stage, done, total):
        calls.append(stage)
        if len(calls) > stop_at:
            raise InterruptedError(stage)

    with pytest.raises(InterruptedError):
        segment(photo.astype(dtype), 4, callback=stop)
    assert len(calls) == stop_at + 1
    assert segment(photo.astype(dtype), 4).n_clusters == 4  # and the next run works


def test_progress_bar_appears_only_where_there_is_time_to_read_it(photo, capfd):
    segment(photo, 3, progress=True)
    assert capfd.readouterr().err.strip() == ""
    segment(photo.astype("f4"), 3, n_init=1, progress=True, callback=lambda *call: time.sleep(0.05))
    assert "block" in capfd.readouterr().err


def test_an_error_while_reading_reaches_the_caller(photo):
    def fail(chunk):
        raise OSError("disk is gone")

    broken = da.from_array(photo, (20, 20, 3)).map_blocks(fail, dtype=np.uint8, meta=photo[:0])
    with pytest.raises(OSError, match="disk is gone"):
        segment(broken, 3)


def test_several_threads_may_segment_at_once(photo):
    images = [photo, photo.astype("f4"), photo[..., 0]] * 3
    alone = [segment(image, 5).labels for image in images]
    found = {}
    threads = [
        threading.Thread(target=lambda i=i: found.__setitem__(i, segment(images[i], 5).labels)) for i in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for i in range(9):
        assert_array_equal(found[i], alone[i])


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_long_work_on_one_block_can_be_stopped_in_the_middle(dtype):
    image = data.coffee()[:200, :300].astype(dtype)
    calls = [time.perf_counter()]

    def stop(stage, done, total):
        calls.append(time.perf_counter())
        if calls[-1] - calls[0] > 0.4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        segment(image, 2000, callback=stop)
    assert time.perf_counter() - calls[-1] < 1  # 0.05 seconds on a machine with nothing else to do
    assert max(b - a for a, b in pairwise(calls)) < 1


def test_any_number_of_passes_may_be_allowed(photo):
    assert_array_equal(segment(photo, 4, max_iter=10**30).labels, segment(photo, 4).labels)
