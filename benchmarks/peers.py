"""Other libraries at their best settings: each a small function from an image (M, N, C) to centroids (K, C).

The fit and the label of every pixel are part of each job; making the table of pixels that the library wants, too. All
of them use every core of the process by themselves where they can use more than one.

    python peers.py NAME        tries one of them on a small image
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from quality import samples_of


@dataclass(frozen=True)
class Peer:
    """A library with its settings, in words, and its job."""

    settings: str
    job: Callable


PEERS = {}


def peer(name, settings):
    """Register a function under the name that the tables print."""

    def register(job):
        PEERS[name] = Peer(settings, job)
        return job

    return register


def table(image):
    """Return the pixels as the libraries want them: (N, C) float32."""
    return image.reshape(-1, image.shape[-1]).astype(np.float32)


@peer("scikit-learn", "n_init=1, float32, all threads")
def scikit_learn(image, n_clusters):
    """Lloyd's algorithm from one k-means++ start."""
    from sklearn.cluster import KMeans

    return KMeans(n_clusters, n_init=1, random_state=0).fit(table(image)).cluster_centers_


@peer("scikit-learn ×10", "n_init=10, on the distinct colors with their counts: the same sum, less work")
def scikit_learn_10(image, n_clusters):
    """Lloyd's algorithm, the best of ten starts."""
    from sklearn.cluster import KMeans

    samples = samples_of(image, image.shape[-1])
    fit = KMeans(n_clusters, n_init=10, random_state=0)
    return fit.fit(samples.values.astype(np.float32), sample_weight=samples.counts).cluster_centers_


@peer("scikit-learn-intelex", "n_init=1, float32, all threads")
def scikit_learn_intelex(image, n_clusters):
    """The same in Intel's library."""
    from sklearnex.cluster import KMeans

    return KMeans(n_clusters, n_init=1, random_state=0).fit(table(image)).cluster_centers_


def _opencv(image, n_clusters, attempts):
    import cv2

    cv2.setRNGSeed(0)
    # (EPS + MAX_ITER, 100 is its maximum, centroids move by less than 0.1 gray levels): much like scikit-learn's tol.
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 0.1)
    return cv2.kmeans(table(image), n_clusters, None, criteria, attempts, cv2.KMEANS_PP_CENTERS)[2]


@peer("OpenCV", "attempts=1, k-means++, 100 iterations or 0.1 gray levels, all threads")
def opencv(image, n_clusters):
    """Lloyd's algorithm from one start."""
    return _opencv(image, n_clusters, 1)


@peer("OpenCV ×10", "attempts=10, k-means++, 100 iterations or 0.1 gray levels, all threads")
def opencv_10(image, n_clusters):
    """Lloyd's algorithm, the best of ten starts."""
    return _opencv(image, n_clusters, 10)


def _faiss(image, n_clusters, **settings):
    import faiss

    pixels = table(image)
    fit = faiss.Kmeans(pixels.shape[1], n_clusters, niter=25, seed=1, **settings)
    fit.train(pixels)
    fit.index.search(pixels, 1)  # the labels
    return fit.centroids


@peer("faiss", "niter=25, fit on its own draw of 256 pixels a cluster, all threads")
def faiss_drawn(image, n_clusters):
    """Lloyd's algorithm on a draw."""
    return _faiss(image, n_clusters, min_points_per_centroid=1)


@peer("faiss, all pixels", "niter=25, fit on every pixel, all threads")
def faiss_full(image, n_clusters):
    """Lloyd's algorithm on all pixels."""
    return _faiss(image, n_clusters, min_points_per_centroid=1, max_points_per_centroid=image.size)


@peer("breathing k-means", "bkmeans m=5, n_init=1, on every pixel")
def breathing(image, n_clusters):
    """Lloyd's algorithm, then centroids added and taken away again and again."""
    from bkmeans import BKMeans

    return BKMeans(n_clusters=n_clusters, random_state=0).fit(table(image)).cluster_centers_


@peer("imagequant", "no dithering, quality 100")
def imagequant(image, n_clusters):
    """The quantizer of pngquant; RGB, up to 256 colors."""
    import imagequant

    rgba = np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
    height, width = image.shape[:2]
    indices, palette = imagequant.quantize_raw_rgba_bytes(
        rgba.tobytes(), width, height, dithering_level=0.0, max_colors=n_clusters
    )
    return np.array(palette).reshape(-1, 4)[: max(indices) + 1, :3]


@peer("Pillow", "median cut, then kmeans=1")
def pillow(image, n_clusters):
    """The quantizer of Pillow; RGB, up to 256 colors."""
    from PIL import Image

    out = Image.fromarray(image).quantize(n_clusters, method=Image.Quantize.MEDIANCUT, kmeans=1)
    return np.array(out.getpalette()[: 3 * n_clusters]).reshape(-1, 3)


@peer("kmeans1d", "optimal, on every pixel, one thread")
def kmeans1d(image, n_clusters):
    """Dynamic programming for one channel."""
    from kmeans1d import cluster

    return np.array(cluster(image.ravel(), n_clusters).centroids)[:, np.newaxis]


@cache
def why_not(name):
    """Return why a peer cannot be used here, or "". It is tried in a process of its own, which it may crash."""
    command = [sys.executable, "-W", "ignore", __file__, name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except subprocess.TimeoutExpired:
        return "a small image took more than 3 minutes"
    if done.returncode == 0:
        return ""
    return (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]


if __name__ == "__main__":
    from skimage import data

    small = data.astronaut()[::8, ::8]
    name = sys.argv[1]
    PEERS[name].job(small[..., :1] if name == "kmeans1d" else small, 4)
