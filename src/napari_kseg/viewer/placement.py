"""Where result layers lie: exactly over their source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.transforms import CompositeAffine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Layer


def placement_over(layer: Image, axes: Sequence[int], factors: Sequence[float]) -> dict[str, Any]:
    """Return the layer keywords that put an array exactly over `layer`.

    Parameters
    ----------
    layer : napari.layers.Image
        The source.
    axes : sequence of int
        Axes of `layer` that the array has, in this order.
    factors : sequence of float
        Pixels of `layer` along each of these axes in one pixel of the array.

    Returns
    -------
    keywords : dict
        scale, translate, rotate, shear, affine, units and axis_labels.
    """
    axes = list(axes)
    to_physical = CompositeAffine(
        scale=layer.scale,
        translate=layer.translate,
        rotate=layer.rotate,
        shear=layer.shear,
        ndim=layer.ndim,
    )
    affine = layer.affine
    if axes != list(range(layer.ndim)):
        to_physical, affine = to_physical.set_slice(axes), affine.set_slice(axes)
    size = np.asarray(factors, np.float64)
    # A reduced pixel is centered over the pixels that it averages: the first one over 0 ... f - 1.
    return {
        "scale": np.asarray(to_physical.scale) * size,
        "translate": np.asarray(to_physical((size - 1) / 2)),
        "rotate": to_physical.rotate,
        "shear": to_physical.shear,
        "affine": affine,
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }


def move_to(layer: Layer, placement: dict[str, Any]) -> None:
    """Place `layer`; what is right already is left alone, as each change is a repaint."""
    for name, value in placement.items():
        if name in ("units", "axis_labels"):
            same = tuple(getattr(layer, name)) == value
        else:
            same = np.array_equal(np.asarray(getattr(layer, name)), np.asarray(value))
        if not same:
            setattr(layer, name, value)
