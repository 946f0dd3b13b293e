"""Compile, or load from Numba's cache, the kernels that the segmentation of a color photo needs."""

import numpy as np

from ._blocks import Callback
from ._compile import read_only, without_garbage_collector
from ._histogram import histogram_of_colors
from ._lloyd import lloyd
from ._pixel_kernels import look_up_colors, paint_colors
from ._search import Search, best_start


def warm_up(callback: Callback | None = None) -> None:
    """Make the first segmentation of an 8-bit color image as fast as the next.

    Takes seconds on a machine that never ran it, a fraction of a second afterwards. Any thread may call it, any number
    of times.

    Parameters
    ----------
    callback : callable, optional
        `callback(stage, done, total)`, called between kernels; an exception raised in it stops the warm-up.

    Examples
    --------
    >>> from napari_kseg.kmeans import warm_up
    >>> warm_up()
    """
    with without_garbage_collector():
        pixels = read_only(np.arange(48, dtype=np.uint8).reshape(16, 3))
        keep = read_only(np.empty(0, np.uint8))
        histogram = histogram_of_colors(lambda block: (pixels, keep), 1, callback=callback)
        samples = histogram.samples(callback)
        start = best_start(histogram.levels(2), 2, Search(n_init=1, max_iter=2), samples)
        lloyd(samples, start, max_iter=2, limit=0.0)
        labels = np.empty(16, np.uint8)
        look_up_colors(pixels, keep, histogram.table(np.ones(len(histogram.colors), np.uint8)), labels)
        paint_colors(read_only(labels), np.zeros(256, np.uint32), np.empty(12, np.uint32))
