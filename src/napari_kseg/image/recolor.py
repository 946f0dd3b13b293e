"""Colors of clusters: the recolored image, and colors to show clusters in."""

import colorsys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import block_length, map_blocks, paint, paint_colors, read_only

from .features import Features
from .lazy import mapped
from .pixels import Array, MaybeLazy, Pixels, in_dtype
from .routes import Floats


def recolor(labels: MaybeLazy, centroids: Floats, pixels: Pixels, any_left_out: bool) -> MaybeLazy | list[MaybeLazy]:
    """Return the image with every labeled pixel replaced by its cluster's centroid; a list of channels as a list."""
    channels = pixels.channels
    if channels is None:
        return _of_pixels(labels, centroids, pixels, any_left_out)
    return [_of_pixels(labels, centroids[:, [i]], channel, any_left_out) for i, channel in enumerate(channels)]


def _of_pixels(labels: MaybeLazy, centroids: Floats, pixels: Pixels, any_left_out: bool) -> MaybeLazy:
    if isinstance(labels, np.ndarray):
        return _recolored(labels, centroids, pixels, any_left_out)
    n_channels = pixels.n_channels + pixels.alpha
    function = _Recolor(centroids, any_left_out)
    return mapped(Features(pixels.made_lazy(labels.chunks)), function, pixels.dtype, [labels], n_channels)


@dataclass(frozen=True, eq=False)
class _Recolor:
    """Recolors a chunk with these labels."""

    centroids: Floats
    any_left_out: bool

    def __call__(self, features: Features, labels: Array) -> Array:
        """Return it."""
        return _recolored(np.ascontiguousarray(labels), self.centroids, features.pixels, self.any_left_out)


def _recolored(labels: Array, centroids: Floats, pixels: Pixels, any_left_out: bool) -> Array:
    dtype = pixels.dtype.newbyteorder("=")
    n_channels = pixels.n_channels + pixels.alpha
    palette = np.zeros((len(centroids) + 1, n_channels), dtype)
    palette[1:, : pixels.n_channels] = in_dtype(centroids, dtype)
    palette_bytes = palette.view(np.uint8)
    shape = pixels.image.shape
    out = np.empty(shape, pixels.dtype)
    target = out[..., None] if pixels.channel_axis is None else np.moveaxis(out, pixels.channel_axis, -1)
    in_place = target.flags.c_contiguous and out.dtype == dtype
    flat = target.reshape(-1, n_channels) if in_place else None
    flat_labels = read_only(labels.reshape(-1))
    if flat is not None and palette_bytes.shape[1] == 3 and not (any_left_out or pixels.alpha):
        _paint_bytes(flat_labels, palette_bytes, flat.view(np.uint8))
        return out
    paint(flat_labels[:0], palette_bytes, palette_bytes[:0])  # compiles here, not in a thread of the pool

    def work(block: int) -> None:
        place = pixels.place(block)
        part = np.empty((place.stop - place.start, n_channels), dtype) if flat is None else flat[place]
        paint(flat_labels[place], palette_bytes, part.view(np.uint8))
        if any_left_out or pixels.alpha:
            raw = pixels.raw_part(pixels.part(block)).reshape(-1, n_channels)
            if pixels.alpha:
                part[:, -1] = raw[:, -1]
            left_out = flat_labels[place] == 0
            part[left_out] = raw[left_out]
        if flat is None:
            index = pixels.part(block)
            target[index] = part.reshape(target[index].shape)

    map_blocks(work, pixels.n_blocks)
    return out


def _paint_bytes(labels: Array, palette: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Write three bytes into every pixel of a whole image (n, 3), where none is left out."""
    words = palette.astype(np.uint32) @ np.array([1, 1 << 8, 1 << 16], np.uint32)
    n = len(labels) // 4 * 4
    length = block_length(4)
    paint_colors(labels[:0], words, out[:0].reshape(-1).view(np.uint32))  # compiles here, not in a thread of the pool

    def work(block: int) -> None:
        part = slice(block * length, min((block + 1) * length, n))
        paint_colors(labels[part], words, out[part].reshape(-1).view(np.uint32))

    map_blocks(work, -(-n // length))
    out[n:] = palette[labels[n:]]


def display_colors(centroids: Floats, pixels: Pixels) -> Floats:
    """(K, 4) colors, 0 to 1: the centroids' own, grays from the darkest to the brightest, or distinct hues."""
    return shown_colors(centroids, pixels.rgb, pixels.dtype)


def shown_colors(centroids: Floats, rgb: bool, dtype: np.dtype[Any]) -> Floats:
    """Return `display_colors` of centroids whose image is not there."""
    colors = np.ones((len(centroids), 4))
    if rgb:
        colors[:, :3] = np.clip(centroids / white(dtype, centroids), 0, 1)
    elif centroids.shape[1] == 1:
        low, high = (0.0, 255.0) if dtype == np.uint8 else (float(centroids.min()), float(centroids.max()))
        colors[:, :3] = (centroids - low) / (high - low or 1.0)
    else:
        colors = distinct_hues(len(centroids))
    return colors


def distinct_hues(n: int) -> Floats:
    """(n, 4) colors, 0 to 1, to tell labels apart."""
    colors = np.ones((n, 4))
    turns = np.arange(n) * 0.618034 % 1  # the golden ratio keeps hues apart for any number of them
    colors[:, :3] = [colorsys.hsv_to_rgb(turn, 0.75, 0.95) for turn in turns]
    return colors


def white(dtype: np.dtype[Any], centroids: Floats) -> float:
    """Return the value of a channel at full brightness: the smallest usual one that the centroids do not exceed.

    uint8: 255; wider integers: the largest number of 8, 10, 12, 14, … bits; floats: 1, 255, or the largest centroid.
    """
    largest = float(centroids.max())
    if dtype.kind == "f":
        return 1.0 if largest <= 1 else max(255.0, largest)
    bits = next((bits for bits in range(8, 65, 2) if largest <= (1 << bits) - 1), 64)
    return float(min((1 << bits) - 1, np.iinfo(dtype).max)) if dtype.kind in "iu" else 1.0


def hex_color(color: NDArray[Any]) -> str:
    """Color as "#rrggbb"."""
    red, green, blue = np.rint(np.asarray(color)[:3] * 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"
