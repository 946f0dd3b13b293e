"""The compiled inner loops over samples: each handles one block of them on one thread.

Kernels see arrays and numbers only. The caller allocates every output and scratch array and has checked shapes, dtypes
and ranges; kernels check nothing and never raise. They release the GIL and know no threads: drivers map them over
blocks on a thread pool (`_blocks`). None is one of Numba's parallel kernels: two threads inside such kernels abort the
process under the workqueue layer, and napari runs some in the thread of its window.

N samples of a block, F features, K clusters, T samples of a tile, L candidates.

.. [1] Hamerly (2010), Making k-means even faster, SIAM International Conference on Data Mining, 130-140,
   doi:10.1137/1.9781611972801.12. There one bound holds for all samples; here each tile has its own.
"""

import numpy as np

from ._compile import kernel, part, part_without_nan

TILE = 128  # samples a tile: larger ones have more candidates, smaller ones cost more to find them

LONG = 1.0
"""Way, in the frame, after which all is assigned anew: long ways cost digits, and put everything in doubt."""

MARGIN = 0.25
"""Centroids are candidates of a tile, too, that are farther than the nearest one by up to this part of its radius."""


@kernel
def lloyd_block(samples, weights, frame, centroids, moved, rule, scratch, state, tiles, inertias):
    """Assign the samples of a block to centroids; if they are all there is, go on with Lloyd's algorithm.

    IN samples (N, F) f4 or f8; weights (N,) f8; frame: offset (F,) f8, scale; rule: the sum of squared moves that ends
    it f8, the number of moves that ends it, 0 to assign only; relaxation: how far centroids go, 1 is to their means.
    IN and OUT in the frame: centroids (K, F) f8; moved: how far each centroid went since the pass before (K,) f8 and in
    all (K,) f8, and the sum over the passes of the farthest that any went.
    SCRATCH arrays as `scratch` of `_state` makes them.
    STATE labels (N,) i4; until (N,) f4: see below, -inf for a sample that was never assigned; sums (K, F + 2) f8:
    weighted sum of the features, weight, number of samples with any. tiles: number of candidates (N / T,) i4, 0 before;
    candidates (N / T, L) i4; reach and limit (N / T, 2) f8.
    OUT inertias (K,) f8, or (0,) if they are not wanted.
    Return the number of moves, and whether that is all: if not, a cluster is empty, or it must go on with a new state.
    """
    step, way, total = moved
    limit, max_moves, relaxation = rule
    n_moves = 0
    while True:
        n_changed = _assign(samples, weights, frame, centroids, (step, way, total), scratch, state, tiles)
        if n_moves == max_moves or _smallest(state[2]) <= 0:
            break
        # If none changed its cluster, these means are the last ones.
        shift, farthest = _move(centroids, state[2], relaxation if n_changed else 1.0, step, way)
        total += farthest
        n_moves += 1
        if shift <= limit:
            max_moves = n_moves  # once more, for labels and sums that fit the centroids
        elif total > LONG and n_moves < max_moves:
            break
    if inertias.shape[0] > 0:
        _measure(samples, weights, frame, centroids, state[0], inertias)
    return n_moves, n_moves == max_moves


@part
def _assign(samples, weights, frame, centroids, moved, scratch, state, tiles):
    """Assign every sample whose nearest centroid may have changed, and keep the sums of the clusters up to date.

    Return how many changed their cluster.
    """
    # Strategy: transpose those samples of a tile that are in doubt, so that one instruction works on 8 of them; compare
    # them with the few centroids that can be nearest to any of them, and find the two nearest to each, in float32;
    # where they are too close for float32 to tell, decide in float64 (about one sample in a million).
    # A sample is in doubt once its centroid and the farthest-moving other one have together gone as far as the second
    # was farther than the first [1]_. Others that count are the candidates of its tile (`reach`: how far the
    # farthest-moving of them went in each pass, summed up), as long as no other centroid can have come near (`limit`).
    (offset, scale), (step, way, total) = frame, moved
    columns, rounded, tile, near, box, distance, excess, chosen, rows, (d, e, best, second, index) = scratch
    labels, until, sums = state
    n_known, known, bounds = tiles
    n_samples, n_features = samples.shape
    unit = np.float32(2.0**-24)  # rounding error of float32
    norm = _lay_out(centroids, columns, rounded)
    n_changed = 0
    for start in range(0, n_samples, TILE):
        t = np.uintp(start // TILE)
        n_near = n_known[t]
        if n_near:
            bounds[t, 0] += _farthest(step, known[t], n_near)
            if total + bounds[t, 0] >= bounds[t, 1]:
                n_near = 0
            elif n_near == 1:
                continue
        first, end = np.uintp(start), np.uintp(min(start + TILE, n_samples))  # unsigned: no test for negative indices
        m = np.uintp(0)
        if n_near:
            reach = bounds[t, 0]
            for row in range(first, end):
                rows[m] = row
                m += np.uintp(way[np.uintp(labels[row])] + reach >= until[row])
            if m == 0:
                continue
        else:
            for row in range(first, end):
                rows[m] = row
                m += np.uintp(1)
        for f in range(n_features):
            for i in range(m):
                tile[f, i] = (samples[np.uintp(rows[i]), f] - offset[f]) * scale
        if n_near == 0:
            n_near, margin = _candidates(tile, m, columns, box, distance, excess, chosen)
            bounds[t, 1] = margin + total + bounds[t, 0]
            n_known[t] = n_near if n_near <= known.shape[1] else 0
            for i in range(n_known[t]):
                known[t, i] = chosen[i]
        else:
            for i in range(n_near):
                chosen[i] = known[t, i]
        _gather(rounded, chosen, n_near, near)
        for i in range(m):
            best[i] = np.inf
            second[i] = np.inf
            index[i] = 0
        for j in range(0, n_near, 2):
            _two_distances(tile, near, j, m, d, e)
            _keep_nearest(d, e, np.float32(j), m, best, second, index)
        # Error bound of two squared distances: F + 4 roundings each, and rounded coordinates of sample and centroid.
        # With one candidate it is infinite and d is NaN: not `<= 0`.
        for i in range(m):
            bound = np.float32(n_features + 6) * second[i] + np.float32(4) * norm * np.sqrt(second[i])
            d[i] = second[i] - best[i] - np.float32(2) * unit * bound
            e[i] = d[i] / (np.sqrt(second[i]) + np.sqrt(best[i]))
        for i in range(m):
            row = np.uintp(rows[i])
            gap = np.float64(e[i]) if n_near > 1 else np.inf
            if d[i] <= 0:
                gap = 0.0
                label = np.uintp(_nearest_in_float64(samples, row, offset, scale, columns))
            else:
                label = np.uintp(chosen[np.uintp(np.int64(index[i]))])
            old = np.uintp(labels[row])
            is_new = until[row] == -np.inf
            until[row] = (gap + way[label] + bounds[t, 0]) * (1 - 1e-6)  # rounding in float32 is 6e-8 each time
            if is_new or old != label:
                n_changed += 1
                labels[row] = label
                weight = weights[row]
                counted = 1.0 if weight > 0 else 0.0
                for f in range(np.uintp(n_features)):
                    value = weight * ((samples[row, f] - offset[f]) * scale)
                    sums[label, f] += value
                    if not is_new:
                        sums[old, f] -= value
                sums[label, np.uintp(n_features)] += weight
                sums[label, np.uintp(n_features + 1)] += counted
                if not is_new:
                    sums[old, np.uintp(n_features)] -= weight
                    sums[old, np.uintp(n_features + 1)] -= counted
                    if sums[old, np.uintp(n_features + 1)] == 0:  # what is left are rounding errors
                        for f in range(np.uintp(n_features + 1)):
                            sums[old, f] = 0.0
    return n_changed


@part
def _two_distances(tile, centroids, j, m, d, e):  # IN (F, T) f4, IN (K, F) f4, OUT (T,) f4 twice
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
def _keep_nearest(d, e, j, m, best, second, index):  # all (T,) f4
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
def _candidates(tile, m, columns, box, distance, excess, chosen):
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
def _nearest_in_float64(samples, row, offset, scale, columns):  # IN (N, F), (F,) f8, (F, K) f8
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
def _farthest(step, candidates, n):
    """How far the farthest-moving of the first n candidates went."""
    farthest = 0.0
    for i in range(np.uintp(n)):
        farthest = max(farthest, step[np.uintp(candidates[i])])
    return farthest


@part
def _gather(rounded, chosen, n, near):
    """Copy n centroids, and one at infinity if that makes their number even."""
    for f in range(rounded.shape[1]):
        near[n, f] = np.inf
        for i in range(n):
            near[i, f] = rounded[chosen[i], f]


@part
def _lay_out(centroids, columns, rounded):
    """Write centroids (K, F) as columns (F, K) and in float32; return the length of the longest."""
    longest = 0.0
    for j in range(centroids.shape[0]):
        length = 0.0
        for f in range(centroids.shape[1]):
            columns[f, j] = centroids[j, f]
            rounded[j, f] = np.float32(centroids[j, f])
            length += centroids[j, f] ** 2
        longest = max(longest, length)
    return np.float32(np.sqrt(longest))


@part
def _measure(samples, weights, frame, centroids, labels, inertias):
    """Add to `inertias` the weighted squared distances of all samples to the centroids of their labels."""
    offset, scale = frame
    for row in range(np.uintp(samples.shape[0])):
        label = np.uintp(labels[row])
        distance = 0.0
        for f in range(np.uintp(samples.shape[1])):
            difference = (samples[row, f] - offset[f]) * scale - centroids[label, f]
            distance += difference * difference
        inertias[label] += weights[row] * distance


@part
def _smallest(sums):
    """Weight of the smallest cluster."""
    smallest = np.inf
    for j in range(sums.shape[0]):
        smallest = min(smallest, sums[j, sums.shape[1] - 2])
    return smallest


@part
def _move(centroids, sums, relaxation, step, way):
    """Move the centroids to their means, or beyond; return the sum of the squared ways there and the longest move."""
    n_clusters, n_features = centroids.shape
    shift, farthest = 0.0, 0.0
    for j in range(n_clusters):
        squared = 0.0
        for f in range(n_features):
            difference = sums[j, f] / sums[j, n_features] - centroids[j, f]
            squared += difference**2
            centroids[j, f] += relaxation * difference
        shift += squared
        step[j] = relaxation * np.sqrt(squared) * (1 + 1e-9)
        way[j] += step[j]
        farthest = max(farthest, step[j])
    return shift, farthest


@kernel
def sum_block(samples, weights, frame, sums):
    """Add to `sums` (F + 2,) f8 the weighted sums of each feature, of the weights, and of the squared lengths.

    IN as for `lloyd_block`.
    """
    offset, scale = frame
    n_features = np.uintp(samples.shape[1])
    for row in range(np.uintp(samples.shape[0])):
        length = 0.0
        for f in range(n_features):
            value = (samples[row, f] - offset[f]) * scale
            sums[f] += weights[row] * value
            length += value * value
        sums[n_features] += weights[row]
        sums[n_features + np.uintp(1)] += weights[row] * length


@kernel
def try_candidates(samples, nearest, candidates, distances):
    """Squared distance of every sample to its nearest center, if a candidate became a center too.

    IN samples (F, N) f4, nearest (N,) f4, candidates (L,) i8. OUT distances (L, N) f4.
    """
    for j in range(candidates.shape[0]):
        center, out = candidates[j], distances[j]
        for i in range(samples.shape[1]):
            out[i] = 0.0
        for f in range(samples.shape[0]):
            for i in range(samples.shape[1]):
                out[i] += (samples[f, i] - samples[f, center]) ** 2
        for i in range(samples.shape[1]):
            out[i] = nearest[i] if nearest[i] < out[i] else out[i]
