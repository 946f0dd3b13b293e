"""The settings form: the first fields, and the folded ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, FloatSpinBox, SpinBox, Widget
from napari.layers import Image
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QSlider

from napari_kseg.viewer.recipe_form import RecipeForm, form_layout, keep_narrow

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtWidgets import QFormLayout

MANY = 20
"""Clusters at the right end of the slider; the box beside it takes more."""
NARROW = 90
"""Pixels of the box beside the slider."""


class SettingsForm(Container[Widget]):
    """Image and settings of a run.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The viewer whose layers are offered.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        # napari hands out a proxy; through it no layer is identical to itself.
        self._viewer: Any = getattr(viewer, "__wrapped__", viewer)
        self._image: Any = ComboBox(
            name="image",
            label="Image",
            choices=self._list_images,
            tooltip="The image to segment. Follows the layer list: the image selected there, or that of a result.",
        )
        self._n_clusters: Any = SpinBox(
            name="n_clusters",
            label="Clusters",
            value=5,
            min=1,
            max=255,
            step=1,
            tooltip="How many kinds of stuff are in the image.",
        )
        self._downsample: Any = FloatSpinBox(  # of whole numbers; a SpinBox cannot say "auto"
            name="downsample",
            label="Downsample",
            value=0,
            min=0,
            max=64,
            step=1,
            tooltip=(
                "Find the centroids on an image reduced by this factor. "
                "The result is always full resolution. "
                "auto: no reduction unless every pixel would take long."
            ),
        )
        self._random_state = SpinBox(
            name="random_state",
            label="Seed",
            value=0,
            min=0,
            max=2**31 - 1,
            step=1,
            tooltip="Where the search starts. The same seed gives the same result.",
        )
        self._min_size = SpinBox(
            name="min_size",
            label="Min size",
            value=0,
            min=0,
            max=2**31 - 1,
            step=1,
            tooltip="Pieces of fewer pixels than this join what is around them. 0 keeps every speck.",
        )
        super().__init__(
            labels=False,  # their widths would be measured before napari's font comes
            widgets=[self._image, self._n_clusters, self._downsample, self._random_state, self._min_size],
        )
        self._recipe = RecipeForm(self._viewer, lambda: self._image.value)
        self._image.changed.connect(self._recipe.reset_choices)
        # magicgui has no word for these.
        self._downsample.native.setDecimals(0)
        self._downsample.native.setSpecialValueText("auto")
        keep_narrow(self._image.native)
        self._n_clusters.native.setMaximumWidth(NARROW)  # the rest is the slider's

    @property
    def image_layer(self) -> Image | None:
        """The chosen image."""
        return self._image.value

    @property
    def image_layers(self) -> list[Image]:
        """The images that can be chosen."""
        return list(self._image.choices)

    def choose(self, layer: Image) -> None:
        """Choose an image; ValueError if it is none that can be chosen."""
        if not any(layer is choice for choice in self._image.choices):
            raise ValueError(f"{layer.name} is no image to segment; select one in the layer list")
        self._image.value = layer

    def rows(self) -> QFormLayout:
        """Return the fields that are always seen, in rows."""
        return form_layout(self, before={"n_clusters": self._slider()})

    def _slider(self) -> QSlider:
        """Return a slider that goes with the number of clusters."""
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(1, MANY)
        slider.setPageStep(1)
        slider.setValue(self._n_clusters.value)
        slider.setToolTip(self._n_clusters.tooltip)
        slider.setAccessibleName("Clusters")

        def follow(number: int) -> None:
            with QSignalBlocker(slider):
                slider.setValue(min(number, MANY))

        slider.valueChanged.connect(self._on_slider_moved)
        self._n_clusters.changed.connect(follow)
        return slider

    def _on_slider_moved(self, number: int) -> None:
        self._n_clusters.value = number

    def listen(self, slot: Callable[[Any], None]) -> None:
        """Call `slot` whenever a setting changes; another image is none."""
        for field in (self._n_clusters, self._downsample, self._random_state, self._min_size, *self._recipe):
            field.changed.connect(slot)

    def settings(self) -> dict[str, Any]:
        """Return the settings that fields say; ValueError says which one cannot be read."""
        return {
            "n_clusters": self._n_clusters.value,
            "downsample": int(self._downsample.value) or "auto",
            "random_state": self._random_state.value,
            "min_size": self._min_size.value,
            **self._recipe.settings(),
        }

    def keywords(self) -> dict[str, Any]:
        """Return settings, and what else `Controller.run` takes; ValueError says which field cannot be read."""
        return {"settings": self.settings(), "mask": self._recipe.where.mask_code, **self.taken()}

    def taken(self) -> dict[str, Any]:
        """Return which part of the image is meant, and which further layers."""
        return {"crop": self._recipe.where.crop(), "others": self._recipe.where.channels()}

    def load(self, settings: dict[str, Any]) -> None:
        """Show settings in the fields; those that the form has no field for are left out."""
        if isinstance(settings["n_clusters"], int):
            self._n_clusters.value = min(settings["n_clusters"], self._n_clusters.max)
        downsample = settings["downsample"]
        self._downsample.value = downsample if isinstance(downsample, (int, float)) else 0
        self._random_state.value = settings["random_state"]
        self._min_size.value = settings["min_size"]
        self._recipe.load(settings)

    def _list_images(self, _: object = None) -> list[Image]:
        from napari_kseg.viewer.result_layers import is_output

        return [layer for layer in self._viewer.layers if isinstance(layer, Image) and not is_output(layer)]
