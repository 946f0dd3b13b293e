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


def channels() -> list[LayerData]:
    """Return cells in three fluorescence channels, a layer each, 512 x 512 of 16 bits."""
    looks = {"nuclei": "blue", "membranes": "green", "marker": "magenta"}
    keywords = {"rgb": False, "blending": "additive", "scale": (0.5, 0.5), "units": "um"}
    return [
        (image, {"name": name, "colormap": color, **keywords}, "image")
        for image, (name, color) in zip(stained_cells((512, 512)), looks.items(), strict=True)
    ]


def time_series() -> list[LayerData]:
    """Return a mixture of three phases that coarsens, 20 times 256 x 256 of 8 bits, a minute apart."""
    keywords = {"name": "coarsening", "rgb": False, "scale": (60.0, 1.0, 1.0), "axis_labels": ("t", "y", "x")}
    return [(coarsening((20, 256, 256)), {**keywords, "units": ("s", "um", "um")}, "image")]


def stained_cells(shape: tuple[int, int]) -> NDArray[np.uint16]:
    """Return nuclei, cells around them, and a marker that every third cell has, (3, M, N), with noise of photons."""
    from scipy.spatial import KDTree
    from skimage.filters import gaussian

    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*(np.arange(15, side, 40) for side in shape), indexing="ij"), -1).reshape(-1, 2)
    centers = grid + random.uniform(-9, 9, grid.shape)
    bend = [gaussian(random.standard_normal(shape), 9) for _ in shape]  # so that no outline is a circle
    places = np.stack([axis + 3 * field / field.std() for axis, field in zip(np.indices(shape), bend, strict=True)], -1)
    (distance, next_distance), (cell, _) = (part.transpose(2, 0, 1) for part in KDTree(centers).query(places, k=2))
    inside = distance < 21
    edge = inside & ((distance > 18) | (next_distance - distance < 4))
    marked = inside & (random.permutation(len(centers)) % 3 == 0)[cell] & (distance > 10)
    clean = np.stack([900 * (distance < 9), 150 * inside + 600 * edge, 700 * marked])
    photons = random.poisson([gaussian(channel, 1.2) + 40 for channel in clean.astype(np.float64)])
    image: NDArray[np.uint16] = (photons * 20).astype(np.uint16)
    return image


def coarsening(shape: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return a material whose grains grow from frame to frame: 25 % at 60, 45 % at 120, 30 % at 200."""
    from skimage.filters import gaussian

    random = np.random.default_rng(0)
    seeds = random.standard_normal(shape[1:])
    frames = []
    for time in range(shape[0]):
        smooth = gaussian(seeds, sigma=2 + 0.3 * time, mode="wrap")
        clean = np.array([60, 120, 200])[np.digitize(smooth, np.quantile(smooth, [0.25, 0.7]))]
        frames.append(clean + random.normal(scale=8, size=smooth.shape))
    image: NDArray[np.uint8] = np.clip(np.stack(frames), 0, 255).astype(np.uint8)
    return image


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
