"""The panel of a window, found or opened; what commands, the reader of models and keys begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_kseg.viewer.widget import KMeansWidget

NAME = "K-means Segmentation (K-means Segmentation)"
"""Of the dock, as the menu of napari calls it: else the menu would open another one."""


def real_viewer(viewer: Any = None) -> Any:
    """Return the viewer itself, which napari hands out behind a proxy, or else the current one.

    Raises
    ------
    ValueError
        If there is no window.
    """
    import napari

    viewer = napari.current_viewer() if viewer is None else getattr(viewer, "__wrapped__", viewer)
    if getattr(viewer, "window", None) is None:
        raise ValueError("no window of napari is open; open one first")
    return viewer


def find_panel(viewer: Any) -> KMeansWidget | None:
    """Return the panel of a window, of several one that is seen; None if there is none."""
    from napari_kseg.viewer.widget import KMeansWidget

    panels = [widget for widget in viewer.window.dock_widgets.values() if isinstance(widget, KMeansWidget)]
    return max(panels, key=lambda panel: bool(panel.native.isVisible()), default=None)


def open_panel(viewer: Any) -> KMeansWidget:
    """Return the panel of a window, opened unless there is one, and seen."""
    from napari_kseg.viewer.widget import KMeansWidget

    panel = find_panel(viewer)
    if panel is None:
        panel = KMeansWidget(viewer)
        viewer.window.add_dock_widget(panel, name=NAME)
    dock = panel.native.parent()
    dock.show()
    dock.raise_()
    return panel


def said(do: Callable[[], None]) -> None:
    """Do something; what the user can mend is said in a notification."""
    try:
        do()
    except (ValueError, TypeError) as error:
        show_error(str(error))
