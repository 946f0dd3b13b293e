"""Model files in napari: opened by dropping them on the window, written from the Labels layer of a result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_kseg.image.model import FORMAT, Model
from napari_kseg.viewer.panels import open_panel, real_viewer, said
from napari_kseg.viewer.result_layers import METADATA_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_kseg.viewer.last_model import LastModel

LOOKED_AT = 1 << 20
"""Bytes of a JSON file in which a model says what it is; it does so in the first line."""
NO_LAYERS = [(None,)]
"""What tells napari that a file was read, and has no layers."""


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[tuple[None]]] | None:
    """Return what opens a model file; None for all other files, which are left to other readers."""
    return _open if isinstance(path, str) and _is_model(path) else None


def _is_model(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return f'"{FORMAT}"'.encode() in file.read(LOOKED_AT)
    except OSError:
        return False


def _open(path: str) -> list[tuple[None]]:
    """Open the panel with a model; a broken one opens none, and is told."""
    from napari_kseg.viewer.last_model import read_model

    viewer = real_viewer()
    # Not raised: napari would say that a plugin gave an error, but not which one.
    said(lambda: _show_model(viewer, read_model(viewer, path)))
    return list(NO_LAYERS)


def _show_model(viewer: Any, opened: LastModel) -> None:
    open_panel(viewer).more.show_model(opened)


def write_model(path: str, _: Any, attributes: dict[str, Any]) -> list[str]:
    """Write the model of a Labels layer to a file, as napari asks for it.

    Raises
    ------
    TypeError
        If the layer is not one of ours.
    """
    made = attributes.get("metadata", {}).get(METADATA_KEY, {})
    if "model" not in made:
        raise TypeError(  # a ValueError napari takes for "no plugin can write this"
            f"layer {attributes.get('name')!r} holds no model; save the clusters of a result of napari-kseg as one, "
            "or choose another file format"
        )
    Model.from_dict(made["model"]).save(path)
    return [str(path)]
