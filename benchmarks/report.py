"""What the benchmarks print and write: Markdown tables under a line about machine and versions."""

import os
import platform
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = (
    "napari-kseg", "numpy", "numba", "scikit-image", "scikit-learn", "scikit-learn-intelex", "opencv-python-headless",
    "faiss-cpu", "imagequant", "Pillow", "kmeans1d", "bkmeans",
)  # fmt: skip


def machine():
    """Return processor, cores that the process may use, and system."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def versions(packages=PACKAGES):
    """Return the versions of the packages that are there."""
    found = []
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    return ", ".join(found)


class Folders:
    """Where tables and figures go; a trial with small images puts them elsewhere."""

    results = HERE / "results"
    images = HERE.parent / "docs" / "images"


class Report:
    """Lines that are printed at once, to be written later."""

    def __init__(self):
        self.lines = []

    def line(self, text=""):
        """Add a line."""
        self.lines.append(text)
        print(text, flush=True)

    def columns(self, *names):
        """Begin a table."""
        self.line()
        self.row(*names)
        self.line("|" + "---|" * len(names))

    def row(self, *cells):
        """Add a row."""
        self.line("| " + " | ".join(str(cell) for cell in cells) + " |")


@contextmanager
def report(name, title, packages=PACKAGES):
    """Give a Report; afterwards write it to `results/<name>.md`."""
    out = Report()
    out.line(f"# {name}: {title}")
    out.line()
    out.line(f"{machine()}; {versions(packages)}.")
    yield out
    Folders.results.mkdir(exist_ok=True)
    (Folders.results / f"{name}.md").write_text("\n".join(out.lines) + "\n", encoding="utf-8")
    print(flush=True)
