"""Results as OME-Zarr: valid, whole, in place, and the same whether they come from memory or are lazy."""

import itertools
import json
import sys

import dask.array as da
import numpy as np
import pytest
import yaozarrs
import zarr
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.image_file import read_zarr


def described(path):
    """What the file says as OME-Zarr, read without Zarr."""
    for name in ("zarr.json", ".zattrs"):
        if (path / name).exists():
            found = json.loads((path / name).read_text())
            return found["attributes"]["ome"] if name == "zarr.json" else found
    raise AssertionError(f"{path} is no group")


def levels(path, prefix=""):
    group = zarr.open_group(path, mode="r")
    datasets = described(path / prefix)["multiscales"][0]["datasets"]
    return [group[f"{prefix}/{dataset['path']}"][:] for dataset in datasets]


def channels_last(image):
    return np.moveaxis(image, -3, -1)


@pytest.fixture(scope="module")
def large():
    """Photo of 1300 × 1041 pixels, of which some are left out."""
    photo = np.tile(data.astronaut(), (3, 3, 1))[:1300, :1041].copy()
    photo[100:180, 30:401] = 7
    return kseg.segment(photo, 5, nodata=7).named({2: "suit"}).colored({3: "#00ff80"})


@pytest.mark.parametrize("version", ["0.5", "0.4"])
@pytest.mark.parametrize("recolored", [True, False])
def test_what_is_written_is_valid_and_comes_back(large, tmp_path, version, recolored):
    path = large.to_zarr(tmp_path / "out.ome.zarr", version=version, recolored=recolored)
    assert path == tmp_path / "out.ome.zarr"
    yaozarrs.validate_zarr_store(path)
    assert (path / ".zattrs").exists() == (version == "0.4")
    if recolored:
        assert_array_equal(levels(path, "labels/clusters")[0], large.labels)
        assert_array_equal(channels_last(levels(path)[0]), large.recolored())
    else:
        assert_array_equal(levels(path)[0], large.labels)
        assert not (path / "labels").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out.ome.zarr"]
    assert not (path / ".writing").exists()


def test_each_level_has_the_most_frequent_label_of_the_one_before(large, tmp_path):
    path = large.to_zarr(tmp_path / "out.zarr")
    labels, images = levels(path, "labels/clusters"), list(map(channels_last, levels(path)))
    assert [level.shape for level in labels] == [(1300, 1041), (650, 521), (325, 261)]
    for before, after in itertools.pairwise(labels):
        for y, x in np.ndindex(*after.shape):
            counts = np.bincount(before[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].ravel(), minlength=6)
            assert counts[after[y, x]] == counts.max()
    colors = np.vstack([[7, 7, 7], np.rint(large.centroids)]).astype(np.uint8)
    for level, image in zip(labels, images, strict=True):
        assert_array_equal(image, colors[level])


def test_all_levels_lie_in_the_same_place(large, tmp_path):
    path = large.to_zarr(tmp_path / "out.zarr", scale=(0.5, 0.25), units=("um", "micrometers"), translate=(10, -3))
    for prefix, channel in (("labels/clusters", []), ("", [1.0])):
        (found,) = described(path / prefix)["multiscales"]
        assert [axis["name"] for axis in found["axes"]] == ["c"] * len(channel) + ["y", "x"]
        assert [axis.get("unit") for axis in found["axes"]][-2:] == ["micrometer"] * 2
        for level, dataset in enumerate(found["datasets"]):
            scale, translation = dataset["coordinateTransformations"]
            factor = 2**level
            assert_allclose(scale["scale"], [*channel, 0.5 * factor, 0.25 * factor])
            # the first pixel of a level lies in the middle of the pixels it stands for
            middle = np.arange(factor).mean()
            assert_allclose(
                translation["translation"], [*np.zeros(len(channel)), 10 + 0.5 * middle, -3 + 0.25 * middle]
            )


def test_labels_have_names_colors_and_sizes(large, tmp_path):
    path = large.to_zarr(tmp_path / "out.zarr", scale=2)
    label = described(path / "labels/clusters")["image-label"]
    assert label["source"] == {"image": "../../"}
    assert described(path / "labels")["labels"] == ["clusters"]
    assert [color["label-value"] for color in label["colors"]] == [1, 2, 3, 4, 5]
    assert label["colors"][2]["rgba"] == [0, 255, 128, 255]
    assert label["colors"][0]["rgba"] == [*np.rint(large.centroids[0]), 255]
    second = label["properties"][1]
    count = int((large.labels == 2).sum())
    assert (second["label-value"], second["name"], second["count"], second["area"]) == (2, "suit", count, 4 * count)
    assert_allclose([second[f"centroid_{c}"] for c in "RGB"], large.centroids[1])
    assert_allclose(second["fraction"], large.fractions[1])


def test_channels_have_names_colors_and_ranges(large, tmp_path):
    channels = described(large.to_zarr(tmp_path / "out.zarr"))["omero"]["channels"]
    assert [channel["label"] for channel in channels] == ["R", "G", "B"]
    assert [channel["color"] for channel in channels] == ["FF0000", "00FF00", "0000FF"]
    assert channels[0]["window"] == {"min": 0, "max": 255, "start": 0, "end": 255}


def test_the_model_is_in_the_file(large, tmp_path):
    path = large.to_zarr(tmp_path / "out.zarr", version="0.4")
    found = zarr.open_group(path, mode="r")["labels/clusters"].attrs["napari_kseg"]["model"]
    model = kseg.Model.from_dict(found)
    assert_array_equal(model.predict(large.image), large.labels)


@pytest.mark.parametrize(
    "chunks", [(256, 256), (100, 300), (1031, 37), ((500, 800), (41, 1000)), (1300, 1041), ((7, 900, 393), (1041,))]
)
def test_a_lazy_result_is_written_as_one_in_memory(large, lazily, tmp_path, chunks):
    whole = large.to_zarr(tmp_path / "whole.zarr")
    lazy = lazily(large, chunks).to_zarr(tmp_path / "lazy.zarr")
    yaozarrs.validate_zarr_store(lazy)
    for prefix in ("", "labels/clusters"):
        for one, other in zip(levels(whole, prefix), levels(lazy, prefix), strict=True):
            assert_array_equal(one, other)


CELLS = np.random.default_rng(0).gamma(2, 900, (6, 2, 64, 48)).astype(np.uint16)
"""Volume of two channels (z, c, y, x)."""

CASES = {
    "gray": (data.camera()[::4, ::4], {}, "yx"),
    "volume": (np.stack([data.camera()[::8, ::8]] * 5).astype(np.uint16) * 9, {}, "zyx"),
    "channels first": (np.moveaxis(data.astronaut()[::8, ::8], -1, 0), {"channel_axis": 0}, "cyx"),
    "volume of channels": (CELLS, {"channel_axis": 1}, "czyx"),
    "series of color": (np.stack([data.astronaut()[::8, ::8]] * 3), {"channel_axis": -1}, "czyx"),
    "four axes": (np.stack([np.stack([data.camera()[::16, ::16]] * 3)] * 2), {}, "tzyx"),
    "alpha": (np.dstack([data.coffee()[::8, ::8], np.arange(3750, dtype=np.uint8).reshape(50, 75)]), {}, "cyx"),
    "bool": (data.horse()[::8, ::8].astype(bool), {}, "yx"),
    "big-endian floats": (data.camera()[::8, ::8].astype(">f4") / 255, {}, "yx"),
    "signed": (data.camera()[::8, ::8].astype(np.int32) - 128, {}, "yx"),
}


@pytest.mark.parametrize("version", ["0.5", "0.4"])
@pytest.mark.parametrize("case", CASES)
def test_any_image_is_written(tmp_path, case, version):
    image, keywords, axes = CASES[case]
    seg = kseg.segment(image, 2, **keywords)
    path = seg.to_zarr(tmp_path / "out.zarr", version=version)
    yaozarrs.validate_zarr_store(path)
    assert "".join(axis["name"] for axis in described(path)["multiscales"][0]["axes"]) == axes
    recolored = seg.recolored()
    if seg.pixels.channel_axis is not None:
        recolored = np.moveaxis(recolored, seg.pixels.channel_axis, axes.index("c"))
    assert_array_equal(levels(path)[0], recolored)
    assert_array_equal(levels(path, "labels/clusters")[0], seg.labels)


def test_a_list_of_channels_becomes_one_image(lazily, tmp_path):
    cells = CELLS[3]
    seg = kseg.segment([cells[0], cells[1].astype(np.float32)], 3)
    for name, result in (("whole", seg), ("lazy", lazily(seg, (40, 48)))):
        path = result.to_zarr(tmp_path / f"{name}.zarr")
        assert_array_equal(levels(path)[0], np.stack(seg.recolored()).astype(np.float32))


def test_axes_in_another_order_are_put_in_order(tmp_path):
    image = CELLS[:, 1]
    seg = kseg.segment(image.transpose(2, 1, 0), 2)
    path = seg.to_zarr(tmp_path / "out.zarr", axes="xyz", scale=(1, 2, 3), units=("nm", "um", "mm"))
    (found,) = described(path / "labels/clusters")["multiscales"]
    assert [axis["name"] for axis in found["axes"]] == ["z", "y", "x"]
    assert [axis["unit"] for axis in found["axes"]] == ["millimeter", "micrometer", "nanometer"]
    assert found["datasets"][0]["coordinateTransformations"][0]["scale"] == [3, 2, 1]
    assert_array_equal(levels(path, "labels/clusters")[0], seg.labels.transpose(2, 1, 0))


def test_a_series_keeps_its_times_and_a_deep_stack_shrinks(tmp_path):
    seg = kseg.segment(np.random.default_rng(0).integers(0, 9, (300, 4, 600), np.uint8), 2)
    shapes = [level.shape for level in levels(seg.to_zarr(tmp_path / "deep.zarr"))]
    assert shapes == [(300, 4, 600), (150, 2, 300)]
    path = seg.to_zarr(tmp_path / "series.zarr", axes="tyx", units=("s", None, None))
    assert [level.shape for level in levels(path)] == [(300, 4, 600), (300, 2, 300)]
    assert described(path)["multiscales"][0]["axes"][0] == {"name": "t", "type": "time", "unit": "second"}


def test_a_small_image_has_one_level_and_spacing_is_its_scale(photo, tmp_path):
    seg = kseg.segment(photo, 3, spacing=(2, 3))
    (found,) = described(seg.to_zarr(tmp_path / "out.zarr"))["multiscales"]
    assert found["datasets"] == [
        {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 3]}]},
    ]


@pytest.mark.parametrize("version", ["0.5", "0.4"])
def test_a_result_is_read_as_it_was_written(large, tmp_path, version):
    path = large.to_zarr(tmp_path / "out.zarr", version=version, scale=0.5, units="um", translate=(1, 2))
    image = read_zarr(path)
    assert isinstance(image.levels[0], da.Array)
    assert (image.axes, image.channel_axis, image.is_color) == ("yxc", 2, True)
    assert_array_equal(image.levels[0], large.recolored())
    assert [level.shape for level in image.levels] == [(1300, 1041, 3), (650, 521, 3), (325, 261, 3)]
    assert image.placement() == {
        "axes": "yx",
        "scale": (0.5, 0.5),
        "units": ("micrometer", "micrometer"),
        "translate": (1, 2),
    }


def test_a_result_is_replaced_only_on_request(photo, tmp_path):
    path = tmp_path / "out.zarr"
    kseg.segment(photo, 2).to_zarr(path)
    with pytest.raises(FileExistsError, match=r"out\.zarr is there already; set overwrite=True to replace it"):
        kseg.segment(photo, 3).to_zarr(path)
    assert levels(path, "labels/clusters")[0].max() == 2
    kseg.segment(photo, 3).to_zarr(path, overwrite=True)
    assert levels(path, "labels/clusters")[0].max() == 3
    assert [p.name for p in tmp_path.iterdir()] == ["out.zarr"]


def test_what_is_no_zarr_is_never_replaced(photo, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no Zarr, which is never replaced"):
        kseg.segment(photo, 2).to_zarr(tmp_path, overwrite=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"version": "0.3"}, 'give "0.5" or "0.4"'),
        ({"axes": "zyx"}, "does not name the 2 axes of the image besides the channels"),
        ({"axes": "cx"}, "y and x among them"),
        ({"scale": 0}, "must be above 0 for each of the axes y x"),
        ({"scale": (1, 2, 3)}, "a number for each of the axes y x"),
        ({"scale": (1, np.nan)}, "a number for each of the axes y x"),
        ({"units": "parrot"}, "'parrot' of the axis y is not known"),
        ({"units": ("um",)}, "for each of the axes y x"),
        ({"translate": "far"}, "a number for each of the axes y x"),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(photo, tmp_path, keywords, message):
    with pytest.raises(ValueError, match=message):
        kseg.segment(photo, 2).to_zarr(tmp_path / "out.zarr", **keywords)
    assert not list(tmp_path.iterdir())


def test_an_address_is_refused(photo):
    with pytest.raises(ValueError, match="is not a folder of this machine"):
        kseg.segment(photo, 2).to_zarr("s3://bucket/out.zarr")


def test_one_axis_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the image has 1 axis, but OME-Zarr holds 2 to 5"):
        kseg.segment(np.arange(9, dtype=np.uint8), 2).to_zarr(tmp_path / "out.zarr")


def test_without_zarr_one_sentence_says_how_to_get_it(photo, tmp_path, monkeypatch):
    seg = kseg.segment(photo, 2)
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(ImportError, match=r'pip install "napari-kseg\[zarr\]"'):
        seg.to_zarr(tmp_path / "out.zarr")


def test_progress_counts_all_blocks(large, tmp_path):
    seen = []
    large.to_zarr(tmp_path / "out.zarr", callback=lambda *told: seen.append(told))
    assert seen[0] == ("Writing", 0, seen[0][2])
    assert [done for _, done, _ in seen] == list(range(seen[0][2] + 1))
