"""Images that Pillow and tifffile do not know, by the readers of napari and of its plugins. No window is needed."""

from __future__ import annotations

from fnmatch import fnmatch
from functools import cache
from typing import TYPE_CHECKING, Any

from .wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUILT_IN, _OURS = "napari.", "napari-kseg."
"""What commands of the plugin start with that comes with napari, and of this one."""


def is_known_to_plugins(path: Path) -> bool:
    """Whether a plugin has a reader for just such names; one that says it reads everything does not count."""
    return any(_is_meant(path, reader) for reader in _readers(path))


def read_by_plugins(path: Path) -> tuple[Any, bool] | None:
    """Image of a file or folder, and whether its last axis is color; None if no reader knows it.

    An image whose channels are apart is a list of them; of several resolutions the full one is taken. Lazy images stay
    lazy.

    Raises
    ------
    ValueError
        If there is no image in it, or more than one.
    """
    import npe2

    for reader in _readers(path):
        if path.is_dir() and reader.command.startswith(_BUILT_IN):  # it would make a stack of all files in the folder
            continue
        layers = npe2.read([str(path)], stack=False, plugin_name=reader.command)
        return _the_image([_described(layer) for layer in layers if layer and layer[0] is not None])
    return None


def _readers(path: Path) -> Iterator[Any]:
    if path.suffix.lower() != ".py":  # napari would run it
        found = _plugins().iter_compatible_readers([str(path)])
        yield from (reader for reader in found if not reader.command.startswith(_OURS))  # which opens a panel


@cache
def _plugins() -> Any:
    from npe2 import PluginManager

    plugins = PluginManager.instance()
    plugins.discover()
    return plugins


def _is_meant(path: Path, reader: Any) -> bool:
    patterns = [pattern.lower() for pattern in reader.filename_patterns if pattern.strip("*.")]
    if reader.command.startswith(_BUILT_IN):
        return path.suffix.lower() == ".npy"
    return any(fnmatch(path.name.lower(), pattern) for pattern in patterns)


def _described(layer: Any) -> tuple[Any, dict[str, Any], str]:
    """Data, what is said of it, and the kind of layer, of which all but the data may be left out."""
    data, more, kind = (*layer, {}, "image")[:3] if len(layer) == 1 else (*layer, "image")[:3]
    return data, more, kind


def _the_image(layers: list[tuple[Any, dict[str, Any], str]]) -> tuple[Any, bool]:
    images = [(data, more) for data, more, kind in layers if kind == "image"]
    if len(images) != 1:
        raise ValueError(
            f"it holds {counted(len(images), 'image') if images else 'no image'}; give files of one image each"
        )
    data, more = images[0]
    if more.get("multiscale") or (isinstance(data, (list, tuple)) and not hasattr(data, "dtype")):
        data = data[0]
    axis = more.get("channel_axis")
    if axis is not None:
        data = [data[(slice(None),) * (axis % data.ndim) + (i,)] for i in range(data.shape[axis])]
    return data, bool(more.get("rgb"))
