"""A figure of a segmentation: the image, the clusters, and where the centroids ended.

K clusters, C channels; a picture is (M, N, 3) float, 0 to 1.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .marks import with_given
from .pixels import Array
from .recolor import distinct_hues, white

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .clusters import Clusters
    from .routes import Floats
    from .segmentation import Segmentation

HOW_TO_INSTALL = 'plots need matplotlib; install it with pip install "napari-kseg[plot]"'
MAX_SIDE = 1000
"""Pixels of a picture's longer side: more cannot be seen in the figure."""
N_SEEN = 1 << 16
"""Pixels whose different colors are drawn as points."""
N_POINTS = 4000
"""Colors drawn as points: enough to show the clouds, few enough to see the centroids."""
N_LINES = 300
"""Pixels drawn as lines, likewise."""
MAX_NUMBERED = 40
"""Centroids with a number; more would hide one another."""


def plot(segmentation: "Segmentation") -> "Figure":
    """Figure of the image, the clusters and the final centroids; of a volume, its middle plane.

    Parameters
    ----------
    segmentation : Segmentation
        What to show.

    Returns
    -------
    figure : matplotlib.figure.Figure
        1200 × 800 points. `figure.savefig("centroids.png")` writes it.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    values, labels = middle_plane(segmentation)
    figure = new_figure(8)
    rows: Any = figure.subfigures(3, 1, height_ratios=(11, 10, 3))
    pictures, centroids, shares = rows
    _draw_pictures(pictures.subplots(1, 3), segmentation, values, labels)
    if segmentation.is_color:
        _draw_colors(centroids.subplots(1, 3), segmentation, values, labels)
    elif len(segmentation.channel_names) == 1:
        _draw_histogram(centroids.subplots(), segmentation, values, labels)
    else:
        _draw_profiles(centroids.subplots(), segmentation, values, labels)
    _draw_shares(shares.subplots(), segmentation)
    return figure


def new_figure(height: float) -> "Figure":
    """Return an empty figure, 1200 points wide and `height` hundred high."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(HOW_TO_INSTALL) from error
    return Figure(figsize=(12, height), dpi=100, layout="constrained")


def middle_plane(seg: "Clusters", max_side: int = MAX_SIDE) -> tuple[Array, Array]:
    """Values (M, N, C) and labels (M, N) of the middle plane, with steps that keep it small."""
    pixels = seg.pixels
    step = -(-max(pixels.shape[-2:]) // max_side)
    index = (*(slice(n // 2, n // 2 + 1) for n in pixels.shape[:-2]), *(slice(None, None, step),) * 2)
    index = index[-len(pixels.shape) :]  # an image of one axis is one row
    labels = np.asarray(seg.labels[index])
    shape = (1, *labels.shape)[-2:]
    values = pixels.raw_part(index)[..., : pixels.n_channels]
    return values.reshape(*shape, -1), labels.reshape(shape)


def _draw_pictures(axes: Any, seg: "Segmentation", values: Array, labels: Array) -> None:
    """Image, recolored image, and labels in colors that tell them apart, with their numbers below."""
    plane = ", middle plane" if seg.labels.ndim > 2 else ""
    image, result = pictures(seg, values, labels).items()
    hues = with_given(distinct_hues(seg.n_clusters), seg.model.colors)
    numbered = np.vstack([np.ones(3), hues[:, :3]])[labels]  # white where a pixel was left out
    shown = dict([image, ("recolored", _mean_recolored(seg, values, labels) if result[0] == "labels" else result[1])])
    for ax, (title, picture) in zip(axes, {**shown, "labels": numbered}.items(), strict=True):
        show_picture(ax, picture, title + plane)
    if seg.n_clusters <= MAX_NUMBERED:
        for label, hue in enumerate(hues, 1):
            x = (label - 0.5) / seg.n_clusters
            style: Any = {"ha": "center", "va": "top", "weight": "bold", "transform": axes[-1].transAxes}
            axes[-1].text(x, -0.02, str(label), fontsize=8, color=hue, **style)


def _mean_recolored(seg: "Segmentation", values: Array, labels: Array) -> Array:
    """Return the recolored image as gray, each channel at its contrast, as the image itself is shown."""
    low, high = _contrast(values.astype(np.float64), seg)
    recolored = np.where(labels[..., None] > 0, seg.centroids[labels.astype(np.intp) - 1], values)
    gray = ((recolored - low) / (high - low)).mean(-1, keepdims=True)
    return np.repeat(np.clip(np.nan_to_num(gray, posinf=1, neginf=0), 0, 1), 3, axis=-1)


def show_picture(ax: "Axes", shown: Array, title: str) -> None:
    """Draw a picture with a title and nothing else."""
    ax.imshow(shown, interpolation="nearest")
    ax.set_title(title)
    ax.set_axis_off()


def pictures(seg: "Clusters", values: Array, labels: Array) -> dict[str, Array]:
    """Return the image and the clusters as pictures (M, N, 3), by their titles."""
    image, colors = values.astype(np.float64), seg.colors()[:, :3]
    name, result = "image", "recolored"
    if seg.is_color:
        picture = image / white(seg.pixels.dtype, seg.centroids)
    else:
        low, high = _contrast(image, seg)
        picture = np.repeat(((image - low) / (high - low)).mean(-1, keepdims=True), 3, axis=-1)
        if seg.centroids.shape[1] == 1:
            colors = np.repeat((seg.centroids - low) / (high - low), 3, axis=1)
        else:
            name, result = f"image (mean of {image.shape[-1]} channels)", "labels"
    picture = np.clip(np.nan_to_num(picture, posinf=1, neginf=0), 0, 1)
    recolored = np.where(labels[..., None] > 0, np.clip(colors, 0, 1)[labels.astype(np.intp) - 1], picture)
    return {name: picture, result: recolored}


def _contrast(image: "Floats", seg: "Clusters") -> tuple["Floats", "Floats"]:
    """Black and white of each channel: the range in which almost all values and all centroids lie."""
    finite = np.where(np.isfinite(image), image, np.nan).reshape(-1, image.shape[-1])
    shown = np.vstack([finite, seg.centroids])
    low = np.minimum(np.nanpercentile(shown, 0.5, axis=0, method="lower"), seg.centroids.min(0))
    high = np.maximum(np.nanpercentile(shown, 99.5, axis=0, method="higher"), seg.centroids.max(0))
    return low, np.where(high > low, high, low + 1)


def _draw_colors(axes: Any, seg: "Segmentation", values: Array, labels: Array) -> None:
    """Different colors of the image and the centroids among them, seen along each of the three channels."""
    full = white(seg.pixels.dtype, seg.centroids)
    points = np.unique(_sample(values, labels, N_SEEN)[0], axis=0)
    points = np.random.default_rng(0).permutation(points)[:N_POINTS]
    colors = np.clip(points / full, 0, 1)
    for ax, (x, y) in zip(axes, ((0, 1), (0, 2), (1, 2)), strict=True):
        ax.scatter(points[:, x], points[:, y], s=5, c=colors, linewidths=0)
        _mark(ax, seg, seg.centroids[:, x], seg.centroids[:, y])
        ax.set(xlabel=seg.channel_names[x], ylabel=seg.channel_names[y], facecolor="0.9")
        ax.margins(0.06)
    axes[1].set_title("final centroids among the colors of the image")


def _draw_histogram(ax: "Axes", seg: "Segmentation", values: Array, labels: Array) -> None:
    """Pixels by their value, each bar in the color of its cluster; the centroids as lines."""
    kept = values[labels > 0, 0].astype(np.float64)
    low, high = (float(limit[0]) for limit in _contrast(kept[:, None], seg))
    whole = seg.pixels.dtype.kind in "bui" and high - low < 256  # a bar for each value
    edges = np.arange(np.floor(low), np.ceil(high) + 2) - 0.5 if whole else np.linspace(low, high, 257)
    shares = np.histogram(kept, edges)[0] / max(1, len(kept))
    top = shares.max() or 1.0
    middles = (edges[1:] + edges[:-1]) / 2
    centroids = seg.centroids[:, 0]
    nearest = np.abs(middles[:, None] - centroids).argmin(1)
    ax.bar(middles, shares, np.diff(edges), color=seg.colors()[nearest])
    ax.vlines(centroids, 0, 1.1 * top, color="tab:red", linewidth=1.2)
    _mark(ax, seg, centroids, np.full(len(centroids), 1.1 * top))
    ax.set(xlabel=seg.channel_names[0], ylabel="share of the pixels", facecolor="0.9", ylim=(0, 1.2 * top))
    ax.set_title("final centroids among the values of the image")


def _draw_profiles(ax: "Axes", seg: "Segmentation", values: Array, labels: Array) -> None:
    """One line over the channels for each centroid, before the thin lines of some pixels."""
    points, rows = _sample(values, labels, N_LINES)
    channels = np.arange(len(seg.channel_names))
    colors = seg.colors()
    for point, row in zip(points, rows, strict=True):
        ax.plot(channels, point, color=colors[row], linewidth=0.5, alpha=0.25)
    for centroid, color in zip(seg.centroids, colors, strict=True):
        ax.plot(channels, centroid, color="black", linewidth=4)
        ax.plot(channels, centroid, color=color, linewidth=2.5)
    gaps = np.diff(np.sort(seg.centroids, axis=0), axis=0).min(0, initial=np.inf)
    clearest = int(gaps.argmax())  # where the numbers overlap least
    _mark(ax, seg, np.full(len(colors), float(clearest)), seg.centroids[:, clearest])
    ax.set_xticks(channels if len(channels) <= MAX_NUMBERED else [])
    ax.set(xlabel="channel", ylabel="value", facecolor="0.9")
    ax.set_title("final centroids among the pixels of the image")


def _draw_shares(ax: "Axes", seg: "Segmentation") -> None:
    """One bar, a part for each cluster, as long as its share."""
    left = np.cumsum(seg.fractions) - seg.fractions
    colors = seg.colors()
    ax.barh(np.zeros(len(left)), seg.fractions, left=left, color=colors, edgecolor="0.4", linewidth=0.5)
    for label, (start, share, color) in enumerate(zip(left, seg.fractions, colors, strict=True), 1):
        if share > 0.035:  # else the text is wider than its part
            text = f"{label}\n{share:.1%}"
            ax.text(start + share / 2, 0, text, color=ink(color), ha="center", va="center", fontsize=9)
    ax.set(xlim=(-0.002, 1.002), ylim=(-0.4, 0.4), title="share of each cluster")
    ax.set_axis_off()


def _mark(ax: "Axes", seg: "Segmentation", x: "Floats", y: "Floats") -> None:
    """Numbered disks at the centroids."""
    numbered = len(x) <= MAX_NUMBERED
    colors = seg.colors()
    ax.scatter(x, y, s=260 if numbered else 40, c=colors, edgecolors="white", linewidths=3, zorder=3)
    ax.scatter(x, y, s=260 if numbered else 40, c=colors, edgecolors="black", linewidths=1.2, zorder=4)
    if numbered:
        for label, (a, b, color) in enumerate(zip(x, y, colors, strict=True), 1):
            style: Any = {
                "color": ink(color),
                "ha": "center",
                "va": "center_baseline",
                "fontsize": 9,
                "weight": "bold",
            }
            ax.text(a, b, str(label), zorder=5, **style)


def _sample(values: Array, labels: Array, n: int) -> tuple["Floats", Array]:
    """Up to n of the labeled pixels (n, C), the same every time, and the rows of their centroids (n,)."""
    inside = np.flatnonzero(labels)
    if len(inside) > n:
        inside = np.random.default_rng(0).choice(inside, n, replace=False)
    return values.reshape(-1, values.shape[-1])[inside].astype(np.float64), labels.reshape(-1)[inside].astype(int) - 1


def ink(color: "Floats") -> str:
    """Black or white, whichever is legible on the color (luma of ITU-R BT.601)."""
    return "black" if np.dot(color[:3], (0.299, 0.587, 0.114)) > 0.55 else "white"
