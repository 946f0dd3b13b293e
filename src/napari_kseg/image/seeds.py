"""Where clusters start, if the user says so: by values, by pixels pointed at, or by scribbles.

S seeds, C channels, F features, M, N, … spatial axes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_kseg.kmeans import map_blocks

from .chunks import Chunks
from .features import Features
from .pixels import Array
from .routes import Floats

RADIUS = 1
"""Pixels around one that is pointed at, along the last two axes, that are averaged with it."""

ACCEPTED = (
    "(K, C) centroids, (K, number of spatial axes) pixel coordinates, or scribbles, integers of the image's shape"
)


class PixelCoordinates(tuple[tuple[float, ...], ...]):
    """Coordinates of pixels, also where an image has as many channels as axes and they could be colors."""


def seeds_of(features: Features, init: ArrayLike | PixelCoordinates) -> Floats:
    """Centroids (S, F) that `init` means in an image, in the units of `features`, the image's own if they are plain.

    A table with a column for each feature has the centroids; else one with a column for each spatial axis has
    coordinates of pixels; else integers of the image's spatial shape are scribbles, each label but 0 a seed, in
    ascending order.
    """
    try:
        given: Array = np.array(init)
    except ValueError:
        given = np.array(None)
    if given.dtype.kind not in "buif":
        raise TypeError(f'init={init!r} must be "k-means++", "random" or an array of centroids (K, C)')
    if not given.size:
        raise ValueError(f"init has shape {given.shape}, which holds no seed; give {ACCEPTED}")
    if given.ndim == 1:
        given = given[:, None]
    is_pointed = isinstance(init, PixelCoordinates)
    if given.ndim == 2 and given.shape[1] == features.n_features and not is_pointed:
        return given.astype(np.float64)
    if given.shape == features.shape and given.dtype.kind in "iu":
        return _means_of_scribbles(features, given)
    if given.ndim == 2 and given.shape[1] == len(features.shape):
        return np.array([_mean_around(features, point) for point in given.astype(np.float64)])
    plain = features.recipe.is_plain
    what = "channels" if plain else "features, as texture or place counts,"
    raise ValueError(
        f"init has shape {given.shape}, but the image has {features.n_features} {what} and the spatial shape "
        f"{features.shape}; give {ACCEPTED if plain else ACCEPTED.replace('C', 'F', 1)}"
    )


def _mean_around(features: Features, point: Floats) -> Floats:
    """Mean of the pixels (F,) around a point that take part."""
    inside = np.isfinite(point).all() and ((np.rint(point) >= 0) & (np.rint(point) < features.shape)).all()
    if not inside:
        raise ValueError(
            f"init has the pixel {_said(point)}, which is not in the image of spatial shape {features.shape}; give "
            "coordinates of its pixels"
        )
    middle = np.rint(point).astype(int)
    reach = [0] * (len(middle) - 2) + [RADIUS] * min(2, len(middle))
    part = tuple(slice(max(0, int(i) - r), int(i) + r + 1) for i, r in zip(middle, reach, strict=True))
    values, keep = features.read_part(part)
    kept = values[np.ones(values.shape[:-1], bool) if keep is None else keep]
    if not len(kept):
        raise ValueError(f"init has the pixel {_said(point)}, around which all are left out; point at one that is not")
    mean: Floats = kept.mean(0, dtype=np.float64)
    return mean


def _means_of_scribbles(features: Features, scribbles: Array) -> Floats:
    """Mean of the pixels (S, F) under each label that take part."""
    names = np.unique(scribbles[scribbles != 0])
    if not len(names):
        raise ValueError(f"init has the image's shape but no label other than 0; give {ACCEPTED}")

    lazy = features.pixels.lazy is not None
    parts = Chunks.of(features).parts if lazy else [features.part(block) for block in range(features.n_blocks)]

    def add_up(i: int) -> Floats:
        sums = np.zeros((len(names), features.n_features + 1))
        drawn = scribbles[parts[i]]
        if drawn.any():
            values, keep = features.read_part(parts[i])
            here = drawn != 0 if keep is None else (drawn != 0) & keep
            rows = np.searchsorted(names, drawn[here])
            np.add.at(sums, rows, np.column_stack([values[here].astype(np.float64), np.ones(len(rows))]))
        return sums

    sums = np.sum(map_blocks(add_up, len(parts)), axis=0)
    empty = names[sums[:, -1] == 0]
    if len(empty):
        raise ValueError(
            f"all pixels under the scribble {empty[0]} of init are left out; draw it where pixels take part"
        )
    means: Floats = sums[:, :-1] / sums[:, -1:]
    return means


def _said(point: NDArray[Any]) -> str:
    return "(" + ", ".join(f"{number:g}" for number in point) + ")"
