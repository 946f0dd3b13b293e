"""The figure of a segmentation, by what can be seen in it."""

import io
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from skimage import data

import napari_kseg as kseg


def drawn(seg):
    """Pixels of the figure as it is saved, (800, 1200, 3)."""
    file = io.BytesIO()
    seg.plot().savefig(file)
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def axes_of(figure):
    """The axes in reading order: image and recolored (the labels follow), the centroids, the shares."""
    left, right, _, *centroids, shares = figure.axes
    return left, right, centroids, shares


def markers(ax):
    """Positions of the numbered disks, by their numbers."""
    return {text.get_text(): text.get_position() for text in ax.texts}


@pytest.fixture(scope="module")
def coffee():
    return kseg.segment(data.coffee(), 4)


def test_color_image_beside_its_recolored_self(coffee):
    left, right, *_ = axes_of(coffee.plot())
    assert left.get_title() == "image"
    assert right.get_title() == "recolored"
    assert_allclose(left.images[0].get_array(), data.coffee() / 255)
    assert_allclose(right.images[0].get_array(), coffee.recolored() / 255, atol=0.5 / 255)


def test_color_centroids_are_numbered_where_they_are(coffee):
    _, _, centroids, _ = axes_of(coffee.plot())
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in centroids] == [("R", "G"), ("R", "B"), ("G", "B")]
    for ax, channels in zip(centroids, ((0, 1), (0, 2), (1, 2)), strict=True):
        for label, centroid in enumerate(coffee.centroids, 1):
            assert_allclose(markers(ax)[str(label)], centroid[list(channels)])


def test_shares_are_as_long_as_their_fractions(coffee):
    *_, shares = axes_of(coffee.plot())
    assert_allclose([bar.get_width() for bar in shares.patches], coffee.fractions)
    assert_allclose([bar.get_facecolor() for bar in shares.patches], coffee.colors())
    assert f"4\n{coffee.fractions[3]:.1%}" in [text.get_text() for text in shares.texts]


def test_the_picture_shows_the_centroids_colors(coffee):
    picture = drawn(coffee)
    assert picture.shape == (800, 1200, 3)
    for color in np.rint(coffee.centroids):
        near = (np.abs(picture.astype(int) - color) <= 1).all(-1)
        assert near[400:].sum() > 500  # disks and shares
        assert near[:360, 600:].sum() > 500  # recolored


def test_gray_image_has_a_histogram_with_the_centroids_as_lines():
    seg = kseg.segment(data.camera(), 3)
    left, right, (histogram,), _ = axes_of(seg.plot())
    (lines,) = [lines for lines in histogram.collections if hasattr(lines, "get_segments")]
    assert_allclose([segment[0, 0] for segment in lines.get_segments()], seg.centroids[:, 0])
    heights = {round(bar.get_x() + bar.get_width() / 2): bar.get_height() for bar in histogram.patches}
    expected = np.bincount(data.camera().ravel(), minlength=256) / data.camera().size
    for value, height in heights.items():
        assert_allclose(height, expected[value], atol=1e-12)
    assert sum(heights.values()) > 0.98
    shown = right.images[0].get_array()[..., 0]
    assert len(np.unique(shown)) == 3
    assert np.abs(shown - left.images[0].get_array()[..., 0]).mean() < 0.1  # on the same gray scale


def test_other_channels_are_lines_and_labels():
    bands = np.concatenate([data.coffee(), 255 - data.coffee()[..., ::-1] // 2], axis=-1)[::4, ::4]
    seg = kseg.segment(bands, 4, channel_axis=-1)
    left, right, (profiles,), _ = axes_of(seg.plot())
    assert "6 channels" in left.get_title()
    assert right.get_title() == "recolored"
    drawn_lines = [line.get_ydata() for line in profiles.lines if line.get_linewidth() > 2]
    for centroid in seg.centroids:
        assert any(np.array_equal(line, centroid) for line in drawn_lines)
    shown, recolored = (ax.images[0].get_array() for ax in (left, right))
    for label in range(1, 5):  # as dark as the image is there, as both are means of the channels
        inside = seg.labels == label
        assert len(np.unique(recolored[inside])) == 1
        assert abs(recolored[inside].mean() - shown[inside].mean()) < 0.02
    assert_allclose(seg.plot().axes[2].images[0].get_array(), seg.colors()[seg.labels.astype(int) - 1, :3])


@pytest.mark.parametrize("image", [data.coffee()[::4, ::4], data.camera()[::4, ::4]], ids=["color", "gray"])
def test_labels_are_told_apart_by_colors_that_are_numbered(image):
    seg = kseg.segment(image, 3, background=20).colored({2: "#ff8800"})
    ax = seg.plot().axes[2]
    assert ax.get_title() == "labels"
    numbers = {int(text.get_text()): text.get_color()[:3] for text in ax.texts}
    shown = ax.images[0].get_array()
    for label, color in {0: (1, 1, 1), **numbers}.items():
        assert (seg.labels == label).any()
        assert_allclose(shown[seg.labels == label], np.broadcast_to(color, (np.sum(seg.labels == label), 3)))
    assert_allclose(numbers[2], [1, 0x88 / 255, 0])
    assert len(set(map(tuple, numbers.values()))) == 3


def test_a_rare_color_is_among_the_colors_drawn():
    image = np.full((100, 100, 3), 30, np.uint8)
    image[::2, :, 0] = 200
    image[50, 50] = 0, 255, 0  # one pixel of 10,000
    (colors, *_), *_ = [figure.axes[3].collections for figure in [kseg.segment(image, 2).plot()]]
    assert sorted(colors.get_offsets().tolist()) == [[0, 255], [30, 30], [200, 30]]


def test_a_volume_shows_its_middle_plane():
    volume = np.stack([np.full((40, 50), value, np.uint16) for value in (100, 200, 300, 400, 500)])
    volume[2, :, :25] = 900
    seg = kseg.segment(volume, 2, channel_axis=None)
    _, right, *_ = axes_of(seg.plot())
    assert right.get_title() == "recolored, middle plane"
    shown = right.images[0].get_array()[..., 0]
    assert_array_equal(shown > shown.mean(), np.tile(np.arange(50) < 25, (40, 1)))


def test_left_out_pixels_keep_their_look():
    photo = data.coffee()[::4, ::4]
    mask = np.zeros(photo.shape[:2], bool)
    mask[50:] = True
    _, right, *_ = axes_of(kseg.segment(photo, 3, mask=mask).plot())
    assert_allclose(right.images[0].get_array()[:50], photo[:50] / 255)


@pytest.mark.parametrize(
    ("image", "n_clusters", "channel_axis"),
    [
        (np.array([[0.5, np.nan], [np.inf, 2.5]], np.float32), 2, None),
        (np.eye(5, dtype=bool), 2, None),
        (np.full((4, 4), 7, np.uint8), 1, None),
        (np.array([1.0, 2.0, 8.0]), 2, None),
        (np.arange(120.0).reshape(60, 2), 3, -1),
        (np.arange(2 * 3 * 4 * 5 * 2).reshape(2, 3, 4, 5, 2), 4, 4),
        (np.arange(8000, dtype=np.uint8).reshape(4, 2000), 100, None),
    ],
    ids=["nan and inf", "bool", "one value", "one axis", "one axis, two channels", "four axes", "wide, many clusters"],
)
def test_any_image_can_be_drawn(image, n_clusters, channel_axis):
    assert drawn(kseg.segment(image, n_clusters, channel_axis=channel_axis)).std() > 0


def test_large_images_are_drawn_small():
    seg = kseg.segment(np.tile(data.coffee(), (6, 1, 1)), 3)
    left, *_ = axes_of(seg.plot())
    assert max(left.images[0].get_array().shape) <= 1000


def test_the_same_figure_twice(coffee):
    assert_array_equal(drawn(coffee), drawn(coffee))


def test_without_matplotlib_the_error_says_how_to_get_it(coffee, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "napari-kseg\[plot\]"'):
        coffee.plot()


def test_pyplot_and_its_windows_are_left_alone():
    code = (
        "import sys, numpy, napari_kseg as kseg\n"
        "assert 'matplotlib' not in sys.modules\n"
        "kseg.segment(numpy.eye(4), 2).plot()\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


@pytest.fixture(scope="module")
def choice():
    return kseg.suggest_n_clusters(data.coffee()[::4, ::4], range(2, 9))


def test_a_choice_shows_its_scores_and_rings_the_recommended_number(choice):
    inertia, silhouette, *_ = choice.plot().axes
    for ax, name in ((inertia, "inertia"), (silhouette, "silhouette")):
        line, ring = ax.lines
        assert_array_equal(line.get_xdata(), range(2, 9))
        assert_array_equal(line.get_ydata(), choice.scores[name])
        assert ring.get_xdata() == [choice.n_clusters]
        assert ring.get_ydata() == choice.scores.set_index("n_clusters")[name][choice.n_clusters]
        assert name in ax.get_title()


def test_a_choice_shows_a_picture_of_each_number(choice):
    figure = choice.plot()
    shown = [ax for ax in figure.axes[2:] if ax.images]
    titles = [f"{k} clusters" + " (recommended)" * (k == choice.n_clusters) for k in range(2, 9)]
    assert [ax.get_title() for ax in shown] == titles
    for ax, segmentation in zip(shown, choice.segmentations.values(), strict=True):
        assert_allclose(ax.images[0].get_array(), segmentation.recolored() / 255, atol=0.5 / 255)
    assert choice.reason in figure.get_suptitle()


def test_a_choice_of_one_number_and_of_values_can_be_shown():
    figure = kseg.suggest_n_clusters(data.coins()[::8, ::8], [3]).plot()
    assert [ax.get_title() for ax in figure.axes if ax.images] == ["3 clusters (recommended)"]
    figure.savefig(io.BytesIO())
