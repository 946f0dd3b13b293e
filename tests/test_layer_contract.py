"""What docs/layer-contract.md promises to other plugins is what layers and files have."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Image
from numpy.testing import assert_array_equal
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.model import FORMAT_VERSION
from napari_kseg.image.segmentation import Segmentation
from napari_kseg.viewer.controller import Controller
from napari_kseg.viewer.layer_parts import CONTRACT_VERSION

PAGE = (Path(__file__).parents[1] / "docs" / "layer-contract.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def tables():
    """Each table of the page as {what stands in its first column: the other columns}, by the line before it."""
    for block in re.findall(r"\n\n((?:\|.*\n)+)", PAGE):
        rows = [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in block.splitlines()]
        yield [rows[0][0].strip("| "), {first: rest for first, *rest in rows[2:]}]


def table(first, entry):
    """The one table whose first column has this title and this entry."""
    (found,) = [rows for title, rows in tables() if title == first and entry in rows]
    return found


COLUMNS = table("column", "fraction")
OBJECTS = table("column", "cluster")
METADATA = table("entry", "contract_version")
SOURCE = table("entry", "unique_id")
MODEL = table("entry", "format_version")
RECIPE = table("entry", "sigma")
LABEL = table("entry", "label-value")


@pytest.fixture
def source():
    return Image(data.coffee()[::4, ::4], name="coffee", rgb=True, scale=(2, 3), units=("um", "um"))


@pytest.fixture
def layers(source):
    return kseg.segment_layer(source, 4)


def with_channels(names, seg):
    """The names of a table, with one for each channel of a segmentation."""
    assert names[-1] == "centroid_<channel>"
    return [*names[:-1], *(f"centroid_{channel}" for channel in seg.channel_names)]


def test_the_page_says_which_versions_it_is_about():
    assert f"**version {CONTRACT_VERSION}** of the layers" in PAGE
    assert f"**format version {FORMAT_VERSION}** of model files" in PAGE
    assert METADATA["contract_version"] == [str(CONTRACT_VERSION)]
    assert MODEL["format_version"][1] == str(FORMAT_VERSION)


@pytest.mark.parametrize(
    ("image", "rgb", "channel_axis", "names"),
    [
        (data.coffee()[::4, ::4], True, "auto", ["R", "G", "B"]),
        (data.camera()[::4, ::4], False, "auto", ["intensity"]),
        (data.coffee()[::4, ::4], False, -1, ["0", "1", "2"]),
    ],
)
def test_the_features_table_has_the_columns_and_dtypes_of_the_page(image, rgb, channel_axis, names):
    labels, _ = kseg.segment_layer(Image(image, rgb=rgb), 4, channel_axis=channel_axis)
    seg = kseg.from_layer(labels)
    columns = with_channels(list(COLUMNS), seg)
    assert list(labels.features.columns) == columns
    assert columns[-len(names) :] == [f"centroid_{name}" for name in names]
    for column in columns:
        dtype, _ = COLUMNS.get(column, COLUMNS["centroid_<channel>"])
        # pandas 2 keeps text as object
        assert str(labels.features[column].dtype) in {dtype, "object" if dtype == "str" else dtype}


def test_row_i_of_the_features_is_label_i(layers, source):
    table, seg = layers[0].features, kseg.from_layer(layers[0])
    assert_array_equal(table["index"], np.arange(5))
    assert_array_equal(table["label"], np.arange(5))
    assert_array_equal(table["count"], np.bincount(layers[0].data.ravel(), minlength=5))
    assert_array_equal(table["area"], table["count"] * 6.0)
    assert table["name"].tolist() == ["left out", "cluster 1", "cluster 2", "cluster 3", "cluster 4"]
    assert table["color"][0] == "#00000000"
    assert table["fraction"][0] == 0
    assert table["fraction"].sum() == pytest.approx(1)
    centroids = table[["centroid_R", "centroid_G", "centroid_B"]].to_numpy()
    assert np.isnan(centroids[0]).all()
    for label in range(1, 5):
        assert np.abs(source.data[layers[0].data == label].mean(0) - centroids[label]).max() < 0.5
    assert (np.diff(seg.centroids.mean(1)) > 0).all()


def test_the_metadata_have_the_entries_of_the_page(layers):
    labels, recolored = (layer.metadata["napari_kseg"] for layer in layers)
    assert set(recolored) == set(METADATA)
    assert set(labels) == set(METADATA) - {"look"}
    assert (labels["role"], recolored["role"]) == ("labels", "recolored")
    for made in (labels, recolored):
        for entry in (made["source"], *made["sources"]):
            assert set(entry) == set(SOURCE)
    assert isinstance(labels["segmentation"], Segmentation)


def test_the_metadata_name_their_layers(layers, source):
    for layer in layers:
        made = layer.metadata["napari_kseg"]
        assert made["layer_id"] == str(layer.unique_id)
        assert made["source"]["unique_id"] == str(source.unique_id)
        assert made["sources"] == [made["source"]]
        assert made["source"]["crop"] is None


def test_all_but_the_segmentation_is_json(layers):
    made = dict(layers[1].metadata["napari_kseg"])
    del made["segmentation"]
    again = json.loads(json.dumps(made))
    seg = kseg.from_layer(layers[0])
    assert kseg.Settings.from_dict(again["settings"]) == seg.settings
    assert_array_equal(again["centroids"], seg.centroids)
    assert_array_equal(again["counts"], seg.counts)
    assert_array_equal(kseg.Model.from_dict(again["model"]).predict(seg.image), seg.labels)


def test_a_part_says_which(source):
    labels, _ = kseg.segment_layer(source, 3, crop=[(10, 60), (20, 50)])
    assert labels.data.shape == (50, 30)
    assert labels.metadata["napari_kseg"]["source"]["crop"] == [[10, 60], [20, 50]]
    assert labels.metadata["napari_kseg"]["settings"] == kseg.from_layer(labels).settings.to_dict()


def test_channels_that_are_layers_have_a_recolored_layer_each():
    channels = [Image(data.coffee()[::4, ::4, c], name=name, rgb=False) for c, name in enumerate(("red", "green"))]
    labels, recolored = kseg.segment_layer(channels, 3)
    made = [layer.metadata["napari_kseg"] for layer in recolored]
    assert [one["name"] for one in labels.metadata["napari_kseg"]["sources"]] == ["red", "green"]
    assert [one["source"]["name"] for one in made] == ["red", "green"]


def test_extracted_objects_have_the_columns_of_the_page(source):
    viewer = ViewerModel()
    viewer.add_layer(source)
    controller = Controller(viewer)
    run = controller.run(source, {"n_clusters": 4})
    run.show(run.prepare(lambda *_: None))
    extract = controller.extract(source, [2, 3], "objects")
    extract.show(extract.prepare(lambda *_: None))
    objects = viewer.layers["coffee objects 2, 3"]
    assert {name: [str(dtype)] for name, dtype in objects.features.dtypes.items()} == {
        name: [dtype] for name, (dtype, _) in OBJECTS.items()
    }
    assert len(objects.features) == objects.data.max() + 1
    assert_array_equal(objects.features["count"], [0, *np.bincount(objects.data.ravel())[1:]])
    assert np.isnan(objects.features["area"][0])
    assert "napari_kseg" not in objects.metadata


def test_another_run_sets_the_same_layers_and_the_features_come_last(source):
    viewer = ViewerModel()
    viewer.add_layer(source)
    labels, recolored = kseg.segment_layer(source, 4, viewer=viewer)
    seen = []
    labels.events.features.connect(
        lambda: seen.append((int(labels.data.max()), labels.metadata["napari_kseg"]["settings"]["n_clusters"]))
    )
    again = kseg.segment_layer(source, 7, viewer=viewer)
    assert again[0] is labels
    assert again[1] is recolored
    assert seen[-1] == (7, 7)  # napari may emit it for the data, before
    assert len(labels.features) == 8


def test_the_model_file_has_the_entries_of_the_page(layers, tmp_path):
    kseg.from_layer(layers[0]).model.save(tmp_path / "clusters.json")
    values = json.loads((tmp_path / "clusters.json").read_text(encoding="utf-8"))
    assert set(values) == set(MODEL)
    assert set(values["recipe"]) == set(RECIPE)
    assert list(values["recipe"]) == list(RECIPE)  # applied in this order
    assert set(kseg.from_layer(layers[0]).split(1).model.to_dict()["splits"][0]) == {"replaced", "centroids"}
    for version in (1, 2):  # which lacked what came later
        older = {name: value for name, value in values.items() if int(MODEL[name][0]) <= version}
        model = kseg.Model.from_dict({**older, "format_version": version})
        assert_array_equal(model.predict(kseg.from_layer(layers[0]).image), layers[0].data)


def test_ome_zarr_has_the_properties_of_the_page(layers, tmp_path):
    seg = kseg.from_layer(layers[0])
    seg.to_zarr(tmp_path / "result.ome.zarr")
    attributes = zarr.open_group(tmp_path / "result.ome.zarr" / "labels" / "clusters", mode="r").attrs
    properties = attributes["ome"]["image-label"]["properties"]
    assert [entry["label-value"] for entry in properties] == [1, 2, 3, 4]
    assert list(properties[0]) == with_channels(list(LABEL), seg)
    assert set(list(LABEL)[1:]) <= set(COLUMNS)


def test_the_code_of_the_page_runs(layers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    seg = kseg.from_layer(layers[0])
    seg.model.save("clusters.json")
    names = {"layer": layers[0]}
    for code in CODE:
        exec(compile(code, "layer-contract.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "cluster 4" in printed
    assert printed.endswith(f"{seg.model.predict(np.array([[[200, 60, 30]]], np.uint8))[0, 0]}\n")
    measured = pd.DataFrame(names["measured"])
    assert len(measured) == names["objects"].max()
    assert measured["area"].sum() == pytest.approx(layers[0].features["area"][2])
