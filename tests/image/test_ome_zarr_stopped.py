"""Writing that is killed, cancelled or fails: nothing half-written looks whole, and what is finished is not redone."""

import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import dask
import numpy as np
import pytest
import zarr
from numpy.testing import assert_array_equal
from skimage import data

import napari_kseg as kseg

LAZY = Path(__file__).with_name("lazy_result.py")

WRITE = """
import os, resource, runpy, sys, time
import numpy as np
import napari_kseg as kseg
from skimage import data

path, log, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])

def read(labels, place):
    with open(log, "a") as file:
        file.write(f"{place}\\n")
    time.sleep(seconds)
    return labels

seg = kseg.segment(np.tile(data.astronaut(), (3, 3, 1)), 4)
seg.recolored()  # compiled, and cached, before the disk is full
lazy = runpy.run_path(sys.argv[4])["lazily"](seg, (128, 1536), read)
if len(sys.argv) > 5:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]),) * 2)
try:
    lazy.to_zarr(path)
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def write(path, log, seconds=0, *limit):
    arguments = [sys.executable, "-c", WRITE, path, log, seconds, LAZY, *limit]
    return subprocess.Popen([str(argument) for argument in arguments], stderr=subprocess.PIPE, text=True)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def partial(path):
    return path.with_name(path.name + ".partial")


def is_whole(path, seg, prefix="labels/clusters/"):
    assert_array_equal(zarr.open_group(path, mode="r")[f"{prefix}0"][:], seg.labels)
    return not partial(path).exists()


@pytest.fixture(scope="module")
def seg():
    return kseg.segment(np.tile(data.astronaut(), (3, 3, 1)), 4)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.ome.zarr"


def test_a_killed_writer_goes_on_where_it_was(seg, path, tmp_path):
    log, again = tmp_path / "first.txt", tmp_path / "again.txt"
    finished = partial(path) / ".writing" / "finished.txt"
    process = write(path, log, 0.3)
    while len(lines(finished)) < 2:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    n_finished = len(lines(finished))
    assert not path.exists()
    with pytest.raises(Exception, match=r"(?i)multiscales"):  # what is there is no image yet
        zarr.open_group(partial(path), mode="r").attrs["multiscales"]
    before = {file: file.stat().st_mtime_ns for file in partial(path).rglob("labels/clusters/0/c/*/*")}
    process = write(path, again)
    assert process.communicate()[1] == ""
    assert is_whole(path, seg)
    # 1536 / 128 = 12 chunks of the result, four to a block, of which three are written
    assert len(lines(again)) == 12 - 4 * n_finished
    moved = {path / file.relative_to(partial(path)): time for file, time in before.items()}
    assert sum(file.stat().st_mtime_ns == time for file, time in moved.items()) >= n_finished


def test_a_full_disk_is_said_and_what_is_finished_stays(seg, path, tmp_path):
    process = write(path, tmp_path / "log.txt", 0, 12_000)  # bytes in a file: a chunk of the image is larger
    said = process.communicate()[1]
    assert process.returncode == 1
    assert len(said.splitlines()) == 1
    assert "of level 0, pixels [" in said
    assert "could not be written (File too large)" in said
    assert not path.exists()
    seg.to_zarr(path)
    assert is_whole(path, seg)


def test_cancelling_leaves_what_is_finished(seg, lazily, path):
    class Cancelled(Exception):
        pass

    def cancel(stage, done, total):
        if done == 2:
            raise Cancelled

    reads = []
    lazy = lazily(seg, (512, 512), lambda labels, place: reads.append(place) or labels)
    with pytest.raises(Cancelled), dask.config.set(scheduler="sync"):
        lazy.to_zarr(path, callback=cancel)
    assert not path.exists()
    n_before = len(reads)
    lazy.to_zarr(path)
    assert is_whole(path, seg)
    assert len(reads) - n_before == 9 - 2


@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_a_chunk_that_cannot_be_read_is_named(seg, lazily, path, scheduler):
    def read(labels, place):
        if place == (1, 2):
            raise RuntimeError("the store has a hole")
        return labels

    with dask.config.set(scheduler=scheduler), pytest.raises(OSError, match="hole") as caught:
        lazily(seg, (512, 512), read).to_zarr(path)
    assert r"chunk (1, 2) of level 0, pixels [512:1024, 1024:1536], could not be computed" in str(caught.value)
    assert not path.exists()
    lazily(seg, (512, 512)).to_zarr(path)  # mended: goes on
    assert is_whole(path, seg)


def test_when_nothing_could_be_written_nothing_is_left(seg, lazily, tmp_path):
    def read(labels, place):
        raise RuntimeError("no such thing")

    with pytest.raises(OSError, match="no such thing") as caught:
        lazily(seg, (512, 512), read).to_zarr(tmp_path / "deep" / "out.zarr")
    assert "stays" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_said(seg, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match=r"out\.zarr could not be written: Not a directory"):
        seg.to_zarr(tmp_path / "file" / "out.zarr")
    (tmp_path / "out.zarr.partial").write_text("mine")
    with pytest.raises(FileExistsError, match="is in the way and was not begun by napari-kseg"):
        seg.to_zarr(tmp_path / "out.zarr", overwrite=True)
    assert (tmp_path / "out.zarr.partial").read_text() == "mine"


class Stop(Exception):
    pass


def stop_after(number):
    def callback(stage, done, total):
        if done == number:
            raise Stop

    return callback


def begin(seg, path, **keywords):
    with pytest.raises(Stop):
        seg.to_zarr(path, callback=stop_after(1), **keywords)
    assert partial(path).exists()


def test_other_settings_are_not_mixed_in(seg, path):
    begin(seg, path)
    with pytest.raises(FileExistsError, match=r"\.partial was begun with another layout; set overwrite=True"):
        seg.to_zarr(path, scale=2)
    with pytest.raises(FileExistsError, match=r"begun with another image and another model"):
        seg.merge([1, 2]).to_zarr(path)
    with pytest.raises(FileExistsError, match=r"begun with another model"):
        seg.named({1: "sky"}).to_zarr(path)
    merged = seg.merge([1, 2])
    merged.to_zarr(path, overwrite=True)
    assert is_whole(path, merged)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_another_image_of_the_same_colors_is_not_mixed_in(seg, lazily, path, is_lazy):
    turned = kseg.segment(seg.image[:, ::-1], 4)
    assert_array_equal(turned.counts, seg.counts)
    if is_lazy:
        turned = lazily(turned, (512, 512))
        begin(lazily(seg, (512, 512)), path)
    else:
        begin(seg, path)
    with pytest.raises(FileExistsError, match="begun with another image; set overwrite=True"):
        turned.to_zarr(path)
    turned.to_zarr(path, overwrite=True)
    assert is_whole(path, turned)


def test_a_cut_off_record_costs_one_block(seg, path):
    begin(seg, path)
    record = partial(path) / ".writing" / "finished.txt"
    record.write_text(record.read_text() + "0 0.1 12")
    seg.to_zarr(path)
    assert is_whole(path, seg)


def test_two_writers_of_one_result_are_kept_apart(seg, path, tmp_path):
    process = write(path, tmp_path / "log.txt", 0.5)
    while not partial(path).exists():
        assert process.poll() is None
        time.sleep(0.02)
    with pytest.raises(FileExistsError, match=r"\.partial is being written by another process"):
        seg.to_zarr(path, overwrite=True)
    assert process.communicate()[1] == ""
    assert is_whole(path, seg)


@pytest.mark.parametrize("killed", [False, True])
def test_a_cluster_writes_the_same_even_if_it_loses_a_worker(seg, path, tmp_path, killed):
    from distributed import Client, LocalCluster

    lazily = runpy.run_path(str(LAZY))["lazily"]
    victim = tmp_path / "victim"

    def read(labels, place):
        # the first process that reads the fifth chunk dies of it
        if place == (1, 1) and not victim.exists():
            victim.write_text(str(os.getpid()))
            if killed:
                os.kill(os.getpid(), signal.SIGKILL)
        return labels

    def where(labels, place):
        return read(labels, place)

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as cluster,
        Client(cluster),
    ):
        lazily(seg, (512, 512), where).to_zarr(path)
    assert victim.read_text() != str(os.getpid())
    assert is_whole(path, seg)


def test_on_a_cluster_a_chunk_that_cannot_be_read_is_named(seg, lazily, path):
    from distributed import Client, LocalCluster

    def read(labels, place):
        if place == (2, 0):
            raise RuntimeError("the store has a hole")
        return labels

    with (
        LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        Client(cluster),
        pytest.raises(OSError, match=r"chunk \(2, 0\) of level 0, pixels \[1024:1536, 0:512\], could not be computed"),
    ):
        lazily(seg, (512, 512), read).to_zarr(path)
    assert not path.exists()
