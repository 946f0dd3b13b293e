"""How an image is shown: what the recolored layer takes from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Image

_LOOK = (
    "colormap",
    "contrast_limits",
    "gamma",
    "interpolation2d",
    "interpolation3d",
    "rendering",
    "iso_threshold",
    "attenuation",
)


def take_look(recolored: Image, layer: Image) -> None:
    """Show the recolored image as the source is shown."""
    recolored.contrast_limits_range = layer.contrast_limits_range
    for name in _LOOK:
        setattr(recolored, name, getattr(layer, name))


def look_of(layer: Image) -> dict[str, str]:
    """Return how an image is shown, as text that can be compared and written."""
    return {name: str(getattr(layer, name)) for name in _LOOK if name != "colormap"} | {"colormap": layer.colormap.name}
