"""The folded part of the form: what is compared of a pixel, and which pixels take part."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, FloatSpinBox, LineEdit, SpinBox, Widget
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QWidget

from napari_kseg.image.color_space import COLOR_SPACES, OWN
from napari_kseg.image.recipe_settings import NORMALIZATIONS, TEXTURE_SCALES
from napari_kseg.viewer.presets import NONE, PRESETS, needs_color, settings_of, tooltip_of
from napari_kseg.viewer.section import Section
from napari_kseg.viewer.source import pixel_sizes
from napari_kseg.viewer.where_form import WhereForm

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from napari.layers import Image

NOT_NORMALIZED = "no"
NO_COLOR = "For color images (RGB) alone; the values of this image are compared as they are."


class RecipeForm(Container[Widget]):
    """Fields for the settings of a recipe, in a section that folds.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are offered as mask, seeds and channels.
    image : callable
        `image()` returns the chosen image, or None.
    """

    def __init__(self, viewer: napari.viewer.Viewer, image: Callable[[], Image | None]) -> None:
        self._preset = ComboBox(
            label="Preset",
            choices=[NONE, *PRESETS],
            value=NONE,
            tooltip="Fill in the fields below for a kind of image: those of color, normalization, smoothing and "
            "clean-up; region, mask, seeds and the number of clusters stay.",
        )
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
        self._image = image
        self._is_color, self._of_color = True, (NONE, OWN)
        self.where = WhereForm(viewer, image)
        super().__init__(
            labels=False,
            widgets=[
                self._preset, self._color_space, self._channels, self._channel_weights, self._normalize, self._sigma,
                self._texture, self._position_weight, *self.where.fields, self._nodata, self._background,
                self._saturated, self._majority,
            ],
        )  # fmt: skip
        rows = form_layout(self, after={"seeds": self.where.pick})
        self.native.layout().addLayout(rows)
        self.where.attach(rows)
        self.section = Section("What is compared", self.native)
        for box in (self._preset, self._color_space, self._normalize, *self.where.fields[:3]):
            keep_narrow(box.native)
        keep_narrow(self.where.seeds.native, 3)  # a button stands beside it
        self._offer_colors()
        self._preset.changed.connect(self._on_preset_chosen)
        fields: list[Any] = list(self)
        for field in fields:
            if field is not self._preset and field not in self.where.fields:
                field.changed.connect(self._on_field_changed)

    def reset_choices(self, *_: Any) -> None:
        """Offer the layers and regions that there are now."""
        super().reset_choices()
        self.where.show_rows()
        self._offer_colors()

    def _offer_colors(self) -> None:
        """Offer color spaces, and presets that have one, for color images alone; those bring back what was chosen."""
        image = self._image()
        is_color = image is None or bool(image.rgb)
        for row, name in enumerate(map(str, self._preset.choices)):
            fits = is_color or not needs_color(name)
            self._preset.native.model().item(row).setEnabled(fits)
            tip = tooltip_of(name) if fits else f"{tooltip_of(name)} {NO_COLOR}"
            self._preset.native.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
        self._color_space.enabled = is_color
        self._color_space.native.setToolTip(self._color_space.tooltip if is_color else NO_COLOR)
        if is_color == self._is_color:
            return
        self._is_color = is_color
        preset, chosen = self._preset.value, (self._preset.value, self._color_space.value)
        with self._preset.changed.blocked(), self._color_space.changed.blocked():
            if is_color:
                self._color_space.value = self._of_color[1]
                self._preset.value = self._of_color[0] if preset == NONE else preset
            else:
                self._of_color, self._color_space.value = chosen, OWN
                self._preset.value = NONE if needs_color(preset) else preset

    def _on_preset_chosen(self, name: str) -> None:
        if name == NONE:
            return
        settings = settings_of(name)
        image = self._image()
        if image is not None and settings["sigma"]:  # a preset means pixels, the field has the unit of the layer
            settings["sigma"] *= min(pixel_sizes(image)[-2:])
            self._sigma.native.setDecimals(max(2, 1 - math.floor(math.log10(settings["sigma"]))))
        self.load(settings)
        with self._preset.changed.blocked():
            self._preset.value = name

    def _on_field_changed(self, _: object = None) -> None:
        """Show that the fields are not those of a preset any more."""
        self._of_color = NONE, self._of_color[1]
        with self._preset.changed.blocked():
            self._preset.value = NONE

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
        return {**{name: value for name, value in found.items() if value is not None}, **self.where.settings()}

    def load(self, settings: dict[str, Any]) -> None:
        """Show settings in the fields; region, mask and seeds are not among them."""
        self._of_color = NONE, settings["color_space"]
        self._color_space.value = settings["color_space"] if self._is_color else OWN
        self._channels.value = _listed(settings["channels"])
        self._channel_weights.value = _listed(settings["channel_weights"])
        self._normalize.value = settings["normalize"] or NOT_NORMALIZED
        sigma = settings["sigma"]
        self._sigma.value = sigma if isinstance(sigma, (int, float)) else max(sigma)
        self._texture.value = int(settings["texture"][1]) if settings["texture"] else 0
        self._position_weight.value = settings["position_weight"]
        for field, name in (
            (self._nodata, "nodata"), (self._background, "background"), (self._saturated, "saturated"),
        ):  # fmt: skip
            field.value = _listed(settings[name])
        self._majority.value = settings["majority"]


def form_layout(
    fields: Container[Widget], before: dict[str, QWidget] | None = None, after: dict[str, QWidget] | None = None
) -> QFormLayout:
    """Return fields in rows, each with its label and one tooltip for both; beside some stands another widget.

    Those are given by the name of the field: `before` it they take what room there is, `after` it what they need.
    """
    form, before, after = QFormLayout(), before or {}, after or {}
    for field in fields:
        place: Any = field.native
        if field.name in before:
            place = QHBoxLayout()
            place.addWidget(before[field.name], 1)
            place.addWidget(field.native)
        elif field.name in after:
            place = QHBoxLayout()
            place.addWidget(field.native, 1)
            place.addWidget(after[field.name])
        form.addRow(field.label, place)
        form.labelForField(place).setToolTip(field.tooltip)
    return form


def keep_narrow(box: QComboBox, n_characters: int = 8) -> None:
    """Let no long name widen the dock."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(n_characters)


def _numbers(field: LineEdit, kind: type[int] | type[float]) -> list[Any]:
    """Return the numbers in a field, which commas or spaces separate."""
    try:
        return [kind(part) for part in field.value.replace(",", " ").split()]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise ValueError(f"{field.label}: {field.value!r} is not possible; write {what}, such as 0, 2") from None


def _listed(values: Any) -> str:
    """Return numbers as one writes them into a field."""
    if values is None:
        return ""
    return ", ".join(map(_shortest, values if isinstance(values, (list, tuple)) else [values]))


def _shortest(number: float) -> str:
    """Return the text of a number that is read as the same one."""
    text = f"{number:.15g}"
    return text if float(text) == number else repr(float(number))


def _number(field: LineEdit) -> float | None:
    found = _numbers(field, float)
    if len(found) > 1:
        raise ValueError(f"{field.label}: {field.value!r} is not possible; write one number, or nothing")
    return found[0] if found else None
