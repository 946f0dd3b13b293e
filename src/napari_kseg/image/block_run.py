"""Blocks computed by dask: on its threads, or on the cluster whose client is active; which one failed is told."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

Graph = Mapping[Any, Any]
Done = Callable[[Any, Any], None]


class BlockFailed(Exception):
    """The block that could not be computed; the reason is its cause."""

    def __init__(self, key: Any) -> None:
        super().__init__(key)
        self.key = key


def run_blocks(graph: Graph, keys: Collection[Any], done: Done) -> None:
    """Compute some keys of a graph and call `done(key, result)` here after each, in any order.

    Parameters
    ----------
    graph : mapping
        Tasks of dask. Their results stay where they are computed, but for those of `keys`.
    keys : collection
        Keys to compute.
    done : callable
        What it raises ends the run.

    Raises
    ------
    BlockFailed
        If a task fails; it says which of the keys needed it.
    """
    import dask.base
    from dask.optimization import cull

    if not keys:
        return
    needed, _ = cull(dict(graph), list(keys))
    scheduler = dask.base.get_scheduler()
    client = _client_of(scheduler)
    if client is None:
        _run_here(scheduler, needed, keys, done)
    else:
        _run_on_cluster(client, needed, keys, done)


def _client_of(scheduler: Any) -> Any:
    """Return the client of dask.distributed that is active, if any."""
    owner = getattr(scheduler, "__self__", None)
    return owner if hasattr(owner, "scheduler_info") else None


def _run_here(scheduler: Any, graph: Graph, keys: Collection[Any], done: Done) -> None:
    import dask.threaded

    wanted, running, state = set(keys), set(), {}
    raised: list[BaseException] = []

    def before(key: Any, _: Any, seen: Any) -> None:
        running.add(key)
        state["dependents"] = seen["dependents"]

    def after(key: Any, result: Any, *_: Any) -> None:
        running.discard(key)
        if key in wanted:
            try:
                done(key, result)
            except BaseException as error:
                raised.append(error)
                raise

    compute = scheduler or dask.threaded.get
    try:
        # Given as an argument, as callbacks that are registered would also hear what other threads compute.
        compute(graph, list(keys), callbacks=[(None, None, before, after, None)])
    except Exception as error:
        if raised:
            raise
        key = _failed(graph, running, state.get("dependents", {}), wanted)
        if key is None:
            raise
        raise BlockFailed(key) from error


def _failed(graph: Graph, running: set[Any], dependents: Any, wanted: set[Any]) -> Any:
    """Find the key that failed: dask does not say which of those that were running did, so they are tried again."""
    from dask.local import get_sync
    from dask.optimization import cull

    candidates, waiting = [], list(running)
    seen = set(waiting)
    while waiting:
        key = waiting.pop()
        if key in wanted:
            candidates.append(key)
        new = set(dependents.get(key, ())) - seen
        seen |= new
        waiting.extend(new)
    for key in candidates:
        try:
            get_sync(cull(dict(graph), [key])[0], key)
        except Exception:  # noqa: BLE001  # sources raise what they like
            return key
    return candidates[0] if candidates else None


def _run_on_cluster(client: Any, graph: Graph, keys: Collection[Any], done: Done) -> None:
    from distributed import as_completed

    futures = client.get(graph, list(keys), sync=False)
    key_of = {future.key: key for future, key in zip(futures, keys, strict=True)}
    waiting = as_completed(futures)
    try:
        for future in waiting:
            key = key_of[future.key]
            if future.status != "finished":
                raise BlockFailed(key) from future.exception()
            done(key, future.result())
            future.release()
    except BaseException:
        client.cancel(futures)
        raise
