"""The menu "More", in a real viewer: what is copied, saved and applied is read back."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pandas
import pytest
import tifffile
from imageio import v3 as imageio
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QDialog, QFileDialog, QListWidget, QPushButton
from skimage import data

import napari_kseg as kseg
from napari_kseg.viewer.more_menu import ENTRIES


@pytest.fixture
def photo():
    return data.coffee()[:100, :140]


@pytest.fixture
def other_photo():
    return data.coffee()[150:260, 100:260]


@pytest.fixture
def segmented(desk, photo):
    """The desk with an image and its five clusters."""
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run(n_clusters=5)
    return desk


@pytest.fixture
def choose(desk):
    """Open the menu by a click, and choose an entry by the keyboard; return whether it was offered."""

    def choose(text):
        offered = []

        def pick():
            menu = desk.button("More").menu()
            (entry,) = (entry for entry in menu.actions() if entry.text().replace("&", "") == text)
            offered.append(entry.isEnabled())
            if entry.isEnabled():
                menu.setActiveAction(entry)
                desk.qtbot.keyClick(menu, Qt.Key.Key_Return)
            menu.close()

        QTimer.singleShot(0, pick)
        desk.click("More")
        desk.wait_for(lambda: bool(offered))
        return offered == [True]

    return choose


@pytest.fixture
def answer(monkeypatch):
    """Answer the dialogs that ask for files, one after the other."""
    answers = []

    def answer(*paths):
        answers[:] = map(str, paths)

    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (answers.pop(0), ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: answers.pop(0))
    return answer


def clipboard():
    return QGuiApplication.clipboard().text()


def labels_of(desk, name="coffee"):
    return desk.viewer.layers[f"{name} clusters"].data


def offered(desk):
    menu = desk.button("More").menu()
    menu.aboutToShow.emit()
    return [entry.text().replace("&", "") for entry in menu.actions() if entry.isEnabled() and entry.text()]


def test_only_what_is_possible_is_offered(desk, photo):
    assert offered(desk) == []
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    assert offered(desk) == ["Apply a model…"]
    desk.run(n_clusters=3)
    everything = [text.replace("&", "") for text, _ in ENTRIES.values()]
    assert offered(desk) == [text for text in everything if text != "Apply to layers…"]
    desk.viewer.add_image(photo, name="again", rgb=True)
    desk.viewer.layers.selection.active = desk.viewer.layers["coffee"]
    assert offered(desk) == everything


def test_every_entry_explains_itself_and_has_a_key(desk):
    entries = [entry for entry in desk.button("More").menu().actions() if entry.text()]
    assert all(len(entry.toolTip()) > 30 and "&" in entry.text() for entry in entries)
    keys = [entry.text().partition("&")[2][0].lower() for entry in entries]
    assert len(set(keys)) == len(keys)
    assert desk.button("More").focusPolicy() & Qt.FocusPolicy.TabFocus
    assert desk.widget.native.minimumSizeHint().width() <= 300


def test_the_copied_python_repeats_what_was_done(segmented, choose):
    segmented.widget._panel.table.select({2, 3})
    segmented.click("Merge")
    segmented.wait_until_idle()
    wanted = labels_of(segmented).copy()
    assert choose("Copy as Python")
    assert segmented.status == "Python is in the clipboard."
    segmented.run(n_clusters=2)
    exec(clipboard(), {"viewer": segmented.viewer})
    assert_array_equal(labels_of(segmented), wanted)


def test_the_table_is_copied_and_saved(segmented, choose, answer, tmp_path, photo):
    seg = kseg.segment(photo, 5)
    assert choose("Copy table")
    copied = pandas.read_csv(io.StringIO(clipboard()), sep="\t", thousands=",")
    assert copied["Pixels"].tolist() == seg.counts.tolist()
    answer(tmp_path / "my table")
    assert choose("Save table…")
    saved = pandas.read_csv(tmp_path / "my table.csv")
    assert saved["label"].tolist() == [1, 2, 3, 4, 5]
    assert saved["count"].tolist() == seg.counts.tolist()
    assert_allclose(saved[["centroid_R", "centroid_G", "centroid_B"]], seg.centroids)
    assert segmented.status == "Table saved to my table.csv."


def test_a_saved_model_labels_another_image(segmented, choose, answer, tmp_path, photo, other_photo):
    answer(tmp_path / "m.json")
    assert choose("Save model…")
    assert segmented.status == "Model saved to m.json."
    model = kseg.segment(photo, 5).model
    wanted = model.predict(other_photo)
    assert_array_equal(kseg.load_model(tmp_path / "m.json").predict(other_photo), wanted)
    segmented.viewer.add_image(other_photo, name="other", rgb=True)
    answer(tmp_path / "m.json")
    assert choose("Apply a model…")
    segmented.wait_until_idle()
    assert_array_equal(labels_of(segmented, "other"), wanted)
    assert_array_equal(segmented.viewer.layers["other recolored"].data, model.segment(other_photo).recolored())
    assert len(segmented.table) == 5
    assert choose("Copy as Python")
    segmented.run(n_clusters=2)
    exec(clipboard(), {"viewer": segmented.viewer})
    assert_array_equal(labels_of(segmented, "other"), wanted)


def test_a_model_of_labels_edited_by_hand_says_what_it_lacks(segmented, choose, answer, tmp_path):
    segmented.viewer.layers.selection.active = segmented.viewer.layers["coffee clusters"]
    segmented.viewer.layers["coffee clusters"].data_setitem((np.arange(20), np.arange(20)), 3)
    segmented.wait_for(
        lambda: (
            "Painted"
            in [s.title for s in segmented.widget._controller.history(segmented.viewer.layers["coffee"]).steps]
        )
    )
    answer(tmp_path / "m.json")
    assert choose("Save model…")
    assert segmented.status == "Model saved to m.json. It does not repeat what was painted by hand."


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (data.camera()[:50, :60], "the image has 1 channel, but the model was found in an image with 3"),
        (data.coffee()[:50, :60] / 255, "multiply it by 255"),
    ],
    ids=["channels", "range"],
)
def test_a_model_that_does_not_fit_says_why(segmented, choose, answer, tmp_path, photo, notifications, image, words):
    kseg.segment(photo, 3).model.save(tmp_path / "m.json")
    segmented.viewer.add_image(image, name="other", rgb=image.ndim == 3)
    answer(tmp_path / "m.json")
    assert choose("Apply a model…")
    segmented.wait_until_idle()
    assert len(notifications()) == 1
    assert words in notifications()[0]
    assert "other clusters" not in segmented.names


def test_files_that_are_no_models_and_places_that_are_none_are_told(segmented, choose, answer, tmp_path, notifications):
    (tmp_path / "no.json").write_text("{}")
    for path, words in (
        (tmp_path / "no.json", "this is not a napari-kseg model"),
        (tmp_path / "gone.json", "gone.json cannot be read (No such file or directory); choose a model file"),
    ):
        answer(path)
        assert choose("Apply a model…")
        assert words in notifications()[-1]
    answer(tmp_path / "nowhere" / "m.json")
    assert choose("Save model…")
    assert notifications()[-1].endswith("m.json cannot be written (No such file or directory); choose another place")
    answer(tmp_path / "nowhere" / "t.csv")
    assert choose("Save table…")
    assert "t.csv cannot be written" in notifications()[-1]
    assert len(notifications()) == 4


@pytest.mark.parametrize("entry", ["Save table…", "Save model…", "Apply a model…", "Apply to a folder…"])
def test_a_file_dialog_that_is_canceled_does_nothing(segmented, choose, answer, notifications, entry):
    before = segmented.status
    answer("")
    assert choose(entry)
    assert segmented.status == before
    assert notifications() == []


def dialog_of(desk):
    """The dialog with the list of layers, its list and its buttons by their texts."""
    (dialog,) = (d for d in desk.widget.native.findChildren(QDialog) if d.windowTitle() == "Apply to layers")
    buttons = {b.text().replace("&", ""): b for b in dialog.findChildren(QPushButton)}
    return dialog.findChild(QListWidget), buttons


def test_the_clusters_label_other_layers(segmented, choose, qtbot, photo, other_photo, notifications):
    viewer = segmented.viewer
    viewer.add_image(photo[::-1], name="upside down", rgb=True)
    viewer.add_image(other_photo, name="not this", rgb=True)
    viewer.add_image(data.camera()[:50, :50], name="gray")
    viewer.add_image(other_photo, name="other", rgb=True, scale=(2, 3), translate=(5, 6))
    viewer.layers.selection.active = viewer.layers["coffee"]
    assert choose("Apply to layers…")
    ticks, buttons = dialog_of(segmented)
    names = [ticks.item(row).text() for row in range(ticks.count())]
    assert names == ["upside down", "not this", "gray", "other"]
    ticks.setCurrentRow(1)
    qtbot.keyClick(ticks, Qt.Key.Key_Space)
    qtbot.mouseClick(buttons["Apply"], Qt.MouseButton.LeftButton)
    segmented.wait_until_idle()
    model = kseg.segment(photo, 5).model
    for name, image in (("upside down", photo[::-1]), ("other", other_photo)):
        assert_array_equal(labels_of(segmented, name), model.predict(image))
        assert_array_equal(viewer.layers[f"{name} recolored"].data, model.segment(image).recolored())
    assert_array_equal(viewer.layers["other clusters"].scale, [2, 3])
    assert not {"not this clusters", "gray clusters"} & set(segmented.names)
    assert segmented.status == "2 of 3 layers labeled."
    assert notifications() == [
        "1 of 3 layers not labeled:\ngray: the image has 1 channel, but the model was found in an image with 3; "
        "apply it to images with 3 channels"
    ]
    viewer.layers.selection.active = viewer.layers["other"]
    assert choose("Copy as Python")
    wanted = labels_of(segmented, "other").copy()
    viewer.layers.remove("other clusters")
    exec(clipboard(), {"viewer": viewer})
    assert_array_equal(labels_of(segmented, "other"), wanted)


def test_no_layers_are_no_choice(segmented, choose, qtbot, photo):
    segmented.viewer.add_image(photo[::-1], name="upside down", rgb=True)
    segmented.viewer.layers.selection.active = segmented.viewer.layers["coffee"]
    assert choose("Apply to layers…")
    ticks, buttons = dialog_of(segmented)
    qtbot.keyClick(ticks, Qt.Key.Key_Space)
    assert not buttons["Apply"].isEnabled()
    qtbot.mouseClick(buttons["Cancel"], Qt.MouseButton.LeftButton)
    assert "upside down clusters" not in segmented.names


@pytest.fixture
def series(segmented, choose, qtbot, photo):
    """Three layers that are being labeled, of which the first is done."""
    names = ["a", "b", "c"]
    for name in names:
        segmented.viewer.add_image(photo[::-1], name=name, rgb=True)
    segmented.viewer.layers.selection.active = segmented.viewer.layers["coffee"]
    assert choose("Apply to layers…")
    qtbot.mouseClick(dialog_of(segmented)[1]["Apply"], Qt.MouseButton.LeftButton)
    segmented.wait_for(lambda: "a clusters" in segmented.names)
    return segmented


def test_cancel_keeps_the_layers_that_are_done(series, qtbot):
    assert series.status.startswith("Layer 2 of 3")
    series.click("Cancel")
    assert series.status == "Canceled: 1 of 3 layers labeled."
    qtbot.wait(200)
    assert "b clusters" not in series.names
    series.run(n_clusters=2)
    assert series.status.startswith("2 clusters")


def test_a_layer_that_goes_meanwhile_does_not_stop_the_others(series, notifications):
    series.viewer.layers.remove("b")
    series.wait_until_idle()
    assert "c clusters" in series.names
    assert series.status == "2 of 3 layers labeled."
    assert notifications() == ["1 of 3 layers not labeled:\nb: it changed or was removed meanwhile; apply again"]


def test_a_run_waits_until_all_layers_are_done_or_it_is_canceled(series):
    series.click("Run")
    assert series.status.endswith(" is worked on; Cancel first.")
    series.wait_until_idle()
    assert "c clusters" in series.names


@pytest.fixture
def folder(tmp_path, photo, other_photo):
    """Image files of all kinds, and some that are none."""
    folder = tmp_path / "scans"
    folder.mkdir()
    imageio.imwrite(folder / "a.png", other_photo)
    imageio.imwrite(folder / "a.bmp", photo)
    tifffile.imwrite(folder / "b.tif", photo[::-1], photometric="rgb")
    imageio.imwrite(folder / "gray.png", data.camera()[:40, :40])
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


def test_a_folder_is_labeled(segmented, choose, answer, folder, tmp_path, photo, other_photo, notifications):
    segmented.widget._panel.table.select({1})
    segmented.widget._panel.table.renamed.emit(1, "wood, dark")
    segmented.wait_until_idle()
    out = tmp_path / "out"
    for _ in range(2):  # the second time, the results are known as ours
        answer(folder, out)
        assert choose("Apply to a folder…")
        segmented.wait_until_idle()
    assert sorted(path.name for path in out.iterdir()) == [
        ".napari-kseg", "a.bmp_labels.tif", "a.png_labels.tif", "b_labels.tif", "summary.csv",
    ]  # fmt: skip
    model = kseg.segment(photo, 5).model
    wanted = {"a.bmp": photo, "a.png": other_photo, "b.tif": photo[::-1]}
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows[::5]] == list(wanted)
    for name, image in wanted.items():
        labels = tifffile.imread(out / f"{name.removesuffix('.tif')}_labels.tif")
        assert_array_equal(labels, model.predict(image))
        own = [row for row in rows if row["file"] == name]
        assert [int(row["count"]) for row in own] == np.bincount(labels.ravel(), minlength=6)[1:].tolist()
        assert_allclose([float(row["fraction"]) for row in own], np.bincount(labels.ravel())[1:] / labels.size)
        assert [row["name"] for row in own][:2] == ["wood, dark", "cluster 2"]
        assert [row["label"] for row in own] == ["1", "2", "3", "4", "5"]
    assert segmented.status == "3 of 5 images labeled in out (3 of them before)."
    assert len(notifications()) == 2
    title, broken, gray = notifications()[0].split("\n")
    assert title == "2 of 5 images not labeled:"
    assert broken.startswith(f"{folder / 'broken.png'} cannot be read as an image (")
    assert gray.startswith("gray.png: the image of shape (40, 40) has no color in its last axis")


def test_a_folder_goes_on_without_the_layer(segmented, choose, answer, folder, tmp_path):
    answer(folder, tmp_path / "out")
    assert choose("Apply to a folder…")
    segmented.viewer.layers.clear()
    segmented.wait_until_idle()
    assert segmented.status == "3 of 5 images labeled in out."


def test_cancel_keeps_the_files_that_are_done_and_lists_those_that_failed(
    segmented, choose, answer, tmp_path, notifications
):
    folder, out, image = tmp_path / "scans", tmp_path / "out", data.coffee()
    folder.mkdir()
    (folder / "0 broken.png").write_bytes(b"\x89PNG nothing")
    imageio.imwrite(folder / "000.bmp", image)
    for number in range(1, 299):
        (folder / f"{number:03}.bmp").hardlink_to(folder / "000.bmp")
    answer(folder, out)
    assert choose("Apply to a folder…")
    segmented.wait_for(lambda: (out / "002_labels.tif").exists() and segmented.status.startswith("Image "))
    assert " of 300…" in segmented.status
    segmented.click("Cancel")
    said = segmented.status
    title, broken = notifications()[-1].split("\n")
    assert title == "1 of 300 images not labeled:"
    assert "0 broken.png cannot be read as an image (" in broken
    segmented.wait_for(lambda: (out / "summary.csv").exists())
    segmented.qtbot.wait(100)
    assert segmented.status == said
    done = sorted(path.name for path in out.glob("*_labels.tif"))
    assert 3 <= len(done) < 300
    # One may have been written at that very moment.
    assert said in [f"Canceled: {len(done) - i} of 300 images labeled in out." for i in (0, 1)]
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        assert len({row["file"] for row in csv.DictReader(file)}) == len(done)
    assert sorted(path.name for path in out.iterdir()) == sorted([".napari-kseg", "summary.csv", *done])
    for name in done:
        assert tifffile.imread(out / name).shape == image.shape[:2]


def test_folders_that_cannot_be_are_told(segmented, choose, answer, folder, tmp_path, notifications):
    empty, used = tmp_path / "empty", tmp_path / "used"
    empty.mkdir()
    used.mkdir()
    (used / "b_labels.tif").write_text("mine")
    for folders, words in (
        ([empty], "empty has no image file, whose name ends with"),
        ([folder, folder], "scans is the folder of the images, and labels would mix with them"),
        ([folder, used], "b_labels.tif is there already and not known as a result; move it"),
        ([folder, folder / "a.png"], "results cannot be written to"),
    ):
        answer(*folders)
        assert choose("Apply to a folder…")
        segmented.wait_until_idle()
        assert words in notifications()[-1]
    assert len(notifications()) == 4
    assert (used / "b_labels.tif").read_text() == "mine"


FORMS = [
    {"Color space": "Lab", "Channels": "0, 2", "Weights": "1, 0.30000000000000004"},
    {"Normalize": "percentile", "Smooth": 1.5, "Majority": 1},
    {"Texture": 3, "Channels": "1"},
    {"Position": 12.5, "Background": "20.5", "Saturated": "254"},
    {"No data": "0, 255", "Smooth": 0.75},
]


def fields_of(widget):
    return {field.label: field for field in [*widget._recipe, *widget]}


@pytest.mark.parametrize("fields", FORMS)
def test_settings_are_loaded_from_a_layer(segmented, choose, fields):
    form, defaults = fields_of(segmented.widget), segmented.widget.settings()
    for label, value in fields.items():
        form[label].value = value
    segmented.run(n_clusters=3, downsample=2, random_state=7, min_size=5)
    wanted = labels_of(segmented).copy()
    segmented.widget.load(kseg.Settings().to_dict())
    assert segmented.widget.settings() == defaults
    assert choose("Load settings from layer")
    assert segmented.status == "The settings of coffee clusters are in the form."
    segmented.run()
    assert_array_equal(labels_of(segmented), wanted)


def test_settings_of_the_selected_result_are_for_another_image(segmented, choose, photo):
    segmented.run(n_clusters=3, random_state=2)
    segmented.viewer.add_image(photo[::-1], name="other", rgb=True)
    segmented.run(n_clusters=7)
    segmented.viewer.layers.selection.active = segmented.viewer.layers["coffee clusters"]
    segmented.widget["image"].value = segmented.viewer.layers["other"]
    assert choose("Load settings from layer")
    segmented.run()
    assert_array_equal(labels_of(segmented, "other"), kseg.segment(photo[::-1], 3, random_state=2).labels)


def test_settings_that_the_form_lacks_are_named(segmented, choose, photo):
    mask = np.ones(photo.shape[:2], bool)
    mask[:9] = False
    layer = segmented.viewer.layers["coffee"]
    kseg.segment_layer(layer, 3, viewer=segmented.viewer, mask=mask, tol=0.1, downsample=1.5)
    assert choose("Load settings from layer")
    assert segmented.status == "The settings of coffee clusters are in the form, except downsample, tol, mask."
    assert segmented.widget["n_clusters"].value == 3
    kseg.segment_layer(layer, "auto", viewer=segmented.viewer)
    assert choose("Load settings from layer")
    assert segmented.widget["n_clusters"].value == kseg.segment(photo, "auto").n_clusters


@pytest.mark.parametrize("settings", [{"n_clusters": 3, "glitter": 1}, {"random_state": 2**40}])
def test_settings_that_cannot_be_shown_are_told(segmented, choose, notifications, settings):
    labels = segmented.viewer.layers["coffee clusters"]
    labels.metadata["napari_kseg"]["settings"].update(settings)
    assert choose("Load settings from layer")
    assert len(notifications()) == 1
    assert segmented.widget["n_clusters"].value == 5


def test_the_next_session_can_load_the_settings_of_the_last_run(open_desk, desk, choose, photo, session_file):
    assert not choose("Load last settings")
    first = open_desk()
    first.viewer.add_image(photo, name="coffee", rgb=True)
    assert not session_file.exists()
    form = fields_of(first.widget)
    form["Color space"].value, form["Smooth"].value, form["Channels"].value = "Lab", 1.5, "0, 2"
    first.run(n_clusters=4, random_state=3, min_size=2)
    wanted = labels_of(first).copy()
    first.widget["n_clusters"].value = 9  # no run
    assert desk.widget["n_clusters"].value == 5  # nobody is surprised by what was last
    assert choose("Load last settings")
    assert desk.widget["n_clusters"].value == 4
    desk.viewer.add_image(photo, name="coffee", rgb=True)
    desk.run()
    assert_array_equal(labels_of(desk), wanted)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[1, 2]", "null", '{"n_clusters": 0}', '{"glitter": 1, "n_clusters": 3}', '{"random_state": 1e99}',
        '{"n_clusters": 3, "random_state": 1099511627776}', '{"n_clusters": "many"}', "\x00\xff",
    ],
)  # fmt: skip
def test_a_broken_file_of_the_last_session_says_so(desk, choose, session_file, notifications, text):
    session_file.write_text(text, encoding="latin-1")
    assert choose("Load last settings")
    assert desk.widget["n_clusters"].value == 5
    assert desk.widget["random_state"].value == 0
    assert desk.status.startswith("the settings of the last run cannot be read (")
    assert notifications() == [desk.status]


def test_settings_of_a_run_that_is_not_valid_are_not_kept(segmented, session_file):
    before = json.loads(session_file.read_text())
    fields_of(segmented.widget)["Weights"].value = "-1"
    segmented.run(n_clusters=3)
    assert json.loads(session_file.read_text()) == before


SCRIPT = """
import napari
import numpy as np

viewer = napari.Viewer(show=False)
dock, widget = viewer.window.add_plugin_dock_widget("napari-kseg", "K-means Segmentation")
viewer.add_image(np.arange(12, dtype=np.uint8).reshape(3, 4))
widget["n_clusters"].value = 7
widget._run.native.click()
viewer.close()
"""


def test_settings_are_kept_beside_those_of_napari(napari_folder):
    subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], timeout=120, check=True)
    assert json.loads((napari_folder / "napari-kseg.json").read_text())["n_clusters"] == 7
