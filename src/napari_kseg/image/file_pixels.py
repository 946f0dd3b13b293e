"""From an image file to pixels whose axes are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .image_file import is_zarr, read_image, read_mask, read_zarr
from .pixels import Pixels

if TYPE_CHECKING:
    from pathlib import Path

    from .model import Model
    from .segmentation import Segmentation


def pixels_of_file(path: Path, channel_axis: Any, mask: Path | None = None) -> Pixels:
    """Pixels of a file. What it says about its color is more than `segment` could guess from its shape."""
    channel_axis = channel_axis_of_file(path, channel_axis)
    guess = channel_axis == "auto"
    image, is_color = read_image(path, as_stored=not guess)
    chosen = None if mask is None else read_mask(mask)
    if guess and is_color:
        return Pixels(image, channel_axis=-1, rgb=True, alpha=image.shape[-1] == 4, mask=chosen)
    return Pixels.of(image, channel_axis, chosen)


def channel_axis_of_file(path: Path, channel_axis: Any) -> Any:
    """Axis of the channels, if it may be guessed and the file says so: OME-Zarr does."""
    if channel_axis == "auto" and is_zarr(path):
        image = read_zarr(path)
        if image.axes and not image.is_color:
            return image.channel_axis
    return channel_axis


def segment_file_by(model: Model, path: Path, mask: Path | None = None) -> Segmentation:
    """Segment a file by the centroids of a model."""
    axis = model.settings.channel_axis
    is_guessed = model.rgb or not isinstance(axis, int)
    image, is_color = read_image(path, as_stored=not is_guessed)
    chosen = None if mask is None else read_mask(mask)
    if is_guessed and is_color:  # the file knows, also where a model of one channel would take it for a volume
        pixels = Pixels(image, channel_axis=-1, rgb=True, alpha=image.shape[-1] == 4, mask=chosen)
        return model.segment_pixels(pixels)
    return model.segment(image, chosen)
