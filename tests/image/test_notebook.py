"""What notebooks show, read as a browser reads it."""

import base64
import io
from html.parser import HTMLParser

import dask.array as da
import numpy as np
import pytest
from imageio import v3 as imageio
from numpy.testing import assert_array_equal
from skimage import data

import napari_kseg as kseg


class Page(HTMLParser):
    """Text of the rows, pictures, colors of swatches; fails if a tag is not closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.pictures, self.swatches, self.text, self.tags = [], [], [], [], "", set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.add(tag)
        if tag == "img":
            data = base64.b64decode(given["src"].partition("base64,")[2])
            self.pictures.append((given["alt"], imageio.imread(io.BytesIO(data))))
            return
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if "background:" in given.get("style", ""):
            self.swatches.append(given["style"].partition("background:")[2])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


@pytest.fixture
def stripes():
    colors = np.array([[[200, 40, 40]], [[10, 10, 30]], [[250, 240, 230]]], np.uint8)
    return np.repeat(np.repeat(colors, 20, axis=0), 50, axis=1)


def test_a_segmentation_shows_its_pictures_and_its_table(stripes):
    seg = kseg.segment(stripes, 3).named({1: "night"})
    page = Page(seg._repr_html_())
    assert page.text.startswith("Segmentation of 60 × 50 pixels into 3 clusters, inertia 0")
    assert page.rows == [
        ["", "label", "name", "count", "share", "R", "G", "B"],
        ["", "1", "night", "1,000", "33.3%", "10", "10", "30"],
        ["", "2", "cluster 2", "1,000", "33.3%", "200", "40", "40"],
        ["", "3", "cluster 3", "1,000", "33.3%", "250", "240", "230"],
    ]
    assert page.swatches == ["#0a0a1e", "#c82828", "#faf0e6"]
    assert [title for title, _ in page.pictures] == ["image", "recolored"]
    for _, picture in page.pictures:
        assert_array_equal(picture, stripes)


def test_large_and_small_values_are_readable():
    seg = kseg.segment(np.array([[0.00012345, 42123.4, 3e9]]), 3)
    assert [row[-1] for row in Page(seg._repr_html_()).rows[1:]] == ["0.0001234", "42,123", "3e+09"]


def test_colors_that_were_given_are_those_of_the_picture(stripes):
    page = Page(kseg.segment(stripes, 3).colored({1: "#00ff00"})._repr_html_())
    assert page.swatches[0] == "#00ff00"
    assert_array_equal(page.pictures[1][1][20, 0], [0, 255, 0])


def test_names_are_text_whatever_is_in_them(stripes):
    name = """<script>alert("x")</script> & 'y' <img src=x onerror=z>"""
    seg = kseg.segment(stripes, 3).named({1: name})
    for shown in (seg, seg.model):
        page = Page(shown._repr_html_())
        assert page.rows[1][2] == name
        assert "script" not in page.tags
        assert not [title for title, _ in page.pictures if title == "x"]


@pytest.mark.parametrize("n_clusters", [2, 30, 250])
def test_it_is_small_even_for_noise(n_clusters):
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8)
    html = kseg.segment(noise, n_clusters)._repr_html_()
    assert len(html) < 60_000
    page = Page(html)
    assert len(page.rows) == 1 + min(n_clusters, 20)
    assert ("and 230 more" in page.text) == (n_clusters == 250)
    assert max(picture.shape[0] for _, picture in page.pictures) <= 160


def test_nothing_of_a_lazy_image_is_computed():
    read = []

    def chunk(block):
        read.append(block.size)
        return block

    image = da.from_array(data.coffee(), chunks=(100, 100, 3)).map_blocks(chunk, dtype=np.uint8, meta=np.empty(0, "u1"))
    seg = kseg.segment(image, 3)
    read.clear()
    page = Page(seg._repr_html_())
    assert page.pictures == []
    assert "not in memory" in page.text
    assert len(page.rows) == 4
    in_memory = seg.compute()
    read.clear()
    assert Page(in_memory._repr_html_()).pictures == []
    assert read == []


SHAPES = {
    "one row": ((50,), "auto"),
    "gray": ((20, 30), "auto"),
    "volume": ((5, 20, 30), "auto"),
    "channels": ((20, 30, 9), -1),
    "channels first": ((4, 20, 30), 0),
}


@pytest.mark.parametrize("name", SHAPES)
def test_images_of_any_kind_have_a_picture(name):
    shape, axis = SHAPES[name]
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    page = Page(kseg.segment(image, 3, channel_axis=axis)._repr_html_())
    assert len(page.pictures) == 2
    assert len(page.rows) == 4


def test_a_list_of_channels_and_left_out_pixels_have_a_picture():
    first = np.random.default_rng(0).random((20, 30))
    first[:3] = np.nan
    page = Page(kseg.segment([first, (first < 0.5).astype(np.uint8)], 3)._repr_html_())
    assert len(page.pictures) == 2


def test_a_model_shows_its_centroids(stripes, tmp_path):
    seg = kseg.segment(stripes, 3)
    seg.model.save(tmp_path / "model.json")
    page = Page(kseg.load_model(tmp_path / "model.json")._repr_html_())
    assert page.text.startswith("Model of 3 clusters, found in 60 × 50 pixels of uint8")
    assert page.swatches == ["#0a0a1e", "#c82828", "#faf0e6"]
    assert page.rows[1] == ["", "1", "cluster 1", "10", "10", "30"]


def test_a_suggestion_shows_reason_and_scores(stripes):
    suggestion = kseg.suggest_n_clusters(data.coffee()[::8, ::8], range(2, 5))
    page = Page(suggestion._repr_html_())
    assert suggestion.reason in page.text
    assert page.rows[0] == list(suggestion.scores.columns)
    assert [row[0] for row in page.rows[1:]] == ["2", "3", "4"]


def test_completion_offers_what_is_documented_for_users(stripes):
    seg = kseg.segment(stripes, 3)
    hidden = {
        seg: {"of", "parts", "pixels"},
        seg.model: {"cleaned", "features", "of_clusters", "predict_pixels", "segment_pixels"},
        seg.settings: {"applied_to", "arguments", "check_no_clean_up", "fixed_rows", "search"},
    }
    for thing, names in hidden.items():
        assert all(hasattr(thing, name) for name in names)
        assert not names & set(dir(thing))
        assert {"__class__", "__eq__"} <= set(dir(thing))
    assert {"labels", "counts", "merge", "model", "table", "plot"} <= set(dir(seg))
    assert {"centroids", "predict", "save"} <= set(dir(seg.model))
    assert {"n_clusters", "as_python"} <= set(dir(seg.settings))
    assert [name for name in dir(kseg) if not name.startswith("_")] == sorted(kseg.__all__)
