"""OME-Zarr in and out of the command."""

import sys

import numpy as np
import pytest
import tifffile
import yaozarrs
import zarr
from numpy.testing import assert_array_equal
from PIL import Image
from skimage import data

import napari_kseg as kseg

pytestmark = pytest.mark.usefixtures("no_matplotlib")


@pytest.fixture
def stack(tmp_path):
    """OME-Zarr 0.4 of two channels (c, z, y, x) in two levels, made by plain Zarr."""
    path = tmp_path / "stack.ome.zarr"
    group = zarr.open_group(path, mode="w", zarr_format=2)
    image = np.random.default_rng(0).gamma(2, 900, (2, 5, 40, 50)).astype(np.uint16)
    for name, level in (("0", image), ("1", image[..., ::2, ::2])):
        group.create_array(name, shape=level.shape, chunks=(1, 2, 16, 25), dtype=level.dtype)[...] = level

    def level(factor):
        steps = [
            {"type": "scale", "scale": [1, 3, 0.5 * factor, 0.5 * factor]},
            {"type": "translation", "translation": [0, 0, 7, 0]},
        ]
        return steps

    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    datasets = [{"path": str(i), "coordinateTransformations": level(2**i)} for i in range(2)]
    group.attrs["multiscales"] = [{"version": "0.4", "name": "stack", "axes": axes, "datasets": datasets}]
    return path, image


def labels_of(path):
    return zarr.open_group(path, mode="r")["labels/clusters/0"][:]


@pytest.mark.parametrize("version", ["0.5", "0.4"])
def test_a_photo_becomes_ome_zarr(run, stripes, tmp_path, version):
    out = tmp_path / "result.ome.zarr"
    status, printed, complaints = run(stripes, "-k", 4, "-o", out, "--ome-zarr-version", version)
    assert (status, complaints) == (0, "")
    assert f"Written to {out}" in printed
    yaozarrs.validate_zarr_store(out)
    assert (out / "zarr.json").exists() == (version == "0.5")
    assert_array_equal(labels_of(out)[::8, 0], [3, 1, 4, 2])
    with Image.open(stripes) as image:
        assert_array_equal(zarr.open_group(out, mode="r")["0"][:], np.moveaxis(np.asarray(image), -1, 0))


def test_ome_zarr_is_read_with_its_channels_and_written_in_its_place(run, stack, tmp_path):
    path, image = stack
    out = tmp_path / "result.zarr"
    status, printed, complaints = run(path, "-k", 3, "-o", out)
    assert (status, complaints) == (0, "")
    assert "5 × 40 × 50 pixels in 3 clusters" in printed
    assert_array_equal(labels_of(out), kseg.segment(image, 3, channel_axis=0).labels)
    found = zarr.open_group(out, mode="r")["labels/clusters"].attrs["ome"]["multiscales"][0]
    assert [(axis["name"], axis["unit"]) for axis in found["axes"]] == [(name, "micrometer") for name in "zyx"]
    scale, translation = found["datasets"][0]["coordinateTransformations"]
    assert (scale["scale"], translation["translation"]) == ([3, 0.5, 0.5], [0, 7, 0])


def test_a_result_is_an_image_again(run, save, tmp_path):
    path = save("photo.png", data.astronaut()[::4, ::4])
    run(path, "-k", 6, "-o", tmp_path / "six.zarr")
    assert run(tmp_path / "six.zarr", "-k", 3, "-o", tmp_path / "three.zarr")[0] == 0
    six = kseg.segment(data.astronaut()[::4, ::4], 6)
    assert_array_equal(labels_of(tmp_path / "three.zarr"), kseg.segment(six.recolored(), 3).labels)


def test_ome_zarr_can_become_files(run, stack, tmp_path):
    path, image = stack
    assert run(path, "-k", 2, "-o", tmp_path / "out")[0] == 0
    seg = kseg.segment(image, 2, channel_axis=0)
    assert_array_equal(tifffile.imread(tmp_path / "out" / "stack.ome_labels.tif"), seg.labels)
    assert_array_equal(tifffile.imread(tmp_path / "out" / "stack.ome_recolored.tif"), seg.recolored())


def test_a_plain_zarr_array_is_an_image(run, tmp_path):
    camera = data.camera()[::8, ::8]
    zarr.create_array(tmp_path / "plain.zarr", data=camera)
    assert run(tmp_path / "plain.zarr", "-k", 2, "-o", tmp_path / "out.zarr")[0] == 0
    assert_array_equal(labels_of(tmp_path / "out.zarr"), kseg.segment(camera, 2).labels)


def test_the_first_image_of_a_converted_file_is_read(run, stack, tmp_path):
    path, image = stack
    whole = tmp_path / "whole.zarr"
    zarr.open_group(whole, mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    path.rename(whole / "0")
    assert run(whole, "-k", 2, "-o", tmp_path / "out.zarr")[0] == 0
    assert_array_equal(labels_of(tmp_path / "out.zarr"), kseg.segment(image, 2, channel_axis=0).labels)


def test_a_result_is_replaced_only_if_told(run, stripes, tmp_path):
    out = tmp_path / "out.zarr"
    run(stripes, "-k", 4, "-o", out)
    status, printed, said = run(stripes, "-k", 2, "-o", out)
    assert (status, printed, len(said.splitlines())) == (2, "", 1)
    assert "out.zarr is there already; give --overwrite to replace it" in said
    assert labels_of(out).max() == 4
    assert run(stripes, "-k", 2, "-o", out, "--overwrite")[0] == 0
    assert labels_of(out).max() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "out.zarr", "--ome-zarr-version", "1"], "--ome-zarr-version 1 is not possible; give 0.5 or 0.4"),
        (["-o", "out", "--overwrite"], "--overwrite is for OME-Zarr; give an --output whose name ends in .zarr"),
        (["-o", "out", "--ome-zarr-version", "0.4"], "--ome-zarr-version is for OME-Zarr"),
    ],
)
def test_options_that_do_not_fit_are_refused(run, stripes, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, printed, said = run(stripes, *arguments)
    assert (status, printed) == (2, "")
    assert message in said
    assert [path.name for path in tmp_path.iterdir()] == ["stripes.png"]


def test_an_image_is_never_replaced_by_its_result(run, stack):
    path, image = stack
    status, _, said = run(path, "-o", path, "--overwrite")
    assert status == 2
    assert "was given and would be replaced by a result" in said
    assert_array_equal(zarr.open_group(path, mode="r")["0"][:], image)


def test_folders_without_an_image_are_refused_in_one_sentence(run, tmp_path):
    (tmp_path / "plain").mkdir()
    zarr.open_group(tmp_path / "group.zarr", mode="w")
    zarr.open_group(tmp_path / "plate.zarr", mode="w", zarr_format=2).attrs["plate"] = {"version": "0.4"}
    for name, message in (
        ("plain", "is a folder; give an image file"),
        ("group.zarr", "lacks the entry multiscales"),
        ("plate.zarr", "plate of many images; give one of its fields"),
    ):
        status, printed, said = run(tmp_path / name, "-o", tmp_path / "out.zarr")
        assert (status, printed, len(said.splitlines())) == (2, "", 1)
        assert message in said
    assert not (tmp_path / "out.zarr").exists()


def test_without_zarr_one_sentence_says_how_to_get_it(run, stripes, stack, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    for arguments in ((stripes, "-o", tmp_path / "out.zarr"), (stack[0], "-o", tmp_path / "out")):
        status, printed, said = run(*arguments)
        assert (status, printed, len(said.splitlines())) == (2, "", 1)
        assert 'pip install "napari-kseg[zarr]"' in said
