"""From a result to OME-Zarr: labels and recolored image as pyramids, written in blocks where they are computed."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._progress import progress_bar
from .block_run import BlockFailed, run_blocks
from .pyramid import blocks_of, chunks_and_blocks, level_factors, level_shape, place_of
from .unfinished import Unfinished, check_free
from .zarr_axes import Axes
from .zarr_blocks import Level, NotWritten, first_level_graph, next_level_graph
from .zarr_metadata import LABELS, attributes, image_label, multiscales, omero

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari_kseg.kmeans import Callback

    from .clusters import Clusters

VERSIONS = ("0.5", "0.4")
HOW_TO_INSTALL = 'pip install "napari-kseg[zarr]"'
STAGE = "Writing"

_CHECKED = 2
"""Blocks that are computed again, to see whether they are still the same, where dask cannot tell that they are."""


class OmeZarrError(OSError):
    """One sentence that says which part of a result could not be written, why, and what is left."""


@dataclass(frozen=True)
class Options:
    """How a result is written. `Segmentation.to_zarr` says what they are."""

    version: str = "0.5"
    recolored: bool = True
    axes: str | Sequence[str] | None = None
    scale: Sequence[float] | float | None = None
    units: str | Sequence[str | None] | None = None
    translate: Sequence[float] | None = None
    name: str | None = None
    overwrite: bool = False


def write_ome_zarr(
    seg: Clusters, path: str | os.PathLike[str], options: Options, progress: bool, callback: Callback | None
) -> Path:
    """Write a result. `Segmentation.to_zarr` says how and what is raised."""
    check_installed()
    target = _checked_path(path)
    if options.version not in VERSIONS:
        raise ValueError(f'version={options.version!r} is not written; give "0.5" or "0.4"')
    check_free(target, options.overwrite)
    plan = _Plan.of(seg, target, options)
    groups = plan.groups(seg)
    unfinished = Unfinished(target, options.overwrite)
    with _one_sentence(target, unfinished), progress_bar(progress, callback) as report:
        with unfinished.begun(plan.description(seg)):
            _write_levels(plan, unfinished, report)
            _write_groups(unfinished.folder, groups, plan.version)
        unfinished.finish()
    return target


@dataclass(frozen=True)
class _Plan:
    """What is written, in which order of axes, chunks and levels."""

    labels: Any
    image: Any
    dtype: np.dtype[Any] | None
    channel_place: int | None
    axes: Axes
    chunk: tuple[int, ...]
    block: tuple[int, ...]
    factors: list[tuple[int, ...]]
    version: str
    name: str
    source: list[str] | None

    @classmethod
    def of(cls, seg: Clusters, path: Path, options: Options) -> _Plan:
        has_channels = isinstance(seg.image, list) or seg.pixels.channel_axis is not None
        scale = seg.pixels.spacing if options.scale is None else options.scale
        ndim = len(seg.labels.shape)
        axes = Axes.of(ndim, has_channels and options.recolored, options.axes, scale, options.units, options.translate)
        shape = tuple(seg.labels.shape[axis] for axis in axes.order)
        chunks = _known_chunks(seg.labels, axes.order) if _is_lazy(seg.labels) else None
        chunk, block = chunks_and_blocks(axes.names, shape, chunks)
        labels = _in_blocks(seg.labels, axes.order, block)
        source = [str(getattr(seg.labels, "name", ""))] if chunks else None
        image, dtype = None, None
        if options.recolored:
            image = _channels_first(seg.recolored(), seg.pixels.channel_axis, axes.order, block)
            dtype = image.dtype
        name = options.name or path.name.removesuffix(".zarr").removesuffix(".ome")
        place = axes.channel_place if has_channels else None
        factors = level_factors(axes.names, shape)
        return cls(labels, image, dtype, place, axes, chunk, block, factors, options.version, name, source)

    @property
    def image_axes(self) -> Axes:
        return self.axes if self.channel_place is None else self.axes.with_channels()

    def description(self, seg: Clusters) -> dict[str, Any]:
        """Return what must be the same to go on with what was begun."""
        return {
            "image": [self.labels.shape, str(self.dtype), seg.counts.tolist(), repr(float(seg.inertia))],
            "model": seg.model.to_dict(),
            "source": self.source,  # what dask calls it, mostly the same for the same work
            "layout": [
                self.version, self.name, self.axes.metadata(), self.axes.scale, self.axes.translate, self.axes.order,
                self.chunk, self.block, self.image is not None,
            ],
        }  # fmt: skip

    def groups(self, seg: Clusters) -> dict[str, dict[str, Any]]:
        """Return the attributes of each group, which make an image of the arrays: they are written last."""
        of_labels = attributes(
            self.version,
            multiscales=multiscales(LABELS, self.axes, self.factors, self.version),
            **{"image-label": image_label(seg, self.axes.pixel_size(), self.version, self.dtype is not None)},
        ) | {"napari_kseg": {"model": seg.model.to_dict()}}
        if self.dtype is None:
            return {"": of_labels}
        factors = [self._with_channels(factors, 1) for factors in self.factors]
        levels = multiscales(self.name, self.image_axes, factors, self.version)
        return {
            f"labels/{LABELS}": of_labels,
            "labels": attributes(self.version, labels=[LABELS]),
            "": attributes(self.version, multiscales=levels, omero=omero(seg, self.dtype, self.version)),
        }

    def levels(self, folder: Path) -> list[Level]:
        """Make the arrays, or open those that were made."""
        import zarr

        root = zarr.open_group(folder, mode="a", zarr_format=_format(self.version))
        found = []
        of_labels, labels_dtype = ("" if self.dtype is None else f"labels/{LABELS}/"), self.labels.dtype
        for number, factors in enumerate(self.factors):
            shape = level_shape(self.labels.shape, factors)
            chunk = tuple(map(min, self.chunk, shape))
            labels = self._array(root, f"{of_labels}{number}", self.axes.names, shape, chunk, labels_dtype)
            image = None
            if self.dtype is not None:
                shape, of_image = self._with_channels(shape, self.n_channels), self._with_channels(chunk, 1)
                image = self._array(root, str(number), self.image_axes.names, shape, of_image, self.dtype)
            block = self.block if number == 0 else chunk
            found.append(Level(labels, image, tuple(block), self.channel_place))
        return found

    @property
    def n_channels(self) -> int:
        return 0 if self.image is None else int(self.image.shape[0])

    def _with_channels(self, lengths: tuple[int, ...], length: int) -> tuple[int, ...]:
        at = self.channel_place
        return lengths if at is None else (*lengths[:at], length, *lengths[at:])

    def _array(
        self, root: Any, path: str, names: str, shape: tuple[int, ...], chunk: tuple[int, ...], dtype: Any
    ) -> Any:
        if path in root:
            return root[path]
        from numcodecs import Blosc
        from zarr.codecs import BloscCodec

        how: dict[str, Any]
        if self.version == "0.4":
            compressor = Blosc(cname="zstd", clevel=3, shuffle=Blosc.SHUFFLE)
            how = {"compressors": compressor, "chunk_key_encoding": {"name": "v2", "separator": "/"}}
        else:
            how = {"compressors": BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"), "dimension_names": names}
        return root.create_array(path, shape=shape, chunks=chunk, dtype=dtype, fill_value=0, **how)


def _write_levels(plan: _Plan, unfinished: Unfinished, report: Callback | None) -> None:
    levels = plan.levels(unfinished.folder)
    numbers = [blocks_of(level.shape, level.block) for level in levels]
    total = sum(map(len, numbers))
    name = f"write-{uuid.uuid4().hex}"
    _check_same(plan, levels[0], unfinished, name)

    def tell() -> None:
        if report is not None:
            report(STAGE, len(unfinished.finished), total)

    tell()
    for number, level in enumerate(levels):
        missing = [block for block in numbers[number] if (number, block) not in unfinished.finished]
        if not missing:
            continue
        if number == 0:
            graph, keys = first_level_graph(level, plan.labels, plan.image, name)
        else:
            pairs = zip(plan.factors[number - 1], plan.factors[number], strict=True)
            factors = [after // before for before, after in pairs]
            graph, keys = next_level_graph(levels[number - 1], level, factors, missing, f"{name}-{number}")

        def note(block: tuple[int, ...], found: Any, number: int = number) -> None:
            unfinished.add(number, block, _hex(found))
            tell()

        _run(graph, {block: keys[block] for block in missing}, note, level, number)


def _write_groups(folder: Path, groups: dict[str, dict[str, Any]], version: str) -> None:
    import zarr

    root = zarr.open_group(folder, mode="a", zarr_format=_format(version))
    for path, found in groups.items():
        (root.require_group(path) if path else root).attrs.put(found)


def _check_same(plan: _Plan, level: Level, unfinished: Unfinished, name: str) -> None:
    """Compute some of the finished blocks again: those of another image of the same colors must not be mixed in."""
    done = sorted(block for number, block in unfinished.finished if number == 0)
    if not done or unfinished.has_same_source:
        return
    in_memory = plan.source is None
    chosen = done if in_memory else {done[i] for i in np.linspace(0, len(done) - 1, _CHECKED).astype(int)}
    graph, keys = first_level_graph(level, plan.labels, plan.image, f"{name}-look", only_look=True)
    found: dict[tuple[int, ...], str] = {}
    _run(graph, {block: keys[block] for block in chosen}, lambda block, now: found.update({block: _hex(now)}), level, 0)
    all(unfinished.check_same(0, block, now) for block, now in found.items())


def _run(
    graph: Any,
    keys: dict[tuple[int, ...], Any],
    done: Callable[[tuple[int, ...], Any], None],
    level: Level,
    number: int,
) -> None:
    """Compute blocks; whatever fails says where."""
    block_of = {key: block for block, key in keys.items()}
    try:
        run_blocks(graph, list(block_of), lambda key, found: done(block_of[key], found))
    except BlockFailed as failed:
        reason = failed.__cause__
        verb = "written" if isinstance(reason, NotWritten) else "computed"
        block = block_of[failed.key]
        parts = place_of(block, level.block, level.shape)
        ranges = ", ".join(f"{part.start}:{part.stop}" for part in parts)
        where = f"chunk {block} of level {number}, pixels [{ranges}],"
        raise OmeZarrError(f"{where} could not be {verb} ({_first_line(reason)})") from reason


@contextmanager
def _one_sentence(path: Path, unfinished: Unfinished) -> Iterator[None]:
    """Say what failed, and what is left of it."""
    try:
        yield
    except FileExistsError as error:
        if error.errno is None:  # ours
            raise
        raise OmeZarrError(f"{path} could not be written: {_first_line(error)}") from error
    except OSError as error:
        left = ""
        if unfinished.folder.exists() and unfinished.finished:
            left = f"; what is finished stays in {unfinished.folder}, and the same call goes on from there"
        raise OmeZarrError(f"{path} could not be written: {_first_line(error)}{left}") from error


def _first_line(error: BaseException | None) -> str:
    lines = str(error).splitlines()
    return (getattr(error, "strerror", None) or (lines[0] if lines else "")) or type(error).__name__


def _hex(found: Any) -> str:
    return f"{int(np.asarray(found).reshape(-1)[0]):016x}"


def _format(version: str) -> Any:
    return 2 if version == "0.4" else 3


def _checked_path(path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if "://" in str(text):
        raise ValueError(f"{text} is not a folder of this machine, and results are written to such only")
    target = Path(os.path.abspath(text))
    return target.resolve() if target.is_symlink() else target


def check_installed() -> None:
    """Raise ImportError, in one sentence, if what writes and reads Zarr is not installed."""
    try:
        for name in ("dask.array", "zarr"):
            import_module(name)
    except ImportError as error:
        raise ImportError(f"OME-Zarr needs zarr and dask ({error}); {HOW_TO_INSTALL}") from None


def _is_lazy(array: Any) -> bool:
    return hasattr(array, "__dask_graph__")


def _known_chunks(array: Any, order: Sequence[int]) -> list[tuple[int, ...]]:
    if any(length != length for lengths in array.chunks for length in lengths):  # NaN
        raise ValueError(
            "the labels have chunks of unknown size; call compute_chunk_sizes() on the image before it is segmented"
        )
    return [array.chunks[axis] for axis in order]


def _in_blocks(array: Any, order: Sequence[int], block: Sequence[int]) -> Any:
    """Return a dask array in these blocks, its axes in this order; nothing is copied."""
    import dask.array as da

    if _is_lazy(array):
        ordered = array.transpose(order)
        lengths = tuple(map(min, block, ordered.shape))
        return ordered if ordered.chunksize == lengths else ordered.rechunk(lengths, method="tasks")
    ordered = np.asarray(array).transpose(order)
    return da.from_array(ordered, chunks=tuple(map(min, block, ordered.shape)), name=False)


def _channels_first(image: Any, channel_axis: int | None, order: Sequence[int], block: Sequence[int]) -> Any:
    """Return a dask array of the recolored image, its channels first and in one piece, in a dtype that Zarr knows."""
    import dask.array as da

    if isinstance(image, list):
        dtype = np.result_type(*(channel.dtype for channel in image))
        whole = da.stack([_in_blocks(channel.astype(dtype, copy=False), order, block) for channel in image])
    elif channel_axis is None:
        whole = _in_blocks(image, order, block)[None]
    else:
        axis = channel_axis % image.ndim
        spatial = [other for other in range(image.ndim) if other != axis]
        whole = _in_blocks(image, (axis, *(spatial[i] for i in order)), (image.shape[axis], *block))
    whole = whole.rechunk({0: -1}) if whole.numblocks[0] > 1 else whole
    dtype = whole.dtype.newbyteorder("=")
    return whole.astype(np.float64 if dtype.kind == "f" and dtype.itemsize > 8 else dtype)
