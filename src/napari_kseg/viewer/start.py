"""What a change starts from: a segmentation, and what was painted on its labels since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_kseg.viewer.history import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_kseg.image.segmentation import Segmentation

PAINTED = "Painted"


class Start:
    """The segmentation that something starts from; called, with what was painted on it, which is a step of its own."""

    def __init__(self, segmentation: Segmentation, painted: NDArray[Any] | None) -> None:
        self.segmentation = segmentation
        self._painted = painted
        self.stroke: list[Step] = []
        """That step, if something was painted and it is made."""

    @property
    def is_painted(self) -> bool:
        """Whether something was painted."""
        return self._painted is not None

    def __call__(self) -> Segmentation:
        """Return it, in any thread."""
        if self._painted is None:
            return self.segmentation
        edited = self.segmentation.edited(self._painted)
        self.stroke[:] = [Step(PAINTED, edited, by_hand=True, group=PAINTED)]
        return edited


def painted_on(seg: Segmentation, shown: NDArray[Any], name: str) -> NDArray[Any] | None:
    """Return labels that differ from those of a segmentation, 0 where there is no such cluster; None if none does.

    ValueError if they have another shape; `name` is that of the image.
    """
    if np.array_equal(shown, seg.labels):
        return None
    if shown.shape != seg.labels.shape:
        raise ValueError(f"the clusters of {name} have another shape than they were given; run again")
    known = np.where(shown > seg.n_clusters, 0, shown)
    return None if np.array_equal(known, seg.labels) else known
