"""The plot of the pixels and centroids, by what is seen of it and what happens at a click, a drag, a key."""

from dataclasses import replace
from math import cos, radians, sin

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

import napari_kseg as kseg
from napari_kseg.image.cloud import cloud
from napari_kseg.viewer.cloud_plot import CloudPlot

COLORS = np.array([[20, 20, 60], [200, 40, 40], [60, 220, 60], [250, 240, 230]], np.uint8)  # from dark to bright


@pytest.fixture
def plot(qtbot):
    """The plot as wide as in the panel, with nothing in it."""
    plot = CloudPlot()
    qtbot.addWidget(plot)
    plot.resize(300, 260)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def image_of(colors, side=40):
    """An image (side, side, C) whose rows have these colors in turn."""
    rows = np.asarray(colors)[np.arange(side) % len(colors)]
    return np.repeat(rows[:, None], side, axis=1)


@pytest.fixture
def seg():
    return kseg.segment(image_of(COLORS), 4)


def canvas(plot):
    return next(child for child in plot.findChildren(QWidget) if child.accessibleName() == "Pixels and centroids")


def caption(plot):
    return plot.findChild(QLabel).text()


def press(plot, text, qtbot):
    button = next(b for b in plot.findChildren(QPushButton) if b.text() == text and not b.isHidden())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pixels(widget):
    """What one sees of a widget, (M, N, 3)."""
    image = widget.grab().toImage().convertToFormat(image_format())
    height, width = image.height(), image.width()
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(image.sizeInBytes())
    return np.frombuffer(bits, np.uint8).reshape(height, width, 4)[..., 2::-1].copy()


def image_format():
    from qtpy.QtGui import QImage

    return QImage.Format.Format_RGB32


def middle(plot, label):
    x, y, _ = canvas(plot).places()[label - 1]
    return QPoint(round(x), round(y))


def beside(plot, label):
    """The color inside the disk of a label, left of its number."""
    spot = middle(plot, label)
    return pixels(canvas(plot))[spot.y(), spot.x() - 5]


def by_hand(rgb, yaw, pitch, low, high, width, height):
    """Where a color is drawn: a box from -1 to 1, turned to the right, tipped to the viewer, seen from far away."""
    x, y, z = (2 * (value - low) / (high - low) - 1 for value in map(float, rgb))
    yaw, pitch = radians(yaw), radians(pitch)
    across, ahead = cos(yaw) * x + sin(yaw) * z, -sin(yaw) * x + cos(yaw) * z
    up = cos(pitch) * y - sin(pitch) * ahead
    scale = min((width / 2 - 24) / 2**0.5, (height / 2 - 12) / 1.55)
    return width / 2 + scale * across, height / 2 - scale * up


def test_disks_have_the_colors_of_the_centroids(plot, seg):
    plot.set_segmentation(seg)
    assert_array_equal(seg.centroids, COLORS)
    for label in range(1, 5):
        assert_array_equal(beside(plot, label), COLORS[label - 1])


def test_a_point_is_drawn_in_its_color_where_its_values_say(plot):
    image = image_of([[0, 0, 0], [255, 255, 255]])
    image[::4, 7] = 250, 30, 40  # a red among black and white, too rare for a cluster
    plot.set_segmentation(kseg.segment(image, 2))
    x, y = by_hand((250, 30, 40), 30, 20, 0, 255, canvas(plot).width(), canvas(plot).height())
    found = pixels(canvas(plot))[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2].reshape(-1, 3)
    assert [250, 30, 40] in found.tolist()


def drag(qtbot, widget, start, end):
    qtbot.mousePress(widget, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.3, 0.7, 1.0):
        qtbot.mouseMove(widget, start + (end - start) * share)
    qtbot.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=end)


def test_a_drag_turns_and_a_double_click_turns_back(plot, seg, qtbot):
    plot.set_segmentation(seg)
    view = canvas(plot)
    size = view.width(), view.height()
    for label, rgb in enumerate(COLORS, 1):
        assert_allclose(view.places()[label - 1, :2], by_hand(rgb, 30, 20, 20, 250, *size), atol=0.6)
    before = pixels(view)
    drag(qtbot, view, QPoint(20, 20), QPoint(120, 45))
    for label, rgb in enumerate(COLORS, 1):  # 0.6 degrees a pixel
        assert_allclose(view.places()[label - 1, :2], by_hand(rgb, 90, 35, 20, 250, *size), atol=0.6)
    assert_array_equal(beside(plot, 3), COLORS[2])
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    view.clearFocus()
    assert_array_equal(pixels(view), before)


def test_arrow_keys_turn_and_home_turns_back(plot, seg, qtbot):
    plot.set_segmentation(seg)
    view = canvas(plot)
    size = view.width(), view.height()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert_allclose(view.places()[1, :2], by_hand(COLORS[1], 40, 30, 20, 250, *size), atol=0.6)
    for _ in range(9):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    for _ in range(10):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    assert_allclose(view.places()[1, :2], by_hand(COLORS[1], 40, -90, 20, 250, *size), atol=0.6)  # no further
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert_allclose(view.places()[1, :2], by_hand(COLORS[1], 30, 20, 20, 250, *size), atol=0.6)


def test_the_nearer_disk_hides_the_farther_one_and_is_the_one_that_is_clicked(plot, qtbot):
    gray = np.array([[0, 0, 0], [120, 120, 100], [120, 120, 140], [255, 255, 255]], np.uint8)
    plot.set_segmentation(kseg.segment(image_of(gray), 4))
    view = canvas(plot)
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_Left)
    for _ in range(2):
        qtbot.keyClick(view, Qt.Key.Key_Up)
    assert_allclose(view.places()[1, :2], view.places()[2, :2], atol=0.1)  # one behind the other along blue
    assert_array_equal(beside(plot, 2), gray[2])
    with qtbot.waitSignal(plot.cluster_clicked) as clicked:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=middle(plot, 2))
    assert clicked.args == [3]


@pytest.mark.parametrize("name", ["RGB", "a*b*"])
def test_a_click_on_a_disk_emits_its_label_and_one_beside_it_nothing(plot, seg, qtbot, name):
    plot.set_segmentation(seg)
    press(plot, name, qtbot)
    for label in (3, 1):
        with qtbot.waitSignal(plot.cluster_clicked) as clicked:
            qtbot.mouseClick(canvas(plot), Qt.MouseButton.LeftButton, pos=middle(plot, label))
        assert clicked.args == [label]
    with qtbot.assertNotEmitted(plot.cluster_clicked, wait=50):
        qtbot.mouseClick(canvas(plot), Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
        drag(qtbot, canvas(plot), middle(plot, 1), middle(plot, 1) + QPoint(40, 0))


def test_keys_go_from_centroid_to_centroid_and_choose_one(plot, seg, qtbot):
    plot.set_segmentation(seg)
    view = canvas(plot)
    emitted = []
    plot.cluster_clicked.connect(emitted.append)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_Return, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp):
        qtbot.keyClick(view, key)
    assert caption(plot) == "4:  R 250  G 240  B 230"
    assert view.accessibleDescription() == "Cluster 4:  R 250  G 240  B 230"
    qtbot.keyClick(view, Qt.Key.Key_Space)
    press(plot, "a*b*", qtbot)
    qtbot.keyClick(view, Qt.Key.Key_Left)  # there is nothing to turn
    qtbot.keyClick(view, Qt.Key.Key_Enter)
    assert emitted == [2, 4, 3]


def test_the_caption_says_what_is_under_the_mouse(plot, seg, qtbot):
    plot.set_segmentation(seg)
    assert caption(plot) == "Drag to turn"
    qtbot.mouseMove(canvas(plot), middle(plot, 2))
    qtbot.waitUntil(lambda: caption(plot) == "2:  R 200  G 40  B 40")
    qtbot.mouseMove(canvas(plot), QPoint(4, 4))
    qtbot.waitUntil(lambda: caption(plot) == "Drag to turn")


def test_selected_ones_have_a_ring(plot, seg):
    plot.set_segmentation(seg)
    before = pixels(canvas(plot))
    plot.set_selected({2})
    changed = np.argwhere((pixels(canvas(plot)) != before).any(-1))
    place = middle(plot, 2)
    distances = np.hypot(*(changed - [place.y(), place.x()]).T)
    assert len(changed) > 50
    assert distances.min() > 7  # the disk itself is as it was
    assert distances.max() < 18
    plot.set_selected(set())
    assert_array_equal(pixels(canvas(plot)), before)


def test_numbers_are_drawn_in_black_or_white_whichever_is_legible(plot, seg):
    plot.set_segmentation(seg)
    shown = pixels(canvas(plot))
    for label, digit in ((1, 255), (4, 0)):
        place = middle(plot, label)
        inside = shown[place.y() - 5 : place.y() + 6, place.x() - 4 : place.x() + 5].reshape(-1, 3).astype(int)
        assert np.abs(inside - digit).max(1).min() < 40


def test_one_channel_is_a_histogram(plot, qtbot):
    values = np.repeat(np.array([10, 10, 10, 30, 90], np.uint8), 20).reshape(10, 10)
    seg = kseg.segment(values, 3)
    plot.set_segmentation(seg)
    assert [b for b in plot.findChildren(QPushButton) if not b.isHidden()] == []
    x, y = canvas(plot).places()[:, :2].T
    assert_allclose((x[1] - x[0]) / (x[2] - x[0]), 20 / 80, atol=0.02)
    assert np.ptp(y) == 0
    shown = pixels(canvas(plot))
    floor = canvas(plot).height() - canvas(plot).fontMetrics().height() - 6
    heights = [(shown[:floor, round(x[i]) + side] == seg.colors()[i, :3] * 255).all(-1).sum() for i, side in ((0, 1),)]
    assert heights[0] > 100
    qtbot.mouseClick(canvas(plot), Qt.MouseButton.LeftButton, pos=middle(plot, 3))


def test_heights_of_bars_are_shares(plot):
    values = np.zeros((30, 30), np.uint8)  # 2/3 are 0, 1/3 is 200
    values[20:] = 200
    plot.set_segmentation(kseg.segment(values, 2))
    (x0, _, _), (x1, _, _) = canvas(plot).places()
    shown = pixels(canvas(plot)).astype(int)
    ground = shown[3, 3]
    tall = [(np.abs(shown[30:, round(x) + 3 * side] - ground).max(-1) > 8).sum() for x, side in ((x0, 1), (x1, -1))]
    assert 1.7 < tall[0] / tall[1] < 2.3


def test_two_channels_are_a_plane_and_many_are_profiles(plot):
    image = image_of([[10, 200], [200, 10], [150, 230]]).astype(np.uint16)
    plot.set_segmentation(kseg.segment(image, 3, channel_axis=-1))
    x, y = canvas(plot).places()[:, :2].T
    centroids = plot._cloud.centroids
    assert_array_equal(np.argsort(x), np.argsort(centroids[:, 0]))
    assert_array_equal(np.argsort(-y), np.argsort(centroids[:, 1]))
    many = np.concatenate([image, image[..., :1], image[..., :1] // 2, image], -1)
    plot.set_segmentation(kseg.segment(many, 3, channel_axis=-1))
    assert len(set(canvas(plot).places()[:, 0])) == 1  # all at one channel
    for label in (1, 2, 3):
        assert_allclose(beside(plot, label), plot._cloud.centroid_colors[label - 1])
    assert plot.view == "Profiles"


def test_a_plane_has_one_scale_and_its_view_stays_for_the_next_image(plot, seg, qtbot):
    plot.set_segmentation(seg)
    press(plot, "a*b*", qtbot)
    screen, lab = canvas(plot).places()[:, :2], plot._cloud.centroid_lab[:, 1:]
    assert_allclose(np.diff(screen[:, 0]) / np.diff(lab[:, 0]), -np.diff(screen[:, 1]) / np.diff(lab[:, 1]), rtol=1e-6)
    plot.set_segmentation(kseg.segment(255 - image_of(COLORS), 3))
    assert plot.view == "a*b*"
    plot.set_segmentation(None)
    assert (plot.view, caption(plot)) == ("", "")
    assert len(np.unique(pixels(canvas(plot)).reshape(-1, 3), axis=0)) <= 2


def random(*shape):
    return np.random.default_rng(0).random(shape)


def with_nan(image):
    image[3, 4] = np.nan
    return image


HARD = {
    "constant": lambda: kseg.segment(np.full((40, 40, 3), 7, np.uint8), 1),
    "constant gray": lambda: kseg.segment(np.full((8, 8), 7, np.uint8), 1),
    "one pixel": lambda: kseg.segment(np.array([[3.5]]), 1),
    "K = 255": lambda: kseg.segment(np.uint8(255 * random(64, 64, 3)), 255),
    "K = 255, gray": lambda: kseg.segment(random(64, 64), 255),
    "K = 255, 9 channels": lambda: kseg.segment(random(64, 64, 9), 255, channel_axis=-1),
    "huge": lambda: kseg.segment(with_nan(random(40, 40, 3) * 1e150), 3),
    "tiny": lambda: kseg.segment(random(40, 40, 3) * 1e-150, 3),
    "large offset": lambda: kseg.segment(random(40, 40) + 1e9, 3),
    "negative": lambda: kseg.segment(np.int16(-900 + 90 * random(40, 40)), 3),
    "bool": lambda: kseg.segment(random(40, 40) < 0.5, 2),
    "1,000 channels": lambda: kseg.segment(random(9, 9, 1000), 2, channel_axis=-1),
}


@pytest.mark.parametrize("name", HARD)
def test_nothing_stops_it_from_being_drawn(plot, name, qtbot):
    found = cloud(HARD[name]())
    draw_in_all_sizes(plot, found, qtbot)
    nothing = {"points": found.points[:0], "colors": found.colors[:0], "rows": found.rows[:0]}
    draw_in_all_sizes(plot, replace(found, **nothing, lab=None if found.lab is None else found.lab[:0]), qtbot)


def draw_in_all_sizes(plot, found, qtbot):
    plot.set_cloud(found)
    plot.set_selected({1, len(found.centroids), 999})
    for view in list(plot._views):
        plot.set_view(view)
        for size in ((300, 260), (1, 1), (140, 50), (900, 700)):
            canvas(plot).setMinimumSize(0, 0)
            plot.resize(*size)
            canvas(plot).resize(*size)
            qtbot.keyClick(canvas(plot), Qt.Key.Key_Right)
            qtbot.keyClick(canvas(plot), Qt.Key.Key_PageDown)
            canvas(plot).grab()
            assert np.isfinite(canvas(plot).places()).all()


def test_it_fits_a_panel_of_280_pixels(plot, seg):
    plot.set_segmentation(seg)
    assert plot.minimumSizeHint().width() <= 280
    assert (plot.sizeHint().width(), plot.sizeHint().height()) == (280, 240)
    assert plot.accessibleName() == "Plot of pixels and centroids"
    assert "turn" in canvas(plot).toolTip()


def test_crowded_centroids_are_dots_of_which_each_can_be_pointed_at(plot, qtbot):
    plot.set_segmentation(kseg.segment(np.arange(256, dtype=np.uint8).reshape(16, 16), 30))
    view = canvas(plot)
    for label in (1, 2, 3, 15, 30):
        qtbot.mouseMove(view, middle(plot, label))
        qtbot.waitUntil(lambda label=label: caption(plot).startswith(f"{label}:"))
    before = pixels(view)
    plot.set_selected({29})
    changed = np.argwhere((pixels(view) != before).any(-1))
    assert np.ptp(changed[:, 0]) > 20  # it is a disk again, and has a ring


def test_black_and_white_are_seen_on_the_ground_of_both_themes(make_napari_viewer, seg):
    viewer = make_napari_viewer()
    plot = CloudPlot()
    plot.set_segmentation(seg)
    viewer.window.add_dock_widget(plot, area="right")
    for theme in ("dark", "light"):
        viewer.theme = theme
        ground = pixels(canvas(plot))[3, 3].astype(int)
        assert ground.min() >= 60
        assert ground.max() <= 200
        for label in (1, 4):
            assert_array_equal(beside(plot, label), COLORS[label - 1])
