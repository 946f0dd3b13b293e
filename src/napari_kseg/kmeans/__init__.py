"""The engine: K-means of weighted samples. It knows NumPy and Numba, and nothing of images.

From the public function down: `_kmeans` checks the input, `_lloyd` runs Lloyd's algorithm from a start, `_samples`
passes over the samples block by block (`_blocks`: threads, progress, cancellation; `_moments`: sums over all), and
`_kernels` is what the processor does in each block (`_compile`: how it is compiled); `_state` is what is known from
pass to pass.
Where to start is searched for (`_search`, `_seeding`) on a small table (`_table`). Two kinds of samples have a shorter
way: 8-bit colors, by their histogram (`_histogram`, `_cubes`, `_pixel_kernels`; `_distinct` for four features;
`_morton`: the order of colors), and one feature, whose global optimum is computed (`_exact_1d`).
"""

from ._blocks import Callback, block_length, limit_threads, map_blocks, n_threads
from ._compile import read_only
from ._distinct import MOST_COLORS, ColorCounts, distinct_colors
from ._exact_1d import optimal_1d
from ._histogram import ColorHistogram, ColorTally, histogram_of_colors, histogram_of_values
from ._kmeans import (
    ConvergenceWarning,
    KMeansFit,
    checked_centroids,
    checked_integer,
    checked_number,
    checked_search,
    kmeans,
    not_converged,
    warn_not_converged,
)
from ._lloyd import RELAXATION, Fit, lloyd
from ._moments import Moments
from ._morton import codes_of, colors_of
from ._pixel_kernels import fill_table, look_up_colors, look_up_values, paint, paint_colors
from ._samples import Assigned, Samples, Source, TableSource
from ._search import Search, best_start, completed, drawn_levels, table_size
from ._warmup import warm_up

__all__ = [
    "MOST_COLORS",
    "RELAXATION",
    "Assigned",
    "Callback",
    "ColorCounts",
    "ColorHistogram",
    "ColorTally",
    "ConvergenceWarning",
    "Fit",
    "KMeansFit",
    "Moments",
    "Samples",
    "Search",
    "Source",
    "TableSource",
    "best_start",
    "block_length",
    "checked_centroids",
    "checked_integer",
    "checked_number",
    "checked_search",
    "codes_of",
    "colors_of",
    "completed",
    "distinct_colors",
    "drawn_levels",
    "fill_table",
    "histogram_of_colors",
    "histogram_of_values",
    "kmeans",
    "limit_threads",
    "lloyd",
    "look_up_colors",
    "look_up_values",
    "map_blocks",
    "n_threads",
    "not_converged",
    "optimal_1d",
    "paint",
    "paint_colors",
    "read_only",
    "table_size",
    "warm_up",
    "warn_not_converged",
]
