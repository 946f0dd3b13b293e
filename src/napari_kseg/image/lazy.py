"""Images that are too large to be in memory: what is done with each of their chunks, and by whom.

The one who does it is dask: threads of this process, or the workers of a cluster if a `dask.distributed.Client` is
active. Chunks are read where they are worked on; what comes back are sums, counts and samples, never pixels.

M, N, … spatial axes.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback

from .chunks import Chunk, ChunkMaker, Chunks
from .features import Features
from .lazy_compute import Step, WorkError, active_client, computed, n_lanes
from .pixels import Array, Index, MaybeLazy
from .system_memory import memory

if TYPE_CHECKING:
    from dask.array import Array as DaskArray

Result = TypeVar("Result")
State = TypeVar("State")

AT_ONCE = 8
"""Results that are added up by one task."""

LANE = 16
"""Groups of chunks in a lane on a cluster, which has to go through them again if it loses the worker of the lane."""


def reduced(
    features: Features,
    function: Callable[[list[Chunk]], Result],
    add: Callable[[list[Result]], Result],
    stage: str,
    callback: Callback | None,
    ends: Sequence[NDArray[np.intp]] | None = None,
) -> Result:
    """Add up `function(chunks)` over groups of chunks of a lazy image, in a tree, in their order.

    Both functions are sent to where the chunks are. Along each spatial axis chunks end where the image's own do, or at
    the next of some `ends`.
    """
    chunks = Chunks.of(features, join=True, ends=ends)
    (graph, read), maker, parts = chunks.graph(), ChunkMaker.of(features), chunks.parts
    name = _name()
    steps: list[Step] = []
    for group in chunks.groups():
        own = [parts[i] for i in group]
        key = name, len(steps)
        graph[key] = (_Work(function, maker, own), [read[i] for i in group])
        steps.append(Step(key, own))
    final = _added_in_tree(graph, [step.key for step in steps], add)
    found: Result = computed(graph, final, steps, features.pixels, stage, callback)
    return found


def folded(
    features: Features,
    function: Callable[[State | None, list[Chunk]], State],
    add: Callable[[list[State]], State],
    stage: str,
    callback: Callback | None,
) -> State:
    """Add up the states of a few lanes of chunks, each of which goes on by `state = function(state, chunks)`.

    For states that cost too much to make one for each group of chunks. The function may change the state it is given.
    """
    chunks, is_cluster = Chunks.of(features, join=True), active_client() is not None
    (graph, read), maker, parts = chunks.graph(), ChunkMaker.of(features), chunks.parts
    groups = chunks.groups() if is_cluster else [range(i, i + 1) for i in range(len(parts))]
    lanes = max(n_lanes(), -(-len(groups) // LANE)) if is_cluster else n_lanes()
    name = _name()
    steps: list[Step] = []
    ends = []
    for lane in np.array_split(np.arange(len(groups)), min(lanes, len(groups))):
        state = None
        for group in (groups[i] for i in lane):
            own = [parts[i] for i in group]
            key = name, len(steps)
            graph[key] = (_GoOn(function, maker, own, is_cluster), state, [read[i] for i in group])
            steps.append(Step(key, own))
            state = key
        ends.append(state)
    final = _added_in_tree(graph, ends, add)
    found: State = computed(graph, final, steps, features.pixels, stage, callback)
    return found


def _name() -> str:
    return f"napari-kseg-{uuid4().hex}"


def _added_in_tree(graph: dict[Any, Any], keys: list[Any], add: Callable[[list[Result]], Result]) -> Any:
    """Add up results, some at a time, in their order; return the key of the sum."""
    while len(keys) > 1:
        name = _name()
        groups = [keys[i : i + AT_ONCE] for i in range(0, len(keys), AT_ONCE)]
        keys = [(name, i) for i in range(len(groups))]
        graph.update({key: (add, group) for key, group in zip(keys, groups, strict=True)})
    return keys[0]


@dataclass(frozen=True)
class _Work:
    """Works on a group of chunks, in the process where they are."""

    function: Callable[[list[Chunk]], Any]
    maker: ChunkMaker
    parts: list[Index]

    def __call__(self, read: list[list[Any]]) -> Any:
        """Work on the values and masks."""
        try:
            return self.function([self.maker.chunk(part, *own) for part, own in zip(self.parts, read, strict=True)])
        except Exception as error:
            raise WorkError(error) from error


@dataclass(frozen=True)
class _GoOn:
    """Goes on with a group of chunks, in the process where they are."""

    function: Callable[[Any, list[Chunk]], Any]
    maker: ChunkMaker
    parts: list[Index]
    copies: bool
    """A cluster that loses a worker begins again from states that it still has, which must be as they were."""

    def __call__(self, state: Any, read: list[list[Any]]) -> Any:
        """Go on with the values and masks."""
        own = deepcopy(state) if self.copies else state
        return _Work(partial(self.function, own), self.maker, self.parts)(read)


def mapped(
    features: Features,
    function: Callable[..., Array],
    dtype: Any,
    others: Sequence["DaskArray"] = (),
    n_channels: int | None = None,
) -> "DaskArray":
    """Return what `function(chunk, *others)` makes of each chunk when it is read: labels, or other values of pixels.

    Parameters
    ----------
    features : Features
        The image.
    function : callable
        Given the features of a chunk, and of each of the others the same part; features that look around are of the
        part with what is around it.
    dtype : data-type
        Of what it returns.
    others : sequence of dask.array.Array
        Of the image's spatial shape, and its chunks.
    n_channels : int, optional
        What it returns has the axis of channels as the image has it, so long; None for no such axis.
    """
    import dask.array as da

    chunks, axis = Chunks.of(features), features.pixels.channel_axis
    beside = [*([] if chunks.mask is None else [chunks.mask]), *(other.rechunk(chunks.cut) for other in others)]
    if axis is not None:
        beside = [da.expand_dims(array, axis) for array in beside]
    out = list(chunks.cut)
    if axis is not None and n_channels is not None:
        out.insert(axis, (n_channels,))
    on_block = _OnBlock(function, ChunkMaker.of(features), chunks.cut, chunks.mask is not None, n_channels is not None)
    made: DaskArray = da.map_blocks(
        on_block, chunks.image, *beside, dtype=dtype, chunks=tuple(out),
        meta=np.empty((0,) * len(out), dtype),
        drop_axis=[] if axis is None or n_channels is not None else axis,
    )  # fmt: skip
    return made


@dataclass(frozen=True)
class _OnBlock:
    """A function of the features of a chunk as one of blocks of dask arrays."""

    __name__ = "napari-kseg"  # what dask calls the array

    function: Callable[..., Array]
    maker: ChunkMaker
    cut: tuple[tuple[int, ...], ...]
    is_masked: bool
    keeps_channels: bool

    def __call__(self, values: Array, *beside: Array, block_id: tuple[int, ...]) -> Array:
        """Work on one block."""
        axis = self.maker.meaning.channel_axis
        place = list(block_id)
        if axis is not None:
            beside = tuple(array.squeeze(axis) for array in beside)
            if self.keeps_channels:
                place.pop(axis)
        starts = [sum(sizes[:i]) for sizes, i in zip(self.cut, place, strict=True)]
        part = tuple(slice(start, start + sizes[i]) for start, sizes, i in zip(starts, self.cut, place, strict=True))
        mask, others = (beside[0], beside[1:]) if self.is_masked else (None, beside)
        chunk = self.maker.chunk(part, values, mask)
        made = self.function(chunk.features, *others)
        memory.give_back()
        return made[chunk.inside] if any(self.maker.reach) else made


def looked_up(values: Array, labels: MaybeLazy) -> Any:
    """Return `values[labels]`, of lazy labels chunk by chunk."""
    if isinstance(labels, np.ndarray):
        found: Array = values[labels]
        return found
    return labels.map_blocks(_take, values, dtype=values.dtype)


def _take(labels: Array, values: Array) -> Array:
    found: Array = values[labels]
    return found
