"""The figures of docs/how-it-is-fast.md, and the numbers behind them."""

import matplotlib as mpl
from color import whole_job
from contest import Options, contest, milliseconds
from images import mosaic, photo
from peers import why_not
from quality import samples_of
from report import Folders, report
from size import times

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the choice of what draws it

OURS, COPY = "#0072b2", "#777777"
COLORS = {
    "scikit-learn": "#d55e00", "scikit-learn ×10": "#b03a00", "scikit-learn-intelex": "#e69f00", "faiss": "#009e73",
    "faiss, all pixels": "#00664b", "OpenCV": "#cc79a7", "OpenCV ×10": "#8f4573", "breathing k-means": "#56b4e9",
    "imagequant": "#000000", "Pillow": "#8c6d31",
}  # fmt: skip


def size_figure(options):
    """Time against the size of the image."""
    sizes = (1, 2, 4) if options.quick else (1, 2, 4, 12, 24, 48, 100)
    series = {
        "napari-kseg, k = 64": [],
        "napari-kseg, k = 5": [],
        "scikit-learn, k = 5": [],
        "faiss, k = 5": [],
        "copy": [],
    }
    for megapixels in sizes:
        image = mosaic(megapixels)
        copy, few = times(image, 5, options.repeat)
        _, many = times(image, 64, options.repeat)
        series["copy"].append((megapixels, copy))
        series["napari-kseg, k = 5"].append((megapixels, few))
        series["napari-kseg, k = 64"].append((megapixels, many))
        for name, largest in (("scikit-learn", 4), ("faiss", 12)):
            if megapixels <= largest:
                series[f"{name}, k = 5"] += [(megapixels, t) for t in peer_seconds(name, image, 5, options)]
    write("size", "time against megapixels", "megapixels", series)
    fig, axes = plt.subplots(figsize=(7.5, 4), layout="constrained")
    lines(axes, series)
    axes.set(xlabel="megapixels, RGB uint8", title="Fit, labels, recolored image (the others: fit, labels)")
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.set_xticks([], minor=True)
    save(fig, "time-against-size.png")


def clusters_figure(options):
    """Time against the number of clusters."""
    clusters = (2, 8, 32) if options.quick else (2, 4, 8, 16, 32, 64, 128, 256)
    large, small = (2, 1) if options.quick else (12, 1)
    ours = f"napari-kseg, {large} MP", f"napari-kseg, {small} MP"
    copies = f"copy, {large} MP", f"copy, {small} MP"
    peers = {name: f"{name}, {small} MP" for name in ("scikit-learn", "faiss")}
    series = {name: [] for name in (*ours, *peers.values(), *copies)}
    for i, megapixels in enumerate((large, small)):
        image = mosaic(megapixels)
        for n_clusters in clusters:
            copy, seconds = times(image, n_clusters, options.repeat)
            series[ours[i]].append((n_clusters, seconds))
            series[copies[i]].append((n_clusters, copy))
            for name, label in peers.items() if megapixels == small else ():
                series[label] += [(n_clusters, t) for t in peer_seconds(name, image, n_clusters, options)]
    write("clusters", "time against the number of clusters", "k", series)
    fig, axes = plt.subplots(figsize=(7.5, 4), layout="constrained")
    lines(axes, series, dashed=f", {small} MP")
    axes.set(xlabel="clusters", title="Fit, labels, recolored image (the others: fit, labels)")
    axes.set_xticks(clusters, [str(n) for n in clusters])
    axes.set_xticks([], minor=True)
    save(fig, "time-against-clusters.png")


def search_figure(options):
    """Inertia against time, for several numbers of starts and for the peers."""
    image = photo("astronaut")
    samples = samples_of(image, 3)
    limits = Options(repeat=options.repeat, patience=min(options.patience, 120))
    peers = [name for name in COLORS if not (options.quick and "×10" in name)]
    starts = {f"n_init={n}": {"n_init": n} for n in (1, 2, 5, 10, 20)} | {"auto": {}}
    known = {}
    fig, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    with report("search", "inertia against time: astronaut, 512 × 512") as out:
        out.columns("k", "", "settings", "time", "MSE", "over the lowest")
        for axes, n_clusters in zip(panels, (16, 64) if options.quick else (16, 256), strict=True):
            jobs = {words: lambda k=n_clusters, s=s: whole_job(image, k, **s) for words, s in starts.items()}
            _, entries = contest(image, n_clusters, jobs, peers, limits)
            points = [(entry, samples.mse(entry.centroids)) for entry in entries if entry.seconds]
            lowest = min(mse for _, mse in points)
            for entry, mse in points:
                excess = 100 * (mse / lowest - 1)
                cells = (entry.settings, milliseconds(entry.median), f"{mse:.3f}", f"{excess:+.2f} %")
                out.row(n_clusters, entry.name, *cells)
            drawn = scatter(axes, points, lowest)
            known |= drawn
            axes.set_title(f"astronaut, 512 × 512, k = {n_clusters}")
    fig.legend(known.values(), known.keys(), loc="outside right center", fontsize=8, frameon=False)
    save(fig, "inertia-against-time.png")


def peer_seconds(name, image, n_clusters, options):
    """Return the seconds of one run in a list, which is empty if the peer is not there or would take too long."""
    if why_not(name):
        return []
    one = Options(repeat=1, patience=options.patience)
    _, entries = contest(image, n_clusters, {}, (name,), one)
    return [entry.median for entry in entries if entry.seconds]


def write(name, title, x_name, series):
    """Write the numbers of a figure as a table."""
    with report(name, title) as out:
        out.columns(x_name, *series)
        for x in sorted({x for points in series.values() for x, _ in points}):
            cells = [dict(points).get(x) for points in series.values()]
            out.row(x, *("" if seconds is None else milliseconds(seconds) for seconds in cells))


def color_of(label):
    """Return the color of a contestant."""
    if label.startswith("napari-kseg"):
        return OURS
    return COLORS.get(label.split(",")[0], COPY)


def lines(axes, series, dashed="k = 64"):
    """Draw series of (x, seconds), each with its name at its end."""
    for label, points in series.items():
        if points:
            xs, seconds = zip(*points, strict=True)
            style = "--" if label.endswith(dashed) else "-"
            axes.plot(xs, seconds, style, marker="o", markersize=3, color=color_of(label), label=label)
    axes.set(xscale="log", yscale="log", ylabel="seconds")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def scatter(axes, points, lowest):
    """Draw (entry, MSE), ours as a line through the numbers of starts, peers as points; return name → artist."""
    excess = {id(entry): 100 * (mse / lowest - 1) for entry, mse in points}
    ours = [entry for entry, _ in points if entry.name == "napari-kseg"]
    starts = [entry for entry in ours if entry.settings != "auto"]
    xs, ys = [entry.median for entry in starts], [excess[id(entry)] for entry in starts]
    known = {"napari-kseg, n_init=…": axes.plot(xs, ys, "-o", color=OURS, markersize=4)[0]}
    for entry in ours:
        x, y = entry.median, excess[id(entry)]
        if entry.settings == "auto":
            known["napari-kseg, auto"] = axes.plot(x, y, "*", color=OURS, markersize=13, alpha=0.7)[0]
        else:
            words = entry.settings.removeprefix("n_init=")
            axes.annotate(words, (x, y), (3, 5), textcoords="offset points", fontsize=7, color=OURS)
    for entry, _ in points:
        if entry.name in COLORS:
            (known[entry.name],) = axes.plot(
                entry.median, excess[id(entry)], "s", color=COLORS[entry.name], markersize=6
            )
    axes.set(xscale="log", xlabel="seconds", ylabel="inertia over the lowest found, %")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(-0.02, 2 * max(excess.values()))
    axes.grid(alpha=0.3)
    return known


def save(fig, name):
    """Save a figure for the docs."""
    fig.savefig(Folders.images / name, dpi=130, metadata={"Software": None})
    plt.close(fig)
