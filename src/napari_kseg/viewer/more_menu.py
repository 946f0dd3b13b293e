"""The button "More": what can be done with a result besides looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMenu, QPushButton

if TYPE_CHECKING:
    from collections.abc import Collection

    from qtpy.QtWidgets import QWidget

ENTRIES = {
    "python": ("Copy as &Python", "Copy Python that repeats all that was done, for the console of napari."),
    "copy": ("&Copy table", "Copy the table of the clusters, or its selected rows, for a spreadsheet."),
    "table": ("Save &table…", "Write the table of the clusters to a CSV file."),
    "save": ("&Save model…", "Write what other images need to be labeled the same way to a file."),
    "apply": ("&Apply a model…", "Label this image by the clusters in a model file, instead of finding new ones."),
    "layers": ("Apply to &layers…", "Label other image layers by the clusters of this one."),
    "folder": (
        "Apply to a &folder…",
        "Label all image files of a folder by these clusters: write their labels, and a table of all.",
    ),
    "load": (
        "L&oad settings from layer",
        "Show in the form how the selected result, or that of this image, was made.",
    ),
    "last": ("Load last s&ettings", "Show in the form the settings of the latest run, also of an earlier session."),
}
BEFORE_LINES = ("table", "folder")


class MoreButton(QPushButton):
    """A button with the menu."""

    wanted = Signal(str)
    """The key of an entry."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("More", parent)
        self.setToolTip("Copy and save the result, and apply it to other images.")
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self._entries = {}
        for key, (text, tip) in ENTRIES.items():
            entry = menu.addAction(text, lambda key=key: self.wanted.emit(key))
            entry.setToolTip(tip)
            self._entries[key] = entry
            if key in BEFORE_LINES:
                menu.addSeparator()
        self.setMenu(menu)

    def set_possible(self, keys: Collection[str]) -> None:
        """Offer these entries, and no others."""
        for key, entry in self._entries.items():
            entry.setEnabled(key in keys)
