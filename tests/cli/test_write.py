"""What a run leaves in the folder."""

import csv
import json

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image
from skimage import data

import napari_kseg as kseg


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_results_are_written(run, stripes, tmp_path):
    out = tmp_path / "deep" / "out"
    status, printed, complaints = run(stripes, "-k", 4, "-o", out)
    assert (status, complaints) == (0, "")
    assert {path.name for path in out.iterdir()} == {
        "stripes_labels.tif",
        "stripes_recolored.png",
        *(f"stripes_mask_{label}.png" for label in (1, 2, 3, 4)),
        "clusters.csv",
        "model.json",
        "centroids.png",
    }
    labels = pixels(out / "stripes_labels.tif")
    assert labels.dtype == np.uint8
    assert_array_equal(labels[::8, 0], [3, 1, 4, 2])
    assert_array_equal(pixels(out / "stripes_recolored.png"), pixels(stripes))
    for label in (1, 2, 3, 4):
        assert_array_equal(pixels(out / f"stripes_mask_{label}.png"), np.where(labels == label, 255, 0))
    assert pixels(out / "centroids.png").shape[:2] == (800, 1200)
    assert str(out) in printed
    for color, label, share in (("#0a0a1e", 1, "25.0%"), ("#c82828", 2, "25.0%")):
        (line,) = [line for line in printed.splitlines() if color in line]
        assert line.split()[0] == str(label)
        assert "320" in line
        assert share in line


@pytest.mark.usefixtures("no_matplotlib")
def test_the_table_is_that_of_the_library(run, stripes, tmp_path):
    run(stripes, "-k", 4, "-o", tmp_path / "out")
    written = rows(tmp_path / "out" / "clusters.csv")
    assert [row["image"] for row in written] == ["stripes.png"] * 4
    assert [int(row["label"]) for row in written] == [1, 2, 3, 4]
    assert [[float(row[f"centroid_{c}"]) for c in "RGB"] for row in written] == [
        [10, 10, 30],
        [200, 40, 40],
        [90, 160, 90],
        [250, 240, 230],
    ]


@pytest.mark.usefixtures("no_matplotlib")
def test_the_model_labels_the_image_alike(run, stripes, tmp_path):
    run(stripes, "-k", 4, "-o", tmp_path / "out")
    model = kseg.load_model(tmp_path / "out" / "model.json")
    assert_array_equal(model.predict(pixels(stripes)), pixels(tmp_path / "out" / "stripes_labels.tif"))


@pytest.mark.usefixtures("no_matplotlib")
def test_options_reach_the_segmentation(run, save, tmp_path):
    photo = data.astronaut()[::4, ::4]
    path = save("photo.png", photo)
    status, *_ = run(
        path, "-k", 7, "--downsample", 2.5, "--seed", 3, "--n-init", 2, "--max-iter", 40, "--tol", 0.01, "-o", tmp_path
    )
    assert status == 0
    settings = json.loads((tmp_path / "model.json").read_text())["settings"]
    expected = {"n_clusters": 7, "downsample": 2.5, "random_state": 3, "n_init": 2, "max_iter": 40, "tol": 0.01}
    assert expected.items() <= settings.items()
    seg = kseg.segment(photo, 7, downsample=2.5, random_state=3, n_init=2, max_iter=40, tol=0.01)
    assert_array_equal(pixels(tmp_path / "photo_labels.tif"), seg.labels)


@pytest.mark.usefixtures("no_matplotlib")
def test_auto_finds_the_number_of_clusters(run, stripes, tmp_path):
    status, printed, complaints = run(stripes, "-k", "auto", "-o", tmp_path)
    assert (status, complaints) == (0, "")
    assert "in 4 clusters" in printed
    assert kseg.load_model(tmp_path / "model.json").settings.n_clusters == 4


@pytest.mark.usefixtures("no_matplotlib")
def test_a_mask_leaves_pixels_out(run, stripes, save, tmp_path):
    mask = np.zeros((32, 40), np.uint8)
    mask[8:] = 7
    status, printed, _ = run(stripes, "-k", 3, "--mask", save("mask.png", mask, "RGB"), "-o", tmp_path)
    assert status == 0
    labels = pixels(tmp_path / "stripes_labels.tif")
    assert_array_equal(labels[::8, 0], [0, 1, 3, 2])
    assert "33.3%" in printed
    assert_array_equal(pixels(tmp_path / "stripes_recolored.png"), pixels(stripes))  # left out: as it was


@pytest.mark.usefixtures("no_matplotlib")
def test_a_run_that_did_not_converge_says_so_and_writes_all(run, save, tmp_path):
    path = save("noise.tif", np.random.default_rng(0).random((60, 60, 3), np.float32), photometric="rgb")
    status, _, complaints = run(path, "-k", 20, "--max-iter", 1, "-o", tmp_path)
    assert status == 0
    assert "did not converge" in complaints
    assert "--max-iter 1" in complaints
    assert len(rows(tmp_path / "clusters.csv")) == 20


@pytest.mark.usefixtures("no_matplotlib")
def test_many_clusters_have_16_bit_labels(run, save, tmp_path):
    path = save("gray.tif", np.arange(300, dtype=np.uint16).reshape(15, 20) * 7)
    run(path, "-k", 300, "-o", tmp_path)
    labels = tifffile.imread(tmp_path / "gray_labels.tif")
    assert labels.dtype == np.uint16
    assert_array_equal(labels.ravel(), np.arange(1, 301))


@pytest.mark.usefixtures("no_matplotlib")
def test_without_matplotlib_one_line_says_how_to_get_it(run, stripes, tmp_path):
    status, printed, complaints = run(stripes, "-k", 4, "-o", tmp_path)
    assert (status, complaints) == (0, "")
    assert printed.count('pip install "napari-kseg[plot]"') == 1
    assert not (tmp_path / "centroids.png").exists()
    assert (tmp_path / "model.json").exists()


@pytest.mark.usefixtures("no_matplotlib")
def test_fewer_clusters_later_leave_no_mask_of_before(run, stripes, tmp_path):
    run(stripes, "-k", 4, "-o", tmp_path)
    run(stripes, "-k", 2, "-o", tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*mask*")) == ["stripes_mask_1.png", "stripes_mask_2.png"]


def test_runs_on_several_images_keep_one_anothers_results(run, stripes, save, tmp_path):
    camera, out = save("camera.png", data.camera()[::8, ::8]), tmp_path / "out"
    for path, k in ((stripes, 4), (camera, 3), (stripes, 2)):
        run(path, "-k", k, "-o", out)
    assert [row["image"] for row in rows(out / "clusters.csv")] == ["stripes.png"] * 2
    assert [row["image"] for row in rows(out / "camera_clusters.csv")] == ["camera.png"] * 3
    assert kseg.load_model(out / "camera_model.json").n_clusters == 3
    assert {"camera_centroids.png", "camera_labels.tif", "stripes_labels.tif"} <= {path.name for path in out.iterdir()}
    assert not (out / "stripes_clusters.csv").exists()


@pytest.mark.usefixtures("no_matplotlib")
def test_other_files_in_the_folder_stay(run, stripes, tmp_path):
    (tmp_path / "stripes_mask_1.txt").write_text("mine")
    (tmp_path / "notes.csv").write_text("mine")
    before = stripes.read_bytes()
    run(stripes, "-k", 2, "-o", tmp_path)
    assert (tmp_path / "stripes_mask_1.txt").read_text() == (tmp_path / "notes.csv").read_text() == "mine"
    assert stripes.read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


@pytest.mark.usefixtures("no_matplotlib")
@pytest.mark.parametrize("name", ["clusters.csv", "model.json", "stripes_mask_2.png", "stripes_labels.tif"])
def test_a_file_that_is_not_ours_is_never_written_over(run, stripes, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    code, _, said = run(stripes, "-k", 2, "-o", out)
    assert code == 2
    assert name in said
    assert [path.name for path in out.iterdir()] == [name]
    assert (out / name).read_text() == "mine"


@pytest.mark.usefixtures("no_matplotlib")
def test_a_mask_named_like_ours_is_not_removed(run, stripes, save, tmp_path):
    mask = save("stripes_mask_9.png", np.full((32, 40), 255, np.uint8))
    for _ in range(2):
        assert run(stripes, "--mask", mask, "-k", 2, "-o", tmp_path)[0] == 0
    assert mask.exists()


@pytest.mark.usefixtures("no_matplotlib")
def test_an_image_of_the_same_name_in_another_format_keeps_its_results(run, stripes, save, tmp_path):
    out, twin = tmp_path / "out", save("stripes.bmp", np.repeat(np.uint8([9, 200]), 96).reshape(8, 8, 3))
    run(stripes, "-k", 4, "-o", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, _, said = run(twin, "-k", 2, "-o", out)
    assert (code, len(said.splitlines())) == (2, 1)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.usefixtures("no_matplotlib")
def test_a_folder_in_the_way_leaves_everything_as_it_was(run, stripes, tmp_path):
    out = tmp_path / "out"
    run(stripes, "-k", 4, "-o", out)
    (out / "stripes_labels.tif").unlink()
    (out / "stripes_labels.tif").mkdir()
    before = sorted(path.name for path in out.iterdir())
    assert run(stripes, "-k", 2, "-o", out)[0] == 2
    assert sorted(path.name for path in out.iterdir()) == before


@pytest.mark.usefixtures("no_matplotlib")
@pytest.mark.parametrize("name", ["stripes_mask_2.png", "stripes_labels.tif"])
def test_a_result_given_as_the_mask_is_not_replaced(run, stripes, tmp_path, name):
    run(stripes, "-k", 4, "-o", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code, _, said = run(stripes, "--mask", tmp_path / name, "-k", 1, "-o", tmp_path)
    assert (code, len(said.splitlines())) == (2, 1)
    assert name in said
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("no_matplotlib")
def test_a_file_in_the_way_of_a_renamed_table_stays(run, stripes, save, tmp_path):
    out = tmp_path / "out"
    run(stripes, "-k", 4, "-o", out)
    (out / "stripes_clusters.csv").write_text("mine")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, _, said = run(save("camera.png", data.camera()[::8, ::8]), "-k", 2, "-o", out)
    assert code == 2
    assert "stripes_clusters.csv" in said
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.usefixtures("no_matplotlib")
def test_a_folder_named_like_an_old_mask_stays(run, stripes, tmp_path):
    out = tmp_path / "out"
    run(stripes, "-k", 4, "-o", out)
    (out / "stripes_mask_4.png").unlink()
    (out / "stripes_mask_4.png").mkdir()
    assert run(stripes, "-k", 2, "-o", out)[0] == 0
    assert (out / "stripes_mask_4.png").is_dir()
    assert not (out / "stripes_mask_3.png").exists()


@pytest.mark.usefixtures("no_matplotlib")
def test_a_mask_in_another_format_than_ours_stays(run, stripes, tmp_path):
    (tmp_path / "stripes_mask_1.tif").write_text("mine")
    for k in (4, 2):
        assert run(stripes, "-k", k, "-o", tmp_path)[0] == 0
    assert (tmp_path / "stripes_mask_1.tif").read_text() == "mine"
    assert not (tmp_path / "stripes_mask_3.png").exists()


def test_values_that_are_no_data_are_left_out(run, stripes, tmp_path):
    arguments = ("-k", 2, "--nodata", 7, "--nodata", 9, "--background", 30, "--saturated", 240, "-o", tmp_path / "out")
    assert run(stripes, *arguments)[0] == 0
    assert_array_equal(pixels(tmp_path / "out" / "stripes_labels.tif")[::8, 0], [2, 0, 0, 1])
    settings = json.loads((tmp_path / "out" / "model.json").read_text())["settings"]
    assert (settings["nodata"], settings["background"], settings["saturated"]) == ([7, 9], 30, 240)


def test_specks_join_what_is_around_them(run, save, tmp_path):
    image = np.full((20, 20), 200, np.uint8)
    image[:, :8], image[5, 15], image[12:15, 3] = 20, 20, 200
    path = save("dots.png", image)
    assert run(path, "-k", 2, "--min-size", 2, "--majority", 0, "-o", tmp_path / "out")[0] == 0
    labels = pixels(tmp_path / "out" / "dots_labels.tif")
    assert (labels[5, 15], labels[13, 3]) == (2, 2)
    assert run(path, "-k", 2, "--majority", 1, "-o", tmp_path / "smooth")[0] == 0
    assert pixels(tmp_path / "smooth" / "dots_labels.tif")[13, 3] == 1
