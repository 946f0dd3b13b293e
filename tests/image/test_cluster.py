"""Images on a cluster of processes: the same result, computed by the workers, who alone ever hold the pixels."""

import os
import signal
import threading
import time
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from napari_kseg import segment

CUT = (40, 50)


@pytest.fixture(scope="module")
def client():
    """Two workers, each a process with one thread; a worker that is killed is started again."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def cluster(client):
    """The cluster at work, both workers there; nothing is left on it afterwards."""
    client.wait_for_workers(2)
    with client.as_current():
        yield client
    assert_nothing_left(client)


def assert_nothing_left(client):
    """Check that the cluster has forgotten all, once the tasks that were running have ended."""
    left = {}
    for _ in range(200):
        left = client.run_on_scheduler(lambda dask_scheduler: dict.fromkeys(map(str, dask_scheduler.tasks)))
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(f"left on the cluster: {list(left)[:5]}")


class Store:
    """An array that notes the processes that read it, each by an empty file; read slowly, or not at all, if asked.

    Parameters
    ----------
    values : array
    folder : path
        For the notes.
    seconds : float
        How long a read takes.
    broken : tuple of int, optional
        Where a part begins that cannot be read.
    """

    def __init__(self, values, folder, seconds=0.0, broken=None):
        self.values, self.folder, self.seconds, self.broken = values, Path(folder), seconds, broken
        self.shape, self.dtype, self.ndim, self.chunks = values.shape, values.dtype, values.ndim, CUT

    def __getitem__(self, index):
        starts = tuple(axis.start for axis in index[:2])
        number = f"{time.time_ns()}"
        (self.folder / f"{os.getpid()}-{number}-{'-'.join(map(str, starts))}").touch()
        if starts == self.broken:
            raise OSError("disk on fire")
        time.sleep(self.seconds)
        return self.values[index]

    def lazy(self):
        """The array in the hands of dask."""
        cut = (*CUT, *self.shape[2:])
        return da.from_array(self, cut, asarray=False, meta=np.empty(0, self.dtype), name=f"store-{id(self)}")

    def readers(self):
        """Processes that have read it."""
        return {int(file.name.split("-")[0]) for file in self.folder.iterdir()}

    def n_reads(self):
        """How often it was read."""
        return len(list(self.folder.iterdir()))


def pids(client):
    """Processes of the workers."""
    return set(client.run(os.getpid).values())


def kill_after(store, n_reads, client):
    """Kill the process that has read last, once there were so many reads; return a thread, to be joined."""
    killed = []
    workers = pids(client)

    def kill():
        for _ in range(2000):
            found = sorted(store.folder.iterdir(), key=lambda file: file.name.split("-")[1])
            if len(found) >= n_reads:
                pid = int(found[-1].name.split("-")[0])
                assert pid in workers
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
            time.sleep(0.005)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread, killed


def assert_same(seg, want):
    """Check that a lazy result is that of the image in memory, bit for bit."""
    assert seg.is_lazy
    assert_array_equal(seg.labels.compute(), want.labels)
    assert_array_equal(seg.centroids, want.centroids)
    assert_array_equal(seg.counts, want.counts)
    assert seg.inertia == want.inertia
    assert_array_equal(seg.recolored().compute(), want.recolored())


@pytest.mark.parametrize("kind", ["color", "16-bit", "four"])
def test_the_workers_read_and_give_the_bits_of_the_image_in_memory(photo, kind, tmp_path, cluster):
    image, axis = {
        "color": (photo, "auto"),
        "16-bit": (photo[..., 0].astype(np.uint16) * 37, None),
        "four": (np.dstack([photo, photo[::-1, :, 1]]), -1),
    }[kind]
    store = Store(image, tmp_path)
    seg = segment(store.lazy(), 5, channel_axis=axis)
    assert_same(seg, segment(image, 5, channel_axis=axis))
    assert store.readers() == pids(cluster)
    assert os.getpid() not in store.readers()
