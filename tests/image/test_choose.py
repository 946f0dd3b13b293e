"""How many clusters: scores against scikit-learn, the number against the truth, bad input against sentences."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data
from sklearn import metrics

import napari_kseg as kseg

COLORS = np.array([[30, 30, 35], [150, 20, 25], [100, 100, 200], [20, 150, 90], [230, 230, 225]])


def blobs(n_colors, spread=6, shape=(40, 45), dtype=np.uint8):
    random = np.random.default_rng(0)
    image = COLORS[random.integers(0, n_colors, shape)] + random.normal(0, spread, (*shape, 3))
    return np.clip(image, 0, 255).astype(dtype)


@pytest.mark.parametrize("n_colors", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_well_separated_clusters_are_found(n_colors, dtype):
    found = kseg.suggest_n_clusters(blobs(n_colors, dtype=dtype), channel_axis=-1)
    assert found.n_clusters == n_colors
    assert f"{n_colors} clusters are well separated" in found.reason


@pytest.mark.parametrize("spread", [6, 60])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_scores_are_those_of_scikit_learn(spread, dtype):
    image = blobs(5, spread, dtype=dtype)  # 1800 pixels: all of them are compared
    found = kseg.suggest_n_clusters(image, [2, 5, 9], channel_axis=-1)
    table = found.scores.set_index("n_clusters")
    assert list(table.index) == [2, 5, 9]
    pixels = image.reshape(-1, 3).astype(np.float64)
    for n_clusters, row in table.iterrows():
        seg = found.segmentations[n_clusters]
        labels = seg.labels.ravel()
        assert_allclose(row["inertia"], seg.inertia, rtol=1e-9)
        assert_allclose(row["calinski_harabasz"], metrics.calinski_harabasz_score(pixels, labels), rtol=1e-3)
        assert_allclose(row["davies_bouldin"], metrics.davies_bouldin_score(pixels, labels), rtol=1e-2)
        assert_allclose(row["silhouette"], metrics.silhouette_score(pixels, labels), atol=1e-9)


def test_the_drawn_silhouette_is_near_that_of_all_pixels():
    image = data.coffee()[::4, ::4]
    found = kseg.suggest_n_clusters(image, [2, 4, 8])
    pixels = image.reshape(-1, 3).astype(np.float64)
    for n_clusters, seg in found.segmentations.items():
        row = found.scores.set_index("n_clusters").loc[n_clusters]
        expected = metrics.silhouette_score(pixels, seg.labels.ravel(), sample_size=6000, random_state=0)
        assert_allclose(row["silhouette"], expected, atol=0.03)


def test_the_elbow_is_the_point_farthest_below_the_line():
    found = kseg.suggest_n_clusters(data.coffee(), range(2, 9))
    table = found.scores
    x, y = table["n_clusters"].to_numpy(float), table["inertia"].to_numpy()
    x, y = (x - x.min()) / np.ptp(x), (y - y.min()) / np.ptp(y)
    distance = np.abs(x + y - 1) / np.sqrt(2)  # from the line x + y = 1 of the two ends
    assert found.n_clusters == table["n_clusters"][distance.argmax()]
    assert "bends" in found.reason
    assert_allclose(table["elbow"], np.sqrt(2) * distance, atol=1e-12)


@pytest.mark.parametrize(
    "image", [data.coffee(), data.camera(), blobs(4, 30, dtype=np.float32)], ids=["8 bit", "gray", "float"]
)
def test_segmentations_are_those_of_segment(image):
    found = kseg.suggest_n_clusters(image, [2, 4], downsample=1, random_state=3)
    for n_clusters in (4, 2):
        expected = kseg.segment(image, n_clusters, downsample=1, random_state=3)
        seg = found.segmentations[n_clusters]
        assert_array_equal(seg.labels, expected.labels)
        assert_array_equal(seg.centroids, expected.centroids)
        assert seg.settings == expected.settings
    assert found.segmentations[4] is found.segmentations[4]


def test_auto_takes_the_recommended_number():
    image = blobs(4)
    seg = kseg.segment(image, "auto")
    assert seg.n_clusters == 4
    assert seg.settings.n_clusters == 4
    assert_array_equal(seg.labels, kseg.segment(image, 4).labels)


def test_masked_pixels_count_for_nothing():
    image = blobs(3)
    mask = np.ones(image.shape[:2], bool)
    mask[:, 30:] = False
    image[:, 30:] = np.random.default_rng(1).integers(0, 256, image[:, 30:].shape)
    found = kseg.suggest_n_clusters(image, mask=mask)
    assert found.n_clusters == 3
    assert not found.segmentations[3].labels[:, 30:].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_numbers_beyond_the_different_colors_are_left_out(dtype):
    image = np.repeat(np.array([[1, 50, 200]], dtype), 20, axis=0)
    found = kseg.suggest_n_clusters(image)
    assert list(found.segmentations) == [2, 3]
    assert found.n_clusters == 3


def test_the_fit_may_see_the_image_reduced():
    found = kseg.suggest_n_clusters(data.coffee(), [3, 5], downsample=5)
    expected = kseg.segment(data.coffee(), 5, downsample=5)
    assert_array_equal(found.segmentations[5].labels, expected.labels)


def test_the_result_may_be_of_the_reduced_image():
    keywords = {"downsample": 5, "full_resolution": False}
    found = kseg.suggest_n_clusters(data.coffee(), [3, 5], **keywords)
    for n_clusters, inertia in zip([3, 5], found.scores["inertia"], strict=True):
        expected = kseg.segment(data.coffee(), n_clusters, **keywords)
        assert_array_equal(found.segmentations[n_clusters].labels, expected.labels)
        assert_allclose(inertia, expected.inertia, rtol=1e-9)


def test_all_numbers_see_the_same_image(monkeypatch):
    monkeypatch.setattr("napari_kseg.image.downsample.AUTO_WORK", 20_000)
    image = blobs(5, 40, dtype=np.float32)  # alone, 2 clusters would see every pixel and 9 clusters a reduced image
    found = kseg.suggest_n_clusters(image, [2, 9], channel_axis=-1)
    assert found.segmentations[2].downsample == found.segmentations[9].downsample != (1, 1)
    assert kseg.segment(image, 2, channel_axis=-1).downsample == (1, 1)


def test_an_image_of_one_color_says_so():
    with pytest.raises(ValueError, match="only 1 different color is left"):
        kseg.segment(np.full((40, 40), 7, np.uint8), "auto")


@pytest.mark.parametrize(
    ("error", "words", "job"),
    [
        (ValueError, "n_clusters is empty", lambda: kseg.suggest_n_clusters(blobs(2), [])),
        (ValueError, "n_clusters=1, but it must be an integer >= 2", lambda: kseg.suggest_n_clusters(blobs(2), [1, 2])),
        (TypeError, "must be an integer", lambda: kseg.suggest_n_clusters(blobs(2), ["two"])),
        (TypeError, r"n_clusters=5 must be the numbers.*range\(2, 11\)", lambda: kseg.suggest_n_clusters(blobs(2), 5)),
        (TypeError, "'colour' is not a setting", lambda: kseg.suggest_n_clusters(blobs(2), colour="Lab")),
        (ValueError, "init is an array", lambda: kseg.segment(blobs(2), "auto", init=COLORS[:2])),
        (
            TypeError,
            "n_clusters='many' is a str; it must be an integer, 1 or more, or .auto.",
            lambda: kseg.segment(blobs(2), "many"),
        ),
    ],
)
def test_what_cannot_be_tried_is_said(error, words, job):
    with pytest.raises(error, match=words):
        job()
