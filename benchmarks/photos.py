"""Q1: how low the inertia gets on photos, beside the best that other libraries find."""

from color import whole_job
from contest import Options, contest, milliseconds
from images import PHOTOS, photo
from quality import samples_of
from report import report

PEERS = ("scikit-learn ×10", "OpenCV ×10", "breathing k-means")


def q1(options):
    """All photos, k from 4 to 256."""
    names = PHOTOS[:2] if options.quick else PHOTOS
    clusters = (4, 16) if options.quick else (4, 16, 64, 256)
    limits = Options(repeat=3, patience=min(options.patience, 60))
    verdicts = {"best of scikit-learn ×10 and OpenCV ×10, +0.1 %": [], "breathing k-means": []}
    with report("Q1", "inertia on the photos of scikit-image at their own size") as out:
        out.line()
        out.line(f"Ratio: inertia ours / theirs. –: one run would take more than {limits.patience:.0f} s.")
        out.columns("photo", "k", "ours", "MSE", *(f"{name}: ratio, time" for name in PEERS))
        for name in names:
            for n_clusters in clusters:
                cells, ratios = compared(photo(name), n_clusters, limits)
                out.row(name, n_clusters, *cells)
                both = [ratios[peer] for peer in PEERS[:2] if peer in ratios]
                if both:
                    verdicts["best of scikit-learn ×10 and OpenCV ×10, +0.1 %"].append(max(both) <= 1.001)
                if PEERS[2] in ratios:
                    verdicts["breathing k-means"].append(ratios[PEERS[2]] <= 1)
        out.columns("ours is at most", "of the pairs (photo, k)", "of")
        for verdict, passed in verdicts.items():
            out.row(verdict, f"{100 * sum(passed) / max(1, len(passed)):.0f} %", len(passed))


def compared(image, n_clusters, options):
    """Return the cells of a row, and ours / theirs for each peer that ran."""
    samples = samples_of(image, 3)
    _, (own, *others) = contest(image, n_clusters, {"": lambda: whole_job(image, n_clusters)}, PEERS, options)
    inertia = samples.inertia(own.centroids)
    cells, ratios = [milliseconds(own.median), f"{inertia / samples.n_pixels:.3f}"], {}
    for entry in others:
        if entry.seconds:
            ratios[entry.name] = inertia / samples.inertia(entry.centroids)
            cells.append(f"{ratios[entry.name]:.5f}, {milliseconds(entry.median)}")
        else:
            cells.append("–")
    return cells, ratios
