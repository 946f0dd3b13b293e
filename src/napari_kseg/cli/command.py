"""The options of the command line, and what they lead to."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer  # noqa: TID253  # this module is the command line
from typer.core import TyperGroup  # noqa: TID253

import napari_kseg

from .batch import batch
from .errors import CommandError
from .options import Wanted, given_options, taking_options
from .run import segment_files
from .view import open_viewer
from .write_zarr import ZarrOptions, is_zarr_name

_OF_ZARR = ("ome_zarr_version", "overwrite")
"""Parameters that are about OME-Zarr alone."""

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
    """Run the command and exit: 0, or 1 if some of many images failed, 2 on bad input, or 130 after Ctrl-C."""
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
@taking_options
def segment_or_view(
    context: typer.Context,
    images: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="IMAGE",
            show_default=False,
            help="Image file. In the viewer or --as-channels also several; in the viewer a sample without any.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            show_default=False,
            help="Write the results here; no viewer opens. A name that ends in .zarr: as OME-Zarr.",
        ),
    ] = None,
    as_channels: Annotated[
        bool, typer.Option("--as-channels", help="The images are the channels of one image: gray files of one size.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Label by the clusters of this model.json of another run; none are searched for.",
        ),
    ] = None,
    ome_zarr_version: Annotated[
        str, typer.Option(metavar="X", help="Version of the OME-Zarr that is written, 0.5 or 0.4.")
    ] = "0.5",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an OME-Zarr of this name.")] = False,
    *,
    how: Callable[[], Wanted],
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Segment an image by K-means: in napari, or with --output without it.

    \b
    napari-kseg                          the viewer with a sample photo
    napari-kseg photo.png                the viewer with this photo
    napari-kseg photo.png -k 5 -o out    no viewer, results in the folder out
    napari-kseg b1.tif b2.tif b3.tif --as-channels -o out
                                         three bands, compared together
    napari-kseg other.png --model out/model.json -o other
                                         the same clusters in another image
    napari-kseg slide.ome.zarr -o result.ome.zarr
                                         OME-Zarr in and out
    napari-kseg batch scans -k 5 -o out  many images; napari-kseg batch --help
    """  # noqa: D301  # \b, not a raw string: a backspace keeps the lines apart
    paths = images or []
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path} does not exist")
    if output is None:
        given = given_options(context, but=("images", "output"))
        if given:
            raise CommandError(
                f"{given[0]} needs --output FOLDER; without it the viewer opens, whose form has the settings"
            )
        open_viewer(paths)
        return
    if len(paths) != 1 and not (paths and as_channels):
        more = (
            f"{len(paths)} were given; --as-channels takes them as the channels of one" if paths else "none was given"
        )
        raise CommandError(f"--output needs exactly one IMAGE, but {more}")
    given = given_options(context, but=("images", "output", "as_channels", "model", "mask", *_OF_ZARR))
    if model is not None and given:
        option = given[0]
        raise CommandError(f"{option} and --model are both given; a model has its own settings, leave {option} out")
    zarr = ZarrOptions(ome_zarr_version, overwrite) if is_zarr_name(output) else None
    others = set(context.params) - set(_OF_ZARR)
    for option in given_options(context, but=others) if zarr is None else ():
        raise CommandError(f"{option} is for OME-Zarr; give an --output whose name ends in .zarr")
    segment_files(tuple(paths), model, output, how(), zarr)


app.command("batch")(batch)
