"""Masks, seeds and parts of an image, from other layers and from what is seen of it, in the pixels of the image.

Layers are compared in world coordinates: each may have its own scale and place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Shapes
from skimage.draw import line, polygon

from napari_kseg.image.channel_stack import known, lazy_of
from napari_kseg.viewer.crop import slices
from napari_kseg.viewer.large import fitted, is_pyramid, level_shapes
from napari_kseg.viewer.source import image_of, take_source

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points
    from numpy.typing import NDArray

    from napari_kseg.viewer.crop import Crop

WHOLE, SLICE, VISIBLE = "Whole image", "Current slice", "Visible region"
CORNERS_OF_ELLIPSE = 180
"""Of the polygon that stands for an ellipse: far less than a pixel off in any image one draws on."""


def spatial_shape(image: Image) -> tuple[int, ...]:
    """Return the shape of an image without the axis of red, green and blue; ValueError if it is not known."""
    return tuple(int(length) for length in known(image_of(image)).shape[: image.ndim])


def mask_of(layer: Labels | Shapes, image: Image, crop: Crop = ()) -> Any:
    """Return where a Labels layer is not 0, or where a Shapes layer has shapes, in the pixels of (a part of) an image.

    That of labels that are not in memory is lazy.

    Raises
    ------
    ValueError
        If labels have another shape than the image, or all shapes are beside it.
    """
    if isinstance(layer, Labels):
        return labels_on(layer, image, "mask", crop) != 0
    drawn = DrawnMask(layer, image, crop)
    return drawn(tuple(stop - start for start, stop in crop) or spatial_shape(image))


class DrawnMask:
    """Where a Shapes layer has shapes, in the pixels of (a part of) an image, as both are now.

    Called, it returns the mask; the first time this takes seconds for large shapes, and is fit for any thread.
    """

    def __init__(self, layer: Shapes, image: Image, crop: Crop = ()) -> None:
        # Else it would be left to rounding, in float32, whether pixels on the border are inside.
        self._corners = [to_pixels(np.asarray(vertices), layer, image).round(3) for vertices in layer.data]
        self._kinds, self._shape = list(map(str, layer.shape_type)), spatial_shape(image)
        self._part = crop or tuple((0, length) for length in self._shape)
        self._names = layer.name, image.name
        self._mask: NDArray[np.bool_] | None = None

    def __call__(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return the mask in the shape of the part, or of it reduced; ValueError if no pixel is in it."""
        if self._mask is None or self._mask.shape != shape:
            self._mask = self._drawn(shape)
        return self._mask

    def _drawn(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        first, end = np.transpose(self._part)
        inside = np.zeros(shape, bool)
        for corners, kind in zip(self._corners, self._kinds, strict=True):
            _fill(inside, (corners + 0.5 - first) * (shape / (end - first)) - 0.5, kind)
        drawn, image = self._names
        if inside.any():
            return inside
        if any(((np.rint(c.max(0)) >= 0) & (np.rint(c.min(0)) < self._shape)).all() for c in self._corners):
            raise ValueError(_of_no_pixel(drawn))
        raise ValueError(f"{drawn} has no shape over a pixel of {image}; draw one there, or choose no mask")

    def is_as(self, other: DrawnMask | None) -> bool:
        """Return whether the other one is drawn likewise, and may serve for this one."""
        return (
            other is not None
            and (self._kinds, self._shape, self._part, self._names)
            == (other._kinds, other._shape, other._part, other._names)
            and all(map(np.array_equal, self._corners, other._corners))
        )


def check_part(mask: Any, name: str) -> Any:
    """Return the mask of a part, if there is something in it; of one that is lazy, that is not known."""
    if isinstance(mask, np.ndarray) and not mask.any():
        raise ValueError(_of_no_pixel(name))
    return mask


def _of_no_pixel(name: str) -> str:
    return f"{name} leaves no pixel of the chosen region; choose another region"


def labels_on(layer: Labels, image: Image, what: str, crop: Crop = ()) -> Any:
    """Return the labels of a layer that has the pixels of an image, or of a level of one that is a large pyramid.

    A copy: it may be painted on meanwhile. If it is not in memory, it stays lazy.
    """
    found = _levels_of(layer)[level_on(layer, image, what, crop)]
    lazy = lazy_of(found)
    return np.array(found[slices(crop)]) if lazy is None else lazy[slices(crop)]


def level_on(layer: Labels, image: Image, what: str, crop: Crop = ()) -> int:
    """Return which level of a Labels layer has the pixels that a run on the image reads, or can be sampled at them."""
    source = take_source(image).cropped(crop)
    accepted = level_shapes(source) if is_pyramid(source) else [spatial_shape(image)]
    shapes = [tuple(level.shape) for level in _levels_of(layer)]
    for wanted in (fitted(source, {}).spatial_shape, *accepted):
        if wanted in shapes and wanted in accepted:
            return shapes.index(wanted)
    raise ValueError(
        f"{layer.name}: the {what} has shape {shapes[0]}, but the image has the spatial shape {accepted[0]}; choose a "
        "layer of this shape"
    )


def _levels_of(layer: Labels) -> list[Any]:
    return list(layer.data) if layer.multiscale else [layer.data]


def seed_pixels(layer: Points, image: Image, crop: Crop = (), at: Any = None) -> NDArray[np.intp]:
    """Return the pixels (S, axes) of an image under the points of a layer, counted within the part, without doubles.

    Points beside it are left out; `at` is the world point whose slice is meant where points have fewer axes.

    Raises
    ------
    ValueError
        If none is left.
    """
    points = np.rint(to_pixels(np.asarray(layer.data), layer, image, at)).astype(np.intp)
    bounds = np.array(crop or [(0, length) for length in spatial_shape(image)])
    inside = ((points >= bounds[:, 0]) & (points < bounds[:, 1])).all(1)
    if not inside.any():
        where = f"the chosen part of {image.name}" if crop else image.name
        raise ValueError(f"{layer.name} has no point in {where}; add points there, or choose no seeds")
    kept = points[inside]
    _, first = np.unique(kept, axis=0, return_index=True)
    return np.asarray(kept[np.sort(first)] - bounds[:, 0])


def to_pixels(places: NDArray[Any], layer: Layer, image: Image, at: Any = None) -> NDArray[np.float64]:
    """Return positions (N, axes) in the data of a layer as positions in the pixels of an image.

    Where the layer has fewer axes, those before are of the world point `at`, or 0.
    """
    if not len(places):
        return np.empty((0, image.ndim))
    full = np.zeros(max(image.ndim, layer.ndim)) if at is None else np.array(at, np.float64)
    if len(full) < image.ndim:
        full = np.concatenate([np.zeros(image.ndim - len(full)), full])
    found = []
    for place in places:
        world = np.asarray(layer.data_to_world(place))[-image.ndim :]
        found.append(
            image.world_to_data(np.concatenate([full[len(full) - image.ndim :][: image.ndim - len(world)], world]))
        )
    return np.array(found, np.float64)


def part_of(image: Image, region: str, viewer: Any) -> Crop:
    """Return the part of an image that a region means; empty for all of it.

    Raises
    ------
    ValueError
        If nothing of the image is seen.
    """
    if region == WHOLE:
        return ()
    shape = spatial_shape(image)
    seen = _axes_seen(image, viewer)
    here = np.rint(image.world_to_data(viewer.dims.point[-image.ndim :])).astype(int)
    part = [
        (0, length) if axis in seen else (int(here[axis]), int(here[axis]) + 1) for axis, length in enumerate(shape)
    ]
    if region == VISIBLE:
        low, high = corners = _corners_seen(image, viewer)
        if any(high[axis] < 0 or low[axis] >= shape[axis] for axis in seen):
            raise ValueError(f"nothing of {image.name} is seen; move the view there, or take {WHOLE!r}")
        low, high = corners if image.multiscale else image.corner_pixels
        for axis in seen:
            part[axis] = max(0, int(low[axis])), min(shape[axis], int(high[axis]) + 1)
    if any(start < 0 or stop > length or start >= stop for (start, stop), length in zip(part, shape, strict=True)):
        raise ValueError(f"nothing of {image.name} is seen in this slice; go to one of its slices, or take {WHOLE!r}")
    return tuple(part)


def _corners_seen(image: Image, viewer: Any) -> NDArray[np.int_]:
    """Return the first and the last pixels that the view would show, also where there is no image; at full resolution.

    `corner_pixels` of a multiscale image are those of the tile that was loaded, which may be larger than what is seen
    now; and there is always a pixel in them.
    """
    if viewer.dims.ndisplay != 2:
        return np.array([[0] * image.ndim, [length - 1 for length in spatial_shape(image)]])
    camera, size = camera_of(viewer), viewer.canvas.size if hasattr(viewer, "canvas") else viewer._canvas_size
    found = []
    for side in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)):
        corner = np.array(viewer.dims.point, np.float64)
        corner[list(viewer.dims.order[-2:])] = np.array(camera.center[-2:]) + side * np.array(size) / camera.zoom
        found.append(image.world_to_data(corner[-image.ndim :]))
    return np.array([np.floor(np.min(found, axis=0)), np.ceil(np.max(found, axis=0))], int)


def camera_of(viewer: Any) -> Any:
    """Return the camera of a viewer, which napari 0.9 keeps elsewhere."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera


def _axes_seen(image: Image, viewer: Any) -> set[int]:
    """Return the axes of an image in the plane of the screen; in 3-D, those that are it in 2-D."""
    before = viewer.dims.ndim - image.ndim
    return {int(axis) - before for axis in viewer.dims.order[-2:]}


def _fill(inside: NDArray[np.bool_], corners: NDArray[np.float64], kind: str) -> None:
    """Set the pixels of a shape, in every slice along the axes that it is flat in."""
    axes = sorted(_plane_of(corners))
    plane = corners[:, axes]
    shape = tuple(inside.shape[axis] for axis in axes)
    drawn = np.zeros(shape, bool)
    if kind == "ellipse":
        # Half axes of the ellipse in a parallelogram; exact under any affine transform.
        middle, across, down = plane.mean(0), (plane[1] - plane[0]) / 2, (plane[3] - plane[0]) / 2
        turn = np.linspace(0, 2 * np.pi, CORNERS_OF_ELLIPSE, endpoint=False)[:, None]
        plane = middle + across * np.cos(turn) + down * np.sin(turn)
    if kind in ("line", "path"):
        for start, end in zip(np.rint(plane[:-1]).astype(int), np.rint(plane[1:]).astype(int), strict=True):
            passed = np.column_stack(line(*start, *end))
            drawn[tuple(passed[((passed >= 0) & (passed < shape)).all(1)].T)] = True
    else:
        drawn[polygon(plane[:, 0], plane[:, 1], shape)] = True
    others = tuple(axis for axis in range(inside.ndim) if axis not in axes)
    inside |= np.expand_dims(drawn, others)


def _plane_of(corners: NDArray[np.float64]) -> tuple[int, int]:
    """Return the two axes that a shape extends in; the last two if it is in no plane of two axes."""
    n_axes = corners.shape[1]
    extended = np.flatnonzero(np.ptp(corners, axis=0) > 1e-6)
    return (int(extended[0]), int(extended[1])) if len(extended) == 2 else (n_axes - 2, n_axes - 1)
