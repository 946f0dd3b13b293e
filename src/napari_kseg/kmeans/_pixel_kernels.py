"""The compiled inner loops over pixels and their colors or values: histograms, look-up, recoloring.

They see arrays and numbers only and check nothing; see `_kernels`.

N pixels of a block, W tables, D distinct colors, B bytes of a pixel.
"""

import numpy as np

from ._compile import kernel, part

MORTON = np.zeros((3, 256), np.uint32)
"""Bits of the Morton code that a value of red, of green, and of blue has: RGBRGBRGBRGBRGBRGBRGBRGB, high bits first.

Tables over all colors are in this order. A cache line holds a cube of 4 x 4 x 4 colors, which are met together:
counting and looking up pixels takes half to three quarters of the time of a table by red, green and blue.
"""
for _bit in range(8):
    for _axis in range(3):
        MORTON[_axis] |= (np.arange(256, dtype=np.uint32) >> np.uint32(_bit) & np.uint32(1)) << np.uint32(
            3 * _bit + 2 - _axis
        )

AT_ONCE = 256


@part
def _code(pixels, i):
    """Return the Morton code of a color."""
    return (
        MORTON[np.uintp(0), np.uintp(pixels[i, np.uintp(0)])]
        | MORTON[np.uintp(1), np.uintp(pixels[i, np.uintp(1)])]
        | MORTON[np.uintp(2), np.uintp(pixels[i, np.uintp(2)])]
    )


@kernel
def count_colors(pixels, keep, table, cells, full, n_full):
    """Count the colors of a block in a table over all 2^24 of them.

    IN pixels (N, 3) u1, keep (N,) u1, or (0,) to keep all. OUT table (2^24,) u1; cells (2^15,) u1: 1 for every cell
    of 8 x 8 x 8 colors in which any is new; full u4: a color for every 256 times it was seen, n_full (1,) i8: how many.
    """
    end, n = n_full[0], np.uintp(pixels.shape[0])
    # Codes of some pixels first, then their counters: the processor waits for several counters at a time.
    codes = np.empty(AT_ONCE, np.uint32)
    for start in range(np.uintp(0), n, np.uintp(AT_ONCE)):
        some = min(np.uintp(AT_ONCE), n - np.uintp(start))
        for j in range(some):
            codes[j] = _code(pixels, np.uintp(start) + np.uintp(j))
        for j in range(some):
            if keep.shape[0] == 0 or keep[np.uintp(start) + np.uintp(j)]:
                color = np.uintp(codes[j])
                count = np.uint8(table[color] + np.uint8(1))
                table[color] = count
                if count <= np.uint8(1):  # new, or once around
                    cells[color >> np.uintp(9)] = 1
                    if count == np.uint8(0):
                        full[end] = codes[j]
                        end += 1
    n_full[0] = end


@part
def _bits(code, shift):
    """Return every third bit of a Morton code, from one of the lowest three on."""
    bits = code >> shift & np.uint32(0x249249)
    bits = (bits | bits >> np.uint32(2)) & np.uint32(0x0C30C3)
    bits = (bits | bits >> np.uint32(4)) & np.uint32(0x00F00F)
    return np.uintp((bits | bits >> np.uint32(8)) & np.uint32(0xFF))


@kernel
def collect_colors(tables, cells, often, colors, counts, cubes, sums, ends):
    """List the colors in some cells of 8 x 8 x 8 colors, in Morton order, and the cubes of 2 x 2 x 2 that hold any.

    IN tables (W, 2^24) u1; cells (…,) u4, their Morton codes; often: Morton codes u4, ascending, what to add to their
    counts i8, where the cells' first ones stand (2^15 + 1,) i8.
    OUT colors (…, 3) u1, counts (…,) f8; cubes (…,) u4: Morton codes, sums (…, 5) f8 of red, green, blue, 1, squared
    length; ends (2,) i8: how many.
    """
    often_codes, often_counts, often_starts = often
    end, cube_end = np.uintp(0), np.uintp(0)
    for place in range(np.uintp(cells.shape[0])):
        cell = np.uintp(cells[place])
        next_often, end_often = np.uintp(often_starts[cell]), np.uintp(often_starts[cell + np.uintp(1)])
        last_cube = np.uint32(0xFFFFFFFF)
        for i in range(np.uintp(512)):
            code = cell << np.uintp(9) | i
            count = np.int64(0)
            for w in range(tables.shape[0]):
                count += np.int64(tables[w, code])
            if next_often < end_often and often_codes[next_often] == np.uint32(code):
                count += often_counts[next_often]
                next_often += np.uintp(1)
            if count == 0:
                continue
            red, green, blue = (
                _bits(np.uint32(code), np.uint32(2)), _bits(np.uint32(code), np.uint32(1)),
                _bits(np.uint32(code), np.uint32(0)),
            )  # fmt: skip
            counts[end] = count
            colors[end, 0] = red
            colors[end, 1] = green
            colors[end, 2] = blue
            end += np.uintp(1)
            cube = np.uint32(code >> np.uintp(3))
            if cube != last_cube:
                last_cube = cube
                cubes[cube_end] = cube
                for f in range(5):
                    sums[cube_end, f] = 0.0
                cube_end += np.uintp(1)
            row = cube_end - np.uintp(1)
            sums[row, 0] += count * np.float64(red)
            sums[row, 1] += count * np.float64(green)
            sums[row, 2] += count * np.float64(blue)
            sums[row, 3] += count
            sums[row, 4] += count * np.float64(red * red + green * green + blue * blue)
    ends[0], ends[1] = end, cube_end


@kernel
def add_up_cubes(keys, sums, wider, wider_sums, firsts):
    """Add up cubes to cubes of twice their width; return how many.

    IN keys (C,) u4, Morton codes in ascending order; sums (C, F + 2) f8.
    OUT wider (C,) u4; wider_sums (C, F + 2) f8; firsts (C + 1,) i8: where the parts of each start, and where they end.
    """
    n, n_sums = np.uintp(0), np.uintp(sums.shape[1])
    for i in range(np.uintp(keys.shape[0])):
        cube = keys[i] >> np.uint32(n_sums - np.uintp(2))
        if i == 0 or cube != wider[n - np.uintp(1)]:
            wider[n] = cube
            firsts[n] = i
            for f in range(n_sums):
                wider_sums[n, f] = 0.0
            n += np.uintp(1)
        for f in range(n_sums):
            wider_sums[n - np.uintp(1), f] += sums[i, f]
    firsts[n] = keys.shape[0]
    return n


@kernel
def add_counts(codes, counts, other_codes, other_counts, sum_codes, sum_counts):
    """Add up the counts of two lists of codes; return how many different codes there are.

    IN codes (A,) u4, ascending, counts (A,) f8; others (B,) likewise. OUT (A + B,) likewise.
    """
    i, j, n = np.uintp(0), np.uintp(0), np.uintp(0)
    n_i, n_j = np.uintp(codes.shape[0]), np.uintp(other_codes.shape[0])
    while i < n_i and j < n_j:
        code, other = codes[i], other_codes[j]
        sum_codes[n] = min(code, other)
        count = 0.0
        if code <= other:
            count += counts[i]
            i += np.uintp(1)
        if other <= code:
            count += other_counts[j]
            j += np.uintp(1)
        sum_counts[n] = count
        n += np.uintp(1)
    for rest in range(i, n_i):
        sum_codes[n], sum_counts[n] = codes[rest], counts[rest]
        n += np.uintp(1)
    for rest in range(j, n_j):
        sum_codes[n], sum_counts[n] = other_codes[rest], other_counts[rest]
        n += np.uintp(1)
    return n


@kernel
def fill_table(colors, labels, table):  # IN (D, 3) u1, (D,) u1 or u2, OUT (2^24,) same
    """Write the label of every color into a table over all colors."""
    for i in range(np.uintp(colors.shape[0])):
        table[np.uintp(_code(colors, i))] = labels[i]


@kernel
def look_up_colors(pixels, keep, table, labels):  # IN (N, 3) u1, (N,) or (0,) u1, (2^24,) u1 or u2, OUT (N,) same
    """Write the label of every pixel's color, 0 where the pixel is left out."""
    for i in range(np.uintp(pixels.shape[0])):
        labels[i] = table[np.uintp(_code(pixels, i))] if keep.shape[0] == 0 or keep[i] else 0


@kernel
def count_values(codes, keep, counts):  # IN (N,) u1 or u2, (N,) or (0,) u1, OUT (256 or 65,536,) u4 or i8
    """Count the values of a block."""
    for i in range(np.uintp(codes.shape[0])):
        if keep.shape[0] == 0 or keep[i]:
            counts[np.uintp(codes[i])] += 1


@kernel
def look_up_values(
    codes, keep, table, labels
):  # IN (N,) u1 or u2, (N,) or (0,) u1, (256 or 65,536,) u1 or u2, OUT (N,) same
    """Write the label of every pixel's value, 0 where the pixel is left out."""
    for i in range(np.uintp(codes.shape[0])):
        labels[i] = table[np.uintp(codes[i])] if keep.shape[0] == 0 or keep[i] else 0


@kernel
def paint(labels, palette, out):  # IN (N,) u1 or u2, (K + 1, B) u1, OUT (N, B) u1
    """Write the B bytes of its label's color into every pixel."""
    for i in range(np.uintp(labels.shape[0])):
        label = np.uintp(labels[i])
        for b in range(np.uintp(palette.shape[1])):
            out[i, b] = palette[label, b]


@kernel
def paint_colors(labels, palette, out):  # IN (4 N,) u1 or u2, (K + 1,) u4, OUT (3 N,) u4
    """Write three bytes into every pixel, four pixels by three words: 3 times as fast as by bytes.

    The first of the bytes is the lowest of the palette's words.
    """
    for i in range(np.uintp(labels.shape[0]) // np.uintp(4)):
        pixel, word = np.uintp(4) * i, np.uintp(3) * i
        a = palette[np.uintp(labels[pixel])]
        b = palette[np.uintp(labels[pixel + np.uintp(1)])]
        c = palette[np.uintp(labels[pixel + np.uintp(2)])]
        d = palette[np.uintp(labels[pixel + np.uintp(3)])]
        out[word] = a | b << np.uint32(24)
        out[word + np.uintp(1)] = b >> np.uint32(8) | c << np.uint32(16)
        out[word + np.uintp(2)] = c >> np.uint32(16) | d << np.uint32(8)
