"""The image of the latest run, counted and ready for a run with other settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari_kseg.image.fit import Fitter
    from napari_kseg.image.model import Model
    from napari_kseg.image.pixels import Pixels
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.image.settings import Settings
    from napari_kseg.kmeans import Callback
    from napari_kseg.viewer.source import Source

_OF_PIXELS = ("channel_axis", "nodata", "background", "saturated", "spacing")
"""Settings on which it depends what is counted."""


class ReadyImage:
    """What live steps share. Used by one thread at a time."""

    def __init__(self) -> None:
        self._fitter: Fitter | None = None
        self._pixels: Pixels | None = None
        self._settings: tuple[Any, ...] = ()

    def forget(self) -> None:
        """Count anew at the next run: the values may have changed."""
        self._fitter = self._pixels = None

    def segment(self, pixels: Pixels, settings: Settings, callback: Callback) -> Segmentation:
        """Segment, with what is known of the same pixels from the run before."""
        from napari_kseg.image.fit import Fitter
        from napari_kseg.image.segment import segment_with

        own = tuple(getattr(settings, name) for name in _OF_PIXELS)
        fitter = self._fitter
        if fitter is None or own != self._settings or not _are_same(pixels, self._pixels):
            fitter = Fitter(settings.applied_to(pixels), callback)
        self._fitter, self._pixels, self._settings = fitter, pixels, own
        fitter.report_to(callback)
        try:
            return segment_with(fitter, replace(settings, masked=pixels.mask is not None))
        finally:
            fitter.report_to(None)


def _are_same(pixels: Pixels, other: Pixels | None) -> bool:
    from napari_kseg.viewer.crop import are_same

    if other is None or not are_same(pixels.image, other.image):
        return False
    if pixels.mask is None or other.mask is None:
        return pixels.mask is other.mask
    return np.array_equal(pixels.mask, other.mask)


def labeled_by(model: Model, source: Source) -> Segmentation:
    """Segment an image by the centroids of a model."""
    from napari_kseg.viewer.large import fitted, pixels_of, placed

    return placed(model.segment_pixels(pixels_of(fitted(source, {}), None)), source)


def code_of_labeling(model_code: str, source: Source) -> str:
    """Return Python that does the same as `labeled_by` to `layer`."""
    from napari_kseg.viewer.large import fitted, is_large

    seen = fitted(source, {})
    level = next((f"[{i}]" for i, level in enumerate(source.levels) if level is seen.image), "")
    stays = is_large(seen) or isinstance(seen.image, np.ndarray)
    return f"{model_code}.segment(layer.data{level}){'' if stays else '.compute()'}"


def segment_source(
    source: Source, settings: dict[str, Any], ready: ReadyImage | None, callback: Callback
) -> Segmentation:
    """Segment an image, as a live step if there is something `ready` to share."""
    # Here, as an import that fails should be told as well.
    from napari_kseg.image.segment import segment_pixels
    from napari_kseg.viewer.large import placed
    from napari_kseg.viewer.layer_parts import prepared_layer

    checked, pixels = prepared_layer(source, **settings)
    if ready is not None:
        return placed(ready.segment(pixels, checked, callback), source)
    return placed(segment_pixels(pixels, checked, callback=callback), source)
