"""The command `napari-kseg batch`: many images, one after the other or at once."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer  # noqa: TID253  # this module is the command line

from napari_kseg.image._progress import progress_bar
from napari_kseg.image.batch import SUMMARY, BatchResult, check_room, segment_files
from napari_kseg.image.batch_file import Outcome, Task
from napari_kseg.image.batch_models import MODEL, with_model_of_all, with_model_of_first
from napari_kseg.image.image_file import read_mask
from napari_kseg.image.image_files import ImageFile, find_images
from napari_kseg.image.model import load_model
from napari_kseg.image.result_files import KINDS
from napari_kseg.image.settings import Settings
from napari_kseg.image.wording import counted, of_all

from .errors import CommandError
from .options import Wanted, given_options, taking_options
from .parse import in_options

_OWN = ("inputs", "output", "recursive", "fit", "model", "write", "jobs", "overwrite", "mask")
"""Parameters that are not about how clusters are found."""
_FITS = ("each", "first", "all")


@taking_options
def batch(
    context: typer.Context,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT", help='Image files, patterns such as "scans/*.tif", and folders of images.'),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Write the results here.")],
    recursive: Annotated[
        bool,
        typer.Option("--recursive", "-r", help="Look in folders inside of folders; results lie in folders likewise."),
    ] = False,
    fit: Annotated[
        str,
        typer.Option(
            metavar="WHICH",
            help="each: find clusters in each image. first, all: in the first one, or in all of them together, and "
            "label all images by these, so that a label means the same everywhere.",
        ),
    ] = "each",
    model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Find no clusters, but label by those of this model."),
    ] = None,
    write: Annotated[
        str,
        typer.Option(metavar="KIND,…", help=f"What to write of each image: {', '.join(KINDS)}."),
    ] = "labels,recolored,table,model",
    jobs: Annotated[
        str,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            help="Images to work on at once. auto: as many as there are processors, once that saves time.",
        ),
    ] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Also do images again whose results are there and up to date.")
    ] = False,
    *,
    how: Callable[[], Wanted],
) -> int:
    """Segment many images by K-means and write a table of all.

    \b
    napari-kseg batch scans -k 5 -o out            all images in a folder
    napari-kseg batch scans -k 5 -o out --fit all  the same clusters in all
    napari-kseg batch *.tif -o out --model m.json  the clusters of a model

    Given again, the command goes on where it was stopped. A file that cannot be read is told, and the others are done.
    """  # noqa: D301  # \b, not a raw string: a backspace keeps the lines apart
    kinds, n_jobs = _kinds(write), _jobs(jobs)
    if fit not in _FITS:
        raise CommandError(f"--fit {fit} is not possible; give each, first or all")
    if model is not None:
        given = given_options(context, but=_OWN) + (["--fit"] if "--fit" in given_options(context, but=()) else [])
        if given:
            raise CommandError(f"{given[0]} is not possible with --model, whose file says how clusters are found")
    try:
        files = find_images(inputs, recursive=recursive)
        task = _task(how(), model, kinds)
        shared = [MODEL] if fit != "each" else []
        own = tuple(kind for kind in task.kinds if kind != "model" or not shared)
        check_room(files, output, own, shared, overwrite=overwrite)
        return _run(files, output, task, fit, n_jobs, overwrite)
    except (ValueError, TypeError, MemoryError) as error:
        raise CommandError(_in_batch(str(error) or "there is not enough memory")) from None


def _in_batch(message: str) -> str:
    return in_options(message.replace("fit on the first or on each", "give --fit first or --fit each"))


def _kinds(text: str) -> tuple[str, ...]:
    wanted = [kind.strip() for kind in text.split(",")]
    for kind in wanted:
        if kind not in KINDS:
            raise CommandError(f"--write {text} is not possible; give one or more of {','.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in wanted)


def _jobs(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise CommandError(f"--jobs {text} is not possible; give auto or a whole number of 1 or more")
    return int(text)


def _task(how: Wanted, model: Path | None, kinds: tuple[str, ...]) -> Task:
    """Return what to do with each file, checked before anything that takes long."""
    if how.mask is not None:
        read_mask(how.mask)
    if model is None:
        Settings(**how.settings)
        return Task(how.keywords(), kinds, how.mask)
    try:
        return Task(load_model(model), tuple(kind for kind in kinds if kind != "model"), how.mask)
    except OSError as error:
        raise CommandError(f"{model} cannot be read ({error.strerror or error}); give a model file") from None


def _run(files: list[ImageFile], output: Path, task: Task, fit: str, jobs: int | None, overwrite: bool) -> int:
    """Segment the files, tell how it goes and what came out; return the exit status."""
    result = BatchResult(len(files))
    try:
        if fit != "each" and not task.has_model:
            with progress_bar(sys.stderr.isatty(), None) as report:
                find = with_model_of_first if fit == "first" else with_model_of_all
                task = find(task, files, output, overwrite=overwrite, callback=report)
        with _told(files, result) as tell:
            segment_files(files, output, task, jobs=jobs, overwrite=overwrite, tell=tell)
    except KeyboardInterrupt:
        done = f"{of_all(result.n_done, result.n_files, 'image')} {'are' if result.n_files > 1 else 'is'} done"
        print(f"\nnapari-kseg: stopped; {done}, and the same command goes on with the others", file=sys.stderr)
        raise
    return _print_result(result, output, shared=fit != "each")


@contextmanager
def _told(files: list[ImageFile], result: BatchResult) -> Iterator[Callable[[ImageFile, Outcome], None]]:
    """Tell of each file: a bar and what went wrong for a person who looks, a line for each file elsewhere."""
    from tqdm.auto import tqdm

    is_seen = sys.stderr.isatty()
    with tqdm(total=len(files), unit="image", leave=False, disable=not is_seen, dynamic_ncols=True) as bar:

        def line(text: str) -> None:
            if is_seen:
                bar.write(text, file=sys.stderr)
            else:
                print(text, file=sys.stderr, flush=True)

        def tell(file: ImageFile, outcome: Outcome) -> None:
            result.add(outcome)
            number = result.n_done + len(result.failed)
            for sentence in outcome.warned:
                line(f"napari-kseg: warning: {in_options(sentence)}")
            if outcome.error:
                line(f"napari-kseg: {in_options(outcome.error)}")
            elif not is_seen:
                line(f"{number} of {len(files)}: {file.label}: {_described(outcome)}")
            bar.set_postfix_str(file.label, refresh=False)
            bar.update()

        yield tell


def _described(outcome: Outcome) -> str:
    if outcome.before:
        return "done before"
    shape = " × ".join(map(str, outcome.shape))
    return f"{shape} pixels in {counted(len(outcome.rows), 'cluster')}, {outcome.seconds:.2f} s"


def _print_result(result: BatchResult, output: Path, *, shared: bool) -> int:
    """Print what came out; return the exit status."""
    before = f", {result.n_before} of them before" if result.n_before else ""
    print(f"{of_all(result.n_done, result.n_files, 'image')} segmented{before}")
    if result.n_done:
        print(f"Written to {output}{os.sep}, with {SUMMARY} of all" + (f" and their {MODEL}" if shared else ""))
    if not result.failed:
        return 0
    print(
        f"napari-kseg: {of_all(len(result.failed), result.n_files, 'image')} could not be segmented:", file=sys.stderr
    )
    for sentence in result.failed:
        print(f"  {in_options(sentence)}", file=sys.stderr)
    return 1
