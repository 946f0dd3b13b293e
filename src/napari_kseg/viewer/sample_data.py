"""Sample images, from what scikit-image brings along or generated: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LayerData = tuple[Any, dict[str, Any], str]


def photo() -> list[LayerData]:
    """Return a color photo of a cup of coffee, 600 x 400."""
    from skimage import data

    return [(data.coffee(), {"name": "coffee", "rgb": True}, "image")]


def stain() -> list[LayerData]:
    """Return stained colon tissue, 512 x 512: brown antibody, blue nuclei, pale background."""
    from skimage import data

    return [(data.immunohistochemistry(), {"name": "stain", "rgb": True}, "image")]


def gray() -> list[LayerData]:
    """Return a gray photo of a cameraman, 512 x 512."""
    from skimage import data

    return [(data.camera(), {"name": "camera", "rgb": False}, "image")]


def volume() -> list[LayerData]:
    """Return a noisy volume of pores, matrix and grains, 64 x 128 x 128 of 16 bits."""
    image = three_phases((64, 128, 128))
    keywords = {"name": "volume", "rgb": False, "scale": (2.0, 1.0, 1.0), "units": "um"}
    return [(image, keywords, "image")]


def three_phases(shape: tuple[int, int, int]) -> NDArray[np.uint16]:
    """Return a random material: a quarter pores at 6,000, matrix at 20,000, 15 % grains at 42,000."""
    from skimage.filters import gaussian

    random = np.random.default_rng(0)
    smooth = gaussian(random.standard_normal(shape), sigma=(3, 6, 6), mode="wrap")
    phase = np.digitize(smooth, np.quantile(smooth, [0.25, 0.85]))
    clean = np.array([6_000, 20_000, 42_000])[phase]
    noisy = clean + random.normal(scale=2_000, size=shape)
    image: NDArray[np.uint16] = np.clip(noisy, 0, 65_535).astype(np.uint16)
    return image
