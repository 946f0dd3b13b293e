"""Blocks of labels and image that are written into Zarr arrays, where they are computed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pyramid import halved, place_of

Array = NDArray[Any]


class NotWritten(OSError):
    """Why a block that was computed could not be written."""


@dataclass(frozen=True)
class Level:
    """Zarr arrays of a level, and the blocks in which they are written.

    Parameters
    ----------
    labels : zarr.Array
        Labels.
    image : zarr.Array or None
        The recolored image.
    block : tuple of int
        Shape of a block of labels.
    channel_place : int or None
        Where the axis of the channels comes in the image; None if it has none.
    """

    labels: Any
    image: Any
    block: tuple[int, ...]
    channel_place: int | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        return tuple(self.labels.shape)

    def read(self, place: tuple[slice, ...]) -> tuple[Array, Array | None]:
        """Labels, and image with its channels first."""
        labels = np.asarray(self.labels[place])
        if self.image is None:
            return labels, None
        if self.channel_place is None:
            return labels, np.asarray(self.image[place])[None]
        image = np.asarray(self.image[self._with_channels(place)])
        return labels, np.moveaxis(image, self.channel_place, 0)

    def write(self, place: tuple[slice, ...], labels: Array, image: Array | None) -> None:
        """Write a block of whole chunks."""
        try:
            self.labels[place] = labels
            if image is None:
                return
            if self.channel_place is None:
                self.image[place] = image[0]
            else:
                self.image[self._with_channels(place)] = np.moveaxis(image, 0, self.channel_place)
        except Exception as error:
            # Stores raise what they like; what they raise may not survive the way back from another machine.
            raise NotWritten(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error

    def _with_channels(self, place: tuple[slice, ...]) -> tuple[slice, ...]:
        at = self.channel_place
        return (*place[:at], slice(None), *place[at:])


@dataclass(frozen=True)
class BlockWriter:
    """What dask calls with each block of the first level: it writes it and returns what it consists of, as a number."""

    level: Level
    only_look: bool = False

    def __call__(self, *blocks: Array, block_id: tuple[int, ...]) -> NDArray[np.uint64]:
        """Write labels (1, …), and the image (C, …) if it is given."""
        labels, image = blocks[0][0], blocks[1] if len(blocks) > 1 else None
        if not self.only_look:
            self.level.write(place_of(block_id[1:], self.level.block, self.level.shape), labels, image)
        return np.full((1,) * len(block_id), digest(*blocks), np.uint64)


@dataclass(frozen=True)
class BlockHalver:
    """What dask calls with each block of a further level, made of the level before it as it was written."""

    before: Level
    level: Level
    axes: tuple[int, ...]

    def __call__(self, number: tuple[int, ...]) -> NDArray[np.uint64]:
        """Write a block."""
        place = place_of(number, self.level.block, self.level.shape)
        twice = [1 + (axis in self.axes) for axis in range(len(place))]
        source = tuple(
            slice(part.start * times, min(part.stop * times, length))
            for part, times, length in zip(place, twice, self.before.shape, strict=True)
        )
        labels, image = halved(*self.before.read(source), self.axes)
        self.level.write(place, labels, image)
        return np.full((1,), digest(labels), np.uint64)


def digest(*arrays: Array) -> int:
    """Return a number that differs for arrays that differ."""
    found = hashlib.blake2b(digest_size=8)
    for array in arrays:
        found.update(np.ascontiguousarray(array).view(np.uint8).data)
    return int.from_bytes(found.digest(), "little")


def first_level_graph(
    level: Level, labels: Any, image: Any, name: str, only_look: bool = False
) -> tuple[dict[Any, Any], dict[tuple[int, ...], Any]]:
    """Tasks of dask that write the first level, and the key of each block.

    Parameters
    ----------
    level : Level
        Where to.
    labels : dask.array.Array
        In blocks of this level.
    image : dask.array.Array or None
        The recolored image, channels first, in the same blocks and whole in its first axis.
    name : str
        Of the tasks; a cluster takes tasks of the same name for the same work.
    only_look : bool, optional
        Write nothing, only return what the blocks consist of.
    """
    import dask.array as da
    import dask.base

    arrays = [labels[None]] if image is None else [labels[None], image]
    ones = tuple((1,) * n for n in (1, *labels.numblocks))
    empty = np.empty((0,) * (labels.ndim + 1), np.uint64)
    looked = da.map_blocks(BlockWriter(level, only_look), *arrays, name=name, dtype=np.uint64, chunks=ones, meta=empty)
    (looked,) = dask.base.optimize(looked)
    numbers = np.ndindex(*labels.numblocks)
    return dict(looked.__dask_graph__()), {number: (looked.name, 0, *number) for number in numbers}


def next_level_graph(
    before: Level, level: Level, factors: Sequence[int], numbers: Sequence[tuple[int, ...]], name: str
) -> tuple[dict[Any, Any], dict[tuple[int, ...], Any]]:
    """Tasks of dask that write a further level, whose pixels stand for so many of the level before along each axis."""
    halver = BlockHalver(before, level, tuple(axis for axis, factor in enumerate(factors) if factor == 2))
    keys = {number: (name, *number) for number in numbers}
    return {key: (halver, number) for number, key in keys.items()}, keys
