"""Pixels drawn from an image that is not in memory, to stand for all of them, and what is known of all.

n drawn pixels, F features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback, Moments, Samples, TableSource

from .chunks import Chunk
from .features import Features
from .pixels import Array
from .routes import Floats, SampleRoute

VALUES = 1 << 22
"""Features of drawn pixels together: 16 MB of float32. What a fit on n of many pixels loses is about K/n of the inertia
[1]_: with 64 clusters of 8 features 0.012 %.

.. [1] Pollard (1982), A central limit theorem for k-means clustering, The Annals of Probability 10(4), 919-926,
   doi:10.1214/aop/1176993713.
"""


@dataclass(frozen=True)
class Drawn:
    """Pixels drawn evenly from all that take part in some chunks."""

    samples: Array
    """(n, F) their features."""
    weights: Floats
    """(n,) how many pixels each stands for."""
    places: NDArray[np.int64]
    """(n,) where they are in the raveled spatial shape of the whole image."""
    moments: Moments
    """Of all pixels that take part, drawn or not."""

    @classmethod
    def added(cls, parts: Sequence["Drawn"]) -> "Drawn":
        """Put together what was drawn from several chunks."""
        return cls(
            np.concatenate([part.samples for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.places for part in parts]),
            Moments.added([part.moments for part in parts]),
        )


@dataclass(frozen=True)
class DrawFromChunks:
    """Draws from groups of chunks, in proportion to their size; all pixels of an image that is small enough.

    Parameters
    ----------
    shape : tuple of int
        Spatial shape of the whole image.
    share : float
        Part of the pixels to draw.
    """

    shape: tuple[int, ...]
    share: float

    @classmethod
    def of(cls, features: Features) -> "DrawFromChunks":
        """Return what draws from this image."""
        return cls(features.shape, min(1.0, VALUES / (features.pixels.size * features.n_features)))

    def __call__(self, chunks: list[Chunk]) -> Drawn:
        """Draw from some chunks."""
        return Drawn.added([self._drawn(chunk.features) for chunk in chunks])

    def _drawn(self, chunk: Features) -> Drawn:
        source = SampleRoute(chunk, None, keep=False)
        # The same pixels of a chunk, whatever else is computed before or beside it.
        random = np.random.default_rng(list(chunk.pixels.origin))
        samples, moments, places = [], [Moments.none(chunk.n_features)], []
        for block in range(chunk.n_blocks):
            table = source.read(block)[0]
            moments.append(Moments.of(table))
            n = len(table)
            wanted = n if self.share >= 1 else min(n, int(np.ceil(n * self.share)))
            rows = np.arange(n)
            if wanted < n:
                rows = ((np.arange(wanted) + random.random(wanted)) * (n / wanted)).astype(np.int64)
            samples.append(table[rows])
            places.append(self._places(chunk, block, rows, n))
        counts = [len(part) for part in places]
        weights = [np.full(m, moment.n / max(m, 1)) for m, moment in zip(counts, moments[1:], strict=True)]
        return Drawn(np.concatenate(samples), np.concatenate(weights), np.concatenate(places), Moments.added(moments))

    def _places(self, chunk: Features, block: int, rows: NDArray[np.intp], n: int) -> NDArray[np.int64]:
        """Where rows of the samples of a block are in the whole image."""
        part = chunk.part(block)
        lengths = tuple(axis.stop - axis.start for axis in part)
        if n < np.prod(lengths):
            keep = chunk.pixels.read_part(part)[1]
            rows = np.flatnonzero(keep)[rows] if keep is not None else rows
        inside = np.unravel_index(rows, lengths)
        whole = [own + axis.start + first for own, axis, first in zip(inside, part, chunk.pixels.origin, strict=True)]
        return np.ravel_multi_index(whole, self.shape).astype(np.int64) if len(rows) else np.empty(0, np.int64)


class DrawnSamples(Samples):
    """Drawn pixels as samples, with bounds, moments and variance of all pixels.

    They are in the order of the image, so that a fit on all pixels of a small image is that of the image in memory.
    """

    def __init__(self, drawn: Drawn, callback: Callback | None) -> None:
        order = np.argsort(drawn.places, kind="stable")
        weights = None if (drawn.weights == 1).all() else drawn.weights[order]
        super().__init__(TableSource(drawn.samples[order], weights), callback)
        self.moments = drawn.moments
        self.variance = float(drawn.moments.variances.mean())

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Lowest and highest value of each feature."""
        return self.moments.low, self.moments.high
