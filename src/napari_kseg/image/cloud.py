"""Some pixels of a segmented image as points among the centroids, for plots that must come at once.

K clusters, C channels, n points.
"""

import math
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback

from .channel_stack import ChannelStack
from .chunks import Chunks
from .color_space import converted
from .features import Features
from .pixels import Array, Pixels
from .recolor import white
from .routes import Floats

if TYPE_CHECKING:
    from .segmentation import Segmentation

N_READ = 8
"""Blocks that are read of an image that is not in memory."""
SPARSE = 0.02
"""Share of clustered pixels below which they are looked up first; above it, drawing and leaving out is faster."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """Points drawn from an image, and the centroids among them. Result of `cloud`."""

    points: Floats
    """(n, C) float64 values of the pixels, in image units."""
    colors: NDArray[np.uint8]
    """(n, 3) colors to draw them in: their own if the image is a color image, else those of their clusters."""
    rows: NDArray[np.intp]
    """(n,) row of the centroid of their cluster: label - 1."""
    centroids: Floats
    """(K, C) float64, in image units."""
    centroid_colors: NDArray[np.uint8]
    """(K, 3) colors that the clusters are shown in."""
    channel_names: tuple[str, ...]
    """Name of each channel."""
    lab: Floats | None = None
    """(n, 3) the points in CIELAB; None if the image is no color image."""
    centroid_lab: Floats | None = None
    """(K, 3) the centroids in CIELAB, likewise."""

    def shown_as(self, colors: Floats, channel_names: Sequence[str] = ()) -> "Cloud":
        """Return the same points with the colors (K, 3), 0 to 1, of the clusters elsewhere, and other names."""
        shown, names = _bytes(colors), tuple(channel_names) or self.channel_names
        own = shown[self.rows] if self.lab is None else self.colors
        return replace(self, colors=own, centroid_colors=shown, channel_names=names)


def cloud(seg: "Segmentation", n_points: int = 4000, callback: Callback | None = None) -> Cloud:
    """Draw pixels that take part from all over an image, the same ones every time.

    Parameters
    ----------
    seg : Segmentation
        The image and its clusters.
    n_points : int, optional
        Pixels to draw; about as many, or all if there are fewer.
    callback : callable, optional
        `callback(stage, done, total)` is called before a block is read; an exception raised in it ends the drawing.

    Returns
    -------
    cloud : Cloud
        The points, in the order of the pixels. Of an image that is not in memory, only a few blocks are read.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_kseg as kseg
    >>> seg = kseg.segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2)
    >>> found = cloud(seg)
    >>> found.points.ravel().tolist(), found.rows.tolist()
    ([0.0, 1.0, 9.0, 8.0, 1.0, 0.0], [0, 0, 1, 1, 0, 0])
    """
    pixels = seg.pixels
    if is_in_memory(pixels.image) and not seg.is_lazy:
        labels = seg.labels.reshape(-1)
        places = _draw(labels, int(seg.counts.sum()), n_points)
        values, found = _values_at(pixels, places), labels[places]
    else:
        values, found = _read(seg, n_points, callback)
    rows = found.astype(np.intp) - 1
    points, shown = values.astype(np.float64), _bytes(seg.colors()[:, :3])
    found = Cloud(points, shown[rows], rows, seg.centroids, shown, seg.channel_names)
    if not seg.is_color:
        return found
    return Cloud(
        points, _bytes(points / white(pixels.dtype, seg.centroids)), rows, seg.centroids, shown, seg.channel_names,
        converted("Lab", values, pixels.dtype).astype(np.float64),
        converted("Lab", seg.centroids, pixels.dtype).astype(np.float64),
    )  # fmt: skip


def _draw(labels: Array, n_inside: int, n: int) -> NDArray[np.intp]:
    """Places of about n labeled pixels, ascending: one in each of as many equal parts of the image."""
    if n_inside <= max(n, SPARSE * len(labels)):
        return _thinned(np.flatnonzero(labels > 0), n)  # of bools: a quarter of the time
    n_parts = min(len(labels), math.ceil(1.2 * n * len(labels) / n_inside))  # more, as those left out crowd
    edges = np.linspace(0, len(labels), n_parts + 1)
    inside = np.random.default_rng(0).random(n_parts)
    places = np.minimum((edges[:-1] + inside * np.diff(edges)).astype(np.intp), len(labels) - 1)
    return _thinned(places[labels[places] > 0], n)


def _thinned(places: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """At most n of them, in their order."""
    if len(places) <= n:
        return places
    return places[np.sort(np.random.default_rng(1).choice(len(places), n, replace=False, shuffle=False))]


def _values_at(pixels: Pixels, places: NDArray[np.intp]) -> Array:
    """Values (n, C) at places in the raveled spatial shape; nothing else of the image is touched."""
    index = np.unravel_index(places, pixels.shape)
    if isinstance(pixels.image, ChannelStack):
        return np.stack([array[index].astype(pixels.dtype) for array in pixels.image.arrays], -1)
    axis = pixels.channel_axis
    image = pixels.image[..., None] if axis is None else np.moveaxis(pixels.image, axis, -1)
    values: Array = image[index][:, : pixels.n_channels]
    return values.astype(pixels.dtype.newbyteorder("="), copy=False)


def _read(seg: "Segmentation", n: int, callback: Callback | None) -> tuple[Array, Array]:
    """Values (n, C) and labels (n,) of labeled pixels in a few blocks, evenly spread over those that have any."""
    pixels = seg.pixels
    if seg.is_lazy:
        blocks = Chunks.of(Features(pixels)).parts
    else:
        blocks = [pixels.part(i) for i in range(pixels.n_blocks)]
        blocks = [block for block in blocks if seg.labels[block].any()]
    chosen = [blocks[round(i)] for i in np.linspace(0, len(blocks) - 1, min(N_READ, len(blocks)))]
    labels = [np.asarray(seg.labels[block]).reshape(-1) for block in chosen]
    inside = [np.flatnonzero(own) for own in labels]
    total = sum(map(len, inside))
    values, found = [np.empty((0, pixels.n_channels), pixels.dtype)], [np.empty(0, np.uint8)]
    for number, (block, own, within) in enumerate(zip(chosen, labels, inside, strict=True)):
        if callback is not None:
            callback("Reading", number, len(chosen))
        drawn = _thinned(within, max(1, n * len(within) // max(1, total)))
        raw = pixels.raw_part(block)[..., : pixels.n_channels]
        values.append(raw.reshape(-1, pixels.n_channels)[drawn])
        found.append(own[drawn])
    return np.concatenate(values), np.concatenate(found)


def is_in_memory(image: Any) -> bool:
    """Return whether single values can be read at once: a NumPy array, or a list of them, that is no view of a file."""
    if isinstance(image, ChannelStack):
        return all(map(is_in_memory, image.arrays))
    if not isinstance(image, np.ndarray):
        return False
    base: Any = image
    while isinstance(base, np.ndarray) and not isinstance(base, np.memmap):
        base = base.base
    return not isinstance(base, (np.memmap, mmap.mmap))


def _bytes(colors: Floats) -> NDArray[np.uint8]:
    """Colors of 0 to 1 as bytes."""
    return np.rint(np.clip(np.nan_to_num(colors), 0, 1) * 255).astype(np.uint8)
