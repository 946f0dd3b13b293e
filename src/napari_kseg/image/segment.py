"""Segment an image: the public function, and the run behind it that the viewer shares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from numpy.typing import ArrayLike

from napari_kseg.kmeans import Callback, warn_not_converged

from ._progress import progress_bar
from .choose import suggestion
from .features import Features
from .fit import Fitter
from .pixels import Pixels
from .recipe_settings import recipe_of_seeds
from .seeds import seeds_of
from .segmentation import Segmentation
from .settings import Settings, refuse_unknown
from .wording import counted


def segment(
    image: Any,
    n_clusters: int | Literal["auto"] = 5,
    *,
    channel_axis: int | Literal["auto"] | None = "auto",
    mask: ArrayLike | None = None,
    downsample: float | tuple[float, ...] | Literal["auto"] = "auto",
    nodata: float | Sequence[float] | None = None,
    background: float | None = None,
    saturated: float | None = None,
    init: Literal["k-means++", "random"] | ArrayLike = "k-means++",
    fixed: Sequence[int] = (),
    min_size: int = 0,
    majority: int = 0,
    color_space: str = "RGB",
    channels: int | Sequence[int] | None = None,
    channel_weights: Sequence[float] | None = None,
    normalize: Literal["zscore", "percentile", "minmax"] | None = None,
    sigma: float | tuple[float, ...] = 0,
    texture: bool | tuple[float, float] = False,
    position_weight: float = 0,
    exact_passes: int = 0,
    spacing: float | tuple[float, ...] | None = None,
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
    read block by block in every pass; they are never copied as a whole. Of smoothed images, texture and place, up to
    256 MB of features are kept, and more are made again in every pass.

    Arrays of dask and zarr, and others that say how they are chunked, are never loaded as a whole: chunks are read once
    for the fit, by threads or by the workers of an active `dask.distributed.Client`, and `labels`, `recolored()` and
    what is made of them are dask arrays with the same chunks, computed when they are read. 8-bit colors and one channel
    of integers give the same bits as in memory; of other images the fit sees some million pixels, drawn evenly, and all
    are read once more for the counts.

    Parameters
    ----------
    image : (M, N[, P …][, C]) array of bool, int or float, or list of (M, N[, P …]) arrays
        NumPy, dask, zarr, or anything that can be sliced: a gray or multichannel image of any number of spatial axes,
        or its channels, each of which may have its own dtype. It is not modified. NaN and infinite pixels are left out,
        and so are pixels of an RGBA image whose alpha is 0.
    n_clusters : int or "auto", optional
        Number of clusters K, from 1 to the number of different colors. "auto" takes the number from 2 to 10 that
        `suggest_n_clusters` recommends.
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
    nodata : float or sequence of float, optional
        Pixels whose channels all have this value, or one of these, are left out.
    background : float, optional
        Pixels whose channels are all at most this value are left out.
    saturated : float, optional
        Pixels of which any channel is at least this value are left out.
    init : {"k-means++", "random"} or array, optional
        Starts, or seeds to start from, as one of: centroids (S, C) in image units; coordinates (S, 2 …) of pixels, with
        a column for each spatial axis, each standing for the mean of itself and its neighbors in the last two axes; or
        scribbles, integers of the image's spatial shape, each label but 0 standing for the mean of the pixels under it.
        If texture or place count, seeds are coordinates or scribbles.
        If there are fewer seeds than clusters, greedy k-means++ adds the others.
    fixed : sequence of int, optional
        Rows of `init`, counted from 0, that do not move; of scribbles, in the order of their labels. Such a cluster may
        stay empty.
    min_size, majority : int, optional
        Clean-up of the labels, in pixels of the result, as in `Segmentation.clean_up`; a cluster may become empty.
    color_space : {"RGB", "linear RGB", "Lab", "ab", "Oklab", "HSV", "gray"}, optional
        In which colors of an image with three channels (and alpha) are compared. "RGB" is the image's own values.
        "Lab" is CIELAB under D65, "ab" the same without lightness; "HSV" is saturation times cosine and sine of the
        hue, and value. Integers are taken from 0 to the largest of their dtype, floats from 0 to 1.
    channels : int or sequence of int, optional
        Channels of the image to compare, or of the color space if one is given. None is all.
    channel_weights : sequence of float, optional
        Factor of each of these channels, 0 or more; after `normalize`.
    normalize : {"zscore", "percentile", "minmax"}, optional
        What becomes 0 and 1 in each channel: mean and one standard deviation above it; the 1st and the 99th percentile;
        the lowest and the highest value. Over all pixels that take part, and kept in the model.
    sigma : float or tuple of float, optional
        Standard deviation of a Gaussian that smooths the image before; of each spatial axis, in the unit of `spacing`.
        Beyond the border, and where a pixel is left out, the nearest pixel that takes part counts.
    texture : bool or (float, float), optional
        Compare the texture of each channel: intensity, gradient magnitude and eigenvalues of the Hessian [4]_ at scales
        of sigma_min, 2 sigma_min, … up to sigma_max pixels; True is (0.5, 16). Give `normalize="zscore"` to make them
        count alike.
    position_weight : float, optional
        How much the place of a pixel counts: the distance of two clusters in a regular grid is worth so much
        difference of color, as the compactness of SLIC [5]_.
    spacing : float or tuple of float, optional
        Size of a pixel along each spatial axis. None is 1.
    exact_passes : int, optional
        Passes over all pixels that move the centroids once the fit is done, of a lazy image whose colors or values are
        too many to be counted and of which it has therefore seen only some million. Each reads the image once.
    n_init : int or "auto", optional
        Number of starts, of which the one with the lowest inertia is kept. "auto" improves two starts, or
        from 200 clusters on one, by breathing [3]_, which ends lower than ten starts in less time.
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
        Any other name is refused, but for `masked` of the settings of an earlier run, which changes nothing.

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
    .. [4] `skimage.feature.multiscale_basic_features`, which makes them.
    .. [5] Achanta et al. (2012), SLIC superpixels compared to state-of-the-art superpixel methods, IEEE Transactions on
       Pattern Analysis and Machine Intelligence 34(11), 2274-2282, :doi:`10.1109/TPAMI.2012.120`.

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

    By hue and saturation alone, however light or dark:

    >>> colors = np.array([[[40, 0, 0], [0, 40, 0], [200, 0, 0], [0, 200, 0]]], np.uint8)
    >>> kseg.segment(colors, 2, channel_axis=-1, color_space="HSV", channels=[0, 1]).labels.tolist()
    [[2, 1, 2, 1]]
    """
    refuse_unknown(unknown)
    keywords = {
        "n_clusters": n_clusters, "channel_axis": channel_axis, "downsample": downsample, "init": init,
        "n_init": n_init, "max_iter": max_iter, "tol": tol, "random_state": random_state,
        "full_resolution": full_resolution, "nodata": nodata, "background": background, "saturated": saturated,
        "fixed": fixed, "min_size": min_size, "majority": majority, "color_space": color_space,
        "channels": channels, "channel_weights": channel_weights, "normalize": normalize, "sigma": sigma,
        "texture": texture, "position_weight": position_weight, "spacing": spacing, "exact_passes": exact_passes,
        **unknown,
    }  # fmt: skip
    settings, pixels = prepared(lambda axis: Pixels.of(image, axis, mask, stacklevel=4), keywords)
    with progress_bar(progress, callback) as report:
        segmentation = segment_pixels(pixels, settings, callback=report)
    if not segmentation.converged:
        warn_not_converged(settings.max_iter, stacklevel=2)
    return segmentation


def prepared(pixels_with: Callable[[Any], Pixels], keywords: Mapping[str, Any]) -> tuple[Settings, Pixels]:
    """Return checked settings, with seeds that point into the image as centroids, and the pixels.

    `pixels_with(channel_axis)` makes the pixels; it is called with what has been checked.
    """
    init, fixed = keywords.get("init", "k-means++"), keywords.get("fixed", ())
    has_seeds = not isinstance(init, str)
    settings = Settings.from_dict({**keywords, "init": "k-means++", "fixed": ()} if has_seeds else keywords)
    pixels = pixels_with(settings.channel_axis)
    if has_seeds:
        known = settings.applied_to(pixels)
        seeds = seeds_of(Features(known, recipe_of_seeds(settings, known)), init)
        if settings.n_clusters != "auto" and len(seeds) > settings.n_clusters:
            raise ValueError(
                f"n_clusters={settings.n_clusters}, but init has {counted(len(seeds), 'seed')}; give a seed for each "
                f"cluster or fewer, or use n_clusters={len(seeds)} or more"
            )
        settings = replace(settings, init=seeds, fixed=fixed)
    return settings, pixels


def segment_pixels(pixels: Pixels, settings: Settings, *, callback: Callback | None = None) -> Segmentation:
    """Segment pixels whose axes are known. Says nothing if it did not converge: look at `converged`."""
    settings = replace(settings, masked=pixels.mask is not None)
    return segment_with(Fitter(settings.applied_to(pixels), callback), settings)


def segment_with(fitter: Fitter, settings: Settings) -> Segmentation:
    """Segment an image that was made ready, perhaps for other settings before."""
    if settings.n_clusters == "auto":
        found = suggestion(fitter, range(2, 11), settings)
        return found.segmentations[found.n_clusters]
    return fitter.segmentation(settings)
