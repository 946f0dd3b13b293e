"""The compiled inner loops: each handles one block of samples on one thread.

Kernels see arrays and numbers only. The caller allocates every output and scratch array and has checked shapes, dtypes
and ranges; kernels check nothing and never raise. They release the GIL and know no threads: drivers map them over
blocks on a thread pool (`_blocks`). None uses `parallel=True`, because two threads inside parallel kernels of Numba's
workqueue layer abort the process, and napari runs such kernels in the thread of its window.

N samples of a block, F features, K clusters, T samples of a tile, L candidates, V values of a histogram.
"""

import numba as nb
import numpy as np

TILE = 256  # samples a tile: with 3 features all its buffers fill a third of a 32 KB first-level cache

SPREAD = np.zeros(256, np.uint32)
"""Bit b of a byte moved to bit 3 b, so that three spread bytes interleave into a Morton code."""
for _bit in range(8):
    SPREAD |= ((np.arange(256, dtype=np.uint32) >> np.uint32(_bit)) & np.uint32(1)) << np.uint32(3 * _bit)


def kernel(function, fastmath=False):
    """Compile on first call, without the GIL, kept on disk where any place for Numba's cache is writable."""
    try:
        return nb.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(function)
    except RuntimeError:  # "cannot cache function …: no locator available": a read-only installation and home
        return nb.njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)


def kernel_without_nan(function):
    """A `kernel` that may reorder minima and maxima, because its floats are never NaN."""
    return kernel(function, fastmath={"nnan", "nsz"})


@kernel
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


@kernel
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


@kernel_without_nan  # 0.2 instead of 6 ns a sample
def _bounds(tile, m, box):  # IN (F, T) f4, OUT (3, F) f8
    """Lowest, highest and middle value of every feature of a tile."""
    for f in range(tile.shape[0]):
        low = high = tile[f, 0]
        for i in range(m):
            low = min(low, tile[f, i])
            high = max(high, tile[f, i])
        box[2, f] = (low + high) / 2
        box[0, f] = low - 1e-7 * abs(low)  # the samples themselves are within 2^-24 of the tile's float32
        box[1, f] = high + 1e-7 * abs(high)


@kernel
def _candidates(tile, m, centroids, rounded, box, chosen, near):
    """Collect the centroids that can be nearest to a sample of the tile; return how many, made even by one at infinity.

    IN tile (F, T) f4, centroids (K, F) f8, rounded (K, F) f4. SCRATCH box (3, F) f8. OUT chosen (K + 1,) i8 ascending,
    near (K + 1, F) f4.
    """
    # With p in the box around the tile, d(p, j) - d(p, first) is linear in p, so it is smallest in a corner. Where it
    # is positive there, j is out for the whole tile. Of 64 centroids, tiles of a photo's 94,000 colors in Morton order
    # leave 6.6 on average, of 1.2 million colors 2.7; tiles of pixels in image order leave nearly all, for 1 % of time.
    n_clusters, n_features = centroids.shape
    _bounds(tile, m, box)
    best, first = np.inf, 0
    for j in range(n_clusters):
        distance = 0.0
        for f in range(n_features):
            distance += (box[2, f] - centroids[j, f]) ** 2
        if distance < best:
            best, first = distance, j
    n = 0
    for j in range(n_clusters):
        excess = 0.0
        for f in range(n_features):
            a, b = centroids[j, f], centroids[first, f]
            excess += (a - b) * (a + b - 2.0 * box[1 if a > b else 0, f])
        if excess <= 1e-12:  # coordinates are about 1 here; rounding in float64 is 1e-15
            chosen[n] = j
            for f in range(n_features):
                near[n, f] = rounded[j, f]
            n += 1
    if n % 2:
        for f in range(n_features):
            near[n, f] = np.inf
        n += 1
    return n


@kernel
def _nearest_in_float64(samples, row, offset, scale, centroids):  # IN (N, F), (F,) f8, (K, F) f8
    """Index of the centroid nearest to one sample, by float64 arithmetic."""
    best, index = np.inf, 0
    for j in range(centroids.shape[0]):
        distance = 0.0
        for f in range(centroids.shape[1]):
            difference = (samples[row, f] - offset[f]) * scale - centroids[j, f]
            distance += difference * difference
        if distance < best:
            best, index = distance, j
    return index


@kernel
def assign_block(
    samples, weights, offset, scale, centroids, rounded, norm, scratch, buffers, chosen, box, labels, stats
):
    """Assign every sample to its nearest centroid and add it to this cluster's row of `stats`.

    IN samples (N, F) u1, u2, f4 or f8; weights (N,) f8; offset (F,) f8, scale: the frame; centroids (K, F) f8, in the
    frame; rounded (K, F) f4, the same; norm, the largest length of a centroid.
    SCRATCH (tile (F, T), near (K + 1, F)) f4, five buffers (T,) f4, chosen (K + 1,) i8, box (3, F) f8.
    OUT labels (N,) i4; stats (K, F + 2) f8: weighted sum of the features, weight, inertia; added to.
    """
    # Strategy: transpose a tile of samples, so that one instruction works on 8 of them; find the few centroids that
    # can be nearest to any of them, and of these the two nearest to each, in float32; where they are too close for
    # float32 to tell, decide in float64 (about one sample in a million).
    n_samples, n_features = samples.shape
    tile, near = scratch
    d, e, best, second, index = buffers
    unit = np.float32(2.0**-24)  # rounding error of float32
    for start in range(0, n_samples, TILE):
        m = np.uintp(min(TILE, n_samples - start))  # unsigned: no test for negative indices in the loops
        for f in range(n_features):
            for i in range(m):
                tile[f, i] = (samples[np.uintp(start) + i, f] - offset[f]) * scale
        for i in range(m):
            best[i] = np.inf
            second[i] = np.inf
            index[i] = 0
        for j in range(0, _candidates(tile, m, centroids, rounded, box, chosen, near), 2):
            _two_distances(tile, near, j, m, d, e)
            _keep_nearest(d, e, np.float32(j), m, best, second, index)
        # Error bound of two squared distances: F + 4 roundings each, and rounded coordinates of sample and centroid.
        # With one candidate it is infinite and d is NaN: not `<= 0`.
        for i in range(m):
            bound = np.float32(n_features + 6) * second[i] + np.float32(4) * norm * np.sqrt(second[i])
            d[i] = second[i] - best[i] - np.float32(2) * unit * bound
        for i in range(m):
            row = np.uintp(start) + i
            if d[i] <= 0:
                label = np.uintp(_nearest_in_float64(samples, row, offset, scale, centroids))
            else:
                label = np.uintp(chosen[np.uintp(np.int64(index[i]))])
            labels[row] = label
            distance = 0.0
            for f in range(np.uintp(n_features)):
                value = (samples[row, f] - offset[f]) * scale
                stats[label, f] += weights[row] * value
                distance += (value - centroids[label, f]) * (value - centroids[label, f])
            stats[label, np.uintp(n_features)] += weights[row]
            stats[label, np.uintp(n_features + 1)] += weights[row] * distance


@kernel
def try_candidates(samples, weights, nearest, candidates, distances, potentials):
    """Squared distance of every sample to its nearest center, if a candidate became a center too, and the sum of it.

    IN samples (N, F) f4, weights (N,) f8, nearest (N,) f4, candidates (L,) i8.
    OUT distances (L, N) f4, potentials (L,) f8.
    """
    n_samples, n_features = samples.shape
    for j in range(candidates.shape[0]):
        potential = 0.0
        for i in range(np.uintp(n_samples)):
            distance = np.float32(0)
            for f in range(np.uintp(n_features)):
                difference = samples[i, f] - samples[candidates[j], f]
                distance += difference * difference
            if nearest[i] < distance:
                distance = nearest[i]
            distances[j, i] = distance
            potential += weights[i] * distance
        potentials[j] = potential


@kernel
def count_colors(pixels, keep, table, cells, full, n_full):
    """Count the colors of a block in a table over all 2^24 of them, in Morton order.

    IN pixels (N, 3) u1, keep (N,) u1. OUT table (2^24,) u2, cells (2^15,) u1 set to 1 where a color was seen, full u4:
    a color for every 65,535 times it was seen, n_full (1,) i8: how many stand there.
    """
    end = n_full[0]
    for i in range(np.uintp(pixels.shape[0])):
        if keep[i]:
            key = (
                SPREAD[pixels[i, np.uintp(0)]] << np.uint32(2)
                | SPREAD[pixels[i, np.uintp(1)]] << np.uint32(1)
                | SPREAD[pixels[i, np.uintp(2)]]
            )
            cells[np.uintp(key >> np.uint32(9))] = 1
            count = table[np.uintp(key)]
            if count == np.uint16(65535):
                full[end] = key
                end += 1
                count = np.uint16(0)
            table[np.uintp(key)] = count + np.uint16(1)
    n_full[0] = end


@kernel
def collect_colors(tables, cells, keys, colors, counts):
    """List the colors that stand in some cells of the tables, in Morton order; return how many.

    IN tables (W, 2^24) u2, cells i8. OUT keys u4, colors (…, 3) u1, counts i8, each with room for 512 a cell.
    """
    end = np.uintp(0)
    for cell in cells:
        for key in range(np.uintp(cell) << np.uintp(9), np.uintp(cell + 1) << np.uintp(9)):
            count = np.int64(0)
            for w in range(tables.shape[0]):
                count += np.int64(tables[w, key])
            if count:
                keys[end] = key
                counts[end] = count
                red, green, blue = np.uint8(0), np.uint8(0), np.uint8(0)
                for bit in range(np.uintp(8)):
                    three = key >> (np.uintp(3) * bit)
                    red |= np.uint8((three >> np.uintp(2) & np.uintp(1)) << bit)
                    green |= np.uint8((three >> np.uintp(1) & np.uintp(1)) << bit)
                    blue |= np.uint8((three & np.uintp(1)) << bit)
                colors[end, 0] = red
                colors[end, 1] = green
                colors[end, 2] = blue
                end += np.uintp(1)
    return end


@kernel
def average_cells(keys, colors, counts, shift, means, weights):
    """Mean color and count of each run of colors whose keys agree above bit `shift`; return how many runs.

    IN keys (D,) u4 ascending, colors (D, 3) u1, counts (D,) i8. OUT means (…, 3) f8, weights (…,) f8, zero before.
    """
    last = -1
    for i in range(np.uintp(keys.shape[0])):
        if i == 0 or (keys[i] >> shift) != (keys[i - np.uintp(1)] >> shift):
            last += 1
        weights[last] += counts[i]
        for f in range(3):
            means[last, f] += counts[i] * np.float64(colors[i, f])
    for j in range(last + 1):
        for f in range(3):
            means[j, f] /= weights[j]
    return last + 1


@kernel
def look_up_colors(pixels, keep, table, labels):  # IN (N, 3) u1, (N,) u1, (2^24,) u1 or u2, OUT (N,) same
    """Write the label of every pixel's color, 0 where the pixel is left out."""
    for i in range(np.uintp(pixels.shape[0])):
        key = (
            SPREAD[pixels[i, np.uintp(0)]] << np.uint32(2)
            | SPREAD[pixels[i, np.uintp(1)]] << np.uint32(1)
            | SPREAD[pixels[i, np.uintp(2)]]
        )
        labels[i] = table[np.uintp(key)] if keep[i] else 0


@kernel
def count_values(codes, keep, counts):  # IN (N,) u1 or u2, (N,) u1, OUT (256 or 65,536,) i8, added to
    """Count the values of a block."""
    for i in range(np.uintp(codes.shape[0])):
        if keep[i]:
            counts[np.uintp(codes[i])] += 1


@kernel
def look_up_values(codes, keep, table, labels):  # IN (N,) u1 or u2, (N,) u1, (256 or 65,536,) u1 or u2, OUT (N,) same
    """Write the label of every pixel's value, 0 where the pixel is left out."""
    for i in range(np.uintp(codes.shape[0])):
        labels[i] = table[np.uintp(codes[i])] if keep[i] else 0


@kernel
def paint(labels, palette, out):  # IN (N,) u1 or u2, (K + 1, B) u1, OUT (N, B) u1
    """Write the B bytes of its label's color into every pixel."""
    for i in range(np.uintp(labels.shape[0])):
        label = np.uintp(labels[i])
        for b in range(np.uintp(palette.shape[1])):
            out[i, b] = palette[label, b]
