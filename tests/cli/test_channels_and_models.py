"""Several files as the channels of one image, and a model instead of a search."""

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from skimage import data

from napari_kseg import load_model, segment

pytestmark = pytest.mark.usefixtures("no_matplotlib")


@pytest.fixture
def bands():
    """Three channels, each with its own dtype."""
    photo = data.coffee()[:60, :80]
    return [photo[..., 0], photo[..., 1].astype(np.uint16) * 100, (photo[..., 2] / 255).astype(np.float32)]


@pytest.fixture
def files(save, bands):
    return [save(f"band{i}.tif", band) for i, band in enumerate(bands)]


def test_files_are_channels_each_of_its_own_dtype(run, files, bands, tmp_path):
    out = tmp_path / "out"
    status, printed, errors = run(*files, "--as-channels", "-k", "3", "--normalize", "zscore", "-o", out)
    assert (status, errors) == (0, "")
    wanted = segment(bands, 3, normalize="zscore")
    assert_array_equal(tifffile.imread(out / "band0_labels.tif"), wanted.labels)
    for i, recolored in enumerate(wanted.recolored()):
        written = tifffile.imread(out / f"band{i}_recolored.tif")
        assert written.dtype == bands[i].dtype
        assert_array_equal(written, recolored)
    assert "band0.tif, band1.tif, band2.tif: 60 × 80 pixels in 3 clusters" in printed


def test_a_model_labels_files_as_the_run_that_found_it(run, files, tmp_path):
    run(*files, "--as-channels", "-k", "3", "--normalize", "zscore", "-o", tmp_path / "out")
    again = tmp_path / "again"
    status, _, errors = run(*files, "--as-channels", "--model", tmp_path / "out" / "model.json", "-o", again)
    assert (status, errors) == (0, "")
    first, second = (tifffile.imread(folder / "band0_labels.tif") for folder in (tmp_path / "out", again))
    assert_array_equal(first, second)


def test_a_model_labels_another_photo_by_its_own_colors(run, save, tmp_path):
    photo = data.coffee()[:60, :80]
    model = segment(photo, 3).model
    model.save(tmp_path / "model.json")
    mask = np.zeros((60, 80), np.uint8)
    mask[20:] = 255
    out = tmp_path / "out"
    arguments = ["--model", tmp_path / "model.json", "--mask", save("mask.png", mask), "-o", out]
    assert run(save("other.png", photo[::-1]), *arguments)[0] == 0
    assert_array_equal(tifffile.imread(out / "other_labels.tif"), model.predict(photo[::-1], mask > 0))
    assert_array_equal(load_model(out / "model.json").centroids, model.centroids)


def test_points_are_pixels_also_where_they_could_be_colors(run, save, bands, tmp_path):
    image = np.stack([bands[0], bands[0][::-1]], -1)  # two channels and two axes
    path = save("two.tif", image, photometric="minisblack", planarconfig="contig")
    options = ["--channel-axis", "2", "-k", "2", "--points", "10,10 50,70"]
    assert run(path, *options, "-o", tmp_path / "out")[0] == 0
    seeds = [image[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 2).mean(0).tolist() for y, x in ((10, 10), (50, 70))]
    assert load_model(tmp_path / "out" / "model.json").settings.to_dict()["init"] == seeds


def test_files_that_were_given_are_never_replaced(run, save, stripes, tmp_path):
    scribbles = np.zeros((32, 40), np.uint8)
    scribbles[:2] = 1
    out = tmp_path / "out"
    assert run(stripes, "-k", "2", "-o", out)[0] == 0
    tifffile.imwrite(out / "stripes_labels.tif", scribbles)
    status, _, errors = run(stripes, "-k", "2", "--scribbles", out / "stripes_labels.tif", "-o", out)
    assert status == 2
    assert "was given and would be replaced by a result; give another folder" in errors
    assert_array_equal(tifffile.imread(out / "stripes_labels.tif"), scribbles)


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["a.tif", "small.tif"], ["--as-channels"], "a.tif has 8 × 9 pixels, but small.tif has 8 × 5; --as-channels"),
        (["a.tif", "b.tif"], [], "exactly one IMAGE, but 2 were given; --as-channels takes them as the channels"),
        (["a.tif", "photo.png"], ["--as-channels"], "photo.png is a color image; with --as-channels each file is one"),
        (["a.tif", "sub/A.tif"], ["--as-channels"], "have one name, and so would their results; rename one"),
        (["a.tif", "b.tif"], ["--as-channels", "--channel-axis", "0"], "--channel-axis 0 and --as-channels are both"),
        (["a.tif", "b.tif"], ["--as-channels", "--model", "m.json"], "has 2 channels, but the model was found in an"),
        (["a.tif"], ["--model", "none.json"], "none.json cannot be read (No such file"),
        (["a.tif"], ["--model", "a.tif"], "a.tif is not a napari-kseg model"),
        (["a.tif"], ["--model", "bad.json"], "bad.json: this is not a napari-kseg model"),
        (["a.tif"], ["--model", "m.json", "-k", "3"], "--clusters and --model are both given; a model has its own"),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(run, save, tmp_path, monkeypatch, names, options, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    for name, shape in {"a.tif": (8, 9), "b.tif": (8, 9), "sub/A.tif": (8, 9), "small.tif": (8, 5)}.items():
        save(name, np.arange(np.prod(shape), dtype=np.uint8).reshape(shape))
    save("photo.png", np.zeros((8, 9, 3), np.uint8))
    (tmp_path / "bad.json").write_text("{}")
    segment([np.arange(9.0)] * 3, 2).model.save(tmp_path / "m.json")
    status, printed, errors = run(*names, *options, "-o", "out")
    assert (status, printed) == (2, "")
    assert errors.count("\n") == 1
    assert words in errors
    assert not (tmp_path / "out").exists()
