"""What is said of one thing and of several, in every place that counts."""

import re

import numpy as np
import pytest

import napari_kseg as kseg
from napari_kseg.image.wording import counted, of_all, there_are
from napari_kseg.viewer.summary import summary


@pytest.mark.parametrize(
    ("number", "thing", "said"),
    [
        (1, "pixel", "1 pixel"),
        (0, "pixel", "0 pixels"),
        (np.int64(12_345), "pixel", "12,345 pixels"),
        (1.0, "pixel", "1 pixel"),
        (1.5, "pixel", "1.5 pixels"),
        (2, "spatial axis", "2 spatial axes"),
        (1, "spatial axis", "1 spatial axis"),
    ],
)
def test_one_thing_and_several(number, thing, said):
    assert counted(number, thing) == said


def test_one_of_one():
    assert of_all(1, 1, "image") == "1 of 1 image"
    assert of_all(1, 2, "image") == "1 of 2 images"
    assert there_are(1, "channel") == "there is 1 channel"
    assert there_are(3, "channel") == "there are 3 channels"


def test_results_and_errors_speak_so():
    one = kseg.segment(np.zeros((1, 1), np.uint8), 1)
    assert summary(one, 0.01) == "1 cluster of 1 pixel in 0.01 s"
    assert "into 1 cluster," in repr(one)
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for keywords, said in [
        ({"n_clusters": 13}, "only 12 different colors are left"),
        ({"channels": [2]}, "there is 1 channel,"),
        ({"sigma": (1, 1, 1)}, "has 3 numbers, but the image has 2 spatial axes"),
        ({"init": [[1, 1], [2, 2]], "n_clusters": 1}, "init has 2 seeds"),
        ({"color_space": "Lab"}, "the image has 1 channel;"),
    ]:
        with pytest.raises(ValueError, match=re.escape(said)):
            kseg.segment(gray, **{"n_clusters": 2, **keywords})
    with pytest.raises(ValueError, match="there is 1 cluster;"):
        one.merge_similar(n_clusters=3)
