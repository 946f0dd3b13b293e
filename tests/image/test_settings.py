"""Settings: what is accepted, what is refused in which words, and the way through JSON and back."""

import dataclasses
import inspect
import json
import warnings

import numpy as np
import pytest

from napari_kseg import ConvergenceWarning, Settings, segment


@pytest.mark.parametrize(
    ("setting", "value", "error", "words"),
    [
        ("n_clusters", 0, ValueError, "n_clusters=0.*>= 1"),
        ("n_clusters", -3, ValueError, "n_clusters=-3.*>= 1"),
        ("n_clusters", 65_536, ValueError, "n_clusters=65536.*65535 or less"),
        ("n_clusters", 2.5, TypeError, r"n_clusters=2\.5.*float.*integer"),
        ("n_clusters", "5", TypeError, "n_clusters='5'.*str.*integer"),
        ("n_clusters", True, TypeError, "n_clusters=True is a bool.*integer"),
        ("n_clusters", None, TypeError, "n_clusters=None.*integer"),
        ("channel_axis", "last", TypeError, "channel_axis='last'.*\"auto\", None or an integer"),
        ("channel_axis", 1.5, TypeError, r"channel_axis=1\.5"),
        ("channel_axis", [0], TypeError, r"channel_axis=\[0\]"),
        ("channel_axis", True, TypeError, "channel_axis=True"),
        ("downsample", 0, ValueError, "downsample=0.*1 or more"),
        ("downsample", 0.5, ValueError, r"downsample=0\.5.*1 or more"),
        ("downsample", np.nan, ValueError, "downsample=nan.*1 or more"),
        ("downsample", np.inf, ValueError, "downsample=inf"),
        ("downsample", (2, 0), ValueError, r"downsample=\(2, 0\).*1 or more"),
        ("downsample", "half", ValueError, "downsample='half'.*\"auto\""),
        ("downsample", None, TypeError, "downsample=None.*number"),
        ("downsample", True, TypeError, "downsample=True"),
        ("nodata", "none", TypeError, "nodata='none'.*None, a number, or a sequence of numbers"),
        ("nodata", [1, None], TypeError, "nodata=None.*sequence of numbers"),
        ("nodata", True, TypeError, "nodata=True.*None, a number"),
        ("background", "dark", TypeError, "background='dark'.*None or a number"),
        ("background", np.nan, ValueError, "background=nan.*None for no limit"),
        ("saturated", [255], TypeError, r"saturated=\[255\].*None or a number"),
        ("init", "magic", ValueError, 'init=\'magic\'.*"k-means\\+\\+", "random" or an array'),
        ("init", 5, ValueError, r"init has shape \(\).*\(K, C\)"),
        ("init", np.zeros((2, 2, 2)), ValueError, r"init has shape \(2, 2, 2\).*\(K, C\)"),
        ("init", [[1], [2, 3]], TypeError, "init=.*array of centroids"),
        ("n_init", 0, ValueError, "n_init=0.*>= 1"),
        ("n_init", "some", TypeError, "n_init='some'"),
        ("n_init", 1.5, TypeError, r"n_init=1\.5"),
        ("max_iter", 0, ValueError, "max_iter=0.*>= 1"),
        ("max_iter", np.True_, TypeError, "max_iter=.*True.*integer"),
        ("max_iter", "long", TypeError, "max_iter='long'"),
        ("tol", -1e-9, ValueError, "tol=-1e-09.*>= 0"),
        ("tol", np.nan, ValueError, "tol=nan"),
        ("tol", np.inf, ValueError, "tol=inf"),
        ("tol", None, TypeError, "tol=None.*number"),
        ("tol", "1e-3", TypeError, "tol='1e-3' is a str; it must be a number"),
        ("sigma", "2", TypeError, "sigma='2' is a str; it must be a number"),
        ("spacing", True, TypeError, "spacing=True is a bool; it must be a number"),
        ("channel_weights", ["1", "2"], TypeError, "channel_weights='1' is a str"),
        ("texture", ("1", "4"), TypeError, "texture='1' is a str"),
        ("position_weight", "3", TypeError, "position_weight='3' is a str"),
        ("random_state", -1, ValueError, "random_state=-1.*>= 0"),
        ("random_state", None, TypeError, "random_state=None.*integer"),
        ("random_state", 0.5, TypeError, r"random_state=0\.5"),
        ("min_size", -1, ValueError, "min_size=-1.*>= 0"),
        ("min_size", 2.5, TypeError, r"min_size=2\.5.*integer, 0 or more"),
        ("majority", "box", TypeError, "majority='box'.*integer, 0 or more"),
        ("masked", "yes", TypeError, "masked='yes' must be True or False"),
        ("full_resolution", "no", TypeError, "full_resolution='no'.*True or False"),
    ],
)
def test_a_bad_value_is_named_with_what_is_accepted(setting, value, error, words):
    with pytest.raises(error, match=words):
        Settings(**{setting: value})
    with pytest.raises(error, match=words):
        segment(np.arange(12).reshape(3, 4), **{setting: value})


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(3, channel_axis=None, downsample=5, init="random", n_init=2, max_iter=7, tol=0, random_state=9),
        Settings(2, channel_axis=-1, downsample=(1, 2.5), init=[[0.1, 1 / 3], [2, 3e-300]], full_resolution=False),
        Settings(np.int64(4), downsample=np.float32(2.5), random_state=np.uint8(3), tol=np.float64(1e-3)),
        Settings(nodata=np.array([0, -9999.5]), background=np.float32(7.5), saturated=np.uint16(65_000)),
        Settings(2, init=np.array([1, 200], np.uint8), downsample=[2, 3]),
    ],
)
def test_through_json_and_back(settings):
    again = Settings.from_dict(json.loads(json.dumps(settings.to_dict())))
    assert again == settings
    assert hash(again) == hash(settings)


def test_unknown_settings_are_refused_in_words():
    with pytest.raises(TypeError, match="'clusters' is not a setting; the settings are n_clusters, channel_axis"):
        Settings.from_dict({"clusters": 3})


def test_settings_are_the_keywords_of_segment():
    keywords = inspect.signature(segment).parameters
    assert "mask" in keywords
    for field in (field for field in dataclasses.fields(Settings) if field.name != "masked"):
        assert keywords[field.name].default == field.default


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().n_clusters = 3


def test_a_result_repeats_from_its_settings():
    image = np.random.default_rng(0).random((40, 50, 3))
    seg = segment(image, 4, n_init=2, random_state=5, tol=1e-3, downsample=2)
    again = segment(image, **seg.settings.to_dict())
    np.testing.assert_array_equal(again.labels, seg.labels)
    assert again.settings == seg.settings


def test_numbers_of_numpy_become_plain():
    settings = Settings(np.int32(3), downsample=np.float64(5), tol=np.float32(0.5))
    assert [type(value) for value in (settings.n_clusters, settings.downsample, settings.tol)] == [int, int, float]


GRAY = np.random.default_rng(1).integers(0, 200, (45, 40), np.uint8)
COLOR = np.random.default_rng(2).random((40, 50, 3), np.float32)


@pytest.mark.parametrize(
    ("image", "keywords"),
    [
        (GRAY, {}),
        (GRAY, {"n_clusters": "auto"}),
        (GRAY, {"n_clusters": 3, "nodata": [7, 9], "background": 3.5, "saturated": 190, "mask": GRAY % 3 > 0}),
        (
            COLOR,
            {"n_clusters": 7, "downsample": (2, 1.5), "n_init": 3, "random_state": 4, "tol": 1e-3},
        ),
        (COLOR, {"n_clusters": 2, "init": np.float32([[0.1, 0.2, 0.3], [0.7, 0.8, 0.9]]), "full_resolution": False}),
        (COLOR, {"n_clusters": 4, "channel_axis": 0, "init": "random"}),
    ],
)
def test_source_text_repeats_the_run_bit_for_bit(image, keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        seg = segment(image, **keywords)
        names = {"image": image, **{name: keywords[name] for name in ("mask",) if name in keywords}}
        text = Settings.from_dict(json.loads(json.dumps(seg.settings.to_dict()))).as_python()
        exec(text, names)
    again = names["seg"]
    np.testing.assert_array_equal(again.labels, seg.labels)
    np.testing.assert_array_equal(again.centroids, seg.centroids)
    assert (again.inertia, again.n_iter, again.settings) == (seg.inertia, seg.n_iter, seg.settings)


def test_source_text_names_what_was_given_and_no_more():
    assert Settings(4).as_python().endswith("\nseg = kseg.segment(image, n_clusters=4)")
    text = segment(GRAY, 4, mask=GRAY > 50, random_state=2).settings.as_python()
    assert text.endswith("kseg.segment(image, n_clusters=4, mask=mask, random_state=2)")
