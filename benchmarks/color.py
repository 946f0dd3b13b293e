"""P0 to P4: color images of 8 bits."""

import numpy as np
from contest import COLUMNS, contest, rows, timed
from images import mosaic, photo, photo_for_quantization
from quality import samples_of
from report import report
from skimage import transform

import napari_kseg as kseg

FIT_AND_LABELS = ("scikit-learn", "scikit-learn ×10", "scikit-learn-intelex", "OpenCV", "faiss", "faiss, all pixels")


def whole_job(image, n_clusters, **settings):
    """Fit on every pixel, label every pixel, recolor every pixel."""
    seg = kseg.segment(image, n_clusters, downsample=1, **settings)
    seg.recolored()
    return seg


def mosaic_table(name, n_clusters, peers, options):
    """P1, P2, P3: the mosaic."""
    image = mosaic(options.megapixels)
    title = f"mosaic of {image.shape[0] * image.shape[1] / 1e6:.0f} megapixels, RGB uint8, k = {n_clusters}"
    with report(name, title) as out:
        samples = samples_of(image, 3)
        out.line()
        out.line(f"{len(samples.values):,} distinct colors. Ours: fit, labels, recolored; the others: fit, labels.")
        ours = {"default, downsample=1": lambda: whole_job(image, n_clusters)}
        out.columns(*COLUMNS)
        for row in rows(*contest(image, n_clusters, ours, peers, options), samples):
            out.row(*row)


def p1(options):
    """Few clusters."""
    mosaic_table("P1", 5, FIT_AND_LABELS, options)


def p2(options):
    """More clusters."""
    mosaic_table("P2", 64, FIT_AND_LABELS, options)


def p3(options):
    """Many clusters; ten starts of scikit-learn would take an hour."""
    mosaic_table("P3", 250, [peer for peer in FIT_AND_LABELS if "×10" not in peer], options)


def p4(options):
    """Color quantization: a photo, 256 colors, beside the quantizers."""
    image = photo_for_quantization()
    with report("P4", "color quantization: motorcycle, 768 × 512, RGB uint8, k = 256") as out:
        samples = samples_of(image, 3)
        out.line()
        out.line(
            f"{len(samples.values):,} distinct colors. MSE: mean squared RGB distance to the palette's nearest color."
        )
        ours = {
            "default": lambda: whole_job(image, 256),
            "n_init=1": lambda: whole_job(image, 256, n_init=1),
            "n_init=1, max_iter=10": lambda: quietly(lambda: whole_job(image, 256, n_init=1, max_iter=10)),
        }
        names = ("imagequant", "Pillow", *FIT_AND_LABELS)
        copy_seconds, entries = contest(image, 256, ours, names, options)
        out.columns(*COLUMNS, "MSE")
        for row, entry in zip(rows(copy_seconds, entries, samples), [None, *entries], strict=True):
            found = entry is not None and entry.centroids is not None
            out.row(*row, f"{samples.mse(entry.centroids):.2f}" if found else "")


def quietly(job):
    """Run without the warning that max_iter ended it, which is the point there."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kseg.ConvergenceWarning)
        return job()


def p0(options):
    """K-means as tutorials write it, row by row over a table of 20 % of the photo's width and height."""
    image, n_clusters = photo("coffee"), 5
    with report("P0", "the tutorial's loop: coffee, 600 × 400, fit at 20 %, k = 5") as out:

        def ours():
            return kseg.segment(image, n_clusters, downsample=5)

        ours()
        own = [timed(ours) for _ in range(options.repeat)]
        buffer = np.empty_like(image)
        copy_seconds = np.median([timed(lambda: np.copyto(buffer, image))[0] for _ in range(options.repeat)])
        loop_seconds, centroids = timed(lambda: tutorial(image, n_clusters))
        own_seconds = np.median([seconds for seconds, _ in own])
        samples = samples_of(image, 3)
        ratio = samples.inertia(own[-1][1].centroids) / samples.inertia(centroids)
        out.columns("", "time", "copies of the image", "time / ours", "inertia ours / its")
        out.row(
            "napari-kseg, labels of the whole photo",
            f"{own_seconds * 1e3:.1f} ms",
            f"{own_seconds / copy_seconds:.0f}",
            1,
            "",
        )
        out.row(
            "pandas, iterrows, labels at 20 %",
            f"{loop_seconds:.1f} s",
            f"{loop_seconds / copy_seconds:,.0f}",
            f"{loop_seconds / own_seconds:,.0f}",
            f"{ratio:.4f}",
        )


def tutorial(image, n_clusters):
    """Return centroids, found by a loop over the rows of a table, until they move by less than a quarter gray level."""
    import pandas as pd

    small = transform.resize(image / 255, (image.shape[0] // 5, image.shape[1] // 5), anti_aliasing=True)
    table = pd.DataFrame(small.reshape(-1, 3), columns=list("RGB"))
    centroids = table.sample(n_clusters, random_state=0).to_numpy()
    for _ in range(20):
        labels = [int(((centroids - row.to_numpy()) ** 2).sum(1).argmin()) for _, row in table.iterrows()]
        moved = table.groupby(labels).mean().reindex(range(n_clusters)).to_numpy()
        done = np.abs(moved - centroids).max() < 1e-3
        centroids = moved
        if done:
            break
    return centroids * 255
