"""Measure speed, memory and quality beside other libraries: `make bench`.

Absolute times say more of the machine than of the code, so each is also given as a multiple of the time to copy the
image, and as a ratio to the peers. Each table is printed and written to `benchmarks/results/`.
"""

import argparse
import logging
import tempfile
import time
import warnings
from pathlib import Path

from channels import p6
from color import p0, p1, p2, p3, p4
from contest import Options
from figures import clusters_figure, search_figure, size_figure
from gray import p5
from lazy import p8
from photos import q1
from process import p10, q4
from report import Folders
from size import p7

TABLES = {
    "P0": p0, "P1": p1, "P2": p2, "P3": p3, "P4": p4, "P5": p5, "P6": p6, "P7": p7, "P8": p8, "P10": p10,
    "Q1": q1, "Q4": q4, "size": size_figure, "clusters": clusters_figure, "search": search_figure,
}  # fmt: skip


def main():
    """Run the tables that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=TABLES, default=list(TABLES), metavar="TABLE", help=" ".join(TABLES)
    )
    parser.add_argument("--megapixels", type=int, default=12, help="size of the mosaic in P1 to P3")
    parser.add_argument("--repeat", type=int, default=7, help="runs of ours; peers run once if they take > 5 s")
    parser.add_argument("--turns", type=int, default=5, help="rounds of fresh processes in P8")
    parser.add_argument("--patience", type=float, default=300, help="leave out a peer whose run takes more seconds")
    parser.add_argument(
        "--quick", action="store_true", help="small images, to see that all works; results go to a temporary folder"
    )
    args = parser.parse_args()
    if args.quick:
        args.megapixels, args.patience, args.repeat, args.turns = 1, 10, 3, 1
        Folders.results = Folders.images = Path(tempfile.mkdtemp())
    warnings.filterwarnings("ignore", module="sklearn")  # it cannot count the cores of a container
    logging.disable(logging.WARNING)
    for name in args.only:
        start = time.perf_counter()
        TABLES[name](Options(args.megapixels, args.repeat, args.patience, args.quick, args.turns))
        print(f"({name} took {time.perf_counter() - start:.0f} s)\n", flush=True)


if __name__ == "__main__":
    main()
