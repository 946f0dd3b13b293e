"""Fields that say where: which part of the image, which pixels of it, where clusters start, which layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Select, Widget
from napari.layers import Image, Labels, Points, Shapes
from qtpy.QtWidgets import QWidget

from napari_kseg.image.seeds import PixelCoordinates
from napari_kseg.viewer.picker import PickButton, add_seed
from napari_kseg.viewer.source import image_of
from napari_kseg.viewer.where import (
    SLICE,
    VISIBLE,
    WHOLE,
    DrawnMask,
    check_part,
    labels_on,
    level_on,
    mask_of,
    part_of,
    seed_pixels,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from napari.layers import Layer
    from qtpy.QtWidgets import QFormLayout

    from napari_kseg.viewer.crop import Crop

ROWS = 4
"""Layers that are seen at most at once in the list of channels."""


class WhereForm:
    """Fields of the form, which belong to the container that shows them.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose layers are offered.
    image : callable
        `image()` returns the chosen image, or None.
    """

    def __init__(self, viewer: napari.viewer.Viewer, image: Callable[[], Image | None]) -> None:
        self._viewer: Any = viewer
        self._image = image
        self.region: Any = ComboBox(
            name="region",
            label="Region",
            choices=self._list_regions,
            value=WHOLE,
            tooltip="Segment all of the image, or only what is seen of it in the window now, or the slice of a stack "
            "that is shown. The result lies over that part.",
        )
        self.mask: Any = ComboBox(
            name="mask",
            label="Mask",
            choices=lambda _: self._list_layers(Labels, Shapes),
            nullable=True,
            tooltip="Segment only where this Labels layer is not 0, or inside the shapes of this Shapes layer. In a "
            "stack, a shape counts in every slice, not only in the one it was drawn in.",
        )
        self.seeds: Any = ComboBox(
            name="seeds",
            label="Seeds",
            choices=lambda _: self._list_layers(Points, Labels),
            nullable=True,
            tooltip="Start at the pixels under this Points layer, each averaged with its neighbors, or at the means "
            "under the labels of this Labels layer (scribbles). Up to one for each cluster; others are found.",
        )
        self.others: Any = Select(
            name="others",
            label="With layers",
            choices=self._list_others,
            tooltip="Layers of the same shape that are further channels: pixels are compared by the values of all of "
            "them. The list is there if there are such layers; none chosen is the image alone.",
        )
        self.fields: list[Widget] = [self.region, self.mask, self.seeds, self.others]
        self.pick = PickButton()
        self._label_of_others: Any = None
        self._drawn: DrawnMask | None = None
        rows = self.others.native
        rows.setSelectionMode(rows.SelectionMode.MultiSelection)  # a click takes one in or out

    def attach(self, form: QFormLayout) -> None:
        """Know the rows of a layout, of which some are shown only where they make sense."""
        self._label_of_others = form.labelForField(self.others.native)
        QWidget.setTabOrder(self.seeds.native, self.pick)
        self.show_rows()

    def show_rows(self) -> None:
        """Show the list of channels where there are any."""
        rows, n_rows = self.others.native, min(ROWS, len(self.others.choices))
        rows.setFixedHeight(n_rows * (rows.fontMetrics().lineSpacing() + 3) + 2 * rows.frameWidth())
        for widget in (self.others.native, self._label_of_others):
            widget.setVisible(bool(self.others.choices))

    def crop(self) -> Crop:
        """Return the part of the image to segment; empty for all of it. ValueError if it is not seen."""
        image = self._image()
        return () if image is None else part_of(image, self.region.value, self._viewer)

    def channels(self) -> list[Image]:
        """Return the layers that are further channels, in the order of the layer list."""
        chosen = self.others.value
        return [layer for layer in self._viewer.layers if any(layer is other for other in chosen)]

    def settings(self) -> dict[str, Any]:
        """Return mask and seeds of the part; ValueError says what does not fit.

        They are as `segment` takes them, but for a mask of shapes, which is called to be made.
        """
        image = self._image()
        if image is None:
            return {}
        crop = self.crop()
        found: dict[str, Any] = {}
        if isinstance(self.mask.value, Shapes):
            drawn = DrawnMask(self.mask.value, image, crop)
            if not drawn.is_as(self._drawn):
                self._drawn = drawn
            found["mask"] = self._drawn
        elif self.mask.value is not None:
            found["mask"] = check_part(mask_of(self.mask.value, image, crop), self.mask.value.name)
        if isinstance(self.seeds.value, Points):
            pixels = seed_pixels(self.seeds.value, image, crop, self._viewer.dims.point)
            found["init"] = PixelCoordinates(map(tuple, pixels.tolist()))
        elif self.seeds.value is not None:
            found["init"] = labels_on(self.seeds.value, image, "scribbles", crop)
        return found

    @property
    def mask_code(self) -> str:
        """Python for the mask; empty if there is none, or it is of shapes, which has no short one."""
        layer, image = self.mask.value, self._image()
        if not isinstance(layer, Labels) or image is None:
            return ""
        crop = self.crop()
        level = f"[{level_on(layer, image, 'mask', crop)}]" if layer.multiscale else ""
        part = ", ".join(f"{start}:{stop}" for start, stop in crop)
        return f"viewer.layers[{layer.name!r}].data{level}{f'[{part}]' if part else ''} != 0"

    def take_click(self, position: Any) -> bool:
        """Take a click at a world position as a seed, if seeds are being picked; return whether it is taken."""
        image = self._image()
        if not self.pick.isChecked() or image is None:
            return False
        seeds = add_seed(self._viewer, image, position)
        if seeds is not None:
            if self.seeds.value is seeds:
                self.seeds.changed.emit(seeds)  # it has another point
            else:
                self.seeds.value = seeds
        return True

    def _list_regions(self, _: object = None) -> list[str]:
        image = self._image()
        return [WHOLE, VISIBLE] if image is None or image.ndim < 3 else [WHOLE, VISIBLE, SLICE]

    def _list_layers(self, *kinds: type[Layer]) -> list[Layer]:
        return [layer for layer in self._viewer.layers if isinstance(layer, kinds)]

    def _list_others(self, _: object = None) -> list[Image]:
        from napari_kseg.viewer.result_layers import is_output

        image = self._image()
        if image is None or image.rgb:
            return []
        return [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Image)
            and layer is not image
            and not (layer.rgb or is_output(layer))
            and image_of(layer).shape[: layer.ndim] == image_of(image).shape[: image.ndim]
        ]
