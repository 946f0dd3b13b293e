"""From a segmentation to files, of which each kind is written by a function here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from .image_file import SUFFIXES, read_image, write_image, write_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .segmentation import Segmentation

KINDS = ("labels", "recolored", "masks", "table", "model", "plot")
"""What can be written of a segmentation."""


def write_kinds(seg: Segmentation, folder: Path, name: str, source: Path, kinds: Sequence[str]) -> list[Path]:
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
    """
    written: list[Path] = []
    if "labels" in kinds:
        written.append(folder / f"{name}_labels.tif")
        write_labels(written[-1], seg.labels)
    if "recolored" in kinds:
        written += write_recolored(seg, folder, name, source)
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


def write_recolored(seg: Segmentation, folder: Path, name: str, source: Path) -> list[Path]:
    """Write the recolored image in the format of its source if that gives back every pixel, else as PNG, else as TIFF.

    JPEG, for one, does not: it would mix new colors at every border. If channels are apart, each is a file.
    """
    recolored = seg.recolored()
    if isinstance(recolored, list):
        paths = [folder / f"{name}_recolored_{channel}.tif" for channel in seg.channel_names]
        for path, channel in zip(paths, recolored, strict=True):
            write_image(path, channel, photometric="minisblack")
        return paths
    own = [source.suffix] if source.suffix.lower() in SUFFIXES else []
    for suffix in dict.fromkeys((*own, ".png")):
        path = folder / f"{name}_recolored{suffix}"
        if suffix.lower() in (".tif", ".tiff"):
            break
        try:
            write_image(path, recolored)
            again, _ = read_image(path)
            if again.dtype == recolored.dtype and np.array_equal(again, recolored):
                return [path]
        except Exception as error:  # writers raise what they like at what they cannot hold
            if isinstance(error, OSError) and error.errno is not None:  # but this is of the disk
                raise
        path.unlink(missing_ok=True)
    else:
        path = folder / f"{name}_recolored.tif"
    axis = -1 if seg.pixels.channel_axis is None else seg.pixels.channel_axis
    channels = {0: "separate", recolored.ndim - 1: "contig"}.get(axis)
    photometric = "rgb" if seg.is_color else "minisblack"
    write_image(path, recolored, photometric=photometric, planarconfig=channels if recolored.ndim == 3 else None)
    return [path]
