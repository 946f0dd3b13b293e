"""Pyramids of labels: how large each level is, how arrays are cut, and what stands for several pixels."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SMALLEST = 512
"""Planes of at most this height and width have no smaller level: they fit into a chunk, and on a screen."""

DEEP = 128
"""Stacks of more planes than this shrink along z as well; shorter ones would lose what they show."""

CHUNK = 1024
"""Largest height and width of a chunk that is made here, 1 MB of labels; viewers load some of them at a time."""

_SMALL_CHUNK = 256


def level_factors(names: str, shape: Sequence[int]) -> list[tuple[int, ...]]:
    """How many pixels of the first level a pixel of each level stands for, along each axis."""
    levels = [(1,) * len(shape)]
    while True:
        lengths = level_shape(shape, levels[-1])
        plane = [length for name, length in zip(names, lengths, strict=True) if name in "yx"]
        if max(plane) <= SMALLEST:
            return levels
        halved = [
            (name in "yx" and length > 1) or (name == "z" and length > DEEP)
            for name, length in zip(names, lengths, strict=True)
        ]
        levels.append(tuple(factor << half for factor, half in zip(levels[-1], halved, strict=True)))


def level_shape(shape: Sequence[int], factors: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a level: what is left at an edge gets a pixel of its own."""
    return tuple(-(-length // factor) for length, factor in zip(shape, factors, strict=True))


def chunks_and_blocks(
    names: str, shape: Sequence[int], chunks: Sequence[Sequence[int]] | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Lengths of the chunks of a file and of the blocks that are written at once, of whole chunks each.

    Chunks of a lazy array stay blocks wherever possible, as then each block is made of one of them.

    Parameters
    ----------
    names : str
        Letters of the axes.
    shape : sequence of int
        Of the array to write.
    chunks : sequence of sequence of int, or None
        Those of a lazy array; None for an array in memory, of which any part is at hand.
    """
    sources = [_regular(chunks[axis]) if chunks else None for axis in range(len(shape))]
    found = {}
    for name, length, source in zip(names, shape, sources, strict=True):
        if name in "yx":
            found[name] = _cut(length, source)
    room = max(1, CHUNK * CHUNK // (found["y"][0] * found["x"][0]))
    for name, length, source in zip(names, shape, sources, strict=True):
        if name not in "yx":
            most = room if name == "z" else 1
            chunk = _divisor(source, 1, most) if source else min(length, most)
            found[name] = (chunk, source or chunk)
    return tuple(found[name][0] for name in names), tuple(found[name][1] for name in names)


def _regular(chunks: Sequence[int]) -> int | None:
    """Length of the chunks of a lazy array along an axis; None if they differ."""
    first = int(chunks[0])
    is_regular = all(chunk == first for chunk in chunks[:-1]) and chunks[-1] <= first
    return first if is_regular else None


def _cut(length: int, source: int | None) -> tuple[int, int]:
    """Chunk and block along y or x."""
    if source is None:
        return min(length, CHUNK), min(length, CHUNK)
    if source < _SMALL_CHUNK:
        joined = min(length, CHUNK // 2 // source * source)
        return joined, joined
    if chunk := _divisor(source, _SMALL_CHUNK, CHUNK):
        return chunk, source
    chunk = source if source <= 2 * CHUNK else CHUNK
    return chunk, chunk


def _divisor(number: int, low: int, high: int) -> int:
    """Return the largest divisor in a range; 0 if there is none."""
    return next((divisor for divisor in range(min(high, number), low - 1, -1) if number % divisor == 0), 0)


def halved(labels: Array, image: Array | None, axes: Sequence[int]) -> tuple[Array, Array | None]:
    """Labels and image of half the size along some axes: of each 2 × 2 pixels one that has their most frequent label.

    Labels are never mixed. Label and image value come from the same pixel, so that the image still shows the clusters'
    own colors and left-out pixels as they are. Of labels that are equally frequent, the one of the first pixel counts.

    Parameters
    ----------
    labels : array
        Labels.
    image : array or None
        Image of the same shape behind its first axis, the channels.
    axes : sequence of int
        Axes of the labels to halve; an odd end counts twice.
    """
    odd = [(0, labels.shape[axis] % 2 if axis in axes else 0) for axis in range(labels.ndim)]
    labels = np.pad(labels, odd, mode="edge") if any(end for _, end in odd) else labels
    places = [
        tuple(slice(offsets[axes.index(axis)], None, 2) if axis in axes else slice(None) for axis in range(labels.ndim))
        for offsets in itertools.product((0, 1), repeat=len(axes))
    ]
    candidates = [labels[place] for place in places]
    picked = _most_frequent(candidates)
    found = np.choose(picked, candidates)
    if image is None:
        return found, None
    image = np.pad(image, [(0, 0), *odd], mode="edge") if any(end for _, end in odd) else image
    small = image[(slice(None), *places[0])].copy()
    for number, place in enumerate(places[1:], 1):
        np.copyto(small, image[(slice(None), *place)], where=picked == number)
    return found, small


def _most_frequent(candidates: list[Array]) -> NDArray[np.uint8]:
    """Which of the candidates each element agrees with the most of the others, the first of several."""
    votes = [np.ones(candidates[0].shape, np.uint8) for _ in candidates]
    for (first, some), (second, others) in itertools.combinations(enumerate(candidates), 2):
        agree = some == others
        votes[first] += agree
        votes[second] += agree
    picked, most = np.zeros(candidates[0].shape, np.uint8), votes[0]
    for number, count in enumerate(votes[1:], 1):
        picked[count > most] = number
        most = np.maximum(most, count)
    return picked


def blocks_of(shape: Sequence[int], block: Sequence[int]) -> list[tuple[int, ...]]:
    """Numbers of all blocks along each axis, in C order."""
    counts = [math.ceil(length / size) for length, size in zip(shape, block, strict=True)]
    return list(itertools.product(*map(range, counts)))


def place_of(number: Sequence[int], block: Sequence[int], shape: Sequence[int]) -> tuple[slice, ...]:
    """Where a block is."""
    starts = [i * size for i, size in zip(number, block, strict=True)]
    return tuple(
        slice(start, min(start + size, length)) for start, size, length in zip(starts, block, shape, strict=True)
    )
