"""napari-convpaint: pixels are classified by what was painted, on the same image and beside our layers."""

import numpy as np
import pytest
import torch  # before any window: where Mesa draws in software, triton's LLVM and that of Mesa crash if it comes later
from numpy.testing import assert_array_equal
from torchvision import models


@pytest.fixture
def no_download(tmp_path, monkeypatch):
    """The file of weights that the widget fetches when it opens, of zeros: the test takes other features than those."""
    folder = tmp_path / ".cache" / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    with torch.device("meta"):
        wanted = models.vgg16().state_dict()
    zeros = {name: torch.zeros(1).expand(value.shape) for name, value in wanted.items()}
    torch.save(zeros, folder / "vgg16-397923af.pth")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))


def open_convpaint(desk):
    _, widget = desk.open("napari-convpaint", "ConvPaint")
    widget.ensure_init()  # what it does when it is shown; the window of a test is hidden
    widget.qcombo_fe_type.setCurrentText("gaussian_features")
    widget.set_fe_btn.click()
    widget.image_layer_selection_widget.value = desk.viewer.layers["cells"]
    return widget


@pytest.mark.usefixtures("no_download")
def test_both_segment_the_same_image_side_by_side(desk, cells):
    labels = desk.segment(cells.gray, 3)
    ours = {layer.name: layer for layer in desk.viewer.layers}
    before = labels.data.copy()
    widget = open_convpaint(desk)
    widget.add_layers_btn.click()
    painted = desk.viewer.layers["annotations"]
    for label in (1, 2, 3):
        rows, columns = np.nonzero(cells.labels == label)
        painted.data[rows[::7], columns[::7]] = label
    widget.train_classifier_btn.click()
    widget.segment_btn.click()
    found = desk.viewer.layers["segmentation"].data
    assert (found == cells.labels).mean() > 0.9
    assert all(desk.viewer.layers[name] is layer for name, layer in ours.items())
    assert_array_equal(labels.data, before)
    assert desk.panel._panel.table.rowCount() == 3


@pytest.mark.usefixtures("no_download")
def test_our_clusters_are_its_annotations(desk, cells):
    labels = desk.segment(cells.gray, 3)
    widget = open_convpaint(desk)
    widget.annotations_layer_selection_widget.value = labels
    widget.train_classifier_btn.click()
    widget.segment_btn.click()
    found = desk.viewer.layers["segmentation"].data
    assert (found == cells.labels).mean() > 0.95
    assert_array_equal(labels.data, cells.labels)
