"""Several image layers as the channels of one image."""

import numpy as np
import pytest
from napari.layers import Image
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

import napari_kseg as kseg


@pytest.fixture
def layers():
    photo = data.coffee()[:120, :150]
    place = {"scale": (0.5, 0.25), "translate": (3, 4)}
    return [
        Image(photo[..., 0], name="DAPI", colormap="blue", **place),
        Image(photo[..., 1].astype("f4") / 255, name="GFP", colormap="green", **place),
    ]


def test_each_has_a_recolored_layer_and_the_first_the_labels(layers):
    labels, recolored = kseg.segment_layer(layers, 4)
    seg = kseg.segment([layer.data for layer in layers], 4)
    assert_array_equal(labels.data, seg.labels)
    assert labels.name == "DAPI clusters"
    assert [layer.name for layer in recolored] == ["DAPI recolored", "GFP recolored"]
    for layer, source, wanted in zip(recolored, layers, seg.recolored(), strict=True):
        assert_array_equal(layer.data, wanted)
        assert layer.data.dtype == source.data.dtype
        assert layer.colormap.name == source.colormap.name
        assert_allclose(layer.scale, source.scale)
        assert_allclose(layer.translate, source.translate)
    assert_allclose(labels.features["area"][1:], seg.counts * 0.125)
    assert_array_equal(kseg.from_layer(labels).labels, seg.labels)


def test_a_second_run_updates_them_in_place(make_napari_viewer, layers):
    viewer = make_napari_viewer()
    for layer in layers:
        viewer.add_layer(layer)
    labels, recolored = kseg.segment_layer(layers, 3, viewer=viewer)
    names = [layer.name for layer in viewer.layers]
    assert names == ["DAPI", "DAPI recolored", "GFP", "GFP recolored", "DAPI clusters"]
    again, recolored_again = kseg.segment_layer(layers, 5, viewer=viewer)
    assert again is labels
    assert all(new is old for new, old in zip(recolored_again, recolored, strict=True))
    assert [layer.name for layer in viewer.layers] == names
    assert labels.data.max() == 5


def test_clusters_have_the_colors_of_the_layers_added_up(layers):
    for layer in layers:
        layer.contrast_limits = (0, 1) if layer.name == "GFP" else (0, 255)
    labels, _ = kseg.segment_layer(layers, 4)
    blue, green = np.array(kseg.from_layer(labels).centroids).T / [[255], [1]]  # as their colormaps show them
    brightest = max(blue.max(), green.max())
    colors = [labels.colormap.map(label) for label in range(1, 5)]
    wanted = np.column_stack([np.zeros(4), green / brightest, blue / brightest, np.ones(4)])
    assert_allclose(np.reshape(colors, (4, 4)), wanted, atol=0.01)


def test_layers_of_one_colormap_tell_clusters_apart_by_other_colors(layers):
    layers[1].colormap = "blue"
    labels, _ = kseg.segment_layer(layers, 4)
    colors = np.reshape([labels.colormap.map(label) for label in range(1, 5)], (4, 4))
    assert np.ptp(colors[:, 0]) > 0.1  # red is in none of the layers


def test_table_and_plot_call_channels_by_their_layers(desk, layers):
    for layer in [*layers, Image(layers[0].data[..., ::-1].copy(), name="RFP", colormap="red")]:
        desk.viewer.add_layer(layer)
    desk.viewer.layers.selection.active = layers[0]
    desk.widget._recipe.where.others.value = list(desk.viewer.layers[1:])
    desk.run(n_clusters=3)
    table, plots = desk.widget._panel.table, desk.widget._panel.plots
    assert table.horizontalHeaderItem(4).text() == "Centroid"
    assert table.horizontalHeaderItem(4).toolTip() == "Centroid: DAPI, GFP, RFP"
    assert [pair.split()[0] for pair in table.item(0, 4).toolTip().split(", ")] == ["DAPI", "GFP", "RFP"]
    plots.colors.expand(animate=False)
    assert plots._cloud._cloud.channel_names == ("DAPI", "GFP", "RFP")
    colors = np.array(desk.viewer.layers["DAPI clusters"].metadata["napari_kseg"]["colors"])
    assert_allclose(plots._cloud._cloud.centroid_colors, colors[:, :3] * 255, atol=0.51)


def test_bad_layers_are_refused_in_words(layers):
    with pytest.raises(ValueError, match="layer 'photo' is RGB, and cannot be one channel of several"):
        kseg.segment_layer([layers[0], Image(data.coffee(), name="photo")], 3)
    with pytest.raises(ValueError, match="shapes differ"):
        kseg.segment_layer([layers[0], Image(np.zeros((5, 5)))], 3)
    with pytest.raises(ValueError, match="no layer was given"):
        kseg.segment_layer([], 3)
    with pytest.raises(TypeError, match="only Image layers"):
        kseg.segment_layer([layers[0], "GFP"], 3)


def test_smoothing_is_in_world_units(layers):
    labels, _ = kseg.segment_layer(layers[0], 3, sigma=1)
    wanted = kseg.segment(layers[0].data, 3, sigma=(2, 4))
    assert_array_equal(labels.data, wanted.labels)
    assert kseg.from_layer(labels).settings.spacing == (0.5, 0.25)
    plain, _ = kseg.segment_layer(layers[0], 3)
    assert kseg.from_layer(plain).settings.spacing is None
    own, _ = kseg.segment_layer(layers[0], 3, sigma=1, spacing=1)
    assert_array_equal(own.data, kseg.segment(layers[0].data, 3, sigma=1).labels)
