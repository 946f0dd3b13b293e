"""Models: the same labels for another image, kept in a file."""

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage import data

from napari_kseg import Model, Settings, load_model, segment

PLAIN_PYTHON_WARNS = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # at inf - inf; kernels do not


@pytest.fixture
def photo():
    return data.coffee()[100:180, 200:290]


@pytest.fixture
def model(photo):
    return segment(photo, 5, random_state=3).model


@pytest.mark.nojit
@PLAIN_PYTHON_WARNS
def test_prediction_by_hand():
    model = segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2).model  # centroids 0.5 and 8.5
    assert_array_equal(model.predict(np.array([[3, 7], [4, 5]], np.uint8)), [[1, 2], [1, 2]])
    assert_array_equal(model.predict(np.array([[4.49, 4.51, np.nan]])), [[1, 2, 0]])


@pytest.mark.parametrize("merged", [False, True])
def test_a_file_keeps_everything_to_the_last_digit(photo, tmp_path, merged):
    seg = segment(photo / 255 / 3, 7, init=np.linspace(0, 1 / 3, 21).reshape(7, 3), tol=1e-7, downsample=(2, 2.5))
    seg = seg.merge([1, 4, 5]) if merged else seg
    path = tmp_path / "model.json"
    seg.model.save(path)
    again = load_model(str(path))
    assert_array_equal(again.centroids, seg.model.centroids)
    assert_array_equal(again.feature_centroids, seg.model.feature_centroids)
    assert_array_equal(again.groups, seg.model.groups)
    assert again.settings == seg.settings
    assert again.rgb
    assert again.to_dict() == seg.model.to_dict()
    assert_array_equal(again.predict(photo / 255 / 3), seg.labels)
    assert json.loads(path.read_text())["format"] == "napari-kseg model"


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8", ">f4"])
def test_predict_does_not_mind_dtype_and_shape(model, dtype):
    other = data.astronaut()[:70, :50].astype(dtype)
    distances = ((other[..., None, :].astype(float) - model.centroids) ** 2).sum(-1)
    wanted = distances.argmin(-1) + 1
    assert_array_equal(model.predict(other), wanted)
    assert_array_equal(model.predict(np.stack([other, other])), np.stack([wanted, wanted]))
    assert_array_equal(model.predict(other[:2, :3]), wanted[:2, :3])  # small, but the model knows that it is color
    assert_array_equal(model.predict(np.asfortranarray(other)), wanted)


def test_predict_leaves_out_what_segment_leaves_out(model, photo):
    alpha = np.full(photo.shape[:2], 9, np.uint8)
    alpha[5:9] = 0
    assert_array_equal(model.predict(np.dstack([photo, alpha])), np.where(alpha > 0, model.predict(photo), 0))
    assert_array_equal(model.predict(photo, mask=alpha > 0), np.where(alpha > 0, model.predict(photo), 0))
    holes = np.where(alpha[..., None] > 0, photo, np.nan)
    assert_array_equal(model.predict(holes), np.where(alpha > 0, model.predict(photo), 0))


def test_segment_keeps_centroids_and_numbers_even_of_empty_clusters(assert_contract, model):
    dark = data.astronaut()[:60, :60] // 8
    seg = model.segment(dark)
    assert_array_equal(seg.centroids, model.centroids)
    assert_array_equal(seg.labels, model.predict(dark))
    assert (seg.counts == 0).any()
    assert_contract(dark, seg, 5, channel_axis=-1, fitted=False)
    assert len(seg.table()) == 5
    assert len(seg.masks()) == 5
    assert not seg.masks()[4].any()
    merged = seg.merge([4, 5])
    assert merged.n_clusters == 4
    assert merged.counts.sum() == 3600
    assert np.isfinite(merged.centroids).all()


def test_segment_of_the_image_itself_is_the_same_again(photo):
    for image in (photo, photo.astype("f4"), photo[..., 0]):
        seg = segment(image, 4)
        again = seg.model.segment(image)
        assert_array_equal(again.labels, seg.labels)
        assert_array_equal(again.counts, seg.counts)
        np.testing.assert_allclose(again.inertia, seg.inertia)


def test_models_of_channels_on_an_axis(photo):
    image = np.moveaxis(np.dstack([photo, photo[..., :2]]), -1, 0)
    model = segment(image, 3, channel_axis=0).model
    assert_array_equal(model.predict(image[:, :20]), model.predict(image)[:20])
    with pytest.raises(ValueError, match="3 channels, but the model was found in an image with 5"):
        model.predict(image[:3])


def test_color_for_a_gray_model_and_gray_for_a_color_model_are_refused_in_words(model, photo):
    with pytest.raises(ValueError, match=r"\(80, 90\) has no color.*found in a color image"):
        model.predict(photo[..., 0])
    with pytest.raises(ValueError, match=r"3 channels, but.*one"):
        segment(photo[..., 0], 3).model.predict(photo)
    with pytest.raises(ValueError, match="no pixels"):
        model.predict(photo[:0])
    with pytest.raises(ValueError, match=r"mask.*\(3, 3\)"):
        model.predict(photo, mask=np.ones((3, 3), bool))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("settings", [{}, {"sigma": 1}])
def test_an_image_of_which_no_pixel_is_left_is_refused_in_words(photo, dtype, settings):
    for image in (photo, photo[..., 0]):
        image = image.astype(dtype)
        model = segment(image, 3, **settings).model
        for method in (model.predict, model.segment):
            with pytest.raises(ValueError, match="every pixel is left out"):
                method(image, mask=np.zeros(image.shape[:2], bool))


def test_models_cannot_be_changed_by_accident(model):
    for array in (model.centroids, model.feature_centroids, model.groups):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "3", '{"format": "other"}', "\x89PNG"])
def test_files_that_are_no_models_are_refused_in_words(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="not a napari-kseg model"):
        load_model(path)


@pytest.mark.parametrize(
    "damage",
    [
        {"settings": None}, {"settings": {"clusters": 3}}, {"settings": {"n_clusters": 0}}, {"groups": [1]},
        {"groups": [0, 1, 2, 3, 4]}, {"groups": [9] * 5}, {"groups": "all"}, {"centroids": [1, 2, 3]},
        {"centroids": [[1, 2]] * 5}, {"feature_centroids": [[1], [2, 3]]}, {"feature_centroids": [[np.nan] * 3] * 5},
    ],
)  # fmt: skip
def test_damaged_models_are_refused_in_words(model, damage):
    with pytest.raises(ValueError, match="not a napari-kseg model"):
        Model.from_dict({**model.to_dict(), **damage})


@pytest.mark.parametrize("entry", ["settings", "rgb", "groups", "centroids", "feature_centroids"])
def test_a_lacking_entry_is_named(model, entry):
    values = model.to_dict()
    del values[entry]
    with pytest.raises(ValueError, match=f"lacks the entry '{entry}'"):
        Model.from_dict(values)


@pytest.mark.parametrize("number", [4, 99, "2", None])
def test_a_newer_format_asks_for_a_newer_napari_kseg(model, number):
    with pytest.raises(ValueError, match=rf"format version {number!r}.*update napari-kseg"):
        Model.from_dict({**model.to_dict(), "format_version": number})


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.json")


def test_settings_are_part_of_the_model(model):
    assert model.settings == Settings(5, random_state=3)


def test_a_file_of_the_first_format_is_still_read(photo):
    """As it was written before there were recipes, names and provenance."""
    seg = segment(photo, 3).merge([1, 2])
    values = seg.model.to_dict()
    for name in ("recipe", "feature_means", "names", "colors", "provenance"):
        del values[name]
    old_settings = (
        "n_clusters", "channel_axis", "downsample", "init", "n_init", "max_iter", "tol", "random_state",
        "full_resolution",
    )  # fmt: skip
    values["settings"] = {name: values["settings"][name] for name in old_settings}
    values["format_version"] = 1
    model = Model.from_dict(json.loads(json.dumps(values)))
    assert_array_equal(model.predict(photo), seg.labels)
    assert_array_equal(model.centroids, seg.centroids)
    assert model.names == ("", "")


def test_a_file_of_the_second_format_is_still_read(photo):
    """As it was written before clusters could be split and labels edited."""
    seg = segment(photo, 4, color_space="Lab").merge([1, 2]).named({1: "cup"})
    values = seg.model.to_dict()
    del values["splits"], values["hand_edited"]
    values["format_version"] = 2
    model = Model.from_dict(json.loads(json.dumps(values)))
    assert_array_equal(model.predict(photo), seg.labels)
    assert model.to_dict() == seg.model.to_dict()
    assert model.splits == ()
    assert not model.hand_edited


def test_it_says_where_it_comes_from(photo):
    model = segment(photo.astype("u2"), 3).model
    assert model.provenance["shape"] == list(photo.shape[:2])
    assert model.provenance["dtype"] == "uint16"
    assert "napari-kseg" in model.provenance["versions"]


@pytest.mark.parametrize(
    ("found_in", "given", "words"),
    [
        (lambda photo: photo, lambda photo: photo / 255, r"float64 with values up to 1.*uint8.*; multiply it by 255"),
        (lambda photo: photo, lambda photo: photo.astype("u2") * 257, "uint16 with values up to.*scale it to 0 to 255"),
        (lambda photo: photo / 255, lambda photo: photo, "uint8 with values up to.*float64.*scale it to 0 to 1"),
        (lambda photo: photo.astype("u2") * 257, lambda photo: photo, "uint8.*cannot hold the values of the model"),
        (lambda photo: photo.astype("u2") * 257, lambda photo: photo / 255, "multiply it by 65535"),
    ],
)
def test_images_in_other_units_are_refused_in_words(photo, found_in, given, words):
    model = segment(found_in(photo), 3).model
    with pytest.raises(ValueError, match=words):
        model.predict(given(photo))
    with pytest.raises(ValueError, match=words):
        model.segment(given(photo))


def test_a_dark_image_of_another_dtype_is_not_refused(model, photo):
    assert model.predict(np.zeros((5, 5, 3))).max() == 1
    assert_array_equal(model.predict(photo.astype("u2")), model.predict(photo))


@pytest.mark.parametrize("recipe", [{"texture": (1, 2)}, {"sigma": (1, 2)}, {"position_weight": 3}])
def test_a_model_that_looks_around_needs_as_many_axes(recipe):
    image = np.random.default_rng(0).random((20, 30))
    model = segment(image, 3, **recipe).model
    with pytest.raises(ValueError, match=r"the image has 3 spatial axes, shape .* but the model compares what is"):
        model.predict(np.zeros((5, 20, 30)))
    if "texture" in recipe:
        with pytest.raises(ValueError, match="2 pixels or more along each of them"):
            model.predict(image[:1])


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("format_version", 0),
        ("format_version", True),
        ("rgb", "no"),
        ("colors", ["red"] * 5),
        ("provenance", {"dtype": "colorful"}),
        ("recipe", 5),
        ("recipe", {"color_space": "YUV"}),
        ("recipe", {"channels": [7]}),
        ("recipe", {"sigma": ["a"]}),
        ("recipe", {"texture": [1]}),
        ("recipe", {"offset": [0.0], "scale": [1.0]}),
        ("recipe", {"offset": [0, 0, 0], "scale": [1, 1, float("nan")]}),
        ("recipe", {"position": [1.0, 1.0]}),
    ],
)
def test_a_model_that_was_tampered_with_is_refused(model, entry, value):
    with pytest.raises(ValueError, match="this is not a napari-kseg model"):
        Model.from_dict({**model.to_dict(), entry: value})


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(ValueError, match="is a folder; give the JSON file of a model"):
        load_model(tmp_path)
