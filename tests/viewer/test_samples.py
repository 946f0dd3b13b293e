"""The sample images, opened as the File menu does."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import napari_kseg as kseg

SAMPLES = {
    "photo": [((400, 600, 3), True)],
    "stain": [((512, 512, 3), True)],
    "gray": [((512, 512), False)],
    "volume": [((64, 128, 128), False)],
    "channels": [((512, 512), False)] * 3,
    "time_series": [((20, 256, 256), False)],
}


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


@pytest.mark.parametrize("key", SAMPLES)
def test_each_sample_opens_in_its_layers(viewer, key):
    opened = viewer.open_sample("napari-kseg", key)
    assert list(viewer.layers) == opened
    assert [(layer.data.shape, layer.rgb) for layer in opened] == SAMPLES[key]


def test_the_channels_are_cells_that_the_panel_tells_apart(desk):
    viewer = desk.viewer
    nuclei, membranes, marker = viewer.open_sample("napari-kseg", "channels")
    viewer.layers.selection.active = nuclei
    where = desk.widget._recipe.where
    where.others.value = [membranes, marker]
    desk.widget._recipe._preset.value = "Fluorescence"
    desk.run(n_clusters=4)
    seg = kseg.from_layer(viewer.layers["nuclei clusters"])
    in_nuclei, in_membranes, in_marker = (seg.centroids > 8_000).T
    assert in_nuclei.sum() == in_marker.sum() == 1  # a cluster of nuclei, one of the cells that have the marker
    assert not (in_nuclei & in_marker).any()
    assert (in_membranes & ~in_marker & ~in_nuclei).sum() == 1
    # A nucleus is a disk of radius 9 about each of the 13 × 13 places of the grid, of which those at the edge are cut.
    assert_allclose(seg.fractions[in_nuclei], 13 * 13 * np.pi * 9**2 / 512**2, rtol=0.15)


def test_the_time_series_keeps_its_shares_while_its_grains_grow(viewer):
    (layer,) = viewer.open_sample("napari-kseg", "time_series")
    labels, _ = kseg.segment_layer(layer, 3, viewer=viewer)
    assert_allclose(kseg.from_layer(labels).centroids[:, 0], [60, 120, 200], atol=1)
    for frame in (labels.data[0], labels.data[-1]):
        assert_allclose(np.bincount(frame.ravel())[1:] / frame.size, [0.25, 0.45, 0.3], atol=0.01)
    borders = [(np.diff(frame, axis=0) != 0).sum() for frame in (labels.data[0], labels.data[-1])]
    assert borders[1] < borders[0] / 2
    assert [str(unit) for unit in labels.units] == ["second", "micrometer", "micrometer"]
    assert labels.axis_labels == ("t", "y", "x")
