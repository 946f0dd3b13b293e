"""What napari's command palette, keys and other plugins ask for.

Each takes the viewer, as `viewer.bind_key` gives it, or else the current one, and says in a notification why it cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_kseg.viewer.panels import find_panel, real_viewer, said

if TYPE_CHECKING:
    import napari.viewer

    from napari_kseg.viewer.widget import KMeansWidget

OPEN_PANEL = "open the panel by Layers ▸ Segment ▸ K-means Segmentation"


def segment_active(viewer: napari.viewer.Viewer | None = None) -> None:
    """Segment the active image: with the settings of the panel, or the defaults where none is open."""
    from napari_kseg.viewer.background import background_of

    def do() -> None:
        window = real_viewer(viewer)
        layer, panel = _active_image(window), find_panel(window)
        if panel is not None:
            panel.choose(layer)
            panel.segment()
        else:
            behind = background_of(window)
            behind.run(behind.controller.run(layer, {}))

    said(do)


def apply_last_model(viewer: napari.viewer.Viewer | None = None) -> None:
    """Label the active image by the model of the latest result, or by the model file that was opened since."""
    from napari_kseg.viewer.background import background_of
    from napari_kseg.viewer.last_model import last_model

    def do() -> None:
        window = real_viewer(viewer)
        layer, panel, last = _active_image(window), find_panel(window), last_model(window)
        if panel is not None:
            panel.choose(layer)
            panel.more.apply(last)
        else:
            behind = background_of(window)
            behind.run(behind.controller.apply(layer, last.model, last.title, last.code))

    said(do)


def merge_selected(viewer: napari.viewer.Viewer | None = None) -> None:
    """Merge the clusters whose rows are selected in the table of the panel."""
    said(lambda: _panel(real_viewer(viewer), "select two rows or more of its table").clusters.merge_selected())


def toggle_labels(viewer: napari.viewer.Viewer | None = None) -> None:
    """Hide the clusters of the active image, or show them again."""
    from napari_kseg.viewer.controller import Controller
    from napari_kseg.viewer.show_switch import toggle

    def do() -> None:
        window = real_viewer(viewer)
        layer, controller = _active_image(window), Controller(window)
        labels, _ = controller.outputs(layer)
        if labels is None:
            raise ValueError(f"there is no result of {layer.name} yet; segment it first")
        toggle(controller.recolored(layer), labels)

    said(do)


def undo(viewer: napari.viewer.Viewer | None = None) -> None:
    """Take back the last thing that was done to the clusters in the panel."""
    said(lambda: _panel(real_viewer(viewer), "what is done from then on can be undone").clusters.undo())


def redo(viewer: napari.viewer.Viewer | None = None) -> None:
    """Do again what was taken back."""
    said(lambda: _panel(real_viewer(viewer), "what is undone from then on can be done again").clusters.redo())


def _panel(viewer: Any, then: str) -> KMeansWidget:
    panel = find_panel(viewer)
    if panel is None:
        raise ValueError(f"no panel is open; {OPEN_PANEL}, and {then}")
    return panel


def _active_image(viewer: Any) -> Image:
    """Return the active layer, or the image of which it is a result."""
    from napari_kseg.viewer.result_layers import is_output, sources_of

    active = viewer.layers.selection.active
    if active is None:
        raise ValueError("no layer is active; select an image in the layer list")
    image = next(iter(sources_of(viewer, active)), active)
    if not isinstance(image, Image) or is_output(image):
        raise ValueError(
            f"{active.name} is neither an image to segment nor the result of one; select an image in the layer list"
        )
    return image


__all__ = [
    "apply_last_model",
    "merge_selected",
    "redo",
    "segment_active",
    "toggle_labels",
    "undo",
]
