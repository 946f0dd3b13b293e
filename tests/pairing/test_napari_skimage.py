"""napari-skimage: operations on labels, and region properties."""

import napari
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage


def result_of(desk, name):
    (layer,) = [layer for layer in desk.viewer.layers if layer.name.endswith(name)]
    return layer


def test_connected_components_are_numbered(desk, cells):
    labels = desk.segment(cells.gray, 3, scale=(0.5, 0.25), translate=(3, 4), units="um")
    _, widget = desk.open("napari-skimage", "Label connected components")
    widget.labels_layer.value = labels
    widget.connectivity.value = 1
    desk.press(widget, "Label connected components")
    result = result_of(desk, "_labeled")
    assert result.data.max() == 1 + 5 + 7
    for number in range(1, 14):
        (label,) = np.unique(cells.labels[result.data == number])  # none reaches over two clusters
        assert ndimage.label(result.data == number)[1] == 1
        assert label
    assert_array_equal(result.scale, [0.5, 0.25])
    assert_array_equal(result.translate, [3, 4])
    assert labels.units != result.units == napari.layers.Labels(cells.labels).units  # pixels


def test_small_objects_are_removed(desk, cells):
    desk.segment(cells.gray, 3)
    objects = desk.extract_objects(3)
    sizes = np.bincount(objects.data.ravel())
    _, widget = desk.open("napari-skimage", "Remove small objects")
    widget.label_layer.value = objects
    widget.max_size.value = 49
    desk.press(widget, "Apply operation")
    kept = np.flatnonzero(sizes > 49)[1:]
    assert len(kept) == 4
    assert_array_equal(
        result_of(desk, "_remove_small_objects").data, np.where(np.isin(objects.data, kept), objects.data, 0)
    )


@pytest.mark.parametrize("of", ["clusters", "objects"])
def test_region_properties(desk, cells, of):
    layer = desk.segment(cells.gray, 3, scale=(0.5, 0.25), units="um")
    if of == "objects":
        layer = desk.extract_objects(2)
    _, widget = desk.open("napari-skimage", "Regionprops (labels)")
    widget.labels_layer.value = layer
    widget.image_layer.value = desk.viewer.layers["cells"]
    widget.properties.value = ["label", "area", "intensity_mean", "centroid"]
    desk.press(widget, "Analyze")
    table = widget.results_table.to_dataframe()
    numbers = np.arange(1, layer.data.max() + 1)
    assert len(numbers) == {"clusters": 3, "objects": 5}[of]
    assert_array_equal(table["label"], numbers)
    counts = np.bincount(layer.data.ravel())[1:]
    assert_allclose(table["area"], counts / 8)
    assert_allclose(table["area"], layer.features["area"][1:])
    assert_allclose(table["intensity_mean"], ndimage.mean(cells.gray, layer.data, numbers))
    centers = np.array(ndimage.center_of_mass(np.ones(layer.data.shape), layer.data, numbers)) * (0.5, 0.25)
    assert_allclose(table[["centroid-0", "centroid-1"]], centers)


def test_a_color_image_is_no_intensity_image(desk, cells):
    layer = desk.segment(cells.color, 3, rgb=True)
    _, widget = desk.open("napari-skimage", "Regionprops (labels)")
    widget.labels_layer.value = layer
    widget.image_layer.value = desk.viewer.layers["cells"]
    assert not widget.call_button.enabled
    widget.image_layer.value = None
    widget.properties.value = ["label", "area"]
    desk.press(widget, "Analyze")
    assert_array_equal(widget.results_table.to_dataframe()["area"], layer.features["count"][1:])


def test_a_row_of_the_region_properties_selects_its_object(desk, cells):
    desk.segment(cells.gray, 3)
    objects = desk.extract_objects(2)
    _, widget = desk.open("napari-skimage", "Regionprops (labels)")
    widget.labels_layer.value = objects
    widget.image_layer.value = None
    widget.properties.value = ["label", "area"]
    desk.press(widget, "Analyze")
    table = widget.results_table.native
    table.setCurrentCell(3, 0)
    table.clicked.emit(table.currentIndex())
    assert objects.selected_label == 4
