"""Parts of the panel that fold away."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget
from superqt import QCollapsible

MIN_HEIGHT = 60
"""Pixels of an unfolded section, about two fields, in a window that has no room for more."""


class Section(QCollapsible):
    """A folded part of the panel; unfolded, it is no reason for a small window to grow."""

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__(title)
        self.layout().setContentsMargins(0, 0, 0, 0)
        scroll = _Scroll(content)
        self.setContent(scroll)
        self.collapse(animate=False)
        # Else the Tab key would go through controls that have no height.
        scroll.hide()
        self.toggled.connect(scroll.setVisible)

    def fit(self) -> None:
        """Take the height of what is inside by now."""
        if self.isExpanded():
            self.expand(animate=False)


class _Scroll(QScrollArea):
    """As high as its content, if there is room."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(MIN_HEIGHT)

    def sizeHint(self) -> QSize:  # Qt's name
        """Return the size of the content, for the width that there is."""
        hint, inside = self.widget().sizeHint(), self.widget()
        if inside.hasHeightForWidth() and self.width() > 0:
            hint.setHeight(max(hint.height(), inside.heightForWidth(self.width())))
        return hint

    def minimumSizeHint(self) -> QSize:
        """Return a height that any window has."""
        bar = self.verticalScrollBar().sizeHint().width()  # what it takes is not there for the content
        return QSize(self.widget().minimumSizeHint().width() + bar, MIN_HEIGHT)
