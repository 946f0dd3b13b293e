"""Python that repeats what was done in the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_kseg.viewer.crop import crop_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_kseg.viewer.history import Step


def python_code(steps: Sequence[Step], layer_name: str) -> str:
    """Return source text for the console of napari that repeats steps, of which the first one is a run.

    Parameters
    ----------
    steps : sequence of Step
        `History.path`.
    layer_name : str
        Name of the Image layer.

    Returns
    -------
    source : str
        It makes the same two layers, bit for bit, but for what was painted by hand, which it says.
    """
    run = steps[0]
    names = [f"viewer.layers[{name!r}]" for name in (layer_name, *run.others)]
    layers = f"[{', '.join(names)}]" if run.others else names[0]
    lines = ["import napari_kseg as kseg", "", f"layer = {layers}"]
    changes = "".join(step.code for step in steps[1:])
    if run.start:
        lines.append(f"seg = {run.start}{changes}")
        lines.append("labels, recolored = kseg.show_segmentation(seg, layer, viewer)")
    else:
        lines += _lines_of_run(run, changes)
    if any(step.by_hand for step in steps):
        lines.append("# What was painted by hand is not repeated.")
    if any(step.extraction is not None for step in steps):
        lines.append("# Layers that were cut out are not made again.")
    return "\n".join(lines) + "\n"


def _lines_of_run(run: Step, changes: str) -> list[str]:
    lines, settings = [], run.segmentation.settings
    arguments = settings.arguments(run.mask or "mask", left_out=("channel_axis",))
    part = crop_of(run.segmentation.pixels.image)
    if part:
        arguments += f", crop={[list(axis) for axis in part]!r}"
    if settings.masked and not run.mask:
        what = "the part" if part else "the image"
        lines.append(f"# First bind `mask`: an array of bool of the shape of {what}, True for the pixels to segment.")
    lines.append(f"labels, recolored = kseg.segment_layer(layer, {arguments}, viewer=viewer)")
    if changes:
        lines += [f"seg = kseg.from_layer(labels){changes}", "kseg.show_segmentation(seg, layer, viewer)"]
    return lines
