"""Names in the console of napari. It is never opened for them: until it is open, napari keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari_kseg

if TYPE_CHECKING:
    from napari_kseg.image.segmentation import Segmentation


def tell_console(viewer: Any, segmentation: Segmentation | None = None) -> None:
    """Let `kseg` be the library, and `seg` the latest result."""
    names: dict[str, Any] = {"kseg": napari_kseg}
    if segmentation is not None:
        names["seg"] = segmentation
    viewer.update_console(names)
