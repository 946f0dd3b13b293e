"""What is asked for in the window and computed away from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image

    from napari_kseg.kmeans import Callback
    from napari_kseg.viewer.source import Source


@dataclass(frozen=True, eq=False)
class Request:
    """Something to be computed of an image, and to be shown.

    Parameters
    ----------
    layer : napari.layers.Image or None
        The image; None for what is done to files, whatever becomes of layers.
    source : Source
        The image at the moment of the request.
    prepare : callable
        `prepare(callback)` computes it, in any thread.
    show : callable
        `show(prepared)` shows it, in the GUI thread, and returns what to say of it, if anything.
    done : str
        What to say when it is done; nothing: what came out.
    live : bool
        One of many in a row, such as those of a slider: it may be left out for a newer one.
    is_long : bool
        Of many images: nothing but Cancel ends it.
    others : tuple of napari.layers.Image
        The layers that are channels beside it.
    """

    layer: Image | None
    source: Source
    prepare: Callable[[Callback], Any]
    show: Callable[[Any], str]
    live: bool = False
    done: str = ""
    is_long: bool = False
    others: tuple[Image, ...] = ()

    @property
    def layers(self) -> tuple[Image, ...]:
        """All layers whose values are taken."""
        return () if self.layer is None else (self.layer, *self.others)

    def is_still_in(self, layers: Any) -> bool:
        """Whether none of its layers was removed."""
        return all(layer in layers for layer in self.layers)

    @property
    def name(self) -> str:
        """What is worked on, as its layer is called now."""
        return self.source.name if self.layer is None else str(self.layer.name)
