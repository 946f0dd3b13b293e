"""P5: one channel, where K-means has an optimum that can be reached."""

import time

import numpy as np
from contest import milliseconds, timed
from images import volume
from peers import PEERS, why_not
from quality import samples_of
from report import report
from skimage import data, filters

import napari_kseg as kseg


def p5(options):
    """A volume against its own copy; images that the peers can take against them."""
    with report("P5", "one channel, optimal K-means") as out:
        volumes(out, options)
        against_kmeans1d(out, options)
        against_otsu(out, options)


def volumes(out, options):
    """Time of fit and labels over the time of `volume.copy()`."""
    depth = 32 if options.quick else 512
    out.columns("volume", "k", "fit and labels", "volume.copy()", "ratio")
    for dtype in (np.uint16, np.uint8):
        image = volume(depth, dtype=dtype)
        kseg.segment(image[:1], 4)
        for n_clusters in (4, 32):
            own, copies = [], []
            for _ in range(max(3, options.repeat - 2)):
                copies.append(seconds_of(image.copy))
                own.append(seconds_of(lambda image=image, k=n_clusters: kseg.segment(image, k)))
            ratio = np.median(own) / np.median(copies)
            out.row(name_of(image), n_clusters, *(milliseconds(np.median(t)) for t in (own, copies)), f"{ratio:.2f}")


def seconds_of(job):
    """Return the seconds of a job, and free its result after the clock has stopped."""
    return timed(job)[0]


def against_kmeans1d(out, options):
    """The same optimum as kmeans1d, which takes every pixel as a sample."""
    out.line()
    out.line(f"kmeans1d: {PEERS['kmeans1d'].settings}.")
    reason = why_not("kmeans1d")
    if reason:
        out.line(f"Left out: {reason}")
        return
    out.columns("image", "k", "ours", "kmeans1d", "ratio", "inertia ours / its")
    images = {"camera, 512² uint8": data.camera(), "one slice, 512² uint16": volume(1)[0]}
    for name, image in images.items():
        samples = samples_of(image, 1)
        for n_clusters in (2, 5, 16, 32):
            own, seg = median_of(lambda image=image, k=n_clusters: kseg.segment(image, k), options.repeat)
            seconds, centroids = timed(lambda image=image, k=n_clusters: PEERS["kmeans1d"].job(image, k))
            ratio = samples.inertia(seg.centroids) / samples.inertia(centroids)
            out.row(
                name, n_clusters, milliseconds(own), milliseconds(seconds), f"{seconds / own:,.0f}", f"{ratio:.12f}"
            )


def against_otsu(out, options):
    """The same partition as the thresholds of Otsu, found by trying every combination."""
    out.line()
    out.line(
        "threshold_multiotsu tries every combination of thresholds: 4 classes of 4,096 gray values take it about 1,000 "
        "times what 3 take, some minutes, and are left out where --patience is less than 300 s. It computes in float32 "
        "and may take a neighbor of the best threshold where there are many gray values; where the partition differs, "
        "the inertia says which one is better."
    )
    out.columns("image", "classes", "ours", "threshold_multiotsu", "ratio", "partition", "inertia ours / its")
    slices = volume(2 if options.quick else 64)
    cases = [(data.camera(), k) for k in ((2, 3, 4) if options.quick else (2, 3, 4, 5))]
    cases += [(slices, k) for k in ((2, 3, 4) if options.patience >= 300 else (2, 3))]
    for image, classes in cases:
        own, seg = median_of(lambda image=image, k=classes: kseg.segment(image, k), options.repeat)
        seconds, thresholds = timed(lambda image=image, k=classes: filters.threshold_multiotsu(image, k))
        partition = np.digitize(image, thresholds, right=True)
        other = np.mean(partition + 1 != seg.labels)
        samples = samples_of(image, 1)
        ratio = samples.inertia(seg.centroids) / inertia_of_partition(samples, thresholds)
        out.row(
            name_of(image),
            classes,
            milliseconds(own),
            milliseconds(seconds),
            f"{seconds / own:,.0f}",
            "same" if other == 0 else f"{other:.1e} of the pixels differ",
            f"{ratio:.9f}",
        )


def inertia_of_partition(samples, thresholds):
    """Return the sum of squared distances to the means of the classes between thresholds."""
    classes = np.digitize(samples.values[:, 0], thresholds, right=True)
    weights = np.bincount(classes, samples.counts)
    means = np.bincount(classes, samples.counts * samples.values[:, 0]) / weights
    return float(samples.counts @ (samples.values[:, 0] - means[classes]) ** 2)


def name_of(image):
    """Return shape and type in words."""
    return f"{' × '.join(str(n) for n in image.shape)} {image.dtype}"


def median_of(job, repeat):
    """Return the median seconds of a warm job and its result."""
    job()
    runs = []
    for _ in range(repeat):
        time.sleep(0.01)
        runs.append(timed(job))
    return float(np.median([seconds for seconds, _ in runs])), runs[-1][1]
