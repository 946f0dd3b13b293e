"""Compare two commits in a minute or two: `make bench-quick ARGS="--against REV"`.

Each has a process of its own; both do the same jobs in turn.

Without REV, the working tree is compared with the last commit if it differs from it, else the last commit with the one
before. Inertia is computed anew, in float64, for both.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
SECONDS = 4.0
"""Time for one job on both sides, at least three turns each; with six jobs and compiling it stays below two minutes."""


def jobs():
    """Return name → (image, number of channels, number of clusters, keywords); images are made when asked for."""
    from images import many_channels, mosaic, photo, volume

    large = cache(lambda: mosaic(12))
    return {
        "RGB uint8 12 MP, k=5": (large, 3, 5, {}),
        "RGB uint8 12 MP, k=64": (large, 3, 64, {}),
        "RGB uint8 12 MP, k=250": (large, 3, 250, {}),
        "astronaut 512 × 512, k=256": (lambda: photo("astronaut"), 3, 256, {}),
        "uint8 64 × 512 × 512, k=8": (lambda: volume(64, dtype=np.uint8), 1, 8, {"channel_axis": None}),
        "uint16 64 × 512 × 512, k=8": (lambda: volume(64), 1, 8, {"channel_axis": None}),
        "float32 2048² × 8, k=8": (many_channels, 8, 8, {"channel_axis": -1}),
    }


def serve():
    """Be one side: read a command a line, answer with a line of JSON."""
    from quality import samples_of

    import napari_kseg as kseg

    known = jobs()
    image = seg = None
    for line in sys.stdin:
        command, name = json.loads(line)
        make, channels, n_clusters, keywords = known[name]
        if command == "inertia":
            answer = samples_of(image, channels).inertia(seg.centroids)
        else:
            if command == "prepare":  # the run that follows compiles
                image = make()
            start = time.perf_counter()
            seg = kseg.segment(image, n_clusters, downsample=1, **keywords)
            seg.recolored()
            answer = time.perf_counter() - start
        print(json.dumps(answer), flush=True)


class Side:
    """A process that works with the code of one commit."""

    def __init__(self, name, source):
        self.name = name
        environment = os.environ | {"PYTHONPATH": str(source), "PYTHONWARNINGS": "ignore"}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, command, job):
        """Give an order."""
        self.process.stdin.write(json.dumps([command, job]) + "\n")
        self.process.stdin.flush()

    def answer(self):
        """Wait for the answer."""
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended; its error stands above")
        return json.loads(line)

    def ask(self, command, job):
        """Give an order and wait for the answer."""
        self.send(command, job)
        return self.answer()


def compared(job, sides):
    """Return the seconds of both sides and the inertia of each."""
    for side in sides:
        side.send("prepare", job)  # both compile at once
    for side in sides:
        side.answer()
    seconds = [[], []]
    start = time.perf_counter()
    while len(seconds[0]) < 3 or (time.perf_counter() - start < SECONDS and len(seconds[0]) < 15):
        for i in (0, 1) if len(seconds[0]) % 2 else (1, 0):  # neither is always the first
            seconds[i].append(sides[i].ask("run", job))
    return seconds, [side.ask("inertia", job) for side in sides]


def git(*arguments):
    """Return what git prints."""
    return subprocess.run(["git", "-C", ROOT, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def checked_out(revision):
    """Give the folder of a worktree of a revision; it goes away afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        git("worktree", "add", "--detach", "--force", f"{folder}/tree", revision)
        try:
            yield Path(folder) / "tree"
        finally:
            git("worktree", "remove", "--force", f"{folder}/tree")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--against", metavar="REV", help="commit, tag or branch to compare the working tree with")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        return serve()
    changed = bool(git("status", "--porcelain", "--", "src"))
    against = args.against or ("HEAD" if changed else "HEAD~1")
    now, before = git("describe", "--always", "--dirty"), git("log", "-1", "--format=%h %s", against)
    print(f"now: working tree, {now}; before: {before}\n", flush=True)
    with checked_out(against) as tree:
        sides = [Side("working tree", ROOT / "src"), Side(against, tree / "src")]
        try:
            table(sides)
        finally:
            for side in sides:
                side.process.stdin.close()
                side.process.wait()
    return None


def table(sides):
    """Compare all jobs. On a busy machine the ratio of the fastest runs is steadier than that of the medians."""
    columns = ("job", "before", "now", "now / before", "of the fastest", "inertia now / before", "turns")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}", flush=True)
    for job in jobs():
        (now, before), (inertia_now, inertia_before) = compared(job, sides)
        cells = (
            job,
            f"{np.median(before) * 1e3:.1f} ms",
            f"{np.median(now) * 1e3:.1f} ms",
            f"{np.median(now) / np.median(before):.3f}",
            f"{min(now) / min(before):.3f}",
            f"{inertia_now / inertia_before:.5f}",
            str(len(now)),
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
