"""Recipes, against tables of features made by scikit-image, SciPy and NumPy and clustered by scikit-learn."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage
from skimage import color, data, feature, filters
from sklearn.cluster import KMeans

from napari_kseg import load_model, segment, suggest_n_clusters
from napari_kseg.image.color_space import COLOR_SPACES
from napari_kseg.image.model import Model

LINEAR = np.vectorize(lambda unit: unit / 12.92 if unit <= 0.04045 else ((unit + 0.055) / 1.055) ** 2.4)


def oklab(unit):
    """The formulas of https://bottosson.github.io/posts/oklab."""
    to_lms = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ])  # fmt: skip
    to_lab = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ])  # fmt: skip
    return np.cbrt(LINEAR(unit) @ to_lms.T) @ to_lab.T


def hsv(unit):
    hue, saturation, value = np.moveaxis(color.rgb2hsv(unit), -1, 0)
    return np.stack([saturation * np.cos(2 * np.pi * hue), saturation * np.sin(2 * np.pi * hue), value], -1)


REFERENCES = {
    "linear RGB": LINEAR,
    "Lab": color.rgb2lab,
    "ab": lambda unit: color.rgb2lab(unit)[..., 1:],
    "Oklab": oklab,
    "HSV": hsv,
    "gray": lambda unit: color.rgb2gray(unit)[..., None],
}


def assert_clusters(image, table, seg, keep=None, rtol=1e-4, worse=1.005):
    """Check a segmentation against the features (…, F) to be clustered, and scikit-learn on the same table."""
    keep = np.ones(table.shape[:-1], bool) if keep is None else keep
    assert_array_equal(seg.labels > 0, keep)
    points = table[keep].astype(np.float64)
    own = seg.labels[keep].astype(int) - 1
    k = seg.n_clusters
    centroids = seg.model.feature_centroids
    distances = np.stack([((points - centroid) ** 2).sum(1) for centroid in centroids], 1)
    spread = points.var(0).sum()
    assert (distances[np.arange(len(own)), own] <= distances.min(1) + rtol * spread).all()
    assert_allclose(seg.inertia, distances[np.arange(len(own)), own].sum(), rtol=10 * rtol)
    means = np.stack([points[own == i].mean(0) for i in range(k)])
    assert np.abs(means - centroids).max() <= 0.03 * np.sqrt(spread)  # Lloyd's algorithm stopped at the tolerance
    peer = KMeans(k, n_init=3, random_state=0).fit(points)
    assert seg.inertia <= peer.inertia_ * worse
    values = image if image.ndim > table.ndim - 1 else image[..., None]
    values = values[keep].astype(np.float64)
    assert_allclose(seg.centroids, np.stack([values[own == i].mean(0) for i in range(k)]), rtol=1e-6, atol=1e-9)
    assert (np.diff(seg.centroids.mean(1)) >= 0).all()
    assert_array_equal(seg.counts, np.bincount(own, minlength=k))
    again = Model.from_dict(json.loads(json.dumps(seg.model.to_dict())))
    assert_array_equal(again.predict(seg.image), seg.labels if keep.all() else again.predict(seg.image))


def test_every_color_space_has_a_reference():
    assert set(COLOR_SPACES) == {"RGB", *REFERENCES}


def test_hsv_is_that_of_scikit_image():
    levels = np.linspace(0, 1, 9)
    colors = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)  # also gray, black, and channels alike
    assert_allclose(np.stack(COLOR_SPACES["HSV"].of(*colors.T), -1), hsv(colors), atol=1e-12)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4", "f8"])
@pytest.mark.parametrize("space", REFERENCES)
def test_color_spaces(photo, space, dtype):
    unit = photo / 255
    image = {"u1": photo, "u2": photo.astype("u2") * 257}.get(dtype, unit.astype(dtype))
    seg = segment(image, 4, color_space=space)
    assert_clusters(image, REFERENCES[space](unit), seg)
    assert seg.is_color
    assert seg.settings.color_space == space


@pytest.mark.parametrize("space", REFERENCES)
def test_color_spaces_are_the_same_for_every_size_of_image_and_way_through_it(space):
    """A part, a downsampled fit, alpha and a mask go other ways than the distinct colors of a whole image."""
    image = data.coffee()
    model = segment(image, 5, color_space=space).model
    labels = model.predict(image)
    assert_array_equal(model.predict(image[:60, :70]), labels[:60, :70])
    assert_array_equal(model.predict(np.dstack([image, np.full(image.shape[:2], 255, "u1")])), labels)
    mask = np.zeros(image.shape[:2], bool)
    mask[::2] = True
    assert_array_equal(model.predict(image, mask)[::2], labels[::2])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_channels_and_their_weights(photo, dtype):
    image = photo.astype(dtype)
    assert_clusters(image, image[..., [1]], segment(image, 3, channels=1))
    assert_clusters(image, image[..., [2, 0]], segment(image, 4, channels=[2, 0]))
    assert_clusters(image, image * np.array([1, 0, 3.5]), segment(image, 4, channel_weights=[1, 0, 3.5]))
    lab = color.rgb2lab(photo / 255)
    seg = segment(photo, 4, color_space="Lab", channels=[0, 2], channel_weights=[0.5, 2])
    assert_clusters(photo, lab[..., [0, 2]] * np.array([0.5, 2]), seg)


def test_all_channels_in_order_are_no_choice(photo):
    assert segment(photo, 3, channels=[0, 1, 2]).model.recipe.is_plain


NORMALIZED = {
    "zscore": lambda t: (t - t.mean(0)) / t.std(0),
    "percentile": lambda t: (t - np.percentile(t, 1, 0)) / np.subtract(*np.percentile(t, [99, 1], 0)),
    "minmax": lambda t: (t - t.min(0)) / np.ptp(t, 0),
}


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4", "f8"])
@pytest.mark.parametrize("kind", NORMALIZED)
def test_normalization(photo, kind, dtype):
    image = (photo * [1, 3, 100] if dtype != "u1" else photo // [1, 3, 10]).astype(dtype)
    table = NORMALIZED[kind](image.reshape(-1, 3).astype(np.float64)).reshape(image.shape)
    assert_clusters(image, table, segment(image, 4, normalize=kind))
    weighted = segment(image, 4, normalize=kind, channel_weights=[1, 2, 0.5])
    assert_clusters(image, table * np.array([1, 2, 0.5]), weighted)


@pytest.mark.parametrize("kind", NORMALIZED)
@pytest.mark.parametrize("dtype", ["u1", "u2", "f8"])
def test_one_channel_has_the_same_clusters_normalized_or_not(coins, kind, dtype):
    image = coins.astype(dtype)
    seg = segment(image, 4, normalize=kind)
    assert_array_equal(seg.labels, segment(image, 4).labels)
    assert_clusters(image, NORMALIZED[kind](image.reshape(-1, 1).astype(np.float64)).reshape(*image.shape, 1), seg)


def test_normalization_survives_a_large_offset_and_a_constant_channel(photo):
    image = np.dstack([1e6 + photo[..., 0] / 1000, photo[..., 1] * 1e3, np.full(photo.shape[:2], 7.0)])
    seg = segment(image, 3, channel_axis=-1, normalize="zscore")
    table = image.reshape(-1, 3) - image.reshape(-1, 3).mean(0)
    table[:, :2] /= table[:, :2].std(0)
    table[:, 2] = 0
    assert_clusters(image, table.reshape(image.shape), seg)


def test_left_out_pixels_do_not_count_in_the_normalization(photo):
    image = photo.astype("f4")
    image[:10] = np.nan
    image[20:30, :, 1] = 1e6
    mask = np.ones(photo.shape[:2], bool)
    mask[20:30] = False
    keep = mask & np.isfinite(image).all(-1)
    table = np.full(image.shape, np.nan)
    table[keep] = NORMALIZED["minmax"](image[keep].astype(np.float64))
    assert_clusters(image, table, segment(image, 3, mask=mask, normalize="minmax"), keep)


def test_a_model_keeps_the_normalization_it_learned(photo):
    seg = segment(photo, 4, normalize="percentile", color_space="Lab")
    dark = photo[:40]
    assert_array_equal(seg.model.predict(dark), seg.labels[:40])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_smoothing(photo, dtype):
    image = photo.astype(dtype)
    table = filters.gaussian(image.astype(np.float64), 2, channel_axis=-1, preserve_range=True, mode="nearest")
    assert_clusters(image, table, segment(image, 4, sigma=2))
    lab = color.rgb2lab(np.clip(table / 255, 0, 1))
    if dtype == "u1":
        assert_clusters(image, lab, segment(image, 4, sigma=2, color_space="Lab"))


def test_smoothing_is_the_same_in_tiles_of_any_image(monkeypatch):
    image = data.camera()
    whole = segment(image, 4, sigma=3)
    table = ndimage.gaussian_filter(image.astype(np.float64), 3, mode="nearest")
    assert_clusters(image, table[..., None], whole)
    monkeypatch.setattr("napari_kseg.image.features.TILE", 1 << 12)
    assert_array_equal(whole.model.predict(image), whole.labels)


def test_sigma_counts_in_the_unit_of_the_spacing():
    image = data.coins()[:80, :90].astype("u2") * 100
    volume = np.stack([np.roll(image, 3 * i, 1) for i in range(12)])
    seg = segment(volume, 3, sigma=(2, 1.5, 1.5), spacing=(2, 0.5, 0.5))
    table = ndimage.gaussian_filter(volume.astype(np.float64), (1, 3, 3), mode="nearest")
    assert_clusters(volume, table[..., None], seg)
    one = segment(volume, 3, sigma=2, spacing=(2, 0.5, 0.5))
    table = ndimage.gaussian_filter(volume.astype(np.float64), (1, 4, 4), mode="nearest")
    assert_clusters(volume, table[..., None], one)


def test_left_out_pixels_are_as_their_nearest_neighbor_when_smoothing(coins):
    image = coins.astype("f4")
    image[40:45, 50:60] = np.nan
    seg = segment(image, 3, sigma=1)
    keep = np.isfinite(image)
    nearest = ndimage.distance_transform_edt(~keep, return_distances=False, return_indices=True)
    table = ndimage.gaussian_filter(image[tuple(nearest)].astype(np.float64), 1, mode="nearest")
    assert_clusters(image, table[..., None], seg, keep)


def test_texture(coins):
    image = coins[:100, :120]
    table = feature.multiscale_basic_features(image.astype(np.float64), sigma_min=1, sigma_max=4)
    assert_clusters(image, table, segment(image, 3, texture=(1, 4)))
    flat = NORMALIZED["zscore"](table.reshape(-1, table.shape[-1]).astype(np.float64)).reshape(table.shape)
    assert_clusters(image, flat, segment(image, 3, texture=(1, 4), normalize="zscore"), rtol=1e-3)


def test_texture_of_color_and_in_tiles(photo, monkeypatch):
    monkeypatch.setattr("napari_kseg.image.features.TILE", 1 << 11)
    lab = color.rgb2lab(photo / 255)[..., :2]
    table = feature.multiscale_basic_features(lab, sigma_min=1, sigma_max=2, channel_axis=-1)
    weighted = table * np.repeat([1, 3], table.shape[-1] // 2)
    seg = segment(photo, 3, color_space="Lab", channels=[0, 1], texture=(1, 2), channel_weights=[1, 3])
    assert_clusters(photo, weighted, seg, rtol=1e-3)


def test_true_is_the_texture_of_scikit_image(coins):
    image = coins[:80, :90]
    seg = segment(image, 2, texture=True)
    assert_clusters(image, feature.multiscale_basic_features(image.astype(np.float64)), seg)


def test_features_too_large_to_be_kept_are_made_again(coins, monkeypatch):
    image = coins[:100, :120]
    kept = segment(image, 3, texture=(1, 2), downsample=1)
    monkeypatch.setattr("napari_kseg.image.features.KEPT", 1000)
    again = segment(image, 3, texture=(1, 2), downsample=1)
    assert_array_equal(again.labels, kept.labels)
    monkeypatch.setattr("napari_kseg.image.downsample.KEPT", image.size * 8 * 4 // 8)
    assert segment(image, 3, texture=(1, 2)).downsample == (3, 3)


def test_position(photo):
    k, m = 12, 40
    apart = np.sqrt(photo.shape[0] * photo.shape[1] / k)
    place = np.moveaxis(np.indices(photo.shape[:2]), 0, -1) * (m / apart)
    seg = segment(photo, k, position_weight=m)
    assert_clusters(photo, np.concatenate([photo, place], -1), seg, worse=1.01)
    spaced = segment(photo, k, position_weight=m, spacing=(0.5, 0.5))
    assert_array_equal(spaced.labels, seg.labels)
    tall = segment(photo, k, position_weight=m, spacing=(4, 1))
    place = np.moveaxis(np.indices(photo.shape[:2]), 0, -1) * (m / np.sqrt(4 * apart**2)) * [4, 1]
    assert_clusters(photo, np.concatenate([photo, place], -1), tall, worse=1.01)


def test_a_great_position_weight_makes_compact_clusters(photo):
    seg = segment(photo, 9, position_weight=1e5)
    for label in range(1, 10):
        assert ndimage.label(seg.labels == label)[1] == 1


@pytest.mark.parametrize(
    "recipe",
    [
        {"color_space": "Lab"}, {"channels": [1]}, {"normalize": "zscore", "color_space": "HSV"}, {"sigma": 1.5},
        {"texture": (1, 2), "channels": [0], "normalize": "minmax"}, {"position_weight": 30},
        {"sigma": (1, 2), "spacing": (0.5, 0.25), "color_space": "Oklab", "channel_weights": [1, 2, 2]},
    ],
)  # fmt: skip
class TestEveryRecipe:
    def test_is_repeated_by_its_source_text(self, photo, recipe):
        seg = segment(photo, 4, **recipe)
        names = {"image": photo}
        exec(seg.settings.as_python(), names)
        assert_array_equal(names["seg"].labels, seg.labels)
        assert names["seg"].inertia == seg.inertia

    def test_goes_through_a_file(self, photo, recipe, tmp_path):
        seg = segment(photo, 4, **recipe)
        seg.model.save(tmp_path / "model.json")
        model = load_model(tmp_path / "model.json")
        assert_array_equal(model.predict(photo), seg.labels)
        again = model.segment(photo)
        assert_array_equal(again.centroids, seg.centroids)
        assert_allclose(again.inertia, seg.inertia, rtol=1e-12)
        assert model.settings == seg.settings

    def test_fits_a_reduced_image(self, photo, recipe):
        seg = segment(photo, 4, downsample=2, **recipe)
        assert_array_equal(seg.model.predict(photo), seg.labels)
        whole = segment(photo, 4, **recipe)
        assert whole.inertia <= seg.inertia * 1.001
        assert seg.inertia <= whole.inertia * 1.25
        small = segment(photo, 4, downsample=2, full_resolution=False, **recipe)
        assert small.labels.shape == (50, 65)
        assert small.counts.all()

    def test_is_merged_and_cleaned_up_with_its_own_inertia(self, photo, recipe):
        seg = segment(photo, 4, **recipe)
        merged = seg.merge([2, 3])
        assert_array_equal(merged.model.predict(photo), merged.labels)
        assert merged.inertia > seg.inertia
        features = merged.model.features(merged.pixels).read_part(tuple(map(slice, (0, 0), photo.shape[:2])))[0]
        own = merged.model.feature_means[merged.labels.astype(int) - 1]
        assert_allclose(merged.inertia, ((features - own) ** 2).sum(), rtol=1e-4)
        clean = merged.clean_up(min_size=30)
        own = clean.model.feature_means[clean.labels.astype(int) - 1]
        assert_allclose(clean.inertia, ((features - own) ** 2).sum(), rtol=1e-4)

    def test_starts_at_seeds(self, photo, recipe):
        seeds = [[20.0, 20, 20], [120, 120, 120], [200, 180, 160]]
        if "texture" in recipe or "position_weight" in recipe:
            with pytest.raises(ValueError, match="features, as texture or place counts,"):
                segment(photo, 3, init=seeds, **recipe)
            scribbles = np.zeros(photo.shape[:2], int)
            scribbles[10:12, 10:15], scribbles[50:52, 80:90], scribbles[80:82, 20:30] = 3, 1, 2
            seg = segment(photo, 3, init=scribbles, fixed=[1], **recipe)
            features = seg.model.features(seg.pixels).read_part((slice(0, 100), slice(0, 130)))[0]
            distances = np.abs(seg.model.feature_centroids - features[scribbles == 2].mean(0)).max(1)
            assert distances.min() < 1e-4
            names = {"image": photo}
            exec(seg.settings.as_python(), names)
            assert_array_equal(names["seg"].labels, seg.labels)
            points = segment(photo, 3, init=[[10, 10], [50, 80], [80, 20]], **recipe)
            assert points.inertia < 1.5 * segment(photo, 3, **recipe).inertia
            return
        seg = segment(photo, 3, init=seeds, fixed=[1], **recipe)
        features = seg.model.features(seg.pixels)
        fixed = features.of_values(np.array(seeds[1:2]))[0]
        assert np.abs(seg.model.feature_centroids - fixed).sum(1).min() < 1e-5

    def test_is_the_same_on_one_thread_and_twice(self, photo, recipe, monkeypatch):
        seg = segment(photo, 4, **recipe)
        monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 1)
        again = segment(np.asfortranarray(photo), 4, **recipe)
        assert_array_equal(again.labels, seg.labels)
        assert again.inertia == seg.inertia

    def test_is_tried_with_several_numbers_of_clusters(self, photo, recipe):
        if "position_weight" in recipe:
            with pytest.raises(ValueError, match="position_weight=30 depends on the number of clusters"):
                suggest_n_clusters(photo, range(2, 5), **recipe)
            return
        suggestion = suggest_n_clusters(photo, range(2, 5), **recipe)
        assert_array_equal(suggestion.segmentations[3].labels, segment(photo, 3, **recipe).labels)


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"color_space": "CMYK"}, ValueError, "color_space='CMYK' is not known; use one of \"RGB\""),
        ({"color_space": 3}, TypeError, "color_space=3 must be one of"),
        ({"channels": []}, ValueError, "one or more different channels"),
        ({"channels": [1, 1]}, ValueError, "one or more different channels"),
        ({"channels": 3}, ValueError, r"channels=\[3\], but there are 3 channels, 0 to 2"),
        ({"channels": [-1]}, ValueError, "channels=-1, but it must be an integer >= 0"),
        ({"channels": ["red"]}, TypeError, "channels='red' is a str"),
        ({"channels": [2], "color_space": "ab"}, ValueError, "there are 2 channels, 0 to 1"),
        ({"channel_weights": [1, 2]}, ValueError, "has 2 weights, but 3 channels are used"),
        ({"channel_weights": [0, 0, 0]}, ValueError, "one of them more than 0"),
        ({"channel_weights": [1, -1, 1]}, ValueError, "must be 0 or more"),
        ({"channel_weights": 2}, TypeError, "one for each channel that is used"),
        ({"normalize": "max"}, ValueError, 'use one of None, "zscore", "percentile", "minmax"'),
        ({"normalize": True}, TypeError, "normalize=True must be one of None"),
        ({"sigma": -1}, ValueError, "sigma=-1 must be 0 or more"),
        ({"sigma": (1, 2, 3)}, ValueError, "has 3 numbers, but the image has 2 spatial axes"),
        ({"sigma": "wide"}, TypeError, "sigma='wide' is a str"),
        ({"sigma": np.nan}, ValueError, "sigma=nan must be 0 or more"),
        ({"texture": (4, 1)}, ValueError, "smallest and largest scale in pixels"),
        ({"texture": 3}, TypeError, "smallest and largest scale in pixels"),
        ({"position_weight": -2}, ValueError, "position_weight=-2, but it must be 0 or more"),
        ({"sigma": 1e6}, ValueError, r"sigma=1e\+06 is 1e\+06 pixels, as spacing=1.*give \d+ pixels or less"),
        ({"sigma": (1, 90), "spacing": (1, 0.1)}, ValueError, r"sigma=\(1, 90\) is 900 pixels, as spacing=\(1, 0.1\)"),
        ({"texture": (1, 5000)}, ValueError, r"texture=\(1, 5000\) goes up to 5000 pixels"),
        ({"spacing": 0}, ValueError, "spacing=0 must be more than 0"),
        ({"spacing": (1, 1, 1)}, ValueError, "has 3 numbers, but the image has 2 spatial axes"),
    ],
)
def test_bad_settings_are_refused_in_words(photo, settings, error, words):
    with pytest.raises(error, match=words):
        segment(photo, 3, **settings)


def test_floats_beyond_white_are_refused_in_words(photo):
    with pytest.raises(
        ValueError, match='color_space="Lab" takes floats from 0 to 1, but the image has values up to 2'
    ):
        segment(photo.astype("f4"), 3, color_space="Lab")
    assert segment(photo.astype("f4"), 3, channels=[0]).n_clusters == 3  # in whatever units


@pytest.mark.parametrize("recipe", [{"color_space": "ab"}, {"color_space": "Oklab", "channels": [1, 2]}])
def test_grays_have_no_hue_to_compare(coins, recipe):
    gray = np.dstack([coins] * 3)
    with pytest.raises(ValueError, match="n_clusters=3, but only 1 different color is left"):
        segment(gray, 3, **recipe)


def test_a_color_space_needs_color(coins):
    with pytest.raises(ValueError, match='color_space="Lab" needs red, green and blue, but the image has 1 channel;'):
        segment(coins, 3, color_space="Lab")


def test_texture_needs_pixels_along_each_axis():
    for image in (np.arange(50.0)[None], np.arange(50.0)):
        with pytest.raises(ValueError, match="2 pixels or more along each of them"):
            segment(image, 3, texture=(1, 2))


@pytest.mark.parametrize("recipe", [{"sigma": 1}, {"texture": (1, 2)}, {"normalize": "zscore"}, {"position_weight": 2}])
def test_long_doubles_are_taken_as_doubles(recipe):
    image = np.random.default_rng(0).random((20, 30))
    seg = segment(image.astype(np.longdouble), 3, **recipe)
    assert_array_equal(seg.labels, segment(image, 3, **recipe).labels)
    assert seg.recolored().dtype == np.longdouble


@pytest.mark.parametrize("kind", NORMALIZED)
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_nothing_to_normalize_is_said_in_words(photo, kind, dtype):
    with pytest.raises(ValueError, match="every pixel is left out"):
        segment(photo.astype(dtype), 3, normalize=kind, mask=np.zeros(photo.shape[:2], bool))
