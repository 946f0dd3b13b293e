"""The options of a recipe are the keywords of `segment`."""

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from skimage import data

from napari_kseg import load_model, segment


@pytest.fixture
def photo():
    return data.coffee()[:100, :120]


@pytest.fixture
def file(save, photo):
    return save("photo.png", photo)


def labels_in(folder):
    return tifffile.imread(next(folder.glob("*labels*.tif")))


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (["--color-space", "Lab"], {"color_space": "Lab"}),
        (["--channels", "0,2", "--channel-weights", "1,0.5"], {"channels": [0, 2], "channel_weights": [1, 0.5]}),
        (["--channels", "1", "--channel-weights", "2"], {"channels": 1, "channel_weights": [2]}),
        (["--normalize", "minmax"], {"normalize": "minmax"}),
        (["--sigma", "1.5"], {"sigma": 1.5}),
        (["--sigma", "1,3", "--spacing", "0.5,1"], {"sigma": (1, 3), "spacing": (0.5, 1)}),
        (["--texture", "1,2"], {"texture": (1, 2)}),
        (["--texture", "auto", "--channels", "0"], {"texture": True, "channels": 0}),
        (["--position-weight", "30"], {"position_weight": 30}),
        (["--points", "5,5 60,80 90,10", "--fixed", "0,2"], {"init": [[5, 5], [60, 80], [90, 10]], "fixed": [0, 2]}),
        (["--points", "5,5 60,80 90,10", "--fixed", "1"], {"init": [[5, 5], [60, 80], [90, 10]], "fixed": [1]}),
    ],
)
def test_options_are_keywords(run, file, photo, tmp_path, options, keywords):
    status, _, errors = run(file, "-k", "3", "-o", tmp_path / "out", *options)
    assert (status, errors) == (0, "")
    wanted = segment(photo, 3, **keywords)
    assert_array_equal(labels_in(tmp_path / "out"), wanted.labels)
    assert load_model(tmp_path / "out" / "model.json").settings == wanted.settings


def test_scribbles_come_from_a_file(run, file, photo, save, tmp_path):
    scribbles = np.zeros(photo.shape[:2], np.uint8)
    scribbles[5:9, 5:20], scribbles[60:64, 70:90], scribbles[90:94, 10:30] = 1, 2, 5
    drawn = save("scribbles.png", scribbles)
    assert run(file, "-k", "4", "-o", tmp_path / "out", "--scribbles", drawn)[0] == 0
    assert_array_equal(labels_in(tmp_path / "out"), segment(photo, 4, init=scribbles).labels)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--color-space", "CMYK"], "--color-space 'CMYK' is not known; use one of"),
        (["--channels", "red"], "--channels red is not possible; give a number, or several with commas"),
        (["--channels", "3"], "--channels [3], but there are 3 channels, 0 to 2"),
        (["--sigma", "1,2,3"], "--sigma (1, 2, 3) has 3 numbers, but the image has 2 spatial axes"),
        (["--texture", "9"], "--texture 9.0 must be True, False, or the smallest and largest scale"),
        (["--points", "5 6"], "--points 5 6 is not possible; give row,column of each point"),
        (["--points", "5,6 7,8,9"], "is not possible; give row,column of each point"),
        (["--points", "500,6"], "init has the pixel (500, 6), which is not in the image"),
        (["--points", "5,6", "--scribbles", "x.png"], "--points and --scribbles are both given"),
        (["--scribbles", "nowhere.png"], "nowhere.png does not exist"),
        (["--fixed", "1"], "names rows of init"),
        (["--normalize", "max"], 'use one of none, "zscore", "percentile", "minmax"'),
    ],
)
def test_bad_options_are_refused_in_words(run, file, tmp_path, options, words):
    status, _, errors = run(file, "-k", "3", "-o", tmp_path / "out", *options)
    assert status == 2
    assert words in errors
    assert not (tmp_path / "out").exists()
