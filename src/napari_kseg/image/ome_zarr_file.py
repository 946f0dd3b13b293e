"""From OME-Zarr to a lazy image: pixels of all levels, what the axes are, and where the pixels lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .ome_zarr import check_installed
from .wording import counted
from .zarr_axes import ORDER

if TYPE_CHECKING:
    from pathlib import Path

_RED_GREEN_BLUE = ("FF0000", "00FF00", "0000FF")


@dataclass(frozen=True)
class OmeZarrImage:
    """A lazy image, and what its file says about it.

    Parameters
    ----------
    levels : list of dask.array.Array
        The image, and the same reduced more and more.
    axes : str
        A letter for each axis; empty if the file says nothing of axes.
    scale, translate : tuple of float
        Size of a pixel along each axis, and where the first one lies.
    units : tuple of str or None
        Unit of each axis.
    is_color : bool
        The channels are red, green and blue, and perhaps alpha.
    """

    levels: list[Any]
    axes: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str | None, ...]
    is_color: bool

    @property
    def channel_axis(self) -> int | None:
        """Axis of the channels, None if there is one channel."""
        return self.axes.index("c") if "c" in self.axes else None

    def placement(self) -> dict[str, Any]:
        """Return what `Segmentation.to_zarr` takes to write a result that lies over this image."""
        if not self.axes or set(self.axes) - set(ORDER):
            return {}
        spatial = [axis for axis, name in enumerate(self.axes) if name != "c"]
        return {
            "axes": "".join(self.axes[axis] for axis in spatial),
            "scale": tuple(self.scale[axis] for axis in spatial),
            "units": tuple(self.units[axis] for axis in spatial),
            "translate": tuple(self.translate[axis] for axis in spatial),
        }


def read_ome_zarr(path: Path, *, as_stored: bool = False) -> OmeZarrImage:
    """Open a folder of OME-Zarr, or of a plain Zarr array; nothing but what describes it is read.

    Parameters
    ----------
    path : Path
        The folder.
    as_stored : bool, optional
        Keep the axes as they are; by default channels of color come last.

    Raises
    ------
    ValueError
        If there is no image in it.
    ImportError
        If zarr or dask is not installed.
    """
    check_installed()
    import dask.array as da
    import zarr

    node = zarr.open(path, mode="r")
    if isinstance(node, zarr.Array):
        ndim = node.ndim
        return OmeZarrImage([da.from_zarr(node)], "", (1.0,) * ndim, (0.0,) * ndim, (None,) * ndim, False)
    group, found = _image_in(node)
    described = found["multiscales"][0]
    levels = [da.from_zarr(group[dataset["path"]]) for dataset in described["datasets"]]
    axes = _axes(described, levels[0].ndim)
    scale, translate = _place(described, levels[0].ndim)
    image = OmeZarrImage(
        levels,
        "".join(name for name, _ in axes),
        tuple(scale.tolist()),
        tuple(translate.tolist()),
        tuple(unit for _, unit in axes),
        False,
    )
    return _with_channels_together(image, _is_color(found, image), as_stored)


def _image_in(group: Any) -> tuple[Any, Mapping[str, Any]]:
    """Return the group of the image, and what it says as OME-Zarr."""
    found = _described(group)
    if "bioformats2raw.layout" in found and "multiscales" not in found:
        group = group["0"]  # the first of a file of several images
        found = _described(group)
    if "plate" in found or "well" in found:
        raise ValueError("it is a plate of many images; give one of its fields, such as plate.zarr/A/1/0")
    if not found.get("multiscales"):
        raise ValueError("it is Zarr, but not an image of OME-Zarr: it lacks the entry multiscales")
    return group, found


def _described(group: Any) -> Mapping[str, Any]:
    attributes = dict(group.attrs)
    found: Mapping[str, Any] = attributes.get("ome", attributes)
    return found


def _axes(described: Mapping[str, Any], ndim: int) -> list[tuple[str, str | None]]:
    """Name and unit of each axis; before version 0.3 they had no names, before 0.4 no units."""
    axes: Sequence[Any] = described.get("axes", ORDER)
    found = []
    for axis in axes:
        entry = axis if isinstance(axis, Mapping) else {"name": axis}
        name = "c" if entry.get("type") == "channel" else str(entry["name"]).lower()
        found.append((name, entry.get("unit")))
    if len(found) != ndim or any(len(name) != 1 for name, _ in found):
        raise ValueError(f"its axes {[name for name, _ in found]} are not those of an image of {counted(ndim, 'axis')}")
    return found


def _place(described: Mapping[str, Any], ndim: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Scale and translation of the first level: its own transformations, then those of all levels."""
    scale, translate = np.ones(ndim), np.zeros(ndim)
    steps = [
        *described["datasets"][0].get("coordinateTransformations", ()),
        *described.get("coordinateTransformations", ()),
    ]
    for step in steps:
        if "scale" in step:
            scale, translate = scale * step["scale"], translate * step["scale"]
        elif "translation" in step:
            translate = translate + step["translation"]
    return scale, translate


def _is_color(found: Mapping[str, Any], image: OmeZarrImage) -> bool:
    axis = image.channel_axis
    if axis is None:
        return False
    channels = found.get("omero", {}).get("channels", [])
    colors = tuple(str(channel.get("color", "")).upper() for channel in channels)
    alpha = [str(channel.get("label", "")).lower() for channel in channels[3:]]
    is_one = len(channels) == image.levels[0].shape[axis]
    return is_one and colors[:3] == _RED_GREEN_BLUE and alpha in ([], ["alpha"], ["a"])


def _with_channels_together(image: OmeZarrImage, is_color: bool, as_stored: bool) -> OmeZarrImage:
    """Return the image with all channels of a pixel in one chunk."""
    axis = image.channel_axis
    if axis is None:
        return image
    levels = [level.rechunk({axis: -1}) for level in image.levels]
    order = list(range(len(image.axes)))
    if is_color and not as_stored:
        order.append(order.pop(axis))

    def moved(values: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(values[i] for i in order)

    return OmeZarrImage(
        [level.transpose(order) for level in levels],
        "".join(moved(image.axes)),
        moved(image.scale),
        moved(image.translate),
        moved(image.units),
        is_color,
    )
