"""What is known of the results in a folder: of which file they are, how they were made, and whether all are there.

Records lie in a hidden folder beside the results. They tell what need not be done again, and which files are ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

HIDDEN = ".napari-kseg"
"""Name of the folder of records and unfinished files."""
_SHARED = "folder.json"
_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Record:
    """The results of one image file.

    Parameters
    ----------
    source : str
        Where the file was.
    fingerprint : str
        What it was when it was read.
    made_by : str
        What stands for the settings, the model and the kinds of results.
    files : mapping of str to int
        Names of the results below the folder, and their sizes.
    rows : sequence of mapping
        Rows of the summary.
    complete : bool
        False while files are being moved to their places.
    """

    source: str
    fingerprint: str
    made_by: str
    files: Mapping[str, int]
    rows: Sequence[Mapping[str, Any]] = field(default_factory=list)
    complete: bool = True


class Records:
    """The records of a folder of results.

    Parameters
    ----------
    folder : Path
        The folder, which need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hidden = folder / HIDDEN

    def of(self, name: str) -> Record | None:
        """Return what is recorded under the name of results; None if nothing can be read."""
        values = _read(self._path(name))
        with suppress(TypeError):
            return Record(**values)
        return None

    def all(self) -> Iterator[Record]:
        """Yield all records."""
        start = self._hidden / "records"
        for path in sorted(start.rglob("*.json")):
            record = self.of(path.relative_to(start).as_posix().removesuffix(".json"))
            if record is not None:
                yield record

    def is_done(self, name: str, fingerprint: str, made_by: str) -> bool:
        """Return whether all results of a file are there, made of it as it is, in just this way."""
        record = self.of(name)
        return (
            record is not None
            and record.complete
            and (record.fingerprint, record.made_by) == (fingerprint, made_by)
            and all(_size(self.folder / file) == size for file, size in record.files.items())
        )

    def save(self, name: str, record: Record) -> None:
        """Record results."""
        written(self._path(name), lambda draft: draft.write_text(json.dumps(asdict(record)), encoding="utf-8"))

    def shared(self) -> dict[str, Any]:
        """Return what is recorded of files that are about all images: "files", their names, and more."""
        return {"files": [], **_read(self._hidden / _SHARED)}

    def share(self, name: str, **more: Any) -> None:
        """Record a file that is about all images, and more about it."""
        values = self.shared()
        values |= {"files": sorted({*values["files"], name}), **more}
        written(self._hidden / _SHARED, lambda draft: draft.write_text(json.dumps(values), encoding="utf-8"))

    def known(self) -> set[str]:
        """Return the names of all files that are recorded as results."""
        return {*self.shared()["files"], *(file for record in self.all() for file in record.files)}

    @contextmanager
    def stage(self) -> Iterator[Path]:
        """A folder for unfinished files, which is removed in the end."""
        self._hidden.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f"unfinished-{platform.node()}-{os.getpid()}-", dir=self._hidden))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what runs left that were killed."""
        for left in self._hidden.glob("unfinished-*"):
            if _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self._hidden / "records" / f"{name}.json"


def results_around(folder: Path) -> set[Path]:
    """Return the files that are recorded as results in a folder, or in one that it lies in."""
    known: set[Path] = set()
    start = folder.resolve()
    for place in (start, *start.parents):
        if (place / HIDDEN).is_dir():
            known |= {place / name for name in Records(place).known()}
    return known


def fingerprint(path: Path) -> str:
    """Return what changes whenever a file, or a file in a folder, does: sizes and times of the last change."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    stats = [(file.relative_to(path).as_posix(), file.stat()) for file in files]
    return digest([[name, stat.st_size, stat.st_mtime_ns] for name, stat in stats])


def digest(value: Any) -> str:
    """Return a short text that stands for a value of what JSON knows, arrays and paths."""
    text = json.dumps(value, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def written(target: Path, write: Callable[[Path], Any]) -> None:
    """Write a file so that its name never stands for half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{HIDDEN}-{os.getpid()}-{target.name}")
    try:
        write(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def not_ours(output: Path, names: Iterable[str], known: set[str]) -> str | None:
    """Return a sentence about the first file that would be replaced though it is no result; None if there is none."""
    for name in names:
        if name not in known and os.path.lexists(output / name):
            return f"{output / name} is there already and not known as a result; move it, or choose another folder"
    return None


def _is_abandoned(stage: Path) -> bool:
    """Whether the run that made a folder is over; of one on another machine, whether it is a day old."""
    host, number = stage.name.removeprefix("unfinished-").rsplit("-", 2)[:2]
    if host == platform.node() and os.name == "posix":  # elsewhere, to ask for a process is to end it
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            return True
        except (OSError, ValueError):
            pass
    with suppress(OSError):
        return time.time() - stage.stat().st_mtime > _DAY
    return False


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, UnicodeDecodeError, json.JSONDecodeError):
        values = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(values, dict):
            return values
    return {}


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return -1
