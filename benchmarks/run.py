"""Measure speed and quality beside other libraries, in one process and in turn: `make bench`.

Absolute times say more of the machine than of the code, so each is also given as a multiple of the time to copy the
image, and as a ratio to the peer. The whole job is fit, labels of every pixel, and the recolored image; peers do only
the fit and the labels. Inertia is computed anew, in float64, for all alike. Writes `benchmarks/results/latest.md`.
"""

import argparse
import platform
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from images import mosaic
from skimage import data, filters
from sklearn.cluster import KMeans

import napari_kseg as kseg

RESULTS = Path(__file__).parent / "results" / "latest.md"


def timed(job):
    """Return seconds and result of a call."""
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def medians(jobs, turns):
    """Median seconds and last result of each job; they take turns, so that a drift of the machine meets all."""
    times, results = {name: [] for name in jobs}, {}
    for turn in range(max(turns.values())):
        for name, job in jobs.items():
            if turn < turns[name]:
                seconds, results[name] = timed(job)
                times[name].append(seconds)
    return {name: float(np.median(seconds)) for name, seconds in times.items()}, results


def inertia(pixels, centroids):
    """Sum of squared distances to the nearest centroid, in float64."""
    total = 0.0
    for part in np.array_split(pixels, max(1, len(pixels) * len(centroids) // 20_000_000)):
        best = np.full(len(part), np.inf)
        for centroid in centroids:
            np.minimum(best, ((part - centroid) ** 2).sum(1), out=best)
        total += best.sum()
    return total


def whole_job(image, n_clusters):
    """Fit on every pixel, label and recolor."""
    seg = kseg.segment(image, n_clusters, downsample=1)
    seg.recolored()
    return seg


def color(megapixels, n_clusters, repeat):
    """Rows P1 to P3: an 8-bit color image against scikit-learn."""
    image = mosaic(megapixels)
    pixels = image.reshape(-1, 3)
    buffer = np.empty_like(image)
    whole_job(image, n_clusters)  # compiles
    times, found = medians(
        {
            "copy": lambda: np.copyto(buffer, image),
            "ours": lambda: whole_job(image, n_clusters),
            "scikit-learn": lambda: KMeans(n_clusters, n_init=1, random_state=0).fit(pixels.astype(np.float32)),
        },
        {"copy": repeat, "ours": repeat, "scikit-learn": 1},
    )
    ratio = inertia(pixels, found["ours"].centroids) / inertia(pixels, found["scikit-learn"].cluster_centers_)
    return (
        f"| {megapixels:g} MP RGB uint8, k={n_clusters} | {times['ours'] * 1e3:.0f} ms "
        f"| {times['ours'] / times['copy']:.0f} | scikit-learn, n_init=1 | {times['scikit-learn']:.1f} s "
        f"| {times['scikit-learn'] / times['ours']:.0f} | {ratio:.4f} |"
    )


def gray(repeat):
    """Row P5: one channel against multi-Otsu thresholds, which minimize the same sum."""
    image, classes = data.camera(), 4
    kseg.segment(image, classes)
    buffer = np.empty_like(image)
    times, found = medians(
        {
            "copy": lambda: np.copyto(buffer, image),
            "ours": lambda: kseg.segment(image, classes),
            "otsu": lambda: filters.threshold_multiotsu(image, classes),
        },
        {"copy": repeat, "ours": repeat, "otsu": 1},
    )
    same = (np.digitize(image, found["otsu"], right=True) + 1 == found["ours"].labels).all()
    return (
        f"| camera, uint8, k={classes} | {times['ours'] * 1e3:.1f} ms | {times['ours'] / times['copy']:.0f} "
        f"| threshold_multiotsu | {times['otsu']:.1f} s | {times['otsu'] / times['ours']:.0f} "
        f"| {'same labels' if same else 'other labels'} |"
    )


def tutorial(repeat):
    """Row P0: K-means as tutorials write it, row by row over a table of 20 % of the photo's width and height."""
    import pandas as pd
    from skimage import transform

    photo, n_clusters = data.coffee(), 5

    def loop():
        small = transform.resize(photo / 255, (photo.shape[0] // 5, photo.shape[1] // 5), anti_aliasing=True)
        table = pd.DataFrame(small.reshape(-1, 3), columns=list("RGB"))
        centroids = table.sample(n_clusters, random_state=0).to_numpy()
        for _ in range(20):
            labels = [int(((centroids - row.to_numpy()) ** 2).sum(1).argmin()) for _, row in table.iterrows()]
            moved = table.groupby(labels).mean().reindex(range(n_clusters)).to_numpy()
            done = np.abs(moved - centroids).max() < 1e-3
            centroids = moved
            if done:
                break
        return centroids

    kseg.segment(photo, n_clusters, downsample=5)
    times, _ = medians(
        {"ours": lambda: kseg.segment(photo, n_clusters, downsample=5), "loop": loop}, {"ours": repeat, "loop": 1}
    )
    return (
        f"| the tutorial: coffee at 20 %, k={n_clusters} | {times['ours'] * 1e3:.1f} ms | | pandas, row by row "
        f"| {times['loop']:.1f} s | {times['loop'] / times['ours']:.0f} | |"
    )


def main():
    """Print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("-k", type=int, nargs="+", default=[5, 64], help="numbers of clusters for the color image")
    parser.add_argument("--repeat", type=int, default=7, help="runs of ours; peers run once")
    args = parser.parse_args()
    names = ("napari-kseg", "numpy", "numba", "scikit-learn", "scikit-image")
    lines = [
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in names),
        "",
        "| job | ours | copies of the image | peer | its time | ratio | inertia ours / theirs |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for row in (
        lambda: tutorial(args.repeat),
        lambda: gray(args.repeat),
        *(lambda k=k: color(args.megapixels, k, args.repeat) for k in args.k),
    ):
        lines.append(row())
        print(lines[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
