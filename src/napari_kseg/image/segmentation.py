"""The result of a segmentation, and the ways to make another of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from .clusters import Clusters
from .downsample import Factors
from .features import Features
from .hand_edits import checked_edit
from .joined import joined
from .likeness import Join, distances_for, joins, linkage, n_joins
from .marks import with_colors, with_names
from .model import Model
from .parts import Parts, counted, gains
from .pixels import Pixels
from .routes import Floats

if TYPE_CHECKING:
    import matplotlib.figure


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation(Clusters):
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

    @classmethod
    def of(
        cls, model: Model, pixels: Pixels, parts: Parts, n_iter: int, converged: bool, downsample: Factors
    ) -> "Segmentation":
        """Make the segmentation from its parts before clean-up."""
        labels, inertia = parts.labels, parts.inertia(model.feature_means)
        clean = labels if parts.settled else model.cleaned(labels)
        if clean is not labels:
            clean.flags.writeable = False
            moved = gains(Features(pixels, model.recipe), labels, clean, model.feature_means)
            inertia += float(moved.inertias.sum())
        is_known = clean is labels and not parts.settled
        counts = parts.counts(model.n_clusters) if is_known else counted(clean, model.n_clusters)
        return cls(clean, counts, inertia, n_iter, converged, model, downsample, pixels, parts)

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
        counts = self.parts.counts(self.n_clusters)
        return joins(self.centroids, counts, distances_for(self.pixels, self.centroids, counts))

    def _joined(self, groups: list[list[int]]) -> "Segmentation":
        """Join the labels of each group, which share none. Clean-up moves no centroid: counts are those before it."""
        model, numbers = joined(self.model, groups, self.parts.counts(self.n_clusters))
        return self._with(model, self.parts.renumbered(numbers))

    def _with(self, model: Model, parts: Parts) -> "Segmentation":
        return Segmentation.of(model, self.pixels, parts, self.n_iter, self.converged, self.downsample)

    def split(self, label: int, n_clusters: int = 2, *, random_state: int | None = None) -> "Segmentation":
        """Split one cluster, by K-means of its pixels alone; all are numbered anew from dark to bright.

        Parameters
        ----------
        label : int
            Label of the cluster to split. Pixels that clean-up took from it or gave to it count as before clean-up.
        n_clusters : int, optional
            Number of clusters to make of it, from 2 to the number of different colors in it.
        random_state : int, optional
            Seed; None is that of the settings.

        Returns
        -------
        split : Segmentation
            All other pixels keep their cluster, with its name and color; the new ones have none. Pixels are compared
            as in the first fit. Its model labels other images likewise: those pixels that would have had `label` go to
            the nearest of the new centroids.

        Raises
        ------
        ValueError
            If there is no such label, `n_clusters` is less than 2 or more than there are different colors in the
            cluster, or there would be more than 65,535 clusters.
        TypeError
            If a value is no integer.

        Warns
        -----
        ConvergenceWarning
            If `max_iter` ended the fit.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[0, 2, 90, 92, 250]], np.uint8), 2)
        >>> seg.labels.tolist()
        [[1, 1, 1, 1, 2]]
        >>> seg.split(1).labels.tolist()
        [[1, 1, 2, 2, 3]]
        """
        from .divided import divided

        self._check_in_memory("split")
        (checked,) = self._check_labels([label])
        return divided(self, checked, n_clusters, random_state)

    def edited(self, labels: ArrayLike) -> "Segmentation":
        """Take labels over that were painted by hand.

        Parameters
        ----------
        labels : array of int
            Label of every pixel, of the image's spatial shape: 1 to K, 0 where a pixel is left out.

        Returns
        -------
        edited : Segmentation
            Labels, counts and inertia follow; centroids, model, names and colors stay. What is made of it keeps the
            edits: merge, split and clean-up go on from these labels. Its model does not repeat them in another image,
            which `model.hand_edited` says. A pixel that has no value, such as NaN, may be given a label, and adds
            nothing to the inertia.

        Raises
        ------
        ValueError
            If the shape is another one, or a value is no label.
        TypeError
            If the dtype is none of integers.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[9, 9, 9, 1]], np.uint8), 2)
        >>> edited = seg.edited([[2, 2, 1, 1]])
        >>> edited.counts.tolist(), edited.inertia, edited.model.hand_edited
        ([2, 2], 64.0, True)
        """
        self._check_in_memory("edited")
        given, means = checked_edit(labels, self.labels.shape, self.n_clusters), self.model.feature_means
        if np.array_equal(given, self.labels):
            return self
        gained = gains(Features(self.pixels, self.model.recipe), self.parts.labels, given, means)
        return self._with(replace(self.model, hand_edited=True), self.parts.edited(given, gained, means))

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
        self._check_in_memory("clean_up")
        settings = replace(self.settings, min_size=min_size, majority=majority)
        return self._with(replace(self.model, settings=settings), replace(self.parts, settled=False))

    def compute(self) -> "Segmentation":
        """Compute lazy labels, those of a dask or zarr array, so that they are in memory.

        Returns
        -------
        computed : Segmentation
            The same with labels in memory, a byte a pixel (two from 256 clusters on), or itself if they are already.
            The image is not loaded.

        Examples
        --------
        >>> import dask.array as da
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(da.from_array([[0, 1, 9], [8, 1, 0]], chunks=2), 2)
        >>> seg.labels
        dask.array<..., shape=(2, 3), dtype=uint8, chunksize=(2, 2), chunktype=numpy.ndarray>
        >>> seg.compute().labels.tolist()
        [[1, 1, 2], [2, 1, 1]]
        """
        if not self.is_lazy:
            return self
        labels = np.asarray(self.labels)
        parts = replace(self.parts, labels=labels)
        return replace(self, labels=labels, parts=parts, pixels=self.pixels.in_memory())

    def plot(self) -> "matplotlib.figure.Figure":
        """Figure of the image, the recolored image, and where the centroids ended. Needs matplotlib."""
        from .plot import plot

        return plot(self)
