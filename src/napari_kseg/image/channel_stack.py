"""Several arrays of one shape as the channels of one image."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class ChannelStack:
    """Arrays that are read as the channels of one image, in its last axis; nothing is copied before it is read.

    Parameters
    ----------
    arrays : sequence of array
        One for each channel, of one shape; each may have its own dtype. Values are read in the dtype that holds all.

    Raises
    ------
    ValueError
        If the shapes differ.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        shapes = [tuple(array.shape) for array in arrays]
        if len(set(shapes)) > 1:
            raise ValueError(
                f"the image is a list of {len(arrays)} arrays, one for each channel, but their shapes differ: "
                f"{', '.join(map(str, shapes))}; give arrays of one shape"
            )
        self.arrays = list(arrays)
        self.shape = (*shapes[0], len(arrays))
        self.ndim = len(self.shape)
        self.dtype = np.result_type(*(np.dtype(array.dtype).newbyteorder("=") for array in arrays))

    def __getitem__(self, index: tuple[slice, ...]) -> NDArray[Any]:
        """Read a part, given by a slice for each axis; all channels, whatever the last slice is."""
        return np.stack([np.asarray(array[index[:-1]], self.dtype) for array in self.arrays], -1)


def as_image(image: Any) -> Any:
    """Return an array, or the channels in a list of arrays, as something with a shape and a dtype."""
    if is_list_of_arrays(image):
        return ChannelStack(image)
    return image if hasattr(image, "shape") and hasattr(image, "dtype") else np.asarray(image)


def is_list_of_arrays(image: Any) -> bool:
    """Whether this is a list of channels, and not one array written as a list."""
    return (
        isinstance(image, (list, tuple))
        and len(image) > 0
        and all(hasattr(array, "dtype") and getattr(array, "shape", ()) for array in image)
    )
