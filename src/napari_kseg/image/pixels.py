"""The pixels of an image, read block by block: which axes mean what, and which pixels take part.

M, N, … are spatial axes, C is the number of channels that are data (alpha is not), n the pixels of a block.
"""

import math
import warnings
from collections.abc import Iterator
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_kseg.kmeans import block_length

from .channel_stack import ChannelStack, as_image, lazy_of
from .left_out import LeftOut
from .wording import counted

Array = NDArray[Any]
Index = tuple[slice, ...]
MaybeLazy = Array | Any
"""An array in memory, or a dask array."""


class Pixels:
    """An image and what its axes mean.

    Parameters
    ----------
    image : array-like
        Any array that has a shape and a dtype and can be sliced, or a list of such arrays, the channels; it is read
        block by block and never modified. `lazy` is the same as a dask array, if it is not in memory.
    channel_axis : int or None
        Axis of the channels, None for a one-channel image.
    rgb : bool, optional
        The channels are red, green and blue.
    alpha : bool, optional
        The last channel is alpha: pixels where it is 0 are left out.
    mask : array of bool, optional
        True where a pixel takes part, of the image's spatial shape. Of a lazy image it may be lazy as well.

    Raises
    ------
    ValueError
        If the image is empty, or `channel_axis` or `mask` does not fit it.
    TypeError
        If the dtype cannot be clustered.
    """

    def __init__(
        self,
        image: Any,
        *,
        channel_axis: int | None,
        rgb: bool = False,
        alpha: bool = False,
        mask: ArrayLike | None = None,
    ) -> None:
        self.image = as_image(image)
        self.dtype = np.dtype(self.image.dtype)
        shape = tuple(int(length) for length in self.image.shape)
        if self.dtype.kind not in "buif":
            raise TypeError(
                f"the image has dtype {self.dtype}, which cannot be clustered; convert it to bool, integers or floats"
                + (", for example by np.abs(image)" if self.dtype.kind == "c" else "")
            )
        if not shape or math.prod(shape) == 0:
            raise ValueError(f"the image has shape {shape}: there are no pixels to cluster")
        if channel_axis is not None:
            if not -len(shape) <= channel_axis < len(shape):
                raise ValueError(
                    f"channel_axis={channel_axis}, but the image has {counted(len(shape), 'axis')}, shape {shape}; "
                    f"use {-len(shape)} to {len(shape) - 1}, or None if the image has one channel"
                )
            if len(shape) == 1:
                raise ValueError(f"channel_axis={channel_axis} leaves no spatial axis of an image of shape {shape}")
            channel_axis %= len(shape)
        self.channel_axis = channel_axis
        self.rgb = rgb
        self.alpha = alpha
        self.n_channels = (1 if channel_axis is None else shape[channel_axis]) - alpha
        self.shape = shape if channel_axis is None else shape[:channel_axis] + shape[channel_axis + 1 :]
        self.size = math.prod(self.shape)
        self.lazy = lazy_of(self.image)
        self.mask = None if mask is None else _checked_mask(mask, self.shape, may_be_lazy=self.lazy is not None)
        self.left_out = LeftOut()
        self.only: NDArray[np.bool_] | None = None
        self.spacing = (1.0,) * len(self.shape)
        self.origin = (0,) * len(self.shape)

    @cached_property
    def _blocks(self) -> list[Index]:
        # Only when they are needed: a slide has a hundred thousand, and is read by its chunks.
        return list(split(self.shape, block_length(self.n_channels)))

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        return np.cumsum([0, *(size_of(block) for block in self._blocks)])

    @classmethod
    def of(cls, image: Any, channel_axis: Any = "auto", mask: ArrayLike | None = None, stacklevel: int = 2) -> "Pixels":
        """Make the pixels of an image whose axes may have to be guessed, by napari's rule."""
        image = as_image(image)
        if isinstance(image, ChannelStack):
            if channel_axis not in ("auto", None):
                raise ValueError(
                    f"channel_axis={channel_axis}, but the image is a list of arrays, one for each channel; leave "
                    "channel_axis out"
                )
            return cls(image, channel_axis=-1, mask=mask)
        if not isinstance(channel_axis, str):
            return cls(image, channel_axis=channel_axis, mask=mask)
        shape = image.shape
        if len(shape) > 2 and shape[-1] in (3, 4):
            if looks_like_color(shape):
                return cls(image, channel_axis=-1, rgb=True, alpha=shape[-1] == 4, mask=mask)
            warnings.warn(
                f"the last axis of an image of shape {tuple(shape)} was not taken as color, as the image is small; "
                "if it is color, say channel_axis=-1, else channel_axis=None",
                UserWarning,
                stacklevel=stacklevel + 1,
            )
        return cls(image, channel_axis=None, mask=mask)

    def leaving_out(self, rules: LeftOut) -> "Pixels":
        """Return these pixels, without those that a rule fits."""
        other = copy(self)
        other.left_out = rules
        return other

    def within(self, only: NDArray[np.bool_]) -> "Pixels":
        """Return these pixels, of which all that are finite take part where `only` is True, and no others.

        Features that look around see the pixels around them as before.
        """
        other = copy(self)
        other.only = only
        return other

    def spaced(self, spacing: float | tuple[float, ...] | None) -> "Pixels":
        """Return these pixels, so large along each spatial axis; None leaves them what they are."""
        if spacing is None:
            return self
        ndim = len(self.shape)
        sizes = tuple(spacing) if isinstance(spacing, tuple) else (spacing,) * ndim
        if len(sizes) != ndim:
            raise ValueError(
                f"spacing={spacing} has {counted(len(sizes), 'number')}, but the image has "
                f"{counted(ndim, 'spatial axis')}, shape {self.shape}; give one for each, or one for all"
            )
        other = copy(self)
        other.spacing = sizes
        return other

    def beginning_at(self, origin: tuple[int, ...]) -> "Pixels":
        """Return these pixels as a part of a larger image, in which the first of them is at `origin`."""
        other = copy(self)
        other.origin = origin
        return other

    def made_lazy(self, chunks: tuple[tuple[int, ...], ...]) -> "Pixels":
        """Return these pixels as a lazy image; one in memory is cut into these chunks of the spatial axes."""
        if self.lazy is not None:
            return self
        import dask.array as da

        other, cut = copy(self), list(chunks)
        if self.channel_axis is not None:
            cut.insert(self.channel_axis, (self.image.shape[self.channel_axis],))
        other.lazy = da.from_array(self.image, chunks=tuple(cut))
        return other

    def in_memory(self) -> "Pixels":
        """Return these pixels as those of an image that is read block by block, and whose labels are not lazy."""
        other = copy(self)
        other.lazy = None
        other.mask = None if self.mask is None else np.asarray(self.mask)
        return other

    @property
    def channels(self) -> list["Pixels"] | None:
        """The channels one by one, if the image is a list of them."""
        if not isinstance(self.image, ChannelStack):
            return None
        return [Pixels(array, channel_axis=None) for array in self.image.arrays]

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels: R, G, B; intensity; or their numbers."""
        return names_of_channels(self.n_channels, self.rgb)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self._blocks)

    def place(self, block: int) -> slice:
        """Where the pixels of a block are in the raveled spatial shape."""
        return slice(int(self._starts[block]), int(self._starts[block + 1]))

    def read(self, block: int) -> tuple[Array, NDArray[np.uint8] | None]:
        """Values (n, C) of a block, contiguous, and 1 for every pixel (n,) that takes part; None if all do."""
        values, keep = self.read_part(self._blocks[block])
        flat = np.ascontiguousarray(values).reshape(-1, self.n_channels)
        return flat, None if keep is None else np.ascontiguousarray(keep).reshape(-1).view(np.uint8)

    def read_part(self, part: Index) -> tuple[Array, NDArray[np.bool_] | None]:
        """Values (…, C) of a part of the spatial axes, and which pixels (…) take part; None if all do."""
        if self.only is None:
            return self.seen_part(part)
        values = self.raw_part(part)[..., : self.n_channels]
        finite = _finite(values)
        return values, self.only[part] if finite is None else self.only[part] & finite

    def seen_part(self, part: Index) -> tuple[Array, NDArray[np.bool_] | None]:
        """As `read_part`, of what features that look around see."""
        values = self.raw_part(part)
        keep: NDArray[np.bool_] | None = None if self.mask is None else np.asarray(self.mask[part])
        if self.alpha:
            opaque = values[..., -1] != 0
            keep = opaque if keep is None else keep & opaque
            values = values[..., :-1]
        finite = _finite(values)
        if finite is not None:
            keep = finite if keep is None else keep & finite
        if self.left_out:
            fits = self.left_out.fits(values)
            keep = ~fits if keep is None else keep & ~fits
        return values, keep

    def raw_part(self, part: Index) -> Array:
        """All channels of a part, alpha included, (…, C or C + 1), in native byte order."""
        axis = self.channel_axis
        if axis is None:
            values = np.asarray(self.image[part])[..., None]
        else:
            values = np.moveaxis(np.asarray(self.image[(*part[:axis], slice(None), *part[axis:])]), axis, -1)
        is_long = self.dtype.kind == "f" and self.dtype.itemsize > 8  # which few libraries take
        return values.astype(np.float64 if is_long else self.dtype.newbyteorder("="), copy=False)

    def part(self, block: int) -> Index:
        """Return where a block is in the spatial axes."""
        return self._blocks[block]


def names_of_channels(n_channels: int, rgb: bool) -> tuple[str, ...]:
    """Return the names of channels: R, G, B; intensity; or their numbers."""
    if rgb:
        return ("R", "G", "B")
    return ("intensity",) if n_channels == 1 else tuple(map(str, range(n_channels)))


def looks_like_color(shape: tuple[int, ...]) -> bool:
    """Guess whether the last axis is RGB or RGBA, by napari's rule."""
    return len(shape) > 2 and shape[-1] in (3, 4) and all(length > 30 for length in shape[-3:-1])


def split(shape: tuple[int, ...], limit: int) -> Iterator[Index]:
    """Slices that cut an array into parts of at most `limit` elements that are contiguous in C order, in this order."""
    inner = math.prod(shape[1:])
    if not shape or inner * shape[0] <= limit:
        yield tuple(slice(0, length) for length in shape)
    elif inner <= limit:
        rows = limit // inner
        for start in range(0, shape[0], rows):
            yield (slice(start, min(start + rows, shape[0])), *(slice(0, length) for length in shape[1:]))
    else:
        for i in range(shape[0]):
            for rest in split(shape[1:], limit):
                yield (slice(i, i + 1), *rest)


def in_dtype(values: NDArray[np.float64], dtype: np.dtype[Any]) -> Array:
    """Return numbers as values of an image: integers rounded and clipped, bool by majority."""
    if dtype.kind == "b":
        return np.asarray(values >= 0.5)
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    low, high = int(limits.min), int(limits.max)
    rounded = np.rint(values)
    # The largest 64-bit integers are no floats: clip below them, then cast.
    top = np.nextafter(float(high), 0) if float(high) > high else float(high)
    return np.clip(rounded, float(low), top).astype(dtype)


def _finite(values: Array) -> NDArray[np.bool_] | None:
    """Pixels (…) of which all channels are finite; None if all pixels are."""
    if values.dtype.kind != "f":
        return None
    finite = np.isfinite(values)
    if finite.all():  # asked of all values at once first: with few channels, rows are ten times as slow
        return None
    return np.asarray(finite.all(-1))


def size_of(index: Index) -> int:
    """Return the number of pixels of a part."""
    return math.prod(part.stop - part.start for part in index)


def _checked_mask(mask: Any, shape: tuple[int, ...], *, may_be_lazy: bool) -> Any:
    lazy = lazy_of(mask) if may_be_lazy else None
    chosen = np.asarray(mask) if lazy is None else lazy
    if chosen.shape != shape:
        raise ValueError(
            f"the mask has shape {chosen.shape}, but the image has the spatial shape {shape}; give a mask of this shape"
        )
    if chosen.dtype != bool:
        raise TypeError(f"the mask has dtype {chosen.dtype}, but it must be bool; for example mask > 0")
    return chosen
