"""Measurements that need a fresh process: first calls, peak memory, labels under another number of threads.

    python fresh.py JOB ARGUMENT      prints what `in_fresh_process` returns, as JSON

The imports are inside the functions, as the time of an import is one of the results.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path


def in_fresh_process(job, argument="", **environment):
    """Return what a job of this file returns when a new Python runs it."""
    command = [sys.executable, __file__, job, str(argument)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | environment, cwd=Path(__file__).parent
    )
    if done.returncode:
        raise RuntimeError(f"{job} {argument} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def first_call(kind):
    """Seconds to import napari-kseg, and of the first and second segmentation of an image of 512 × 512."""
    start = time.perf_counter()
    import napari_kseg as kseg

    imported = time.perf_counter()
    image, axis = small_image(kind)
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        kseg.segment(image, 5, channel_axis=axis).recolored()
        seconds.append(time.perf_counter() - begin)
    return {"import": imported - start, "first": seconds[0], "second": seconds[1]}


def small_image(kind):
    """Return an image and its channel axis: waves with noise, made by NumPy alone."""
    import numpy as np

    y, x = np.mgrid[:512, :512] / 512
    waves = np.stack([np.sin(9 * x), np.cos(7 * y), np.sin(8 * (x + y)), x * y, x - y], axis=-1)
    unit = (waves + 1.2 + np.random.default_rng(0).normal(0, 0.02, waves.shape)) / 2.4
    unit = np.clip(unit, 0, 1)
    return {
        "RGB uint8": ((unit[..., :3] * 255).astype(np.uint8), -1),
        "gray uint8": ((unit[..., 0] * 255).astype(np.uint8), None),
        "gray uint16": ((unit[..., 0] * 4095).astype(np.uint16), None),
        "5 channels float32": (unit.astype(np.float32), -1),
    }[kind]


def peak_memory(file_and_clusters):
    """Megabytes at the peak of the whole job beyond the image, the labels and the recolored image."""
    import numpy as np

    import napari_kseg as kseg

    file, n_clusters = file_and_clusters.rsplit(",", 1)
    small, _ = small_image("RGB uint8")
    kseg.segment(small, int(n_clusters), downsample=1).recolored()  # compiles, starts the threads
    image = np.load(file)
    before = peak_rss()
    seg = kseg.segment(image, int(n_clusters), downsample=1)
    recolored = seg.recolored()
    outputs = seg.labels.nbytes + recolored.nbytes
    return (peak_rss() - before - outputs) / 1e6


def peak_rss():
    """Bytes of memory at the peak of this process so far."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would give the peak of the parent here if that was higher, as exec inherits it
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def lazy_read(store):
    """Cost of reading every chunk of a zarr array once."""
    from dask import array

    image = opened(store)
    return {"read": cost(lambda: array.store(array.from_zarr(image), Nowhere(), lock=False))}


def lazy_job(store_and_clusters):
    """Costs of a fit of a zarr array, of the labels of a first tile, and of all labels."""
    from dask import array

    import napari_kseg as kseg

    store, n_clusters = store_and_clusters.rsplit(",", 1)
    image = opened(store)
    found = []
    costs = {"fit": cost(lambda: found.append(kseg.segment(image, int(n_clusters))))}
    labels, middle = found[0].labels, image.shape[0] // 2
    costs["tile"] = cost(lambda: labels[middle : middle + 512, middle : middle + 512].compute())
    costs["labels"] = cost(lambda: array.store(labels, Nowhere(), lock=False))
    return costs


def opened(store):
    """Return a zarr array, after all kernels are compiled and all threads started."""
    import zarr
    from dask import array

    import napari_kseg as kseg

    small, _ = small_image("RGB uint8")
    kseg.segment(array.from_array(small, 256), 5).recolored().compute()
    return zarr.open(store, mode="r")


class Nowhere:
    """Takes chunks and forgets them."""

    def __setitem__(self, index, values):
        pass


def cost(job):
    """Return seconds by the clock and of all processors together, and the peak of memory so far."""
    clock, processors = time.perf_counter(), time.process_time()
    job()
    return {
        "clock": time.perf_counter() - clock,
        "processors": time.process_time() - processors,
        "memory": peak_rss() / 1e6,
    }


def label_hashes(_):
    """First digits of the SHA-256 of the labels of several jobs."""
    import hashlib

    import numpy as np
    from dask import array
    from images import many_channels, mosaic, photo, volume

    import napari_kseg as kseg

    jobs = {
        "coffee, k=5": lambda: kseg.segment(photo("coffee"), 5),
        "coffee, k=256": lambda: kseg.segment(photo("coffee"), 256),
        "coffee, k=5, dask": lambda: kseg.segment(array.from_array(photo("coffee"), chunks=(170, 130, 3)), 5),
        "mosaic 4 MP, k=5": lambda: kseg.segment(mosaic(4), 5),
        "mosaic 4 MP, k=64": lambda: kseg.segment(mosaic(4), 64),
        "gray uint8 volume, k=8": lambda: kseg.segment(volume(16, dtype="uint8"), 8),
        "gray uint16 volume, k=8": lambda: kseg.segment(volume(16), 8),
        "gray uint16 volume, k=8, dask": lambda: kseg.segment(array.from_array(volume(16), chunks=(5, 200, 512)), 8),
        "float32 × 8, 1024², k=8": lambda: kseg.segment(many_channels(1024), 8, channel_axis=-1),
    }
    hashes = {}
    for name, job in jobs.items():
        labels = np.asarray(job().labels)
        hashes[name] = hashlib.sha256(labels.tobytes()).hexdigest()[:12]
    return hashes


if __name__ == "__main__":
    jobs = {f.__name__: f for f in (first_call, peak_memory, lazy_read, lazy_job, label_hashes)}
    print(json.dumps(jobs[sys.argv[1]](sys.argv[2])))
