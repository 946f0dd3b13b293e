"""Seeds: centroids, pixels pointed at, scribbles; fewer than clusters; and seeds that do not move."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

from napari_kseg import Settings, segment


@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_pixels_stand_for_the_mean_of_their_neighborhood(photo, dtype):
    image = photo.astype(dtype)
    points = [[0, 0], [50.4, 60.6], [99, 129]]
    means = [
        image[:2, :2].reshape(-1, 3).mean(0, dtype=float),
        image[49:52, 60:63].reshape(-1, 3).mean(0, dtype=float),
        image[98:, 128:].reshape(-1, 3).mean(0, dtype=float),
    ]
    seg = segment(image, 3, init=points)
    assert_allclose(seg.settings.init, means)
    assert_array_equal(seg.labels, segment(image, 3, init=means).labels)


def test_the_neighborhood_of_a_pixel_lies_in_its_plane():
    volume = np.arange(4 * 6 * 7, dtype=np.float32).reshape(4, 6, 7)
    seg = segment(volume, 2, init=[[1, 2, 3], [3, 5, 6]], channel_axis=None)
    assert_allclose(seg.settings.init, [[volume[1, 1:4, 2:5].mean()], [volume[3, 4:, 5:].mean()]])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_scribbles_stand_for_the_mean_under_each_label(photo, dtype):
    image = photo.astype(dtype)
    scribbles = np.zeros(photo.shape[:2], np.int32)
    scribbles[10, 20:60], scribbles[70:90, 100], scribbles[40:44, 3:9] = 7, 2, 40
    mask = np.ones(photo.shape[:2], bool)
    mask[:, :30] = False
    mask[41] = True
    means = [image[(scribbles == name) & mask].mean(0, dtype=float) for name in (2, 7, 40)]
    seg = segment(image, 3, init=scribbles, mask=mask)
    assert_allclose(seg.settings.init, means)
    assert_array_equal(seg.labels, segment(image, 3, init=means, mask=mask).labels)


def test_from_given_seeds_the_end_is_that_of_scikit_learn(photo):
    points = [[5, 5], [50, 60], [90, 120], [20, 100]]
    seg = segment(photo, 4, init=points, tol=0)
    start = np.array(seg.settings.init)
    theirs = KMeans(4, init=start, n_init=1, tol=0, max_iter=300).fit(photo.reshape(-1, 3).astype(float))
    assert_allclose(seg.inertia, theirs.inertia_, rtol=1e-6)


@pytest.mark.parametrize("n_seeds", [1, 3])
@pytest.mark.parametrize("channels", [1, 3])
def test_fewer_seeds_are_completed(assert_contract, photo, n_seeds, channels):
    image = photo if channels == 3 else photo[..., 0]
    axis = -1 if channels == 3 else None
    rows = image.reshape(-1, channels).astype(float)
    seg = segment(image, 6, init=rows[: 1000 * n_seeds : 1000])
    assert_contract(image, seg, 6, channel_axis=axis)
    assert len(seg.settings.init) == n_seeds
    assert_array_equal(segment(image, 6, init=rows[: 1000 * n_seeds : 1000]).labels, seg.labels)
    worst = max(KMeans(6, init="random", n_init=1, random_state=i).fit(rows).inertia_ for i in range(10))
    assert seg.inertia <= worst * 1.001


@pytest.mark.parametrize("dtype", ["u1", "f4"])
@pytest.mark.parametrize("downsample", [1, 2])
def test_fixed_seeds_do_not_move_and_the_others_do(photo, dtype, downsample):
    image = photo.astype(dtype)
    seeds = np.array([[200.0, 10, 10], [90, 80, 70], [10, 10, 200], [150, 120, 100]])
    seg = segment(image, 5, init=seeds, fixed=[0, 3], downsample=downsample)
    assert seg.settings.fixed == (0, 3)
    kept = {tuple(centroid) for centroid in seg.centroids}
    assert tuple(seeds[0]) in kept
    assert tuple(seeds[3]) in kept
    assert tuple(seeds[1]) not in kept
    distances = ((image[..., None, :].astype(float) - seg.centroids) ** 2).sum(-1)
    assert_array_equal(seg.labels, distances.argmin(-1) + 1)
    free = [row for row, centroid in enumerate(seg.centroids) if tuple(centroid) not in map(tuple, seeds[[0, 3]])]
    if downsample == 1:  # each is the mean of its own
        for row in free:
            assert_allclose(seg.centroids[row], image[seg.labels == row + 1].mean(0, dtype=float), atol=0.5)


def test_a_fixed_seed_far_from_all_stays_and_stays_empty(photo):
    seg = segment(photo, 3, init=[[1e4, 1e4, 1e4], [90, 80, 70], [10, 10, 10]], fixed=[0])
    assert_array_equal(seg.centroids[2], [1e4, 1e4, 1e4])
    assert seg.counts[2] == 0
    assert seg.counts[:2].all()


def test_all_fixed_is_labeling_by_what_was_given(photo):
    seeds = np.array([[20.0, 20, 20], [90, 80, 70], [200, 190, 180]])
    seg = segment(photo, 3, init=seeds, fixed=range(3))
    assert_array_equal(seg.centroids, seeds)
    assert (seg.n_iter, seg.converged) == (1, True)


def test_seeds_go_through_json_and_source_text(photo):
    seg = segment(photo, 4, init=[[5, 5], [50, 60]], fixed=[1])
    settings = Settings.from_dict(json.loads(json.dumps(seg.settings.to_dict())))
    names = {"image": photo}
    exec(settings.as_python(), names)
    assert_array_equal(names["seg"].labels, seg.labels)
    assert_array_equal(names["seg"].centroids, seg.centroids)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"init": [[100, 5], [5, 5]]}, ValueError, r"pixel \(100, 5\).*not in the image of spatial shape \(100, 130\)"),
        ({"init": [[np.nan, 5]]}, ValueError, r"pixel \(nan, 5\).*not in the image"),
        ({"init": [[0, 0]], "nodata": range(256)}, TypeError, "nodata=range.*sequence of numbers"),
        ({"init": [[0, 0]], "background": 255}, ValueError, r"pixel \(0, 0\), around which all are left out"),
        ({"init": np.zeros((100, 130), int)}, ValueError, "no label other than 0"),
        (
            {"init": np.ones((100, 130), int), "background": 255},
            ValueError,
            "the scribble 1 of init are left out",
        ),
        ({"init": np.zeros((100, 130))}, ValueError, r"init has shape \(100, 130\).*scribbles, integers"),
        ({"init": np.zeros((5, 3))}, ValueError, r"n_clusters=4, but init has 5 seeds; give a seed for each"),
        ({"init": np.zeros((0, 3))}, ValueError, r"init has shape \(0, 3\), which holds no seed"),
        ({"init": [[1j, 2, 3]]}, TypeError, r"init=\[\[1j, 2, 3\]\] must be"),
        ({"init": [[1, 2], [3]]}, TypeError, r"init=\[\[1, 2\], \[3\]\] must be"),
        ({"init": None}, TypeError, "init=None must be"),
        ({"fixed": [0]}, ValueError, r"fixed=\[0\] names rows of init, but init is 'k-means\+\+'"),
        ({"init": [[5, 5]], "fixed": [1]}, ValueError, r"fixed=\[1\] names row 1, but init has the rows 0 to 0"),
        ({"init": [[5, 5]], "fixed": 0}, TypeError, r"fixed=0 must be a sequence of rows of init"),
        ({"init": [[5, 5]], "fixed": [-1]}, ValueError, "fixed=-1"),
    ],
)
def test_bad_seeds_are_refused_in_words(photo, settings, error, words):
    with pytest.raises(error, match=words):
        segment(photo, 4, **settings)
