"""How often each value of one channel of integers occurs in some chunks of an image, to be added up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chunks import Chunk
from .codes import Codes

MOST = 1 << 16
"""Values from the lowest to the highest that are counted."""


@dataclass(frozen=True)
class ValueCounts:
    """Counts of the values `base`, `base + 1`, … in ascending order."""

    base: int
    counts: NDArray[np.int64]

    @classmethod
    def of_chunks(cls, chunks: list[Chunk]) -> "ValueCounts | None":
        """Count the values of pixels that take part; None if they span too many."""
        parts = []
        for chunk in chunks:
            codes = Codes(chunk.pixels, None)
            parts.append(cls(codes.base, codes.counts(None)) if codes.n_codes <= MOST else None)
        return cls.added(parts)

    @classmethod
    def added(cls, parts: Sequence["ValueCounts | None"]) -> "ValueCounts | None":
        """Add up counts; None if those of one are missing, or the values of all span too many."""
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if all(part.base == known[0].base and len(part.counts) == len(known[0].counts) for part in known):
            return cls(known[0].base, np.sum([part.counts for part in known], 0))
        inside = [part for part in known if part.counts.any()]
        ends = [part.base + int(np.flatnonzero(part.counts)[-1]) for part in inside]
        base = min((part.base + int(np.flatnonzero(part.counts)[0]) for part in inside), default=0)
        if max(ends, default=0) - base >= MOST:
            return None
        counts = np.zeros(MOST, np.int64)
        for part in inside:
            present = np.flatnonzero(part.counts)
            counts[present + (part.base - base)] += part.counts[present]
        return cls(base, counts)
