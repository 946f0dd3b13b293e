"""The sample images, opened as the File menu does."""

import pytest


@pytest.mark.parametrize(
    ("key", "shape", "rgb"),
    [
        ("photo", (400, 600, 3), True),
        ("stain", (512, 512, 3), True),
        ("gray", (512, 512), False),
        ("volume", (64, 128, 128), False),
    ],
)
def test_each_sample_opens_as_one_image(make_napari_viewer, key, shape, rgb):
    viewer = make_napari_viewer()
    (layer,) = viewer.open_sample("napari-kseg", key)
    assert layer.data.shape == shape
    assert layer.rgb is rgb
