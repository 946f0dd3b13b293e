"""What the panel does to an image and its result, without Qt and without threads.

It makes requests, which are computed elsewhere, and keeps the history of what came of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_kseg.viewer.history import History, Step, title_of_run
from napari_kseg.viewer.ready import ReadyImage, code_of_labeling, labeled_by, segment_source
from napari_kseg.viewer.request import Request
from napari_kseg.viewer.source import Source, layers_of, take_source, take_source_for, take_sources, taken_as
from napari_kseg.viewer.start import Start, painted_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

    from napari_kseg.image.model import Model
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.kmeans import Callback
    from napari_kseg.viewer.layer_parts import LayerParts

_LEAVES = {"named": frozenset({"labels", "recolored"}), "colored": frozenset({"labels"})}
"""What methods leave as it is."""


class Controller:
    """Results and histories of the images of a viewer.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        The viewer, or its model alone.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._ready = ReadyImage()
        self._histories: WeakKeyDictionary[Image, History] = WeakKeyDictionary()
        self._showing = False

    def outputs(self, layer: Image) -> tuple[Labels | None, Image | None]:
        """Return the Labels and the recolored layer of an image, None where there is none."""
        from napari_kseg.viewer.result_layers import find_output

        return find_output(self._viewer, layer, "labels"), find_output(self._viewer, layer, "recolored")

    def sources(self, output: Layer) -> list[Image]:
        """Return the image that a result layer belongs to, and its other channels; none of another layer."""
        from napari_kseg.viewer.result_layers import sources_of

        return sources_of(self._viewer, output)

    def recolored(self, layer: Image) -> list[tuple[Image, Image | None]]:
        """Return the image and its other channels, each with its recolored layer, if there is one."""
        labels, _ = self.outputs(layer)
        sources = [] if labels is None else self.sources(labels)
        return [(source, self.outputs(source)[1]) for source in sources or [layer]]

    def history(self, layer: Image) -> History:
        """Return the history of an image; it notices what was done from Python."""
        from napari_kseg.viewer.result_layers import METADATA_KEY

        if self._showing:  # layers tell of each change while they are brought up to date
            return self._histories.get(layer, History())
        labels, _ = self.outputs(layer)
        seg = None if labels is None else labels.metadata[METADATA_KEY].get("segmentation")
        if seg is None:
            self._histories.pop(layer, None)
            return History()
        history = self._histories.setdefault(layer, History())
        if history.current is None or history.current.segmentation is not seg:
            others = layers_of(seg.pixels.image, layer, self._viewer.layers) or [layer]
            history.add(Step(title_of_run(seg), seg, others=tuple(other.name for other in others[1:])))
        return history

    def forget_values(self) -> None:
        """Read the image anew at the next live step: its values may have changed."""
        self._ready.forget()

    def run(
        self,
        layer: Image,
        settings: dict[str, Any],
        *,
        live: bool = False,
        mask: str = "",
        crop: Sequence[Sequence[int]] = (),
        others: Sequence[Image] = (),
    ) -> Request:
        """Return a request to segment an image.

        Parameters
        ----------
        layer : napari.layers.Image
            The image.
        settings : dict
            Keywords of `segment`; mask and scribbles are those of the part, if only a part is segmented.
        live : bool, optional
            Whether it is one of many that differ in little: what is known from the last one is not computed again.
        mask : str, optional
            Python for the mask, if there is one.
        crop : sequence of (int, int), optional
            First pixel, and one past the last, of the part along each spatial axis. Empty is the whole image.
        others : sequence of napari.layers.Image, optional
            Layers that are further channels of the image.
        """
        if not live:
            self._ready.forget()
        source = _source(layer, crop, others)
        names = tuple(other.name for other in others)

        def make(callback: Callback) -> tuple[Segmentation, Step]:
            seg = segment_source(source, settings, self._ready if live else None, callback)
            return seg, Step(title_of_run(seg), seg, mask=mask, others=names, group="live" if live else "")

        return self._request(layer, source, make, live=live, others=tuple(others))

    def apply(self, layer: Image, model: Model, title: str, model_code: str) -> Request:
        """Return a request to segment an image by the centroids of a model.

        Parameters
        ----------
        layer : napari.layers.Image
            The image.
        model : Model
            The model; whether it fits turns out when the request is carried out.
        title : str
            What the history calls it.
        model_code : str
            Python for the model.
        """
        source = take_source_for(model, layer)

        def make(_: Callback) -> tuple[Segmentation, Step]:
            seg = labeled_by(model, source)
            return seg, Step(title, seg, start=code_of_labeling(model_code, source))

        return self._request(layer, source, make)

    def change(
        self, layer: Image, title: str, method: str, *arguments: Any, group: str = "", **keywords: Any
    ) -> Request | None:
        """Return a request for what a method of the segmentation returns, such as `merge`; None without a result.

        Of several in a row of one `group`, each starts from where the first one did, and takes the place of the last.

        Raises
        ------
        ValueError
            If the image is not the one that was segmented.
        """
        start = self._start(layer, group)
        if start is None:
            return None
        source = self._taken_as(start.segmentation, layer)
        given = [*map(repr, arguments), *(f"{name}={value!r}" for name, value in keywords.items())]
        code = f".{method}({', '.join(given)})"
        shown = None if group else self._shown_labels(layer)
        before = None if shown is None else np.array(shown)

        def make(_: Callback) -> tuple[Segmentation, Step]:
            changed: Segmentation = getattr(start(), method)(*arguments, **keywords)
            return changed, Step(title, changed, code, group=group)

        leaves = _LEAVES.get(method, frozenset()) - ({"recolored"} if start.is_painted else set())
        return self._request(layer, source, make, live=bool(group), leaves=leaves, before=before, first=start.stroke)

    def extract(self, layer: Image, labels: Sequence[int], kind: str) -> Request | None:
        """Return a request for a new layer of some clusters: "image", "mask" or "objects"; None without a result."""
        start = self._start(layer)
        if start is None:
            return None
        source, which = self._taken_as(start.segmentation, layer), ", ".join(map(str, labels))
        others = self._others(layer, source)

        def prepare(_: Callback) -> Any:
            from napari_kseg.viewer.extract import extracted, marks_of
            from napari_kseg.viewer.label_table import object_table
            from napari_kseg.viewer.layer_parts import make_parts, pixel_area

            seg = start()
            parts = make_parts(seg, source, frozenset({"labels"})) if start.is_painted else None
            array = extracted(seg, labels, kind)
            table = object_table(array, seg.labels, pixel_area(seg, source)) if kind == "objects" else None
            return seg, parts, array, table, marks_of(array if isinstance(array, list) else [array])

        def show(prepared: Any) -> str:
            from napari_kseg.viewer.extract import Extraction, extracted_layers

            seg, parts, array, table, marks = prepared
            if parts is not None:
                self._show([layer, *others], parts, start.stroke[0], None, ())
            extraction = Extraction(extracted_layers(array, layer, source, seg, labels, kind, table), marks)
            extraction.bring_back(self._viewer)
            if self.history(layer).current is not None:
                self.history(layer).add(Step(f"Extract {which} ({kind})", seg, extraction=extraction))
            return ""

        return Request(layer, source, prepare, show, others=others, done=f"Extracted {which}")

    def choices(
        self,
        layer: Image,
        settings: dict[str, Any],
        numbers: range,
        deliver: Callable[..., None],
        *,
        crop: Sequence[Sequence[int]] = (),
        others: Sequence[Image] = (),
    ) -> Request:
        """Return a request to try numbers of clusters; `deliver(choices, recommended, reason)` gets what came out.

        The part and the other channels are those of `run`.
        """
        source = _source(layer, crop, others)

        def prepare(callback: Callback) -> Any:
            from napari_kseg.image.choices import choices_of
            from napari_kseg.image.choose import suggestion
            from napari_kseg.image.fit import Fitter
            from napari_kseg.viewer.layer_parts import prepared_layer

            checked, pixels = prepared_layer(source, **settings)
            found = suggestion(Fitter(checked.applied_to(pixels), callback), numbers, checked)
            return choices_of(found), found.n_clusters, found.reason

        def show(prepared: Any) -> str:
            deliver(*prepared)
            return ""

        done = f"Tried {numbers[0]} to {numbers[-1]} clusters"
        return Request(layer, source, prepare, show, others=tuple(others), done=done)

    def painted(self, layer: Image) -> Request | None:
        """Return a request that takes over what was painted on the Labels layer; None if nothing was.

        Raises
        ------
        ValueError
            If the image is not the one that was segmented.
        """
        start = self._start(layer)
        if start is None or not start.is_painted:
            return None

        def make(_: Callback) -> tuple[Segmentation, Step]:
            return start(), start.stroke[0]

        source = self._taken_as(start.segmentation, layer)
        return self._request(layer, source, make, leaves=frozenset({"labels"}))

    def go_to(self, layer: Image, position: int) -> Request | None:
        """Return a request for a step of the history; None if there is no such step, or it is shown."""
        history, start = self.history(layer), self._start(layer)
        if start is None or position == history.position or not 0 <= position < len(history.steps):
            return None
        if start.is_painted and position > history.position:
            return self.painted(layer)  # after a stroke there is nothing to redo
        step = history.steps[position]
        source = self._taken_as(step.segmentation, layer)

        def make(_: Callback) -> tuple[Segmentation, Step]:
            start()
            return step.segmentation, step

        request = self._request(layer, source, make, position=position, first=start.stroke)
        undone, redone = history.extractions_to(position)
        if not undone and not redone:
            return request
        is_shown = step.segmentation is start.segmentation and not start.is_painted

        def prepare(callback: Callback) -> Any:
            edited = [extraction for extraction in undone if extraction.is_edited()]
            return edited, None if is_shown else request.prepare(callback)

        def show(prepared: Any) -> str:
            edited, parts = prepared
            said = ["" if is_shown else request.show(parts)]
            if is_shown and step in history.steps:
                history.go_to(history.steps.index(step))
            if self.history(layer).current is step:
                said += [extraction.take_away(self._viewer, extraction in edited) for extraction in undone]
                for extraction in redone:
                    extraction.bring_back(self._viewer)
            return " ".join(filter(None, said))

        return replace(request, prepare=prepare, show=show)

    def _start(self, layer: Image, group: str = "") -> Start | None:
        """Return what something of a group starts from; None without a result.

        Raises
        ------
        ValueError
            If the labels that are shown have another shape.
        """
        history = self.history(layer)
        if history.current is None:
            return None
        painted = self._painted(layer)
        step = history.current if painted is not None else history.base(group) or history.current
        return Start(step.segmentation, painted)

    def _request(
        self,
        layer: Image,
        source: Source,
        make: Any,
        *,
        live: bool = False,
        leaves: frozenset[str] = frozenset(),
        before: NDArray[Any] | None = None,
        position: int | None = None,
        first: Sequence[Step] = (),
        others: tuple[Image, ...] | None = None,
    ) -> Request:
        """Return a request for the segmentation and the step that `make(callback)` returns.

        It leaves layers of these roles as they are. If other labels than `before` are shown by then, it changes
        nothing. It goes to the step of the history at `position`, or adds one; other steps are to come `first`.
        `others` are layers that are channels beside this one; None finds them.
        """
        channels = self._others(layer, source) if others is None else others

        def prepare(callback: Callback) -> tuple[LayerParts, Step]:
            from napari_kseg.viewer.layer_parts import make_parts

            seg, step = make(callback)
            callback("Recoloring", 0, 0)
            parts = make_parts(seg, source, leaves)
            callback("Recoloring", 1, 1)
            return parts, step

        def show(prepared: tuple[LayerParts, Step]) -> str:
            now = self._shown_labels(layer)
            if before is not None and (now is None or not np.array_equal(before, now)):
                return f"The clusters of {layer.name} were changed meanwhile; do it again."
            if prepared[1].code and self.history(layer).current is None:
                return f"The clusters of {layer.name} were removed meanwhile; run again."
            return self._show([layer, *channels], *prepared, position, first)

        return Request(layer, source, prepare, show, live, others=channels)

    def _taken_as(self, seg: Segmentation, layer: Image) -> Source:
        return taken_as(seg, layer, self._viewer.layers)

    def _others(self, layer: Image, source: Source) -> tuple[Image, ...]:
        """Return the layers that are channels beside the first one."""
        return tuple(layers_of(source.image, layer, self._viewer.layers) or [layer])[1:]

    def _show(
        self, layers: list[Image], parts: LayerParts, step: Step, position: int | None, first: Sequence[Step]
    ) -> str:
        from napari_kseg.viewer.layer_parts import convergence_message
        from napari_kseg.viewer.result_layers import add_layers

        history, were_recolored = self.history(layers[0]), [self.outputs(layer)[1] for layer in layers]
        self._histories[layers[0]], self._showing = history, True
        try:
            labels, recolored = add_layers(parts, layers, self._viewer)
        finally:
            self._showing = False
        for was, now in zip(were_recolored, recolored, strict=True):
            if was is None and now is not None:
                now.visible = not labels.visible  # one thing at a time, as the switch has it
        for earlier in first:
            history.add(earlier)
        if position is not None and step in history.steps:
            history.go_to(history.steps.index(step))
        else:
            history.add(step)
        return "" if step.code else convergence_message(step.segmentation) or ""

    def _shown_labels(self, layer: Image) -> NDArray[Any] | None:
        """Return labels that may be painted on; None if there are none, or they are lazy."""
        labels, _ = self.outputs(layer)
        return labels.data if labels is not None and isinstance(labels.data, np.ndarray) else None

    def _painted(self, layer: Image) -> NDArray[Any] | None:
        """Return labels that differ from those of the segmentation; 0 where there is no such cluster."""
        step, shown = self.history(layer).current, self._shown_labels(layer)
        return None if step is None or shown is None else painted_on(step.segmentation, shown, layer.name)


def _source(layer: Image, crop: Sequence[Sequence[int]], others: Sequence[Image]) -> Source:
    return (take_sources([layer, *others]) if others else take_source(layer)).cropped(crop)
