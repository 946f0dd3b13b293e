"""The result of a segmentation: labels, what each cluster looks like, and the ways to use them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Assigned

from .channel_stack import ChannelStack
from .clean_up import inertia_of_moves
from .downsample import Factors
from .joined import counts_of, inertia_around, joined
from .likeness import Join, distances_for, joins, linkage, n_joins
from .marks import with_colors, with_given, with_names
from .model import Model
from .pixels import Array, Pixels
from .portion import cut_out
from .recolor import display_colors, hex_color, recolor
from .routes import Floats
from .settings import Settings

if TYPE_CHECKING:
    import matplotlib.figure
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation:
    """Labels of an image and the clusters behind them. Its methods return new objects; nothing is changed.

    Parameters
    ----------
    labels : array of uint8 or uint16
        Label of every pixel, of the image's spatial shape: 1 to K from the darkest cluster to the brightest, 0 where a
        pixel was left out. Read-only.
    counts : (K,) array of int64
        Pixels of each cluster.
    inertia : float
        Sum over the clustered pixels of the squared distance to the centroid of their cluster, in squared image units.
    n_iter : int
        Passes over the pixels, or their distinct colors, that the fit took.
    converged : bool
        False if `max_iter` ended the fit.
    model : Model
        Recipe and centroids, to label other images.
    downsample : tuple of float
        Factor of each spatial axis that the fit used.
    """

    labels: Array
    counts: NDArray[np.int64]
    inertia: float
    n_iter: int
    converged: bool
    model: Model
    downsample: Factors
    pixels: Pixels = field(repr=False)
    _found: Assigned = field(repr=False)
    _nearest: Array = field(repr=False)

    @classmethod
    def of(
        cls,
        model: Model,
        pixels: Pixels,
        labels: Array,
        found: Assigned,
        n_iter: int,
        converged: bool,
        downsample: Factors,
    ) -> "Segmentation":
        """Make the segmentation from labels before clean-up and the sums found for each of the feature centroids."""
        labels.flags.writeable = False
        rows = model.groups - 1
        counts = counts_of(model, found)
        inertia = inertia_around(found, model.feature_centroids, model.feature_means[rows])
        clean = model.cleaned(labels)
        if clean is not labels:
            clean.flags.writeable = False
            counts = np.bincount(clean.reshape(-1), minlength=model.n_clusters + 1)[1:].astype(np.int64)
            inertia += inertia_of_moves(model.features(pixels), labels, clean, model.feature_means)
        return cls(clean, counts, inertia, n_iter, converged, model, downsample, pixels, found, labels)

    @property
    def image(self) -> Any:
        """The image that was segmented."""
        image = self.pixels.image
        return image.arrays if isinstance(image, ChannelStack) else image

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self.model.settings

    @property
    def n_clusters(self) -> int:
        """Number of clusters K."""
        return self.model.n_clusters

    @property
    def centroids(self) -> Floats:
        """(K, C) float64 centroids in image units; row i belongs to label i + 1. Read-only."""
        return self.model.centroids

    @property
    def fractions(self) -> Floats:
        """(K,) float64 share of each cluster in the clustered pixels."""
        return np.asarray(self.counts / max(1, self.counts.sum()))

    @property
    def is_color(self) -> bool:
        """Whether the channels are red, green and blue."""
        return self.pixels.rgb

    @property
    def channel_names(self) -> tuple[str, ...]:
        """Names of the channels: R, G, B; intensity; or their numbers."""
        return self.pixels.channel_names

    def colors(self) -> Floats:
        """(K, 4) colors to show the clusters in, 0 to 1.

        Those given by `colored`; else their own for color images, and gray or a cycle of hues for others.
        """
        return with_given(display_colors(self.centroids, self.pixels), self.model.colors)

    def named(self, names: Mapping[int, str]) -> "Segmentation":
        """Give clusters names, which the table, the layer and the model file then have.

        Parameters
        ----------
        names : mapping of int to str
            Label and name; an empty one takes the name away.

        Raises
        ------
        ValueError
            If there is no such label.
        TypeError
            If a name is no str.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[0, 1, 9], [8, 1, 0]], np.uint8), 2).named({2: "nuclei"})
        >>> seg.table()["name"].tolist()
        ['cluster 1', 'nuclei']
        """
        self._check_labels(names)
        return replace(self, model=replace(self.model, names=with_names(self.model.names, names)))

    def colored(self, colors: Mapping[int, str]) -> "Segmentation":
        """Give clusters colors to be shown in; centroids and the recolored image stay what they are.

        Parameters
        ----------
        colors : mapping of int to str
            Label and color, as "#rrggbb"; an empty one takes the color away.

        Raises
        ------
        ValueError
            If there is no such label, or a color is not of this form.
        TypeError
            If a color is no str.
        """
        self._check_labels(colors)
        return replace(self, model=replace(self.model, colors=with_colors(self.model.colors, colors)))

    def recolored(self) -> Any:
        """Every pixel replaced by the centroid of its cluster.

        Returns
        -------
        recolored : array, or list of array
            Of the image's shape and dtype; integers are rounded. Left-out pixels keep their value, and alpha is kept.
            If the image is a list of channels, so is this.
        """
        return recolor(self.labels, self.centroids, self.pixels, bool(self.counts.sum() < self.labels.size))

    def mask(self, label: int) -> NDArray[np.bool_]:
        """True where a pixel has this label, of the image's spatial shape.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        self._check_labels([label])
        return np.asarray(self.labels == label)

    def masks(self) -> list[NDArray[np.bool_]]:
        """Masks of all clusters, from label 1 to K."""
        return [self.mask(label) for label in range(1, self.n_clusters + 1)]

    def merge(self, labels: Iterable[int]) -> "Segmentation":
        """Join clusters to one; all are numbered anew from dark to bright.

        Parameters
        ----------
        labels : iterable of int
            Labels of the clusters to join, at least one.

        Returns
        -------
        merged : Segmentation
            The joint centroid is the mean of those joined, weighted by their counts. Its model labels pixels by all
            the centroids that were joined.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        return self._joined([self._check_labels(labels)])

    def merge_similar(self, *, n_clusters: int | None = None, threshold: float | None = None) -> "Segmentation":
        """Join clusters that look alike, the closest two first, until few are left or no two are close.

        Parameters
        ----------
        n_clusters : int, optional
            Number of clusters to be left, from 1 to K.
        threshold : float, optional
            Largest distance of centroids to join. For color images it is the difference CIEDE2000 [1]_: about 2 can
            just be seen, 10 at a glance, 100 is black and white. For all others it is in standard deviations of each
            channel over the clusters.

        Returns
        -------
        merged : Segmentation
            As of `merge`.

        Raises
        ------
        ValueError
            If neither or both are given, or a value is out of range.
        TypeError
            If a value is of the wrong type.

        References
        ----------
        .. [1] Sharma, Wu & Dalal (2005), The CIEDE2000 color-difference formula, Color Research & Application 30(1),
           21-30, :doi:`10.1002/col.20070`.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[0, 1, 5, 200]], np.uint8), 4)
        >>> seg.merge_similar(n_clusters=2).labels.tolist()
        [[1, 1, 1, 2]]
        """
        all_joins = self._joins()
        groups = {row: [row + 1] for row in range(self.n_clusters)}
        for join in all_joins[: n_joins(all_joins, n_clusters, threshold)]:
            groups[join.first] += groups.pop(join.second)
        return self._joined([sorted(group) for group in groups.values() if len(group) > 1])

    def linkage(self) -> Floats:
        """Return the order in which `merge_similar` joins clusters, as SciPy describes hierarchies.

        Returns
        -------
        linkage : (K - 1, 4) array of float64
            A row for each join: the two clusters (label - 1; from K on, those of earlier rows), their distance, and
            how many clusters are in it then. `scipy.cluster.hierarchy.dendrogram(seg.linkage())` draws it.
        """
        return linkage(self._joins())

    def _joins(self) -> list[Join]:
        counts = self._fitted_counts
        return joins(self.centroids, counts, distances_for(self.pixels, self.centroids, counts))

    @property
    def _fitted_counts(self) -> NDArray[np.int64]:
        """(K,) pixels of each cluster before clean-up, which leaves the centroids what they are."""
        return counts_of(self.model, self._found)

    def _joined(self, groups: list[list[int]]) -> "Segmentation":
        """Join the labels of each group, which share none."""
        model, numbers = joined(self.model, groups, self._fitted_counts)
        return Segmentation.of(
            model, self.pixels, numbers[self._nearest], self._found, self.n_iter, self.converged, self.downsample
        )

    def clean_up(self, *, min_size: int = 0, majority: int = 0) -> "Segmentation":
        """Remove specks. Whatever clean-up there was before is replaced; its model cleans other images up as well.

        Parameters
        ----------
        min_size : int, optional
            Components of fewer pixels, connected by faces, join the neighboring cluster that they touch most, from the
            smallest up. 0 or 1 removes none.
        majority : int, optional
            Before that, every pixel gets the most frequent label of the box that reaches so many pixels from it to all
            sides. 0 is no filter.

        Returns
        -------
        cleaned : Segmentation
            Labels, counts and inertia follow; the centroids stay. A cluster may become empty. Making it takes up to 20
            bytes of memory a pixel.

        Raises
        ------
        ValueError
            If a value is below 0.
        TypeError
            If a value is no integer.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[9, 9, 9, 9], [9, 1, 9, 1]], np.uint8), 2)
        >>> seg.clean_up(min_size=2).labels.tolist()
        [[2, 2, 2, 2], [2, 2, 2, 2]]
        """
        settings = replace(self.settings, min_size=min_size, majority=majority)
        return Segmentation.of(
            replace(self.model, settings=settings), self.pixels, self._nearest, self._found, self.n_iter,
            self.converged, self.downsample,
        )  # fmt: skip

    def extract(self, labels: int | Iterable[int], fill: float | None = None) -> Any:
        """Cut some clusters out of the image.

        Parameters
        ----------
        labels : int or iterable of int
            Labels of the clusters to keep.
        fill : float, optional
            Value of all other pixels; 0 by default. If it is given, a color image stays without alpha.

        Returns
        -------
        portion : array, or list of array if the image is a list of channels
            A color image becomes RGBA, transparent outside; any other has `fill` outside, and its own dtype.

        Raises
        ------
        ValueError
            If there is no such label, or `fill` does not fit the dtype.
        """
        return cut_out(self.pixels, np.isin(self.labels, self._check_labels(labels)), fill)

    def table(self) -> "pd.DataFrame":
        """Table with a row for each cluster: label, name, color, count, fraction, and the centroid's channels."""
        import pandas as pd

        columns: dict[str, Any] = {
            "label": np.arange(1, self.n_clusters + 1),
            "name": [name or f"cluster {label}" for label, name in enumerate(self.model.names, 1)],
            "color": [hex_color(color) for color in self.colors()],
            "count": self.counts,
            "fraction": self.fractions,
        }
        for name, values in zip(self.channel_names, self.centroids.T, strict=True):
            columns[f"centroid_{name}"] = values
        return pd.DataFrame(columns)

    def plot(self) -> "matplotlib.figure.Figure":
        """Figure of the image, the recolored image, and where the centroids ended. Needs matplotlib."""
        from .plot import plot

        return plot(self)

    def __repr__(self) -> str:
        """Say what it is in one line."""
        shape = " × ".join(map(str, self.labels.shape))
        return f"<Segmentation of {shape} pixels into {self.n_clusters} clusters, inertia {self.inertia:.6g}>"

    def _check_labels(self, labels: int | Iterable[int]) -> list[int]:
        wanted = [labels] if isinstance(labels, (int, np.integer)) else list(labels)
        if not wanted:
            raise ValueError(f"no label was given; give one or more of 1 to {self.n_clusters}")
        for label in wanted:
            if not isinstance(label, (int, np.integer)) or isinstance(label, bool):
                raise TypeError(f"label {label!r} must be an integer from 1 to {self.n_clusters}")
            if not 1 <= label <= self.n_clusters:
                raise ValueError(f"label {label} does not exist; the labels are 1 to {self.n_clusters}")
        return sorted({int(label) for label in wanted})
