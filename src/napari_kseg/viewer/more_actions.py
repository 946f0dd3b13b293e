"""What the entries of the menu "More" do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error, show_info
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog

from napari_kseg.image.wording import counted, of_all
from napari_kseg.viewer.last_model import read_model
from napari_kseg.viewer.last_session import has_settings, of_fields, restore
from napari_kseg.viewer.layer_choice import LayerChoice
from napari_kseg.viewer.model_bar import ModelBar
from napari_kseg.viewer.more_menu import MoreButton
from napari_kseg.viewer.panels import said
from napari_kseg.viewer.python_code import python_code
from napari_kseg.viewer.request import Request
from napari_kseg.viewer.series import Series
from napari_kseg.viewer.source import take_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image

    from napari_kseg.image.batch import BatchResult
    from napari_kseg.image.model import Model
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.kmeans import Callback
    from napari_kseg.viewer.controller import Controller
    from napari_kseg.viewer.form import SettingsForm
    from napari_kseg.viewer.last_model import LastModel
    from napari_kseg.viewer.result_panel import ResultPanel
    from napari_kseg.viewer.worker import Outcome, Runner

MODEL_FILES = "Models (*.json)"
TABLE_FILES = "Tables (*.csv)"
NOT_PAINTED = "It does not repeat what was painted by hand."
_FROM_LAYERS = ("channel_axis", "spacing")
"""Settings that the layer of the next run says, not the form."""


class MoreActions:
    """The menu and what it does to the chosen image.

    Parameters
    ----------
    form : SettingsForm
        Says which image is chosen.
    viewer : napari.viewer.Viewer
        The viewer.
    controller : Controller
        Makes requests.
    runner : Runner
        Runs them.
    panel : ResultPanel
        Says what happened.
    """

    def __init__(
        self, form: SettingsForm, viewer: Any, controller: Controller, runner: Runner, panel: ResultPanel
    ) -> None:
        self._form, self._viewer, self._controller = form, viewer, controller
        self._runner, self._panel = runner, panel
        self._series: Series | None = None
        self._folder: tuple[Request, Callable[[], str]] | None = None
        """What is done to a folder, and what tells how far it has come."""
        self.button = MoreButton()
        self.button.menu().aboutToShow.connect(self._on_about_to_show)
        self.button.wanted.connect(self._on_wanted)
        self.bar = ModelBar()
        self.bar.apply_wanted.connect(self._on_apply_wanted)
        # After the widget has shown the outcome: slots are called in the order in which they were connected.
        runner.finished.connect(self._on_runner_finished)

    def _on_about_to_show(self) -> None:
        """Offer what is possible."""
        possible: set[str] = set()
        if self._layer is not None:
            possible.add("apply")
            if self._controller.history(self._layer).current is not None:
                possible |= {"python", "save", "folder"} | ({"layers"} if self._others() else set())
            if self._panel.labels is not None:
                possible |= {"copy", "table"}
        if self._made_layer() is not None:
            possible.add("load")
        if has_settings():
            possible.add("last")
        self.button.set_possible(possible)

    def _on_wanted(self, key: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "python": self._copy_python,
            "copy": self._copy_table,
            "table": self._save_table,
            "save": self._save_model,
            "apply": self._apply_model,
            "layers": self._choose_layers,
            "folder": self._apply_to_folder,
            "load": self._load_settings,
            "last": self._load_last,
        }
        try:
            actions[key]()
        except (ValueError, TypeError) as error:
            self._panel.show_status(str(error))
            show_error(str(error))

    @property
    def _layer(self) -> Image | None:
        return self._form.image_layer

    def _current(self) -> tuple[Image, Segmentation]:
        layer = self._layer
        step = None if layer is None else self._controller.history(layer).current
        if layer is None or step is None:
            raise ValueError("there is no result of this image yet; press Run")
        return layer, step.segmentation

    def _others(self) -> list[Image]:
        return [layer for layer in self._form.image_layers if layer is not self._layer]

    def _copy_python(self) -> None:
        layer, _ = self._current()
        QGuiApplication.clipboard().setText(python_code(self._controller.history(layer).path, layer.name))
        self._panel.show_status("Python is in the clipboard.")

    def _copy_table(self) -> None:
        QGuiApplication.clipboard().setText(self._panel.table.text())
        self._panel.show_status("The table is in the clipboard.")

    def _save_table(self) -> None:
        labels = self._panel.labels
        if labels is None:
            raise ValueError("there is no table of this image yet; press Run")
        path = self._path_to_save("Save table", f"{labels.name}.csv", TABLE_FILES)
        if path is not None:
            clusters = labels.features[1:]  # row 0 is what was left out
            _written(path, lambda: clusters.to_csv(path, index=False))
            self._panel.show_status(f"Table saved to {path.name}.")

    def _save_model(self) -> None:
        layer, seg = self._current()
        path = self._path_to_save("Save model", f"{layer.name} model.json", MODEL_FILES)
        if path is not None:
            _written(path, lambda: seg.model.save(path))
            self._panel.show_status(f"Model saved to {path.name}. {_limits(seg.model)}".strip())

    def _apply_model(self) -> None:
        layer = self._layer
        name, _ = QFileDialog.getOpenFileName(self._form.native, "Apply a model", "", f"{MODEL_FILES};;All files (*)")
        if layer is not None and name:
            self.apply(read_model(self._viewer, name))

    def show_model(self, opened: LastModel) -> None:
        """Show a model in the panel, to be applied."""
        self.bar.open(opened)
        self._panel.show_status("Apply labels the chosen image by this model.")

    def _on_apply_wanted(self) -> None:
        opened = self.bar.opened
        if opened is not None:
            said(lambda: self.apply(opened))

    def apply(self, last: LastModel) -> None:
        """Label the chosen image by a model; ValueError says why it is not possible."""
        layer, running = self._layer, self._runner.request
        if layer is None:
            raise ValueError("there is no image to apply the model to; open one")
        if running is not None and running.is_long:
            raise ValueError(f"{running.name} is worked on; press Cancel first")
        self._runner.run(self._controller.apply(layer, last.model, last.title, last.code))

    def _choose_layers(self) -> None:
        layer, _ = self._current()
        dialog = LayerChoice(self._others(), layer.name, self._form.native)
        dialog.chosen.connect(self._apply_to_layers)
        dialog.open()

    def _apply_to_layers(self, layers: list[Image]) -> None:
        source, seg = self._current()
        labels, _ = self._controller.outputs(source)
        code = "" if labels is None else f"kseg.from_layer(viewer.layers[{labels.name!r}]).model"
        title = f"As {source.name}"
        self._series = Series(
            layers, lambda layer: self._controller.apply(layer, seg.model, title, code), _limits(seg.model)
        )
        self._go_on(self._series)

    def _go_on(self, series: Series) -> None:
        request = series.next()
        if request is not None:
            self._runner.run(request)
            self._panel.show_progress(series.stage, series.n_done + len(series.failed), series.n_layers)
        else:
            self._panel.show_status(series.summary())
            self._end(series)

    def _end(self, series: Series) -> None:
        self._series = None
        if series.failed:
            show_error(
                "\n".join([f"{of_all(len(series.failed), series.n_layers, 'layer')} not labeled:", *series.failed])
            )

    def _on_runner_finished(self, outcome: Outcome) -> None:
        if self._series is not None and outcome.request is self._series.request:
            self._go_on(self._series)
        if self._folder is not None and outcome.request is self._folder[0]:
            self._folder = None

    def takes(self, outcome: Outcome) -> bool:
        """Return whether an error is one of several layers, and will be told with the others."""
        series = self._series
        if series is None or outcome.request is not series.request or outcome.error is None:
            return False
        series.fail(outcome.error)
        return True

    def canceled(self, request: Request | None) -> str:
        """Return what to say of a canceled request, of which something may be done."""
        series, folder = self._series, self._folder
        if folder is not None and request is folder[0]:
            self._folder = None
            return f"Canceled: {folder[1]()}"
        if series is None or request is not series.request:
            return "Canceled."
        self._end(series)
        return f"Canceled: {series.summary()}"

    def removed(self, request: Request) -> None:
        """Go on with the next layer after one was removed."""
        if self._series is not None and request is self._series.request:
            self._go_on(self._series)

    def _apply_to_folder(self) -> None:
        from napari_kseg.image.batch import BatchResult, check_room, segment_files
        from napari_kseg.image.batch_file import Task
        from napari_kseg.image.image_files import find_images

        layer, seg = self._current()
        source = QFileDialog.getExistingDirectory(self._form.native, "Apply to the images in a folder")
        if not source:
            return
        files = find_images([source])
        target = QFileDialog.getExistingDirectory(
            self._form.native, f"Where to write {counted(len(files), 'label image')}"
        )
        if not target:
            return
        output, task, result = Path(target), Task(seg.model, ("labels",)), BatchResult(len(files))
        check_room(files, output, task.kinds)

        def prepare(callback: Callback) -> None:
            segment_files(files, output, task, callback=callback, tell=lambda _, outcome: result.add(outcome))

        def tell() -> str:
            return self._tell_folder(result, output, seg.model)

        def show(_: None) -> str:
            self._panel.show_status(tell())
            return ""

        place = replace(take_source(layer), name=Path(source).name)
        request = Request(None, place, prepare, show, is_long=True)
        self._folder = request, tell
        self._runner.run(request)

    def _tell_folder(self, result: BatchResult, output: Path, model: Model) -> str:
        """Return what was done, and list what was not."""
        if result.failed:
            show_error(
                "\n".join([f"{of_all(len(result.failed), result.n_files, 'image')} not labeled:", *result.failed])
            )
        if result.warned:
            show_info("\n".join(result.warned))
        before = f" ({result.n_before} of them before)" if result.n_before else ""
        done = of_all(result.n_done, result.n_files, "image")
        return f"{done} labeled in {output.name}{before}. {_limits(model)}".strip()

    def _load_settings(self) -> None:
        from napari_kseg.image.settings import Settings
        from napari_kseg.viewer.result_layers import METADATA_KEY

        layer = self._made_layer()
        if layer is None:
            raise ValueError("no layer of a result is selected, and this image has none; press Run")
        settings = Settings.from_dict(layer.metadata[METADATA_KEY]["settings"]).to_dict()
        self._form.load(settings)
        shown = of_fields(self._form.settings())
        missing = [name for name in shown if shown[name] != settings[name] and name not in _FROM_LAYERS]
        if missing:
            words = ", ".join("mask" if name == "masked" else name for name in missing)
            self._panel.show_status(f"The settings of {layer.name} are in the form, except {words}.")
        else:
            self._panel.show_status(f"The settings of {layer.name} are in the form.")

    def _load_last(self) -> None:
        restore(self._form)
        self._panel.show_status("The settings of the last run are in the form.")

    def _made_layer(self) -> Any:
        """Return the layer whose settings are meant: the selected result, or else that of the chosen image."""
        from napari_kseg.viewer.result_layers import METADATA_KEY

        for layer in (self._viewer.layers.selection.active, self._panel.labels):
            made = {} if layer is None else layer.metadata.get(METADATA_KEY, {})
            if "settings" in made:
                return layer
        return None

    def _path_to_save(self, title: str, name: str, kind: str) -> Path | None:
        """Ask for a file; None if none was given."""
        safe = name.replace("/", "-").replace("\\", "-")
        given, _ = QFileDialog.getSaveFileName(self._form.native, title, safe, kind)
        if not given:
            return None
        path = Path(given)
        return path if path.suffix else path.with_suffix(Path(name).suffix)


def _written(path: Path, write: Callable[[], Any]) -> None:
    try:
        write()
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror or error}); choose another place") from None


def _limits(model: Model) -> str:
    return NOT_PAINTED if model.hand_edited else ""
