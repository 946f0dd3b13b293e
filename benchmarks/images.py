"""Images that anyone can make: photos inside the scikit-image package (no download), tiled, smoothed, noisy."""

from functools import cache

import numpy as np
from skimage import data, filters, transform

PHOTOS = (
    "coffee", "astronaut", "chelsea", "rocket", "motorcycle", "immunohistochemistry", "hubble_deep_field", "retina",
)  # fmt: skip
TILES = ("coffee", "astronaut", "chelsea", "rocket", "hubble_deep_field", "immunohistochemistry", "retina")
TILE = 1000


@cache
def photo(name):
    """Return a photo of scikit-image at its own size, RGB uint8."""
    image = data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(data, name)()
    return np.ascontiguousarray(image[..., :3])


def resized(image, shape):
    """Return an RGB uint8 image of this shape."""
    return np.rint(transform.resize(image, shape, order=1) * 255).astype(np.uint8)


def mosaic(megapixels):
    """Return RGB uint8 tiles with noise of ±2, whole megapixels: more distinct colors, so harder, than a photo."""
    tiles = [resized(photo(name), (TILE, TILE)) for name in TILES]
    random = np.random.default_rng(0)
    columns = 4 if megapixels >= 4 else 1
    rows = max(1, round(megapixels / columns))
    image = np.empty((rows * TILE, columns * TILE, 3), np.uint8)
    for i in range(rows * columns):
        y, x = (TILE * j for j in divmod(i, columns))
        noise = random.integers(-2, 3, (TILE, TILE, 3))
        image[y : y + TILE, x : x + TILE] = np.clip(tiles[i % len(tiles)] + noise, 0, 255)
    return image


def photo_for_quantization():
    """Return a photo of 768 × 512: motorcycle, which is 741 × 500, enlarged by 3 %."""
    return resized(photo("motorcycle"), (512, 768))


def volume(depth, side=512, dtype=np.uint16):
    """Return slices of one channel: camera with noise, 4,096 gray values in 16 bits, each slice a bit further."""
    random = np.random.default_rng(0)
    steps = 16 if dtype == np.uint16 else 1
    camera = np.tile(data.camera(), (-(-side // 512), -(-side // 512)))[:side, :side]
    out = np.empty((depth, side, side), dtype)
    for z in range(depth):
        out[z] = np.roll(camera, 3 * z, axis=1)
        if steps > 1:
            out[z] *= steps
            out[z] += random.integers(0, steps, (side, side), dtype)
    return out


def many_channels(side=2048):
    """Return 8 channels of float32: astronaut tiles as they are, smoothed, and as edges, with noise."""
    photo_ = photo("astronaut").astype(np.float32)
    smooth = filters.gaussian(photo_, 3, channel_axis=-1)
    gray = photo_.mean(-1)
    channels = np.dstack([photo_, smooth, filters.gaussian(gray, 8), 4 * filters.sobel(gray)]).astype(np.float32)
    repeat = -(-side // 512)
    out = np.tile(channels, (repeat, repeat, 1))[:side, :side]
    out += np.random.default_rng(0).standard_normal(out.shape, np.float32) * 4
    return np.ascontiguousarray(out)
