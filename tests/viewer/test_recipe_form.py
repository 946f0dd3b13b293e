"""The folded part of the form, in a real viewer: each field does what the keyword of `segment` does."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QToolTip
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def photo():
    return data.coffee()[:120, :150]


@pytest.fixture
def form(desk, photo):
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    return {field.label: field for field in desk.widget._recipe}


@pytest.mark.parametrize(
    ("fields", "keywords"),
    [
        ({}, {}),
        ({"Color space": "Lab"}, {"color_space": "Lab"}),
        ({"Channels": "0, 2", "Weights": "1 0.5"}, {"channels": [0, 2], "channel_weights": [1, 0.5]}),
        ({"Normalize": "percentile"}, {"normalize": "percentile"}),
        ({"Smooth": 1.5}, {"sigma": 1.5}),
        ({"Texture": 2, "Channels": "1"}, {"texture": (0.5, 2), "channels": 1}),
        ({"Position": 40}, {"position_weight": 40}),
        ({"Background": "60", "Saturated": "250"}, {"background": 60, "saturated": 250}),
        ({"Background": "15"}, {"background": 15}),
        ({"No data": "0, 255"}, {"nodata": [0, 255]}),
        ({"Majority": 2}, {"majority": 2}),
    ],
)
def test_fields_are_keywords(desk, form, photo, notifications, fields, keywords):
    for label, value in fields.items():
        form[label].value = value
    desk.run(n_clusters=4)
    assert notifications() == []
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, kseg.segment(photo, 4, **keywords).labels)
    source = kseg.from_layer(desk.viewer.layers["coffee clusters"]).settings.as_python()
    names = {"image": photo}
    exec(source, names)
    assert_array_equal(names["seg"].labels, desk.viewer.layers["coffee clusters"].data)


def test_a_labels_layer_is_a_mask(desk, form, photo):
    mask = np.zeros(photo.shape[:2], np.uint8)
    mask[20:90, 30:100] = 3
    layer = desk.viewer.add_labels(mask, name="cup")
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    form["Mask"].value = layer
    desk.run(n_clusters=3)
    wanted = kseg.segment(photo, 3, mask=mask > 0)
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, wanted.labels)
    desk.viewer.layers.remove(layer)
    assert form["Mask"].value is None
    desk.run()
    assert (desk.viewer.layers["coffee clusters"].data > 0).all()


def test_a_labels_layer_has_scribbles(desk, form, photo):
    scribbles = np.zeros(photo.shape[:2], np.uint8)
    scribbles[5:9, 5:20], scribbles[60:64, 70:90], scribbles[100:104, 10:30] = 1, 2, 5
    form["Seeds"].value = desk.viewer.add_labels(scribbles, name="scribbles")
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    desk.run(n_clusters=3)
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, kseg.segment(photo, 3, init=scribbles).labels)


@pytest.mark.parametrize(
    ("label", "text", "words"),
    [
        ("Channels", "red", "Channels: 'red' is not possible; write whole numbers, such as 0, 2"),
        ("Weights", "1;2", "Weights: '1;2' is not possible; write numbers"),
        ("Background", "1, 2", "Background: '1, 2' is not possible; write one number, or nothing"),
        ("Channels", "7", "channels=[7], but there are 3 channels, 0 to 2"),
    ],
)
def test_what_cannot_be_read_is_said_and_leaves_all_as_it_is(desk, form, notifications, label, text, words):
    form[label].value = text
    desk.run(n_clusters=3)
    assert len(notifications()) == 1
    assert notifications()[0].startswith(words)
    assert desk.status.startswith(words)
    assert desk.names == ["coffee"]


def test_a_mask_of_another_shape_is_refused_in_words(desk, form, notifications):
    form["Mask"].value = desk.viewer.add_labels(np.ones((5, 5), np.uint8), name="small")
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    desk.run(n_clusters=3)
    assert "the mask has shape (5, 5), but the image has the spatial shape (120, 150)" in notifications()[0]
    assert desk.names == ["coffee", "small"]


def test_the_section_is_folded_at_first_and_unfolds(desk, form, qtbot):
    section = desk.widget._recipe.section
    assert not section.isExpanded()
    assert not form["Normalize"].native.isVisibleTo(section)
    desk.click("What is compared")
    assert form["Normalize"].native.isVisibleTo(section)
    qtbot.wait(500)  # of animation
    assert form["Majority"].native.height() > 10
    assert desk.widget.native.minimumSizeHint().width() <= 300
    assert desk.widget.native.minimumSizeHint().height() <= 600  # it scrolls in a small window
    desk.click("What is compared")
    assert not form["Normalize"].native.isVisibleTo(section)


def test_every_field_explains_itself(desk, form):
    QToolTip.hideText()
    names = {label.text(): label for label in desk.widget._recipe.section.findChildren(QLabel)}
    for label, field in form.items():
        assert len(field.tooltip) > 20
        assert names[label].toolTip() == field.tooltip


def test_zero_is_a_background(desk, form, photo):
    image = photo.copy()
    image[:20] = 0
    desk.viewer.add_image(image, name="black above", rgb=True)
    form["Background"].value = "0"
    desk.run(n_clusters=3)
    assert (desk.viewer.layers["black above clusters"].data[:20] == 0).all()


def test_colors_are_offered_for_color_images_alone(desk, form, photo, qtbot):
    preset, space = form["Preset"], form["Color space"]
    names = list(preset.choices)

    def offered():
        return [name for row, name in enumerate(names) if preset.native.model().item(row).isEnabled()]

    assert offered() == names
    preset.value = "Photo"
    assert (space.value, space.native.isEnabled()) == ("Lab", True)
    gray = desk.viewer.add_image(photo[..., 0], name="gray")
    assert offered() == ["–", "Fluorescence", "CT", "MRI", "Satellite"]
    assert (preset.value, space.value, space.native.isEnabled()) == ("–", "RGB", False)
    assert "For color images (RGB) alone" in space.native.toolTip()
    assert "For color images (RGB) alone" in preset.native.itemData(names.index("H&E"), Qt.ItemDataRole.ToolTipRole)
    desk.run(n_clusters=3)
    assert_array_equal(desk.viewer.layers["gray clusters"].data, kseg.segment(photo[..., 0], 3).labels)
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]  # and what was chosen is back
    assert (preset.value, space.value, offered()) == ("Photo", "Lab", names)
    assert space.native.toolTip() == space.tooltip
    desk.viewer.layers.selection.active = gray
    qtbot.keyClick(preset.native, Qt.Key.Key_Down)
    assert preset.value == "Fluorescence"
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    assert (preset.value, space.value, form["Normalize"].value) == ("Fluorescence", "RGB", "percentile")


def test_a_color_space_that_is_loaded_for_a_gray_image_waits_for_a_color_image(desk, form, photo):
    desk.viewer.add_image(photo[..., 0], name="gray")
    desk.widget.load({**kseg.Settings().to_dict(), "color_space": "ab", "sigma": 1})
    desk.run(n_clusters=3)
    assert_array_equal(desk.viewer.layers["gray clusters"].data, kseg.segment(photo[..., 0], 3, sigma=1).labels)
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    desk.run(n_clusters=3)
    wanted = kseg.segment(photo, 3, color_space="ab", sigma=1)
    assert_array_equal(desk.viewer.layers["coffee clusters"].data, wanted.labels)
