"""Seeds that are clicked on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QPushButton, QSizePolicy, QWidget

from napari_kseg.viewer.placement import placement_over
from napari_kseg.viewer.where import spatial_shape

if TYPE_CHECKING:
    from napari.layers import Image

SIZE = 1 / 60
"""Diameter of a seed on the screen, of the longer side of the image."""


class PickButton(QPushButton):  # napari shows of no QToolButton whether it is down
    """A button that is down while clicks on the canvas are seeds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText("Pick")
        self.setCheckable(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Pick seeds")
        self.setToolTip(
            "While this is down, each click on the image adds a pixel to its seeds, a Points layer; Escape ends it. "
            "A tool of napari that is chosen, such as a brush, goes first."
        )
        # The focus is on the canvas, not here, after a click there.
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        self._escape.setContext(Qt.ShortcutContext.ApplicationShortcut)
        self._escape.setEnabled(False)  # else it would take the key from others
        self._escape.activated.connect(self._on_escape)
        self.toggled.connect(self._escape.setEnabled)

    def hideEvent(self, event: Any) -> None:
        """Come up when the section folds: nobody would see why clicks do something (Qt's name)."""
        if not event.spontaneous():
            self.setChecked(False)
        super().hideEvent(event)

    def _on_escape(self) -> None:
        self.setChecked(False)


def add_seed(viewer: Any, image: Image, position: Any) -> Points | None:
    """Add the pixel of an image at a world position to its seeds; None if there is none, or in 3-D.

    The layer of the seeds is made at the first one.
    """
    from napari_kseg.viewer.result_layers import selection_kept

    if viewer.dims.ndisplay != 2:
        return None
    pixel = np.rint(image.world_to_data(position[-image.ndim :]))
    shape = spatial_shape(image)
    if not ((pixel >= 0) & (pixel < shape)).all():
        return None
    name = f"{image.name} seeds"
    seeds = next((layer for layer in viewer.layers if isinstance(layer, Points) and layer.name == name), None)
    with selection_kept(viewer):  # a layer that becomes active would bring its own tools
        if seeds is None:
            seeds = Points(
                np.empty((0, image.ndim)),
                ndim=image.ndim,
                name=name,
                size=max(1.0, round(max(shape[-2:]) * SIZE)),
                face_color="white",
                border_color="black",
                **placement_over(image, range(image.ndim), [1.0] * image.ndim),
            )
            viewer.add_layer(seeds)
        place = np.asarray(seeds.world_to_data(image.data_to_world(pixel)))[-seeds.ndim :]
        if not any(np.allclose(place, other) for other in seeds.data):
            seeds.add(place)
    return seeds
