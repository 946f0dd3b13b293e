"""What a run takes from an Image layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_kseg.image.channel_stack import ChannelStack
from napari_kseg.viewer.crop import Crop, are_same, arrays_of, checked_crop, crop_of, cropped
from napari_kseg.viewer.large import is_pyramid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_kseg.image.model import Model
    from napari_kseg.image.segmentation import Segmentation


@dataclass(frozen=True, eq=False)
class Source:
    """An Image layer at the moment Run was pressed.

    Taken in the GUI thread; the worker reads nothing else of the layer, so that the layer may
    change or go while it runs.
    """

    image: Any
    rgb: bool
    channel_axis: int | None
    name: str
    unique_id: str
    path: str | None
    linear: NDArray[np.float64]
    colormap: Any
    contrast_limits: tuple[float, float]
    gamma: float
    channels: tuple[Source, ...] = ()
    """The layers that are the channels, if there are several."""
    levels: tuple[Any, ...] = ()
    """All levels of a multiscale layer, the finest first."""

    @property
    def is_stack(self) -> bool:
        """Whether the image is a list of layers, each a channel."""
        return isinstance(self.image, ChannelStack)

    @property
    def spacing(self) -> tuple[float, ...] | None:
        """Size of a pixel along the spatial axes in world units; None if it is 1."""
        sizes = np.linalg.norm(self.linear, axis=0)[list(self.spatial_axes)]
        return None if np.allclose(sizes, 1, rtol=1e-9) else tuple(sizes.tolist())

    @property
    def crop(self) -> Crop:
        """Which part of the layer is taken; empty if all of it is."""
        crop = crop_of(self.image)
        return tuple(crop[axis] for axis in self.spatial_axes) if crop else ()

    @property
    def offset(self) -> tuple[int, ...]:
        """Where the image begins along the spatial axes, in pixels of the layer."""
        return tuple(start for start, _ in self.crop) or (0,) * len(self.spatial_axes)

    @property
    def spatial_shape(self) -> tuple[int, ...]:
        """Shape of the labels at full resolution."""
        return tuple(self.image.shape[axis] for axis in self.spatial_axes)

    def factors_of(self, seg: Segmentation) -> tuple[float, ...]:
        """Return the pixels along each spatial axis in one of the labels: 1, unless those are of the reduced image."""
        reduced = seg.labels.shape != self.spatial_shape
        return tuple(map(float, seg.downsample)) if reduced else (1.0,) * len(self.spatial_axes)

    def is_image_of(self, image: Any) -> bool:
        """Whether this is the same part of the same arrays."""
        return are_same(self.image, image)

    def is_shown_by(self, layers: Sequence[Image]) -> bool:
        """Whether the layers still have the values that were taken."""
        now = [image_of(layer) for layer in layers]
        return len(now) == len(arrays_of(self.image)) and all(map(is_, now, arrays_of(self.image)))

    def cropped(self, crop: Sequence[Sequence[int]] | None) -> Source:
        """Return the source of a part: for each spatial axis, the first pixel and one past the last."""
        part = checked_crop(crop, self.spatial_shape)
        if not part:
            return self
        by_axis = dict(zip(self.spatial_axes, part, strict=True))
        return self._part(tuple(by_axis.get(i, (0, self.image.shape[i])) for i in range(max(by_axis) + 1)))

    def cropped_as(self, image: Any) -> Source:
        """Return the source of the part that `image` is of its own array, if that has the shape of this one."""
        crop = crop_of(image)
        is_alike = tuple(arrays_of(image)[0].shape) == tuple(arrays_of(self.image)[0].shape)
        return self._part(crop) if crop and is_alike else self

    def _part(self, crop: Crop) -> Source:
        """Return a part, given along all axes of the arrays up to the last spatial one."""
        if not self.is_stack:
            return replace(self, image=cropped(self.image, crop))
        channels = tuple(channel._part(crop) for channel in self.channels)
        return replace(self, image=ChannelStack([channel.image for channel in channels]), channels=channels)

    @property
    def spatial_axes(self) -> tuple[int, ...]:
        """Axes of the layer that the labels have as well."""
        n_axes = len(self.linear)
        if self.rgb or self.is_stack or self.channel_axis is None:  # the layer does not count the axis of R, G, B
            return tuple(range(n_axes))
        return tuple(axis for axis in range(n_axes) if axis != self.channel_axis % n_axes)


def image_of(layer: Image) -> Any:
    """Return the full-resolution array of a layer, as it is: NumPy, dask, zarr."""
    # np.asarray of a multiscale layer's data would give the smallest level.
    return layer.data[0] if layer.multiscale else layer.data


def take_source(layer: Image, channel_axis: Any = "auto") -> Source:
    """Return what a run needs of `layer`; `channel_axis` is for layers that are not RGB."""
    if not isinstance(layer, Image):
        raise TypeError(f"layer is a {type(layer).__name__}; only Image layers can be segmented")
    if channel_axis == "auto":
        channel_axis = None  # the layer itself says whether it is color
    elif layer.rgb:
        raise ValueError(
            f"channel_axis={channel_axis}, but layer {layer.name!r} is RGB: its last axis is color; "
            "leave channel_axis out, or add the image with rgb=False"
        )
    return Source(
        image=image_of(layer),
        rgb=bool(layer.rgb),
        channel_axis=-1 if layer.rgb else channel_axis,
        name=layer.name,
        unique_id=str(layer.unique_id),
        path=str(layer.source.path) if layer.source.path else None,
        linear=_linear_part(layer),
        colormap=layer.colormap,
        contrast_limits=(float(layer.contrast_limits[0]), float(layer.contrast_limits[1])),
        gamma=float(layer.gamma),
        levels=tuple(layer.data) if layer.multiscale else (),
    )


def take_sources(layers: Sequence[Image]) -> Source:
    """Return what a run needs of several layers, each a channel of one image, that lies where the first one lies."""
    sources = [take_source(layer) for layer in layers]
    if not sources:
        raise ValueError("no layer was given; give an Image layer, or several of one shape")
    for source in sources:
        if source.rgb:
            raise ValueError(f"layer {source.name!r} is RGB, and cannot be one channel of several; give it alone")
    return replace(
        sources[0],
        image=ChannelStack([source.image for source in sources]),
        channel_axis=-1,
        channels=tuple(sources),
        levels=(),
    )


def take_source_for(model: Model, layer: Image) -> Source:
    """Return what is taken of a layer for a model, whose channels may lie along an axis of the layer."""
    axis = model.settings.channel_axis
    return take_source(layer, axis if isinstance(axis, int) and not (model.rgb or layer.rgb) else "auto")


def taken_as(seg: Segmentation, layer: Image, others: Iterable[Any] = ()) -> Source:
    """Return what `seg` was made of, taken anew: of `layer` or a part of it, and of the `others` that are channels.

    Raises
    ------
    ValueError
        If the layers do not show any more what was segmented.
    """
    image = seg.pixels.image
    if isinstance(image, ChannelStack):
        layers = layers_of(image, layer, others)
        source = None if layers is None else take_sources(layers).cropped_as(image)
    else:
        source = take_source_for(seg.model, layer).cropped_as(image)
    if source is None or not (source.is_image_of(image) or _is_reduced(seg, source)):
        raise ValueError(f"{layer.name} is not the image that was segmented any more; run again")
    return source


def layers_of(image: Any, layer: Image, others: Iterable[Any] = ()) -> list[Image] | None:
    """Return `layer` and those of the others that an image of several channels is read from; None if one is gone."""
    if not isinstance(image, ChannelStack):
        return [layer]
    first, *rest = arrays_of(image)
    if image_of(layer) is not first:
        return None
    found, left = [layer], [other for other in others if isinstance(other, Image) and other is not layer]
    for array in rest:
        one = next((other for other in left if image_of(other) is array), None)
        if one is None:
            return None
        left.remove(one)
        found.append(one)
    return found


def _is_reduced(seg: Segmentation, source: Source) -> bool:
    """Whether it is of a level of the pyramid, or of the image reduced, which is an array of its own."""
    if any(level is seg.pixels.image for level in source.levels):
        return True
    if seg.settings.full_resolution or is_pyramid(source):
        return False
    pairs = zip(source.spatial_shape, seg.downsample, strict=False)
    return tuple(-(-length // round(factor)) for length, factor in pairs) == seg.labels.shape


def pixel_sizes(layer: Image) -> list[float]:
    """Return the size of a pixel along each axis of a layer, in world units."""
    return [float(size) for size in np.linalg.norm(_linear_part(layer), axis=0)]


def _linear_part(layer: Image) -> NDArray[np.float64]:
    """Return the matrix from data to world coordinates, without the translation."""
    origin = np.array(layer.data_to_world(np.zeros(layer.ndim)))
    steps = [np.array(layer.data_to_world(axis)) - origin for axis in np.eye(layer.ndim)]
    return np.stack(steps, axis=1)
