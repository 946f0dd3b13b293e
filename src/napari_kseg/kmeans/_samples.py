"""Weighted samples in blocks, and one pass over them: which centroid is nearest, and the sums that K-means needs.

N samples, F features, K clusters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._blocks import Callback, block_length, map_blocks
from ._compile import read_only
from ._kernels import lloyd_block, sum_block
from ._moments import Moments, bounds_of
from ._state import BlockState, State, block_state, scratch

Table = NDArray[Any]
Floats = NDArray[np.float64]
WriteLabels = Callable[[int, NDArray[np.int32]], None]

LARGEST = 1e150
"""Largest value whose square float64 can hold, with room for sums."""

TABLE_BLOCK = 1 << 15
"""Samples of a table in a block: few enough that a small table keeps two threads busy."""

EQUAL = 1e-13
"""Part of a sample's squared length by which it may differ from a centroid and still be equal: the mean of equal
samples is not quite equal to them."""

KEPT = 1 << 24
"""Samples whose labels are kept from pass to pass, at 8 bytes each. More are assigned anew in every pass."""


class Source(Protocol):
    """Where samples come from: a table, the pixels of an image, the distinct colors of an image."""

    @property
    def n_features(self) -> int:
        """F."""

    @property
    def n_blocks(self) -> int:
        """Number of blocks; which samples are in which block must not depend on the machine."""

    @property
    def n_at_most(self) -> int:
        """N, or more where some samples turn out to be left out."""

    def read(self, block: int) -> tuple[Table, Floats | None]:
        """Samples (n, F) of a block, finite, and their weights (n,), or None if every sample counts once."""


@dataclass(frozen=True)
class TableSource:
    """Samples that are in memory already, as they are: no copy is made."""

    samples: Table
    weights: Floats | None = None

    @property
    def n_features(self) -> int:
        """F."""
        return int(self.samples.shape[1])

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-len(self.samples) // self._block_length)

    @property
    def n_at_most(self) -> int:
        """N."""
        return len(self.samples)

    @property
    def weight_of_each(self) -> Floats:
        """(N,) weights, 1 where none are given."""
        return np.ones(len(self.samples)) if self.weights is None else self.weights

    @property
    def _block_length(self) -> int:
        return min(TABLE_BLOCK, block_length(self.n_features))

    def __getitem__(self, rows: slice) -> "TableSource":
        """Some of the samples, with their weights."""
        return TableSource(self.samples[rows], None if self.weights is None else self.weights[rows])

    def read(self, block: int) -> tuple[Table, Floats | None]:
        """Samples and weights of a block."""
        length = self._block_length
        part = self[block * length : (block + 1) * length]
        return part.samples, part.weights


@dataclass(frozen=True)
class Assigned:
    """What a pass finds for each cluster, in the units of the samples."""

    sums: Floats
    """(K, F) weighted sum of the cluster's samples."""
    weights: Floats
    """(K,) total weight."""
    inertias: Floats
    """(K,) weighted sum of squared distances to the cluster's centroid; (0,) if it was not measured."""


@dataclass(frozen=True)
class Frame:
    """The samples' own coordinates: (sample - offset) * scale fits float32 however far from zero the samples are."""

    offset: Floats
    """(F,) the point among the samples that is nearest to 0, with few digits: subtracting it takes a large offset away,
    and leaves small values small beside a far outlier."""
    scale: float
    """A power of two that brings the widest feature to about 1, so that no square overflows float32."""

    @classmethod
    def around(cls, low: Floats, high: Floats) -> "Frame":
        """Make the frame of samples between `low` and `high`."""
        largest = float(max(np.max(high), -np.min(low)))
        if largest > LARGEST:
            raise ValueError(
                f"the values reach {largest:g}, but squared distances beyond {LARGEST:g} overflow float64; scale down"
            )
        width = float(np.max(high / 2 - low / 2))
        if width == 0:
            return cls(low.copy(), 1.0)
        grid = 2.0 ** max(-1000.0, np.ceil(np.log2(width)))
        return cls(np.round(np.clip(0.0, low, high) / grid) * grid, 1 / grid)

    @classmethod
    def of_dtype(cls, dtype: Any, n_features: int) -> "Frame":
        """Make the frame of uint8 or uint16, whose range is known without looking."""
        half = 2.0 ** (8 * np.dtype(dtype).itemsize - 1)
        return cls(np.full(n_features, half), 1 / half)

    def enter(self, points: Table) -> Floats:
        """From the samples' units into the frame."""
        return np.asarray((points.astype(np.float64) - self.offset) * self.scale)


class Samples:
    """Samples read block by block from a source, as often as K-means passes over them."""

    def __init__(
        self, source: Source, callback: Callback | None = None, frame: Frame | None = None, *, keep: bool = True
    ) -> None:
        self.source = source
        self._keep = keep and source.n_at_most <= KEPT  # labels from pass to pass
        self.callback = callback
        self._state: State | None = None
        if frame is not None:
            self.frame = frame

    @property
    def n_features(self) -> int:
        """F."""
        return self.source.n_features

    def map(self, function: Callable[[int], Any], stage: str) -> list[Any]:
        """Results of `function(block)` for every block, in order."""
        return map_blocks(function, self.source.n_blocks, stage=stage, callback=self.callback)

    @cached_property
    def _nothing(self) -> Table:
        """No sample, of the type of all: a kernel compiles with it here, and not in a thread of the pool."""
        return self.source.read(0)[0][:0]

    @cached_property
    def _survey(self) -> list[tuple[int, Floats, Floats]]:
        """Number of samples in each block, their lowest and highest values, from one look at all samples."""

        def look(block: int) -> tuple[int, Floats, Floats]:
            samples, _ = self.source.read(block)
            if not len(samples):
                return 0, np.zeros(self.n_features), np.zeros(self.n_features)
            return len(samples), *bounds_of(samples)

        return self.map(look, "Reading")

    @property
    def n_samples(self) -> int:
        """N."""
        return sum(n for n, _, _ in self._survey)

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each feature; 0 without any sample."""
        bounds = [(low, high) for n, low, high in self._survey if n] or [(np.zeros(self.n_features),) * 2]
        return np.min([low for low, _ in bounds], 0), np.max([high for _, high in bounds], 0)

    @cached_property
    def frame(self) -> Frame:
        """Coordinates in which distances are computed."""
        if self._nothing.dtype in (np.uint8, np.uint16):
            return Frame.of_dtype(self._nothing.dtype, self.n_features)
        return Frame.around(*self.bounds)

    @cached_property
    def variance(self) -> float:
        """Weighted variance, averaged over the features: what a relative tolerance is relative to."""
        _sums_of(self._nothing, None, self.frame)
        sums = np.sum(self.map(lambda block: _sums_of(*self.source.read(block), self.frame), "Reading"), axis=0)
        mean, square = sums[:-2] / sums[-2], sums[-1] / sums[-2]
        scale = self.frame.scale
        return max(0.0, float(square - mean @ mean)) / scale / scale / self.n_features

    @cached_property
    def moments(self) -> Moments:
        """Number, mean, spread and bounds of all samples."""
        return Moments.added(self.map(lambda block: Moments.of(*self.source.read(block)), "Reading"))

    def assign(self, centroids: Floats, write: WriteLabels | None = None, *, measure: bool = True) -> Assigned:
        """Assign every sample to its nearest centroid.

        `write(block, labels)` is given the labels of a block, which stay ours. Inertias are computed only to `measure`.
        Labels and sums are kept from call to call, and only what may have changed is computed anew.
        """
        frame = self.frame
        inside = frame.enter(centroids)
        if self._state is None or self._state.way.shape != inside.shape[:1]:
            self._state = State(inside, self.source.n_blocks)
        state = self._state
        state.move_to(inside)
        assign = _BlockAssigner(frame, inside, state)
        if self.source.n_blocks > 1:
            assign(self._nothing, None, block_state(0, *inside.shape))

        def work(block: int) -> tuple[Floats, Floats]:
            samples, weights = self.source.read(block)
            own = state.blocks[block] or block_state(len(samples), *inside.shape)
            if self._keep:
                state.blocks[block] = own
            inertias = assign(samples, weights, own, measure)
            if write is not None:
                write(block, own.labels)
            return own.sums, inertias

        sums = np.zeros((len(centroids), self.n_features + 2))
        inertias = np.zeros(len(centroids) if measure else 0)
        for block_sums, block_inertias in self.map(work, "Clustering"):
            sums += block_sums  # in block order: the same bits on any number of threads
            inertias += block_inertias
        weights = sums[:, -2].copy()
        moments = sums[:, :-2] / frame.scale + weights[:, None] * frame.offset
        return Assigned(moments, weights, inertias / frame.scale / frame.scale)

    def reorder(self, order: NDArray[np.int64]) -> None:
        """Number the clusters of the last pass anew: what is known of it serves for centroids[order]."""
        moved = bool((order != np.arange(len(order))).any())
        if moved and self._state is not None and len(self._state.way) == len(order):
            self._state.reorder(order)

    def forget(self) -> None:
        """Forget what was kept from earlier calls, stopped ones included, before a new fit."""
        self._state = None

    def farthest(self, centroids: Floats, n: int) -> list[tuple[float, Floats, float, int]]:
        """Squared distance (in the frame), sample, weight and cluster of the n samples farthest from their centroid."""
        frame = self.frame
        # Rounded to float32, as the kernel sees them, so that a sample equal to its centroid is at distance 0.
        rounded = frame.enter(centroids).astype(np.float32).astype(np.float64)
        of_offset = float(((1e-15 * frame.offset * frame.scale) ** 2).sum())
        found: list[tuple[float, int, int, Floats, float, int]] = []

        def look(block: int, labels: NDArray[np.int32]) -> None:
            samples, weights = self.source.read(block)
            inside = frame.enter(samples).astype(np.float32)
            distances = squares_apart(inside, rounded[labels], weights, of_offset)
            top = np.argsort(-distances, kind="stable")[:n]
            found.extend(
                (-float(distances[i]), block, int(i), samples[i].astype(np.float64),
                 1.0 if weights is None else float(weights[i]), int(labels[i]))
                for i in top
            )  # fmt: skip

        self.assign(centroids, look, measure=False)
        found.sort(key=lambda entry: entry[:3])
        return [(-distance, sample, weight, label) for distance, _, _, sample, weight, label in found[:n]]

    def draw(self, n: int, random: np.random.Generator) -> "TableSource":
        """At most n samples, one from each of n equal stretches of all samples, in their order."""
        sizes = [size for size, _, _ in self._survey]
        ends = np.cumsum(sizes)
        if self.n_samples <= n:
            chosen = np.arange(self.n_samples)
        else:
            chosen = ((np.arange(n) + random.random(n)) * (self.n_samples / n)).astype(np.int64)

        def work(block: int) -> tuple[Table, Floats]:
            start = ends[block] - sizes[block]
            rows = chosen[np.searchsorted(chosen, start) : np.searchsorted(chosen, ends[block])] - start
            samples, weights = self.source.read(block)
            return samples[rows], np.ones(len(rows)) if weights is None else weights[rows]

        tables, weights = zip(*self.map(work, "Sampling"), strict=True)
        return TableSource(np.concatenate(tables), np.concatenate(weights))


class _BlockAssigner:
    """The kernel with everything that is the same for all blocks."""

    def __init__(self, frame: Frame, centroids: Floats, state: State) -> None:
        self._frame = frame
        self._centroids = np.ascontiguousarray(centroids)
        self._moved = (state.step, state.way, state.reach)

    def __call__(self, samples: Table, weights: Floats | None, state: BlockState, measure: bool = True) -> Floats:
        """Bring the state of a block up to date; return its inertias (K,), or (0,) unless they are to be measured."""
        samples, weights, frame = _for_kernel(samples, weights, self._frame)
        arrays = (state.labels, state.until, state.sums)
        inertias = np.zeros(len(self._centroids) if measure else 0)
        lloyd_block(
            samples, weights, frame, self._centroids, self._moved, (0.0, 0, 1.0), scratch(*self._centroids.shape),
            arrays, state.tiles, inertias,
        )  # fmt: skip
        return inertias


def squares_apart(inside: Table, centroids: Floats, weights: Floats | None, rounding: float = 0.0) -> Floats:
    """Squared distances (N,) of samples in the frame to their centroids (N, F); 0 if equal, and without weight."""
    distances: Floats = ((inside - centroids) ** 2).sum(1)
    distances[distances <= EQUAL * (inside.astype(np.float64) ** 2).sum(1) + rounding] = 0
    if weights is not None:
        distances[weights == 0] = 0
    return distances


def _sums_of(samples: Table, weights: Floats | None, frame: Frame) -> Floats:
    """Weighted sums (F + 2,) of a block, see `sum_block`."""
    samples, weights, offset_and_scale = _for_kernel(samples, weights, frame)
    sums = np.zeros(samples.shape[1] + 2)
    sum_block(samples, weights, offset_and_scale, sums)
    return sums


def _for_kernel(samples: Table, weights: Floats | None, frame: Frame) -> tuple[Table, Floats, tuple[Floats, float]]:
    """Return samples, weights, offset and scale as kernels take them.

    They are compiled for float32 and float64 only, a second each: what float32 holds exactly is given to them so.
    """
    offset, scale = frame.offset, frame.scale
    if samples.dtype in (np.uint8, np.int8, np.uint16, np.int16):
        samples = samples.astype(np.float32)
    elif samples.dtype not in (np.float32, np.float64):
        samples, offset, scale = frame.enter(samples), np.zeros(samples.shape[1]), 1.0
    weights = _ones(len(samples)) if weights is None else np.ascontiguousarray(weights)
    return read_only(np.ascontiguousarray(samples)), read_only(weights), (offset, scale)


def _ones(n: int) -> Floats:
    return _longest_ones(-(-n // 4096) * 4096)[:n]


@cache
def _longest_ones(n: int) -> Floats:
    return np.ones(n)
