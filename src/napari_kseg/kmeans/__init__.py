"""The engine: K-means of weighted samples. It knows NumPy and Numba, and nothing of images.

From the public function down: `_kmeans` checks the input, `_lloyd` runs Lloyd's algorithm from the best of several
starts (`_seeding`), `_samples` passes over the samples block by block (`_blocks`: threads, progress, cancellation), and
`_kernels` is what the processor does in each block. Two kinds of samples have a shorter way: `_colors` (8-bit colors,
by their histogram) and `_exact_1d` (one feature, globally optimal).
"""

from ._blocks import Callback, block_length, map_blocks
from ._colors import ColorHistogram, histogram_of_colors
from ._exact_1d import optimal_1d
from ._kernels import count_values, look_up_colors, look_up_values, paint
from ._kmeans import (
    ConvergenceWarning,
    KMeansFit,
    checked_centroids,
    checked_integer,
    checked_search,
    kmeans,
    not_converged,
    warn_not_converged,
)
from ._lloyd import Fit, Search, best_start, drawn_levels, lloyd
from ._samples import Assigned, Samples, Source, TableSource
from ._warmup import warm_up

__all__ = [
    "Assigned",
    "Callback",
    "ColorHistogram",
    "ConvergenceWarning",
    "Fit",
    "KMeansFit",
    "Samples",
    "Search",
    "Source",
    "TableSource",
    "best_start",
    "block_length",
    "checked_centroids",
    "checked_integer",
    "checked_search",
    "count_values",
    "drawn_levels",
    "histogram_of_colors",
    "kmeans",
    "lloyd",
    "look_up_colors",
    "look_up_values",
    "map_blocks",
    "not_converged",
    "optimal_1d",
    "paint",
    "warm_up",
    "warn_not_converged",
]
