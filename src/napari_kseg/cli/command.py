"""The options of the command line, and what they lead to."""

import itertools
import re
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer  # noqa: TID253  # this module is the command line
from typer.core import TyperGroup  # noqa: TID253

import napari_kseg
from napari_kseg.image._progress import progress_bar
from napari_kseg.image.image_file import ImageFileError, read_image, read_mask
from napari_kseg.image.pixels import Pixels
from napari_kseg.image.segment import prepared, segment_pixels
from napari_kseg.image.settings import Settings
from napari_kseg.kmeans import not_converged

from .errors import CommandError
from .parse import OPTIONS, coordinates, listed, number, numbers, scales
from .report import print_files, print_table
from .view import open_viewer
from .write import staged, write_results

# Typer's own errors: Click's class, or since Typer 0.29 one of its own that has no public name.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class _DefaultCommandGroup(TyperGroup):
    """Commands of which the first one has no name: arguments that do not start with that of another one are for it."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        default, *others = self.commands
        if args and args[0] in others:
            return super().make_context(info_name, args, parent, **extra)
        return self.commands[default].make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


app = typer.Typer(cls=_DefaultCommandGroup, add_completion=False, pretty_exceptions_enable=False)


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit: status 0, or 2 with one sentence on bad input, or 130 after Ctrl-C."""
    command = typer.main.get_group(app)
    try:
        status = command(arguments, prog_name="napari-kseg", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except CommandError as error:
        status = _complain(str(error))
    except _UsageError as error:
        status = _complain(_explain(error, sys.argv[1:] if arguments is None else arguments))
    sys.exit(status)


def _explain(error: Any, arguments: list[str]) -> str:
    """Say what was given and what the option is for; Typer says neither."""
    parameter = getattr(error, "param", None)
    for option in getattr(parameter, "opts", ()):
        value = _last_value(option, arguments)
        if value is not None and parameter is not None:
            return f"{parameter.opts[0]} {value} is not possible: {parameter.help}"
    return str(error.format_message())


def _last_value(option: str, arguments: list[str]) -> str | None:
    """What was given for an option, as `--option value`, `--option=value` or `-ovalue`; the last one counts."""
    joined = option if len(option) == 2 else f"{option}="
    for before, argument in reversed([*itertools.pairwise(["", *arguments])]):
        if before == option:
            return argument
        if argument.startswith(joined) and argument != option:
            return argument.removeprefix(joined)
    return None


def _complain(message: str) -> int:
    print("napari-kseg:", " ".join(message.split()), file=sys.stderr)
    return 2


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"napari-kseg {napari_kseg.__version__}")
        raise typer.Exit


@app.command("segment")
def segment_or_view(
    context: typer.Context,
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IMAGE", show_default=False, help="Image file. In the viewer also several; a sample without any."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", show_default=False, help="Write the results here; no viewer opens."
        ),
    ] = None,
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
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Segment an image by K-means: in napari, or with --output without it.

    \b
    napari-kseg                          the viewer with a sample photo
    napari-kseg photo.png                the viewer with this photo
    napari-kseg photo.png -k 5 -o out    no viewer, results in the folder out
    """  # noqa: D301  # \b, not a raw string: a backspace keeps the lines apart
    paths = images or []
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path} does not exist")
    if output is None:
        given = [name for name in context.params if _is_given(context, name) and name not in ("images", "output")]
        if given:
            option = "--" + given[0].replace("_", "-")
            raise CommandError(
                f"{option} needs --output FOLDER; without it the viewer opens, whose form has the settings"
            )
        open_viewer(paths)
        return
    if len(paths) != 1:
        raise CommandError(f"--output needs exactly one IMAGE, but {len(paths) or 'none'} was given")
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
        "n_init": number(n_init, int, "--n-init", "auto or a whole number of 1 or more"),
        "random_state": seed,
        "max_iter": max_iter,
        "tol": tol,
    }
    if points is not None and scribbles is not None:
        raise CommandError("--points and --scribbles are both given; clusters start at one or the other")
    seeds = Seeds(coordinates(points), scribbles, listed(numbers(fixed, int, "--fixed")) or ())
    segment_file(paths[0], output, mask, settings, seeds)


def _is_given(context: typer.Context, name: str) -> bool:
    return getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"


@dataclass(frozen=True)
class Seeds:
    """Where clusters start, if the user says so."""

    points: Any
    scribbles: Path | None
    fixed: tuple[int, ...]

    def keywords(self) -> dict[str, Any]:
        """Return what `segment` takes."""
        init: Any = self.points if self.scribbles is None else read_image(self.scribbles)[0]
        return (
            {}
            if init is None and not self.fixed
            else {"init": "k-means++" if init is None else init, "fixed": self.fixed}
        )


def segment_file(path: Path, folder: Path, mask_path: Path | None, settings: dict[str, Any], seeds: Seeds) -> None:
    """Segment an image file and write the results; say what came out."""
    try:
        Settings(**settings)  # before anything that takes long
        with staged(folder, path, mask_path) as stage, warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)  # to show, even where Python was told to raise them
            warnings.showwarning = _show_warning  # type: ignore[assignment]  # of the six arguments one is shown
            keywords = {**settings, **seeds.keywords()}
            checked, pixels = prepared(lambda axis: _pixels_of(path, mask_path, axis), keywords)
            start = time.perf_counter()
            with progress_bar(sys.stderr.isatty(), None) as report:
                seg = segment_pixels(pixels, checked, callback=report)
            seconds = time.perf_counter() - start
            if not seg.converged:
                _show_warning(not_converged(checked.max_iter))
            names = write_results(seg, stage, path)
    except ImageFileError as error:
        raise CommandError(str(error)) from None
    except (ValueError, TypeError, MemoryError) as error:
        raise CommandError(_in_options(str(error) or "there is not enough memory")) from None
    except OSError as error:
        raise CommandError(f"the results cannot be written to {folder} ({error.strerror or error})") from None
    shape = " × ".join(map(str, seg.labels.shape))
    print(f"{path.name}: {shape} pixels in {len(seg.centroids)} clusters, {seconds:.2f} s\n")
    print_table(seg)
    print_files(names, folder, path)


def _pixels_of(path: Path, mask_path: Path | None, channel_axis: Any) -> Pixels:
    """Pixels of a file. What it says about its color is more than `segment` could guess from its shape."""
    guess = channel_axis == "auto"
    image, is_color = read_image(path, as_stored=not guess)
    mask = None if mask_path is None else read_mask(mask_path)
    if guess and is_color:
        return Pixels(image, channel_axis=-1, rgb=True, alpha=image.shape[-1] == 4, mask=mask)
    return Pixels.of(image, channel_axis, mask)


def _in_options(message: str) -> str:
    named = re.sub(rf"\b({'|'.join(OPTIONS)})=", lambda match: f"{OPTIONS[match[1]]} ", message)
    return named.replace("raise max_iter, or tol", "raise --max-iter, or --tol").replace("None", "none")


def _show_warning(message: Warning | str, *_: Any) -> None:
    if isinstance(message, (DeprecationWarning, PendingDeprecationWarning)):
        return  # of libraries, to their developers
    print("napari-kseg: warning:", _in_options(str(message)), file=sys.stderr)
