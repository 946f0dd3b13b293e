"""The folded part of the form: what is compared of a pixel, and which pixels take part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.widgets import ComboBox, Container, FloatSpinBox, LineEdit, SpinBox, Widget
from napari.layers import Labels
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QFrame, QScrollArea, QWidget
from superqt import QCollapsible

from napari_kseg.image.color_space import COLOR_SPACES, OWN
from napari_kseg.image.recipe_settings import NORMALIZATIONS, TEXTURE_SCALES

if TYPE_CHECKING:
    import napari.viewer

NOT_NORMALIZED = "no"
MIN_HEIGHT = 60
"""Pixels of the unfolded section, about two fields, in a window that has no room for more."""


class RecipeForm(Container[Widget]):
    """Fields for the settings of a recipe, in a section that folds.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose Labels layers are offered as mask and scribbles.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._color_space = ComboBox(
            label="Color space",
            choices=list(COLOR_SPACES),
            value=OWN,
            tooltip="In which colors are compared. RGB is the image's own values; ab is hue and colorfulness alone.",
        )
        self._channels = LineEdit(
            label="Channels",
            tooltip="Channels to compare, counted from 0, such as 0, 2; of the color space, if one is chosen. "
            "Empty is all.",
        )
        self._channel_weights = LineEdit(
            label="Weights", tooltip="Factor of each of these channels, such as 1, 0.5. Empty is 1 for all."
        )
        self._normalize = ComboBox(
            label="Normalize",
            choices=[NOT_NORMALIZED, *NORMALIZATIONS],
            value=NOT_NORMALIZED,
            tooltip="Make channels comparable: zscore by mean and standard deviation, percentile by the 1st and 99th, "
            "minmax by the lowest and highest value.",
        )
        self._sigma = FloatSpinBox(
            label="Smooth",
            value=0,
            min=0,
            max=1000,
            step=0.5,
            tooltip="Standard deviation of a Gaussian that smooths the image before, in the units of the layer "
            "(pixels, if it has no scale). 0 is none.",
        )
        self._texture = SpinBox(
            label="Texture",
            value=0,
            min=0,
            max=64,
            step=1,
            tooltip="Compare intensity, edges and ridges at scales up to so many pixels, instead of plain values. "
            "0 is no texture.",
        )
        self._position_weight = FloatSpinBox(
            label="Position",
            value=0,
            min=0,
            max=1e6,
            step=1,
            tooltip="How much the place counts: what the distance of two clusters is worth as a difference of values. "
            "0 is not at all.",
        )
        self._mask: Any = ComboBox(
            label="Mask",
            choices=self._list_labels,
            nullable=True,
            tooltip="Segment only where this Labels layer is not 0.",
        )
        self._scribbles: Any = ComboBox(
            label="Scribbles",
            choices=self._list_labels,
            nullable=True,
            tooltip="Start at the means under the labels of this Labels layer.",
        )
        self._nodata = LineEdit(
            label="No data", tooltip="Leave out pixels whose channels all have this value, or one of these."
        )
        self._background = LineEdit(
            label="Background", tooltip="Leave out pixels whose channels are all at most this value."
        )
        self._saturated = LineEdit(
            label="Saturated", tooltip="Leave out pixels of which any channel is at least this value."
        )
        self._majority = SpinBox(
            label="Majority",
            value=0,
            min=0,
            max=100,
            step=1,
            tooltip="Give every pixel the most frequent label of the box that reaches so many pixels. 0 is no filter.",
        )
        super().__init__(
            labels=False,
            widgets=[
                self._color_space, self._channels, self._channel_weights, self._normalize, self._sigma, self._texture,
                self._position_weight, self._mask, self._scribbles, self._nodata, self._background, self._saturated,
                self._majority,
            ],
        )  # fmt: skip
        self.section = QCollapsible("What is compared")
        self.native.layout().addLayout(form_layout(self))
        self._scroll = _Scroll(self.native)
        self.section.setContent(self._scroll)
        for box in (self._color_space, self._normalize, self._mask, self._scribbles):
            keep_narrow(box.native)
        self.section.collapse(animate=False)
        # Else the Tab key would go through fields that have no height.
        self._scroll.hide()
        self.section.toggled.connect(self._scroll.setVisible)

    def settings(self) -> dict[str, Any]:
        """Return the settings that fields say; ValueError says which one cannot be read."""
        found = {
            "color_space": self._color_space.value,
            "channels": _numbers(self._channels, int) or None,
            "channel_weights": _numbers(self._channel_weights, float) or None,
            "normalize": None if self._normalize.value == NOT_NORMALIZED else self._normalize.value,
            "sigma": self._sigma.value,
            "texture": (TEXTURE_SCALES[0], self._texture.value) if self._texture.value else False,
            "position_weight": self._position_weight.value,
            "nodata": _numbers(self._nodata, float) or None,
            "background": _number(self._background),
            "saturated": _number(self._saturated),
            "majority": self._majority.value,
        }
        given = {name: value for name, value in found.items() if value is not None}
        # Copies: a layer may be painted on while the run reads them.
        if self._mask.value is not None:
            given["mask"] = np.asarray(self._mask.value.data) != 0
        if self._scribbles.value is not None:
            given["init"] = np.array(self._scribbles.value.data)
        return given

    def _list_labels(self, _: object = None) -> list[Labels]:
        return [layer for layer in self._viewer.layers if isinstance(layer, Labels) and not layer.multiscale]


class _Scroll(QScrollArea):
    """As high as its content, but no reason for a small window to grow."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(MIN_HEIGHT)

    def sizeHint(self) -> QSize:  # Qt's name
        return self.widget().sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(self.widget().minimumSizeHint().width(), MIN_HEIGHT)


def form_layout(fields: Container[Widget]) -> QFormLayout:
    """Return fields in rows, each with its name and one tooltip for both."""
    form = QFormLayout()
    for field in fields:
        form.addRow(field.label, field.native)
        form.labelForField(field.native).setToolTip(field.tooltip)
    return form


def keep_narrow(box: QComboBox) -> None:
    """Let no long name widen the dock."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)


def _numbers(field: LineEdit, kind: type[int] | type[float]) -> list[Any]:
    """Return the numbers in a field, which commas or spaces separate."""
    try:
        return [kind(part) for part in field.value.replace(",", " ").split()]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise ValueError(f"{field.label}: {field.value!r} is not possible; write {what}, such as 0, 2") from None


def _number(field: LineEdit) -> float | None:
    found = _numbers(field, float)
    if len(found) > 1:
        raise ValueError(f"{field.label}: {field.value!r} is not possible; write one number, or nothing")
    return found[0] if found else None
