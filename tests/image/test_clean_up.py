"""Specks join what is around them, a majority filter smooths, and counts, inertia and the model follow."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage import data, measure

from napari_kseg import segment
from napari_kseg.image.clean_up import majority_filter, remove_specks
from napari_kseg.image.components import numbered_components
from napari_kseg.image.model import Model

LABELS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=3, max_side=7), elements=st.integers(0, 4))


def components_of(labels):
    """Masks of all components, in the order of their first pixels."""
    found = []
    for label in np.unique(labels[labels > 0]):
        numbers, n = ndimage.label(labels == label)
        found += [numbers == number for number in range(1, n + 1)]
    return sorted(found, key=lambda component: component.ravel().argmax())


def faces_to(component, labels):
    """Faces between a component and each other label."""
    faces = {}
    for axis in range(labels.ndim):
        for step in (1, -1):
            beside = np.roll(component, step, axis)
            edge = [slice(None)] * labels.ndim
            edge[axis] = 0 if step == 1 else -1
            beside[tuple(edge)] = False
            for label in labels[beside & ~component & (labels > 0)]:
                faces[int(label)] = faces.get(int(label), 0) + 1
    return faces


def one_by_one(labels, min_size):
    """Let specks join, always the smallest, and of these the first."""
    labels = labels.copy()
    while True:
        specks = [c for c in components_of(labels) if c.sum() < min_size and faces_to(c, labels)]
        if not specks:
            return labels
        speck = min(specks, key=lambda component: component.sum())
        faces = faces_to(speck, labels)
        labels[speck] = min(faces, key=lambda label: (-faces[label], label))


@given(LABELS, st.integers(0, 9))
def test_specks_join_as_one_by_one(labels, min_size):
    before = labels.copy()
    assert_array_equal(remove_specks(labels, min_size), one_by_one(labels, min_size))
    assert_array_equal(labels, before)


@given(LABELS, st.integers(1, 9))
def test_no_speck_is_left_and_large_components_stay(labels, min_size):
    clean = remove_specks(labels, min_size)
    assert clean.dtype == labels.dtype
    assert_array_equal(clean == 0, labels == 0)
    for component in components_of(labels):
        if component.sum() >= min_size:
            assert_array_equal(clean[component], labels[component])
    assert all(c.sum() >= min_size or not faces_to(c, clean) for c in components_of(clean))


def test_a_speck_joins_the_label_that_it_touches_most():
    labels = np.array([[1, 1, 1, 1, 2], [1, 3, 2, 2, 2], [1, 3, 2, 2, 2], [1, 2, 2, 2, 2]], np.uint8)
    assert remove_specks(labels, 3)[1:3, 1].tolist() == [1, 1]  # three faces of 1, three of 2: the lower
    labels[1:, 0] = 2
    assert remove_specks(labels, 3)[1:3, 1].tolist() == [2, 2]


def test_left_out_pixels_are_no_neighbors():
    labels = np.array([[0, 0, 0, 0], [0, 2, 0, 1], [0, 0, 0, 1]], np.uint16)
    assert_array_equal(remove_specks(labels, 3), labels)


def by_counting(labels, radius):
    result = labels.copy()
    for index in np.ndindex(labels.shape):
        if labels[index]:
            box = labels[tuple(slice(max(0, i - radius), i + radius + 1) for i in index)]
            votes = np.bincount(box[box > 0], minlength=6)
            if votes[labels[index]] < votes.max():
                result[index] = votes.argmax()
    return result


@given(LABELS, st.integers(1, 3))
def test_majority_is_that_of_counting(labels, radius):
    assert_array_equal(majority_filter(labels, radius), by_counting(labels, radius))


CLEAN_UPS = [{"min_size": 12}, {"majority": 1}, {"min_size": 30, "majority": 2}]


@pytest.fixture(scope="module")
def image():
    return data.coffee()[::4, ::4].copy()


@pytest.mark.parametrize("clean_up", CLEAN_UPS)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_counts_inertia_and_colors_follow(image, dtype, clean_up):
    image = image.astype(dtype)
    mask = np.ones(image.shape[:2], bool)
    mask[:10, :15] = False
    plain, seg = segment(image, 4, mask=mask), segment(image, 4, mask=mask, **clean_up)
    expected = majority_filter(plain.labels, clean_up["majority"]) if "majority" in clean_up else plain.labels
    expected = remove_specks(expected, clean_up.get("min_size", 0))
    assert_array_equal(seg.labels, expected)
    assert (seg.labels != plain.labels).any()
    assert not seg.labels.flags.writeable
    assert_array_equal(seg.centroids, plain.centroids)
    members = seg.labels[mask].astype(int) - 1
    assert_array_equal(seg.counts, np.bincount(members, minlength=4))
    assert seg.counts.dtype == np.int64
    assert_allclose(seg.inertia, ((image[mask].astype(float) - seg.centroids[members]) ** 2).sum(), rtol=1e-6)
    assert_array_equal(seg.table()["count"], seg.counts)
    assert_array_equal(seg.recolored()[~mask], image[~mask])
    assert_allclose(seg.recolored()[mask], seg.centroids[members], atol=0.5)


@pytest.mark.parametrize("clean_up", CLEAN_UPS)
def test_the_model_repeats_it(image, clean_up):
    seg = segment(image, 5, **clean_up)
    model = Model.from_dict(json.loads(json.dumps(seg.model.to_dict())))
    assert_array_equal(model.predict(image), seg.labels)
    again = model.segment(image)
    assert_array_equal(again.counts, seg.counts)
    assert_allclose(again.inertia, seg.inertia)
    other = np.ascontiguousarray(image[:, ::-1])
    assert_array_equal(model.predict(other), segment(other, 5, init=seg.centroids, fixed=range(5), **clean_up).labels)


def test_after_a_merge_specks_are_those_of_the_joined_clusters(image):
    seg = segment(image, 5, min_size=15)
    merged = seg.merge([2, 3])
    assert_array_equal(merged.labels, remove_specks(segment(image, 5).merge([2, 3]).labels, 15))
    assert_array_equal(merged.model.predict(image), merged.labels)
    assert_array_equal(merged.centroids, segment(image, 5).merge([2, 3]).centroids)
    assert_array_equal(seg.linkage(), segment(image, 5).linkage())
    members = merged.labels.astype(int) - 1
    assert_allclose(merged.inertia, ((image - merged.centroids[members]) ** 2).sum(), rtol=1e-6)


def test_afterwards_it_is_the_same_as_at_once_and_can_be_taken_back(image):
    plain = segment(image, 5)
    seg = plain.clean_up(min_size=20, majority=1)
    at_once = segment(image, 5, min_size=20, majority=1)
    assert_array_equal(seg.labels, at_once.labels)
    assert seg.settings == at_once.settings
    assert_array_equal(seg.clean_up().labels, plain.labels)
    assert seg.clean_up().inertia == plain.inertia


def test_of_a_reduced_image_it_is_in_its_own_pixels(image):
    seg = segment(image, 4, downsample=2, full_resolution=False, min_size=6)
    plain = segment(image, 4, downsample=2, full_resolution=False)
    assert_array_equal(seg.labels, remove_specks(plain.labels, 6))
    assert (seg.labels != plain.labels).any()


def test_volumes_are_connected_by_faces_of_voxels():
    volume = np.full((5, 6, 7), 9, np.uint8)
    volume[2, 2, 2], volume[3, 3, 3], volume[:2, 5, 5] = 1, 1, 1
    assert_array_equal(np.argwhere(segment(volume, 2, min_size=2).labels == 1), [[0, 5, 5], [1, 5, 5]])


def test_series_of_volumes_are_connected_along_all_axes():
    image = np.full((2, 3, 4, 5), 9, np.uint8)
    image[0, 0, 0, 0] = image[1, 0, 0, 0] = 1  # a pair along the first axis
    image[0, 2, 3, 4] = 1  # alone
    seg = segment(image, 2)
    assert_array_equal(np.argwhere(segment(image, 2, min_size=2).labels == 1), [[0, 0, 0, 0], [1, 0, 0, 0]])
    assert (seg.objects(1).max(), seg.objects().max()) == (2, 3)
    assert seg.objects(1)[1, 0, 0, 0] == seg.objects()[0, 0, 0, 0] == 1


@given(hnp.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 3)), st.integers(1, 3))
def test_components_of_more_axes_are_numbered_as_those_of_three(labels, connectivity):
    more = numbered_components(labels[None], connectivity)
    assert_array_equal(more[0], measure.label(labels, background=0, connectivity=connectivity))
