"""What the table and the buttons below it do to the clusters of the chosen image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QKeySequence, QShortcut
from qtpy.QtWidgets import QColorDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_kseg.viewer.controller import Controller
    from napari_kseg.viewer.form import SettingsForm
    from napari_kseg.viewer.result_panel import ResultPanel
    from napari_kseg.viewer.worker import Runner


class ClusterActions:
    """Names, colors, portions, and the way back.

    Parameters
    ----------
    form : SettingsForm
        Says which image is chosen.
    controller : Controller
        Makes requests.
    runner : Runner
        Says what runs.
    panel : ResultPanel
        Where all of it is asked for.
    ask : callable
        `ask(make)` runs the request that `make()` returns, or says why there is none.
    """

    def __init__(
        self,
        form: SettingsForm,
        controller: Controller,
        runner: Runner,
        panel: ResultPanel,
        ask: Callable[[Callable[[], Any]], None],
    ) -> None:
        self._form, self._controller, self._runner, self._panel, self._ask = form, controller, runner, panel, ask
        table, portions = panel.table, panel.portions
        table.renamed.connect(self._on_renamed)
        table.color_wanted.connect(self._on_color_wanted)
        portions.merge_wanted.connect(self._on_merge_wanted)
        portions.split_wanted.connect(self._on_split_wanted)
        portions.similar_wanted.connect(self._on_similar_wanted)
        portions.clean_wanted.connect(self._on_clean_wanted)
        portions.extract_wanted.connect(self._on_extract_wanted)
        portions.step_wanted.connect(self._on_step_wanted)
        for keys, slot in (
            (QKeySequence.StandardKey.Undo, portions.undo),
            (QKeySequence.StandardKey.Redo, portions.redo),
        ):
            shortcut = QShortcut(QKeySequence(keys), form.native)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    def _change(self, title: str, method: str, *arguments: Any, group: str = "", **keywords: Any) -> None:
        """Change the clusters of the chosen image; none while something runs, as it would be of other clusters."""
        layer = self._form.image_layer
        if layer is None:
            return
        if not group and self._is_busy():
            self._panel.refill()
            return
        self._ask(lambda: self._controller.change(layer, title, method, *arguments, group=group, **keywords))

    def _is_busy(self) -> bool:
        """Say that something runs, if it does."""
        request = self._runner.request
        if request is not None:
            self._panel.show_status(f"{request.name} is worked on; do it again.")
        return request is not None

    def _on_renamed(self, label: int, name: str) -> None:
        self._change(f"Name {label} {name}", "named", {label: name})

    def _on_color_wanted(self, label: int) -> None:
        """Ask for the color of a cluster."""
        dialog = QColorDialog(self._form.native)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(f"Color of cluster {label}")
        if self._panel.labels is not None:
            dialog.setCurrentColor(QColor(str(self._panel.labels.features["color"][label])))
        dialog.colorSelected.connect(lambda color: self._change(f"Color {label}", "colored", {label: color.name()}))
        dialog.open()

    def merge_selected(self) -> None:
        """Merge the clusters of the selected rows; ValueError says why it is not possible."""
        self._check_idle()
        n_selected = len(self._panel.table.selected())
        if n_selected < 2:
            how_many = "1 row of the table is" if n_selected else "no rows of the table are"
            raise ValueError(f"{how_many} selected; select two or more to merge their clusters")
        self._on_merge_wanted()

    def undo(self) -> None:
        """Go a step back; ValueError if there is none."""
        self._check_idle()
        if not self._panel.portions.can_undo:
            raise ValueError("there is nothing to undo for this image")
        self._panel.portions.undo()

    def redo(self) -> None:
        """Go a step on; ValueError if there is none."""
        self._check_idle()
        if not self._panel.portions.can_redo:
            raise ValueError("there is nothing to redo for this image")
        self._panel.portions.redo()

    def _check_idle(self) -> None:
        if self._runner.request is not None:
            raise ValueError(f"{self._runner.request.name} is worked on; do it again when that is done")

    def _on_merge_wanted(self) -> None:
        labels = sorted(self._panel.table.selected())
        self._change(f"Merge {_listed(labels)}", "merge", labels)

    def _on_split_wanted(self, n_parts: int) -> None:
        (label,) = self._panel.table.selected()
        self._change(f"Split {label} into {n_parts}", "split", label, n_parts)

    def _on_similar_wanted(self, n_clusters: int) -> None:
        self._change(f"Join to {n_clusters}", "merge_similar", group="similar", n_clusters=n_clusters)

    def _on_clean_wanted(self, min_size: int) -> None:
        layer = self._form.image_layer
        step = None if layer is None else self._controller.history(layer).current
        if step is not None:
            majority = step.segmentation.settings.majority  # a clean-up takes the place of the one before
            sizes: dict[str, Any] = {"min_size": min_size, **({"majority": majority} if majority else {})}
            self._change(f"Remove specks below {min_size}", "clean_up", **sizes)

    def _on_extract_wanted(self, kind: str) -> None:
        layer, labels = self._form.image_layer, sorted(self._panel.table.selected())
        if layer is not None and not self._is_busy():
            self._ask(lambda: self._controller.extract(layer, labels, kind))

    def _on_step_wanted(self, position: int) -> None:
        layer = self._form.image_layer
        if layer is not None:
            self._ask(lambda: self._controller.go_to(layer, position))


def _listed(labels: list[int]) -> str:
    return ", ".join(map(str, labels))
