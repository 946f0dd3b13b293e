"""From a result to files."""

from __future__ import annotations

import csv
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_kseg.image.result_files import write_kinds, write_masks, write_table

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_kseg import Segmentation

_SHARED = ("clusters.csv", "model.json", "centroids.png")
"""Files that are not named after the image: those of the latest run into a folder."""


@contextmanager
def staged(folder: Path, given: Sequence[Path]) -> Iterator[Path]:
    """A temporary folder whose files go to `folder` all together at the end; after an exception none does.

    Earlier results of the same image, the first of the files `given`, are replaced; those of other images are kept, and
    so are the files `given`.
    """
    source = given[0]
    created = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".napari-kseg-", dir=folder))
    except OSError as error:
        _remove_empty(created)
        raise CommandError(f"{folder} is not a folder that can be written to ({error.strerror})") from None
    try:
        yield stage
        old = _earlier(folder, source)
        new = sorted(stage.iterdir())
        moves = [(folder / name, folder / f"{old.owner}_{name}") for name in old.others]
        _check_room([folder / file.name for file in new], moves, old.own, given)
        (stage / "old").mkdir()
        replaced = {*old.own, *(folder / file.name for file in new)} - {file for file, _ in moves}
        moves += [(file, stage / "old" / file.name) for file in sorted(replaced) if file.is_file()]
        _move_all(moves + [(file, folder / file.name) for file in new])
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_empty(created)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


class _Earlier(NamedTuple):
    """What an earlier run left in a folder."""

    owner: str
    """Stem of the image that the shared files are about."""
    own: list[Path]
    """Files of the same image: to be removed."""
    others: list[str]
    """Names of shared files of another image: to be named after it."""


def _earlier(folder: Path, source: Path) -> _Earlier:
    """Find what an earlier run left. Only a table of ours says which files are: all others are the user's."""
    own: list[Path] = []
    ends = _mask_suffixes(folder / f"{source.stem}_labels.tif")
    for prefix in ("", f"{source.stem}_"):  # as they were written, or renamed for another image
        owner, n_clusters = _described(folder / f"{prefix}clusters.csv")
        if owner == source.name:
            own += [folder / f"{prefix}{name}" for name in _SHARED]
            own += [folder / f"{source.stem}_mask_{i}{end}" for i in range(1, n_clusters + 1) for end in ends]
    owner, _ = _described(folder / "clusters.csv")
    is_other = owner not in (None, source.name)
    others = [name for name in _SHARED if is_other and (folder / name).is_file()]
    return _Earlier(Path(str(owner)).stem, own, others)


def _mask_suffixes(labels: Path) -> tuple[str, ...]:
    """Suffix of the masks that were written along with labels; none if there are no labels."""
    import tifffile

    with suppress(Exception), tifffile.TiffFile(labels) as file:  # what is no TIFF file raises what it likes
        return (".png",) if len(file.series[0].shape) == 2 else (".tif",)
    return ()


def _check_room(targets: list[Path], moves: list[tuple[Path, Path]], own: list[Path], inputs: Sequence[Path]) -> None:
    """Refuse to write over what is not ours, and over what was read, before anything is changed."""
    for file in {*targets, *own, *(file for file, _ in moves)}:
        if file.exists() and any(given.exists() and file.samefile(given) for given in inputs):
            raise CommandError(f"{file} was given and would be replaced by a result; give another folder")
    free = {*own, *(file for file, _ in moves)}
    for target in targets + [to for _, to in moves]:
        again = bool(own) and target.stem.endswith(("_labels", "_recolored")) and target.is_file()
        known = target in free and target.is_file() and target not in [to for _, to in moves]
        if os.path.lexists(target) and not known and not again:
            raise CommandError(
                f"{target} is there already and not known as a result of this image; move it, or give another folder"
            )


def _move_all(moves: list[tuple[Path, Path]]) -> None:
    """Rename all files, or after an exception none."""
    done: list[tuple[Path, Path]] = []
    try:
        for file, target in moves:
            done.append((file, target))
            file.replace(target)
    except BaseException:
        for file, target in reversed(done):
            if not os.path.lexists(file):
                target.replace(file)
        raise


def _described(table: Path) -> tuple[str | None, int]:
    """Name of the image that a table of ours is about, and its number of clusters."""
    with suppress(OSError, UnicodeDecodeError, csv.Error), table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
        if rows and rows[0].get("image") and "label" in rows[0]:
            return rows[0]["image"], len(rows)
    return None, 0


def write_results(seg: Segmentation, folder: Path, source: Path, others: Sequence[Path] = ()) -> list[str]:
    """Write labels, recolored image, masks, table, model and plot; return the names of the files.

    Parameters
    ----------
    seg : Segmentation
        The result.
    folder : Path
        An existing folder, best one from `staged`.
    source : Path
        The image file, after which those of the results are named. It is not read.
    others : sequence of Path, optional
        Files of the further channels, if `source` is that of the first.

    Returns
    -------
    names : list of str
        Without "centroids.png" where matplotlib is not installed.
    """
    written = write_kinds(seg, folder, source.stem, source, ("labels", "recolored"), others)
    written += write_masks(seg, folder, source.stem, _progress(range(1, seg.n_clusters + 1), "Writing masks"))
    written += [folder / name for name in _SHARED]
    write_table(seg, folder / "clusters.csv", source)
    seg.model.save(folder / "model.json")
    with suppress(ImportError):
        seg.plot().savefig(folder / "centroids.png")
    return [path.name for path in written if path.exists()]


def _progress(numbers: range, text: str) -> Iterable[int]:
    """Show a bar if this takes long and someone is looking."""
    from tqdm.auto import tqdm

    bar: Iterable[int] = tqdm(numbers, desc=text, delay=0.5, leave=False, disable=not sys.stderr.isatty())
    return bar
