"""What is being written: kept beside the result under another name, with a record of the blocks that are finished."""

import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

Block = tuple[int, ...]

_RECORD = ".writing"


class Unfinished:
    """A folder in the making. It gets the name of the result at the end, so what has that name is whole.

    Parameters
    ----------
    path : Path
        Of the result.
    overwrite : bool
        Whether a result of that name, and what was begun of another one, are replaced.

    Raises
    ------
    FileExistsError
        If something of that name may not be replaced.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        check_free(path, overwrite)
        self.path = path
        self.folder = path.with_name(path.name + ".partial")
        self.overwrite = overwrite
        self.finished: dict[tuple[int, Block], str] = {}
        self.has_same_source = False
        self._record = self.folder / _RECORD
        self._replaced = path.with_name(f".{path.name}.replaced")
        self._list: IO[str] | None = None

    @contextmanager
    def begun(self, description: Mapping[str, Any]) -> Iterator[None]:
        """Go on if this was begun with the same description, else begin.

        The entry "source" may differ; `has_same_source` says whether it does. After an exception what is finished
        stays, to go on from; if nothing is, nothing stays.
        """
        made = [parent for parent in self.folder.parents if not parent.exists()]
        try:
            with self._locked():
                goes_on = self._goes_on(description)
                try:
                    if not goes_on:
                        self._clear()
                        _write(self._record / "description.json", json.dumps(description))
                    with (self._record / "finished.txt").open("a", encoding="ascii") as self._list:
                        yield
                except BaseException:
                    if not self.finished:
                        self._vanish()
                    raise
        except BaseException:
            for parent in made:
                with suppress(OSError):
                    parent.rmdir()
            raise

    def _vanish(self) -> None:
        """Remove the folder, and what threads that are still at work write into it after that."""
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            time.sleep(0.05)
            if not os.path.lexists(self.folder):
                return

    def add(self, level: int, block: Block, digest: str) -> None:
        """Note that a block is written; a kill loses none that was noted."""
        self.finished[level, block] = digest
        assert self._list is not None
        self._list.write(f"{level} {'.'.join(map(str, block))} {digest}\n")
        self._list.flush()

    def check_same(self, level: int, block: Block, digest: str) -> bool:
        """Whether a finished block is what it is now; if not, all are discarded, where that is allowed."""
        if self.finished[level, block] == digest:
            return True
        if not self.overwrite:
            raise self._is_of_another(["image"])
        assert self._list is not None
        self._list.truncate(0)
        self.finished.clear()
        return False

    def finish(self) -> None:
        """Give the folder its name; what had it before is removed."""
        check_free(self.path, self.overwrite)
        if os.path.lexists(self.path):
            _remove(self._replaced)
            self.path.rename(self._replaced)
        self.folder.rename(self.path)
        shutil.rmtree(self.path / _RECORD, ignore_errors=True)
        _remove(self._replaced)

    def _goes_on(self, description: Mapping[str, Any]) -> bool:
        """Whether a part of the same result is there; read what is finished of it."""
        try:
            begun = json.loads((self._record / "description.json").read_text("utf-8"))
        except (OSError, ValueError):
            return False
        wanted = json.loads(json.dumps(description))  # as it comes back from the file
        other = [name for name in wanted if json.dumps(begun.get(name)) != json.dumps(wanted[name])]
        self.has_same_source = "source" not in other and wanted["source"] is not None
        other = [name for name in other if name != "source"]
        if other and not self.overwrite:
            raise self._is_of_another(other)
        if not other:
            self._read_finished()
        return not other

    def _clear(self) -> None:
        for path in [*self.folder.iterdir(), *self._record.iterdir()]:
            if path.name not in (_RECORD, "lock"):
                _remove(path)

    def _is_of_another(self, what: list[str]) -> FileExistsError:
        return FileExistsError(
            f"{self.folder} was begun with another {' and another '.join(what)}; set overwrite=True to discard it, or "
            "give another path"
        )

    def _read_finished(self) -> None:
        with suppress(OSError):
            for line in (self._record / "finished.txt").read_text("ascii").splitlines(keepends=True):
                parts = line.split()
                if len(parts) == 3 and line.endswith("\n"):  # a kill may have cut off the last one
                    self.finished[int(parts[0]), tuple(map(int, parts[1].split(".")))] = parts[2]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing here; the lock ends with this process, however it ends."""
        if os.path.lexists(self.folder) and not self._record.is_dir():
            raise FileExistsError(
                f"{self.folder} is in the way and was not begun by napari-kseg; move it, or give another path"
            )
        self._record.mkdir(parents=True, exist_ok=True)
        with (self._record / "lock").open("w") as file:
            if not _lock(file):
                raise FileExistsError(f"{self.folder} is being written by another process; wait for it to end")
            yield


def check_free(path: Path, overwrite: bool) -> None:
    """Raise FileExistsError if there is something at a path that may not be replaced."""
    if not os.path.lexists(path):
        return
    if not any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise FileExistsError(f"{path} is there already and no Zarr, which is never replaced; give another path")
    if not overwrite:
        raise FileExistsError(f"{path} is there already; set overwrite=True to replace it, or give another path")


def _lock(file: IO[str]) -> bool:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)
