"""P7: time and memory against the size of the image."""

import tempfile
from pathlib import Path

import numpy as np
from color import whole_job
from contest import milliseconds, timed
from fresh import in_fresh_process
from images import mosaic
from report import report

SIZES = (1, 4, 12, 24, 48, 100)


def p7(options):
    """The whole job from 1 to 100 megapixels."""
    sizes = SIZES[:2] if options.quick else SIZES
    with report("P7", "cost against size: RGB uint8, fit, labels and recolored") as out:
        out.line()
        out.line("Memory: peak in a fresh process beyond what image, labels and recolored image take.")
        out.columns("megapixels", "k", "copy of the image", "time", "copies", "time per megapixel", "memory besides")
        for megapixels in sizes:
            image = mosaic(megapixels)
            for n_clusters in (5, 64):
                copy, seconds = times(image, n_clusters, options.repeat)
                out.row(
                    megapixels,
                    n_clusters,
                    milliseconds(copy),
                    milliseconds(seconds),
                    f"{seconds / copy:.1f}",
                    f"{seconds * 1e3 / megapixels:.1f} ms",
                    f"{memory(image, n_clusters):.0f} MB",
                )


def times(image, n_clusters, repeat):
    """Return median seconds to copy an image and to do the whole job."""
    buffer = np.empty_like(image)
    np.copyto(buffer, image)
    whole_job(image, n_clusters)
    copies, own = [], []
    for _ in range(max(5, repeat)):
        copies.append(timed(lambda: np.copyto(buffer, image))[0])
        own.append(timed(lambda: whole_job(image, n_clusters))[0])
    return float(np.median(copies)), float(np.median(own))


def memory(image, n_clusters):
    """Return megabytes that the job takes besides its input and output."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.npy"
        np.save(file, image)
        return in_fresh_process("peak_memory", f"{file},{n_clusters}")
