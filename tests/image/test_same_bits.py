"""The same image, settings and seed give the same bits: in any layout, in dask, on any number of threads."""

import hashlib
import os
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_kseg import segment


class OnlySlices:
    """An array on disk, as zarr and HDF5 have them: shape, dtype and slicing, and never read as a whole."""

    def __init__(self, array):
        self._array, self.shape, self.dtype, self.largest = array, array.shape, array.dtype, 0

    def __getitem__(self, index):
        part = self._array[index]
        self.largest = max(self.largest, part.size)
        return part

    def __array__(self, *args, **kwargs):
        raise AssertionError("the array was read as a whole")


def laid_out_otherwise(image, folder):
    wide = np.zeros((image.shape[0] * 2, image.shape[1] * 3, *image.shape[2:]), image.dtype)
    wide[::2, ::3] = image
    read_only = image.copy()
    read_only.flags.writeable = False
    np.save(folder / "image.npy", image)
    yield from (image, np.asfortranarray(image), wide[::2, ::3], read_only, image[::-1][::-1])
    yield from (
        np.load(folder / "image.npy", mmap_mode="r"),
        OnlySlices(image),
        image.astype(image.dtype.newbyteorder()),
    )


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("color", [True, False])
def test_every_layout_gives_the_same_bits(photo, dtype, color, tmp_path):
    image = (photo if color else photo[..., 0]).astype(dtype)
    want = segment(image, 5)
    for other in laid_out_otherwise(image, tmp_path):
        seg = segment(other, 5)
        assert_array_equal(seg.labels, want.labels)
        assert_array_equal(seg.centroids, want.centroids)
        assert seg.inertia == want.inertia
        assert_array_equal(seg.recolored(), want.recolored())


@pytest.mark.parametrize("chunks", [(17, 23), (100, 7), (1, 130)])
@pytest.mark.parametrize("color", [True, False])
def test_dask_arrays_give_the_same_bits_in_any_chunks(photo, chunks, color):
    image = photo if color else photo[..., 0]
    want, seg = segment(image, 5), segment(da.from_array(image, (*chunks, 3) if color else chunks), 5)
    assert_array_equal(seg.labels, want.labels)
    assert_array_equal(seg.centroids, want.centroids)
    assert_array_equal(seg.recolored(), want.recolored())


def test_large_arrays_on_disk_are_read_in_parts():
    array = OnlySlices(np.random.default_rng(0).integers(0, 255, (1500, 1200, 2), dtype=np.uint8))
    seg = segment(array, 2, channel_axis=-1, n_init=1)
    seg.recolored()
    assert array.largest <= 1 << 21


def test_lists_of_rows_are_images():
    assert_array_equal(segment([[0, 1, 9], [8, 1, 0]], 2).labels, [[1, 1, 2], [2, 1, 1]])
    assert_array_equal(segment([[0.0, np.nan, 9], [8, 1, 0]], 2).labels, [[1, 0, 2], [2, 1, 1]])


SCRIPT = """
import hashlib, numpy as np, napari_kseg as kseg
from skimage import data
photo = data.astronaut()
four = np.tile(np.dstack([photo, photo[::-1, :, 1]]), (2, 2, 1))
for image in (photo, photo.astype("f4"), photo[..., 0], photo[..., 0] * 200.5, np.tile(photo, (3, 3, 1)), four):
    seg = kseg.segment(image, 6, channel_axis=-1 if image.ndim == 3 else None, n_init=2)
    bits = hashlib.sha256(seg.labels.tobytes() + seg.centroids.tobytes() + seg.recolored().tobytes())
    print(bits.hexdigest(), seg.inertia.hex(), seg.n_iter)
"""


def test_any_number_of_threads_gives_the_same_bits():
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "NUMBA_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "4")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0].splitlines()) == 6


def test_the_seed_decides(photo):
    first, again, other = (segment(photo, 12, n_init=1, random_state=seed).centroids for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert hashlib.sha256(first).digest() != hashlib.sha256(other).digest()
