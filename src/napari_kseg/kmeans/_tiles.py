"""A tile of samples and the centroids that can be nearest to any of them: parts of the kernels.

F features, K clusters, T samples of a tile, L candidates.
"""

import numpy as np

from ._compile import part, part_without_nan

TILE = 128  # samples a tile: larger ones have more candidates, smaller ones cost more to find them

MARGIN = 0.25
"""Centroids are candidates of a tile, too, that are farther than the nearest one by up to this part of its radius."""


@part
def two_distances(tile, centroids, j, m, d, e):  # IN (F, T) f4, IN (K, F) f4, OUT (T,) f4 twice
    """Squared distances from the first m samples of a tile to centroids j and j + 1."""
    for i in range(m):
        d[i] = 0.0
        e[i] = 0.0
    for f in range(tile.shape[0]):
        c, c_next = centroids[j, f], centroids[j + 1, f]
        for i in range(m):
            x = tile[f, i]
            d[i] += (x - c) * (x - c)
            e[i] += (x - c_next) * (x - c_next)


@part
def keep_nearest(d, e, j, m, best, second, index):  # all (T,) f4
    """Merge the distances to centroids j and j + 1 into the two smallest so far and the index of the smallest."""
    # Two centroids a round, because with one LLVM turns `index[i] = j if … else index[i]` into a masked store, which
    # Zen executes in microcode: 1.8 against 0.2 ns a distance. `<`, not `<=`: a tie goes to the lower index.
    for i in range(m):
        low, near, k = best[i], second[i], index[i]
        loser = low if d[i] < low else d[i]
        near = loser if loser < near else near
        k = j if d[i] < low else k
        low = d[i] if d[i] < low else low
        loser = low if e[i] < low else e[i]
        second[i] = loser if loser < near else near
        index[i] = j + np.float32(1) if e[i] < low else k
        best[i] = e[i] if e[i] < low else low


@part_without_nan  # 0.2 instead of 6 ns a sample
def _bounds(tile, m, box):  # IN (F, T) f4, OUT (3, F) f8
    """Lowest, highest and middle value of every feature of a tile; return half the diagonal of this box."""
    diagonal = 0.0
    for f in range(tile.shape[0]):
        low = high = tile[f, 0]
        for i in range(m):
            low = min(low, tile[f, i])
            high = max(high, tile[f, i])
        box[2, f] = (low + high) / 2
        box[0, f] = low - 1e-7 * abs(low)  # the samples themselves are within 2^-24 of the tile's float32
        box[1, f] = high + 1e-7 * abs(high)
        diagonal += (box[1, f] - box[0, f]) ** 2
    return np.sqrt(diagonal) / 2


@part
def candidates_of_tile(tile, m, columns, box, distance, excess, chosen):
    """Collect the centroids that can be nearest to a sample of the tile, and those that soon could.

    IN tile (F, T) f4, columns (F, K) f8. SCRATCH box (3, F), distance (K,), excess (K,), all f8.
    OUT chosen (K,) i8 ascending. Return how many, and how much farther than the nearest one all others are at least.
    """
    # With p in the box around the tile, d2(p, j) - d2(p, first) is linear in p, so it is smallest in a corner. Where it
    # is positive there, j is out for the whole tile. Of 64 centroids, tiles of a photo's 94,000 colors in Morton order
    # leave 6.0 on average, of 1.2 million colors 2.8; tiles of pixels in image order leave nearly all, for 1 % of time.
    n_features, n_clusters = columns.shape
    radius = _bounds(tile, m, box)
    for j in range(n_clusters):
        distance[j] = 0.0
        excess[j] = 0.0
    for f in range(n_features):
        for j in range(n_clusters):
            distance[j] += (box[2, f] - columns[f, j]) ** 2
    first = np.uintp(0)
    for j in range(np.uintp(n_clusters)):
        if distance[j] < distance[first]:
            first = j
    for f in range(n_features):
        b = columns[f, first]
        for j in range(n_clusters):
            a = columns[f, j]
            excess[j] += (a - b) * (a + b - 2.0 * (box[1, f] if a > b else box[0, f]))
    longest = np.sqrt(distance[first]) + 2.0 * radius
    for j in range(n_clusters):  # from squared distances to distances, at most as large
        distance[j] = (excess[j] - 1e-12) / (np.sqrt(distance[j]) + longest + 1e-12)  # rounding in float64 is 1e-15
    n, margin = 0, np.inf
    for j in range(n_clusters):
        if distance[j] <= MARGIN * radius:
            chosen[n] = j
            n += 1
        else:
            margin = min(margin, distance[j])
    return n, margin


@part
def nearest_in_float64(samples, row, offset, scale, columns):  # IN (N, F), (F,) f8, (F, K) f8
    """Index of the centroid nearest to one sample, by float64 arithmetic."""
    best, index = np.inf, 0
    for j in range(columns.shape[1]):
        distance = 0.0
        for f in range(columns.shape[0]):
            difference = (samples[row, f] - offset[f]) * scale - columns[f, j]
            distance += difference * difference
        if distance < best:
            best, index = distance, j
    return index


@part
def farthest_step(step, candidates, n):
    """How far the farthest-moving of the first n candidates went."""
    farthest = 0.0
    for i in range(np.uintp(n)):
        farthest = max(farthest, step[np.uintp(candidates[i])])
    return farthest


@part
def gather(rounded, chosen, n, near):
    """Copy n centroids, and one at infinity if that makes their number even."""
    for f in range(rounded.shape[1]):
        near[n, f] = np.inf
        for i in range(n):
            near[i, f] = rounded[chosen[i], f]
