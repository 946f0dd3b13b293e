"""The chunks of an image that is too large to be in memory, each as an image of its own.

M, N, … spatial axes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .around import widened
from .features import Features
from .left_out import LeftOut
from .pixels import Array, Index, Pixels, size_of
from .recipe import Recipe

if TYPE_CHECKING:
    from dask.array import Array as DaskArray

GROUP = 48 << 20
"""Bytes of chunks that are worked on by one task: counting colors clears and lists tables of 32 MB for each."""

FEW_VALUES = 1 << 20
"""Values below which chunks are joined before they are looked at, as dask takes about a millisecond for each."""


@dataclass(frozen=True)
class Meaning:
    """What the axes and values of a chunk mean: all of `Pixels` but the pixels."""

    channel_axis: int | None
    rgb: bool
    alpha: bool
    left_out: LeftOut
    spacing: tuple[float, ...]

    @classmethod
    def of(cls, pixels: Pixels) -> "Meaning":
        """Return that of an image."""
        return cls(pixels.channel_axis, pixels.rgb, pixels.alpha, pixels.left_out, pixels.spacing)

    def pixels(self, values: Array, mask: NDArray[np.bool_] | None, origin: tuple[int, ...]) -> Pixels:
        """Return a chunk as an image of its own, which begins at `origin` in the whole."""
        chunk = Pixels(values, channel_axis=self.channel_axis, rgb=self.rgb, alpha=self.alpha, mask=mask)
        return chunk.leaving_out(self.left_out).spaced(self.spacing).beginning_at(origin)


@dataclass(frozen=True)
class Chunk:
    """A part of an image that is in memory, and what is around it as far as its features look."""

    features: Features
    """Of which only the pixels of the part take part."""
    part: Index
    """Where it is in the spatial axes of the whole."""
    inside: Index
    """Where it is in the features."""

    @property
    def pixels(self) -> Pixels:
        """The part, and what is around it."""
        return self.features.pixels


@dataclass(frozen=True)
class ChunkMaker:
    """Makes an image of its own of each chunk, as far as that is all the same for all chunks."""

    meaning: Meaning
    recipe: Recipe
    reach: tuple[int, ...]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, features: Features) -> "ChunkMaker":
        """Return that of an image."""
        return cls(Meaning.of(features.pixels), features.recipe, features.reach, features.shape)

    def chunk(self, part: Index, values: Array, mask: NDArray[np.bool_] | None) -> Chunk:
        """Return a part, from the values of it and of what is around it."""
        wide, inside = widened(part, self.reach, self.shape)
        pixels = self.meaning.pixels(np.asarray(values), mask, tuple(axis.start for axis in wide))
        if any(self.reach):
            keep = pixels.seen_part(whole_of(pixels.shape))[1]
            only = np.zeros(pixels.shape, bool)
            only[inside] = True if keep is None else keep[inside]
            pixels = pixels.within(only)
        return Chunk(Features(pixels, self.recipe), part, inside)


@dataclass(frozen=True)
class Chunks:
    """A lazy image cut along the spatial axes, each part with as much around it as its features see."""

    pixels: Pixels
    image: "DaskArray"
    """All channels in one chunk; overlapping where features look around."""
    mask: "DaskArray | None"
    """Cut likewise."""
    cut: tuple[tuple[int, ...], ...]
    """Lengths of the parts along each spatial axis, without what is around them."""

    @classmethod
    def of(cls, features: Features, *, join: bool = False, ends: Sequence[NDArray[np.intp]] | None = None) -> "Chunks":
        """Cut an image at its own chunks, or, to `join` small ones, at some of them, or at the next of some `ends`."""
        import dask.array as da
        from dask.array.overlap import overlap

        pixels, reach, axis = features.pixels, features.reach, features.pixels.channel_axis
        cut = tuple(sizes for i, sizes in enumerate(pixels.lazy.chunks) if i != axis)
        if join:
            cut = _joined(cut, FEW_VALUES // max(1, pixels.n_channels))
        if ends is not None:
            cut = tuple(_ending_at(sizes, allowed) for sizes, allowed in zip(cut, ends, strict=True))
        cut = tuple(_at_least(sizes, far) for sizes, far in zip(cut, reach, strict=True))
        spatial = [i for i in range(pixels.lazy.ndim) if i != axis]
        image = pixels.lazy.rechunk({**dict(zip(spatial, cut, strict=True)), **({} if axis is None else {axis: -1})})
        mask = None if pixels.mask is None else da.asarray(pixels.mask).rechunk(cut)
        if any(reach):
            image = overlap(image, dict(zip(spatial, reach, strict=True)), "none")
            mask = None if mask is None else overlap(mask, dict(enumerate(reach)), "none")
        return cls(pixels, image, mask, cut)

    @property
    def parts(self) -> list[Index]:
        """Where each part is in the spatial axes, in the order of `graph`."""
        ends = [np.cumsum([0, *sizes]).tolist() for sizes in self.cut]
        return list(product(*([slice(*pair) for pair in pairwise(own)] for own in ends)))

    def graph(self) -> tuple[dict[Any, Any], list[list[Any]]]:
        """Return the graph that reads the parts, and the keys of values and mask of each, in the order of the parts."""
        from dask.base import optimize
        from dask.core import flatten

        arrays = optimize(self.image, *([] if self.mask is None else [self.mask]))
        graph: dict[Any, Any] = {}
        for array in arrays:
            graph.update(array.__dask_graph__())
        values, *masks = (list(flatten(array.__dask_keys__())) for array in arrays)
        return graph, [list(keys) for keys in zip(values, *(masks or [[None] * len(values)]), strict=True)]

    def groups(self) -> list[range]:
        """Return which parts to work on by one task each."""
        size = GROUP // (self.pixels.dtype.itemsize * max(1, self.pixels.n_channels))
        found, start, total = [], 0, 0
        parts = self.parts
        for i, part in enumerate(parts):
            total += size_of(part)
            if total >= size or i + 1 == len(parts):
                found.append(range(start, i + 1))
                start, total = i + 1, 0
        return found


def whole_of(shape: tuple[int, ...]) -> Index:
    """Return the index of all pixels."""
    return tuple(slice(0, length) for length in shape)


def _joined(cut: tuple[tuple[int, ...], ...], n: int) -> tuple[tuple[int, ...], ...]:
    """Join neighboring chunks, along the last axes first, until they have about n pixels."""
    joined = list(cut)
    for axis in reversed(range(len(cut))):
        typical = math.prod(max(sizes) for sizes in joined)
        joined[axis] = _at_least(cut[axis], max(cut[axis]) * max(1, n // max(1, typical)))
    return tuple(joined)


def _at_least(sizes: tuple[int, ...], n: int) -> tuple[int, ...]:
    """Join neighbors until each has at least n pixels."""
    if min(sizes) >= n:
        return sizes
    found, total = [], 0
    for size in sizes:
        total += size
        if total >= n:
            found.append(total)
            total = 0
    if total and found:
        found[-1] += total
    return tuple(found or [total])


def _ending_at(sizes: tuple[int, ...], ends: NDArray[np.intp]) -> tuple[int, ...]:
    """Let each part end at the next of some ends, of which the last is that of all."""
    found = np.unique(ends[np.searchsorted(ends, np.cumsum(sizes))])
    return tuple(np.diff(found, prepend=0).tolist())
