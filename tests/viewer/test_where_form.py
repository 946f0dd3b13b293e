"""Region, mask, seeds, channels and presets in a real viewer."""

import dask.array as da
import numpy as np
import pytest
from napari.layers import Points
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtCore import Qt
from skimage import data

import napari_kseg as kseg
from napari_kseg.viewer.presets import PRESETS


@pytest.fixture
def photo():
    return data.coffee()[:120, :150]


@pytest.fixture
def layer(desk, photo):
    layer = desk.viewer.add_image(photo, name="coffee", rgb=True, scale=(2, 2), translate=(7, 9))
    desk.viewer.reset_view()
    return layer


@pytest.fixture
def form(desk):
    return {field.label: field for field in desk.widget._recipe}


def labels_of(desk, name="coffee"):
    return desk.viewer.layers[f"{name} clusters"]


def draw(desk):
    """Let the canvas say what is seen, as it does at each paint."""
    desk.viewer.window._qt_viewer.canvas.on_draw()


def test_shapes_over_another_scale_are_a_mask(desk, layer, form, photo):
    corners = [layer.data_to_world(corner) for corner in ((20, 30), (20, 100), (90, 100), (90, 30))]
    form["Mask"].value = desk.viewer.add_shapes([np.array(corners)], name="cup")
    desk.viewer.layers.selection.active = layer
    desk.run(n_clusters=3)
    mask = np.zeros(photo.shape[:2], bool)
    mask[20:91, 30:101] = True
    assert_array_equal(labels_of(desk).data, kseg.segment(photo, 3, mask=mask).labels)


def test_points_are_seeds(desk, layer, form, photo):
    pixels = [(10, 10), (60, 80), (100, 20)]
    points = desk.viewer.add_points([layer.data_to_world(pixel) for pixel in pixels], name="points")
    form["Seeds"].value = points
    desk.viewer.layers.selection.active = layer
    desk.run(n_clusters=3)
    seg = kseg.segment(photo, 3, init=np.array(pixels))
    assert_array_equal(labels_of(desk).data, seg.labels)
    assert kseg.from_layer(labels_of(desk)).settings.init == seg.settings.init


def test_points_are_no_colors_where_there_are_as_many_channels_as_axes(desk, form, photo):
    red, green = (desk.viewer.add_image(photo[..., i], name=name) for i, name in enumerate(("red", "green")))
    desk.viewer.layers.selection.active = red
    pixels = np.array([(10, 10), (60, 80)])
    form["Seeds"].value = desk.viewer.add_points(pixels, name="points")
    desk.viewer.layers.selection.active = red
    form["With layers"].value = [green]
    desk.run(n_clusters=2)
    means = [photo[y - 1 : y + 2, x - 1 : x + 2, :2].mean((0, 1)) for y, x in pixels]
    assert_allclose(kseg.from_layer(labels_of(desk, "red")).settings.init, means)


def test_points_beside_the_image_are_said(desk, layer, form, notifications):
    form["Seeds"].value = desk.viewer.add_points([[-50, -50]], name="far")
    desk.viewer.layers.selection.active = layer
    desk.run(n_clusters=3)
    assert notifications() == ["far has no point in coffee; add points there, or choose no seeds"]
    assert desk.names == ["coffee", "far"]


def test_both_kinds_of_layers_are_offered(desk, layer, form, photo):
    desk.viewer.add_labels(np.ones(photo.shape[:2], np.uint8), name="labels")
    desk.viewer.add_shapes(name="shapes")
    desk.viewer.add_points(name="points")
    assert [str(choice) for choice in form["Mask"].choices] == ["None", "labels", "shapes"]
    assert [str(choice) for choice in form["Seeds"].choices] == ["None", "labels", "points"]


def test_the_visible_region_alone_is_segmented(desk, layer, form, photo):
    form["Region"].value = "Visible region"
    getattr(desk.viewer, "scene", desk.viewer).camera.zoom = 6
    getattr(desk.viewer, "scene", desk.viewer).camera.center = layer.data_to_world((40, 60))
    draw(desk)
    low, high = layer.corner_pixels
    assert (low > 0).all()
    desk.run(n_clusters=3)
    part = photo[low[0] : high[0] + 1, low[1] : high[1] + 1]
    labels = labels_of(desk)
    assert labels.data.shape == part.shape[:2]
    assert_array_equal(labels.data, kseg.segment(part, 3, channel_axis=-1).labels)
    assert_allclose(labels.data_to_world((0, 0)), layer.data_to_world(low))
    form["Region"].value = "Whole image"
    desk.run()
    assert_array_equal(labels.data, kseg.segment(photo, 3).labels)
    assert_allclose(labels.data_to_world((0, 0)), layer.data_to_world((0, 0)))


def test_an_image_beside_the_view_has_no_visible_region(desk, layer, form, notifications):
    form["Region"].value = "Visible region"
    getattr(desk.viewer, "scene", desk.viewer).camera.center = (1e4, 1e4)
    draw(desk)
    desk.run(n_clusters=3)
    assert notifications() == ["nothing of coffee is seen; move the view there, or take 'Whole image'"]
    assert desk.names == ["coffee"]


def test_the_visible_region_of_a_pyramid_is_in_full_resolution(desk, form):
    photo = data.coffee()
    layer = desk.viewer.add_image([photo, photo[::4, ::4]], name="pyramid", rgb=True, multiscale=True)
    form["Region"].value = "Visible region"
    desk.viewer.reset_view()
    getattr(desk.viewer, "scene", desk.viewer).camera.zoom = 0.5
    draw(desk)
    desk.run(n_clusters=3)
    assert labels_of(desk, "pyramid").data.shape == photo.shape[:2]
    getattr(desk.viewer, "scene", desk.viewer).camera.zoom = 8
    getattr(desk.viewer, "scene", desk.viewer).camera.center = (0, 100, 200)
    draw(desk)
    desk.run()
    crop = labels_of(desk, "pyramid").metadata["napari_kseg"]["source"]["crop"]
    assert layer.data_level == 0
    assert_allclose(labels_of(desk, "pyramid").translate, [crop[0][0], crop[1][0]])
    (top, bottom), (left, right) = crop
    assert top <= 100 < bottom < 400
    wanted = kseg.segment(photo[top:bottom, left:right], 3, channel_axis=-1).labels
    assert_array_equal(labels_of(desk, "pyramid").data, wanted)


def test_slices_are_offered_for_stacks_only(desk, layer, form, photo):
    assert list(form["Region"].choices) == ["Whole image", "Visible region"]
    stack = desk.viewer.add_image(np.stack([photo[..., i] for i in range(3)]), name="stack")
    assert desk.widget["image"].value is stack
    assert list(form["Region"].choices) == ["Whole image", "Visible region", "Current slice"]
    form["Region"].value = "Current slice"
    desk.viewer.dims.set_point(0, 2)
    desk.run(n_clusters=3)
    labels = labels_of(desk, "stack")
    assert_array_equal(labels.data, kseg.segment(photo[None, ..., 2], 3, channel_axis=None).labels)
    assert_allclose(labels.translate, [2, 0, 0])
    desk.viewer.layers.selection.active = layer
    assert form["Region"].value == "Whole image"


def test_layers_are_channels(desk, form, photo):
    names = ("red", "green", "blue")
    layers = [desk.viewer.add_image(photo[..., i], name=name) for i, name in enumerate(names)]
    desk.viewer.add_image(photo, name="photo", rgb=True)
    desk.viewer.add_image(photo[:50, :50, 0], name="small")
    assert form["With layers"].choices == ()
    assert not form["With layers"].native.isVisibleTo(desk.widget._recipe.section)
    desk.viewer.layers.selection.active = layers[0]
    assert [str(choice) for choice in form["With layers"].choices] == ["green", "blue"]
    form["With layers"].value = [layers[2], layers[1]]
    desk.run(n_clusters=4)
    seg = kseg.segment([photo[..., i] for i in range(3)], 4)
    assert_array_equal(labels_of(desk, "red").data, seg.labels)
    for name, wanted in zip(names, seg.recolored(), strict=True):
        assert_array_equal(desk.viewer.layers[f"{name} recolored"].data, wanted)
    before = desk.names
    assert form["With layers"].value == layers[1:]
    desk.run(n_clusters=2)
    assert desk.names == before
    desk.viewer.layers.remove(layers[1])
    assert form["With layers"].value == layers[2:]


def test_the_switch_shows_and_hides_all_channels(desk, form, photo):
    layers = [desk.viewer.add_image(photo[..., i], name=name) for i, name in enumerate(("red", "green"))]
    desk.viewer.layers.selection.active = layers[0]
    form["With layers"].value = layers[1:]
    desk.run(n_clusters=3)

    def seen():
        return {layer.name for layer in desk.viewer.layers if layer.visible}

    for mode, names in {
        "Recolored": {"red recolored", "green recolored"},
        "Image": {"red", "green"},
        "Clusters": {"red", "green", "red clusters"},
        "Outlines": {"red", "green", "red clusters"},
    }.items():
        desk.click(mode)
        assert seen() == names
    desk.viewer.layers.selection.active = desk.viewer.layers["green recolored"]
    assert desk.widget["image"].value is layers[0]
    layers[1].data = photo[..., 2]
    desk.click("Recolored")
    assert seen() == {"red recolored", "green recolored"}
    desk.viewer.layers.remove("green recolored")
    desk.click("Recolored")
    assert seen() == {"red recolored", "green"}


@pytest.fixture
def clicked(desk, mouse_event):
    """Click on the canvas at a pixel of a layer, through napari's own events."""

    def click(layer, pixel):
        from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks

        for kind, callbacks in (("mouse_press", mouse_press_callbacks), ("mouse_release", mouse_release_callbacks)):
            callbacks(desk.viewer, mouse_event(kind, layer.data_to_world(pixel)))

    return click


def test_picked_pixels_are_seeds(desk, layer, form, photo, clicked):
    window, canvas = desk.viewer.window._qt_window, desk.viewer.window._qt_viewer.canvas.native
    window.show()
    desk.click("What is compared")
    desk.qtbot.wait(500)  # of animation
    button = desk.button("Pick")
    clicked(layer, (5, 5))
    assert desk.names == ["coffee"]
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    pixels = [(10, 10), (60, 80), (100, 20)]
    for pixel in (*pixels, (60.2, 80.3), (-5, 3)):
        clicked(layer, pixel)
    seeds = desk.viewer.layers["coffee seeds"]
    assert isinstance(seeds, Points)
    assert desk.viewer.layers.selection.active is layer
    assert form["Seeds"].value is seeds
    assert_allclose(seeds.data, pixels)
    assert_allclose(seeds.data_to_world((1, 1)), layer.data_to_world((1, 1)))
    desk.run(n_clusters=3)
    assert_array_equal(labels_of(desk).data, kseg.segment(photo, 3, init=np.array(pixels)).labels)
    window.activateWindow()
    canvas.setFocus()
    desk.wait_for(window.isActiveWindow)
    desk.qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not button.isChecked()
    clicked(layer, (30, 30))
    assert len(seeds.data) == 3
    assert len(desk.widget._panel.table.selected()) == 1  # a click tells the cluster again


def test_the_button_works_by_key_and_comes_up_again(desk, layer, form, clicked):
    desk.click("What is compared")
    button = desk.button("Pick")
    assert button.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert form["Seeds"].native.nextInFocusChain() is button
    assert len(button.toolTip()) > 20
    desk.qtbot.keyClick(button, Qt.Key.Key_Space)
    assert button.isChecked()
    desk.qtbot.keyClick(button, Qt.Key.Key_Space)
    assert not button.isChecked()
    clicked(layer, (3, 3))
    assert desk.names == ["coffee"]


def test_a_brush_goes_before_picking(desk, layer, photo, clicked):
    labels = desk.viewer.add_labels(np.zeros(photo.shape[:2], np.uint8), name="labels")
    labels.mode = "paint"
    desk.button("Pick").setChecked(True)
    clicked(layer, (3, 3))
    assert desk.names == ["coffee", "labels"]


def test_a_picked_seed_is_a_live_step(desk, layer, form, photo, clicked):
    desk.run(n_clusters=2)
    desk.widget._live.value = True
    desk.button("Pick").setChecked(True)
    for pixel in ((10, 10), (60, 80)):
        clicked(layer, pixel)
    wanted = kseg.segment(photo, 2, init=np.array([(10, 10), (60, 80)])).settings.init
    desk.wait_for(lambda: kseg.from_layer(labels_of(desk)).settings.init == wanted)
    desk.wait_until_idle()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_keywords(desk, layer, form, photo, name):
    form["Channels"].value, form["Texture"].value = "0, 1", 3
    form["Preset"].value = name
    assert form["Preset"].value == name
    desk.run(n_clusters=4)
    wanted = kseg.segment(photo, 4, **PRESETS[name].settings)  # sigma in pixels, though the layer has a scale
    assert_array_equal(labels_of(desk).data, wanted.labels)
    assert desk.widget["n_clusters"].value == 4
    row = form["Preset"].native.findText(name)
    assert form["Preset"].native.itemData(row, Qt.ItemDataRole.ToolTipRole) == PRESETS[name].why
    form["Majority"].value = 7
    assert form["Preset"].value == "–"


def test_a_preset_means_pixels_however_small_they_are(desk, form, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True, scale=(0.0013, 0.0013))
    form["Preset"].value = "H&E"
    desk.run(n_clusters=3)
    settings = kseg.from_layer(labels_of(desk)).settings
    assert_allclose(settings.sigma, 0.0013)


def test_picking_ends_when_the_section_folds(desk, layer):
    desk.viewer.window._qt_window.show()
    desk.click("What is compared")
    desk.qtbot.wait(500)
    desk.button("Pick").setChecked(True)
    desk.click("What is compared")
    assert not desk.button("Pick").isChecked()


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # napari cannot place it either
def test_a_layer_of_unknown_shape_says_what_to_do(desk, notifications):
    array = da.from_array(np.arange(80, dtype=np.uint8).reshape(8, 10), chunks=(2, 10))
    unknown = array[array[:, 0] > 5]
    for name in ("first", "second"):
        desk.viewer.add_image(unknown, name=name, contrast_limits=(0, 80))
    for region in ("Whole image", "Visible region"):
        desk.widget._recipe.where.region.value = region
        desk.run(n_clusters=2)
        assert "call image.compute_chunk_sizes() first" in desk.status
        assert notifications()[-1] == desk.status
    assert desk.names == ["first", "second"]
