"""What the command prints about a result."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from .parse import in_options

if TYPE_CHECKING:
    from pathlib import Path

    from napari_kseg import Segmentation


def print_table(seg: Segmentation) -> None:
    """Print a row for each cluster, with its color where the terminal has colors."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=1000)  # a file has no edge to wrap lines at
    names = ", ".join(seg.channel_names) if len(seg.channel_names) <= _SHOWN_CHANNELS else "centroid"
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for title, side in (
        ("label", "right"),
        ("color", "left"),
        (names, "left"),
        ("pixels", "right"),
        ("share", "right"),
    ):
        table.add_column(title, justify=side, no_wrap=True)  # type: ignore[arg-type]
    digits = ".1f" if abs(seg.centroids).max() >= 10 else "#.3g"
    for row, centroid in zip(seg.table().to_dict("records"), seg.centroids, strict=True):
        block = f"[on {row['color']}]    [/] " if console.color_system else ""
        values = ", ".join(f"{value:{digits}}" for value in centroid[:_SHOWN_CHANNELS])
        rest = ", …" if len(centroid) > _SHOWN_CHANNELS else ""
        share = f"{row['fraction']:.1%}"
        table.add_row(str(row["label"]), block + row["color"], values + rest, f"{row['count']:,}", share)
    console.print(table)


_SHOWN_CHANNELS = 8
"""Channels of a centroid that fit into a line; all of them are in the table that is written."""


def print_files(names: list[str], folder: Path, source: Path) -> None:
    """Print where the results are, masks in one line."""
    masks = [name for name in names if name.startswith(f"{source.stem}_mask_")]
    print(f"\nWritten to {folder}{os.sep}")
    for name in names:
        if name not in masks[1:]:
            print(" ", f"{name} … {masks[-1]}" if name in masks and len(masks) > 1 else name)
    if "centroids.png" not in names:
        from napari_kseg.image.plot import HOW_TO_INSTALL

        print(f"  no centroids.png: {HOW_TO_INSTALL}")


def show_warning(message: Warning | str, *_: Any) -> None:
    """Print a warning, unless it is of libraries to their developers."""
    if not isinstance(message, (DeprecationWarning, PendingDeprecationWarning)):
        print("napari-kseg: warning:", in_options(str(message)), file=sys.stderr)
