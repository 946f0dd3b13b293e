"""What there is to choose from among numbers of clusters: scores, and a small picture for each number."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .plot import middle_plane, pictures

if TYPE_CHECKING:
    from .choose import Suggestion

MAX_SIDE = 96
"""Pixels of the longer side of a small picture."""


@dataclass(frozen=True, eq=False)
class Choice:
    """A number of clusters, and what speaks for it. Result of `choices_of`."""

    n_clusters: int
    """The number."""
    inertia: float
    """Inertia of the fit; lower is better, and lower the more clusters there are."""
    silhouette: float
    """Silhouette, -1 to 1; higher is better. NaN if it cannot be told."""
    thumbnail: NDArray[np.uint8]
    """(h, w, 3) what the image looks like with it, 96 pixels wide and high at most; of a volume, its middle plane."""


def choices_of(suggestion: "Suggestion") -> list[Choice]:
    """Return the numbers of clusters that were tried, ascending; fit for a worker thread.

    Parameters
    ----------
    suggestion : Suggestion
        Result of `suggest_n_clusters`; the labels for every number are made.

    Returns
    -------
    choices : list of Choice
        One for each number of clusters.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_kseg as kseg
    >>> image = np.array([[10, 11, 12, 13], [100, 101, 102, 103], [200, 201, 202, 203]], np.uint8)
    >>> choices = choices_of(kseg.suggest_n_clusters(image, range(2, 6)))
    >>> [choice.n_clusters for choice in choices]
    [2, 3, 4, 5]
    >>> choices[1].thumbnail[:, 0, 0].tolist()  # black is 10, white is 203
    [2, 121, 253]
    """
    scores = suggestion.scores
    return [
        Choice(number, inertia, silhouette, _thumbnail(suggestion, number))
        for number, inertia, silhouette in zip(
            map(int, scores["n_clusters"]),
            map(float, scores["inertia"]),
            map(float, scores["silhouette"]),
            strict=True,
        )
    ]


def _thumbnail(suggestion: "Suggestion", n_clusters: int) -> NDArray[np.uint8]:
    seg = suggestion.segmentations[n_clusters]
    *_, shown = pictures(seg, *middle_plane(seg, MAX_SIDE)).values()
    thumbnail: NDArray[np.uint8] = np.rint(255 * shown).astype(np.uint8)
    return thumbnail
