"""The commands in napari's palette, run as the palette and keys do, in a real viewer."""

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari._app_model.context import get_context
from npe2 import PluginManager
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from skimage import data
from superqt.utils import WorkerBase

import napari_kseg as kseg
from napari_kseg.viewer import commands
from napari_kseg.viewer.background import background_of
from napari_kseg.viewer.last_model import last_model

ON_AN_IMAGE = {"segment", "apply_last_model", "toggle_labels"}
ON_A_RESULT = {"merge_selected", "undo", "redo"}
NEVER = {"read_model", "write_model"}


def execute(name):
    """Run a command of ours as the palette does."""
    return get_app_model().commands.execute_command(f"napari-kseg.{name}").result()


def offered(viewer):
    """The commands of ours that the palette offers now."""
    app, context = get_app_model(), get_context(viewer.layers)
    there = {item.command.id: item.command for item in app.menus.get_menu(app.menus.COMMAND_PALETTE_ID)}
    ours = {f"napari-kseg.{name}": name for name in ON_AN_IMAGE | ON_A_RESULT | NEVER}
    return {name for key, name in ours.items() if there[key].enablement.eval(context)}


@pytest.fixture
def photo():
    return data.coffee()[:100, :140]


@pytest.fixture
def viewer(make_napari_viewer, qtbot):
    """A viewer without a panel."""
    yield make_napari_viewer()
    WorkerBase.await_workers(60_000)
    qtbot.wait(10)


def wait_for_layers(viewer, qtbot, *names):
    qtbot.waitUntil(lambda: {layer.name for layer in viewer.layers} >= set(names), timeout=60_000)


def test_the_palette_offers_what_the_active_layer_allows(viewer, photo):
    assert offered(viewer) == set()
    viewer.add_points([[1, 1]])
    assert offered(viewer) == set()
    image = viewer.add_image(photo)
    assert offered(viewer) == ON_AN_IMAGE | ON_A_RESULT
    viewer.layers.remove("Points")
    assert offered(viewer) == ON_AN_IMAGE
    viewer.layers.selection.active = None
    assert offered(viewer) == set()
    kseg.segment_layer(image, 3, viewer=viewer)
    viewer.layers.selection.active = viewer.layers["photo clusters"]
    assert offered(viewer) == ON_AN_IMAGE | ON_A_RESULT


def test_an_image_is_segmented_without_a_panel(viewer, photo, qtbot):
    image = viewer.add_image(photo, name="coffee", rgb=True)
    execute("segment")
    assert len(viewer.layers) == 1  # it is computed behind the window
    wait_for_layers(viewer, qtbot, "coffee", "coffee clusters", "coffee recolored")
    assert_array_equal(viewer.layers["coffee clusters"].data, kseg.segment(photo, 5).labels)
    assert viewer.layers.selection.active is image
    assert not viewer.window.dock_widgets
    seg = kseg.from_layer(viewer.layers["coffee clusters"])
    assert [names.get("seg", lambda: None)() for names in viewer.window._qt_viewer.console_backlog] == [seg]


def test_a_panel_that_is_opened_later_goes_on_from_there(viewer, photo, qtbot):
    viewer.add_image(photo, name="coffee", rgb=True)
    execute("segment")
    wait_for_layers(viewer, qtbot, "coffee clusters")
    _, panel = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
    panel._panel.table.select({1, 2})
    execute("merge_selected")
    qtbot.waitUntil(lambda: viewer.layers["coffee clusters"].data.max() == 4, timeout=60_000)


def test_a_run_of_the_panel_ends_the_older_one_behind_the_window(viewer, photo, qtbot):
    image = viewer.add_image(np.tile(photo, (4, 4, 1)), name="coffee", rgb=True)
    behind = background_of(viewer)
    behind.run(behind.controller.run(image, {"n_clusters": 6, "texture": True}))
    _, panel = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
    panel["n_clusters"].value = 2
    panel.segment()
    wait_for_layers(viewer, qtbot, "coffee clusters")
    qtbot.waitUntil(lambda: behind._runner._job is None, timeout=60_000)
    assert viewer.layers["coffee clusters"].data.max() == 2
    assert [step.title for step in behind.controller.history(image).steps] == ["2 clusters"]


def test_the_settings_of_an_open_panel_are_taken(desk, photo):
    desk.viewer.add_image(np.flip(photo), name="other", rgb=True)
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.widget["n_clusters"].value = 3
    execute("segment")
    desk.wait_until_idle()
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, kseg.segment(photo, 3).labels)
    assert "3 clusters" in desk.status
    assert "other clusters" not in desk.names


def test_a_result_stands_for_its_image(viewer, photo, qtbot):
    labels, _ = kseg.segment_layer(viewer.add_image(photo, name="coffee", rgb=True), 2, viewer=viewer)
    viewer.layers.selection.active = labels
    execute("segment")
    qtbot.waitUntil(lambda: labels.data.max() == 5, timeout=60_000)
    assert len(viewer.layers) == 3


def test_the_last_model_labels_another_image(viewer, photo, qtbot):
    other = data.coffee()[150:260, 100:260]
    model = kseg.segment(photo, 4).model
    kseg.segment_layer(viewer.add_image(photo, name="coffee", rgb=True), 4, viewer=viewer)
    viewer.add_image(other, name="other", rgb=True)
    execute("apply_last_model")
    wait_for_layers(viewer, qtbot, "other clusters")
    assert_array_equal(viewer.layers["other clusters"].data, model.predict(other))
    assert last_model(viewer).code == "kseg.from_layer(viewer.layers['other clusters']).model"


def test_the_last_model_is_a_step_of_the_panel_that_python_repeats(desk, photo):
    viewer, other = desk.viewer, data.coffee()[150:260, 100:260]
    viewer.add_image(photo, name="coffee", rgb=True)
    desk.run(n_clusters=4)
    layer = viewer.add_image(other, name="other", rgb=True)
    execute("apply_last_model")
    desk.wait_until_idle()
    labels = viewer.layers["other clusters"]
    step = desk.widget._controller.history(layer).current
    assert step.title == "As coffee"
    wanted = np.array(labels.data)
    labels.data = np.zeros_like(wanted)
    desk.widget.more._copy_python()
    exec(QGuiApplication.clipboard().text(), {"viewer": viewer, "kseg": kseg})
    assert_array_equal(viewer.layers["other clusters"].data, wanted)


def test_merge_undo_and_redo_by_keys(desk, photo):
    viewer = desk.viewer
    viewer.add_image(photo, name="coffee", rgb=True)
    desk.run(n_clusters=5)
    for key, command in (
        ("Alt-M", commands.merge_selected),
        ("Alt-U", commands.undo),
        ("Alt-R", commands.redo),
    ):
        viewer.bind_key(key, command)
    canvas = viewer.window._qt_viewer.canvas.native

    def press(key):
        desk.qtbot.keyClick(canvas, getattr(Qt.Key, f"Key_{key}"), Qt.KeyboardModifier.AltModifier)
        desk.wait_until_idle()

    desk.widget._panel.table.select({2, 3})
    press("M")
    assert viewer.layers["coffee clusters"].data.max() == 4
    press("U")
    assert viewer.layers["coffee clusters"].data.max() == 5
    press("R")
    assert viewer.layers["coffee clusters"].data.max() == 4


def test_clusters_are_hidden_and_shown_as_they_were(viewer, photo):
    labels, recolored = kseg.segment_layer(viewer.add_image(photo, name="coffee", rgb=True), 3, viewer=viewer)
    execute("toggle_labels")
    assert not labels.visible
    assert viewer.layers["coffee"].visible
    labels.contour, recolored.visible = 2, True
    execute("toggle_labels")
    assert labels.visible
    assert labels.contour > 0
    assert not recolored.visible


NO_IMAGE = "Points is neither an image to segment nor the result of one; select an image in the layer list"
NO_PANEL = "no panel is open; open the panel by Layers ▸ Segment ▸ K-means Segmentation"
CANNOT = {
    **dict.fromkeys(sorted(ON_AN_IMAGE), NO_IMAGE),
    "merge_selected": f"{NO_PANEL}, and select two rows or more of its table",
    "undo": f"{NO_PANEL}, and what is done from then on can be undone",
    "redo": f"{NO_PANEL}, and what is undone from then on can be done again",
}


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_done_is_said_in_one_sentence(viewer, name, notifications):
    viewer.add_points([[1, 1]])
    execute(name)
    assert notifications() == [CANNOT[name]]
    assert len(viewer.layers) == 1


def test_without_a_layer_a_model_or_a_result_it_is_said(viewer, photo, notifications):
    execute("segment")
    viewer.add_image(photo, name="coffee", rgb=True)
    execute("apply_last_model")
    execute("toggle_labels")
    assert notifications() == [
        "no layer is active; select an image in the layer list",
        "there is no model yet; segment an image, or drop a model file on the window",
        "there is no result of coffee yet; segment it first",
    ]


def test_the_panel_says_what_it_cannot_do(desk, photo, notifications):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run(n_clusters=3)
    execute("merge_selected")
    desk.widget._panel.table.select({1})
    execute("merge_selected")
    execute("undo")
    execute("redo")
    assert notifications() == [
        "no rows of the table are selected; select two or more to merge their clusters",
        "1 row of the table is selected; select two or more to merge their clusters",
        "there is nothing to undo for this image",
        "there is nothing to redo for this image",
    ]


def test_a_model_that_does_not_fit_is_told_and_nothing_is_added(viewer, photo, qtbot, notifications):
    kseg.segment_layer(viewer.add_image(photo, name="coffee", rgb=True), 3, viewer=viewer)
    viewer.add_image(photo[..., 0], name="gray")
    execute("apply_last_model")
    qtbot.waitUntil(lambda: bool(notifications()), timeout=60_000)
    assert "found in an image with 3" in notifications()[0]
    assert len(viewer.layers) == 4


def test_an_image_that_goes_meanwhile_leaves_nothing(viewer, photo, qtbot, notifications):
    viewer.add_image(photo, name="coffee", rgb=True)
    execute("segment")
    viewer.layers.clear()
    with qtbot.waitSignal(background_of(viewer)._runner.stopped, timeout=60_000):
        pass
    assert not viewer.layers
    assert not notifications()


def test_other_plugins_run_them_through_npe2(viewer, photo, qtbot):
    viewer.add_image(photo, name="coffee", rgb=True)
    PluginManager.instance().commands.execute("napari-kseg.segment")
    wait_for_layers(viewer, qtbot, "coffee clusters")
