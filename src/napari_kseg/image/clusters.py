"""The clusters of a segmentation: what they look like, where they are, and their table."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_kseg.kmeans import Callback, checked_integer

from .channel_stack import ChannelStack
from .components import numbered_components
from .downsample import Factors
from .lazy import looked_up
from .marks import with_given
from .model import Model
from .parts import Parts
from .pixels import Array, MaybeLazy, Pixels
from .portion import cut_out
from .recolor import display_colors, hex_color, recolor, white
from .routes import Floats
from .settings import Settings
from .wording import counted

if TYPE_CHECKING:
    import pandas as pd


_INTERNAL = {"of", "parts", "pixels"}
"""Names that other modules use, which completion should not offer."""


@dataclass(frozen=True, eq=False, repr=False)
class Clusters:
    """What is known of the clusters of an image. `Segmentation` says what the fields are."""

    labels: MaybeLazy
    counts: NDArray[np.int64]
    inertia: float
    n_iter: int
    converged: bool
    model: Model
    downsample: Factors
    pixels: Pixels = field(repr=False)
    parts: Parts = field(repr=False)

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

    def recolored(self, *, given_colors: bool = False) -> Any:
        """Every pixel replaced by the centroid of its cluster.

        Parameters
        ----------
        given_colors : bool, optional
            Clusters of a color image that `colored` gave a color get it instead, as the layer in napari does.

        Returns
        -------
        recolored : array, or list of array
            Of the image's shape and dtype; integers are rounded. Left-out pixels keep their value, and alpha is kept.
            If the image is a list of channels, so is this.
        """
        palette = self.centroids
        if given_colors and self.is_color:
            full, given = white(self.pixels.dtype, self.centroids), np.array([bool(c) for c in self.model.colors])
            palette = np.where(given[:, None], self.colors()[:, :3] * full, palette)
        return recolor(self.labels, palette, self.pixels, bool(self.counts.sum() < self.labels.size))

    def mask(self, label: int) -> NDArray[np.bool_]:
        """True where a pixel has this label, of the image's spatial shape.

        Raises
        ------
        ValueError
            If there is no such label.
        """
        self._check_labels([label])
        mask: Array = self.labels == label
        return mask

    def masks(self) -> list[NDArray[np.bool_]]:
        """Masks of all clusters, from label 1 to K."""
        return [self.mask(label) for label in range(1, self.n_clusters + 1)]

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
        chosen = np.isin(np.arange(self.n_clusters + 1), self._check_labels(labels))
        return cut_out(self.pixels, looked_up(chosen, self.labels), fill)

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

    def to_zarr(
        self,
        path: str | os.PathLike[str],
        *,
        version: str = "0.5",
        recolored: bool = True,
        axes: str | Sequence[str] | None = None,
        scale: float | Sequence[float] | None = None,
        units: str | Sequence[str | None] | None = None,
        translate: Sequence[float] | None = None,
        name: str | None = None,
        overwrite: bool = False,
        progress: bool = False,
        callback: Callback | None = None,
    ) -> Path:
        """Write labels and recolored image as OME-Zarr [1]_, with smaller levels, names and colors of the clusters.

        Lazy results are computed block by block and written where they are computed: on dask's threads, or on the
        cluster whose client is active. Memory is that of a few blocks. If this is stopped or killed, the same call goes
        on from the blocks that are finished.

        Parameters
        ----------
        path : path-like
            Folder to make, such as "result.ome.zarr". It gets this name when it is whole; until then it has
            ".partial" behind its name.
        version : {"0.5", "0.4"}, optional
            Of OME-Zarr; 0.5 is Zarr 3, 0.4 is Zarr 2.
        recolored : bool, optional
            Write the recolored image, with the labels below it in "labels/clusters"; if False, the labels alone, as an
            image of their own.
        axes : str or sequence of str, optional
            A letter for each axis of the labels, of "tczyx"; "yx", "zyx" or "tzyx" by default. Axes in another order
            are written in this one, channels of the image before z, y and x.
        scale : float or sequence of float, optional
            Size of a pixel along each axis of the labels; one number is for z, y and x. By default `spacing`.
        units : str or sequence of str or None, optional
            Unit of each axis, such as "micrometer" or "second"; one is for z, y and x. None is pixels.
        translate : sequence of float, optional
            Where the center of the first pixel lies, along each axis of the labels.
        name : str, optional
            Name of the image; by default that of the folder.
        overwrite : bool, optional
            Replace a Zarr of this name when the new one is whole, and discard what was begun of another one.
        progress : bool, optional
            Show a progress bar.
        callback : callable, optional
            `callback(stage, done, total)`; what it raises stops the writing.

        Returns
        -------
        path : Path
            The folder.

        Raises
        ------
        FileExistsError
            If there is something of this name, or another result was begun there.
        OSError
            If a block cannot be computed or written; it says which, why, and what is left.
        ValueError
            If an option does not fit the image.
        ImportError
            If zarr or dask is not installed.

        Notes
        -----
        Each level is half as high and wide as the one before, and half as deep above 128 planes. Of each 2 × 2 pixels
        one that has their most frequent label gives the label and the recolored value, so no level has a label or a
        color that is none of the clusters'. Translations of the levels keep all of them in place.

        References
        ----------
        .. [1] Moore et al. (2023), OME-Zarr: a cloud-optimized bioimaging file format with international community
           support, Histochemistry and Cell Biology 160, 223-251, :doi:`10.1007/s00418-023-02209-1`.
        """
        from .ome_zarr import Options, write_ome_zarr

        options = Options(version, recolored, axes, scale, units, translate, name, overwrite)
        return write_ome_zarr(self, path, options, progress, callback)

    def objects(self, labels: int | Iterable[int] | None = None, *, connectivity: int = 1) -> NDArray[np.int32]:
        """Number the connected objects of some clusters.

        Parameters
        ----------
        labels : int or iterable of int, optional
            Labels of the clusters; None is all of them.
        connectivity : int, optional
            What connects two pixels, as in `skimage.measure.label`: 1 is a common face, 2 also an edge, up to the
            number of axes.

        Returns
        -------
        objects : array of int32
            1, 2, … where an object is, in the order of their first pixels, 0 elsewhere, of the image's spatial shape.
            Objects of different clusters are different ones, even where they touch.

        Raises
        ------
        ValueError
            If there is no such label, or `connectivity` is out of range.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_kseg as kseg
        >>> seg = kseg.segment(np.array([[9, 0, 9, 9], [9, 0, 0, 9]], np.uint8), 2)
        >>> seg.objects(2).tolist()
        [[1, 0, 2, 2], [1, 0, 0, 2]]
        """
        self._check_in_memory("objects")
        highest = checked_integer("connectivity", connectivity, low=1)
        if highest > self.labels.ndim:
            raise ValueError(
                f"connectivity={connectivity}, but the image has {self.labels.ndim} spatial axes; use 1 to "
                f"{self.labels.ndim}"
            )
        shown = self.labels
        if labels is not None:
            shown = np.where(np.isin(shown, self._check_labels(labels)), shown, 0)
        return np.asarray(numbered_components(shown, highest), np.int32)

    @property
    def is_lazy(self) -> bool:
        """Whether labels are computed chunk by chunk when they are read, as those of a dask or zarr array are."""
        return not isinstance(self.labels, np.ndarray)

    def _check_in_memory(self, method: str) -> None:
        if self.is_lazy:
            raise ValueError(
                f"{method} looks at the labels of the whole image at once, but they are lazy, as the image is; "
                f"use seg.compute().{method}(…) if they fit into memory"
            )

    def __repr__(self) -> str:
        """Say what it is in one line."""
        shape = " × ".join(map(str, self.labels.shape))
        return (
            f"<Segmentation of {shape} pixels into {counted(self.n_clusters, 'cluster')}, inertia {self.inertia:.6g}>"
        )

    def _repr_html_(self) -> str:
        from .notebook import html_of_segmentation

        return html_of_segmentation(self)

    def __dir__(self) -> list[str]:
        """List what is for users, and what Python itself wants."""
        return [name for name in super().__dir__() if name not in _INTERNAL]

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
