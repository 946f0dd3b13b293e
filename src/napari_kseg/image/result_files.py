"""From a segmentation to files, of which each kind is written by a function here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from .image_file import SUFFIXES, read_image, write_image, write_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .segmentation import Segmentation

KINDS = ("labels", "recolored", "masks", "table", "model", "plot")
"""What can be written of a segmentation."""


def write_kinds(
    seg: Segmentation, folder: Path, name: str, source: Path, kinds: Sequence[str], others: Sequence[Path] = ()
) -> list[Path]:
    """Write what is wanted of a segmentation to files that are named after it; return their paths.

    Parameters
    ----------
    seg : Segmentation
        The result.
    folder : Path
        An existing folder.
    name : str
        What names of files start with.
    source : Path
        The image file, whose format the recolored image has if it can. It is not read.
    kinds : sequence of str
        Some of `KINDS`. There is no plot where matplotlib is not installed.
    others : sequence of Path, optional
        Image files of the further channels, after which their recolored images are named.
    """
    written: list[Path] = []
    if "labels" in kinds:
        written.append(folder / f"{name}_labels.tif")
        write_labels(written[-1], seg.labels)
    if "recolored" in kinds:
        written += write_recolored(seg, folder, name, source, others)
    if "masks" in kinds:
        written += write_masks(seg, folder, name, range(1, seg.n_clusters + 1))
    if "table" in kinds:
        written.append(folder / f"{name}_clusters.csv")
        write_table(seg, written[-1], source)
    if "model" in kinds:
        written.append(folder / f"{name}_model.json")
        seg.model.save(written[-1])
    if "plot" in kinds:
        with suppress(ImportError):
            seg.plot().savefig(folder / f"{name}_centroids.png")
            written.append(folder / f"{name}_centroids.png")
    return written


def write_masks(seg: Segmentation, folder: Path, name: str, labels: Iterable[int]) -> list[Path]:
    """Write an image for each label, 255 where a pixel has it; PNG, but TIFF where there are planes."""
    suffix = ".png" if seg.labels.ndim == 2 else ".tif"
    written = []
    for label in labels:
        written.append(folder / f"{name}_mask_{label}{suffix}")
        write_image(written[-1], np.where(seg.mask(label), np.uint8(255), np.uint8(0)), photometric="minisblack")
    return written


def write_table(seg: Segmentation, path: Path, source: Path) -> None:
    """Write the table of the clusters, with the name of the image in front."""
    table = seg.table()
    table.insert(0, "image", source.name)
    table.to_csv(path, index=False)


def write_recolored(
    seg: Segmentation, folder: Path, name: str, source: Path, others: Sequence[Path] = ()
) -> list[Path]:
    """Write the recolored image; if channels are apart, each is a file, named after its own if it has one."""
    recolored = seg.recolored()
    if not isinstance(recolored, list):
        axis = -1 if seg.pixels.channel_axis is None else seg.pixels.channel_axis
        channels = {0: "separate", recolored.ndim - 1: "contig"}.get(axis) if recolored.ndim == 3 else None
        tags = {"photometric": "rgb" if seg.is_color else "minisblack", "planarconfig": channels}
        return [_write_like(recolored, folder / f"{name}_recolored", source, tags)]
    if others:
        paths = [(folder / f"{file.stem}_recolored", file) for file in (source, *others)]
    else:
        paths = [(folder / f"{name}_recolored_{channel}", source.with_suffix(".tif")) for channel in seg.channel_names]
    tags = {"photometric": "minisblack"}
    return [_write_like(channel, path, file, tags) for channel, (path, file) in zip(recolored, paths, strict=True)]


def _write_like(image: NDArray[Any], path: Path, source: Path, tags: dict[str, Any]) -> Path:
    """Write an image in the format of its source if that gives back every pixel, else as PNG, else as TIFF with tags.

    JPEG, for one, does not: it would mix new colors at every border.
    """
    own = [source.suffix] if source.suffix.lower() in SUFFIXES else []
    for suffix in dict.fromkeys((*own, ".png")):
        file = path.with_name(path.name + suffix)
        if suffix.lower() in (".tif", ".tiff"):
            break
        try:
            write_image(file, image)
            again, _ = read_image(file)
            if again.dtype == image.dtype and np.array_equal(again, image):
                return file
        except Exception as error:  # writers raise what they like at what they cannot hold
            if isinstance(error, OSError) and error.errno is not None:  # but this is of the disk
                raise
        file.unlink(missing_ok=True)
    else:
        file = path.with_name(path.name + ".tif")
    write_image(file, image, **tags)
    return file
