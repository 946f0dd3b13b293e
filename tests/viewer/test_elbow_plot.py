"""The choice of the number of clusters, by what is seen of it and what happens at a click or a key."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from skimage import data

import napari_kseg as kseg
from napari_kseg.image.choices import Choice, choices_of
from napari_kseg.viewer.elbow_plot import ElbowPlot

REASON = "4 clusters: the inertia bends there."


def choices(n=5, first=2):
    """Numbers with an inertia of 100, 50, 25, … and a picture of one color, 10 × number."""
    return [
        Choice(k, 100 / 2**i, 0.5 - 0.01 * i, np.full((60, 96, 3), (10 * k) % 256, np.uint8))
        for i, k in enumerate(range(first, first + n))
    ]


@pytest.fixture
def plot(qtbot):
    """The plot as wide as in the panel, with numbers 2 to 6, of which 4 is recommended."""
    plot = ElbowPlot()
    qtbot.addWidget(plot)
    plot.set_suggestion(choices(), 4, REASON)
    plot.resize(300, 320)
    plot.show()
    qtbot.waitExposed(plot)
    QApplication.processEvents()
    return plot


def curve(plot):
    name = "Inertia over the number of clusters"
    return next(child for child in plot.findChildren(QWidget) if child.accessibleName() == name)


def buttons(plot):
    return [button for button in plot.findChildren(QAbstractButton) if not button.isHidden()]


def pixels(widget):
    """What one sees of a widget, (M, N, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(image.sizeInBytes())
    return np.frombuffer(bits, np.uint8).reshape(image.height(), image.width(), 4)[..., 2::-1].copy()


def test_each_number_has_a_picture_and_the_reason_is_read(plot):
    assert [button.text() for button in buttons(plot)] == ["2", "3", "4", "5", "6"]
    for k, button in enumerate(buttons(plot), 2):
        seen = pixels(button)
        assert_array_equal(seen[28, 28], [10 * k] * 3)
        assert "Inertia" in button.toolTip()
    reason = next(label for label in plot.findChildren(QLabel) if label.text() == REASON)
    assert reason.wordWrap()
    assert buttons(plot)[1].toolTip() == "3 clusters\nInertia 50\nSilhouette 0.49 (up to 1; higher is better)"


def test_the_recommended_one_is_marked_by_word_and_shape(plot):
    names = [button.accessibleName() for button in buttons(plot)]
    assert names == ["2 clusters", "3 clusters", "4 clusters, recommended", "5 clusters", "6 clusters"]
    blue = [64, 128, 255]
    n_blue = [(pixels(button) == blue).all(-1).sum() for button in buttons(plot)]
    assert n_blue[2] > 10
    assert sum(n_blue) == n_blue[2]
    marked = np.argwhere((pixels(curve(plot)) == blue).all(-1))
    x, y = curve(plot).places()[2].x(), curve(plot).places()[2].y()
    assert_allclose(marked.mean(0), [y, x], atol=1)


def test_points_are_as_high_as_their_inertia(plot):
    places = curve(plot).places()
    x, y = [place.x() for place in places], np.array([place.y() for place in places])
    assert_allclose(np.diff(x, 2), 0, atol=1e-9)
    assert_allclose((y - y[0]) / (y[4] - y[0]), (100 - np.array([100, 50, 25, 12.5, 6.25])) / 93.75, atol=1e-9)
    assert y[0] < y[4]


def test_a_click_on_a_picture_emits_its_number(plot, qtbot):
    for button in (buttons(plot)[3], buttons(plot)[0], buttons(plot)[0]):
        with qtbot.waitSignal(plot.chosen) as chosen:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert chosen.args == [int(button.text())]
        assert [other.isChecked() for other in buttons(plot)] == [other is button for other in buttons(plot)]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_a_key_chooses_the_picture_that_has_the_focus(plot, qtbot, key):
    emitted = []
    plot.chosen.connect(emitted.append)
    plot.activateWindow()
    buttons(plot)[0].setFocus()
    qtbot.keyClick(buttons(plot)[0], Qt.Key.Key_Right)
    qtbot.waitUntil(buttons(plot)[1].hasFocus)
    qtbot.keyClick(buttons(plot)[1], Qt.Key.Key_Tab)
    qtbot.keyClick(buttons(plot)[2], key)
    assert buttons(plot)[2].hasFocus()
    assert emitted == [4]


def test_a_click_on_a_point_emits_its_number_and_one_between_points_nothing(plot, qtbot):
    places = [place.toPoint() for place in curve(plot).places()]
    with qtbot.waitSignal(plot.chosen) as chosen:
        qtbot.mouseClick(curve(plot), Qt.MouseButton.LeftButton, pos=places[3] + QPoint(4, -8))
    assert chosen.args == [5]
    assert buttons(plot)[3].isChecked()
    with qtbot.assertNotEmitted(plot.chosen, wait=50):
        qtbot.mouseClick(curve(plot), Qt.MouseButton.LeftButton, pos=(places[0] + places[1]) / 2)


def test_the_current_one_is_framed_and_has_a_ring(plot, qtbot):
    before = [pixels(button) for button in buttons(plot)]
    line = pixels(curve(plot))
    with qtbot.assertNotEmitted(plot.chosen, wait=50):
        plot.set_current(5)
    changed = [(pixels(button) != old).any() for button, old in zip(buttons(plot), before, strict=True)]
    assert changed == [False, False, False, True, False]
    ring = np.argwhere((pixels(curve(plot)) != line).any(-1))
    place = curve(plot).places()[3]
    assert np.hypot(*(ring - [place.y(), place.x()]).T).max() < 12
    assert_array_equal(pixels(buttons(plot)[3])[28, 28], [50] * 3)
    plot.set_current(99)
    assert not any(button.isChecked() for button in buttons(plot))


def test_pictures_wrap_in_the_panel(plot):
    plot.set_suggestion(choices(9), 4, REASON)
    plot.resize(300, 400)
    QApplication.processEvents()
    rows = {}
    for button in buttons(plot):
        assert 0 <= button.x() <= 300 - button.width()
        rows.setdefault(button.y(), []).append(button.text())
    assert list(rows.values()) == [["2", "3", "4", "5", "6"], ["7", "8", "9", "10"]]
    assert plot.minimumSizeHint().width() <= 280
    assert max(button.geometry().bottom() for button in buttons(plot)) < plot.height()


def test_no_picture_is_cut_where_there_is_little_room(plot, qtbot):
    plot.set_suggestion(choices(9), 4, REASON * 3)
    plot.resize(300, 400)
    QApplication.processEvents()
    assert plot.minimumSizeHint().height() >= 2 * buttons(plot)[0].height() + curve(plot).minimumHeight()
    plot.resize(300, 10)
    QApplication.processEvents()
    assert max(button.geometry().bottom() for button in buttons(plot)) <= buttons(plot)[0].parent().height()
    plot.set_suggestion(choices(2), 2, REASON)
    qtbot.waitUntil(lambda: buttons(plot)[0].parent().minimumHeight() == buttons(plot)[0].height())


def test_other_numbers_replace_those_before(plot):
    plot.set_current(3)
    plot.set_suggestion(choices(3, first=10), 11, "because")
    assert [button.text() for button in buttons(plot)] == ["10", "11", "12"]
    assert not any(button.isChecked() for button in buttons(plot))
    plot.set_suggestion([], 0, "")
    assert buttons(plot) == []
    assert curve(plot).places() == []
    assert len(np.unique(pixels(curve(plot)).reshape(-1, 3), axis=0)) == 1


HARD = {
    "one": choices(1),
    "many": choices(254),
    "all zero": [Choice(k, 0.0, np.nan, np.zeros((1, 96, 3), np.uint8)) for k in (2, 3)],
    "not finite": [Choice(k, value, value, np.zeros((96, 1, 3), np.uint8)) for k, value in ((2, np.nan), (3, np.inf))],
    "huge": [Choice(k, 1.7e308 / k, 0.1, np.zeros((2, 2, 3), np.uint8)) for k in (2, 3)],
}


@pytest.mark.parametrize("name", HARD)
def test_nothing_stops_it_from_being_drawn(plot, name):
    found = HARD[name]
    plot.set_suggestion(found, 3, "")
    plot.set_current(2)
    curve(plot).setMinimumSize(0, 0)
    for size in ((300, 260), (1, 1), (140, 50), (900, 700)):
        plot.resize(*size)
        curve(plot).resize(*size)
        plot.grab()
        curve(plot).grab()
    assert len(buttons(plot)) == len(found)
    assert all(np.isfinite([place.x(), place.y()]).all() for place in curve(plot).places())


def test_a_real_suggestion(plot, qtbot):
    suggestion = kseg.suggest_n_clusters(data.coffee()[::4, ::4], range(2, 6))
    plot.set_suggestion(choices_of(suggestion), suggestion.n_clusters, suggestion.reason)
    recommended = next(button for button in buttons(plot) if "recommended" in button.accessibleName())
    with qtbot.waitSignal(plot.chosen) as chosen:
        qtbot.mouseClick(recommended, Qt.MouseButton.LeftButton)
    assert chosen.args == [suggestion.n_clusters]
