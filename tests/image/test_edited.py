"""Labels edited by hand, and connected objects."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage import data

from napari_kseg import Model, segment
from napari_kseg.image.clean_up import cleaned


@pytest.fixture
def photo():
    return data.coffee()[100:180, 200:290]


@pytest.fixture
def seg(photo):
    return segment(photo, 4)


@pytest.fixture
def painted(seg):
    """A box of each of two labels, a speck, and a hole."""
    labels = seg.labels.copy()
    labels[10:30, 20:40], labels[40:50, 50:80] = 3, 1
    labels[45, 60], labels[60:65, 5:20] = 4, 0
    return labels


def inertia_of(image, seg):
    """Sum of the squared distances of pixels that have a value to the centroid of their own cluster."""
    values = np.asarray(image, np.float64).reshape(*seg.labels.shape, -1)
    inside = (seg.labels > 0) & np.isfinite(values).all(-1)
    return ((values[inside] - seg.centroids[seg.labels[inside].astype(int) - 1]) ** 2).sum()


def check(image, seg):
    """Counts and inertia are those of the labels."""
    assert_array_equal(seg.counts, np.bincount(seg.labels.ravel(), minlength=seg.n_clusters + 1)[1:])
    assert_allclose(seg.inertia, inertia_of(image, seg), rtol=1e-9, atol=1e-6)
    assert not seg.labels.flags.writeable


def is_renumbered(before, after):
    """Whether two label images are the same but for the numbers."""
    pairs = np.unique(np.stack([before.ravel(), after.ravel()]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@pytest.mark.nojit
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of plain Python at inf - inf; kernels do not
def test_by_hand():
    seg = segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2)
    edited = seg.edited([[1, 2, 2], [0, 1, 1]])
    assert_array_equal(edited.labels, [[1, 2, 2], [0, 1, 1]])
    assert_array_equal(edited.counts, [3, 2])
    assert_array_equal(edited.centroids, [[0.5], [8.5]])
    assert_allclose(edited.inertia, 0.25 * 3 + 7.5**2 + 0.25)
    assert edited.model.hand_edited
    merged = edited.merge([1, 2])
    assert_array_equal(merged.labels, [[1, 1, 1], [0, 1, 1]])
    assert_allclose(merged.centroids, [[(3 * 0.5 + 2 * 8.5) / 5]])  # 3.7
    assert_allclose(merged.inertia, 3.7**2 + 2.7**2 + 5.3**2 + 2.7**2 + 3.7**2)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
def test_labels_counts_and_inertia_follow(photo, painted, dtype):
    image = photo.astype(dtype)
    seg = segment(image, 4).named({2: "wood"}).colored({3: "#00ff00"})
    edited = seg.edited(painted)
    assert_array_equal(edited.labels, painted)
    assert edited.labels.dtype == np.uint8
    check(image, edited)
    assert_array_equal(edited.centroids, seg.centroids)
    assert edited.model.names == seg.model.names
    assert edited.model.colors == seg.model.colors
    assert_array_equal(edited.model.predict(image), seg.labels)
    assert not seg.model.hand_edited


def test_it_is_a_copy(seg, painted):
    edited = seg.edited(painted)
    before = seg.labels.copy()
    painted[:] = 1
    assert (edited.labels == 4).any()
    assert painted.flags.writeable
    assert_array_equal(seg.labels, before)


def test_labels_of_any_integers(photo, seg, painted):
    for dtype in ("i1", "i8", "u8", ">i4"):
        assert_array_equal(seg.edited(painted.astype(dtype)).labels, painted)
    assert_array_equal(seg.edited(np.asfortranarray(painted)).labels, painted)
    assert_array_equal(seg.edited(painted.tolist()).labels, painted)


def test_the_same_labels_are_no_edit(seg):
    assert not seg.edited(seg.labels.copy()).model.hand_edited


def test_edits_of_edits(photo, seg, painted):
    edited = seg.edited(painted)
    other = painted.copy()
    other[:, :30] = 2
    twice = edited.edited(other)
    assert_array_equal(twice.labels, other)
    check(photo, twice)
    back = twice.edited(seg.labels)
    check(photo, back)
    assert_allclose(back.inertia, seg.inertia, rtol=1e-9)


def test_all_painted_over(photo, seg):
    one = seg.edited(np.full(photo.shape[:2], 2))
    check(photo, one)
    assert_array_equal(one.counts, [0, photo[..., 0].size, 0, 0])
    nothing = seg.edited(np.zeros(photo.shape[:2], int))
    check(photo, nothing)
    assert_array_equal(nothing.recolored(), photo)
    assert_array_equal(nothing.fractions, [0] * 4)
    assert nothing.merge([1, 2]).n_clusters == 3


def test_what_a_result_shows_is_edited(photo, seg, painted):
    edited = seg.edited(painted)
    assert_array_equal(edited.mask(3), painted == 3)
    assert_array_equal(edited.table()["count"], np.bincount(painted.ravel())[1:])
    recolored = edited.recolored()
    assert_array_equal(recolored[painted == 0], photo[painted == 0])
    assert_array_equal(recolored[painted == 3], np.broadcast_to(np.rint(seg.centroids[2]), (np.sum(painted == 3), 3)))
    assert_array_equal(edited.extract(3)[..., 3] > 0, painted == 3)
    for other in (edited.named({1: "cup"}), edited.colored({1: "#ff0000"})):
        assert_array_equal(other.labels, painted)
        check(photo, other)


def test_merging_goes_on_from_the_edit(photo, seg, painted):
    edited = seg.edited(painted)
    for merged in (edited.merge([2, 3]), edited.merge_similar(n_clusters=3)):
        assert_array_equal(merged.labels == 0, painted == 0)
        check(photo, merged)
        assert merged.model.hand_edited
    assert is_renumbered(np.where(painted == 3, 2, painted), edited.merge([2, 3]).labels)
    weights = np.bincount(painted.ravel())[[2, 3]]
    merged = edited.merge([2, 3])
    row = merged.labels[painted == 2][0] - 1
    assert_allclose(merged.centroids[row], np.average(seg.centroids[1:3], axis=0, weights=weights))


def test_splitting_divides_what_was_painted(photo, seg, painted):
    edited = seg.edited(painted)
    split = edited.split(3, 2)
    check(photo, split)
    inside = painted == 3
    parts = np.unique(split.labels[inside])
    assert len(parts) == 2
    assert is_renumbered(np.where(inside, 0, painted + 1), np.where(inside, 0, split.labels + 1))
    distances = ((photo[inside][:, None].astype(float) - split.centroids[parts - 1]) ** 2).sum(-1)
    assert_array_equal(split.labels[inside], parts[distances.argmin(1)])
    # the model has the new centroids, and knows nothing of the brush
    assert split.model.n_clusters == 5
    assert_array_equal(np.isin(split.model.predict(photo), parts), seg.labels == 3)


def test_clean_up_cleans_the_edit(photo, seg, painted):
    edited = seg.edited(painted)
    clean = edited.clean_up(min_size=12)
    assert_array_equal(clean.labels, cleaned(painted, 12, 0))
    check(photo, clean)
    assert_array_equal(edited.clean_up(majority=1).labels, cleaned(painted, 0, 1))
    assert_array_equal(clean.clean_up().labels, painted)
    check(photo, clean.clean_up())
    assert is_renumbered(cleaned(np.where(painted == 2, 1, painted), 12, 0), clean.merge([1, 2]).labels)


def test_a_speck_painted_after_clean_up_stays_until_the_next(photo, seg):
    clean = seg.clean_up(min_size=20)
    labels = clean.labels.copy()
    labels[30, 30] = labels[30, 30] % 4 + 1
    edited = clean.edited(labels)
    assert_array_equal(edited.labels, labels)
    assert edited.settings.min_size == 20
    assert is_renumbered(np.where(labels == 2, 1, labels), edited.merge([1, 2]).labels)
    split = edited.split(4)
    assert is_renumbered(np.where(labels == 4, 0, labels), np.where(labels == 4, 0, split.labels))
    check(photo, edited)
    check(photo, split)
    assert_array_equal(edited.clean_up(min_size=20).labels, cleaned(labels, 20, 0))


@given(
    st.integers(0, 100),
    st.lists(st.sampled_from(["edited", "split", "merge", "clean_up"]), min_size=2, max_size=7),
    st.data(),
)
@settings(max_examples=30)
def test_counts_and_inertia_are_those_of_the_labels_after_every_chain(seed, methods, data):
    random = np.random.default_rng(seed)
    image = random.integers(0, 120, (12, 15, 3)).astype(np.uint8)
    seg = segment(image, 3, channel_axis=-1, mask=random.random((12, 15)) > 0.1, n_init=2)
    for method in ("edited", *methods):
        before = seg
        if method == "edited":
            labels = seg.labels.copy()
            at = random.random(labels.shape) < 0.2  # also where the mask left them out
            labels[at] = random.integers(0, seg.n_clusters + 1, at.sum())
            seg = seg.edited(labels)
            assert_array_equal(seg.labels, labels)
            assert seg.model.hand_edited
        elif method == "split":
            counts = seg.parts.counts(seg.n_clusters)
            wanted = [label for label in range(1, seg.n_clusters + 1) if counts[label - 1] > 20]
            if wanted:
                seg = seg.split(data.draw(st.sampled_from(wanted)), data.draw(st.integers(2, 3)))
        elif method == "merge":
            seg = seg.merge(data.draw(st.sets(st.integers(1, seg.n_clusters), min_size=1, max_size=2)))
        else:
            seg = seg.clean_up(min_size=data.draw(st.integers(0, 4)), majority=data.draw(st.integers(0, 1)))
        if method != "edited":
            assert_array_equal(seg.labels == 0, before.labels == 0)
        check(image, seg)
        assert seg.model.hand_edited


def test_paint_where_the_image_is_left_out(photo):
    image = photo.astype("f4")
    image[:10] = np.nan
    mask = np.ones(image.shape[:2], bool)
    mask[:, :15] = False
    seg = segment(image, 3, mask=mask)
    labels = seg.labels.copy()
    labels[5:20, 5:40] = 2
    edited = seg.edited(labels)
    check(image, edited)  # NaN counts, and adds nothing to the inertia
    for other in (edited.merge([1, 2]), edited.clean_up(min_size=50, majority=1)):
        check(image, other)
    split = edited.split(2)
    check(image, split)
    assert_array_equal(split.labels > 0, labels > 0)
    assert len(np.unique(split.labels[labels == 2])) == 2


@pytest.mark.parametrize("keywords", [{"color_space": "Lab"}, {"sigma": 1}, {"normalize": "zscore", "sigma": 1}])
def test_inertia_is_among_the_features(photo, painted, keywords):
    seg = segment(photo, 4, **keywords)
    edited = seg.edited(painted)
    features = seg.model.features(seg.pixels)
    values = np.zeros((*painted.shape, features.n_features))
    for block in range(features.n_blocks):
        part = values[features.part(block)]
        part[...] = features.read(block)[0].reshape(part.shape)
    means = seg.model.feature_means[painted[painted > 0].astype(int) - 1]
    assert_allclose(edited.inertia, ((values[painted > 0] - means) ** 2).sum(), rtol=1e-6)


def test_the_model_says_so(photo, seg, painted):
    model = seg.edited(painted).model
    again = Model.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.hand_edited
    assert not again.segment(photo).model.hand_edited  # there its labels are those of the model
    assert_array_equal(again.predict(photo), seg.labels)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda labels: labels[:-1], ValueError, r"shape \(79, 90\).*spatial shape \(80, 90\)"),
        (lambda labels: labels[None], ValueError, r"shape \(1, 80, 90\)"),
        (lambda labels: labels.astype(float), TypeError, "dtype float64.*integers"),
        (lambda labels: labels > 0, TypeError, "dtype bool.*integers"),
        (lambda labels: labels.astype(str), TypeError, "dtype <U.*integers"),
        (lambda labels: labels + 1, ValueError, r"the value 5, but they must be 0 \(left out\) to 4"),
        (lambda labels: labels.astype(int) - 2, ValueError, "the value -1, but"),
        (lambda labels: labels.astype(int) + 256, ValueError, "the value 26"),
    ],
)
def test_what_are_no_labels_is_refused_in_words(seg, change, error, words):
    with pytest.raises(error, match=words):
        seg.edited(change(seg.labels))


# --- objects ------------------------------------------------------------------------------------------------------


def test_objects_by_hand():
    seg = segment(np.array([[9, 0, 9, 9], [9, 0, 0, 9], [0, 9, 0, 0]], np.uint8), 2)
    assert_array_equal(seg.objects(2), [[1, 0, 2, 2], [1, 0, 0, 2], [0, 3, 0, 0]])
    assert_array_equal(seg.objects(2, connectivity=2), [[1, 0, 2, 2], [1, 0, 0, 2], [0, 1, 0, 0]])
    assert_array_equal(seg.objects(), [[1, 2, 3, 3], [1, 2, 2, 3], [4, 5, 2, 2]])
    assert seg.objects([2]).dtype == np.int32


@pytest.mark.parametrize("wanted", [None, 1, [2, 4], np.array([1, 3])])
@pytest.mark.parametrize("connectivity", [1, 2])
def test_objects_are_those_of_each_cluster(seg, painted, wanted, connectivity):
    edited = seg.edited(painted)
    found = edited.objects(wanted, connectivity=connectivity)
    structure = ndimage.generate_binary_structure(2, connectivity)
    total = 0
    for label in range(1, 5):
        if wanted is None or label in np.atleast_1d(wanted):
            own, n = ndimage.label(painted == label, structure)
            assert is_renumbered(own, np.where(painted == label, found, 0))
            total += n
        else:
            assert not found[painted == label].any()
    assert found.max() == total
    assert_array_equal(np.unique(found[found > 0]), np.arange(1, total + 1))
    assert not found[painted == 0].any()


def test_objects_of_lines_and_volumes():
    assert_array_equal(segment(np.array([0, 9, 9, 0, 9], np.uint8), 2).objects(2), [0, 1, 1, 0, 2])
    volume = np.zeros((2, 3, 3), np.uint8)
    volume[:, 1, 1], volume[0, 0, 0] = 9, 9
    seg = segment(volume, 2, channel_axis=None)
    assert seg.objects(2).max() == 2
    assert seg.objects(2, connectivity=2).max() == 1


@pytest.mark.parametrize(
    ("arguments", "connectivity", "error", "words"),
    [
        (0, 1, ValueError, "label 0 does not exist"), ([], 1, ValueError, "no label was given"),
        ("1", 1, TypeError, "label '1'"), (1, 0, ValueError, "connectivity=0"), (1, 1.5, TypeError, "connectivity=1.5"),
        (1, 3, ValueError, "connectivity=3, but the image has 2 spatial axes; use 1 to 2"),
    ],
)  # fmt: skip
def test_objects_of_nothing_are_refused_in_words(seg, arguments, connectivity, error, words):
    with pytest.raises(error, match=words):
        seg.objects(arguments, connectivity=connectivity)
