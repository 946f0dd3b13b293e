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
from ._kernels import TILE, assign_block

Table = NDArray[Any]
Floats = NDArray[np.float64]
WriteLabels = Callable[[int, NDArray[np.int32]], None]

LARGEST = 1e150
"""Largest value whose square float64 can hold, with room for sums."""

KERNEL_DTYPES = (np.uint8, np.uint16, np.float32, np.float64)
"""Dtypes the kernel is compiled for; a dtype more costs a second of compiling at its first use."""


class Source(Protocol):
    """Where samples come from: a table, the pixels of an image, the distinct colors of an image."""

    @property
    def n_features(self) -> int:
        """F."""

    @property
    def n_blocks(self) -> int:
        """Number of blocks; which samples are in which block must not depend on the machine."""

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
        return -(-len(self.samples) // block_length(self.n_features))

    def read(self, block: int) -> tuple[Table, Floats | None]:
        """Samples and weights of a block."""
        length = block_length(self.n_features)
        part = slice(block * length, (block + 1) * length)
        return self.samples[part], None if self.weights is None else self.weights[part]


@dataclass(frozen=True)
class Assigned:
    """What a pass finds for each cluster, in the units of the samples."""

    sums: Floats
    """(K, F) weighted sum of the cluster's samples."""
    weights: Floats
    """(K,) total weight."""
    inertias: Floats
    """(K,) weighted sum of squared distances to the cluster's centroid."""


@dataclass(frozen=True)
class Frame:
    """The samples' own coordinates: (sample - offset) * scale fits float32 however far from zero the samples are."""

    offset: Floats
    """(F,) near the middle of the samples, with so few digits that subtracting it loses none of theirs."""
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
        return cls(np.round((low / 2 + high / 2) / grid) * grid, 1 / grid)

    def enter(self, points: Table) -> Floats:
        """From the samples' units into the frame."""
        return np.asarray((points.astype(np.float64) - self.offset) * self.scale)


class Samples:
    """Samples read block by block from a source, as often as K-means passes over them."""

    def __init__(self, source: Source, callback: Callback | None = None, frame: Frame | None = None) -> None:
        self.source = source
        self.callback = callback
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
    def _survey(self) -> list[tuple[int, Floats, Floats]]:
        """Number of samples in each block, their lowest and highest values, from one look at all samples."""

        def look(block: int) -> tuple[int, Floats, Floats]:
            samples, _ = self.source.read(block)
            if not len(samples):
                return 0, np.zeros(self.n_features), np.zeros(self.n_features)
            return len(samples), samples.min(0).astype(np.float64), samples.max(0).astype(np.float64)

        return self.map(look, "Reading")

    @property
    def n_samples(self) -> int:
        """N."""
        return sum(n for n, _, _ in self._survey)

    @cached_property
    def frame(self) -> Frame:
        """Coordinates in which distances are computed."""
        dtype = self.source.read(0)[0].dtype
        if dtype in (np.uint8, np.uint16):  # their range is known without looking
            half = 2.0 ** (8 * dtype.itemsize - 1)
            return Frame(np.full(self.n_features, half), 1 / half)
        bounds = [(low, high) for n, low, high in self._survey if n]
        return Frame.around(np.min([low for low, _ in bounds], 0), np.max([high for _, high in bounds], 0))

    @cached_property
    def variance(self) -> float:
        """Weighted variance, averaged over the features: what a relative tolerance is relative to."""
        frame = self.frame
        whole = self.assign(frame.offset[None])
        shift = whole.sums[0] / whole.weights[0] - frame.offset
        return max(0.0, float(whole.inertias[0] / whole.weights[0] - shift @ shift)) / self.n_features

    def assign(self, centroids: Floats, write: WriteLabels | None = None) -> Assigned:
        """Assign every sample to its nearest centroid; `write(block, labels)` is given the labels of a block."""
        frame = self.frame
        inside = frame.enter(centroids)
        assign = _BlockAssigner(frame, inside)
        if self.source.n_blocks > 1:
            assign(self.source.read(0)[0][:0], None)  # compiles here, not in a thread of the pool

        def work(block: int) -> Floats:
            labels, stats = assign(*self.source.read(block))
            if write is not None:
                write(block, labels)
            return stats

        total = np.zeros((len(centroids), self.n_features + 2))
        for stats in self.map(work, "Clustering"):
            total += stats  # in block order: the same bits on any number of threads
        weights = total[:, -2].copy()
        sums = total[:, :-2] / frame.scale + weights[:, None] * frame.offset
        return Assigned(sums, weights, total[:, -1] / frame.scale / frame.scale)

    def farthest(self, centroids: Floats, n: int) -> list[tuple[float, Floats, float, int]]:
        """Squared distance (in the frame), sample, weight and cluster of the n samples farthest from their centroid."""
        frame = self.frame
        inside = frame.enter(centroids)
        assign = _BlockAssigner(frame, inside)
        # Rounded to float32, as the kernel sees them, so that a sample equal to its centroid is at distance 0.
        rounded = inside.astype(np.float32).astype(np.float64)

        def work(block: int) -> list[tuple[float, int, int, Floats, float, int]]:
            samples, weights = self.source.read(block)
            labels, _ = assign(samples, weights)
            distances = ((frame.enter(samples).astype(np.float32) - rounded[labels]) ** 2).sum(1)
            if weights is not None:
                distances[weights == 0] = 0
            top = np.argsort(-distances, kind="stable")[:n]
            return [
                (-float(distances[i]), block, int(i), samples[i].astype(np.float64),
                 1.0 if weights is None else float(weights[i]), int(labels[i]))
                for i in top
            ]  # fmt: skip

        found = sorted((entry for part in self.map(work, "Clustering") for entry in part), key=lambda entry: entry[:3])
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

    def __init__(self, frame: Frame, centroids: Floats) -> None:
        self._frame = frame
        self._centroids = np.ascontiguousarray(centroids)
        self._rounded = self._centroids.astype(np.float32)
        self._norm = np.float32(np.sqrt((centroids**2).sum(1).max()))

    def __call__(self, samples: Table, weights: Floats | None) -> tuple[NDArray[np.int32], Floats]:
        """Labels (n,) of a block, and its stats (K, F + 2)."""
        n_clusters, n_features = self._centroids.shape
        offset, scale = self._frame.offset, self._frame.scale
        if samples.dtype not in KERNEL_DTYPES:
            samples, offset, scale = self._frame.enter(samples), np.zeros(n_features), 1.0
        labels = np.empty(len(samples), np.int32)
        stats = np.zeros((n_clusters, n_features + 2))
        scratch = [np.empty(shape, np.float32) for shape in ((n_features, TILE), (n_clusters + 1, n_features))]
        assign_block(
            np.ascontiguousarray(samples), _ones(len(samples)) if weights is None else weights, offset, scale,
            self._centroids, self._rounded, self._norm, tuple(scratch), tuple(np.empty((5, TILE), np.float32)),
            np.empty(n_clusters + 1, np.int64), np.empty((3, n_features)), labels, stats,
        )  # fmt: skip
        return labels, stats


def _ones(n: int) -> Floats:
    return _longest_ones(-(-n // 4096) * 4096)[:n]


@cache
def _longest_ones(n: int) -> Floats:
    return np.ones(n)
