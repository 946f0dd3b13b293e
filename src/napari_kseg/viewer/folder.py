"""A model applied to all image files of a folder."""

from __future__ import annotations

import csv
import os
import warnings
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_kseg.image.image_file import read_image, write_labels
from napari_kseg.image.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_kseg.image.model import Model
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.kmeans import Callback

SUFFIXES = frozenset(
    [
        ".avif", ".bmp", ".dib", ".gif", ".icns", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm",
        ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".sgi", ".tga", ".tif", ".tiff", ".webp",
    ]
)  # fmt: skip
"""What names of image files end with."""
SUMMARY = "summary.csv"
COLUMNS = ("file", "cluster", "name", "count", "fraction")


@dataclass(eq=False)
class FolderResult:
    """What came of the files: how many were segmented, and a sentence for each of which there is something to say."""

    n_files: int
    n_done: int = 0
    failed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)


def image_files(folder: Path) -> list[Path]:
    """Return the image files in a folder, by their names; ValueError if there is none."""
    try:
        there = [file for file in folder.iterdir() if not file.name.startswith(".") and file.is_file()]
    except OSError as error:
        raise ValueError(f"{folder} cannot be read ({error.strerror or error}); choose another folder") from None
    files = sorted(file for file in there if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(
            f"{folder} has no image file, whose name ends with .tif, .png, .jpg or the like; choose another folder"
        )
    return files


def check_output(files: Sequence[Path], output: Path) -> None:
    """Raise ValueError if labels of the files would be taken for images, or replace what is not ours."""
    if output.resolve() == files[0].parent.resolve():
        raise ValueError(f"{output} is the folder of the images, and labels would mix with them; choose another folder")
    if not _is_ours(output / SUMMARY):
        for name in (SUMMARY, *_names(files).values()):
            if os.path.lexists(output / name):
                raise ValueError(
                    f"{output / name} is there already and not known as a result; move it, or choose another folder"
                )


def segment_folder(model: Model, files: Sequence[Path], output: Path, callback: Callback) -> FolderResult:
    """Segment image files by a model; write the labels of each, and a table of all.

    Parameters
    ----------
    model : Model
        By whose centroids pixels are labeled.
    files : sequence of Path
        Image files; those that cannot be segmented are passed over.
    output : Path
        Folder for "<stem>_labels.tif" of each, and "summary.csv".
    callback : callable
        Called between two files; if it raises, what is done is kept, and in the table.

    Raises
    ------
    ValueError
        If nothing can be written there.
    """
    result, rows, names = FolderResult(len(files)), list[tuple[Any, ...]](), _names(files)
    try:
        try:
            output.mkdir(parents=True, exist_ok=True)
            for number, file in enumerate(files):
                callback(f"Image {number + 1} of {len(files)}", number, len(files))
                seg = _segmented(model, file, result)
                if seg is not None:
                    _written(output / names[file], partial(write_labels, labels=seg.labels))
                    rows += [(file.name, *row) for row in _rows(seg)]
                    result.n_done += 1
        finally:
            if rows:
                _written(output / SUMMARY, partial(_write_table, rows=rows))
    except OSError as error:
        raise ValueError(
            f"labels cannot be written to {output} ({error.strerror or error}); choose another folder, or make room"
        ) from None
    return result


def _segmented(model: Model, file: Path, result: FolderResult) -> Segmentation | None:
    """Return the segmentation of a file; without one, the result says why."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        try:
            seg = _segment_file(model, file)
        except (ValueError, TypeError, MemoryError) as error:
            result.failed.append(_about(file, str(error) or "there is not enough memory"))
            return None
    result.warned += [_about(file, str(warning.message)) for warning in warned]
    return seg


def _segment_file(model: Model, file: Path) -> Segmentation:
    axis = model.settings.channel_axis
    is_guessed = model.rgb or not isinstance(axis, int)
    image, is_color = read_image(file, as_stored=not is_guessed)
    if is_guessed and is_color:  # the file knows, also where a model of one channel would take it for a volume
        return model.segment_pixels(Pixels(image, channel_axis=-1, rgb=True, alpha=image.shape[-1] == 4))
    return model.segment(image)


def _about(file: Path, sentence: str) -> str:
    return sentence if str(file) in sentence else f"{file.name}: {sentence}"


def _names(files: Sequence[Path]) -> dict[Path, str]:
    """Return what the labels of each file are called; files that differ in nothing but their suffix keep it."""
    stems = Counter(file.stem.casefold() for file in files)
    return {file: f"{file.stem if stems[file.stem.casefold()] == 1 else file.name}_labels.tif" for file in files}


def _rows(seg: Segmentation) -> list[tuple[Any, ...]]:
    columns = [seg.table()[name].tolist() for name in ("label", *COLUMNS[2:])]
    return [*zip(*columns, strict=True)]


def _write_table(path: Path, rows: Sequence[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])


def _is_ours(summary: Path) -> bool:
    with suppress(OSError, UnicodeDecodeError), summary.open(newline="", encoding="utf-8") as file:
        return file.readline().strip() == ",".join(COLUMNS)
    return False


def _written(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file so that its name never stands for half of it."""
    draft = target.with_name(f".napari-kseg-{target.name}")
    try:
        write(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
