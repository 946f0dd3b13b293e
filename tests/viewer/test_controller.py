"""What the panel does to layers, on the model of a viewer: no window, no thread."""

import numpy as np
import pytest
from napari.components import ViewerModel
from numpy.testing import assert_array_equal
from skimage import data

import napari_kseg as kseg
from napari_kseg.viewer.controller import Controller
from napari_kseg.viewer.history import MOST, History, Step
from napari_kseg.viewer.label_table import object_table
from napari_kseg.viewer.python_code import python_code


@pytest.fixture
def photo():
    return data.coffee()[:100, :140]


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer, photo):
    return viewer.add_image(photo, name="coffee", rgb=True)


@pytest.fixture
def controller(viewer, layer):
    controller = Controller(viewer)
    carry_out(controller.run(layer, {"n_clusters": 5}))
    return controller


def carry_out(request):
    return request.show(request.prepare(lambda stage, done, total: None))


def titles(controller, layer):
    history = controller.history(layer)
    return [step.title for step in history.steps], history.position


def shown(viewer):
    return viewer.layers["coffee clusters"].data, viewer.layers["coffee recolored"].data


def test_steps_change_both_layers_and_can_be_undone_and_redone(viewer, layer, controller, photo):
    base = kseg.segment(photo, 5)
    states = [base, base.merge([2, 3]), base.merge([2, 3]).split(1, 3)]
    carry_out(controller.change(layer, "Merge 2, 3", "merge", [2, 3]))
    carry_out(controller.change(layer, "Split 1", "split", 1, 3))
    assert titles(controller, layer) == (["5 clusters", "Merge 2, 3", "Split 1"], 2)
    for position in (2, 1, 0, 1, 2, 0, 2):
        request = controller.go_to(layer, position)
        assert (request is None) == (position == controller.history(layer).position)
        if request is not None:
            carry_out(request)
        assert_array_equal(shown(viewer)[0], states[position].labels)
        assert_array_equal(shown(viewer)[1], states[position].recolored())
        assert len(viewer.layers["coffee clusters"].features) == states[position].n_clusters + 1
    assert controller.go_to(layer, -1) is None
    assert controller.go_to(layer, 3) is None


def test_a_new_step_after_undo_takes_the_place_of_what_was_undone(layer, controller):
    carry_out(controller.change(layer, "Merge 1, 2", "merge", [1, 2]))
    carry_out(controller.go_to(layer, 0))
    carry_out(controller.change(layer, "Merge 4, 5", "merge", [4, 5]))
    assert titles(controller, layer) == (["5 clusters", "Merge 4, 5"], 1)


def test_a_slider_joins_from_where_it_started(viewer, layer, controller, photo):
    for n_clusters in (4, 2, 3):
        carry_out(controller.change(layer, "Join", "merge_similar", group="similar", n_clusters=n_clusters))
    assert titles(controller, layer) == (["5 clusters", "Join"], 1)
    assert_array_equal(shown(viewer)[0], kseg.segment(photo, 5).merge_similar(n_clusters=3).labels)


def test_names_and_colors_leave_the_labels_alone(viewer, layer, controller):
    labels = viewer.layers["coffee clusters"]
    before = labels.data
    carry_out(controller.change(layer, "Name", "named", {2: "wood"}))
    carry_out(controller.change(layer, "Color", "colored", {2: "#00ff00"}))
    assert labels.data is before
    assert labels.features["name"][2] == "wood"
    assert_array_equal(labels.get_color(2), [0, 1, 0, 1])


def test_what_was_painted_is_counted_and_can_be_taken_back(viewer, layer, controller):
    labels = viewer.layers["coffee clusters"]
    before = labels.data.copy()
    labels.data[:10, :10] = 5
    labels.data[90:, 90:] = 0
    labels.data[50, 50:60] = 77  # no cluster
    wanted = np.where(labels.data > 5, 0, labels.data)
    carry_out(controller.painted(layer))
    assert_array_equal(labels.features["count"], np.bincount(wanted.ravel(), minlength=6))
    assert (labels.data[50, 50:60] == 77).all()
    assert controller.painted(layer) is None
    carry_out(controller.change(layer, "Merge", "merge", [4, 5]))
    assert (labels.data[:10, :10] == 4).all()
    carry_out(controller.go_to(layer, 0))
    assert_array_equal(labels.data, before)


def test_what_is_painted_while_a_change_is_computed_is_not_lost(viewer, layer, controller):
    request = controller.change(layer, "Merge", "merge", [1, 2])
    labels = viewer.layers["coffee clusters"]
    prepared = request.prepare(lambda *_: None)
    labels.data[:5] = 3
    assert request.show(prepared) == "The clusters of coffee were changed meanwhile; do it again."
    assert (labels.data[:5] == 3).all()
    assert titles(controller, layer) == (["5 clusters"], 0)


def test_a_run_from_python_is_a_step(viewer, layer, controller):
    kseg.segment_layer(layer, 3, viewer=viewer)
    assert titles(controller, layer) == (["5 clusters", "3 clusters"], 1)


def test_other_values_in_the_layer_are_no_ground_for_a_change(viewer, layer, controller, photo):
    layer.data = 255 - photo
    with pytest.raises(ValueError, match="coffee is not the image that was segmented any more; run again"):
        controller.change(layer, "Merge", "merge", [1, 2])


def test_without_a_result_there_is_nothing_to_change(viewer, layer):
    controller = Controller(viewer)
    assert controller.change(layer, "Merge", "merge", [1, 2]) is None
    assert controller.extract(layer, [1], "mask") is None
    assert controller.painted(layer) is None


def test_live_steps_are_one_step(viewer, layer, controller, photo):
    for n_clusters in (3, 7, 4):
        carry_out(controller.run(layer, {"n_clusters": n_clusters}, live=True))
        assert_array_equal(shown(viewer)[0], kseg.segment(photo, n_clusters).labels)
    assert titles(controller, layer) == (["5 clusters", "4 clusters"], 1)


def test_live_steps_see_values_that_change(viewer, photo):
    values = photo.copy()
    layer = viewer.add_image(values, name="coffee", rgb=True)
    controller = Controller(viewer)
    carry_out(controller.run(layer, {"n_clusters": 3}, live=True))
    values[:50] = 255 - values[:50]
    controller.forget_values()
    carry_out(controller.run(layer, {"n_clusters": 3}, live=True))
    assert_array_equal(shown(viewer)[0], kseg.segment(values, 3).labels)


@pytest.mark.parametrize("settings", [{"mask": True}, {"nodata": 0}, {"sigma": 2}, {"color_space": "Lab"}])
def test_live_steps_follow_every_setting(viewer, layer, controller, photo, settings):
    if "mask" in settings:
        settings = {"mask": np.arange(photo[..., 0].size).reshape(photo.shape[:2]) % 3 > 0}
    for given in ({}, settings, {}):
        carry_out(controller.run(layer, {"n_clusters": 3, **given}, live=True))
        assert_array_equal(shown(viewer)[0], kseg.segment(photo, 3, **given).labels)


@pytest.mark.parametrize("kind", ["image", "mask", "objects"])
def test_clusters_are_extracted_as_layers_of_the_user(viewer, controller, layer, photo, kind):
    layer.scale = (2, 3)
    layer.translate = (10, 20)
    seg = kseg.segment(photo, 5)
    carry_out(controller.extract(layer, [2, 4], kind))
    new = viewer.layers[-1]
    wanted = {"image": seg.extract([2, 4]), "mask": np.isin(seg.labels, [2, 4]), "objects": seg.objects([2, 4])}
    assert_array_equal(new.data, wanted[kind])
    assert_array_equal(new.scale, [2, 3])
    assert_array_equal(new.translate, [10, 20])
    assert viewer.layers.selection.active is not new


def test_extracted_objects_have_a_table(viewer, controller, layer, photo):
    layer.scale = (2, 3)
    seg = kseg.segment(photo, 5)
    carry_out(controller.extract(layer, [2, 4], "objects"))
    objects = seg.objects([2, 4])
    table = viewer.layers[-1].features
    assert list(table["index"]) == list(table["label"]) == list(range(objects.max() + 1))
    for number in (1, objects.max()):
        assert table["cluster"][number] == np.unique(seg.labels[objects == number])
        assert table["count"][number] == (objects == number).sum()
        assert table["area"][number] == pytest.approx((objects == number).sum() * 6)
    assert table["count"].sum() == (objects > 0).sum()
    assert table["cluster"][0] == table["count"][0] == 0
    assert np.isnan(table["area"][0])


def test_no_objects_are_a_table_of_one_row():
    table = object_table(np.zeros((3, 4), np.uint8), np.ones((3, 4), np.uint8), 0.5)
    assert table.drop(columns="area").to_dict("list") == {"index": [0], "label": [0], "cluster": [0], "count": [0]}


def test_the_code_makes_the_same_layers(viewer, layer, controller, photo):
    carry_out(controller.run(layer, {"n_clusters": 6, "color_space": "Lab", "sigma": 1.5, "random_state": 3}))
    carry_out(controller.change(layer, "Merge", "merge", [2, 3]))
    carry_out(controller.change(layer, "Split", "split", 1, 2))
    carry_out(controller.change(layer, "Join", "merge_similar", group="similar", n_clusters=4))
    carry_out(controller.change(layer, "Name", "named", {1: "it's"}))
    carry_out(controller.change(layer, "Specks", "clean_up", min_size=9))
    code = python_code(controller.history(layer).path, "coffee")
    other = ViewerModel()
    other.add_image(photo, name="coffee", rgb=True)
    exec(code, {"viewer": other})
    for theirs, ours in zip(shown(other), shown(viewer), strict=True):
        assert_array_equal(theirs, ours)
    assert other.layers["coffee clusters"].features["name"][1] == "it's"


def test_the_code_of_a_masked_run(viewer, layer, controller, photo):
    mask = viewer.add_labels(np.ones(photo.shape[:2], np.uint8), name="my mask")
    mask.data[:30] = 0
    code_of_mask = "viewer.layers['my mask'].data != 0"
    carry_out(controller.run(layer, {"n_clusters": 3, "mask": mask.data != 0}, mask=code_of_mask))
    code, wanted = python_code(controller.history(layer).path, "coffee"), shown(viewer)[0].copy()
    carry_out(controller.run(layer, {"n_clusters": 2}))
    exec(code, {"viewer": viewer})
    assert_array_equal(shown(viewer)[0], wanted)


def test_the_code_of_a_model(viewer, layer, controller, photo, tmp_path):
    model = kseg.segment(data.coffee()[200:], 4).model
    file = tmp_path / "it's a model.json"
    model.save(file)
    carry_out(controller.apply(layer, kseg.load_model(file), "Model", f"kseg.load_model({str(file)!r})"))
    assert titles(controller, layer) == (["5 clusters", "Model"], 1)
    assert_array_equal(shown(viewer)[0], model.segment(photo).labels)
    carry_out(controller.change(layer, "Merge", "merge", [2, 3]))
    code = python_code(controller.history(layer).path, "coffee")
    other = ViewerModel()
    other.add_image(photo, name="coffee", rgb=True)
    exec(code, {"viewer": other})
    for theirs, ours in zip(shown(other), shown(viewer), strict=True):
        assert_array_equal(theirs, ours)


def test_channels_along_an_axis_stay_channels(viewer, photo):
    image = np.moveaxis(photo, -1, 0)[:2]
    layers = [viewer.add_image(values, name=name) for name, values in (("stack", image), ("other", image[:, ::-1]))]
    kseg.segment_layer(layers[0], 3, viewer=viewer, channel_axis=0)
    seg, controller = kseg.segment(image, 3, channel_axis=0), Controller(viewer)
    carry_out(controller.apply(layers[1], seg.model, "Model", "model"))
    assert_array_equal(viewer.layers["other clusters"].data, seg.labels[::-1])
    carry_out(controller.change(layers[0], "Merge", "merge", [1, 2]))
    assert_array_equal(viewer.layers["stack clusters"].data, seg.merge([1, 2]).labels)


def test_the_code_says_that_it_cannot_paint(viewer, layer, controller):
    viewer.layers["coffee clusters"].data[:10] = 5
    carry_out(controller.painted(layer))
    assert "painted by hand" in python_code(controller.history(layer).path, "coffee")


def test_a_history_does_not_grow_without_end():
    history = History()
    for number in range(2 * MOST):
        history.add(Step(str(number), None))
    assert [step.title for step in history.steps] == [str(number) for number in range(MOST, 2 * MOST)]
    assert history.current.title == str(2 * MOST - 1)
