"""The viewer, opened from the command line."""

import os
import sys
from pathlib import Path
from typing import Any

from napari_kseg.image.image_file import first_line

from .errors import CommandError

VIEWER_PLUGIN, VIEWER_WIDGET, VIEWER_SAMPLE = "napari-kseg", "K-means Segmentation", "photo"


def open_viewer(paths: list[Path]) -> None:
    """Open napari with the widget docked and stay until it is closed."""
    try:
        from qtpy.QtCore import QTimer
    except ImportError as error:
        raise CommandError(
            f'the viewer cannot open ({error}); pip install "napari-kseg[all]" brings what it needs, '
            "and with --output FOLDER no viewer is needed"
        ) from None
    if sys.platform == "linux" and not any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))):
        raise CommandError("the viewer needs a display, and there is none; with --output FOLDER no viewer is needed")
    import napari

    viewer = napari.Viewer()
    if not paths:
        viewer.open_sample(VIEWER_PLUGIN, VIEWER_SAMPLE)
    for path in paths:
        try:
            _open_in_viewer(viewer, path)
        except Exception as error:  # noqa: BLE001  # readers raise what they like
            viewer.close()
            raise CommandError(f"napari cannot open {path}: {first_line(error)}") from None
    # Last, as the widget starts a thread, which had to be waited for if a file could not be opened.
    viewer.window.add_plugin_dock_widget(VIEWER_PLUGIN, VIEWER_WIDGET)
    QTimer.singleShot(0, viewer.reset_view)  # fit the image into what the widget leaves, once that is laid out
    napari.run()


def _open_in_viewer(viewer: Any, path: Path) -> None:
    from napari.errors import MultipleReaderError

    try:
        viewer.open(path)
    except MultipleReaderError:  # nobody is there to be asked which of the plugins should
        viewer.open(path, plugin="napari")
