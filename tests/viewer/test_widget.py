"""The widget in a real viewer, opened by its manifest name."""

import numpy as np
import pytest
from napari.layers import Image, Labels
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtWidgets import QAbstractSpinBox
from skimage import data, measure

import napari_kseg as kseg
from napari_kseg.viewer.widget import KMeansWidget


def test_run_adds_recolored_and_labels_above_the_source(desk, stripes):
    source = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.viewer.add_image(np.zeros((4, 4)), name="other")
    desk.viewer.layers.selection.active = source
    desk.run(n_clusters=4)
    assert desk.names == ["stripes", "stripes recolored", "stripes clusters", "other"]
    assert desk.viewer.layers.selection.active is source
    labels, recolored = desk.viewer.layers["stripes clusters"], desk.viewer.layers["stripes recolored"]
    assert isinstance(labels, Labels)
    assert labels.data.dtype == np.uint8
    assert isinstance(recolored, Image)
    assert recolored.rgb
    assert_array_equal(labels.data[:, 0], [2, 2, 1, 1, 4, 4, 3, 3])  # dark to bright, by hand
    assert_array_equal(recolored.data[0, 0], [201, 41, 41])
    assert_allclose(labels.get_color(2)[:3], np.array([201, 41, 41]) / 255, atol=1e-6)


def test_status_and_table_tell_the_result(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    assert desk.table is None
    desk.run(n_clusters=4)
    assert desk.status.startswith("4 clusters of 48 pixels in ")
    assert desk.table[0] == ["1", "cluster 1", "25.0%", "12", "11, 11, 31", "12"]
    assert desk.table[3] == ["4", "cluster 4", "25.0%", "12", "251, 241, 231", "12"]


@pytest.mark.parametrize("why", ["mask", "NaN or infinite", "transparent", "background"])
def test_status_says_what_was_left_out_and_why(desk, stripes, why):
    image = stripes
    if why == "NaN or infinite":
        image = np.where(stripes == stripes.min(), np.nan, stripes / 255)
    if why == "transparent":
        image = np.dstack([stripes, np.where(stripes[..., 0] > 100, 0, 255).astype(np.uint8)])
    desk.viewer.add_image(image, name="stripes", rgb=True)
    if why == "mask":
        layer = desk.viewer.add_labels((stripes[..., 0] > 100).astype(np.uint8), name="lit")
        desk.viewer.layers.selection.active = desk.viewer.layers["stripes"]
        desk.widget._recipe.where.mask.value = layer
    if why == "background":
        desk.widget._recipe._background.value = "40"
    desk.run(n_clusters=2)
    n_left_out = (desk.viewer.layers["stripes clusters"].data == 0).sum()
    assert n_left_out
    assert desk.status.endswith(f"; {n_left_out} left out ({why})")


def test_status_and_table_stay_until_another_image_is_chosen(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    desk.viewer.add_labels(np.ones((4, 4), np.uint8))
    desk.viewer.layers["stripes"].name = "bands"
    assert desk.status.startswith("4 clusters")
    desk.viewer.add_image(255 - stripes, rgb=True)
    assert desk.status == ""
    assert desk.table is None


def test_the_table_follows_a_run_from_the_console(desk, stripes):
    source = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    kseg.segment_layer(source, 2, viewer=desk.viewer)
    assert len(desk.table) == 2
    desk.viewer.layers["stripes clusters"].features = {"mine": np.arange(3)}
    assert desk.table is None


@pytest.mark.parametrize(
    "edited",
    [
        {"color": None}, {"color": 5.0}, {"color": [(1, 0, 0)] * 5}, {"centroid_R": None}, {"centroid_R": "dark"},
        {"count": "many"}, {"fraction": np.nan},
    ],
)  # fmt: skip
def test_a_table_that_the_user_edited_is_not_shown_until_the_next_run(desk, stripes, notifications, edited):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    labels = desk.viewer.layers["stripes clusters"]
    labels.features = labels.features.assign(**edited)
    assert desk.table is None
    desk.run(n_clusters=3)
    assert len(desk.table) == 3
    assert notifications() == []


def test_columns_that_the_user_added_do_no_harm(desk, stripes):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    labels = desk.viewer.layers["stripes clusters"]
    labels.features = labels.features.assign(cell=["", "a", "b", None, "c"])
    assert len(desk.table) == 4
    table = labels.features.copy()
    table[0] = 1.0
    labels.features = table
    assert len(desk.table) == 4


def test_large_negative_values_are_whole_numbers_in_the_table(desk):
    image = np.full((8, 8), -20600, np.int16)
    image[:4] = -20590
    desk.viewer.add_image(image, name="depth")
    desk.run(n_clusters=2)
    assert [row[4] for row in desk.table] == ["-20600", "-20590"]


def test_defaults_are_five_clusters_auto_seed_zero_and_no_clean_up(desk):
    boxes = [box for box in desk.widget.native.findChildren(QAbstractSpinBox) if box.isVisibleTo(desk.widget.native)]
    assert [box.value() for box in boxes if box.value() == 5] == [5]
    assert sorted(box.text() for box in boxes) == ["0", "0", "5", "auto"]


def test_run_again_updates_both_layers_in_place(desk):
    source = desk.viewer.add_image(data.coffee(), name="coffee", rgb=True)
    desk.run(n_clusters=5)
    recolored, labels = desk.viewer.layers[1:]
    labels.name, labels.opacity = "mine", 0.4
    labels.selected_label, labels.show_selected_label = 2, True
    desk.run(n_clusters=3)
    assert list(desk.viewer.layers) == [source, recolored, labels]
    assert labels.data.max() == 3
    assert len(np.unique(recolored.data.reshape(-1, 3), axis=0)) == 3
    assert len(labels.features) == 4 == len(desk.table) + 1
    assert labels.metadata["napari_kseg"]["settings"]["n_clusters"] == 3
    assert (labels.name, labels.opacity, labels.show_selected_label) == ("mine", 0.4, True)
    assert_allclose(labels.get_color(2)[:3], kseg.from_layer(labels).centroids[1] / 255, atol=0.01)
    assert not labels.get_color(1)[3]  # only the selected one is shown


def test_other_data_in_the_source_fits_in_place(desk):
    source = desk.viewer.add_image(data.coffee(), name="coffee", rgb=True)
    desk.run(n_clusters=3)
    recolored, labels = desk.viewer.layers[1:]
    source.data = data.astronaut()[:300, :200]
    desk.run(n_clusters=4)
    assert list(desk.viewer.layers) == [source, recolored, labels]
    assert labels.data.shape == recolored.data.shape[:2] == source.data.shape[:2]


def test_alpha_given_later_gets_a_new_recolored_layer(desk, stripes):
    source = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=2)
    alpha = np.full((8, 6, 1), 255, np.uint8)
    alpha[:2] = 0
    source.data = np.concatenate([stripes, alpha], axis=2)
    desk.run(n_clusters=3)
    labels, recolored = desk.viewer.layers["stripes clusters"], desk.viewer.layers["stripes recolored"]
    assert_array_equal(labels.data == 0, alpha[..., 0] == 0)
    assert_array_equal(recolored.data[..., 3:], alpha)
    assert labels.features["count"][0] == 12
    assert len(desk.viewer.layers) == 3


def test_a_hidden_new_layer_has_its_own_thumbnail(desk, stripes):
    source = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=4)
    first = desk.viewer.layers["stripes recolored"]
    assert not first.visible
    source.data = np.dstack([stripes, np.full((8, 6), 255, np.uint8)])  # needs a new layer
    desk.run(n_clusters=4)
    second = desk.viewer.layers["stripes recolored"]
    assert second is not first
    assert not second.visible
    assert_array_equal(second.thumbnail, first.thumbnail)
    assert second.thumbnail[..., :3].any()


def test_gray_image_shows_the_colors_of_its_colormap(desk):
    source = desk.viewer.add_image(data.camera(), name="camera", colormap="magma", contrast_limits=(20, 200), gamma=0.5)
    desk.run(n_clusters=3)
    labels, recolored = desk.viewer.layers["camera clusters"], desk.viewer.layers["camera recolored"]
    assert recolored.colormap.name == "magma"
    assert not recolored.rgb
    assert_allclose(recolored.contrast_limits, (20, 200))
    assert recolored.gamma == 0.5
    for label, centroid in enumerate(kseg.from_layer(labels).centroids[:, 0], 1):
        shown = np.clip((centroid - 20) / 180, 0, 1) ** 0.5
        assert_allclose(labels.get_color(label), source.colormap.map(shown)[0], atol=0.01)


def test_multiscale_image_is_segmented_at_full_resolution(desk):
    image = data.astronaut()
    desk.viewer.add_image([image, image[::2, ::2], image[::4, ::4]], multiscale=True, rgb=True, name="pyramid")
    desk.run(n_clusters=4)
    assert desk.viewer.layers["pyramid clusters"].data.shape == (512, 512)
    assert desk.viewer.layers["pyramid recolored"].data.shape == (512, 512, 3)


def test_the_volume_sample_is_segmented_as_a_volume(desk):
    (source,) = desk.viewer.open_sample("napari-kseg", "volume")
    desk.run(n_clusters=3)
    labels = desk.viewer.layers["volume clusters"]
    assert labels.data.shape == source.data.shape
    assert_allclose(labels.features["fraction"][1:], [0.25, 0.6, 0.15], atol=0.02)
    assert_allclose(labels.features["area"], labels.features["count"] * 2.0)


def test_more_clusters_than_colors_is_said_and_changes_nothing(desk, stripes, notifications):
    desk.viewer.add_image(stripes, name="stripes", rgb=True)
    desk.run(n_clusters=9)
    assert desk.names == ["stripes"]
    (message,) = notifications()
    assert "n_clusters=9" in message
    assert "8 different colors" in message
    assert desk.status == message
    desk.run(n_clusters=8)
    assert len(desk.viewer.layers) == 3


def test_a_run_that_did_not_converge_says_so(desk, notifications, monkeypatch):
    given = KMeansWidget.settings
    impatient = {"max_iter": 1, "init": "random"}
    monkeypatch.setattr(KMeansWidget, "settings", lambda widget: {**given(widget), **impatient})
    image = np.random.default_rng(0).random((60, 60, 3), np.float32)
    desk.viewer.add_image(image, name="noise", rgb=True)
    desk.run(n_clusters=20)
    assert len(desk.viewer.layers) == 3
    assert any("max_iter=1" in message for message in notifications())


def test_without_an_image_there_is_a_hint_and_no_run(desk, stripes):
    assert desk.status == "Open an image to segment it."
    assert not desk.button("Run").isEnabled()
    desk.viewer.add_labels(np.ones((4, 4), np.uint8))
    assert not desk.button("Run").isEnabled()
    desk.viewer.add_image(stripes, rgb=True)
    assert desk.button("Run").isEnabled()
    assert desk.status == ""


def test_the_choice_follows_the_active_image_but_not_our_own(desk, stripes):
    first = desk.viewer.add_image(stripes, name="first", rgb=True)
    second = desk.viewer.add_image(255 - stripes, name="second", rgb=True)
    assert desk.widget["image"].value is second
    desk.viewer.layers.selection.active = first
    assert desk.widget["image"].value is first
    desk.run(n_clusters=2)
    assert len(desk.table) == 2
    desk.viewer.layers.selection.active = desk.viewer.layers["first recolored"]
    assert desk.widget["image"].value is first
    assert [layer.name for layer in desk.widget["image"].choices] == ["first", "second"]
    desk.viewer.layers.selection.active = second
    assert desk.table is None


def test_an_image_chosen_in_the_form_stays_chosen_after_its_run(desk, stripes):
    desk.viewer.add_image(stripes, name="active", rgb=True)
    other = desk.viewer.add_image(255 - stripes, name="other", rgb=True)
    desk.viewer.layers.selection.active = desk.viewer.layers["active"]
    desk.widget["image"].value = other
    desk.run(n_clusters=3)
    assert desk.names == ["active", "other", "other recolored", "other clusters"]
    assert desk.widget["image"].value is other
    assert desk.viewer.layers.selection.active is desk.viewer.layers["active"]


def test_the_chosen_image_stays_when_it_is_renamed(desk, stripes):
    desk.viewer.add_image(stripes, name="first", rgb=True)
    second = desk.viewer.add_image(255 - stripes, name="second", rgb=True)
    desk.viewer.add_labels(np.ones((4, 4), np.uint8))  # active now, so that there is nothing to follow
    second.name = "renamed"
    assert desk.widget["image"].value is second


def test_the_switch_shows_one_thing_at_a_time(desk, stripes):
    source = desk.viewer.add_image(stripes, name="stripes", rgb=True)
    assert not desk.button("Outlines").isEnabled()
    desk.run(n_clusters=4)
    recolored, labels = desk.viewer.layers[1:]

    def seen():
        return source.visible, labels.visible, labels.contour > 0, recolored.visible

    assert desk.button("Clusters").isChecked()
    assert seen() == (True, True, False, False)
    desk.click("Outlines")
    assert seen() == (True, True, True, False)
    desk.click("Recolored")
    assert not labels.visible
    assert recolored.visible
    desk.run(n_clusters=3)  # what is shown is the user's
    assert not labels.visible
    assert recolored.visible
    desk.click("Image")
    assert source.visible
    assert not labels.visible
    assert not recolored.visible
    labels.visible = True  # by the eye in the layer list
    assert not desk.button("Image").isChecked()


def test_the_same_seed_gives_the_same_layers(desk):
    desk.viewer.add_image(data.coffee(), name="coffee", rgb=True)
    desk.run(n_clusters=7, random_state=3)
    labels = desk.viewer.layers["coffee clusters"]
    before = labels.data.copy()
    desk.run(random_state=3)
    assert_array_equal(labels.data, before)


def test_specks_are_removed_when_asked_and_counts_follow(desk):
    image = data.coffee()
    desk.viewer.add_image(image, name="coffee", rgb=True)
    desk.run(n_clusters=4, min_size=50)
    labels = desk.viewer.layers["coffee clusters"]
    sizes = np.bincount(measure.label(labels.data, connectivity=1).ravel())[1:]
    assert sizes.min() >= 50
    assert_array_equal(labels.features["count"][1:], np.bincount(labels.data.ravel())[1:])
    assert labels.metadata["napari_kseg"]["settings"]["min_size"] == 50
    assert_array_equal(kseg.from_layer(labels).model.predict(image), labels.data)
    desk.run(min_size=0)
    assert_array_equal(labels.data, kseg.segment(image, 4).labels)


def test_the_console_gets_the_result(desk, stripes):
    desk.viewer.add_image(stripes, rgb=True)
    desk.run(n_clusters=4)
    # napari keeps them by weak reference until the console is opened
    waiting = {name: value() for name, value in desk.viewer.window._qt_viewer.console_backlog[-1].items()}
    assert waiting["kseg"] is kseg
    assert len(waiting["seg"].centroids) == 4
