"""What is needed to label another image the same way: recipe and centroids, kept in one JSON file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .channel_stack import ChannelStack, as_image
from .clean_up import cleaned
from .features import Features, n_features
from .lazy_routes import lazy_labels
from .left_out import check_left
from .marks import with_colors
from .parts import Parts
from .pixels import Array, MaybeLazy, Pixels, looks_like_color
from .recipe import Recipe
from .recipe_settings import check_texture, stored_recipe
from .routes import Floats
from .settings import Settings
from .splits import Split, all_centroids, fit_each_other, labels_by
from .units import check_range
from .wording import counted

if TYPE_CHECKING:
    from .segmentation import Segmentation

FORMAT = "napari-kseg model"
FORMAT_VERSION = 3
MOST_AXES = 32
"""Axes that an array has at most, whatever the NumPy."""


_INTERNAL = {"cleaned", "features", "of_clusters", "predict_pixels", "segment_pixels"}
"""Names that other modules use, which completion should not offer."""


@dataclass(frozen=True, eq=False)
class Model:
    """Labels for any image by the centroids found in one.

    Parameters
    ----------
    settings : Settings
        How the centroids were found.
    feature_centroids : (M, F) array of float64
        Centroids that pixels are compared with. For plain color, in image units.
    groups : (M + …,) array of int
        Label of each of them, and of those of each split in turn: after a merge a cluster keeps all its centroids. 0 is
        one whose pixels were split.
    centroids : (K, C) array of float64
        What a cluster looks like, in image units; row i belongs to label i + 1.
    rgb : bool
        The channels are red, green and blue, and a fourth is alpha.
    recipe : Recipe
        How features are made of an image, with what was learned from the one that was fitted.
    feature_means : (K, F) array of float64
        Mean features of a cluster, around which inertia is measured: those of `feature_centroids`, before any merge.
    names, colors : tuple of str
        Given by the user, for each cluster; an empty one is none. Colors are "#rrggbb".
    provenance : dict
        Where it comes from: "shape" and "dtype" of the image, and "versions" of what computed it.
    splits : tuple of Split
        Clusters that were split: which centroids' pixels are then compared with which others.
    hand_edited : bool
        The labels of the segmentation that it belongs to were edited by hand, and it does not repeat that: it labels by
        its centroids alone.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_kseg as kseg
    >>> model = kseg.segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2).model
    >>> model.predict(np.array([[3, 7]], np.uint8)).tolist()
    [[1, 2]]
    """

    settings: Settings
    feature_centroids: Floats
    groups: NDArray[np.int64]
    centroids: Floats
    rgb: bool
    recipe: Recipe
    feature_means: Floats
    names: tuple[str, ...]
    colors: tuple[str, ...]
    provenance: Mapping[str, Any]
    splits: tuple[Split, ...] = ()
    hand_edited: bool = False

    def __post_init__(self) -> None:
        for array in (self.feature_centroids, self.groups, self.centroids, self.feature_means):
            array.flags.writeable = False

    @classmethod
    def of_clusters(
        cls, centroids: Floats, colors: Floats, pixels: Pixels, settings: Settings, recipe: Recipe
    ) -> "Model":
        """Make the model of a fit, from centroids (K, F) among the features and their colors (K, C) in the image."""
        groups = np.arange(1, len(centroids) + 1)
        none = ("",) * len(centroids)
        provenance = {
            "shape": list(pixels.shape),
            "dtype": str(pixels.dtype),
            "versions": {name: version(name) for name in ("napari-kseg", "numpy", "numba", "scikit-image")},
        }
        return cls(
            settings, centroids.copy(), groups, colors.copy(), pixels.rgb, recipe, centroids.copy(), none, none,
            provenance,
        )  # fmt: skip

    def features(self, pixels: Pixels) -> Features:
        """Return what is compared of an image's pixels."""
        return Features(self.settings.applied_to(pixels), self.recipe)

    @property
    def n_clusters(self) -> int:
        """Number of clusters K."""
        return len(self.centroids)

    def predict(self, image: Any, mask: ArrayLike | None = None) -> MaybeLazy:
        """Label every pixel of an image by the cluster whose centroid is nearest.

        Parameters
        ----------
        image : array or list of array
            Image with as many channels as the one the model was found in, of any shape and dtype.
        mask : array of bool, optional
            Pixels to label; the others get 0.

        Returns
        -------
        labels : array of uint8 or uint16
            Labels 1 to K, 0 where a pixel was left out.

        Raises
        ------
        ValueError
            If the image has another number of channels, or every pixel is left out.
        """
        return self.predict_pixels(self._pixels(image, mask))

    def predict_pixels(self, pixels: Pixels) -> MaybeLazy:
        """Label pixels whose axes are known."""
        if pixels.lazy is None:
            return self.cleaned(self._label(pixels).labels)
        self._check_fits(pixels)
        return self.cleaned(lazy_labels(self.features(pixels), self.feature_centroids, self._lut, self.splits))

    def segment(self, image: Any, mask: ArrayLike | None = None) -> "Segmentation":
        """Segment another image with the same centroids and numbering, even if a cluster is empty there.

        Parameters and errors as for `predict`.

        Returns
        -------
        segmentation : Segmentation
            Labels and counts of this image, centroids of the model.
        """
        return self.segment_pixels(self._pixels(image, mask))

    def segment_pixels(self, pixels: Pixels) -> "Segmentation":
        """Segment pixels whose axes are known."""
        from .segmentation import Segmentation

        parts = self._label(pixels)
        model = replace(self, hand_edited=False)
        return Segmentation.of(model, self.features(pixels).pixels, parts, 0, True, (1,) * len(pixels.shape))

    def cleaned(self, labels: MaybeLazy) -> MaybeLazy:
        """Return labels cleaned up as the settings say; the same array if they say nothing of it."""
        if not isinstance(labels, np.ndarray):
            self.settings.check_no_clean_up()
            return labels
        return cleaned(labels, self.settings.min_size, self.settings.majority)

    def save(self, path: str | Path) -> None:
        """Write the model to a JSON file that `load_model` reads."""
        Path(path).write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    def to_dict(self) -> dict[str, Any]:
        """Return the model as a dictionary of what JSON knows; floats keep all their digits."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "napari_kseg_version": version("napari-kseg"),
            "settings": self.settings.to_dict(),
            "rgb": self.rgb,
            "recipe": self.recipe.to_dict(),
            "feature_means": self.feature_means.tolist(),
            "feature_centroids": self.feature_centroids.tolist(),
            "splits": [split.to_dict() for split in self.splits],
            "groups": self.groups.tolist(),
            "centroids": self.centroids.tolist(),
            "names": list(self.names),
            "colors": list(self.colors),
            "hand_edited": self.hand_edited,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Model":
        """Make a model from a dictionary, such as `to_dict` returns."""
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise ValueError(f'this is not a {FORMAT}: the entry "format" must be "{FORMAT}"')
        number = values.get("format_version")
        if isinstance(number, int) and (isinstance(number, bool) or number < 1):
            raise ValueError(f"this is not a {FORMAT}: format_version is {number!r}, not a whole number of 1 or more")
        if not isinstance(number, int) or number > FORMAT_VERSION:
            raise ValueError(
                f"the model has format version {number!r}, but this napari-kseg reads versions up to {FORMAT_VERSION}; "
                "update napari-kseg"
            )
        try:
            centroids = np.array(values["centroids"], np.float64)
            none, colors = ("",) * len(centroids), tuple(map(str, values.get("colors", ())))
            model = cls(
                Settings.from_dict(dict(values["settings"])),
                np.array(values["feature_centroids"], np.float64),
                np.array(values["groups"], np.int64),
                centroids,
                _stored_bool(values, "rgb"),
                stored_recipe(values.get("recipe", {}), centroids.shape[-1]),
                np.array(values.get("feature_means", values["centroids"]), np.float64),
                tuple(map(str, values.get("names", none))),
                with_colors(colors, dict(enumerate(colors, 1))) or none,
                _stored_provenance(values),
                tuple(map(Split.from_dict, values.get("splits", ()))),
                bool(values.get("hand_edited", False)),
            )
        except KeyError as error:
            raise ValueError(f"this is not a {FORMAT}: it lacks the entry {error}") from None
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a {FORMAT}: {error}") from None
        model._check()
        return model

    def _repr_html_(self) -> str:
        from .notebook import html_of_model

        return html_of_model(self)

    def __dir__(self) -> list[str]:
        """List what is for users, and what Python itself wants."""
        return [name for name in super().__dir__() if name not in _INTERNAL]

    def _check(self) -> None:
        """Raise ValueError if the arrays do not fit each other."""
        features, groups, centroids = self.feature_centroids, self.groups, self.centroids
        fits = (
            features.ndim == 2
            and centroids.ndim == 2
            and fit_each_other(features, self.splits, groups)
            and self.feature_means.shape == (len(centroids), features.shape[1])
            and self._has_features(centroids.shape[1], features.shape[1])
            and len(self.names) == len(self.colors) == len(centroids)
            and np.array_equal(np.unique(groups[groups != 0]), np.arange(1, len(centroids) + 1))
            and bool(np.isfinite(features).all())
            and bool(np.isfinite(centroids).all())
        )
        if not fits:
            raise ValueError(
                f"this is not a {FORMAT}: feature_centroids {features.shape}, groups {groups.shape}, centroids "
                f"{centroids.shape} and {len(self.splits)} splits do not fit each other; save it again"
            )

    def _has_features(self, n_channels: int, n_centroid_features: int) -> bool:
        """Whether the recipe makes as many features as centroids have, of images with some number of axes."""
        recipe = self.recipe
        n_scaled = n_centroid_features - len(recipe.position)
        return len(recipe.offset) == len(recipe.scale) in (0, n_scaled) and any(
            n_features(recipe, n_channels, ndim) == n_centroid_features for ndim in range(1, MOST_AXES + 1)
        )

    def _pixels(self, image: Any, mask: ArrayLike | None) -> Pixels:
        image = as_image(image)
        shape = tuple(image.shape)
        if self.rgb:
            if len(shape) < 3 or shape[-1] not in (3, 4):
                raise ValueError(
                    f"the image of shape {shape} has no color in its last axis, but the model was found in a "
                    "color image; apply it to RGB or RGBA images"
                )
            return Pixels(image, channel_axis=-1, rgb=True, alpha=shape[-1] == 4, mask=mask)
        if isinstance(image, ChannelStack):
            pixels = Pixels(image, channel_axis=-1, mask=mask)
            self._check_channels(pixels)
            return pixels
        axis = self.settings.channel_axis
        if isinstance(axis, str) and looks_like_color(shape):
            raise ValueError(
                f"the image of shape {shape} has {shape[-1]} channels, but the model was found in an image with one; "
                "apply it to one channel, for example image[..., 0]"
            )
        pixels = Pixels(image, channel_axis=None if isinstance(axis, str) else axis, mask=mask)
        self._check_channels(pixels)
        return pixels

    def _check_channels(self, pixels: Pixels) -> None:
        wanted = self.centroids.shape[1]
        if pixels.n_channels != wanted:
            raise ValueError(
                f"the image has {counted(pixels.n_channels, 'channel')}, but the model was found in "
                f"an image with {wanted}; apply it to images with {counted(wanted, 'channel')}"
            )

    @property
    def _lut(self) -> Array:
        """Label of each centroid, as labels are kept."""
        return self.groups.astype(label_dtype(self.n_clusters))

    def _check_axes(self, pixels: Pixels) -> None:
        recipe, ndim = self.recipe, len(pixels.shape)
        lengths = (len(recipe.position), len(recipe.sigma) if len(recipe.sigma) > 1 else 0)
        wanted = self.feature_centroids.shape[1]
        if set(lengths) - {0, ndim} or n_features(recipe, pixels.n_channels, ndim) != wanted:
            raise ValueError(
                f"the image has {ndim} spatial axes, shape {pixels.shape}, but the model compares what is around a "
                "pixel in an image with another number; apply it to images with as many axes, for example slice by "
                "slice"
            )
        check_texture(recipe, pixels)

    def _check_fits(self, pixels: Pixels) -> None:
        self._check_channels(pixels)
        self._check_axes(pixels)
        check_range(pixels, self.provenance.get("dtype"), self.centroids)
        if pixels.lazy is not None:
            self.settings.check_no_clean_up()

    def _label(self, pixels: Pixels) -> Parts:
        self._check_fits(pixels)
        labels, found = labels_by(self.features(pixels), self.feature_centroids, self.splits, self._lut)
        check_left(found.weights.sum())
        centers = all_centroids(self.feature_centroids, self.splits)
        return Parts(labels, self.groups, centers, found).without(0)


def _stored_bool(values: Mapping[str, Any], name: str) -> bool:
    value = values[name]
    if isinstance(value, bool):
        return value
    raise TypeError(f"{name} is {value!r}, not true or false")


def _stored_provenance(values: Mapping[str, Any]) -> dict[str, Any]:
    provenance = dict(values.get("provenance", {}))
    if "dtype" in provenance:
        np.dtype(provenance["dtype"])
    return provenance


def load_model(path: str | Path) -> Model:
    """Model read from a file that `Model.save` wrote.

    Parameters
    ----------
    path : str or Path
        JSON file.

    Raises
    ------
    ValueError
        If the file is not a model.
    FileNotFoundError
        If there is no such file.
    """
    if Path(path).is_dir():
        raise ValueError(f"{path} is a folder; give the JSON file of a model")
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a {FORMAT}: it is not JSON ({error})") from None
    return Model.from_dict(values)


def brightness_order(centroids: Floats) -> NDArray[np.intp]:
    """Rows from dark to bright, by the mean of the channels; ties by the channels in turn."""
    return np.lexsort((*centroids.T[::-1], centroids.mean(1)))


def label_dtype(n_clusters: int) -> np.dtype[Any]:
    """Return the smallest dtype for labels up to n_clusters."""
    return np.dtype(np.uint8 if n_clusters <= 255 else np.uint16)
