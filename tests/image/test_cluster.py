"""Images on a cluster of processes: the same result, computed by the workers, who alone ever hold the pixels."""

import importlib
import os
import pickle
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
from napari_kseg.image import chunks, drawn

CUT = (40, 50)


class Starter:
    """Keeps a cluster of two workers, each a process with one thread."""

    def __init__(self):
        self.cluster = self.client = None

    def start(self):
        """Start a cluster unless one is there; return its client."""
        if self.client is None:
            self.cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
            self.client = Client(self.cluster, set_as_default=False)
            self.client.wait_for_workers(2, timeout=60)
        return self.client

    def close(self):
        """End the cluster."""
        if self.client is not None:
            self.client.close(timeout=10)
            self.cluster.close(timeout=30)
        self.cluster = self.client = None


@pytest.fixture(scope="module")
def starter():
    """Keep a cluster from test to test."""
    starter = Starter()
    yield starter
    starter.close()


@pytest.fixture(autouse=True)
def cluster(starter):
    """The cluster at work, both workers there; nothing is left on it afterwards."""
    client = starter.start()
    before = pids(client)
    with client.as_current():
        yield client
    assert_nothing_left(client)
    if pids(client) != before:  # a nanny may or may not have started another worker by now: begin anew
        starter.close()


def assert_nothing_left(client):
    """Check that the cluster has forgotten all, once the tasks that were running have ended."""
    left = {}
    for _ in range(200):
        left = client.run_on_scheduler(lambda dask_scheduler: dict.fromkeys(map(str, dask_scheduler.tasks)))
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(f"left on the cluster: {list(left)[:5]}")


def wait_until_idle(client):
    """Wait until no thread of a worker computes: what was begun goes on to its end."""
    for _ in range(400):
        if not any(client.run(lambda dask_worker: bool(dask_worker.active_threads)).values()):
            return
        time.sleep(0.05)
    raise AssertionError("the workers go on")


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


class Killer(threading.Thread):
    """Kills the process that has read a store last, once there were so many reads."""

    def __init__(self, store, n_reads):
        super().__init__()
        self.store, self.n_reads, self.killed = store, n_reads, None
        self.start()

    def run(self):
        for _ in range(4000):
            notes = sorted(self.store.folder.iterdir(), key=lambda file: int(file.name.split("-")[1]))
            if len(notes) >= self.n_reads:
                self.killed = int(notes[-1].name.split("-")[0])
                os.kill(self.killed, signal.SIGKILL)
                return
            time.sleep(0.005)


@pytest.fixture
def gathered(monkeypatch):
    """Bytes of each result that came back to the client."""
    sizes, gather = [], Client._gather

    async def noting(self, futures, *args, **keywords):
        found = await gather(self, futures, *args, **keywords)
        sizes.append(len(pickle.dumps(found)))
        return found

    monkeypatch.setattr(Client, "_gather", noting)
    return sizes


@pytest.fixture
def one_by_one(monkeypatch):
    """Small chunks are not joined, nor worked on together, as large ones would not be."""
    monkeypatch.setattr(chunks, "FEW_VALUES", 1)
    monkeypatch.setattr(chunks, "GROUP", 1)


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
    assert_same(segment(store.lazy(), 5, channel_axis=axis), segment(image, 5, channel_axis=axis))
    assert store.readers() <= pids(cluster)


def test_of_floats_the_inertia_is_within_a_thousandth(tmp_path, cluster, monkeypatch):
    image = data.astronaut()[:200, :250].astype(np.float32)
    monkeypatch.setattr(drawn, "VALUES", 60_000)
    store = Store(image, tmp_path)
    want, seg = segment(image, 4), segment(store.lazy(), 4)
    labels = seg.labels.compute()
    assert seg.inertia <= want.inertia * 1.001
    assert_allclose(seg.inertia, ((image - seg.centroids[labels - 1]) ** 2).sum(), rtol=1e-5)
    assert_array_equal(seg.counts, np.bincount(labels.ravel(), minlength=5)[1:])
    exact = segment(store.lazy(), 4, exact_passes=3, normalize="zscore")
    assert exact.inertia <= segment(store.lazy(), 4, normalize="zscore").inertia
    assert store.readers() <= pids(cluster)


def test_images_that_only_the_workers_have_ever_seen(tmp_path, gathered):
    def paint(block_info):
        (tmp_path / str(os.getpid())).touch()
        start = block_info[None]["array-location"][0][0]
        return np.random.default_rng(start).integers(0, 255, (512, 512), dtype=np.uint16) * 100

    def written(labels):
        (tmp_path / f"{os.getpid()}-labels").touch()
        return np.bincount(labels.ravel(), minlength=4)[None]

    image = da.map_blocks(paint, chunks=((512,) * 8, (512,)), dtype=np.uint16, meta=np.empty((0, 0), np.uint16))
    seg = segment(image, 3)
    counts = seg.labels.map_blocks(written, chunks=((1,) * 8, (4,)), dtype=int, meta=np.empty((0, 0), int))
    assert_array_equal(counts.sum(0).compute()[1:], seg.counts)
    assert sum(gathered) < image.nbytes / 4  # counts of 2^16 values, and what asks for them
    assert os.getpid() not in {int(file.name.split("-")[0]) for file in tmp_path.iterdir()}


def kernels():
    """How many types each kernel was compiled for, and how often it was compiled or read from the cache for them."""
    found = {}
    for name in ("_kernels", "_pixel_kernels", "_exact_1d"):
        module = importlib.import_module(f"napari_kseg.kmeans.{name}")
        for kernel in vars(module).values():
            if hasattr(kernel, "signatures") and hasattr(kernel, "stats"):
                times = sum(kernel.stats.cache_hits.values()) + sum(kernel.stats.cache_misses.values())
                found[f"{name}.{kernel.__name__}"] = len(kernel.signatures), times
    return found


def test_a_worker_compiles_a_kernel_once(photo, tmp_path, cluster, one_by_one):
    def all_of_it():
        seg = segment(Store(photo, tmp_path).lazy(), 4)
        seg.recolored().compute()

    all_of_it()
    first = cluster.run(kernels)
    all_of_it()
    assert cluster.run(kernels) == first
    for own in first.values():
        assert own["_pixel_kernels.count_colors"][0] == 1
        assert own["_pixel_kernels.look_up_colors"][0] == 1
        assert all(times <= types for types, times in own.values())


@pytest.mark.parametrize("n_reads", [3, 10])
def test_a_worker_that_dies_while_it_fits_changes_nothing(photo, n_reads, tmp_path, cluster, one_by_one):
    image = np.tile(photo, (2, 2, 1))
    store, before = Store(image, tmp_path, seconds=0.05), pids(cluster)
    killer = Killer(store, n_reads)
    seg = segment(store.lazy(), 5)
    killer.join()
    assert killer.killed in before
    assert_same(seg, segment(image, 5))


@pytest.mark.parametrize("kind", ["labels", "recolored"])
def test_a_worker_that_dies_while_labels_are_made_changes_nothing(photo, kind, tmp_path, cluster):
    store, before = Store(photo, tmp_path, seconds=0.1), pids(cluster)
    want, seg = segment(photo, 5), segment(store.lazy(), 5)
    killer = Killer(store, store.n_reads() + 3)
    found = (seg.labels if kind == "labels" else seg.recolored()).compute()
    killer.join()
    assert killer.killed in before
    assert_array_equal(found, want.labels if kind == "labels" else want.recolored())


def test_a_worker_that_dies_in_a_pass_over_floats_changes_little(tmp_path, cluster, one_by_one):
    image = data.astronaut()[:120, :250].astype(np.float32)
    store = Store(image, tmp_path, seconds=0.05)
    killer = Killer(store, 20)  # of 15 chunks: in the second look
    seg = segment(store.lazy(), 4)
    killer.join()
    assert killer.killed not in pids(cluster)
    assert_array_equal(seg.labels.compute(), segment(image, 4).labels)


@pytest.mark.parametrize("exception", [RuntimeError, KeyboardInterrupt])
def test_what_the_callback_raises_stops_the_workers(photo, exception, tmp_path, cluster, one_by_one):
    store, told = Store(np.tile(photo, (4, 4, 1)), tmp_path, seconds=0.05), []

    def stop(stage, done, total):
        told.append((stage, done, total))
        if done >= 2:
            raise exception("stopped")

    with pytest.raises(exception, match="stopped"):
        segment(store.lazy(), 3, callback=stop)
    assert_nothing_left(cluster)
    wait_until_idle(cluster)
    n_reads = store.n_reads()
    assert n_reads < 100  # of 110 chunks
    time.sleep(0.3)
    assert store.n_reads() == n_reads
    assert told[0] == ("Counting colors", 0, 100)  # those at the borders are joined


def test_progress_is_told(photo, tmp_path, one_by_one):
    told = []
    segment(Store(photo, tmp_path, seconds=0.1).lazy(), 3, callback=lambda *news: told.append(news))
    counting = [done for stage, done, total in told if stage == "Counting colors" and total == 4]
    assert counting == sorted(counting)
    assert {0, 4} < set(counting)


@pytest.mark.parametrize("floats", [False, True])
def test_a_chunk_that_cannot_be_read_is_named_and_looked_for_by_workers(photo, floats, tmp_path, cluster, one_by_one):
    image = photo.astype(np.float32) if floats else photo
    store = Store(image, tmp_path, broken=(40, 100))
    with pytest.raises(
        OSError, match=r"the chunk \[40:80, 100:130\] of the image cannot be read \(OSError: disk on fire\)"
    ):
        segment(store.lazy(), 3)
    assert store.readers() <= pids(cluster)


def test_an_error_of_our_own_is_itself(photo, tmp_path):
    with pytest.raises(ValueError, match="every pixel is left out"):
        segment(Store(photo, tmp_path).lazy(), 3, mask=np.zeros(photo.shape[:2], bool))


def test_models_and_what_is_made_of_a_result(photo, tmp_path, cluster):
    other = photo[::-1, :, ::-1].copy()
    store = Store(other, tmp_path)
    model = segment(photo, 5).split(2).merge([3, 4]).model
    assert_array_equal(model.predict(store.lazy()).compute(), model.predict(other))
    seg, want = model.segment(store.lazy()), model.segment(other)
    assert_array_equal(seg.counts, want.counts)
    assert_same(segment(store.lazy(), 6).merge([2, 3]), segment(other, 6).merge([2, 3]))
    assert_array_equal(seg.extract([1, 2]).compute(), want.extract([1, 2]))
    assert_array_equal(seg.compute().labels, want.labels)
    assert store.readers() <= pids(cluster)


def test_zarr_arrays_are_read_by_the_workers(photo, tmp_path, gathered):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "photo.zarr", shape=photo.shape, chunks=(*CUT, 3), dtype=photo.dtype)
    array[:] = photo
    assert_same(segment(array, 4, sigma=1), segment(photo, 4, sigma=1))
