"""Ours and the peers side by side: one process, in turns, medians; and the rows of a table that come of it."""

import time
from dataclasses import dataclass

import numpy as np
from peers import PEERS, why_not

LONG = 5.0
"""Seconds: a peer that takes longer runs once."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    megapixels: int = 12
    repeat: int = 7
    patience: float = 300.0  # seconds that one run of a peer may take
    quick: bool = False
    turns: int = 5  # of fresh processes


@dataclass
class Entry:
    """One contestant: its job returns centroids."""

    name: str
    settings: str
    job: object
    seconds: list
    centroids: np.ndarray | None = None
    note: str = ""

    def run(self):
        """Run once. Whatever a peer raises, the table goes on."""
        start = time.perf_counter()
        try:
            self.centroids = np.asarray(self.job(), np.float64)
            self.seconds.append(time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001
            self.note = f"left out: {error!r:.80}"

    @property
    def median(self):
        """Median of the seconds."""
        return float(np.median(self.seconds)) if self.seconds else float("nan")


def timed(job):
    """Return seconds and result of a call."""
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def contest(image, n_clusters, ours, names, options):
    """Run all in turn on an image (M, N, C) and return median seconds to copy it, and the entries, ours first.

    Parameters
    ----------
    image : (M, N, C) array
    n_clusters : int
    ours : dict of str to callable
        Settings in words, and a job that returns a Segmentation.
    names : sequence of str
        Of `peers.PEERS`.
    options : Options
    """
    own = [Entry("napari-kseg", words, _centroids_of(job), []) for words, job in ours.items()]
    others = [_peer(name, image, n_clusters, options) for name in names]
    buffer = np.empty_like(image)
    np.copyto(buffer, image)
    for entry in own:
        entry.job()  # compiles
    copies = []
    for _ in range(options.repeat):
        time.sleep(0.05)  # threads of OpenMP spin for a moment after their work
        copies.append(timed(lambda: np.copyto(buffer, image))[0])
        for entry in own:
            entry.run()
        for entry in others:
            if not entry.note and (not entry.seconds or entry.seconds[-1] < LONG):
                entry.run()
    return float(np.median(copies)), own + others


def _centroids_of(job):
    return lambda: job().centroids


def _peer(name, image, n_clusters, options):
    """The entry of a peer, warm; with a note why not if it cannot run or would take too long."""
    peer = PEERS[name]
    entry = Entry(name, peer.settings, lambda: peer.job(image, n_clusters), [])
    reason = why_not(name)
    if reason:
        entry.note = f"left out: {reason}"
        return entry
    part = np.ascontiguousarray(image[::4, ::4])
    trial = Entry(name, "", lambda: peer.job(part, n_clusters), [])
    trial.run()  # imports, starts threads
    trial.run()
    entry.note = trial.note
    if trial.seconds and trial.seconds[-1] * image.size / part.size > options.patience:
        entry.note = (
            f"left out: would take > {options.patience:.0f} s (1/16 of the pixels took {trial.seconds[-1]:.1f} s)"
        )
    return entry


COLUMNS = ("", "settings", "time", "runs", "copies of the image", "time / ours", "inertia ours / its")


def rows(copy_seconds, entries, samples):
    """Return the table's rows: times, multiples of the copy, ratios to the first entry, ratio of the inertias."""
    first = entries[0]
    own_inertia = samples.inertia(first.centroids)
    out = [("copy", "np.copyto into warm memory", milliseconds(copy_seconds), "", "1", "", "")]
    for entry in entries:
        if not entry.seconds:
            out.append((entry.name, entry.settings, entry.note, "", "", "", ""))
            continue
        inertia = samples.inertia(entry.centroids)
        out.append(
            (
                entry.name,
                entry.settings,
                milliseconds(entry.median),
                str(len(entry.seconds)),
                f"{entry.median / copy_seconds:,.1f}",
                "1" if entry is first else f"{entry.median / first.median:,.2f}",
                f"MSE {own_inertia / samples.n_pixels:.3f}" if entry is first else f"{own_inertia / inertia:.5f}",
            )
        )
    return out


def milliseconds(seconds):
    """Return a time to read: ms below ten seconds."""
    return f"{seconds * 1e3:,.1f} ms" if seconds < 10 else f"{seconds:,.0f} s"
