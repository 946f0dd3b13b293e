"""A bar in napari's activity dock."""

from __future__ import annotations

from napari.utils.progress import progress


class ActivityBar:
    """A bar that is there from the first report until it is closed. Used in the GUI thread.

    napari processes events while it adds or moves a bar. So a run may end inside `report`, and a bar deleted there
    would still be in use: napari then raises, and shows no bars any more. That is why `create_worker` is not asked for
    the bar, and why `close` waits for `report`.
    """

    def __init__(self) -> None:
        self._bar: progress | None = None
        self._reporting = False
        self._closing = False

    def report(self, text: str, done: int, total: int) -> None:
        """Show how far it has come; a total of 0 is not known."""
        if self._reporting:
            return
        self._reporting = True
        try:
            if self._bar is None:
                self._bar = progress(desc=text, total=total)
            elif self._bar.total != total:
                self._bar.reset(total)
            if not self._bar.disable:  # else the window is gone, and took the bar along
                self._bar.update(done - self._bar.n)
        finally:
            self._reporting = False
        if self._closing:
            self.close()

    def close(self) -> None:
        """Take the bar away, if there is one."""
        self._closing = self._reporting
        if not self._reporting and self._bar is not None:
            bar, self._bar = self._bar, None
            bar.close()
