"""P8: images on disk, in chunks of a zarr array, against reading every chunk once."""

import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
from fresh import in_fresh_process
from images import TILE, TILES, photo, resized
from report import Folders, report

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the choice of what draws it

PACKAGES = ("napari-kseg", "numpy", "numba", "dask", "zarr", "numcodecs")
TITLE = "out of core: RGB uint8 in a zarr array"
CHUNK = 2048
SIDES = (1000, 2000, 4000, 7000, 10_000, 14_000, 20_000)
OURS, READ, LABELS = "#0072b2", "#777777", "#d55e00"
HOW = """Chunks of {chunk}², zstd. Each row is the median of {turns} rounds; in each, a fresh process reads every chunk
once, and another fits, labels a first tile of 512², then all pixels. Speed is that of reading over that of the pass, by
the time of all processors together, and (in brackets) by the clock, which says less where others use the machine.
Memory is the peak of the process, with all that was imported."""
GOAL = 600
"""Megabytes at the peak."""


def p8(options):
    """Fit, all labels and the first tile of images from 1 to 400 megapixels."""
    sides = (500, 1000) if options.quick else SIDES
    with tempfile.TemporaryDirectory() as folder, report("P8", TITLE, PACKAGES) as out:
        out.line()
        out.line(HOW.format(chunk=CHUNK, turns=options.turns))
        out.columns(
            "megapixels", "k", "read", "fit", "first tile", "all labels", "speed of the fit", "of the labels",
            "memory reading", "memory of ours",
        )  # fmt: skip
        rows = []
        for side in sides:
            store = write(side, Path(folder) / f"{side}.zarr")
            for n_clusters in (5, 64) if side == sides[-1] else (5,):
                found = rounds(store, n_clusters, options.turns)
                out.row(side**2 / 1e6, n_clusters, *cells(found))
                if n_clusters == 5:
                    rows.append((side**2 / 1e6, found))
        figure(rows)


def write(side, path):
    """Write an image of tiles with noise of ±2, as of `images.mosaic`, one row of chunks at a time."""
    import zarr
    from zarr.codecs import ZstdCodec

    random = np.random.default_rng(0)
    tiles = [resized(photo(name), (TILE, TILE)) for name in TILES]
    image = zarr.create_array(
        path, shape=(side, side, 3), chunks=(CHUNK, CHUNK, 3), dtype="uint8", compressors=ZstdCodec(level=1)
    )
    n = -(-side // TILE)
    for top in range(0, side, CHUNK):
        rows = np.arange(top, min(top + CHUNK, side))
        band = np.empty((len(rows), n * TILE, 3), np.int16)
        for x in range(n):
            for y in np.unique(rows // TILE):
                own = rows // TILE == y
                band[own, x * TILE : (x + 1) * TILE] = tiles[(y * n + x) % len(tiles)][rows[own] % TILE]
        band += random.integers(-2, 3, band.shape, np.int16)
        image[top : top + len(rows)] = np.clip(band, 0, 255).astype(np.uint8)[:, :side]
    return path


def rounds(store, n_clusters, turns):
    """Return medians of what fresh processes measure, who take turns: {what: {clock, processors, memory}}."""
    found = []
    for _ in range(turns):
        reading = in_fresh_process("lazy_read", store)
        found.append({**reading, **in_fresh_process("lazy_job", f"{store},{n_clusters}")})
    return {
        what: {unit: float(np.median([one[what][unit] for one in found])) for unit in found[0][what]}
        for what in found[0]
    }


def cells(found):
    """Return a row of the table."""
    read, fit, tile, labels = (found[what] for what in ("read", "fit", "tile", "labels"))
    return (
        *(f"{one['processors']:.2f} s ({one['clock']:.2f} s)" for one in (read, fit)),
        f"{tile['clock'] * 1e3:.0f} ms",
        f"{labels['processors']:.2f} s ({labels['clock']:.2f} s)",
        *(
            f"{100 * read['processors'] / one['processors']:.0f} % ({100 * read['clock'] / one['clock']:.0f} %)"
            for one in (fit, labels)
        ),
        f"{read['memory']:.0f} MB",
        f"{labels['memory']:.0f} MB",
    )


def figure(rows):
    """Draw time and peak memory against size."""
    fig, (times, memory) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    sizes = [megapixels for megapixels, _ in rows]
    for axes, unit in ((times, "processors"), (memory, "memory")):
        for what, words, color in (("read", "reading alone", READ), ("fit", "fit", OURS), ("labels", "labels", LABELS)):
            axes.plot(sizes, [found[what][unit] for _, found in rows], "o-", color=color, label=words, markersize=4)
        axes.set(xscale="log", xlabel="megapixels, RGB uint8, zarr, k = 5")
        axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axes.set_xticks([], minor=True)
        axes.grid(alpha=0.3)
    times.set(yscale="log", title="Seconds of all processors")
    memory.axhline(GOAL, color=READ, linestyle=":", linewidth=1)
    memory.set(ylim=(0, GOAL * 1.1), title="Peak memory of the process, MB")
    times.legend()
    fig.savefig(Folders.images / "large-images.png", dpi=130, metadata={"Software": None})
    plt.close(fig)
