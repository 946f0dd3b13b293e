"""One thing done to several layers, one after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_kseg.image.wording import of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_kseg.kmeans import Callback
    from napari_kseg.viewer.request import Request


class Series:
    """Requests of which each is made when the one before has ended, whether well or not.

    Parameters
    ----------
    layers : sequence of napari.layers.Image
        The layers.
    make : callable
        `make(layer)` returns the request; ValueError and TypeError say why there is none.
    note : str
        What else is to be said at the end.
    """

    def __init__(self, layers: Sequence[Any], make: Callable[[Any], Request], note: str) -> None:
        self._waiting = list(layers)
        self._make, self._note = make, note
        self.n_layers = len(self._waiting)
        self.n_done = 0
        self.failed: list[str] = []
        self.request: Request | None = None
        self._answered = True

    @property
    def stage(self) -> str:
        """Which of the layers it is at."""
        return f"Layer {self.n_layers - len(self._waiting)} of {self.n_layers}"

    def fail(self, sentence: str) -> None:
        """Note why there is no result for the current layer."""
        if self.request is not None and not self._answered:
            self._answered = True
            self.failed.append(f"{self.request.name}: {sentence}")

    def next(self) -> Request | None:
        """Return the next request; None after the last."""
        self.fail("it changed or was removed meanwhile; apply again")
        while self._waiting:
            layer = self._waiting.pop(0)
            try:
                self.request, self._answered = self._counted(self._make(layer)), False
            except (ValueError, TypeError) as error:
                self.failed.append(f"{layer.name}: {error}")
            else:
                return self.request
        self.request = None
        return None

    def summary(self) -> str:
        """Return how many are done."""
        return f"{of_all(self.n_done, self.n_layers, 'layer')} labeled. {self._note}".strip()

    def _counted(self, request: Request) -> Request:
        """Return a request that says which one it is, and counts when it is shown."""
        stage = self.stage

        def prepare(callback: Callback) -> Any:
            return request.prepare(lambda part, done, total: callback(f"{stage}: {part}", done, total))

        def show(prepared: Any) -> str:
            said = request.show(prepared)
            self._answered = True
            self.n_done += 1
            return said

        return replace(request, prepare=prepare, show=show, is_long=True)
