"""Features: what K-means sees of each pixel, made block by block by a recipe.

N pixels, C channels of the image, F features, M, N, … spatial axes.
"""

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .around import filled, n_texture_features, place, reach_of, smoothed, textured, widened
from .color_space import COLOR_SPACES, OWN
from .pixels import Array, Index, Pixels
from .recipe import Recipe

KEPT = 1 << 28
"""Bytes of features that are kept once they are made, if they look around; more are made anew in every pass."""

TILE = 1 << 18
"""Pixels of a tile in which features that look around are made: about 512 x 512."""


def n_features(recipe: Recipe, n_channels: int, ndim: int) -> int:
    """Features that a recipe makes of images with so many channels and spatial axes."""
    own = len(COLOR_SPACES[recipe.color_space].names) if recipe.color_space != OWN else n_channels
    used = own if recipe.channels is None else len(recipe.channels)
    return used * (n_texture_features(ndim, recipe.texture) if recipe.texture else 1) + len(recipe.position)


class Features:
    """The features of an image's pixels, block by block; of the plain recipe, the pixels' own values.

    Parameters
    ----------
    pixels : Pixels
        The image.
    recipe : Recipe
        How they are made.
    """

    def __init__(self, pixels: Pixels, recipe: Recipe | None = None) -> None:
        self.pixels = pixels
        self.recipe = recipe = recipe or Recipe()
        ndim, spacing = len(pixels.shape), pixels.spacing
        self.n_features = n_features(recipe, pixels.n_channels, ndim)
        sigma = recipe.sigma if len(recipe.sigma) != 1 else recipe.sigma * ndim
        self._sigma = tuple(own / unit for own, unit in zip(sigma, spacing, strict=False))
        self.reach = reach_of(self._sigma, recipe.texture, ndim)
        self._parts = self.tiles(pixels.shape, (1.0,) * ndim) if recipe.looks_around else None
        self._kept: dict[int, tuple[Array, NDArray[np.uint8] | None]] | None = None
        if recipe.looks_around and pixels.size * self.n_features * 4 <= KEPT:
            self._kept = {}

    def within(self, only: NDArray[np.bool_]) -> "Features":
        """Return the features of some pixels, the same as among all."""
        return Features(self.pixels.within(only), self.recipe)

    @property
    def shape(self) -> tuple[int, ...]:
        """Spatial shape of the image."""
        return self.pixels.shape

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return self.pixels.n_blocks if self._parts is None else len(self._parts)

    def part(self, block: int) -> Index:
        """Return where a block is in the spatial axes."""
        return self.pixels.part(block) if self._parts is None else self._parts[block]

    def read(self, block: int) -> tuple[Array, NDArray[np.uint8] | None]:
        """Features (n, F) of a block, contiguous, and 1 for every pixel (n,) that takes part; None if all do."""
        if not self.recipe.looks_around:
            values, keep = self.pixels.read(block)
            return self.of_values(values), keep
        if self._kept is not None and block in self._kept:
            return self._kept[block]
        table, chosen = self.read_part(self.part(block))
        found = (
            np.ascontiguousarray(table).reshape(-1, self.n_features),
            None if chosen is None else np.ascontiguousarray(chosen).reshape(-1).view(np.uint8),
        )
        if self._kept is not None:
            self._kept[block] = found
        return found

    def read_part(self, part: Index) -> tuple[Array, NDArray[np.bool_] | None]:
        """Features (…, F) of a part of the spatial axes, and which pixels (…) take part; None if all do."""
        recipe = self.recipe
        if not recipe.looks_around:
            values, keep = self.pixels.read_part(part)
            return self.of_values(values), keep
        wide, inside = widened(part, self.reach, self.shape)
        values, keep = self.pixels.seen_part(wide)
        if any(self.reach):
            values = filled(values, keep, self.pixels.spacing)
        if recipe.sigma:
            values = smoothed(values, self._sigma)
        features = recipe.of_values(values, self.pixels.dtype)
        if recipe.texture:
            features = textured(features, recipe.texture)
        features = self._compared(features[inside])
        if recipe.position:
            unit = tuple(one * size for one, size in zip(recipe.position, self.pixels.spacing, strict=True))
            own = tuple(
                slice(axis.start + first, axis.stop + first)
                for axis, first in zip(part, self.pixels.origin, strict=True)
            )
            features = np.concatenate([features, place(own, unit).astype(np.float32)], -1)
        if self.pixels.only is not None:
            return features, self.pixels.read_part(part)[1]
        return features, None if keep is None else keep[inside]

    def of_values(self, values: Array) -> Array:
        """Features (…, F) of values (…, C) in the image's units, whatever is around them."""
        return self._compared(self.recipe.of_values(values, self.pixels.dtype))

    def tiles(self, shape: tuple[int, ...], factors: tuple[float, ...]) -> list[Index]:
        """Cut the shape of the image, or of one reduced by some factors, into parts longer than what they look at."""
        edge = math.ceil(TILE ** (1 / max(1, sum(length > 1 for length in self.shape))))
        ends = []
        for length, far, factor in zip(shape, self.reach, factors, strict=True):
            n = max(1, round(length * factor / max(edge, 2 * far)))
            ends.append(np.linspace(0, length, min(n, length) + 1).astype(int))
        cuts = [[slice(int(own[i]), int(own[i + 1])) for i in range(len(own) - 1)] for own in ends]
        return list(product(*cuts))

    def _compared(self, features: Array) -> Array:
        if not self.recipe.scale:
            return features
        exact = features.dtype.itemsize <= 2 or any(self.recipe.offset)  # float32 can tell them apart
        return self.recipe.scaled(features).astype(np.float32 if exact else np.float64)
