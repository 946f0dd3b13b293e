"""Clicks on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from psygnal import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Labels


class ClickedPixels:
    """Says where the canvas was clicked, without a drag and while nothing is painted.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose canvas it is. It does not keep this object.
    """

    clicked = Signal(object)
    """Position in world coordinates."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        me = ref(self)

        def on_press(viewer: Any, event: Any) -> Iterator[None]:
            position, dragged = event.position, False
            yield
            while event.type == "mouse_move":
                dragged = True
                yield
            clicks = me()
            if clicks is not None and not dragged and event.button == 1 and _only_looks(viewer):
                clicks.clicked.emit(position)

        self._on_press = on_press

    def open(self) -> None:
        """Listen from now on."""
        self._viewer.mouse_drag_callbacks.append(self._on_press)

    def close(self) -> None:
        """Listen no more."""
        if self._on_press in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._on_press)

    def value_of(self, labels: Labels, position: Any) -> int:
        """Return the label at a position in world coordinates, whether it is visible or not; 0 outside, or in 3-D."""
        if self._viewer.dims.ndisplay != 2:
            return 0
        if labels.visible and not isinstance(labels.data, np.ndarray):
            shown = labels.get_value(position, world=True)  # of the tile on the screen: no other one is computed
            value = shown[1] if labels.multiscale and shown is not None else shown
            return int(value or 0)
        place = np.rint(labels.world_to_data(position[-labels.ndim :])).astype(int)
        if not ((place >= 0) & (place < np.array(labels.data.shape))).all():
            return 0
        if not labels.multiscale:
            return int(labels.data[tuple(place)])
        # At the level that would be on the screen: its tile is read for the image as well.
        array, factors = labels.data[labels.data_level], labels.downsample_factors[labels.data_level]
        return int(array[tuple(np.minimum(place / factors, np.array(array.shape) - 1).astype(int))])


def _only_looks(viewer: Any) -> bool:
    """Whether a click on the canvas does nothing else."""
    active = viewer.layers.selection.active
    return active is None or str(getattr(active, "mode", "pan_zoom")) == "pan_zoom"
