"""Labels of a chunk of an image, the same as if all of the image were labeled at once.

M, N, … spatial axes, K clusters, F features.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import codes_of, colors_of, fill_table, look_up_colors, map_blocks, read_only

from .codes import ALL
from .features import Features
from .pixels import Array, Pixels
from .recipe import Recipe
from .routes import Floats, is_counted, three_bytes
from .splits import Splits, labels_by

KEPT_TABLES = 2
"""Tables of 16 or 32 MB that a process keeps: of the latest models."""


@dataclass(frozen=True, eq=False)
class ChunkLabels:
    """Labels pixels by centroids (K, F) and splits; what `lut` has for each.

    It is sent to where chunks are, and computes the same there.
    """

    centroids: Floats
    splits: Splits
    lut: Array

    def __call__(self, features: Features) -> Array:
        """Labels (M, N, …) of a chunk."""
        if is_counted(features.pixels) and not features.recipe.looks_around:
            return self._table(features).labels(features.pixels)
        return labels_by(features, self.centroids, self.splits, self.lut)[0]

    def remember(self, features: Features, colors: NDArray[np.uint8], labels: Array) -> None:
        """Keep the labels (D,) of colors (D, 3) that were found in an image, so that they are not found again here."""
        self._table(features).keep(colors, labels)

    def _table(self, features: Features) -> "_Table":
        return _table(_Key(self, features.recipe, features.pixels.rgb, features.pixels.n_channels))


class _Key:
    """What a table depends on, to be compared."""

    def __init__(self, labeler: ChunkLabels, recipe: Recipe, rgb: bool, n_channels: int) -> None:
        self.labeler, self.recipe, self.rgb, self.n_channels = labeler, recipe, rgb, n_channels
        arrays = [labeler.centroids, labeler.lut, *(a for s in labeler.splits for a in (s.replaced, s.centroids))]
        known = tuple((a.shape, str(a.dtype), a.tobytes()) for a in arrays)
        self._compared: tuple[Any, ...] = (known, recipe, rgb, n_channels)

    def __hash__(self) -> int:
        return hash(self._compared)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._compared == other._compared


class _Table:
    """Labels of 8-bit colors, each found when it is met first: in a chunk of a photo most were met before."""

    def __init__(self, key: _Key) -> None:
        self._key = key
        self._labels = np.zeros(1 << 24, key.labeler.lut.dtype)  # pages that no color touches are never in memory

    def labels(self, pixels: Pixels) -> Array:
        """Labels of all pixels, 0 where left out."""
        found = np.empty(pixels.size, self._labels.dtype)
        nothing = read_only(np.empty((0, 3), np.uint8))
        look_up_colors(nothing, ALL, self._labels, found[:0])  # compiles here, not in a thread of the pool
        unknown = map_blocks(lambda block: self._look_up(pixels, block, found), pixels.n_blocks)
        again = [block for block, colors in enumerate(unknown) if len(colors)]
        if again:
            self.learn(_distinct(np.concatenate(unknown)))
            map_blocks(lambda i: self._look_up(pixels, again[i], found), len(again))
        return found.reshape(pixels.shape)

    def _look_up(self, pixels: Pixels, block: int, found: Array) -> NDArray[np.uint32]:
        """Label a block; return the Morton codes of colors that are not known yet."""
        values, keep = three_bytes(pixels, block)
        own = found[pixels.place(block)]
        look_up_colors(values, keep, self._labels, own)
        missing = own == 0
        if len(keep):
            missing &= keep.view(bool)
        if not missing.any():
            return np.empty(0, np.uint32)
        return _distinct(codes_of(values[missing]))

    def learn(self, codes: NDArray[np.uint32]) -> None:
        """Label colors of these Morton codes."""
        key = self._key
        colors = colors_of(codes, 3)
        pixels = Pixels(colors[None, :, : key.n_channels], channel_axis=-1, rgb=key.rgb)
        labels, _ = labels_by(Features(pixels, key.recipe), key.labeler.centroids, key.labeler.splits, key.labeler.lut)
        self.keep(colors, labels[0])

    def keep(self, colors: NDArray[np.uint8], labels: Array) -> None:
        """Write labels (D,) of colors (D, 3) into the table."""
        fill_table(read_only(colors), read_only(labels), self._labels)


def _distinct(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Each of some codes once, ascending; `np.unique` takes ten times as long."""
    found: NDArray[np.uint32] = np.sort(codes)
    return np.asarray(found[np.append(True, found[1:] != found[:-1])])


@lru_cache(KEPT_TABLES)
def _table(key: _Key) -> _Table:
    return _Table(key)
