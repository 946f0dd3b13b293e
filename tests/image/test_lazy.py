"""Images that are not in memory: the same result as in memory, computed chunk by chunk, and nothing gathered whole."""

import threading

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data

from napari_kseg import load_model, segment, suggest_n_clusters
from napari_kseg.image import chunks as chunks_module
from napari_kseg.image import drawn


def bands(photo):
    """Four channels of 8 bits."""
    return np.dstack([photo, photo[::-1, :, 1]])


def assert_same(seg, want):
    """Check that a lazy result is that of the image in memory, bit for bit."""
    assert seg.is_lazy
    assert not want.is_lazy
    assert_array_equal(np.asarray(seg.labels), want.labels)
    assert seg.labels.dtype == want.labels.dtype
    assert_array_equal(seg.centroids, want.centroids)
    assert_array_equal(seg.counts, want.counts)
    assert seg.inertia == want.inertia
    recolored, wanted = seg.recolored(), want.recolored()
    assert recolored.dtype == wanted.dtype
    assert_array_equal(np.asarray(recolored), wanted)


@pytest.mark.parametrize("cut", [(17, 23), (100, 7), (1, 130), (100, 130)])
@pytest.mark.parametrize("kind", ["rgb", "rgba", "gray", "16-bit", "32-bit", "signed", "two", "four", "bool"])
def test_counted_images_give_the_bits_of_the_image_in_memory(photo, cut, kind):
    gray = photo[..., 0].astype(np.int32) * 37 - 2000
    image, axis = {
        "rgb": (photo, "auto"),
        "rgba": (np.dstack([photo, np.where(photo[..., 0] > 90, 255, 0).astype(np.uint8)]), "auto"),
        "gray": (photo[..., 0], None),
        "16-bit": ((gray + 2000).astype(np.uint16), None),
        "32-bit": (gray, None),
        "signed": (gray.astype(np.int16), None),
        "two": (photo[..., :2], -1),
        "four": (bands(photo), -1),
        "bool": (photo[..., 0] > 99, None),
    }[kind]
    k = 2 if kind == "bool" else 5
    lazy = da.from_array(image, (*cut, *image.shape[2:]))
    assert_same(segment(lazy, k, channel_axis=axis), segment(image, k, channel_axis=axis))


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_any_chunks_and_any_mask_give_the_bits_of_the_image_in_memory(drawn_data):
    shape = drawn_data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(3, 12)))
    cut = tuple(drawn_data.draw(st.integers(1, length)) for length in shape)
    random = np.random.default_rng(drawn_data.draw(st.integers(0, 2**32)))
    image = random.integers(0, 9, shape).astype(np.uint8)
    image[0, 0, :3] = 0, 4, 8
    mask = random.random(shape) > 0.3
    mask[0, 0, :3] = True
    lazy = segment(da.from_array(image, cut), 3, channel_axis=None, mask=mask)
    assert_same(lazy, segment(image, 3, channel_axis=None, mask=mask))


@pytest.mark.parametrize(
    "recipe",
    [
        {"color_space": "Lab"}, {"color_space": "HSV", "channels": [0, 1]}, {"normalize": "zscore"},
        {"normalize": "percentile", "channel_weights": [1, 2, 0.5]}, {"nodata": 0}, {"background": 40},
        {"saturated": 200}, {"downsample": 3}, {"downsample": 2.5, "color_space": "Oklab"},
        {"init": [[0, 0, 0], [255, 255, 255]], "fixed": [0]}, {"init": [[10, 10], [50, 90]]},
    ],
    ids=str,
)  # fmt: skip
def test_recipes_give_the_bits_of_the_image_in_memory(photo, recipe):
    assert_same(segment(da.from_array(photo, (31, 37, 2)), 4, **recipe), segment(photo, 4, **recipe))


@pytest.mark.parametrize(
    "recipe",
    [
        {"sigma": 1.5}, {"texture": (1, 2), "normalize": "zscore"}, {"position_weight": 20},
        {"sigma": 2, "position_weight": 5, "spacing": (2, 1)}, {"downsample": 3, "sigma": 2},
    ],
    ids=str,
)  # fmt: skip
def test_features_that_look_around_see_across_the_borders_of_chunks(photo, recipe):
    want, seg = segment(photo, 4, **recipe), segment(da.from_array(photo, (31, 37, 3)), 4, **recipe)
    assert_array_equal(np.asarray(seg.labels), want.labels)
    assert_allclose(seg.inertia, want.inertia, rtol=1e-9)


def test_floats_with_nan_are_left_out(photo):
    image = photo.astype(np.float32)
    image[20:30, 40:60, 1] = np.nan
    want, seg = segment(image, 4), segment(da.from_array(image, (40, 50, 3)), 4)
    assert_array_equal(np.asarray(seg.labels), want.labels)
    assert_allclose(seg.inertia, want.inertia, rtol=1e-9)
    assert_array_equal(np.asarray(seg.recolored()), want.recolored())


def test_of_more_pixels_than_are_drawn_the_inertia_is_that_of_all_within_a_thousandth(monkeypatch):
    image = data.astronaut().astype(np.float32)
    monkeypatch.setattr(drawn, "VALUES", 60_000)  # a thirteenth of the pixels
    lazy = da.from_array(image, (100, 200, 3))
    want, seg = segment(image, 6), segment(lazy, 6)
    labels = np.asarray(seg.labels)
    own = ((image - seg.centroids[labels - 1]) ** 2).sum()
    assert_allclose(seg.inertia, own, rtol=1e-5)  # of all pixels, not of those drawn
    assert_array_equal(seg.counts, np.bincount(labels.ravel(), minlength=7)[1:])
    assert seg.inertia <= want.inertia * 1.001
    exact = segment(lazy, 6, exact_passes=5)
    assert exact.inertia < seg.inertia
    assert exact.n_iter > seg.n_iter
    assert_array_equal(np.asarray(segment(lazy, 6).labels), labels)  # the same bits from the same chunks


def test_means_and_bounds_for_normalization_are_of_all_pixels(monkeypatch):
    image = np.random.default_rng(0).normal(5, 3, (200, 300)).astype(np.float32)
    monkeypatch.setattr(drawn, "VALUES", 500)
    recipe = segment(da.from_array(image, 70), 3, normalize="zscore").model.recipe
    assert_allclose(recipe.offset, image.mean(dtype=np.float64), rtol=1e-6)
    assert_allclose(1 / np.array(recipe.scale), image.std(dtype=np.float64), rtol=1e-6)


class Watched:
    """An array that notes how often, by which threads, and in how large parts it is read."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.ndim = values, values.shape, values.dtype, values.ndim
        self.reads, self.largest, self.threads = 0, 0, set()

    def __getitem__(self, index):
        part = self.values[index]
        self.reads += 1
        self.largest = max(self.largest, part.size)
        self.threads.add(threading.current_thread().name)
        return part


def test_counted_images_are_read_once_to_fit_and_labels_only_where_they_are_looked_at(photo):
    watched = Watched(np.tile(photo, (10, 10, 1)))
    lazy = da.from_array(watched, (500, 650, 3), asarray=False, meta=np.empty(0, np.uint8))
    seg = segment(lazy, 4)
    assert watched.reads == 4
    seg.recolored()
    seg.merge([1, 2]).mask(1)
    assert watched.reads == 4
    part = np.asarray(seg.labels[:40, :50])
    assert watched.reads == 5
    assert watched.largest == 500 * 650 * 3
    assert_array_equal(part, segment(np.asarray(watched.values), 4).labels[:40, :50])


def test_small_chunks_are_looked_at_together(photo):
    watched = Watched(photo)
    lazy = da.from_array(watched, (10, 10, 3), asarray=False, meta=np.empty(0, np.uint8))
    chunks = chunks_module.Chunks.of(
        chunks_module.Features(chunks_module.Pixels(lazy, channel_axis=-1, rgb=True)), join=True
    )
    assert len(chunks.parts) == 1
    assert segment(lazy, 3).labels.chunksize == (10, 10)


def test_masks_may_be_lazy_and_are_read_where_the_image_is(photo):
    mask = photo[..., 1] > 80
    watched = Watched(mask)
    lazy = da.from_array(watched, (30, 130), asarray=False, meta=np.empty(0, bool))
    image, want = da.from_array(photo, (40, 50, 3)), segment(photo, 4, mask=mask)
    assert_same(segment(image, 4, mask=lazy), want)
    watched.reads = 0
    labels = want.model.predict(image, mask=lazy)
    assert watched.reads == 0
    assert_array_equal(np.asarray(labels), want.labels)
    assert_array_equal(segment(photo, 4, mask=lazy).labels, want.labels)
    assert_array_equal(
        segment(image, 4, mask=lazy).compute().clean_up(min_size=5).labels, want.clean_up(min_size=5).labels
    )


def test_zarr_arrays_are_lazy(photo, tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "photo.zarr", shape=photo.shape, chunks=(40, 50, 3), dtype=photo.dtype)
    array[:] = photo
    seg = segment(array, 4)
    assert seg.image is array
    assert seg.labels.chunksize == (40, 50)
    assert_same(seg, segment(photo, 4))


def test_a_list_of_arrays_may_be_lazy_in_part(photo):
    first, second = photo[..., 0], photo[..., 1].astype(np.float32)
    want, seg = segment([first, second], 3), segment([da.from_array(first, (30, 50)), second], 3)
    assert_array_equal(np.asarray(seg.labels), want.labels)
    for own, wanted in zip(seg.recolored(), want.recolored(), strict=True):
        assert isinstance(own, da.Array)
        assert own.dtype == wanted.dtype
        assert_array_equal(np.asarray(own), wanted)


def test_what_is_made_of_a_lazy_result_is_lazy_and_the_same(photo):
    want, seg = segment(photo, 6), segment(da.from_array(photo, (40, 50, 3)), 6)
    assert_same(seg.merge([2, 3]), want.merge([2, 3]))
    assert_same(seg.merge_similar(n_clusters=3), want.merge_similar(n_clusters=3))
    assert_same(seg.named({1: "dark"}).colored({2: "#ff0000"}), want.named({1: "dark"}).colored({2: "#ff0000"}))
    assert_array_equal(np.asarray(seg.mask(2)), want.mask(2))
    assert_array_equal(np.asarray(seg.extract([1, 4])), want.extract([1, 4]))
    assert_array_equal(np.asarray(seg.extract(3, fill=9)), want.extract(3, fill=9))
    assert seg.table().equals(want.table())
    assert isinstance(seg.extract(1), da.Array)


def test_models_label_lazy_images_lazily(photo, tmp_path):
    model = segment(photo, 4).split(2).merge([3, 4]).model
    other = photo[::-1, :, ::-1].copy()
    watched = Watched(other)
    lazy = da.from_array(watched, (40, 50, 3), asarray=False, meta=np.empty(0, np.uint8))
    labels = model.predict(lazy)
    assert watched.reads == 0
    assert_array_equal(np.asarray(labels), model.predict(other))
    seg, want = model.segment(lazy), model.segment(other)
    assert_array_equal(np.asarray(seg.labels), want.labels)
    assert_array_equal(seg.counts, want.counts)
    assert_allclose(seg.inertia, want.inertia)
    seg.model.save(tmp_path / "model.json")
    assert_array_equal(np.asarray(load_model(tmp_path / "model.json").predict(lazy)), want.labels)


def test_compute_brings_labels_into_memory_where_all_methods_work(photo):
    want, seg = segment(photo, 4), segment(da.from_array(photo, (40, 50, 3)), 4).compute()
    assert not seg.is_lazy
    assert seg.compute() is seg
    for own, wanted in (
        (seg, want), (seg.clean_up(min_size=9), want.clean_up(min_size=9)), (seg.split(2), want.split(2)),
        (seg.edited(np.flipud(seg.labels)), want.edited(np.flipud(want.labels))),
    ):  # fmt: skip
        assert_array_equal(own.labels, wanted.labels)
        assert_array_equal(own.counts, wanted.counts)
        assert_allclose(own.inertia, wanted.inertia)
    assert_array_equal(seg.objects(2), want.objects(2))
    assert_array_equal(seg.recolored(), want.recolored())


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda seg: seg.clean_up(min_size=5), r"seg\.compute\(\)\.clean_up"),
        (lambda seg: seg.split(1), r"seg\.compute\(\)\.split"),
        (lambda seg: seg.edited(np.ones((100, 130), int)), r"seg\.compute\(\)\.edited"),
        (lambda seg: seg.objects(), r"seg\.compute\(\)\.objects"),
    ],
)
def test_what_needs_all_labels_at_once_says_so(photo, act, words):
    seg = segment(da.from_array(photo, (40, 50, 3)), 4)
    with pytest.raises(ValueError, match=words):
        act(seg)


def test_clean_up_of_a_lazy_image_is_refused_before_it_is_read(photo):
    watched = Watched(photo)
    lazy = da.from_array(watched, (40, 50, 3), asarray=False, meta=np.empty(0, np.uint8))
    with pytest.raises(ValueError, match=r"min_size=9 looks at the labels of the whole image"):
        segment(lazy, 4, min_size=9)
    with pytest.raises(ValueError, match=r"majority=1"):
        segment(photo, 4, majority=1).model.predict(lazy)
    assert watched.reads == 0


def test_full_resolution_false_gives_the_reduced_image_in_memory(photo):
    keywords = {"downsample": 4, "full_resolution": False}
    seg, want = segment(da.from_array(photo, (33, 41, 3)), 3, **keywords), segment(photo, 3, **keywords)
    assert_array_equal(seg.labels, want.labels)
    assert not seg.is_lazy


def test_the_number_of_clusters_is_chosen_alike(photo):
    lazy = da.from_array(photo, (40, 50, 3))
    want, found = suggest_n_clusters(photo, range(2, 5)), suggest_n_clusters(lazy, range(2, 5))
    assert found.n_clusters == want.n_clusters
    assert found.scores.equals(want.scores)
    assert_same(found.segmentations[3], want.segmentations[3])


def test_progress_is_told_and_what_the_callback_raises_stops_the_run(photo):
    lazy = da.from_array(np.tile(photo, (12, 12, 1)), (400, 520, 3))
    told = []
    segment(lazy, 3, callback=lambda *news: told.append(news))
    counting = [news[1:] for news in told if news[0] == "Counting colors"]
    assert (9, 9) in counting

    class Stop(Exception):
        pass

    def stop(stage, done, total):
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        segment(lazy, 3, callback=stop)


class Broken:
    """A store that fails in one place."""

    def __init__(self, values):
        self.values, self.shape, self.dtype, self.ndim = values, values.shape, values.dtype, values.ndim

    def __getitem__(self, index):
        if index[0].start == 40 and index[1].start == 100:
            raise OSError("disk on fire")
        return self.values[index]


@pytest.mark.parametrize("floats", [False, True])
def test_a_chunk_that_cannot_be_read_is_named(photo, floats):
    image = photo[..., 0].astype(np.float32) if floats else photo[..., 0]
    lazy = da.from_array(Broken(image), (40, 50), asarray=False, meta=np.empty(0, image.dtype))
    with pytest.raises(OSError, match=r"the chunk \[.*\] of the image cannot be read \(OSError: disk on fire\)"):
        segment(lazy, 3, channel_axis=None)


def test_images_of_nothing_are_refused_in_the_usual_words(photo):
    with pytest.raises(ValueError, match="every pixel is left out"):
        segment(da.from_array(photo, (40, 50, 3)), 3, mask=np.zeros(photo.shape[:2], bool))
    with pytest.raises(ValueError, match="only 1 different color is left"):
        segment(da.zeros((50, 60), dtype=np.uint8, chunks=20), 3)
    with pytest.raises(TypeError, match="object"):
        segment(da.from_array(np.empty((4, 4), object), 2), 2)


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_any_scheduler_of_dask_gives_the_same(photo, scheduler):
    lazy = da.from_array(photo, (40, 50, 3))
    with dask.config.set(scheduler=scheduler, num_workers=2):
        seg = segment(lazy, 4)
    assert_same(seg, segment(photo, 4))


def test_chunks_of_one_huge_value_each_are_told_apart_as_in_memory():
    image = np.repeat(np.arange(3, dtype=np.int64) << 56, 1 << 20).reshape(3, 1024, 1024)
    want, seg = segment(image, 3), segment(da.from_array(image, (1, 1024, 1024)), 3)
    assert_same(seg, want)
    assert_array_equal(np.asarray(want.model.predict(da.from_array(image, (1, 1024, 1024)))), want.labels)
    close = da.from_array(image[:1] + (1 << 60), (1, 100, 100))
    with pytest.raises(ValueError, match="which float64 centroids cannot tell apart"):
        segment(close, 1)
