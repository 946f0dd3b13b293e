"""Where progress is reported to."""

from collections.abc import Iterator
from contextlib import contextmanager

from napari_kseg.kmeans import Callback


@contextmanager
def progress_bar(show: bool, callback: Callback | None) -> Iterator[Callback | None]:
    """Callback that draws a tqdm bar, if wanted, and then calls the given one."""
    if not show:
        yield callback
        return
    from tqdm.auto import tqdm

    with tqdm(delay=0.5, leave=False, unit="block") as bar:

        def report(stage: str, done: int, total: int) -> None:
            if done == 0 or stage != bar.desc.removesuffix(": "):
                bar.set_description(stage, refresh=False)
                # Not `bar.reset(total)`, which draws at once, whatever the delay.
                bar.total, bar.n, bar.last_print_n = total, 0, 0
            bar.update(done - bar.n)
            if callback is not None:
                callback(stage, done, total)

        yield report


class Relay:
    """A callback that passes on to another one, which may change while it is held."""

    def __init__(self, target: Callback | None) -> None:
        self.target = target

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Pass on."""
        if self.target is not None:
            self.target(stage, done, total)
