"""Where result layers lie: exactly over their source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.transforms import CompositeAffine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Layer


def placement_over(
    layer: Image, axes: Sequence[int], factors: Sequence[float], offset: Sequence[int] | None = None
) -> dict[str, Any]:
    """Return the layer keywords that put an array exactly over `layer`, or over its part.

    Parameters
    ----------
    layer : napari.layers.Image
        The source.
    axes : sequence of int
        Axes of `layer` that the array has, in this order.
    factors : sequence of float
        Pixels of `layer` along each of these axes in one pixel of the array.
    offset : sequence of int, optional
        Pixels of `layer` along each of these axes before the array begins. None is 0.

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
    first = np.zeros(len(size)) if offset is None else np.asarray(offset, np.float64)
    # A reduced pixel is centered over the pixels that it averages: the first one over 0 ... f - 1.
    return {
        "scale": np.asarray(to_physical.scale) * size,
        "translate": np.asarray(to_physical(first + (size - 1) / 2)),
        "rotate": to_physical.rotate,
        "shear": to_physical.shear,
        "affine": affine,
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }


def placement_with_channels(
    layer: Image, axes: Sequence[int], factors: Sequence[float], offset: Sequence[int]
) -> dict[str, Any]:
    """Return the same for an array that has all axes of `layer`, also those that are not among `axes`."""
    all_factors, all_offset = [1.0] * layer.ndim, [0] * layer.ndim
    for axis, factor, first in zip(axes, factors, offset, strict=True):
        all_factors[axis], all_offset[axis] = factor, first
    return placement_over(layer, range(layer.ndim), all_factors, all_offset)


def move_to(layer: Layer, placement: dict[str, Any]) -> None:
    """Place `layer`; what is right already is left alone, as each change is a repaint."""
    for name, value in placement.items():
        if name in ("units", "axis_labels"):
            same = tuple(getattr(layer, name)) == value
        else:
            same = np.array_equal(np.asarray(getattr(layer, name)), np.asarray(value))
        if not same:
            setattr(layer, name, value)
