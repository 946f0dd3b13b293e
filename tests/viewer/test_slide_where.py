"""Masks and seeds on a slide that is too large for memory: taken at the level that is fitted, shown at all of them."""

import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from qtpy.QtGui import QGuiApplication
from skimage import data

from napari_kseg import from_layer, segment, segment_layer
from napari_kseg.viewer import large
from napari_kseg.viewer.layer_parts import prepared_layer
from napari_kseg.viewer.other_level import mask_on
from napari_kseg.viewer.source import take_source
from napari_kseg.viewer.where import DrawnMask

SIDE, LEVELS, TILE = 65_536, 6, 2048
COARSE = SIDE >> 5
"""Pixels along an edge of the level that is fitted, of which each stands for 32 x 32."""


@pytest.fixture
def photo():
    return np.tile(data.immunohistochemistry(), (4, 4, 1))[:TILE, :TILE]


@pytest.fixture
def read():
    """Levels of which tiles were read."""
    return set()


@pytest.fixture
def slide(desk, photo, read):
    """Add a slide to the viewer that is the photo, tile by tile, at every level."""

    def level(number):
        def tile(zeros):
            read.add(number)
            return photo

        side = SIDE >> number
        return da.zeros((side, side, 3), np.uint8, chunks=(TILE, TILE, 3)).map_blocks(
            tile, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8)
        )

    return desk.viewer.add_image([level(number) for number in range(LEVELS)], name="slide", rgb=True, multiscale=True)


@pytest.fixture
def form(desk):
    return {field.label: field for field in desk.widget._recipe}


@pytest.fixture
def run(desk, slide, form):
    """Run on the slide with layers chosen in the form."""

    def run_with(n_clusters, **layers):
        desk.viewer.layers.selection.active = slide
        for label, layer in layers.items():
            form[label].value = layer
        desk.run(n_clusters=n_clusters)

    return run_with


def box(top, left, bottom, right):
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]], float)


def middle_of(layer_data, row, column):
    return np.asarray(layer_data[row : row + 50, column : column + 60])


def test_shapes_on_a_slide_are_drawn_at_the_level_that_is_fitted(desk, run, photo, read):
    run(3, Mask=desk.viewer.add_shapes([box(10_000, 20_000, 30_000, 50_000)], name="tissue"))
    seg = from_layer(desk.viewer.layers["slide clusters"])
    middles = (np.arange(COARSE) + 0.5) * 32 - 0.5
    mask = ((middles >= 10_000) & (middles <= 30_000))[:, None] & ((middles >= 20_000) & (middles <= 50_000))
    want = segment(photo, 3, mask=mask)
    assert_array_equal(seg.labels, want.labels)
    assert_array_equal(seg.centroids, want.centroids)
    assert 0 not in read
    assert desk.status.endswith("(mask); counted at level 5, where a pixel is 32 × 32 of the image")
    labels, recolored = desk.viewer.layers["slide clusters"].data, desk.viewer.layers["slide recolored"].data
    for number in (0, 1, 3):
        inside, outside = (20_480 >> number, 40_960 >> number), (40_960 >> number, 40_960 >> number)
        row, column = (place % TILE for place in inside)
        assert_array_equal(
            middle_of(labels[number], *inside), want.model.predict(photo[row : row + 50, column : column + 60])
        )
        assert not middle_of(labels[number], *outside).any()
        row, column = (place % TILE for place in outside)
        assert_array_equal(middle_of(recolored[number], *outside), photo[row : row + 50, column : column + 60])


def test_seeds_on_a_slide_are_pixels_of_the_level_that_is_fitted(desk, run, photo, read):
    run(2, Seeds=desk.viewer.add_points([[3200, 6400], [40_000, 50_000]], name="starts"))
    seg = from_layer(desk.viewer.layers["slide clusters"])
    assert seg.settings.init == segment(photo, 2, init=[[100, 200], [1250, 1562]]).settings.init
    assert 0 not in read


def test_labels_of_a_coarse_level_are_a_mask_and_scribbles_on_the_slide(desk, run, photo, read):
    drawn = np.zeros((COARSE << 1, COARSE << 1), np.uint8)
    drawn[:2000], drawn[2000:] = 1, 2
    halves = desk.viewer.add_labels(drawn, name="halves", scale=(16, 16))
    run(2, Mask=halves, Seeds=halves)
    seg = from_layer(desk.viewer.layers["slide clusters"])
    want = segment(photo, 2, init=drawn[1::2, 1::2])
    assert_array_equal(seg.labels, want.labels)
    assert seg.settings.init == want.settings.init
    assert 0 not in read


def test_a_small_mask_is_refused_and_nothing_is_added(desk, run, notifications):
    run(2, Mask=desk.viewer.add_labels(np.ones((100, 100), np.uint8), name="small"))
    assert notifications()[-1] == (
        "small: the mask has shape (100, 100), but the image has the spatial shape (65536, 65536); "
        "choose a layer of this shape"
    )
    assert desk.names == ["slide", "small"]


def test_clusters_of_a_slide_are_a_mask_for_the_next_run(desk, slide, run, photo, read):
    first, _ = segment_layer(slide, 2, viewer=desk.viewer)
    tissue = desk.viewer.add_labels([level == 1 for level in first.data], name="dark", multiscale=True)
    run(2, Mask=tissue)
    seg = from_layer(desk.viewer.layers["slide clusters"])
    assert_array_equal(seg.labels, segment(photo, 2, mask=segment(photo, 2).labels == 1).labels)
    assert 0 not in read


@pytest.mark.parametrize("is_pyramid", [True, False])
def test_copied_python_repeats_a_run_under_a_mask(desk, slide, run, read, is_pyramid):
    first, _ = segment_layer(slide, 2, viewer=desk.viewer)
    levels = [level == 1 for level in first.data]
    mask = levels if is_pyramid else np.asarray(levels[4])
    run(
        2,
        Mask=desk.viewer.add_labels(mask, name="dark", multiscale=is_pyramid, scale=(1, 1) if is_pyramid else (16, 16)),
    )
    labels = desk.viewer.layers["slide clusters"]
    shown, counts = np.asarray(labels.data[3][:300, :400]), labels.features["count"].tolist()
    desk.widget.more._copy_python()
    exec(QGuiApplication.clipboard().text(), {"viewer": desk.viewer})
    assert_array_equal(np.asarray(desk.viewer.layers["slide clusters"].data[3][:300, :400]), shown)
    assert desk.viewer.layers["slide clusters"].features["count"].tolist() == counts
    assert 0 not in read


def test_all_pixels_of_a_slide_may_be_fitted_under_a_mask(desk, monkeypatch):
    image = np.tile(data.astronaut(), (2, 2, 1))
    levels = [da.from_array(image[:: 1 << i, :: 1 << i], chunks=(256, 256, 3)) for i in range(3)]
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 19)
    monkeypatch.setattr(large, "FEW", 1 << 17)
    layer = desk.viewer.add_image(levels, name="all", rgb=True, multiscale=True)
    mask = np.zeros((256, 256), bool)
    mask[40:90, 100:250] = True
    labels, _ = segment_layer(layer, 3, mask=mask, downsample=1)
    want = segment(image, 3, mask=np.kron(mask, np.ones((4, 4), bool)))
    assert_array_equal(np.asarray(labels.data[0]), want.labels)


@pytest.fixture
def volume(desk, monkeypatch):
    """Add a pyramid of three axes, with alpha, to the viewer."""
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 14)
    monkeypatch.setattr(large, "FEW", 1 << 12)
    image = np.full((8, 96, 96, 4), 255, np.uint8)
    image[..., :3] = np.random.default_rng(0).integers(0, 256, (8, 96, 96, 3))
    levels = [da.from_array(image[:, :: 1 << i, :: 1 << i], chunks=(1, 48, 48, 4)) for i in range(3)]
    return desk.viewer.add_image(levels, name="volume", rgb=True, multiscale=True)


def test_colors_are_seeds_also_where_there_are_as_many_axes_and_alpha(volume):
    colors = [[10.0, 20.0, 30.0], [200.0, 210.0, 220.0]]
    labels, _ = segment_layer(volume, 2, init=colors)
    assert_array_equal(from_layer(labels).settings.init, colors)


def test_a_slice_of_a_mask_from_another_level_can_be_read(volume):
    coarse = np.zeros((8, 24, 24), bool)
    coarse[:, :12] = True
    source = take_source(volume)
    mask = mask_on(coarse, source, source)
    assert mask.shape == (8, 96, 96)
    assert_array_equal(mask[3].compute(), np.kron(coarse[3], np.ones((4, 4), bool)))
    assert_array_equal(mask[:, 40].compute(), np.kron(coarse[:, 10], np.ones((1, 4), bool)))


def test_shapes_on_a_large_image_in_memory_are_exact(desk, monkeypatch):
    monkeypatch.setattr(large, "IN_MEMORY", 1 << 10)
    layer = desk.viewer.add_image(data.camera(), name="camera")
    drawn = DrawnMask(desk.viewer.add_shapes([box(101, 50, 222, 333)], name="part"), layer)
    _, pixels = prepared_layer(take_source(layer), mask=drawn)
    rows, columns = np.indices((512, 512))
    assert_array_equal(pixels.mask, (rows >= 101) & (rows <= 222) & (columns >= 50) & (columns <= 333))
