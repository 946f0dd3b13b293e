"""Many images by one command: what comes out, and what is not done again."""

import csv
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
import tifffile
from npe2 import DynamicPlugin
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.batch import segment_files
from napari_kseg.image.batch_file import Task
from napari_kseg.image.image_files import find_images

PHOTO = data.coffee()[::8, ::8]


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(folder):
    """Files in a folder and below it, but those that are hidden."""
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in names if not name.startswith("."))


def times(folder):
    return {name: (folder / name).stat().st_mtime_ns for name in shown(folder) if name != "summary.csv"}


def unfinished(folder):
    return [path for path in folder.rglob("*") if "unfinished" in path.name or path.name.startswith(".napari-kseg-")]


@pytest.fixture
def scans(tmp_path):
    """Two photos in a folder, and one in a folder inside of it."""
    folder = tmp_path / "scans"
    (folder / "deep").mkdir(parents=True)
    for name, photo in (("a.png", PHOTO), ("b.png", PHOTO[::-1, :60]), ("deep/c.png", 255 - PHOTO)):
        Image.fromarray(photo).save(folder / name)
    return folder


def test_images_of_all_kinds_are_segmented_as_one_by_one(run, tmp_path):
    folder, out = tmp_path / "scans", tmp_path / "out"
    folder.mkdir()
    camera, rgba = data.camera()[::8, ::8], np.dstack([PHOTO, np.full(PHOTO.shape[:2], 9, np.uint8)])
    stack = np.stack([camera, camera[::-1], camera.T])
    values = camera.astype(np.float32) / 7
    Image.fromarray(PHOTO).save(folder / "photo.png")
    Image.fromarray(rgba).save(folder / "rgba.png")
    tifffile.imwrite(folder / "deep.tif", camera.astype(np.uint16) * 257)
    tifffile.imwrite(folder / "stack.tif", stack, photometric="minisblack")
    np.save(folder / "values.npy", values)
    (folder / "broken.tif").write_bytes(b"II*\0 nothing")
    (folder / "notes.txt").write_text("no image")
    status, printed, said = run("batch", folder, "-k", 3, "-o", out, "--jobs", 1)
    assert status == 1
    assert printed.startswith("5 of 6 images segmented\n")
    lines = said.splitlines()
    assert sum(line.startswith("napari-kseg: ") and "broken.tif cannot be read" in line for line in lines) == 1
    assert lines[-2] == "napari-kseg: 1 of 6 images could not be segmented:"
    assert lines[-1].startswith(f"  {folder / 'broken.tif'} cannot be read as an image (")
    assert any(line.startswith("5 of 6: stack.tif: 3 × 64 × 64 pixels in 3 clusters, ") for line in lines)
    images = {"photo.png": PHOTO, "rgba.png": rgba, "deep.tif": camera.astype(np.uint16) * 257, "stack.tif": stack}
    found = rows(out / "summary.csv")
    assert {row["file"] for row in found} == {*images, "values.npy"}
    for name, image in {**images, "values.npy": values}.items():
        seg = kseg.segment(image, 3)
        stem = name.partition(".")[0]
        assert_array_equal(tifffile.imread(out / f"{stem}_labels.tif"), seg.labels)
        own = [row for row in found if row["file"] == name]
        assert [int(row["label"]) for row in own] == [1, 2, 3]
        assert [row["name"] for row in own] == ["cluster 1", "cluster 2", "cluster 3"]
        assert [int(row["count"]) for row in own] == [int((seg.labels == label).sum()) for label in (1, 2, 3)]
        assert_allclose([float(row["fraction"]) for row in own], seg.fractions)
        assert_allclose([float(row["area"]) for row in own], seg.counts)
        for channel, centroids in zip(seg.channel_names, seg.centroids.T, strict=True):
            assert_allclose([float(row[f"centroid_{channel}"]) for row in own], centroids)
        assert_array_equal(kseg.load_model(out / f"{stem}_model.json").centroids, seg.centroids)
        assert [row["image"] for row in rows(out / f"{stem}_clusters.csv")] == [name] * 3
    with Image.open(out / "rgba_recolored.png") as recolored:
        assert_array_equal(np.asarray(recolored), kseg.segment(rgba, 3).recolored())
    assert unfinished(out) == []


def test_a_second_run_does_only_what_changed(run, scans, tmp_path):
    out = tmp_path / "out"
    assert run("batch", scans, "-k", 3, "-o", out)[0] == 0
    first, summary = times(out), (out / "summary.csv").read_bytes()
    (out / "summary.csv").unlink()
    status, printed, said = run("batch", scans, "-k", 3, "-o", out)
    assert (status, said) == (0, "1 of 2: a.png: done before\n2 of 2: b.png: done before\n")
    assert printed.startswith("2 of 2 images segmented, 2 of them before\n")
    assert times(out) == first
    assert (out / "summary.csv").read_bytes() == summary

    Image.fromarray(PHOTO[:40]).save(scans / "a.png")  # another image
    (out / "b_recolored.png").write_bytes(b"cut off")
    assert run("batch", scans, "-k", 3, "-o", out)[1].startswith("2 of 2 images segmented\n")
    assert_array_equal(tifffile.imread(out / "a_labels.tif"), kseg.segment(PHOTO[:40], 3).labels)
    with Image.open(out / "b_recolored.png") as recolored:
        assert recolored.size == (60, 50)

    (out / "b_labels.tif").unlink()
    assert "1 of them before" in run("batch", scans, "-k", 3, "-o", out)[1]
    assert "before" not in run("batch", scans, "-k", 4, "-o", out)[1]  # other settings
    assert len(rows(out / "summary.csv")) == 8
    assert "before" not in run("batch", scans, "-k", 4, "-o", out, "--overwrite")[1]
    assert "before" not in run("batch", scans, "-k", 4, "-o", out, "--write", "labels,masks,plot")[1]
    kinds = ("labels.tif", "centroids.png", *(f"mask_{label}.png" for label in (1, 2, 3, 4)))
    assert shown(out) == sorted(["summary.csv", *(f"{name}_{kind}" for name in "ab" for kind in kinds)])


def test_a_file_that_was_mended_joins_the_others(run, scans, tmp_path):
    out = tmp_path / "out"
    whole = (scans / "b.png").read_bytes()
    (scans / "b.png").write_bytes(whole[:100])
    assert run("batch", scans, "-k", 3, "-o", out)[0] == 1
    assert {row["file"] for row in rows(out / "summary.csv")} == {"a.png"}
    (scans / "b.png").write_bytes(whole)
    assert run("batch", scans, "-k", 3, "-o", out)[:2] == (
        0, f"2 of 2 images segmented, 1 of them before\nWritten to {out}{os.sep}, with summary.csv of all\n",
    )  # fmt: skip
    assert [row["file"] for row in rows(out / "summary.csv")] == ["a.png"] * 3 + ["b.png"] * 3


def test_clusters_of_the_first_image_that_can_be_segmented(run, scans, tmp_path):
    out, model = tmp_path / "out", kseg.segment(PHOTO, 4).model
    (scans / "0.png").write_text("not an image")
    assert run("batch", scans, "-k", 4, "-o", out, "--fit", "first")[0] == 1
    for name, image in (("a", PHOTO), ("b", PHOTO[::-1, :60])):
        assert_array_equal(tifffile.imread(out / f"{name}_labels.tif"), model.predict(image))
    assert_array_equal(kseg.load_model(out / "model.json").centroids, model.centroids)
    assert not list(out.glob("*_model.json"))
    before = times(out)
    assert "2 of them before" in run("batch", scans, "-k", 4, "-o", out, "--fit", "first")[1]
    assert times(out) == before  # the model as well


def test_clusters_of_all_images_together(run, scans, tmp_path):
    out = tmp_path / "out"
    images = {"a": PHOTO, "b": PHOTO[::-1, :60], "c": np.dstack([255 - PHOTO, np.full(PHOTO.shape[:2], 9, np.uint8)])}
    images["c"][0, :, 3] = 0  # transparent: nothing takes part
    Image.fromarray(images["c"]).save(scans / "c.png")
    together = np.concatenate(
        [images["a"].reshape(-1, 3), images["b"].reshape(-1, 3), images["c"][1:, :, :3].reshape(-1, 3)]
    )
    assert run("batch", scans, "-k", 4, "-o", out, "--fit", "all")[0] == 0
    model = kseg.load_model(out / "model.json")
    assert_array_equal(model.centroids, kseg.segment(together, 4, channel_axis=-1).centroids)
    for name, image in images.items():
        assert_array_equal(tifffile.imread(out / f"{name}_labels.tif"), model.predict(image))
    assert "3 of them before" in run("batch", scans, "-k", 4, "-o", out, "--fit", "all")[1]
    Image.fromarray(PHOTO[:30]).save(scans / "d.png")
    assert "before" not in run("batch", scans, "-k", 4, "-o", out, "--fit", "all")[1]  # other clusters


def test_clusters_of_all_gray_stacks(run, tmp_path, save):
    camera = data.camera()[::8, ::8]
    stacks = [np.stack([camera, camera[::-1]]), np.stack([camera + 9] * 3).astype(np.uint8)]
    paths = [save(f"{i}.tif", stack, photometric="minisblack") for i, stack in enumerate(stacks)]
    assert run("batch", *paths, "-k", 4, "-o", tmp_path / "out", "--fit", "all")[0] == 0
    together = np.concatenate([stack.ravel() for stack in stacks])
    model = kseg.load_model(tmp_path / "out" / "model.json")
    assert_array_equal(model.centroids, kseg.segment(together, 4).centroids)
    assert_array_equal(tifffile.imread(tmp_path / "out" / "1_labels.tif"), model.predict(stacks[1]))


def test_a_model_labels_all_images(run, scans, tmp_path):
    out, seg = tmp_path / "out", kseg.segment(PHOTO, 4).merge([1, 2]).named({2: "cup, saucer"})
    seg.model.save(tmp_path / "cup.json")
    mask = np.zeros(PHOTO.shape[:2], np.uint8)
    mask[10:] = 1
    Image.fromarray(mask).save(tmp_path / "mask.png")
    (scans / "b.png").unlink()
    arguments = ("batch", scans, "-o", out, "--model", tmp_path / "cup.json", "--mask", tmp_path / "mask.png")
    assert run(*arguments)[0] == 0
    assert_array_equal(tifffile.imread(out / "a_labels.tif"), seg.model.predict(PHOTO, mask > 0))
    assert [row["name"] for row in rows(out / "summary.csv")] == ["cluster 1", "cup, saucer", "cluster 3"]
    assert shown(out) == ["a_clusters.csv", "a_labels.tif", "a_recolored.png", "summary.csv"]
    assert "1 of them before" in run(*arguments)[1]
    seg.named({1: "table"}).model.save(tmp_path / "cup.json")
    assert "before" not in run(*arguments)[1]


def test_folders_inside_are_looked_into_if_asked(run, scans, tmp_path):
    out = scans / "out"  # inside, and yet no result is taken for an image
    for _ in range(2):
        assert run("batch", scans, "-r", "-k", 2, "-o", out, "--write", "labels")[0] == 0
    assert shown(out) == ["a_labels.tif", "b_labels.tif", "deep/c_labels.tif", "summary.csv"]
    assert [row["file"] for row in rows(out / "summary.csv")[::2]] == ["a.png", "b.png", "deep/c.png"]
    assert run("batch", out, "-k", 2, "-o", tmp_path / "more")[2].count("no image file") == 1
    assert run("batch", out / "deep", "-k", 2, "-o", tmp_path / "more")[2].count("no image file") == 1


def test_patterns_files_and_folders_go_together(run, scans, tmp_path):
    out = tmp_path / "out"
    Image.fromarray(PHOTO).save(scans / "a.bmp")
    inputs = (scans / "**" / "*.png", scans / "a.png", scans)  # what is meant twice is done once
    assert run("batch", *inputs, "-k", 2, "-o", out, "--write", "labels")[0] == 0
    assert shown(out) == [
        "a.bmp_labels.tif", "a.png_labels.tif", "b_labels.tif", "deep/c_labels.tif", "summary.csv",
    ]  # fmt: skip
    (scans / "a[1].png").write_bytes((scans / "a.png").read_bytes())  # a name, though it could be a pattern
    assert run("batch", scans / "a[1].png", "-k", 2, "-o", out)[0] == 0
    assert (out / "a[1]_labels.tif").exists()


def test_several_at_once_give_the_same(run, scans, tmp_path):
    (scans / "0.png").write_text("not an image")
    for jobs in (1, 2):
        assert run("batch", scans, "-r", "-k", 3, "-o", tmp_path / f"{jobs}", "--jobs", jobs)[0] == 1
    for name in shown(tmp_path / "1"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    assert shown(tmp_path / "1") == shown(tmp_path / "2")


def test_a_process_that_is_killed_takes_no_image_with_it(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(6):
        Image.fromarray(PHOTO[number:]).save(folder / f"{number}.png")

    def kill(file, outcome):
        for process in multiprocessing.active_children()[:1]:
            process.kill()

    files = find_images([folder])
    result = segment_files(files, tmp_path / "out", Task({"n_clusters": 3}, ("labels",)), jobs=2, tell=kill)
    assert (result.n_done, result.failed) == (6, [])
    assert {row["file"] for row in rows(tmp_path / "out" / "summary.csv")} == {f"{number}.png" for number in range(6)}


def test_a_run_of_which_all_was_killed_is_finished(run, scans, tmp_path):
    out = tmp_path / "out"
    run("batch", scans, "-k", 3, "-o", out)
    record = out / ".napari-kseg" / "records" / "a.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "complete": False}))  # while files were moved
    (out / "a_labels.tif").write_bytes((out / "b_labels.tif").read_bytes())
    (out / ".napari-kseg" / f"unfinished-{os.uname().nodename}-99999999-x").mkdir()
    assert run("batch", scans, "-k", 3, "-o", out)[1].startswith("2 of 2 images segmented, 1 of them before")
    assert_array_equal(tifffile.imread(out / "a_labels.tif"), kseg.segment(PHOTO, 3).labels)
    assert unfinished(out) == []


INTERRUPTED = """
import signal, sys
from napari_kseg.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests may have told it to be ignored
    main(sys.argv[1:])
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_keeps_what_is_done_and_leaves_nothing_half_written(run, save, tmp_path, jobs):
    out, random = tmp_path / "out", np.random.default_rng(0)
    for number in range(12):
        save(f"{number:02}.tif", random.random((400, 400, 3), np.float32), photometric="rgb")
    arguments = ["batch", str(tmp_path), "-k", "30", "-o", str(out), "--jobs", str(jobs), "--write", "labels,table"]
    program = tmp_path / "program.py"
    program.write_text(INTERRUPTED)
    with subprocess.Popen(
        [sys.executable, program, *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while len(list(out.glob("*_clusters.csv"))) < 3:  # then the first one is done
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        while process.poll() is None:  # again, as a person would: one that comes while LLVM calls back is lost
            os.killpg(process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
        said = process.stderr.read()
    done = {row["file"] for row in rows(out / "summary.csv")}
    assert process.returncode == 130, said
    assert 1 <= len(done) < 12
    assert said.splitlines()[-1].startswith(f"napari-kseg: stopped; {len(done)} of 12 images are done")
    assert "Traceback" not in said
    assert unfinished(out) == []
    for path in out.glob("*_labels.tif"):
        assert tifffile.imread(path).shape == (400, 400)
    status, printed, _ = run(*arguments, "--max-iter", "300")
    assert status == 0
    assert int(printed.split(", ")[1].split()[0]) >= len(done)
    assert len(rows(out / "summary.csv")) == 12 * 30


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "nothing does not exist"),
        (["*.jp2"], "no image matches *.jp2"),
        (["empty"], "empty has no image file, whose name ends with"),
        (["locked"], "locked cannot be read (Permission denied); choose another folder"),
        (["scans/a.png", "more/a.png"], "have the same name, and so would their results; rename one, or give a folder"),
        (["scans", "-o", "scans"], "scans is the folder of the images"),
        (["scans", "-o", "scans/a.png"], "results cannot be written to scans/a.png ("),
        (["scans", "-o", "used"], "used/a_labels.tif is there already and not known as a result"),
        (["scans", "-o", "used", "--fit", "first"], "used/a_labels.tif is there already and not known as a result"),
        (["scans", "--fit", "last"], "--fit last is not possible; give each, first or all"),
        (["scans", "--jobs", "0"], "--jobs 0 is not possible; give auto or a whole number of 1 or more"),
        (
            ["scans", "--write", "labels,pictures"],
            "--write labels,pictures is not possible; give one or more of",
        ),
        (["scans", "-k", "0"], "--clusters 0"),
        (["scans", "--mask", "nothing.png"], "nothing.png does not exist"),
        (["scans", "--model", "nothing.json"], "nothing.json cannot be read"),
        (["scans", "--model", "scans/a.png"], "is not a napari-kseg model"),
        (["scans", "--model", "m.json", "-k", "3"], "--clusters is not possible with --model"),
        (["scans", "--model", "m.json", "--fit", "all"], "--fit is not possible with --model"),
        (["scans", "--fit", "all", "--sigma", "2"], "--sigma 2.0 needs the pixels around each"),
        (["scans", "--fit", "all", "--downsample", "5"], "--downsample 5"),
        (["scans", "--fit", "all", "--points", "3,3"], "seeds lie in one image; give --fit first or --fit each"),
        (["scans", "mixed", "--fit", "all"], "3 channels of uint8 and"),
        (["broken.png", "--fit", "all"], "none of the files can be read as an image; of the first: broken.png cannot"),
        (["scans", "--fit", "all", "--channel-axis", "7"], "of the first: --channel-axis 7, but the image has 3 axes"),
        (["broken.png", "--fit", "first"], "none of the files can be segmented; of the first: broken.png cannot"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(run, scans, save, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "locked", "more", "mixed", "used"):
        (tmp_path / name).mkdir()
    shutil.copy(scans / "a.png", "more/a.png")
    (tmp_path / "broken.png").write_text("no image")
    (tmp_path / "used" / "a_labels.tif").write_text("mine")
    save("mixed/deep.tif", np.ones((40, 40), np.uint16))
    kseg.segment(PHOTO, 2).model.save("m.json")
    listed = type(tmp_path).iterdir

    def iterdir(path):  # who runs the tests may be allowed to read everything
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)
    output = [] if "-o" in arguments else ["-o", "out"]
    status, printed, complaints = run("batch", *arguments, *output)
    assert (status, printed) == (2, "")
    assert complaints.startswith("napari-kseg: ")
    assert complaints.count("\n") == 1
    assert said in complaints
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "used" / "a_labels.tif").read_text() == "mine"


def test_results_of_another_image_of_the_same_name_stay(run, scans, tmp_path):
    out, more = tmp_path / "out", tmp_path / "more"
    more.mkdir()
    Image.fromarray(PHOTO[::-1]).save(more / "a.png")
    run("batch", scans, "-k", 3, "-o", out)
    before = times(out)
    status, _, said = run("batch", more, "-k", 3, "-o", out)
    assert (status, said.count("\n")) == (2, 1)
    assert f"{out} has results of {scans / 'a.png'}, which those of {more / 'a.png'} would replace" in said
    assert times(out) == before
    scans.rename(tmp_path / "moved")  # the same files elsewhere
    assert "2 of them before" in run("batch", tmp_path / "moved", "-k", 3, "-o", out)[1]


def test_a_file_in_the_way_of_one_result_is_told_and_stays(run, scans, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "a_recolored.png").write_text("mine")
    status, _, said = run("batch", scans, "-k", 3, "-o", out)
    assert status == 1
    assert "a_recolored.png is there already and not known as a result" in said
    assert (out / "a_recolored.png").read_text() == "mine"
    assert {row["file"] for row in rows(out / "summary.csv")} == {"b.png"}


def test_warnings_are_told_for_each_image(run, tmp_path, save):
    for name in ("a.tif", "b.tif"):
        save(name, np.random.default_rng(0).random((60, 60, 3), np.float32), photometric="rgb")
    status, _, said = run("batch", tmp_path / "*.tif", "-k", 20, "--max-iter", 1, "-o", tmp_path / "out")
    assert status == 0
    for name in ("a.tif", "b.tif"):
        (line,) = [line for line in said.splitlines() if line.startswith(f"napari-kseg: warning: {name}: ")]
        assert "did not converge" in line
        assert "--max-iter 1" in line


def test_no_script_is_run_and_no_table_taken_for_an_image(run, tmp_path):
    script, table = tmp_path / "evil.py", tmp_path / "points.csv"
    script.write_text(f"open({str(tmp_path / 'trace')!r}, 'w')")
    table.write_text("index,axis-0,axis-1\n0,1.0,2.0\n")
    status, _, said = run("batch", script, table, "-o", tmp_path / "out")
    assert status == 1
    assert not (tmp_path / "trace").exists()
    assert f"  {script} cannot be read as an image (" in said
    assert f"  {table} cannot be read as an image (it holds no image" in said


def test_a_full_disk_is_one_sentence(run, scans, tmp_path):
    import resource

    run("batch", scans, "-k", 3, "-o", tmp_path / "before")  # what is compiled now may be kept on the disk
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, limits[1]))
    try:
        status, _, said = run("batch", scans, "-k", 3, "-o", tmp_path / "out", "--jobs", 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status == 2
    sentence = f"results cannot be written to {tmp_path / 'out'} (File too large); choose another folder, or make room"
    assert said == f"napari-kseg: {sentence}\n"
    assert shown(tmp_path / "out") == []
    assert unfinished(tmp_path / "out") == []
    assert run("batch", scans, "-k", 3, "-o", tmp_path / "out")[0] == 0


@pytest.fixture
def plugin():
    """A plugin whose reader opens `.apart`, a NumPy file with the channels first, and `.levels`, a pyramid of it."""
    with DynamicPlugin("test-reader") as plugin:

        @plugin.contribute.reader(filename_patterns=["*.apart", "*.levels"])
        def get_reader(path):
            def read(path):
                with open(path[0] if isinstance(path, list) else path, "rb") as file:
                    image = np.load(file)
                if str(path).endswith("levels"):
                    return [([image[0], image[0][::2, ::2]], {"multiscale": True}, "image")]
                return [(image, {"channel_axis": 0, "name": ["DAPI", "GFP"]}, "image"), (image[0] > 9, {}, "labels")]

            return read

        yield plugin


@pytest.mark.usefixtures("plugin")
def test_what_a_plugin_reads_is_an_image_also_in_a_folder(run, tmp_path):
    folder, out = tmp_path / "scans", tmp_path / "out"
    folder.mkdir()
    channels = np.stack([data.camera()[::8, ::8], data.camera()[::8, ::8].T])
    for name in ("cells.apart", "slide.levels", "notes.txt"):
        with (folder / name).open("wb") as file:
            np.save(file, channels)
    status, _, said = run("batch", folder, "-k", 3, "-o", out)
    assert status == 0, said
    seg = kseg.segment(list(channels), 3)
    assert_array_equal(tifffile.imread(out / "cells_labels.tif"), seg.labels)
    for number, recolored in enumerate(seg.recolored()):
        assert_array_equal(tifffile.imread(out / f"cells_recolored_{number}.tif"), recolored)
    assert_array_equal(tifffile.imread(out / "slide_labels.tif"), kseg.segment(channels[0], 3).labels)
    assert run(folder / "cells.apart", "-k", 3, "-o", tmp_path / "one")[0] == 0  # of a single image as well
    assert_array_equal(tifffile.imread(tmp_path / "one" / "cells_labels.tif"), seg.labels)
