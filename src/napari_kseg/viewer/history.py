"""The segmentations of an image, one after the other: what undo and redo go through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_kseg.image.wording import counted

if TYPE_CHECKING:
    from napari_kseg.image.segmentation import Segmentation
    from napari_kseg.viewer.extract import Extraction

MOST = 30
"""Steps that are kept; labels of 12 megapixels take 12 MB each."""


@dataclass(frozen=True, eq=False)
class Step:
    """A segmentation, and how it came about.

    Parameters
    ----------
    title : str
        What was done, such as "Merge 2, 3".
    segmentation : Segmentation
        What came of it.
    code : str
        How Python does it to the step before, such as ".merge([2, 3])"; empty for a run, which needs none before it.
    start : str
        Python that makes the segmentation of `layer`, such as by a model; empty for what `segment_layer` makes.
    mask : str
        Python for the mask of a run, if it had one.
    others : tuple of str
        Names of the layers that were further channels of a run.
    by_hand : bool
        Whether something was painted, which no code repeats.
    group : str
        Of several steps of one group in a row, such as those of a slider, only the last is kept; empty for none.
    extraction : Extraction or None
        The layers that were cut out, if that was what was done; the segmentation is that of the step before.
    """

    title: str
    segmentation: Segmentation
    code: str = ""
    start: str = ""
    mask: str = ""
    others: tuple[str, ...] = ()
    by_hand: bool = False
    group: str = ""
    extraction: Extraction | None = None

    @property
    def is_run(self) -> bool:
        """Whether it needs no step before it."""
        return not self.code and not self.by_hand and self.extraction is None


class History:
    """Steps of which one is the current one; those after it can be redone until another is added."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.position = -1

    @property
    def current(self) -> Step | None:
        """The step that is shown."""
        return self.steps[self.position] if self.steps else None

    @property
    def path(self) -> list[Step]:
        """The steps from the latest run to the current one."""
        done = self.steps[: self.position + 1]
        runs = [i for i, step in enumerate(done) if step.is_run]
        return done[runs[-1] if runs else 0 :]

    def extractions_to(self, position: int) -> tuple[list[Extraction], list[Extraction]]:
        """Return what is undone of layers that were cut out, latest first, and what is redone, on the way to a step."""
        undone = [step.extraction for step in self.steps[position + 1 : self.position + 1][::-1]]
        redone = [step.extraction for step in self.steps[self.position + 1 : position + 1]]
        return [one for one in undone if one is not None], [one for one in redone if one is not None]

    def base(self, group: str) -> Step | None:
        """Return the step that one of this group starts from."""
        if self.current is not None and group and self.current.group == group and self.position > 0:
            return self.steps[self.position - 1]
        return self.current

    def add(self, step: Step) -> None:
        """Add a step after the one that it starts from; what could be redone is gone."""
        end = self.position if self.base(step.group) is not self.current else self.position + 1
        self.steps = [*self.steps[:end], step][-MOST:]
        self.position = len(self.steps) - 1

    def go_to(self, position: int) -> Step:
        """Make another step the current one."""
        self.position = position
        return self.steps[position]


def title_of_run(seg: Segmentation) -> str:
    """Return what the history calls a run."""
    return counted(seg.n_clusters, "cluster")
