"""The recipe: how features are made of an image's values, with all that was learned from the image it was made for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .color_space import OWN, converted
from .pixels import Array

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """What is done with the values of a pixel, and of those around it, in this order.

    Parameters
    ----------
    sigma : tuple of float
        Standard deviations of the Gaussian that smooths the image, for each spatial axis in the unit of `spacing`; one
        for all axes; or none.
    color_space : str
        Into which color space values are converted.
    channels : tuple of int or None
        Which channels of the color space are used; None for all.
    texture : tuple of float
        Smallest and largest scale in pixels of the texture features that replace each channel; or none.
    offset, scale : tuple of float
        Learned: (feature - offset) * scale is compared, not the feature; empty for the feature itself.
    position : tuple of float
        Learned: features that a unit of length counts for, along each spatial axis; none if the place does not count.
    """

    sigma: tuple[float, ...] = ()
    color_space: str = OWN
    channels: tuple[int, ...] | None = None
    texture: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    position: tuple[float, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether features are the image's own values."""
        return self == Recipe()

    @property
    def looks_around(self) -> bool:
        """Whether features depend on more than the values of the pixel itself."""
        return bool(self.sigma or self.texture or self.position)

    def of_values(self, values: Array, dtype: np.dtype[Any]) -> Array:
        """Features (…, F) of values (…, C) in the units of an image of some dtype, as far as they need no neighbors."""
        if self.color_space != OWN:
            values = converted(self.color_space, values, dtype)
        if self.channels is not None:
            values = values[..., list(self.channels)]
        return values

    def scaled(self, features: Array) -> Array:
        """Return features (…, F) as they are compared."""
        if not self.scale:
            return features
        return np.asarray((features - np.array(self.offset)) * np.array(self.scale))

    def with_scale(self, offset: Floats, scale: Floats) -> "Recipe":
        """Return the recipe with what was learned of each feature."""
        return replace(self, offset=tuple(offset.tolist()), scale=tuple(scale.tolist()))

    def with_position(self, position: tuple[float, ...]) -> "Recipe":
        """Return the recipe with what a unit of length counts for along each spatial axis."""
        return replace(self, position=position)

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as a dictionary of what JSON knows."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Recipe":
        """Make a recipe from a dictionary, such as `to_dict` returns."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**plain)
