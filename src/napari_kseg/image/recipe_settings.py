"""The settings of a recipe: each alone is checked here, and against an image when the recipe is drafted for it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from napari_kseg.kmeans import checked_integer, checked_number

from .color_space import COLOR_SPACES, OWN, checked_color_space
from .pixels import Pixels
from .recipe import Recipe
from .wording import counted, there_are

NORMALIZATIONS = ("zscore", "percentile", "minmax")

TEXTURE_SCALES = (0.5, 16.0)
"""Smallest and largest scale in pixels if none are given; those of scikit-image."""

LONG = 100
"""Pixels that a Gaussian may always be wide, however small the image is."""


def drafted(settings: Any, pixels: Pixels) -> Recipe:
    """Return the recipe that settings mean for an image, without what has to be learned from it."""
    ndim = len(pixels.shape)
    if settings.color_space != OWN and pixels.n_channels != 3:
        raise ValueError(
            f'color_space="{settings.color_space}" needs red, green and blue, but the image has '
            f'{counted(pixels.n_channels, "channel")}; use color_space="{OWN}", the values as they are'
        )
    there = pixels.n_channels if settings.color_space == OWN else len(COLOR_SPACES[settings.color_space].names)
    channels = settings.channels
    if channels is not None and max(channels) >= there:
        raise ValueError(f"channels={list(channels)}, but {there_are(there, 'channel')}, 0 to {there - 1}")
    if channels == tuple(range(there)):
        channels = None
    used = there if channels is None else len(channels)
    weights = settings.channel_weights
    if weights is not None and len(weights) != used:
        raise ValueError(
            f"channel_weights={list(weights)} has {counted(len(weights), 'weight')}, but {counted(used, 'channel')} "
            f"{'is' if used == 1 else 'are'} used"
        )
    sigma = settings.sigma if isinstance(settings.sigma, tuple) else (settings.sigma,)
    if len(sigma) not in (1, ndim):
        raise ValueError(
            f"sigma={settings.sigma} has {counted(len(sigma), 'number')}, but the image has "
            f"{counted(ndim, 'spatial axis')}, shape {pixels.shape}; give one for each, or one for all"
        )
    recipe = Recipe(
        sigma=sigma if any(sigma) else (),
        color_space=settings.color_space,
        channels=channels,
        texture=settings.texture or (),
    )
    _check_reach(recipe, pixels)
    check_texture(recipe, pixels)
    return recipe


def _check_reach(recipe: Recipe, pixels: Pixels) -> None:
    """Raise ValueError if a Gaussian is longer than the image: it would take forever, and was meant in another unit."""
    longest, ndim = max(LONG, *pixels.shape), len(pixels.shape)
    sigma = recipe.sigma * ndim if len(recipe.sigma) == 1 else recipe.sigma
    widest = max((one / size for one, size in zip(sigma, pixels.spacing, strict=False)), default=0.0)
    if widest > longest:
        raise ValueError(
            f"sigma={_said(recipe.sigma)} is {counted(widest, 'pixel')}, as spacing={_said(pixels.spacing)}, but the "
            f"image has the shape {pixels.shape}; give {counted(longest, 'pixel')} or less, in the unit of spacing"
        )
    if recipe.texture and recipe.texture[1] > longest:
        raise ValueError(
            f"texture={recipe.texture} goes up to {recipe.texture[1]:g} pixels, but the image has the shape "
            f"{pixels.shape}; give {counted(longest, 'pixel')} or less"
        )


def _said(lengths: tuple[float, ...]) -> str:
    return f"{lengths[0]:g}" if len(set(lengths)) == 1 else f"({', '.join(f'{one:g}' for one in lengths)})"


def check_texture(recipe: Recipe, pixels: Pixels) -> None:
    """Raise ValueError if an image has no texture, as it is too thin."""
    if recipe.texture and (len(pixels.shape) < 2 or min(pixels.shape) < 2):
        raise ValueError(
            "texture needs two axes or more, and 2 pixels or more along each of them, but the image has the shape "
            f"{pixels.shape}"
        )


def slic_position(settings: Any, pixels: Pixels) -> tuple[float, ...]:
    """Return what a unit of length counts for among the features along each axis; nothing if the place does not count.

    As the compactness m of SLIC: clusters of a regular grid would be S apart, and a way of S counts as a difference of
    m between features.
    """
    if not settings.position_weight:
        return ()
    ndim = len(pixels.shape)
    apart = (pixels.size * math.prod(pixels.spacing) / settings.n_clusters) ** (1 / ndim)
    return (settings.position_weight / apart,) * ndim


def recipe_of_seeds(settings: Any, pixels: Pixels) -> Recipe:
    """Return the recipe whose features seeds are given in: image values, unless texture or place count.

    Then they are features before they are normalized and weighted, and coordinates in the unit of `spacing`.
    """
    if not (settings.texture or settings.position_weight):
        return Recipe()
    return drafted(settings, pixels).with_position((1.0,) * len(pixels.shape) if settings.position_weight else ())


def stored_recipe(values: Mapping[str, Any], n_channels: int) -> Recipe:
    """Return the recipe in a model file of an image with so many channels, checked."""
    recipe = Recipe.from_dict(values)
    checked_color_space(recipe.color_space)
    chosen = checked_channels(recipe.channels)
    there = n_channels if recipe.color_space == OWN else len(COLOR_SPACES[recipe.color_space].names)
    if chosen is not None and max(chosen) >= there:
        raise ValueError(f"channels={list(chosen)}, but {there_are(there, 'channel')}")
    if recipe.sigma:
        checked_lengths("sigma", recipe.sigma, zero=True)
    if recipe.texture:
        checked_texture(recipe.texture)
    for name in ("offset", "scale", "position"):
        if not all(math.isfinite(checked_number(name, one)) for one in getattr(recipe, name)):
            raise ValueError(f"{name}={getattr(recipe, name)} must be finite")
    return recipe


def recipe_key(settings: Any) -> tuple[Any, ...]:
    """Return all that a recipe depends on, besides the image."""
    of_recipe = (
        settings.color_space, settings.channels, settings.channel_weights, settings.normalize, settings.sigma,
        settings.texture, settings.position_weight,
    )  # fmt: skip
    return (*of_recipe, settings.n_clusters if settings.position_weight else None)


def checked_channels(channels: Any) -> tuple[int, ...] | None:
    """Numbers of channels, or None for all."""
    if channels is None:
        return None
    if not isinstance(channels, (tuple, list, range, np.ndarray)):
        channels = (channels,)
    chosen = tuple(checked_integer("channels", channel, low=0) for channel in channels)
    if not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"channels={list(chosen)} must be one or more different channels, such as [0, 2]")
    return chosen


def checked_weights(weights: Any) -> tuple[float, ...] | None:
    """Factors of channels, or None for 1."""
    if weights is None:
        return None
    if not isinstance(weights, (tuple, list, np.ndarray)):
        raise TypeError(f"channel_weights={weights!r} must be a sequence of numbers, one for each channel that is used")
    factors = tuple(_plain(checked_number("channel_weights", weight)) for weight in weights)
    if not all(math.isfinite(weight) and weight >= 0 for weight in factors) or not any(factors):
        raise ValueError(f"channel_weights={list(factors)} must be 0 or more, and one of them more than 0")
    return factors


def checked_normalize(kind: Any) -> str | None:
    """How channels are normalized, or None for not at all."""
    allowed = "None, " + ", ".join(f'"{name}"' for name in NORMALIZATIONS)
    if kind is not None and not isinstance(kind, str):
        raise TypeError(f"normalize={kind!r} must be one of {allowed}")
    if kind is not None and kind not in NORMALIZATIONS:
        raise ValueError(f"normalize={kind!r} is not known; use one of {allowed}")
    return kind


def checked_lengths(name: str, lengths: Any, *, zero: bool = False, none: bool = False) -> Any:
    """Check a length, or one for each spatial axis; 0 only where `zero` is allowed, None where `none` is."""
    if none and lengths is None:
        return None
    given = lengths if isinstance(lengths, (tuple, list, np.ndarray)) else (lengths,)
    numbers = tuple(_plain(checked_number(name, length)) for length in given)
    if not numbers or not all(math.isfinite(one) and (one > 0 or (zero and one == 0)) for one in numbers):
        raise ValueError(f"{name}={lengths!r} must be {'0 or more' if zero else 'more than 0'}, for each spatial axis")
    return numbers if isinstance(lengths, (tuple, list, np.ndarray)) else numbers[0]


def checked_texture(texture: Any) -> Any:
    """False, or the smallest and the largest scale in pixels; True stands for those of scikit-image."""
    if isinstance(texture, (bool, np.bool_)):
        return TEXTURE_SCALES if texture else False
    wrong = f"texture={texture!r} must be True, False, or the smallest and largest scale in pixels, such as (1, 4)"
    if not isinstance(texture, (tuple, list, np.ndarray)) or len(texture) != 2:
        raise TypeError(wrong)
    low, high = (_plain(checked_number("texture", scale)) for scale in texture)
    if not (0 < low <= high and math.isfinite(high)):
        raise ValueError(wrong)
    return low, high


def checked_position_weight(weight: Any) -> float:
    """How much the place counts."""
    number = checked_number("position_weight", weight)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(f"position_weight={weight!r}, but it must be 0 or more; 0 means that the place does not count")
    return float(number)


def _plain(number: Any) -> Any:
    return int(number) if float(number).is_integer() else float(number)
