"""The sample images, opened as the File menu does."""


def test_each_sample_opens_as_one_image(make_napari_viewer):
    viewer = make_napari_viewer()
    opened = {key: viewer.open_sample("napari-kseg", key) for key in ("photo", "stain", "gray", "volume")}
    assert {key: (layer.data.shape, layer.rgb) for key, (layer,) in opened.items()} == {
        "photo": ((400, 600, 3), True),
        "stain": ((512, 512, 3), True),
        "gray": ((512, 512), False),
        "volume": ((64, 128, 128), False),
    }
