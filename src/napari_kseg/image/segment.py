"""Segment an image: the public function, and the run behind it that the viewer shares."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from napari_kseg.kmeans import RELAXATION, Callback, Fit, Samples, Search, checked_centroids, lloyd, warn_not_converged

from ._progress import progress_bar
from .downsample import Factors, averaged_pixels, averaged_table, chosen_factors, is_full
from .model import Model, brightness_order, label_dtype
from .pixels import Pixels
from .routes import Floats, Route, choose_route, start_on_draw
from .segmentation import Segmentation
from .settings import Settings, refuse_unknown


def segment(
    image: Any,
    n_clusters: int = 5,
    *,
    channel_axis: int | Literal["auto"] | None = "auto",
    mask: ArrayLike | None = None,
    downsample: float | tuple[float, ...] | Literal["auto"] = "auto",
    init: Literal["k-means++", "random"] | ArrayLike = "k-means++",
    n_init: int | Literal["auto"] = "auto",
    max_iter: int = 300,
    tol: float = 1e-4,
    random_state: int = 0,
    full_resolution: bool = True,
    progress: bool = False,
    callback: Callback | None = None,
    **unknown: Any,
) -> Segmentation:
    """Labels, centroids and a recolored image from K-means clustering of an image's pixels.

    8-bit images of two to four channels are clustered by their distinct colors, which is exact and takes a fraction of
    a second for 12 megapixels of RGB. One channel of integers is solved to its global optimum. All other images are
    read block by block in every pass; they are never copied as a whole.

    Parameters
    ----------
    image : (M, N[, P …][, C]) array of bool, int or float
        Gray or multichannel image of any number of spatial axes. It is not modified. NaN and infinite pixels are left
        out, and so are pixels of an RGBA image whose alpha is 0.
    n_clusters : int, optional
        Number of clusters K, from 1 to the number of different colors.
    channel_axis : int, None or "auto", optional
        Axis of the channels; None for one channel. "auto" takes the last axis as RGB or RGBA if its length is 3 or 4
        and the two axes before it are longer than 30, as napari does. With an integer every channel is data.
    mask : (M, N[, P …]) array of bool, optional
        Pixels to cluster; the others get label 0.
    downsample : float, tuple of float or "auto", optional
        The fit sees the image with its last two axes reduced by this factor, by area averaging; 5 is 20 % of the
        width and height. A tuple names every spatial axis. 1 is no reduction. "auto" is 1 where a fit on every pixel
        is fast (always for 8-bit color of up to four channels and for one channel of integers), and grows with the
        image elsewhere.
    init : {"k-means++", "random"} or (K, C) array, optional
        Starts, or centroids in image units to start from.
    n_init : int or "auto", optional
        Number of starts, of which the one with the lowest inertia is kept. "auto" improves two starts by breathing
        [3]_, which ends lower than ten starts in less time.
    max_iter : int, optional
        Largest number of passes.
    tol : float, optional
        Stop when the sum of the squared moves of the centroids is at most `tol` times the channels' mean variance.
    random_state : int, optional
        Seed, 0 or more. The same seed gives the same result, bit for bit.
    full_resolution : bool, optional
        False: the result is of the downsampled image.
    progress : bool, optional
        Show a progress bar on work that takes longer than half a second.
    callback : callable, optional
        `callback(stage, done, total)`, called between blocks; an exception raised in it stops the run.
    **unknown
        Any other name is refused.

    Returns
    -------
    segmentation : Segmentation
        Labels 1 to K, numbered from the darkest centroid to the brightest, 0 where a pixel was left out.

    Raises
    ------
    ValueError
        If a value is out of range, the mask does not fit, or fewer than `n_clusters` different colors are left.
    TypeError
        If the dtype cannot be clustered, or a value is of the wrong type.

    Warns
    -----
    UserWarning
        If `channel_axis="auto"` did not take a last axis of 3 or 4 as color.
    ConvergenceWarning
        If `max_iter` ended the run.

    References
    ----------
    .. [1] Lloyd (1982), Least squares quantization in PCM, IEEE Transactions on Information Theory 28(2), 129-137,
       :doi:`10.1109/TIT.1982.1056489`.
    .. [2] Wang & Song (2011), Ckmeans.1d.dp: Optimal k-means clustering in one dimension by dynamic programming, The R
       Journal 3(2), 29-33, :doi:`10.32614/RJ-2011-015`.
    .. [3] Fritzke (2020), The breathing k-means algorithm, :arxiv:`2006.15666`.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_kseg as kseg
    >>> image = np.array([[0, 1, 9], [8, 1, 0]], np.uint8)
    >>> seg = kseg.segment(image, 2)
    >>> seg.labels.tolist()
    [[1, 1, 2], [2, 1, 1]]
    >>> seg.recolored().tolist()
    [[0, 0, 8], [8, 0, 0]]
    """
    refuse_unknown(unknown)
    settings = Settings(
        n_clusters, channel_axis, downsample, init, n_init, max_iter, tol, random_state, full_resolution
    )  # fmt: skip
    pixels = Pixels.of(image, settings.channel_axis, mask)
    with progress_bar(progress, callback) as report:
        segmentation = segment_pixels(pixels, settings, callback=report)
    if not segmentation.converged:
        warn_not_converged(settings.max_iter, stacklevel=2)
    return segmentation


def segment_pixels(pixels: Pixels, settings: Settings, *, callback: Callback | None = None) -> Segmentation:
    """Segment pixels whose axes are known. Says nothing if it did not converge: look at `converged`."""
    n_clusters = settings.n_clusters
    route = choose_route(pixels, callback)
    factors = chosen_factors(settings.downsample, pixels, n_clusters, route.n_distinct is not None)
    if not settings.full_resolution and not is_full(factors):
        pixels = averaged_pixels(pixels, factors, callback)
        route = choose_route(pixels, callback)
        fit = _fit(route, settings)
    else:
        fit = _fit(route, settings) if is_full(factors) else _fit_averaged(pixels, factors, route, settings, callback)
    centroids = fit.centroids[brightness_order(fit.centroids)]
    labels, found = route.label(centroids, np.arange(1, n_clusters + 1, dtype=label_dtype(n_clusters)))
    for _ in range(n_clusters):
        if found.weights.all():
            break
        centroids = _filled(route.samples, centroids, found.weights, n_clusters)
        labels, found = route.label(centroids, np.arange(1, n_clusters + 1, dtype=label_dtype(n_clusters)))
    model = Model.of_clusters(centroids, pixels, settings)
    return Segmentation.of(model, pixels, labels, found, fit.n_iter, fit.converged, factors)


def _fit(route: Route, settings: Settings) -> Fit:
    """Fit on every pixel."""
    _check_left(route.samples.n_samples if route.n_distinct is None else route.n_distinct)
    _check_distinct(route.n_distinct, settings.n_clusters)
    if route.n_distinct is None:
        _check_outlier(route.samples, settings.n_clusters)
    return _fit_samples(route.samples, settings, route.start)


def _fit_averaged(pixels: Pixels, factors: Factors, route: Route, settings: Settings, callback: Callback | None) -> Fit:
    """Fit on the image reduced by area averaging."""
    table = averaged_table(pixels, factors, callback)
    _check_left(len(table.samples))
    _check_distinct(route.n_distinct, settings.n_clusters)
    samples = Samples(table, callback)
    _check_outlier(samples, settings.n_clusters)
    return _fit_samples(samples, settings, partial(start_on_draw, samples))


def _fit_samples(samples: Samples, settings: Settings, find_start: Callable[[int, Search], Floats]) -> Fit:
    """Follow Lloyd's algorithm from the given centroids, or from `find_start(n_clusters, search)`."""
    search = settings.search()
    limit = search.tol * samples.variance
    if isinstance(settings.init, str):
        start = find_start(settings.n_clusters, search)
        # In the order in which they will be numbered: then what is known of the last pass serves for the labels.
        start, relaxation = start[brightness_order(start)], RELAXATION
    else:
        start, relaxation = checked_centroids(settings.init, settings.n_clusters, samples.n_features), 1.0
    return lloyd(samples, start, max_iter=search.max_iter, limit=limit, relaxation=relaxation)


def _filled(samples: Samples, centroids: Floats, weights: Floats, n_clusters: int) -> Floats:
    """Centroids in order, each empty cluster moved to the pixel farthest from its centroid."""
    empty = np.flatnonzero(weights == 0)
    moved = centroids.copy()
    for cluster, (distance, sample, _, _) in zip(empty, samples.farthest(centroids, len(empty)), strict=False):
        if distance == 0:
            _check_distinct(int(np.count_nonzero(weights)), n_clusters)
        moved[cluster] = sample
    return moved[brightness_order(moved)]


def _check_outlier(samples: Samples, n_clusters: int) -> None:
    """Raise ValueError if one value is so far from the others that float64 cannot add up the squares of both."""
    low, high = samples.bounds
    extreme = float(low.min() if -low.min() > high.max() else high.max())
    if abs(extreme) < 1e15 or n_clusters < 3:  # it may well be one of two clusters
        return
    drawn = samples.draw(1000, np.random.default_rng(0)).samples
    typical = float(np.quantile(np.abs(drawn.astype(np.float64)), 0.5, method="lower"))
    if 0 < typical < 1e-15 * abs(extreme):
        raise ValueError(
            f"the image has the value {extreme:g}, beside which the others, about {typical:g}, look alike; "
            "leave it out by a mask"
        )


def _check_distinct(n_distinct: int | None, n_clusters: int) -> None:
    if n_distinct is not None and n_distinct < n_clusters:
        raise ValueError(
            f"n_clusters={n_clusters}, but only {n_distinct} different color{'s are' if n_distinct > 1 else ' is'} "
            f"left to cluster; use n_clusters={n_distinct}{' or less' if n_distinct > 1 else ''}, or leave out fewer "
            "pixels"
        )


def _check_left(n: int) -> None:
    if not n:
        raise ValueError(
            "every pixel is left out (by the mask, as NaN or infinite, or as transparent): there is nothing to cluster"
        )
