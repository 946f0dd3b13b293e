"""A figure of a choice among numbers of clusters: the scores, and a picture for each number."""

from typing import TYPE_CHECKING, Any

from .plot import middle_plane, new_figure, pictures, show_picture
from .wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .choose import Suggestion

IN_A_ROW = 5


def plot_choice(suggestion: "Suggestion") -> "Figure":
    """Figure of inertia and silhouette over the number of clusters, and of the image recolored with each.

    Parameters
    ----------
    suggestion : Suggestion
        What to show; the labels for every number are made.

    Returns
    -------
    figure : matplotlib.figure.Figure
        1200 points wide.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    numbers = list(suggestion.segmentations)
    n_columns = min(IN_A_ROW, len(numbers))
    n_rows = -(-len(numbers) // n_columns)
    figure = new_figure(4 + 2.4 * n_rows)
    parts: Any = figure.subfigures(2, 1, height_ratios=(4, 2.4 * n_rows))
    figure.suptitle(suggestion.reason)
    _draw_scores(parts[0].subplots(1, 2), suggestion)
    axes = parts[1].subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax, number in zip(axes, numbers, strict=False):
        segmentation = suggestion.segmentations[number]
        *_, shown = pictures(segmentation, *middle_plane(segmentation)).values()
        chosen = number == suggestion.n_clusters
        show_picture(ax, shown, counted(number, "cluster") + " (recommended)" * chosen)
    for ax in axes[len(numbers) :]:
        ax.set_axis_off()
    return figure


def _draw_scores(axes: Any, suggestion: "Suggestion") -> None:
    scores = suggestion.scores
    titles = {"inertia": "inertia (lower is better; look for the bend)", "silhouette": "silhouette (higher is better)"}
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        _draw_score(ax, scores["n_clusters"], scores[name], suggestion.n_clusters)
        ax.set_title(title)


def _draw_score(ax: "Axes", numbers: Any, values: Any, chosen: int) -> None:
    """Draw a line over the numbers of clusters, with a ring where the recommended one is."""
    ax.plot(numbers, values, color="tab:blue", marker="o")
    ax.plot(numbers[numbers == chosen], values[numbers == chosen], "o", ms=14, mfc="none", mec="tab:red", mew=2)
    ax.set_xticks(numbers)
    ax.set_xlabel("number of clusters")
    ax.margins(y=0.1)
