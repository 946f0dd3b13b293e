"""A part of an image, read only when it is needed, and from where it can be told which image it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.image.channel_stack import ChannelStack, lazy_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Crop = tuple[tuple[int, int], ...]
"""First pixel, and one past the last, along each spatial axis; empty for the whole image."""


class CroppedImage:
    """A part of an array along its first axes; slices of it are slices of the array.

    Parameters
    ----------
    whole : array
        NumPy, dask, zarr.
    crop : Crop
        Which part.
    """

    def __init__(self, whole: Any, crop: Crop) -> None:
        self.whole, self.crop = whole, crop
        self.shape = (*(stop - start for start, stop in crop), *whole.shape[len(crop) :])
        self.ndim = len(self.shape)
        self.dtype = whole.dtype

    @property
    def lazy(self) -> Any:
        """The part as a dask array, if the array is not in memory; else None."""
        whole = lazy_of(self.whole)
        return None if whole is None else whole[slices(self.crop)]

    def __getitem__(self, index: tuple[slice, ...]) -> Any:
        """Read a part, given by a slice for each axis."""
        parts = []
        for axis, part in enumerate(index):
            start, stop, step = part.indices(self.shape[axis])
            first = self.crop[axis][0] if axis < len(self.crop) else 0
            parts.append(slice(start + first, stop + first, step))
        return self.whole[tuple(parts)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all of it."""
        values = np.asarray(self[(slice(None),) * self.ndim], dtype)
        return values.copy() if copy else values


def cropped(image: Any, crop: Crop) -> Any:
    """Return a part of an image; of a whole one, the image itself."""
    return CroppedImage(image, crop) if crop else image


def crop_of(image: Any) -> Crop:
    """Return which part of a larger image this is."""
    if isinstance(image, ChannelStack):
        image = image.arrays[0]
    return image.crop if isinstance(image, CroppedImage) else ()


def arrays_of(image: Any) -> list[Any]:
    """Return the arrays that an image is read from, whole, one for each channel if it is a list of them."""
    arrays = image.arrays if isinstance(image, ChannelStack) else [image]
    return [array.whole if isinstance(array, CroppedImage) else array for array in arrays]


def are_same(image: Any, other: Any) -> bool:
    """Whether two images are the same part of the same arrays."""
    ours, theirs = arrays_of(image), arrays_of(other)
    return (
        crop_of(image) == crop_of(other)
        and isinstance(image, ChannelStack) == isinstance(other, ChannelStack)
        and len(ours) == len(theirs)
        and all(own is their for own, their in zip(ours, theirs, strict=True))
    )


def slices(crop: Crop) -> tuple[slice, ...]:
    """Return the index that takes this part of an array."""
    return tuple(slice(start, stop) for start, stop in crop)


def checked_crop(crop: Sequence[Sequence[int]] | None, shape: Sequence[int]) -> Crop:
    """Return a crop of an image of this spatial shape; ValueError if there is no such part."""
    if crop is None or not len(crop):
        return ()
    found = tuple((int(start), int(stop)) for start, stop in crop)
    fits = len(found) == len(shape) and all(
        0 <= start < stop <= length for (start, stop), length in zip(found, shape, strict=False)
    )
    if not fits:
        raise ValueError(
            f"crop={[list(part) for part in found]} is no part of an image of spatial shape {tuple(shape)}; give the "
            "first pixel and one past the last for each spatial axis"
        )
    return () if all(part == (0, length) for part, length in zip(found, shape, strict=True)) else found
