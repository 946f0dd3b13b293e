"""The model that was shown or opened last in a viewer: what "the last model" means to a command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from napari_kseg.image.model import Model

_last: WeakKeyDictionary[Any, LastModel] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class LastModel:
    """A model, and where it comes from.

    Parameters
    ----------
    model : Model
        The model; it holds no pixels.
    title : str
        What a history calls labels by it.
    code : str
        Python for it.
    """

    model: Model
    title: str
    code: str


def last_model(viewer: Any) -> LastModel:
    """Return the last model of a viewer; ValueError says how there could be one."""
    if viewer not in _last:
        raise ValueError("there is no model yet; segment an image, or drop a model file on the window")
    return _last[viewer]


def keep_result(viewer: Any, model: Model, source: str, labels: str) -> None:
    """Keep the model of a result, of a layer of one name and shown in the Labels layer of another."""
    _last[viewer] = LastModel(model, f"As {source}", f"kseg.from_layer(viewer.layers[{labels!r}]).model")


def read_model(viewer: Any, path: str | Path) -> LastModel:
    """Return the model in a file, which is the last one from now on; ValueError says why it cannot be read."""
    from napari_kseg.image.model import load_model

    try:
        model = load_model(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror or error}); choose a model file") from None
    _last[viewer] = LastModel(model, f"Model {Path(path).stem}", f"kseg.load_model({str(path)!r})")
    return _last[viewer]
