"""Clusters split by K-means of their own pixels, and models that label so."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from skimage import data
from sklearn.cluster import KMeans

from napari_kseg import Model, load_model, segment
from napari_kseg.image.features import Features
from napari_kseg.kmeans import ConvergenceWarning


@pytest.fixture
def photo():
    return data.coffee()[100:200, 200:330]


@pytest.fixture
def seg(photo):
    return segment(photo, 4)


def table_of(image, seg):
    """Values (N, C) of the labeled pixels, and their rows."""
    inside = seg.labels > 0
    return np.asarray(image, np.float64).reshape(*seg.labels.shape, -1)[inside], seg.labels[inside].astype(int) - 1


def inertia_of(image, seg):
    """Sum of the squared distances to the centroid of the own cluster."""
    values, rows = table_of(image, seg)
    return ((values - seg.centroids[rows]) ** 2).sum()


def nearest(values, centroids):
    return ((values[..., None, :].astype(np.float64) - centroids) ** 2).sum(-1).argmin(-1)


def parts_of(seg, split, label):
    """Labels that a cluster was split into, after a check that all other pixels keep theirs."""
    inside = seg.labels == label
    parts = np.unique(split.labels[inside])
    assert not np.isin(split.labels[~inside], parts).any()
    for other in range(1, seg.n_clusters + 1):
        if other != label and (seg.labels == other).any():
            (number,) = np.unique(split.labels[seg.labels == other])
            assert_array_equal(split.labels == number, seg.labels == other)
            assert_array_equal(split.centroids[number - 1], seg.centroids[other - 1])
    return parts


@pytest.mark.nojit
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of plain Python at inf - inf; kernels do not
def test_by_hand():
    seg = segment(np.array([[0, 2, 90, 92, 250]], np.uint8), 2)
    split = seg.split(1)
    assert_array_equal(split.labels, [[1, 1, 2, 2, 3]])
    assert_array_equal(split.centroids.ravel(), [1, 91, 250])
    assert_array_equal(split.counts, [2, 2, 1])
    assert split.inertia == 4
    assert_array_equal(split.model.groups, [0, 3, 1, 2])
    # 130 is nearer to the first centroid, 46, than to 250, and among its parts to 91
    assert_array_equal(split.model.predict(np.array([[130, 150, 45, 47]], np.uint8)), [[2, 3, 1, 2]])


@pytest.mark.parametrize("n_clusters", [2, 3, 7])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_it_is_kmeans_of_the_pixels_of_one_cluster(photo, dtype, n_clusters):
    image = photo.astype(dtype)
    seg = segment(image, 4)
    split = seg.split(2, n_clusters)
    parts = parts_of(seg, split, 2)
    assert len(parts) == n_clusters
    pixels = image[seg.labels == 2].astype(np.float64)
    centroids = split.centroids[parts - 1]
    assert_array_equal(split.labels[seg.labels == 2], parts[nearest(pixels, centroids)])
    own = ((pixels - centroids[nearest(pixels, centroids)]) ** 2).sum()
    same_start = KMeans(n_clusters, init=centroids, n_init=1, tol=0).fit(pixels)
    assert_allclose(own, same_start.inertia_, rtol=2e-3)
    assert own <= KMeans(n_clusters, n_init=10, random_state=0).fit(pixels).inertia_ * 1.002
    for part, centroid in zip(parts, centroids, strict=True):
        assert_allclose(centroid, image[split.labels == part].astype(float).mean(0), atol=1)


@pytest.mark.parametrize("n_clusters", [2, 3])
def test_one_channel_of_integers_is_split_at_its_optimum(n_clusters):
    image = np.random.default_rng(1).integers(0, 60, (20, 30)).astype(np.uint8)
    image[:10] += 150
    seg = segment(image, 2)
    split = seg.split(2, n_clusters)
    parts = parts_of(seg, split, 2)
    inside = np.sort(image[seg.labels == 2].astype(float))
    cuts = np.flatnonzero(np.diff(inside)) + 1
    if n_clusters == 2:
        best = min(np.var(inside[:i]) * i + np.var(inside[i:]) * (len(inside) - i) for i in cuts)
    else:
        best = min(
            sum(np.var(part) * len(part) for part in np.split(inside, [i, j])) for i in cuts for j in cuts if i < j
        )
    own = sum(((image[split.labels == part] - split.centroids[part - 1]) ** 2).sum() for part in parts)
    assert_allclose(own, best, rtol=1e-9)


def test_counts_and_inertia_follow(photo, seg):
    split = seg.split(3, 4)
    assert_array_equal(split.counts, np.bincount(split.labels.ravel())[1:])
    assert split.counts.dtype == np.int64
    assert_allclose(split.inertia, inertia_of(photo, split), rtol=1e-9)
    assert split.inertia < seg.inertia
    assert (np.diff(split.centroids.mean(1)) >= 0).all()
    assert (split.n_clusters, len(split.table()), len(split.model.names)) == (7, 7, 7)
    assert not split.labels.flags.writeable


def test_the_original_stays(seg):
    before = seg.labels.copy(), seg.centroids.copy(), seg.counts.copy(), seg.inertia, seg.model.to_dict()
    seg.split(2, 3)
    for was, now in zip(before[:3], (seg.labels, seg.centroids, seg.counts), strict=True):
        assert_array_equal(was, now)
    assert before[3:] == (seg.inertia, seg.model.to_dict())


RECIPES = [
    {"color_space": "Lab"}, {"color_space": "HSV", "channels": [0, 1]}, {"normalize": "zscore"},
    {"normalize": "percentile", "channel_weights": [1, 0.5, 2]}, {"sigma": 2}, {"position_weight": 20},
    {"texture": (1, 2), "normalize": "zscore"}, {"color_space": "Oklab", "sigma": 1, "position_weight": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_recipes_stay_what_they_are_and_pixels_around_count_as_before(photo, tmp_path, recipe, dtype):
    image = photo[:60, :70] if dtype == "u1" else photo[:60, :70] / 255
    mask = np.ones(image.shape[:2], bool)
    mask[20:30, 10:50] = False
    seg = segment(image, 3, mask=mask, **recipe)
    split = seg.split(2)
    assert split.model.recipe == seg.model.recipe
    parts = parts_of(seg, split, 2)
    features = seg.model.features(seg.pixels)
    values = np.concatenate([features.read(block)[0] for block in range(features.n_blocks)]).astype(np.float64)
    whole = np.empty((*mask.shape, features.n_features))
    start = 0
    for block in range(features.n_blocks):
        part = whole[features.part(block)]
        part[...] = values[start : start + part[..., 0].size].reshape(part.shape)
        start += part[..., 0].size
    means = split.model.feature_means
    inside = seg.labels == 2
    assert_array_equal(split.labels[inside], parts[nearest(whole[inside], means[parts - 1])])
    assert_allclose(split.inertia, ((whole - means[split.labels.astype(int) - 1])[mask] ** 2).sum(), rtol=1e-6)
    for part in parts:  # colors of the fit's last pass but one may differ a bit
        assert_allclose(split.centroids[part - 1], image[split.labels == part].mean(0), rtol=0.02)
    assert_array_equal(split.counts, np.bincount(split.labels[mask])[1:])
    assert_array_equal(split.labels == 0, ~mask)
    assert_array_equal(split.model.predict(image, mask=mask), split.labels)
    again = split.merge([1, 2]).split(1, 3).split(2)
    again.model.save(tmp_path / "model.json")
    assert_array_equal(load_model(tmp_path / "model.json").predict(image, mask=mask), again.labels)


IMAGES = {
    "gray": lambda photo: photo[..., 0],
    "16 bits": lambda photo: photo[..., 1].astype("u2") * 200,
    "signed": lambda photo: photo[..., 1].astype("i4") * 1000 - 70000,
    "bool": lambda photo: photo[..., :2] > 100,
    "two channels": lambda photo: photo[..., :2],
    "four channels": lambda photo: np.dstack([photo, photo[::-1, :, 0]]),
    "floats, far off": lambda photo: photo / 255.0 + 1e6,
    "volume": lambda photo: np.stack([photo[:40, :40], photo[40:80, 40:80]]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_all_kinds_of_images(photo, tmp_path, name):
    image = IMAGES[name](photo)
    axis = None if image.ndim == 2 else -1
    seg = segment(image, 2, channel_axis=axis)
    split = seg.split(1)
    assert len(parts_of(seg, split, 1)) == 2
    assert_allclose(split.inertia, inertia_of(image, split), rtol=1e-6, atol=1e-9)
    split.model.save(tmp_path / "model.json")
    for model in (split.model, load_model(tmp_path / "model.json")):
        assert_array_equal(model.predict(image), split.labels)
        assert_array_equal(model.segment(image).counts, split.counts)
        assert_allclose(model.segment(image).inertia, split.inertia, rtol=1e-6, atol=1e-9)


@given(
    st.sampled_from(["u1", "u2", "f4"]),
    st.integers(0, 100),
    st.lists(st.sampled_from(["split", "merge", "clean_up"]), min_size=1, max_size=6),
    st.data(),
)
@settings(max_examples=30)
def test_the_model_repeats_every_chain(dtype, seed, methods, data):
    random = np.random.default_rng(seed)
    image = random.integers(0, 120, (12, 15, 3)).astype(dtype)
    mask = random.random((12, 15)) > 0.1
    seg = segment(image, 3, channel_axis=-1, mask=mask, n_init=2)
    is_clean = True  # no clean-up has moved a pixel
    for method in methods:
        if method == "split":
            counts = seg.parts.counts(seg.n_clusters)
            labels = [label for label in range(1, seg.n_clusters + 1) if counts[label - 1] > 20]
            if labels:
                seg = seg.split(data.draw(st.sampled_from(labels)), data.draw(st.integers(2, 4)), random_state=seed)
        elif method == "merge":
            seg = seg.merge(data.draw(st.sets(st.integers(1, seg.n_clusters), min_size=1, max_size=2)))
        else:
            is_clean = False
            seg = seg.clean_up(min_size=data.draw(st.integers(0, 4)), majority=data.draw(st.integers(0, 1)))
        assert_array_equal(seg.model.predict(image, mask=mask), seg.labels)
        assert_array_equal(seg.counts, np.bincount(seg.labels[mask], minlength=seg.n_clusters + 1)[1:])
        assert seg.counts.sum() == mask.sum()
        assert_allclose(seg.inertia, inertia_of(image, seg), rtol=1e-6)
        assert (np.diff(seg.centroids.mean(1)) >= 0).all()
        assert is_clean <= (seg.counts > 0).all()
    loaded = Model.from_dict(json.loads(json.dumps(seg.model.to_dict())))
    again = loaded.segment(image, mask=mask)
    assert_array_equal(again.labels, seg.labels)
    assert_array_equal(again.counts, seg.counts)
    assert_allclose(again.inertia, seg.inertia, rtol=1e-6)
    one = again.merge(range(1, again.n_clusters + 1))
    assert_allclose(one.centroids, seg.merge(range(1, seg.n_clusters + 1)).centroids)
    assert_allclose(one.inertia, inertia_of(image, one), rtol=1e-6)


def test_another_image_is_labeled_in_the_same_steps(photo, seg):
    other = data.astronaut()[:80, :90]
    split = seg.split(2, 3).split(4)  # of five: perhaps one of the parts, perhaps none
    merged = split.merge([1, 5]).split(2, 2)
    first = seg.split(2, 3)
    labels = nearest(other, seg.centroids) + 1
    parts = parts_of(seg, first, 2)
    wanted = np.zeros(5, int)
    for label in (1, 3, 4):
        wanted[label] = first.labels[seg.labels == label][0]
    expected = np.where(labels == 2, parts[nearest(other, first.centroids[parts - 1])], wanted[labels])
    assert_array_equal(first.model.predict(other), expected)
    for one in (first, split, merged):
        result = one.model.segment(other)
        assert_array_equal(result.labels, one.model.predict(other))
        assert_array_equal(result.counts, np.bincount(result.labels.ravel(), minlength=one.n_clusters + 1)[1:])
        assert_array_equal(result.centroids, one.centroids)
    result = first.model.segment(other)
    assert_allclose(result.inertia, inertia_of(other, result), rtol=1e-9)


def test_an_image_that_has_no_pixel_to_divide(seg):
    model = seg.split(4).model
    for dark in (np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40, 3))):
        assert_array_equal(model.predict(dark), np.ones((40, 40)))


def test_clean_up_comes_last(photo, seg):
    specks = seg.clean_up(min_size=30)
    split = specks.split(2, 3)
    assert_array_equal(split.labels, seg.split(2, 3).clean_up(min_size=30).labels)
    assert_array_equal(split.clean_up().labels, seg.split(2, 3).labels)
    assert_allclose(split.inertia, inertia_of(photo, split), rtol=1e-9)


def test_names_and_colors_stay_with_the_other_clusters(seg):
    names = {label: f"kind {label}" for label in range(1, 5)}
    named = seg.named(names).colored({1: "#ff0000", 4: "#0000ff"})
    split = named.split(2)
    for label in (1, 3, 4):
        number = split.labels[seg.labels == label][0]
        assert split.model.names[number - 1] == f"kind {label}"
        assert split.model.colors[number - 1] == named.model.colors[label - 1]
    for part in parts_of(seg, split, 2):
        assert split.model.names[part - 1] == split.model.colors[part - 1] == ""


def test_the_seed_is_that_of_the_settings_unless_one_is_given(photo):
    seg = segment(photo, 3, random_state=5, n_init=1)
    assert_array_equal(seg.split(2, 6).labels, seg.split(2, 6, random_state=5).labels)
    assert seg.split(2, 6, random_state=6).settings == seg.settings
    again = segment(photo, 3, random_state=5, n_init=1).split(2, 6)
    assert_array_equal(again.centroids, seg.split(2, 6).centroids)


def test_seeds_of_the_first_fit_are_not_those_of_the_split(photo):
    seg = segment(photo, 3, init=[[20, 10, 10], [120, 80, 60], [200, 200, 200]], fixed=[1])
    assert len(parts_of(seg, seg.split(2), 2)) == 2


@pytest.mark.parametrize("keywords", [{"downsample": 3}, {"downsample": 3, "full_resolution": False}])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_of_a_reduced_image(photo, keywords, dtype):
    seg = segment(photo.astype(dtype), 3, **keywords)
    split = seg.split(2)
    assert len(parts_of(seg, split, 2)) == 2
    assert split.downsample == seg.downsample == (3, 3)
    assert_array_equal(split.model.predict(seg.image), split.labels)


def test_pixels_of_a_reduced_image_are_as_far_apart_as_they_were(photo):
    seg = segment(photo, 3, downsample=3, full_resolution=False, sigma=3, spacing=1)
    split = seg.split(2)
    parts = parts_of(seg, split, 2)
    features, inside = Features(seg.pixels, seg.model.recipe), seg.labels == 2
    assert seg.pixels.spacing == (3, 3)
    values = features.read(0)[0].reshape(*seg.labels.shape, 3)[inside]
    assert_array_equal(split.labels[inside], parts[nearest(values, split.model.feature_means[parts - 1])])


def test_pixels_that_are_left_out_stay_so(photo):
    image = photo.astype("f4")
    image[5:20, 5:20] = np.nan
    image[40:50] = 0
    seg = segment(image, 3, nodata=0)
    split = seg.split(1, 2)
    assert_array_equal(split.labels == 0, seg.labels == 0)
    assert_array_equal(split.model.predict(image), split.labels)


def test_labels_grow_to_sixteen_bits():
    image = np.arange(1000, dtype="u2").reshape(25, 40)
    seg = segment(image, 255)
    many = seg.split(7, 3)
    assert many.n_clusters == 257
    assert many.labels.dtype == np.uint16
    assert_array_equal(many.model.predict(image), many.labels)
    fewer = many.merge(range(1, 10))
    assert fewer.labels.dtype == np.uint8
    assert_array_equal(fewer.model.predict(image), fewer.labels)


def test_more_than_16_bits_of_clusters_are_refused_in_words(seg):
    with pytest.raises(ValueError, match=r"n_clusters=65533 would make 65536 clusters.*use n_clusters=65532 or less"):
        seg.split(1, 65533)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_too_few_colors_are_refused_in_words(dtype):
    image = np.zeros((40, 40, 3), dtype)
    image[:20] = 250
    image[0, :3] = [[240, 250, 250], [250, 240, 250], [250, 250, 240]]
    seg = segment(image, 2)
    assert seg.split(2, 4).n_clusters == 5
    with pytest.raises(ValueError, match="n_clusters=5, but cluster 2 has only 4 different colors; use n_clusters=4"):
        seg.split(2, 5)
    with pytest.raises(ValueError, match="cluster 1 has only one color, which cannot be split; choose another label"):
        seg.split(1)


def test_an_empty_cluster_is_refused_in_words(seg):
    dark = seg.model.segment(np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(ValueError, match="cluster 4 has no pixels to split; choose a label of which there are some"):
        dark.split(4)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0,), ValueError, "label 0 does not exist; the labels are 1 to 4"), ((5,), ValueError, "label 5"),
        ((1.0,), TypeError, r"label 1\.0 must be an integer"), (([1, 2],), TypeError, r"label \[1, 2\]"),
        ((1, 1), ValueError, "n_clusters=1, but it must be an integer >= 2"), ((1, 0), ValueError, "n_clusters=0"),
        ((1, 2.5), TypeError, "n_clusters=2.5 is a float"), ((1, True), TypeError, "n_clusters=True is a bool"),
        ((1, "auto"), TypeError, "n_clusters='auto' is a str"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(seg, arguments, error, words):
    with pytest.raises(error, match=words):
        seg.split(*arguments)


def test_a_split_that_did_not_converge_says_so(photo):
    seg = segment(photo.astype("f4"), 2, tol=0, max_iter=300)
    seg = seg.model.segment(photo.astype("f4"))
    short = Model.from_dict({**seg.model.to_dict(), "settings": {**seg.settings.to_dict(), "max_iter": 1, "n_init": 1}})
    with pytest.warns(ConvergenceWarning, match="max_iter=1") as caught:
        split = short.segment(photo.astype("f4")).split(2, 8)
    assert not split.converged
    assert caught[0].filename == __file__


def test_what_looks_alike_is_joined_again(photo, seg):
    split = seg.split(2, 2)
    joined = split.merge(parts_of(seg, split, 2))
    assert_array_equal(joined.labels, seg.labels)
    assert_allclose(joined.inertia, inertia_of(photo, joined), rtol=1e-9)
    assert_array_equal(joined.model.predict(photo), seg.labels)
    assert split.merge_similar(n_clusters=2).n_clusters == 2
    assert split.linkage().shape == (4, 4)


def test_a_model_with_splits_in_a_file(seg, tmp_path):
    model = seg.split(1).merge([1, 3]).split(2, 3).model
    model.save(tmp_path / "model.json")
    values = json.loads((tmp_path / "model.json").read_text())
    assert values["format_version"] == 3
    assert [len(split["centroids"]) for split in values["splits"]] == [2, 3]
    again = load_model(tmp_path / "model.json")
    assert again.to_dict() == model.to_dict()
    assert not again.hand_edited
    for array in (again.splits[0].centroids, again.splits[0].replaced):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    "splits",
    [
        [], None, "x", [{}], [{"replaced": [1]}], [{"replaced": [9], "centroids": [[1, 2, 3]] * 2}],
        [{"replaced": [-1], "centroids": [[1, 2, 3]] * 2}], [{"replaced": [1], "centroids": [[1, 2]] * 2}],
        [{"replaced": [1], "centroids": [[1, 2, np.nan]] * 2}], [{"replaced": [1, 1], "centroids": [[1, 2, 3]] * 2}],
        [{"replaced": [], "centroids": [[1, 2, 3]] * 2}], [{"replaced": [0], "centroids": [[1, 2, 3]] * 2}],
        [{"replaced": [1], "centroids": [[1, 2, 3]] * 3}], [{"replaced": [[1]], "centroids": [[1, 2, 3]] * 2}],
    ],
)  # fmt: skip
def test_damaged_splits_are_refused_in_words(seg, splits):
    model = seg.split(2).model
    assert model.splits[0].replaced.tolist() == [1]
    with pytest.raises(ValueError, match="not a napari-kseg model"):
        Model.from_dict({**model.to_dict(), "splits": splits})
