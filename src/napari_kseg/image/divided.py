"""A cluster that is split: K-means of its pixels alone, and the model and parts that follow.

K clusters, n parts of the one that is split.
"""

from dataclasses import replace

import numpy as np

from napari_kseg.kmeans import Assigned, checked_integer, warn_not_converged

from .fit import Fitter, TooFewColorsError
from .model import Model, brightness_order, label_dtype
from .parts import Parts
from .pixels import Pixels
from .segmentation import Segmentation
from .settings import MAX_CLUSTERS, Settings
from .splits import Split


def divided(seg: Segmentation, label: int, n_clusters: int, random_state: int | None) -> Segmentation:
    """Split the cluster of a label into `n_clusters`."""
    n_clusters = checked_integer("n_clusters", n_clusters, low=2)
    total = seg.n_clusters - 1 + n_clusters
    if total > MAX_CLUSTERS:
        raise ValueError(
            f"n_clusters={n_clusters} would make {total} clusters, but labels are 16-bit, up to {MAX_CLUSTERS}; use "
            f"n_clusters={n_clusters - total + MAX_CLUSTERS} or less"
        )
    settings = _settings(seg.settings, n_clusters, random_state)
    own = _fitted(seg.model, seg.pixels, seg.parts, label, settings)
    if not own.converged:
        warn_not_converged(settings.max_iter, stacklevel=3)
    model, parts = _with_parts(seg.model, seg.parts, label, own)
    return Segmentation.of(
        model, seg.pixels, parts, seg.n_iter + own.n_iter, seg.converged and own.converged, seg.downsample
    )


def _settings(settings: Settings, n_clusters: int, random_state: int | None) -> Settings:
    """How the pixels of one cluster are clustered: as all were, but for what is of all of them or of the labels."""
    return replace(
        settings,
        n_clusters=n_clusters,
        random_state=settings.random_state if random_state is None else random_state,
        init=settings.init if isinstance(settings.init, str) else "k-means++",
        fixed=(),
        min_size=0,
        majority=0,
        downsample=settings.downsample if settings.full_resolution else 1,  # else the image is the reduced one
        full_resolution=True,
    )


def _fitted(model: Model, pixels: Pixels, parts: Parts, label: int, settings: Settings) -> Segmentation:
    """Cluster the pixels of a label; the others get 0."""
    inside = parts.labels == label
    if not inside.any():
        raise ValueError(f"cluster {label} has no pixels to split; choose a label of which there are some")
    fitter = Fitter(pixels.within(inside), recipe=model.recipe)
    try:
        return fitter.segmentation(settings)
    except TooFewColorsError as error:
        if error.n_distinct < 2:
            words = f"cluster {label} has only one color, which cannot be split; choose another label"
        else:
            words = (
                f"n_clusters={settings.n_clusters}, but cluster {label} has only {error.n_distinct} different colors; "
                f"use n_clusters={error.n_distinct}{' or less' if error.n_distinct > 2 else ''}"
            )
        raise ValueError(words) from None


def _with_parts(model: Model, parts: Parts, label: int, own: Segmentation) -> tuple[Model, Parts]:
    """Put the clusters of `own` in the place of a label, and number all from dark to bright."""
    n_own, others = own.n_clusters, np.delete(np.arange(model.n_clusters), label - 1)
    centroids = np.concatenate([model.centroids[others], own.centroids])
    order = brightness_order(centroids)
    dtype = label_dtype(len(order))
    places = np.empty(len(order), dtype)
    places[order] = np.arange(1, len(order) + 1)
    numbers, own_numbers = np.zeros(model.n_clusters + 1, dtype), np.zeros(n_own + 1, dtype)
    numbers[others + 1], own_numbers[1:] = places[:-n_own], places[-n_own:]
    own_numbers[0] = own_numbers[1 + own.counts.argmax()]  # painted where the image has no value: any will do

    centers = own.model.feature_centroids
    split = Split(np.flatnonzero(model.groups == label), centers)
    means = np.concatenate([model.feature_means[others], centers])
    names, colors = (
        tuple([*(given[row] for row in others), *[""] * n_own][place] for place in order)
        for given in (model.names, model.colors)
    )
    then = replace(
        model, splits=(*model.splits, split), centroids=centroids[order], feature_means=means[order], names=names,
        colors=colors, groups=np.concatenate([numbers[model.groups], own_numbers[1:]]).astype(np.int64),
    )  # fmt: skip
    inside = parts.labels == label
    kept, found = parts.without(label).renumbered(numbers), own.parts.found
    labels = np.where(inside, own_numbers[own.labels], kept.labels)
    return then, replace(
        kept,
        labels=labels,
        groups=np.concatenate([kept.groups, own_numbers[1:]]).astype(np.int64),
        centers=np.concatenate([kept.centers, centers]),
        found=Assigned(
            np.concatenate([kept.found.sums, found.sums]),
            np.concatenate([kept.found.weights, found.weights]),
            np.concatenate([kept.found.inertias, found.inertias]),
        ),
    )
