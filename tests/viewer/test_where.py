"""Masks, seeds and parts, from layers that lie elsewhere and are scaled otherwise."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points, Shapes
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data
from skimage.draw import polygon2mask

import napari_kseg as kseg
from napari_kseg.viewer.controller import Controller
from napari_kseg.viewer.python_code import python_code
from napari_kseg.viewer.where import SLICE, WHOLE, mask_of, part_of, seed_pixels

SHAPE = (60, 80)


@pytest.fixture
def image():
    return Image(np.zeros(SHAPE), name="cells", scale=(2, 0.5), translate=(10, -5))


def world(image, corners):
    return np.array([image.data_to_world(corner) for corner in corners])


def box(top, left, bottom, right):
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]], float)


def carry_out(request):
    return request.show(request.prepare(lambda stage, done, total: None))


def test_shapes_are_a_mask_in_the_pixels_of_the_image(image):
    triangle = np.array([[5, 5], [50, 20], [20, 70]], float)
    wanted = polygon2mask(SHAPE, triangle)
    wanted[9:14, 39:61] = True  # the corners are between pixels
    other = {"scale": (3, 3), "translate": (1, 2)}
    reference = Shapes(**other, ndim=2)
    places = [world(image, triangle), world(image, box(8.5, 38.5, 13.5, 60.5))]
    drawn = [np.array([reference.world_to_data(place) for place in corners]) for corners in places]
    shapes = Shapes(drawn, shape_type=["polygon", "rectangle"], **other)
    assert_array_equal(mask_of(shapes, image), wanted)


def test_an_ellipse_is_round(image):
    flat = Image(np.zeros((100, 100)), name="flat")
    y, x = np.mgrid[:100, :100]
    inside = mask_of(Shapes([box(20, 10, 80, 70)], shape_type="ellipse"), flat)
    radius = np.hypot(y - 50, x - 40)
    assert inside[radius < 29.9].all()
    assert not inside[radius > 30.1].any()


def test_a_path_is_the_pixels_that_it_passes():
    flat = Image(np.zeros((10, 10)))
    inside = mask_of(Shapes([np.array([[2, 1], [2, 6], [7, 6]])], shape_type="path"), flat)
    wanted = np.zeros((10, 10), bool)
    wanted[2, 1:7] = wanted[2:8, 6] = True
    assert_array_equal(inside, wanted)


def test_shapes_beyond_the_border_are_cut_off():
    flat = Image(np.zeros((10, 10)), name="flat")
    assert mask_of(Shapes([box(-5, -5, 2, 30)]), flat)[:3].all()
    with pytest.raises(ValueError, match=r"far has no shape over a pixel of flat; draw one there"):
        mask_of(Shapes([box(20, 20, 30, 30)], name="far"), flat)
    with pytest.raises(ValueError, match=r"empty has no shape"):
        mask_of(Shapes(ndim=2, name="empty"), flat)


@pytest.mark.parametrize("drawn", ["in the plane", "in one slice", "across"])
def test_in_a_stack_a_shape_counts_in_every_slice(drawn):
    stack = Image(np.zeros((5, 20, 30)), name="stack")
    corners = box(2, 3, 9, 12)
    wanted = np.zeros((5, 20, 30), bool)
    wanted[:, 2:10, 3:13] = True
    if drawn == "in one slice":
        corners = np.insert(corners, 0, 3, axis=1)
    elif drawn == "across":
        corners = np.insert(box(1, 3, 3, 12), 1, 7, axis=1)
        wanted[:] = False
        wanted[1:4, :, 3:13] = True
    assert_array_equal(mask_of(Shapes([corners]), stack), wanted)


def test_points_are_pixels_of_the_image(image):
    pixels = np.array([[3, 4], [50, 70], [3, 4], [20, 10]])
    beside = np.array([[-2, 4], [3, 80]])
    shifted = Points(scale=(7, 7), translate=(-3, 8), ndim=2)
    places = [shifted.world_to_data(place) for place in world(image, np.concatenate([pixels + 0.3, beside]))]
    points = Points(places, scale=(7, 7), translate=(-3, 8), name="seeds")
    assert_array_equal(seed_pixels(points, image), [[3, 4], [50, 70], [20, 10]])
    assert_array_equal(seed_pixels(points, image, ((10, 60), (5, 80))), [[40, 65], [10, 5]])
    with pytest.raises(ValueError, match="seeds has no point in the chosen part of cells; add points there"):
        seed_pixels(points, image, ((0, 2), (0, 2)))


def test_flat_points_over_a_stack_mean_the_slice_that_is_shown():
    stack = Image(np.zeros((5, 20, 30)), scale=(4, 1, 1))
    assert_array_equal(seed_pixels(Points([[6, 7]]), stack, at=(12.0, 0, 0)), [[3, 6, 7]])


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def stack(viewer):
    values = np.stack([data.coffee()[i : i + 60, :80, 0] for i in range(0, 100, 20)])
    return viewer.add_image(values, name="nuclei", scale=(2, 0.5, 0.5), translate=(3, 1, -7))


def test_the_current_slice_is_one_plane_in_its_place(viewer, stack):
    viewer.dims.set_point(0, 3 + 2 * 3)
    part = part_of(stack, SLICE, viewer)
    assert part == ((3, 4), (0, 60), (0, 80))
    assert part_of(stack, WHOLE, viewer) == ()
    controller = Controller(viewer)
    carry_out(controller.run(stack, {"n_clusters": 3}, crop=part))
    labels = viewer.layers["nuclei clusters"]
    assert_array_equal(labels.data, kseg.segment(stack.data[3:4], 3).labels)
    assert_allclose(labels.data_to_world((0, 0, 0)), stack.data_to_world((3, 0, 0)))
    assert_allclose(labels.data_to_world((0, 59, 79)), stack.data_to_world((3, 59, 79)))
    assert labels.get_value(stack.data_to_world((3, 10, 10)), world=True) == labels.data[0, 10, 10]
    viewer.dims.set_point(0, 3 + 2 * 2)
    assert labels.get_value(stack.data_to_world((2, 10, 10)), world=True) in (None, 0)
    recolored = viewer.layers["nuclei recolored"]
    assert recolored.data.shape == (1, 60, 80)
    assert_allclose(recolored.data_to_world((0, 0, 0)), stack.data_to_world((3, 0, 0)))
    assert labels.metadata["napari_kseg"]["source"]["crop"] == [[3, 4], [0, 60], [0, 80]]


def test_the_slices_follow_the_order_of_axes(viewer, stack):
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_point(1, 1 + 0.5 * 20)
    assert part_of(stack, SLICE, viewer) == ((0, 5), (20, 21), (0, 80))


def test_a_slice_beside_the_image_is_refused(viewer, stack):
    viewer.add_image(np.zeros((40, 60, 80)), name="longer")
    viewer.dims.set_point(0, 30)
    with pytest.raises(ValueError, match="nothing of nuclei is seen in this slice; go to one of its slices"):
        part_of(stack, SLICE, viewer)


PART = ((10, 50), (20, 75))


@pytest.fixture
def photo():
    return data.coffee()[:60, :80]


@pytest.fixture
def layer(viewer, photo):
    return viewer.add_image(photo, name="coffee", rgb=True, scale=(2, 3), translate=(5, 6), rotate=30)


def test_a_part_can_be_merged_split_undone_and_extracted(viewer, layer, photo):
    controller = Controller(viewer)
    carry_out(controller.run(layer, {"n_clusters": 4}))
    whole = kseg.segment(photo, 4)
    carry_out(controller.run(layer, {"n_clusters": 4}, crop=PART))
    own = kseg.segment(photo[10:50, 20:75], 4)
    labels = viewer.layers["coffee clusters"]

    def check(seg, corner):
        assert_array_equal(labels.data, seg.labels)
        assert_array_equal(viewer.layers["coffee recolored"].data, seg.recolored())
        for name in ("coffee clusters", "coffee recolored"):
            assert_allclose(viewer.layers[name].data_to_world((0, 0)), layer.data_to_world(corner))
            assert_allclose(viewer.layers[name].data_to_world((7, 9)), layer.data_to_world(np.add(corner, (7, 9))))

    check(own, (10, 20))
    carry_out(controller.change(layer, "Merge", "merge", [1, 2]))
    check(own.merge([1, 2]), (10, 20))
    carry_out(controller.change(layer, "Split", "split", 2))
    check(own.merge([1, 2]).split(2), (10, 20))
    carry_out(controller.go_to(layer, 0))
    check(whole, (0, 0))
    carry_out(controller.go_to(layer, 2))
    check(own.merge([1, 2]), (10, 20))
    carry_out(controller.extract(layer, [2], "image"))
    carry_out(controller.extract(layer, [2], "mask"))
    for new in viewer.layers[-2:]:
        assert_allclose(new.data_to_world((0, 0)), layer.data_to_world((10, 20)))
    assert_array_equal(viewer.layers[-1].data, own.merge([1, 2]).mask(2))
    layer.data = 255 - photo
    with pytest.raises(ValueError, match="coffee is not the image that was segmented any more; run again"):
        controller.change(layer, "Merge", "merge", [1, 2])


def test_a_reduced_part_lies_in_its_place(viewer, layer, photo):
    labels, _ = kseg.segment_layer(layer, 3, crop=PART, downsample=5, full_resolution=False, viewer=viewer)
    assert labels.data.shape == (8, 11)
    assert_allclose(labels.data_to_world((0, 0)), layer.data_to_world((12, 22)))


def test_live_steps_on_a_part_are_those_of_the_part(viewer, layer, photo):
    controller = Controller(viewer)
    for crop in (PART, PART, (), ((0, 40), (0, 80))):
        carry_out(controller.run(layer, {"n_clusters": 3}, live=True, crop=crop))
        part = photo[tuple(slice(*axis) for axis in crop)]
        assert_array_equal(viewer.layers["coffee clusters"].data, kseg.segment(part, 3).labels)


def test_the_code_of_a_part_makes_the_same_layers(viewer, layer, photo):
    mask = viewer.add_labels(np.ones((60, 80), np.uint8), name="left")
    mask.data[:, 50:] = 0
    controller = Controller(viewer)
    settings = {"n_clusters": 4, "mask": mask.data[10:50, 20:75] != 0}
    code_of_mask = "viewer.layers['left'].data[10:50, 20:75] != 0"
    carry_out(controller.run(layer, settings, crop=PART, mask=code_of_mask))
    carry_out(controller.change(layer, "Merge", "merge", [2, 3]))
    wanted, place = viewer.layers["coffee clusters"].data.copy(), viewer.layers["coffee clusters"].translate
    code = python_code(controller.history(layer).path, "coffee")
    assert "# First bind" not in code
    carry_out(controller.run(layer, {"n_clusters": 2}))
    exec(code, {"viewer": viewer})
    assert_array_equal(viewer.layers["coffee clusters"].data, wanted)
    assert_allclose(viewer.layers["coffee clusters"].translate, place)


def test_the_code_of_shapes_says_that_the_mask_is_to_be_bound(viewer, layer, photo):
    controller = Controller(viewer)
    mask = np.zeros((60, 80), bool)
    mask[:20] = True
    carry_out(controller.run(layer, {"n_clusters": 2, "mask": mask}))
    code = python_code(controller.history(layer).path, "coffee")
    assert "# First bind `mask`: an array of bool of the shape of the image" in code
    wanted = viewer.layers["coffee clusters"].data.copy()
    exec(code, {"viewer": viewer, "mask": mask})
    assert_array_equal(viewer.layers["coffee clusters"].data, wanted)


@pytest.mark.parametrize("crop", [[[0, 61], [0, 80]], [[5, 5], [0, 80]], [[0, 60]], [[-1, 4], [0, 9]]])
def test_a_part_that_is_none_is_refused_in_words(layer, crop):
    with pytest.raises(ValueError, match=r"is no part of an image of spatial shape \(60, 80\); give the first pixel"):
        kseg.segment_layer(layer, 2, crop=crop)


def test_the_channel_axis_stays_whole(photo):
    layer = Image(np.moveaxis(photo, -1, 0), name="planes", scale=(1, 2, 3))
    labels, recolored = kseg.segment_layer(layer, 3, channel_axis=0, crop=PART)
    part = photo[10:50, 20:75]
    assert_array_equal(labels.data, kseg.segment(np.moveaxis(part, -1, 0), 3, channel_axis=0).labels)
    assert recolored.data.shape == (3, 40, 55)
    assert_allclose(labels.translate, (20, 60))
    assert_allclose(recolored.translate, (0, 20, 60))


def test_several_layers_are_channels_of_a_part(viewer, photo):
    red, green = (viewer.add_image(photo[..., i], name=name) for i, name in enumerate(("red", "green")))
    controller = Controller(viewer)
    carry_out(controller.run(red, {"n_clusters": 3}, crop=PART, others=[green]))
    own = kseg.segment([photo[10:50, 20:75, i] for i in range(2)], 3)
    carry_out(controller.change(red, "Merge", "merge", [1, 2]))
    merged = own.merge([1, 2])
    assert_array_equal(viewer.layers["red clusters"].data, merged.labels)
    for name, wanted in zip(("red", "green"), merged.recolored(), strict=True):
        assert_array_equal(viewer.layers[f"{name} recolored"].data, wanted)
        assert_allclose(viewer.layers[f"{name} recolored"].translate, (10, 20))
        assert not viewer.layers[f"{name} recolored"].visible
    code = python_code(controller.history(red).path, "red")
    carry_out(controller.extract(red, [1], "image"))
    assert [new.name for new in viewer.layers[-2:]] == ["red 1", "green 1"]
    before = viewer.layers["red clusters"].data
    carry_out(controller.run(red, {"n_clusters": 2}))
    exec(code, {"viewer": viewer})
    assert_array_equal(viewer.layers["red clusters"].data, before)
    viewer.layers.remove(green)
    with pytest.raises(ValueError, match="red is not the image that was segmented any more"):
        controller.change(red, "Merge", "merge", [1, 2])


def test_labels_of_another_shape_are_no_mask(image):
    with pytest.raises(ValueError, match=r"small: the mask has shape \(5, 5\), but the image has the spatial shape"):
        mask_of(Labels(np.ones((5, 5), int), name="small"), image)


def test_the_numbers_of_clusters_are_tried_on_the_part(viewer, photo):
    red, green = (viewer.add_image(photo[..., i], name=name) for i, name in enumerate(("red", "green")))
    delivered = []
    request = Controller(viewer).choices(
        red, {}, range(2, 5), lambda *found: delivered.append(found), crop=PART, others=[green]
    )
    carry_out(request)
    part = [photo[10:50, 20:75, i] for i in range(2)]
    assert delivered[0][1] == kseg.suggest_n_clusters(part, range(2, 5)).n_clusters
