"""Which image files are meant by files, patterns and folders, and what their results are called."""

from __future__ import annotations

import glob
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .image_file import SUFFIXES, ImageFileError
from .napari_reader import is_known_to_plugins
from .records import results_around

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True)
class ImageFile:
    """A file, or a folder that is one image, and what its results are called.

    Parameters
    ----------
    path : Path
        Where it is.
    label : str
        How tables name it: below the folder that was given, with "/" between folders.
    name : str
        What names of its results start with: the same without its suffix, unless that would be that of another file.
    """

    path: Path
    label: str
    name: str


def find_images(inputs: Iterable[str | Path], *, recursive: bool = False) -> list[ImageFile]:
    """Find the image files that are meant.

    Parameters
    ----------
    inputs : iterable of str or Path
        Files, which are taken as they are; patterns with *, ?, [ ] and ** for any folders; and folders, of which those
        files are taken that look like images by their names. What was written by an earlier run is passed over.
    recursive : bool, optional
        Look in folders inside of folders, too. Results then lie in folders likewise.

    Returns
    -------
    files : list of ImageFile
        In the order that was given, those of a folder or a pattern by their names; none twice.

    Raises
    ------
    ImageFileError
        If something does not exist, there is no image, or two files would have results of the same name.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for given in inputs:
        for path, label in _meant(given, recursive):
            found.setdefault(path.resolve(), (path, label))
    return named([*found.values()])


def _meant(given: str | Path, recursive: bool) -> Iterator[tuple[Path, str]]:
    path = Path(given)
    if path.exists():
        if not _is_folder(path):
            yield path, path.name
            return
        yield from ((file, file.relative_to(path).as_posix()) for file in folder_images(path, recursive=recursive))
        return
    if not glob.has_magic(str(given)):
        raise ImageFileError(f"{given} does not exist")
    start = Path(*_plain_parts(path))
    matches = sorted(Path(match) for match in glob.glob(str(given), recursive=True))
    known = results_around(start)
    files = [match for match in matches if not _is_folder(match) and match.resolve() not in known]
    if not files:
        raise ImageFileError(f"no image matches {given}; check it, or give a folder")
    yield from ((file, file.relative_to(start).as_posix()) for file in files)


def folder_images(folder: Path, *, recursive: bool = False) -> list[Path]:
    """Return the image files in a folder, by their names.

    Raises
    ------
    ImageFileError
        If it cannot be read, or there is none.
    """
    files: list[Path] = []
    _add_images(folder, recursive, results_around(folder), files)
    if not files:
        raise ImageFileError(
            f"{folder} has no image file, whose name ends with .tif, .png, .jpg or the like; choose another folder"
        )
    return files


def _add_images(folder: Path, recursive: bool, known: set[Path], files: list[Path]) -> None:
    try:
        there = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        for file in there:
            if _is_folder(file):
                if recursive and not file.is_symlink():  # links may lead in circles
                    _add_images(file, recursive, known | results_around(file), files)
            elif file.resolve() not in known and _looks_like_image(file):
                files.append(file)
    except OSError as error:
        raise ImageFileError(f"{folder} cannot be read ({error.strerror or error}); choose another folder") from None


def _is_folder(path: Path) -> bool:
    """Whether something is a folder of files, and not one that is an image, as those of Zarr are."""
    return path.is_dir() and not (path.suffix and (path.suffix.lower() == ".zarr" or is_known_to_plugins(path)))


def _looks_like_image(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return path.is_file()
    return path.suffix.lower() == ".zarr" or (bool(path.suffix) and is_known_to_plugins(path))


def _plain_parts(pattern: Path) -> list[str]:
    """Folders before the first that is a pattern."""
    parts: list[str] = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts


def named(found: Sequence[tuple[Path, str]]) -> list[ImageFile]:
    """Name the results of files with labels; files that differ in nothing but their suffix keep it.

    Raises
    ------
    ImageFileError
        If two files have the same label.
    """
    first: dict[str, Path] = {}
    for path, label in found:
        other = first.setdefault(label.casefold(), path)
        if other is not path:
            raise ImageFileError(
                f"{other} and {path} have the same name, and so would their results; rename one, or give a folder that "
                "holds both, with recursive=True"
            )
    stems = Counter(_stem(label) for label in first)
    return [
        ImageFile(path, label, _stem(label) if stems[_stem(label.casefold())] == 1 else label) for path, label in found
    ]


def _stem(label: str) -> str:
    return os.path.splitext(label)[0]


def check_output(files: Sequence[ImageFile], output: Path) -> None:
    """Raise ImageFileError if results would lie beside the images, and be taken for some next time."""
    if any(file.path.parent.resolve() == output.resolve() for file in files):
        raise ImageFileError(
            f"{output} is the folder of the images, and labels would mix with them; choose another folder"
        )
