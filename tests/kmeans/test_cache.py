"""Kernels are kept on disk where that is possible, and work where it is not."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import napari_kseg
from napari_kseg.kmeans._compile import without_garbage_collector

PACKAGE = Path(napari_kseg.__file__).parent

LOOK_UP = """
import numpy as np, napari_kseg
from napari_kseg.kmeans import look_up_values
labels = np.zeros(3, np.uint8)
look_up_values(np.array([7, 7, 9], np.uint8), np.uint8([1, 0, 1]), np.arange(256, dtype=np.uint8), labels)
assert labels.tolist() == [7, 0, 9]
print(napari_kseg.__file__)
print(type(look_up_values._cache).__name__)
"""


def run(environment, script=LOOK_UP):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def unwritable_copy(tmp_path):
    """A copy of the package beside which nothing can be written, not even by root: a file stands in the way."""
    copy = tmp_path / "site" / "napari_kseg"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    return copy


WARM_UP = """
import numpy as np, napari_kseg
from napari_kseg.kmeans import _kernels, _pixel_kernels, warm_up
def compiled():
    return [(name, kernel.signatures) for module in (_kernels, _pixel_kernels)
            for name, kernel in vars(module).items() if hasattr(kernel, "signatures")]
warm_up()
before = [(name, list(signatures)) for name, signatures in compiled()]
assert sum(len(signatures) for _, signatures in before) > 6
image = np.random.default_rng(0).integers(0, 256, (90, 80, 3), np.uint8)
for writable in (True, False):
    image.flags.writeable = writable
    for n_clusters in (2, 40):
        napari_kseg.segment(image, n_clusters).recolored()
assert compiled() == before, "compiled after the warm-up"
"""


def test_the_garbage_collector_rests_until_the_last_warm_up_ends():
    assert gc.isenabled()
    first, second = without_garbage_collector(), without_garbage_collector()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_after_the_warm_up_a_color_photo_needs_no_other_kernel():
    run({}, WARM_UP)


def test_kernels_work_where_nothing_can_be_written(tmp_path, unwritable_copy):
    nowhere = tmp_path / "file"
    nowhere.touch()
    homes = {name: str(nowhere / "home") for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA")}
    homes |= {"XDG_CACHE_HOME": str(nowhere / "cache"), "PYTHONPATH": str(unwritable_copy.parent)}
    used, cache = run(homes)
    assert Path(used).is_relative_to(unwritable_copy)
    assert cache == "NullCache"  # Numba's name for: kept nowhere


def test_compiled_kernels_are_kept_and_found_again(tmp_path):
    environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
    run(environment)
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")}
    assert kept
    loaded = run(environment, LOOK_UP + "assert look_up_values.stats.cache_hits\n")
    assert loaded
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nbc")} == kept
