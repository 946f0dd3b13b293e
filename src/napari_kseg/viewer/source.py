"""What a run takes from an Image layer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

from napari_kseg.image.channel_stack import ChannelStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_kseg.image.pixels import Pixels


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
    def spatial_axes(self) -> tuple[int, ...]:
        """Axes of the layer that the labels have as well."""
        n_axes = len(self.linear)
        if self.rgb or self.is_stack or self.channel_axis is None:  # the layer does not count the axis of R, G, B
            return tuple(range(n_axes))
        return tuple(axis for axis in range(n_axes) if axis != self.channel_axis % n_axes)

    def pixels(self, mask: NDArray[np.bool_] | None = None) -> Pixels:
        """Return the pixels as the image floor takes them."""
        from napari_kseg.image.pixels import Pixels

        return Pixels(
            self.image,
            channel_axis=self.channel_axis,
            alpha=self.rgb and self.image.shape[-1] == 4,
            rgb=self.rgb,
            mask=mask,
        )


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
        sources[0], image=ChannelStack([source.image for source in sources]), channel_axis=-1, channels=tuple(sources)
    )


def _linear_part(layer: Image) -> NDArray[np.float64]:
    """Return the matrix from data to world coordinates, without the translation."""
    origin = np.array(layer.data_to_world(np.zeros(layer.ndim)))
    steps = [np.array(layer.data_to_world(axis)) - origin for axis in np.eye(layer.ndim)]
    return np.stack(steps, axis=1)
