"""Images that anyone can make: mosaics of the photos that come with scikit-image."""

import numpy as np
from skimage import data, transform

PHOTOS = ("coffee", "astronaut", "chelsea", "rocket", "immunohistochemistry")


def mosaic(megapixels):
    """Return an RGB uint8 image of 1000 by 1000 tiles with a little noise, so that it has more colors than a photo."""
    tiles = [
        np.rint(transform.resize(getattr(data, name)()[..., :3], (1000, 1000), order=1) * 255).astype(np.uint8)
        for name in PHOTOS
    ]
    random = np.random.default_rng(0)
    columns = 4 if megapixels >= 4 else 1
    rows = max(1, round(megapixels / columns))
    image = np.empty((rows * 1000, columns * 1000, 3), np.uint8)
    for i in range(rows * columns):
        y, x = divmod(i, columns)
        noise = random.integers(-2, 3, (1000, 1000, 3))
        image[y * 1000 : (y + 1) * 1000, x * 1000 : (x + 1) * 1000] = np.clip(
            tiles[i % len(tiles)].astype(int) + noise, 0, 255
        )
    return image
