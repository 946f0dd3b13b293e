"""Images that are too large to be in memory, in a real viewer: a slide of 100,000 x 100,000 pixels, a lazy volume."""

import threading

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtGui import QGuiApplication
from skimage import data

from napari_kseg import segment, segment_layer
from napari_kseg.viewer import large
from napari_kseg.viewer.layers import from_layer
from napari_kseg.viewer.source import take_source
from napari_kseg.viewer.where import camera_of

SIDE = 100_000
TILE = 2048


class Slide:
    """A slide made of one photo, repeated; it notes which tiles of which level are read."""

    def __init__(self):
        self.photo = np.tile(data.immunohistochemistry(), (5, 5, 1))[:TILE, :TILE]
        self.read = []
        self._lock = threading.Lock()

    def level(self, number):
        """Level `number` as a dask array."""
        side = SIDE >> number
        whole = da.zeros((side, side, 3), np.uint8, chunks=(TILE, TILE, 3))
        return whole.map_blocks(self._tile, number, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))

    def _tile(self, zeros, number, block_info=None):
        with self._lock:
            self.read.append((number, block_info[0]["chunk-location"][:2]))
        return np.ascontiguousarray(self.photo[: zeros.shape[0], : zeros.shape[1]])

    def tiles_of(self, number):
        """Tiles of a level that were read."""
        return {place for level, place in self.read if level == number}


@pytest.fixture
def slide(desk):
    """Add the slide to the viewer."""
    source = Slide()
    desk.viewer.add_image([source.level(number) for number in range(7)], name="slide", rgb=True, multiscale=True)
    return source


def test_a_slide_is_segmented_at_once_and_labeled_where_it_is_looked_at(desk, slide):
    desk.run(n_clusters=3)
    labels, recolored = desk.viewer.layers["slide clusters"], desk.viewer.layers["slide recolored"]
    assert labels.multiscale
    assert recolored.multiscale
    assert [level.shape for level in labels.data] == [(SIDE >> i, SIDE >> i) for i in range(7)]
    assert_array_equal(labels.scale, (1, 1))
    assert not labels.editable
    assert not slide.tiles_of(0)  # a level of some megapixels was fitted
    assert not slide.tiles_of(1)

    level = large.coarse_level(take_source(desk.viewer.layers["slide"]))
    seg = from_layer(labels)
    assert seg.labels.size <= large.FEW
    want = segment(np.asarray(desk.viewer.layers["slide"].data[level]), 3)
    assert_array_equal(seg.centroids, want.centroids)

    desk.viewer.layers.selection.active = desk.viewer.layers["slide"]
    desk.viewer.window.show()
    camera = camera_of(desk.viewer)
    camera.center, camera.zoom = (0, 50_000, 70_000), 1
    labels.visible = True
    desk.qtbot.wait_until(lambda: bool(slide.tiles_of(0)), timeout=20_000)
    desk.qtbot.wait(200)
    assert len(slide.tiles_of(0)) <= 20  # of 2,401
    tile = np.asarray(labels.data[0][51_200:51_456, 71_680:71_936])
    assert_array_equal(tile, seg.model.predict(slide.photo[:256, :256]))
    assert_array_equal(
        np.asarray(recolored.data[0][51_200:51_456, 71_680:71_936]),
        seg.model.segment(slide.photo[:256, :256]).recolored(),
    )


def test_clusters_of_a_slide_are_merged_and_run_again(desk, slide):
    desk.run(n_clusters=4)
    desk.widget._panel.table.select({2, 3})
    desk.widget._panel.portions.merge_wanted.emit()
    desk.wait_until_idle()
    labels = desk.viewer.layers["slide clusters"]
    assert from_layer(labels).n_clusters == 3
    assert_array_equal(
        np.asarray(labels.data[0][:200, :300]), from_layer(labels).model.predict(slide.photo[:200, :300])
    )
    desk.run(n_clusters=5)
    assert from_layer(desk.viewer.layers["slide clusters"]).n_clusters == 5
    assert len(desk.viewer.layers) == 3
    assert not slide.tiles_of(1)


def test_specks_of_a_slide_stay_and_that_is_said(desk, slide, notifications):
    desk.run(n_clusters=3, min_size=50)
    assert "min_size=50 looks at the labels of the whole image at once" in notifications()[-1]
    assert len(desk.viewer.layers) == 1


def test_a_region_of_a_slide_is_segmented_at_full_resolution(slide, desk):
    layer = desk.viewer.layers["slide"]
    labels, _ = segment_layer(layer, 3, crop=[(4096, 4396), (8192, 8592)])
    assert labels.data.shape == (300, 400)
    assert_array_equal(labels.translate, (4096, 8192))
    assert_array_equal(labels.data, segment(slide.photo[:300, :400], 3).labels)
    assert slide.tiles_of(0) == {(2, 4)}


def test_a_lazy_image_without_levels_is_fitted_chunk_by_chunk_and_shown_lazily(desk, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 18)
    image = data.astronaut()
    desk.viewer.add_image(da.from_array(np.tile(image, (2, 2, 1)), (300, 400, 3)), name="lazy", rgb=True)
    desk.run(n_clusters=4)
    labels = desk.viewer.layers["lazy clusters"]
    assert isinstance(labels.data, da.Array)
    assert isinstance(desk.viewer.layers["lazy recolored"].data, da.Array)
    assert not labels.editable
    assert_array_equal(np.asarray(labels.data), segment(np.tile(image, (2, 2, 1)), 4).labels)
    assert int(labels.features["count"].sum()) == 4 * image[..., 0].size


def test_a_small_lazy_image_has_labels_to_paint_on(desk):
    image = data.astronaut()
    desk.viewer.add_image(da.from_array(image, (300, 400, 3)), name="lazy", rgb=True)
    desk.run(n_clusters=4, min_size=9)
    labels = desk.viewer.layers["lazy clusters"]
    assert labels.editable
    assert_array_equal(labels.data, segment(image, 4, min_size=9).labels)


def test_frames_of_a_lazy_series_share_their_clusters(desk, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 10)
    series = np.random.default_rng(0).integers(0, 4000, (6, 5, 40, 50)).astype(np.uint16)
    layer = desk.viewer.add_image(da.from_array(series, (1, 5, 40, 50)), name="series", scale=(1, 4, 0.5, 0.5))
    desk.run(n_clusters=3)
    labels = desk.viewer.layers["series clusters"]
    assert_array_equal(labels.scale, layer.scale)
    assert labels.data.chunksize == (1, 5, 40, 50)
    assert_array_equal(np.asarray(labels.data), segment(series, 3, channel_axis=None).labels)


def test_a_large_region_of_a_slide_is_lazy_too(slide, desk, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 16)
    labels, _ = segment_layer(desk.viewer.layers["slide"], 3, crop=[(4096, 4396), (8192, 8592)])
    assert isinstance(labels.data, da.Array)
    assert_array_equal(np.asarray(labels.data), segment(slide.photo[:300, :400], 3).labels)
    assert slide.tiles_of(0) == {(2, 4)}


def test_what_is_cut_out_of_a_lazy_image_is_lazy_and_nothing_of_it_is_computed_before_it_is_seen(desk, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 16)
    read, lock = [], threading.Lock()
    image = np.tile(data.camera(), (1, 4, 1, 1)).transpose(1, 0, 2, 3)[:, 0]

    def noted(chunk, block_info=None):
        with lock:
            read.append(block_info[0]["chunk-location"][0])
        return chunk

    stack = da.from_array(image, (1, 512, 512)).map_blocks(noted, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8))
    desk.viewer.add_image(stack, name="stack", contrast_limits=(0, 255))
    desk.viewer.dims.current_step = (1, 0, 0)
    desk.run(n_clusters=3)
    seg = from_layer(desk.viewer.layers["stack clusters"])
    desk.widget._panel.table.select({2})
    read.clear()
    for kind in ("image", "mask"):
        desk.widget._panel.portions.extract_wanted.emit(kind)
        desk.wait_until_idle()
    assert set(read) <= {0, 1}  # the first frame, which napari looks at, and the one that is shown
    portion, mask = desk.viewer.layers["stack 2"], desk.viewer.layers["stack mask 2"]
    assert not mask.editable
    assert_array_equal(np.asarray(portion.data), np.where(np.asarray(seg.labels) == 2, image, 0))
    assert_array_equal(np.asarray(mask.data), np.asarray(seg.labels) == 2)
    desk.widget._panel.portions.undo()
    desk.wait_until_idle()
    assert desk.names == ["stack", "stack recolored", "stack clusters", "stack 2"]


def test_a_click_on_a_slide_selects_its_cluster_also_while_the_labels_are_hidden(desk, slide):
    desk.run(n_clusters=3)
    labels = desk.viewer.layers["slide clusters"]
    for is_visible in (True, False):
        for place in ((300.0, 50_000.0), (70_000.0, 40_000.0)):
            labels.visible = is_visible  # a click that selects something shows them
            desk.qtbot.wait(50)
            desk.widget._clicked_pixels.clicked.emit(place)
            level = labels.data_level
            index = tuple(int(i) >> level for i in place)
            assert desk.widget._panel.table.selected() == {int(np.asarray(labels.data[level][index]))}
        labels.visible = is_visible
        desk.widget._clicked_pixels.clicked.emit((-500.0, 7.0))
        assert desk.widget._panel.table.selected() == set()


def test_a_model_applied_to_a_slide_labels_the_level_that_was_fitted_and_so_does_its_python(desk, slide, tmp_path):
    layer = desk.viewer.layers["slide"]
    model = segment(slide.photo[:600, :700], 3).merge([1, 2]).model
    model.save(tmp_path / "model.json")
    code = f"kseg.load_model({str(tmp_path / 'model.json')!r})"
    desk.widget._runner.run(desk.widget._controller.apply(layer, model, "Model", code))
    desk.wait_until_idle()
    labels = desk.viewer.layers["slide clusters"]
    counts = labels.features["count"].tolist()
    desk.widget.more._copy_python()
    exec(QGuiApplication.clipboard().text(), {"viewer": desk.viewer})
    labels = desk.viewer.layers["slide clusters"]  # another layer before napari 0.9
    assert len(desk.viewer.layers) == 3
    assert labels.features["count"].tolist() == counts
    assert not slide.tiles_of(0)
    assert not slide.tiles_of(1)
    desk.widget._panel.table.select({2})
    desk.widget._panel.portions.split_wanted.emit(2)
    desk.wait_until_idle()
    labels = desk.viewer.layers["slide clusters"]
    assert from_layer(labels).n_clusters == 3
    assert labels.multiscale


def test_counts_of_a_slide_are_said_to_be_of_a_level(desk, slide):
    desk.run(n_clusters=3)
    how = "counted at level 6, where a pixel is 64 × 64 of the image"
    assert desk.status.startswith("3 clusters of 2.4 megapixels in ")
    assert desk.status.endswith(f"; {how}")
    table = desk.widget._panel.table
    assert [table.horizontalHeaderItem(column).toolTip() for column in (2, 3, 5)] == [
        f"Share in all pixels that take part, {how}.",
        f"Number of pixels, {how}.",
        f"Area in the units of the layer; volume in 3-D, {how}.",
    ]
    assert desk.viewer.layers["slide clusters"].features["area"].sum() == pytest.approx(SIDE**2, rel=0.001)
    desk.viewer.add_image(slide.photo, name="photo", rgb=True)
    desk.run(n_clusters=2)
    assert "level" not in desk.status + table.horizontalHeaderItem(3).toolTip()


def test_another_slide_in_the_layer_is_noticed(desk, slide):
    desk.run(n_clusters=3)
    layer, labels = desk.viewer.layers["slide"], desk.viewer.layers["slide clusters"]
    layer.data = [255 - level for level in layer.data]
    before = labels.features
    desk.widget._panel.table.select({1, 2})
    desk.click("Merge")
    desk.wait_until_idle()
    assert desk.status == "slide is not the image that was segmented any more; run again"
    assert labels.features is before
    desk.run(n_clusters=3)
    desk.widget._panel.table.select({1, 2})
    desk.click("Merge")
    desk.wait_until_idle()
    assert len(desk.table) == 2
