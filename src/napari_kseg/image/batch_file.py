"""What is done with one of many image files: segment it, write results, and record that they are there."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_kseg.kmeans import not_converged

from .file_pixels import pixels_of_file, segment_file_by
from .image_file import first_line
from .model import Model
from .records import Record, Records, digest, fingerprint, not_ours
from .result_files import write_kinds
from .segment import prepared, segment_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_kseg.kmeans import Callback

    from .image_files import ImageFile
    from .segmentation import Segmentation


class OutputError(ValueError):
    """One sentence that says why results cannot be written; it ends the run, as all others could not be either."""


@dataclass(frozen=True)
class Task:
    """What to do with each file.

    Parameters
    ----------
    how : mapping or Model
        Keywords of `segment`, to find clusters in each file; or a model, to label it by.
    kinds : tuple of str
        What to write of each file, of `napari_kseg.image.result_files.KINDS`.
    mask : Path, optional
        Image file; where it is 0, nothing takes part.
    """

    how: Mapping[str, Any] | Model
    kinds: tuple[str, ...]
    mask: Path | None = None

    @property
    def has_model(self) -> bool:
        """Whether no clusters are to be found."""
        return isinstance(self.how, Model)

    def made_by(self) -> str:
        """Return what stands for all this."""
        how: Any = self.how
        if isinstance(how, Model):
            how = {**how.to_dict(), "napari_kseg_version": None, "provenance": None}
        return digest([how, self.kinds, None if self.mask is None else fingerprint(self.mask)])

    def segment(self, path: Path, callback: Callback | None = None) -> Segmentation:
        """Segment a file."""
        if isinstance(self.how, Model):
            return segment_file_by(self.how, path, self.mask)
        settings, pixels = prepared(lambda axis: pixels_of_file(path, axis, self.mask), self.how)
        seg = segment_pixels(pixels, settings, callback=callback)
        if not seg.converged:
            warnings.warn(not_converged(settings.max_iter), stacklevel=2)
        return seg


@dataclass(frozen=True)
class Outcome:
    """What came of a file.

    Parameters
    ----------
    error : str
        Why it was not segmented, in one sentence; empty if it was.
    warned : tuple of str
        Sentences about a result that is valid, but perhaps not wanted.
    rows : tuple of dict
        Its rows of the summary.
    before : bool
        It was done by an earlier run.
    shape : tuple of int
        Spatial shape of the image.
    seconds : float
        How long it took.
    """

    error: str = ""
    warned: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    before: bool = False
    shape: tuple[int, ...] = ()
    seconds: float = 0.0


def do_file(file: ImageFile, task: Task, output: Path, made_by: str, callback: Callback | None = None) -> Outcome:
    """Segment a file and write its results; if that cannot be, the outcome says why.

    Raises
    ------
    OutputError
        If nothing can be written to the folder.
    """
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        try:
            state = fingerprint(file.path)
            seg = task.segment(file.path, callback)
            rows = rows_of(seg, file)
            _write(seg, file, task, Record(str(file.path.resolve()), state, made_by, {}, rows), output)
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever is the matter with one file, the others can be done
            return Outcome(error=_about(file, _sentence(error)))
    sentences = dict.fromkeys(_about(file, str(warning.message)) for warning in warned)
    return Outcome("", tuple(sentences), tuple(rows), False, seg.labels.shape, time.perf_counter() - start)


def rows_of(seg: Segmentation, file: ImageFile) -> list[dict[str, Any]]:
    """Rows of the summary: the table of the clusters, with the area of each."""
    table = seg.table()
    table.insert(0, "file", file.label)
    table.insert(list(table.columns).index("fraction") + 1, "area", seg.counts * math.prod(seg.pixels.spacing))
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*(table[name].tolist() for name in names), strict=True)]


def _write(seg: Segmentation, file: ImageFile, task: Task, record: Record, output: Path) -> None:
    """Write the results beside their places, then move all of them there; the record says when that is done."""
    records = Records(output)
    earlier = records.of(file.name)
    known = set() if earlier is None else set(earlier.files)
    try:
        with records.stage() as stage:
            (stage / file.name).parent.mkdir(parents=True, exist_ok=True)
            drafts = write_kinds(seg, stage, file.name, file.path, task.kinds)
            sizes = {draft.relative_to(stage).as_posix(): draft.stat().st_size for draft in drafts}
            sentence = not_ours(output, sizes, known)
            if sentence is not None:
                raise ValueError(sentence)
            places = {name: output / name for name in sizes}
            _record(records, file, record, dict.fromkeys(known, -1) | sizes, complete=False)
            for old in known - set(sizes):
                (output / old).unlink(missing_ok=True)
            for name, place in places.items():
                place.parent.mkdir(parents=True, exist_ok=True)
                (stage / name).replace(place)
            _record(records, file, record, sizes, complete=True)
    except OSError as error:
        raise OutputError(cannot_be_written(output, error)) from None


def _record(records: Records, file: ImageFile, record: Record, sizes: dict[str, int], *, complete: bool) -> None:
    records.save(file.name, Record(record.source, record.fingerprint, record.made_by, sizes, record.rows, complete))


def cannot_be_written(output: Path, error: OSError) -> str:
    """Return a sentence about a folder."""
    return f"results cannot be written to {output} ({error.strerror or error}); choose another folder, or make room"


def _sentence(error: Exception) -> str:
    if isinstance(error, (ValueError, TypeError)):
        return " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return f"it cannot be segmented ({type(error).__name__}: {first_line(error)})"


def _about(file: ImageFile, sentence: str) -> str:
    return sentence if str(file.path) in sentence else f"{file.label}: {sentence}"
