"""The options that say how an image is segmented: declared once, for all commands that take them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import partial
from pathlib import Path  # noqa: TC003  # Typer reads it
from typing import TYPE_CHECKING, Annotated, Any

import typer  # noqa: TID253  # this module is the command line

from napari_kseg.image.image_file import read_image
from napari_kseg.image.seeds import PixelCoordinates

from .errors import CommandError
from .parse import coordinates, listed, number, numbers, scales

if TYPE_CHECKING:
    from collections.abc import Callable, Collection


@dataclass(frozen=True)
class Wanted:
    """What the options say.

    Parameters
    ----------
    settings : dict
        Keywords of `segment`, without seeds.
    mask : Path or None
        The image file of a mask.
    seeds : Seeds
        Where clusters start.
    """

    settings: dict[str, Any]
    mask: Path | None
    seeds: Seeds

    def keywords(self) -> dict[str, Any]:
        """Return keywords of `segment`, seeds read."""
        return {**self.settings, **self.seeds.keywords()}


@dataclass(frozen=True)
class Seeds:
    """Where clusters start, if the user says so."""

    points: Any
    scribbles: Path | None
    fixed: tuple[int, ...]

    def keywords(self) -> dict[str, Any]:
        """Return what `segment` takes."""
        init: Any = None if self.points is None else PixelCoordinates(self.points)
        if self.scribbles is not None:
            init = read_image(self.scribbles)[0]
        if init is None and not self.fixed:
            return {}
        return {"init": "k-means++" if init is None else init, "fixed": self.fixed}


def wanted(
    clusters: Annotated[
        str,
        typer.Option(
            "--clusters",
            "-k",
            metavar="K",
            help="Number of clusters, a whole number of 1 or more. auto: the number from 2 to 10 that fits best.",
        ),
    ] = "5",
    downsample: Annotated[
        str,
        typer.Option(
            metavar="FACTOR",
            help="Find the centroids on the image reduced by this factor in width and height, 1 or more; 5 is 20 %. "
            "The results are full resolution. auto: reduce only what would take long.",
        ),
    ] = "auto",
    seed: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Where the search starts, a whole number of 0 or more. Same seed, same result."
        ),
    ] = 0,
    channel_axis: Annotated[
        str,
        typer.Option(
            metavar="AXIS",
            help="Axis of the channels, counted from 0, or none for one channel. auto: the last one if it is color.",
        ),
    ] = "auto",
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Image of the same width and height; where it is 0, nothing takes part.",
        ),
    ] = None,
    nodata: Annotated[
        list[float] | None,
        typer.Option(metavar="X", show_default=False, help="Leave out pixels whose channels are all X. Repeatable."),
    ] = None,
    background: Annotated[
        float | None,
        typer.Option(metavar="X", show_default=False, help="Leave out pixels whose channels are all at most X."),
    ] = None,
    saturated: Annotated[
        float | None,
        typer.Option(metavar="X", show_default=False, help="Leave out pixels of which any channel is at least X."),
    ] = None,
    color_space: Annotated[
        str, typer.Option(metavar="NAME", help="Compare colors in linear RGB, Lab, ab, Oklab, HSV or gray.")
    ] = "RGB",
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="I,J", show_default=False, help="Channels to compare, of the color space if one is given."
        ),
    ] = None,
    channel_weights: Annotated[
        str | None, typer.Option(metavar="X,Y", show_default=False, help="Factor of each of these channels.")
    ] = None,
    normalize: Annotated[
        str | None,
        typer.Option(metavar="KIND", show_default=False, help="Normalize channels: zscore, percentile or minmax."),
    ] = None,
    sigma: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="Smooth by a Gaussian of this standard deviation, in the unit of --spacing; X,Y,… for each axis.",
        ),
    ] = "0",
    texture: Annotated[
        str | None,
        typer.Option(
            metavar="LOW,HIGH",
            show_default=False,
            help="Compare the texture at scales from LOW to HIGH pixels; auto: 0.5,16.",
        ),
    ] = None,
    position_weight: Annotated[
        float, typer.Option(metavar="X", min=0, help="How much the place counts, as the compactness of SLIC.")
    ] = 0,
    spacing: Annotated[
        str | None,
        typer.Option(metavar="X", show_default=False, help="Size of a pixel; X,Y,… along each axis. Default 1."),
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(
            metavar='"Y,X …"',
            show_default=False,
            help="Start at these pixels, one for each cluster; if they are fewer, others are added.",
        ),
    ] = None,
    scribbles: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Start at the means under the labels of this image of the same size; 0 is no label.",
        ),
    ] = None,
    fixed: Annotated[
        str | None,
        typer.Option(metavar="I,J", show_default=False, help="Starts that do not move, counted from 0."),
    ] = None,
    min_size: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Components of fewer pixels join what is around them."),
    ] = 0,
    majority: Annotated[
        int, typer.Option(metavar="N", min=0, help="Reach in pixels of a majority filter of the labels; 0 for none.")
    ] = 0,
    exact_passes: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Passes over all pixels that move the centroids in the end, of a Zarr with too many values.",
        ),
    ] = 0,
    n_init: Annotated[
        str, typer.Option(metavar="N", help="Number of starts, of which the best is kept. auto: one or two, improved.")
    ] = "auto",
    max_iter: Annotated[
        int, typer.Option(metavar="N", min=1, help="Largest number of iterations, a whole number of 1 or more.")
    ] = 300,
    tol: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0,
            help="Stop when the centroids move less, 0 or more; relative to the variance of the image.",
        ),
    ] = 1e-4,
) -> Wanted:
    """Return what the options say."""
    settings = {
        "n_clusters": number(clusters, int, "--clusters", "auto or a whole number of 1 or more"),
        "downsample": number(downsample, float, "--downsample", "auto or a factor of 1 or more"),
        "channel_axis": None
        if channel_axis == "none"
        else number(channel_axis, int, "--channel-axis", "auto, none or the number of an axis"),
        "nodata": nodata,
        "background": background,
        "saturated": saturated,
        "color_space": color_space,
        "channels": numbers(channels, int, "--channels"),
        "channel_weights": listed(numbers(channel_weights, float, "--channel-weights")),
        "normalize": normalize,
        "sigma": numbers(sigma, float, "--sigma"),
        "texture": scales(texture),
        "position_weight": position_weight,
        "spacing": numbers(spacing, float, "--spacing"),
        "min_size": min_size,
        "majority": majority,
        "exact_passes": exact_passes,
        "n_init": number(n_init, int, "--n-init", "auto or a whole number of 1 or more"),
        "random_state": seed,
        "max_iter": max_iter,
        "tol": tol,
    }
    if points is not None and scribbles is not None:
        raise CommandError("--points and --scribbles are both given; clusters start at one or the other")
    seeds = Seeds(coordinates(points), scribbles, listed(numbers(fixed, int, "--fixed")) or ())
    return Wanted(settings, mask, seeds)


def taking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command, in place of its parameter `how`, all options that `wanted` makes it of, once it is called."""
    own, shared = inspect.signature(command, eval_str=True), inspect.signature(wanted, eval_str=True)

    def run(**given: Any) -> Any:
        options = {name: given.pop(name) for name in shared.parameters}
        return command(**given, how=partial(wanted, **options))

    parameters: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        parameters += shared.parameters.values() if name == "how" else [parameter]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def given_options(context: typer.Context, but: Collection[str]) -> list[str]:
    """Return what was given on the command line, as it is written there, without these parameters."""
    return [
        f"--{name.replace('_', '-')}"
        for name in context.params
        if name not in but and getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
