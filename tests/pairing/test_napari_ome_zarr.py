"""napari-ome-zarr opens what `Segmentation.to_zarr` wrote."""

import numpy as np
import pytest
from napari.layers import Labels
from numpy.testing import assert_allclose, assert_array_equal

import napari_kseg as kseg


@pytest.mark.parametrize("kind", ["gray", "color"])
def test_labels_colors_and_image_come_back(desk, cells, tmp_path, kind):
    labels = desk.segment(getattr(cells, kind), 3, scale=(0.5, 0.25), units="um", rgb=kind == "color")
    kseg.from_layer(labels).to_zarr(tmp_path / "cells.ome.zarr", scale=(0.5, 0.25), units="micrometer")
    opened = desk.viewer.open(tmp_path / "cells.ome.zarr", plugin="napari-ome-zarr")
    read = opened[-1]
    assert isinstance(read, Labels)
    assert_array_equal(read.data, cells.labels)
    assert_array_equal(read.scale, labels.scale)
    assert read.units == labels.units
    for label in (1, 2, 3):
        assert_allclose(read.get_color(label), labels.get_color(label), atol=1 / 255)
    table = read.features
    assert_array_equal(table["index"], [1, 2, 3])
    assert_array_equal(table["count"], np.bincount(cells.labels.ravel())[1:])
    channels = [np.asarray(layer.data) for layer in opened[:-1]]
    recolored = np.asarray(desk.viewer.layers["cells recolored"].data)
    assert_array_equal(channels[0] if kind == "gray" else np.stack(channels, axis=-1), recolored)
