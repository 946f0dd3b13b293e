"""Computing with dask what becomes small: who does it, progress, cancellation, and errors that name the chunk."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate, pairwise, product
from typing import Any

from napari_kseg.kmeans import Callback, n_threads

from .pixels import Index, Pixels
from .system_memory import memory

HEARTBEAT = 0.1
"""Seconds between two calls of the callback while the workers of a cluster compute."""


class ChunkError(OSError):
    """A chunk of an image could not be read."""


class WorkError(Exception):
    """What was raised by our own work on chunks that had been read."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class _StepsFailed(Exception):
    """Some steps failed on the workers of a cluster, by an error that is not of our own work."""

    def __init__(self, steps: "list[Step]", error: BaseException) -> None:
        super().__init__(error)
        self.steps, self.error = steps, error


@dataclass(frozen=True)
class Step:
    """A part of the work."""

    key: Any
    """Its key in the graph."""
    parts: list[Index]
    """Parts of the image that it reads."""


def computed(
    graph: dict[Any, Any], final: Any, steps: list[Step], pixels: Pixels, stage: str, callback: Callback | None
) -> Any:
    """Compute the key `final` of a graph, which is made of the steps, and report how many of these are done.

    If a `dask.distributed.Client` is active its workers compute; else what dask is configured to use, by default
    threads.

    Raises
    ------
    ChunkError
        If a part of the image cannot be read.
    """
    done: set[Any] = set()
    told: list[BaseException] = []

    def report(now_done: Iterable[Any] = ()) -> None:
        done.update(now_done)
        try:
            if callback is not None:
                callback(stage, len(done), len(steps))
        except BaseException as error:
            told.append(error)
            raise

    report()
    client = active_client()
    try:
        if client is None:
            return _by_threads(graph, final, steps, report)
        return _by_workers(client, graph, final, steps, report)
    except WorkError as failed:
        raise failed.error from None
    except _StepsFailed as failed:
        broken = _first_broken_on(client, pixels, [part for step in failed.steps for part in step.parts])
        if broken is None:
            raise failed.error from None
        raise _named(*broken) from failed.error
    except Exception as error:
        broken = None
        if client is None and error not in told:
            broken = _first_broken(pixels, [part for step in steps if step.key not in done for part in step.parts])
        if broken is None:
            raise
        raise _named(*broken) from error


def active_client() -> Any:
    """Return the `dask.distributed.Client` that is active, None if there is none."""
    if "distributed" not in sys.modules:
        return None
    import dask
    from distributed import default_client

    if dask.config.get("scheduler", None) not in (None, "dask.distributed", "distributed"):
        return None  # asked for another one just now
    try:
        return default_client()
    except ValueError:
        return None


def n_lanes() -> int:
    """Return how many threads compute, here or on the cluster."""
    client = active_client()
    return n_threads() if client is None else max(1, sum(client.nthreads().values()))


def _by_threads(graph: dict[Any, Any], final: Any, steps: list[Step], report: Callable[..., None]) -> Any:
    from dask import config
    from dask.base import compute
    from dask.delayed import Delayed

    keys = {step.key for step in steps}

    def after(key: Any, *rest: Any) -> None:
        memory.give_back()
        report([key] if key in keys else [])

    # Given here and not by a `with`, which would call it for what others compute as well.
    options: dict[str, Any] = {"callbacks": [(None, None, None, after, None)]}
    if config.get("num_workers", None) is None and config.get("pool", None) is None:
        options["num_workers"] = n_threads()
    try:
        return compute(Delayed(final, graph), **options)[0]
    finally:
        memory.give_back(at_once=True)


def _by_workers(client: Any, graph: dict[Any, Any], final: Any, steps: list[Step], report: Callable[..., None]) -> Any:
    from distributed import KilledWorker, wait

    # What a step found stays on the cluster only until it is added up: that it was there is seen by another task.
    seen = {("seen", *step.key): (_nothing, step.key) for step in steps}
    futures = client.get({**graph, **seen}, [final, *seen], sync=False)
    result, marks = futures[0], futures[1:]
    try:
        while not result.done():
            try:
                wait([result], timeout=HEARTBEAT)
            except TimeoutError:
                report(step.key for step, mark in zip(steps, marks, strict=True) if mark.status == "finished")
        if result.status == "error" and not isinstance(result.exception(), (WorkError, KilledWorker)):
            failed = [step for step, mark in zip(steps, marks, strict=True) if mark.status == "error"]
            raise _StepsFailed(failed, result.exception())
        found = result.result()
        report(step.key for step in steps)
        return found
    finally:
        client.cancel(futures)


def _nothing(found: Any) -> None:
    """Take no notice."""


def _first_broken(pixels: Pixels, parts: list[Index]) -> tuple[Index, BaseException] | None:
    """Return the first part that cannot be read here, if there is one, and why."""
    from dask import config

    for part in _own_chunks(pixels, parts):
        try:
            with config.set(scheduler="threads"):
                pixels.raw_part(part)
        except Exception as cause:  # noqa: BLE001 - a store may raise anything
            return part, cause
    return None


def _first_broken_on(client: Any, pixels: Pixels, parts: list[Index]) -> tuple[Index, BaseException] | None:
    """Return the first part that the workers cannot read, if there is one, and why: pixels stay with them."""
    from dask.delayed import delayed
    from distributed import wait

    axis, look, parts = pixels.channel_axis, delayed(_nothing, pure=False), _own_chunks(pixels, parts)
    wholes = [part if axis is None else (*part[:axis], slice(None), *part[axis:]) for part in parts]
    futures = client.compute([look(list(pixels.lazy[whole].to_delayed().ravel())) for whole in wholes])
    try:
        wait(futures)
        found = zip(parts, futures, strict=True)
        return next(((part, future.exception()) for part, future in found if future.status == "error"), None)
    finally:
        client.cancel(futures)


def _own_chunks(pixels: Pixels, parts: list[Index]) -> list[Index]:
    """Cut parts where the image's own chunks end."""
    cut = [sizes for i, sizes in enumerate(pixels.lazy.chunks) if i != pixels.channel_axis]
    ends = [list(accumulate(sizes, initial=0)) for sizes in cut]
    found: list[Index] = []
    for part in parts:
        inside = [
            [axis.start, *(end for end in own if axis.start < end < axis.stop), axis.stop]
            for axis, own in zip(part, ends, strict=True)
        ]
        found += product(*([slice(*pair) for pair in pairwise(own)] for own in inside))
    return found


def _named(part: Index, cause: BaseException) -> ChunkError:
    """Return the error that names a part which cannot be read."""
    where = ", ".join(f"{axis.start}:{axis.stop}" for axis in part)
    return ChunkError(
        f"the chunk [{where}] of the image cannot be read ({type(cause).__name__}: {cause}); repair or replace it, or "
        "leave it out by cutting the image"
    )
