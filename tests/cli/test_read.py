"""Image files of all kinds: how they are read, and what comes back of them."""

import warnings
import zlib

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.image_file import read_image

pytestmark = pytest.mark.usefixtures("no_matplotlib")


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_jpeg_gives_a_png_of_just_its_centroids(run, save, tmp_path):
    path = save("photo.jpg", data.astronaut()[::2, ::2])
    run(path, "-k", 6, "-o", tmp_path / "out")
    recolored = pixels(tmp_path / "out" / "photo_recolored.png")
    assert len(np.unique(recolored.reshape(-1, 3), axis=0)) == 6
    assert not list((tmp_path / "out").glob("*.jpg"))


@pytest.mark.parametrize(
    ("name", "array", "mode"),
    [
        ("gray.png", data.camera()[::8, ::8], None),
        ("deep.png", data.camera()[::8, ::8].astype(np.uint16) * 257, None),
        ("rgba.png", np.dstack([data.coffee()[::8, ::8], np.full((50, 75), 200, np.uint8)]), None),
        ("bilevel.png", data.horse()[::8, ::8], None),
        ("photo.bmp", data.coffee()[::8, ::8], None),
        ("deep.tif", data.camera()[::8, ::8].astype(np.uint16) * 257, None),
        ("signed.tif", data.camera()[::8, ::8].astype(np.int32) - 128, None),
        ("float.tif", data.camera()[::8, ::8].astype(np.float32) / 255, None),
        ("big_endian.tif", data.camera()[::8, ::8].astype(">u2"), None),
        ("volume.tif", np.stack([data.camera()[::8, ::8]] * 3), None),
    ],
)
def test_recolored_keeps_format_shape_and_dtype(run, save, tmp_path, name, array, mode):
    path = save(name, array, mode, **({"photometric": "minisblack"} if name == "volume.tif" else {}))
    status, _, complaints = run(path, "-k", 2, "-o", tmp_path)
    assert (status, complaints) == (0, "")
    written = path.with_stem(path.stem + "_recolored")
    recolored = tifffile.imread(written) if name.endswith(".tif") else pixels(written)
    assert recolored.shape == array.shape
    assert recolored.dtype == array.dtype.newbyteorder("=")
    assert len(np.unique(recolored.reshape(len(array), -1))) <= 2 * 3 + 1


def test_a_volume_has_masks_of_its_shape(run, save, tmp_path):
    path = save("volume.tif", np.stack([data.camera()[::8, ::8]] * 5), photometric="minisblack")
    run(path, "-k", 3, "-o", tmp_path)
    labels = tifffile.imread(tmp_path / "volume_labels.tif")
    assert labels.shape == (5, 64, 64)
    assert_array_equal(tifffile.imread(tmp_path / "volume_mask_2.tif") == 255, labels == 2)


def test_many_channels_go_in_and_out(run, save, tmp_path):
    bands = np.dstack([data.coffee()[::8, ::8]] * 2)
    path = save("bands.tif", bands, photometric="minisblack", planarconfig="contig")
    status, printed, _ = run(path, "--channel-axis", 2, "-o", tmp_path)
    assert status == 0
    assert "0, 1, 2, 3, 4, 5" in printed
    assert tifffile.imread(tmp_path / "bands_labels.tif").shape == (50, 75)
    assert tifffile.imread(tmp_path / "bands_recolored.tif").shape == bands.shape


def test_planar_color_is_color_and_its_axis_can_be_named(run, save, tmp_path):
    photo = data.coffee()[::4, ::4]
    path = save("planar.tif", np.moveaxis(photo, -1, 0).copy(), photometric="rgb", planarconfig="separate")
    run(path, "-o", tmp_path / "auto")
    run(path, "--channel-axis", 0, "-o", tmp_path / "named")
    labels = kseg.segment(photo, 5).labels
    for folder, shape in (("auto", photo.shape), ("named", (3, *photo.shape[:2]))):
        assert_array_equal(tifffile.imread(tmp_path / folder / "planar_labels.tif"), labels)
        assert tifffile.imread(tmp_path / folder / "planar_recolored.tif").shape == shape


def test_a_small_color_image_is_color(run, save, tmp_path):  # 20 × 20 is too small for a guess by the shape
    path = save("icon.png", data.coffee()[::20, ::30])
    status, _, complaints = run(path, "-k", 2, "-o", tmp_path)
    assert (status, complaints) == (0, "")
    assert pixels(tmp_path / "icon_labels.tif").shape == (20, 20)
    run(path, "-k", 2, "--channel-axis", "none", "-o", tmp_path / "none")
    assert tifffile.imread(tmp_path / "none" / "icon_labels.tif").shape == (20, 20, 3)


def test_transparent_pixels_are_left_out(run, save, tmp_path):
    rgba = np.dstack([data.coffee()[::8, ::8], np.full((50, 75), 255, np.uint8)])
    rgba[:10, :, 3] = 0
    run(save("rgba.png", rgba), "-k", 3, "-o", tmp_path)
    assert_array_equal(pixels(tmp_path / "rgba_labels.tif") == 0, rgba[..., 3] == 0)
    assert_array_equal(pixels(tmp_path / "rgba_recolored.png")[:10], rgba[:10])


@pytest.mark.parametrize("mode", ["P", "LA", "CMYK", "1", "I;16"])
def test_what_pillow_shows_is_what_is_read(tmp_path, mode):
    image = Image.fromarray(data.coffee()[::8, ::8])
    image = image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode)
    path = tmp_path / ("image.jpg" if mode == "CMYK" else "image.png")
    image.save(path)
    shown = {"P": "RGB", "LA": "RGBA", "CMYK": "RGB"}.get(mode)
    with Image.open(path) as again:
        expected = np.asarray(again if shown is None else again.convert(shown))
    array, is_color = read_image(path)
    assert_array_equal(array, expected)
    assert is_color == (shown is not None)


@pytest.mark.parametrize(("mode", "compression"), [("RGB", "tiff_lzw"), ("1", "group4"), ("P", None)])
def test_tiff_files_that_tifffile_alone_cannot_show(tmp_path, mode, compression):
    image = Image.fromarray(data.coffee()[::8, ::8]).convert(mode)
    image.save(tmp_path / "image.tif", compression=compression)
    expected = np.asarray(image.convert("RGB") if mode == "P" else image)
    assert_array_equal(read_image(tmp_path / "image.tif")[0], expected)


def test_reading_half_of_the_bits_is_said(save):
    def chunk(kind, content):
        body = kind + content
        return len(content).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")

    path = save("deep.png", np.zeros((2, 2), np.uint8))
    header = (2).to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])  # 2 × 2 pixels of three times 16 bits, PNG section 11
    lines = zlib.compress(bytes(2 * (1 + 2 * 6)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b""))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        image, _ = read_image(path)
    assert [str(one.message) for one in said] == (
        [f"{path} was read with 8 of its 16 bits per channel; save it as TIFF to use all"]
        if image.dtype == np.uint8
        else []
    )
