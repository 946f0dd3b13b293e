"""Many image files segmented alike: which are done already, results and a table of all, one after the other or at once.

What is done with one file is in `batch_file`, how several are worked on at once in `batch_processes`.
"""

from __future__ import annotations

import csv
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_kseg.kmeans import n_threads

from .batch_file import Outcome, OutputError, Task, cannot_be_written, do_file
from .batch_processes import outcomes_in_processes
from .image_files import ImageFile, check_output
from .records import Records, fingerprint, not_ours, written

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from napari_kseg.kmeans import Callback

SUMMARY = "summary.csv"
COLUMNS = ("file", "label", "name", "color", "count", "fraction", "area")
"""Of the summary; the channels of centroids come after them."""
WORTH_PROCESSES = 10.0
"""Seconds of work left from which processes pay. Each takes 2 to 3 s of a processor to start, as it loads kernels."""


@dataclass(eq=False)
class BatchResult:
    """What came of the files: how many were segmented, and a sentence for each of which there is something to say.

    Parameters
    ----------
    n_files : int
        Number of files.
    n_done : int
        Number of those whose results are there.
    n_before : int
        Number of those among them that had not to be done again.
    failed, warned : list of str
        Sentences.
    """

    n_files: int
    n_done: int = 0
    n_before: int = 0
    failed: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count what came of one file."""
        self.n_done += not outcome.error
        self.n_before += outcome.before
        self.failed += [outcome.error] if outcome.error else []
        self.warned += outcome.warned


def check_room(
    files: Sequence[ImageFile],
    output: Path,
    kinds: Sequence[str],
    shared: Sequence[str] = (),
    *,
    overwrite: bool = False,
) -> None:
    """Raise OutputError, before anything is done, if results would mix with images, or replace what is no result.

    `shared` are names of further files that are about all images. With `overwrite`, results of other images may go.
    """
    check_output(files, output)
    ends = {"labels": "labels.tif", "table": "clusters.csv", "model": "model.json", "plot": "centroids.png"}
    names = [SUMMARY, *shared, *(f"{file.name}_{ends[kind]}" for file in files for kind in kinds if kind in ends)]
    records = Records(output)
    sentence = not_ours(output, names, records.known())
    if sentence is not None:
        raise OutputError(sentence)
    for file in files:
        record = records.of(file.name)
        if record is None or overwrite or Path(record.source) == file.path.resolve():
            continue
        if Path(record.source).exists():
            raise OutputError(
                f"{output} has results of {record.source}, which those of {file.path} would replace; choose another "
                "folder"
            )


def segment_files(
    files: Sequence[ImageFile],
    output: Path,
    task: Task,
    *,
    jobs: int | None = 1,
    overwrite: bool = False,
    callback: Callback | None = None,
    tell: Callable[[ImageFile, Outcome], None] | None = None,
) -> BatchResult:
    """Segment image files, write the results of each, and a table of all.

    Files whose results are there, made by the same task of the file as it is, are not done again.

    Parameters
    ----------
    files : sequence of ImageFile
        Those that cannot be segmented are passed over.
    output : Path
        Folder for the results; see `check_room`.
    task : Task
        What to do with each file.
    jobs : int or None, optional
        Number of processes; 1 works in this one. None takes as many as there are processors if that saves time.
    overwrite : bool, optional
        Do all files again.
    callback : callable, optional
        Called before each file that is done in this process; if it raises, what is done is kept, and in the table.
    tell : callable, optional
        Called with each file and what came of it.

    Raises
    ------
    OutputError
        If nothing can be written there.
    """
    result, records = BatchResult(len(files)), Records(output)
    rows: dict[ImageFile, Sequence[Mapping[str, Any]]] = {}
    try:
        output.mkdir(parents=True, exist_ok=True)
        records.sweep()
        try:
            with closing(_outcomes(files, records, task, jobs, overwrite, callback)) as outcomes:
                for file, outcome in outcomes:
                    result.add(outcome)
                    if not outcome.error:
                        rows[file] = outcome.rows
                    if tell is not None:
                        tell(file, outcome)
        finally:
            if rows:
                _write_summary(records, [row for file in files for row in rows.get(file, ())])
    except OSError as error:
        raise OutputError(cannot_be_written(output, error)) from None
    return result


def _outcomes(
    files: Sequence[ImageFile], records: Records, task: Task, jobs: int | None, overwrite: bool,
    callback: Callback | None,
) -> Generator[tuple[ImageFile, Outcome], None, None]:  # fmt: skip
    """Yield what comes of each file, those that were done before first."""
    made_by = task.made_by()
    work = partial(do_file, task=task, output=records.folder, made_by=made_by)
    waiting: list[ImageFile] = []
    for file in files:
        outcome = None if overwrite else _done_before(file, records, made_by)
        if outcome is None:
            waiting.append(file)
        else:
            yield file, outcome
    seconds: list[float] = []
    while waiting:
        if _pays(jobs, seconds, len(waiting)):
            yield from outcomes_in_processes(work, waiting, jobs or n_threads())
            return
        if callback is not None:
            callback(f"Image {len(files) - len(waiting) + 1} of {len(files)}", len(files) - len(waiting), len(files))
        outcome = work(waiting[0])
        seconds.append(outcome.seconds)
        yield waiting.pop(0), outcome


def _done_before(file: ImageFile, records: Records, made_by: str) -> Outcome | None:
    """Return the outcome of an earlier run; None if the file is to be done."""
    try:
        state = fingerprint(file.path)
    except OSError:
        return None  # reading it will tell why
    if not records.is_done(file.name, state, made_by):
        return None
    record = records.of(file.name)
    return None if record is None else Outcome(rows=tuple(record.rows), before=True)


def _pays(jobs: int | None, seconds: Sequence[float], n_waiting: int) -> bool:
    """Whether to start processes now. If nothing was said of it, the first files tell how long the others will take."""
    if jobs is not None:
        return jobs > 1
    return n_threads() > 1 and n_waiting > 1 and len(seconds) > 1 and min(seconds[-2:]) * n_waiting > WORTH_PROCESSES


def _write_summary(records: Records, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = [*dict.fromkeys((*COLUMNS, *(name for row in rows for name in row)))]

    def write(path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows(rows)

    records.share(SUMMARY)
    written(records.folder / SUMMARY, write)
