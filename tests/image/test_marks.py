"""Names and colors that a user gives to clusters."""

import pytest
from napari.layers import Image
from numpy.testing import assert_allclose, assert_array_equal

from napari_kseg import load_model, segment, segment_layer
from napari_kseg.viewer.layer_parts import make_parts
from napari_kseg.viewer.source import take_source


@pytest.fixture
def seg(photo):
    return segment(photo, 4)


def test_names_are_in_the_table_and_go_with_the_model(seg, photo, tmp_path):
    named = seg.named({2: "fur", 4: "light"})
    assert named.table()["name"].tolist() == ["cluster 1", "fur", "cluster 3", "light"]
    assert seg.table()["name"].tolist() == [f"cluster {i}" for i in range(1, 5)]  # nothing is changed
    named.model.save(tmp_path / "model.json")
    other = load_model(tmp_path / "model.json").segment(photo[:50])
    assert other.table()["name"].tolist() == named.table()["name"].tolist()
    assert named.named({2: ""}).table()["name"].tolist() == ["cluster 1", "cluster 2", "cluster 3", "light"]


def test_colors_are_shown_but_change_no_value(seg, photo, tmp_path):
    colored = seg.colored({1: "#FF8000"})
    assert_allclose(colored.colors()[0], [1, 128 / 255, 0, 1])
    assert_array_equal(colored.colors()[1:], seg.colors()[1:])
    assert colored.table()["color"].tolist() == ["#ff8000", *seg.table()["color"][1:]]
    assert_array_equal(colored.centroids, seg.centroids)
    assert_array_equal(colored.recolored(), seg.recolored())
    colored.model.save(tmp_path / "model.json")
    assert load_model(tmp_path / "model.json").segment(photo).table()["color"][0] == "#ff8000"
    assert_array_equal(colored.colored({1: ""}).colors(), seg.colors())


def test_layers_have_both(photo):
    layer = Image(photo, name="cat")
    parts = make_parts(segment(photo, 4).named({3: "fur"}).colored({3: "#00ff00"}), take_source(layer))
    assert parts.features["name"].tolist() == ["left out", "cluster 1", "cluster 2", "fur", "cluster 4"]
    assert parts.features["color"][3] == "#00ff00"
    assert_allclose(parts.colormap.map(3), [0, 1, 0, 1], atol=1e-6)
    assert segment_layer(layer, 4)[0].features["name"][3] == "cluster 3"


def test_joined_clusters_keep_what_they_have_in_common(seg):
    marked = seg.named({1: "dark", 2: "fur", 3: "fur", 4: "light"}).colored({4: "#ffffff"})
    fur = marked.merge([2, 3])
    assert fur.table()["name"].tolist() == ["dark", "fur", "light"]
    assert fur.table()["color"][2] == "#ffffff"
    assert marked.merge([1, 2]).table()["name"].tolist() == ["cluster 1", "fur", "light"]
    assert seg.named({2: "fur"}).merge([1, 2]).table()["name"][0] == "fur"


def test_they_survive_clean_up(seg):
    assert seg.named({2: "fur"}).clean_up(min_size=9).table()["name"][1] == "fur"


def test_bad_ones_are_refused_in_words(seg):
    with pytest.raises(ValueError, match="label 5 does not exist; the labels are 1 to 4"):
        seg.named({5: "fur"})
    with pytest.raises(TypeError, match="the name 3 of label 1 must be a str"):
        seg.named({1: 3})
    with pytest.raises(ValueError, match="the color 'red' of label 1 must be of the form \"#rrggbb\""):
        seg.colored({1: "red"})
    with pytest.raises(TypeError, match=r"the color \(1, 0, 0\) of label 1 must be a str"):
        seg.colored({1: (1, 0, 0)})
