"""From a result to OME-Zarr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_kseg.image.image_file import ImageFileError, is_zarr, read_zarr
from napari_kseg.image.ome_zarr import VERSIONS, OmeZarrError, check_installed
from napari_kseg.image.unfinished import check_free

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from napari_kseg import Segmentation


def is_zarr_name(path: Path) -> bool:
    """Whether results with this name are OME-Zarr."""
    return path.suffix.lower() == ".zarr"


@dataclass(frozen=True)
class ZarrOptions:
    """How OME-Zarr is written."""

    version: str
    overwrite: bool


@contextmanager
def zarr_output(path: Path, given: Sequence[Path], options: ZarrOptions) -> Iterator[Callable[[Segmentation], None]]:
    """Check that an OME-Zarr can be written, before anything that takes long, and return what writes it.

    It lies over its source, the first of the files `given`, if that is OME-Zarr as well.
    """
    try:
        check_installed()
    except ImportError as error:
        raise CommandError(str(error)) from None
    source = given[0]
    if options.version not in VERSIONS:
        raise CommandError(f"--ome-zarr-version {options.version} is not possible; give {' or '.join(VERSIONS)}")
    if path.exists() and any(file.exists() and path.samefile(file) for file in given):
        raise CommandError(f"{path} was given and would be replaced by a result; give another name")

    def write(seg: Segmentation) -> None:
        place = read_zarr(source).placement() if is_zarr(source) else {}
        if len(place.get("axes", "")) != seg.labels.ndim:
            place = {}
        progress = sys.stderr.isatty()
        seg.to_zarr(path, version=options.version, overwrite=options.overwrite, progress=progress, **place)

    try:
        check_free(path, options.overwrite)
        yield write
    except ImageFileError:
        raise
    except (OmeZarrError, FileExistsError) as error:
        raise CommandError(str(error).replace("set overwrite=True", "give --overwrite")) from None
