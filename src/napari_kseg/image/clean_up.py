"""Labels without specks: a majority filter, and small components that join the cluster around them.

A component is a set of pixels with one label, connected by faces; n components, E pairs of them that touch.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .components import numbered_components
from .pixels import Array

Ints = NDArray[np.int64]


def cleaned(labels: Array, min_size: int, majority: int) -> Array:
    """Return labels after the majority filter, then without specks; the same array if there is nothing to do."""
    if majority:
        labels = majority_filter(labels, majority)
    return remove_specks(labels, min_size) if min_size > 1 else labels


def majority_filter(labels: Array, radius: int) -> Array:
    """Give every pixel the label that most pixels have in the box of `radius` around it.

    Left-out pixels (0) stay, and do not vote. Of labels that are as frequent a pixel keeps its own, else it gets the
    lowest.
    """
    from scipy.ndimage import correlate1d

    shape = labels.shape
    ones = np.ones(2 * radius + 1)
    most, own = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    result = np.zeros_like(labels)
    for label in np.unique(labels[labels > 0]):
        here = labels == label
        votes = here.astype(np.int32)
        for axis in range(labels.ndim):
            votes = correlate1d(votes, ones, axis, mode="constant")
        own[here] = votes[here]
        more = votes > most
        most[more], result[more] = votes[more], label
    keep = (labels == 0) | (own == most)
    result[keep] = labels[keep]
    return result


def remove_specks(labels: Array, min_size: int) -> Array:
    """Let components of fewer than `min_size` pixels join the neighboring label that they touch with most faces.

    From the smallest up, and of equal ones from the first in the order of the pixels: a speck waits for smaller ones
    that it touches, and grows with those that join its own label. Left-out pixels (0) stay, and are no neighbors: a
    speck that touches nothing else stays, too. Of labels that are touched as much, the lowest wins.
    """
    components = numbered_components(labels, connectivity=1)
    sizes = np.bincount(components.reshape(-1))
    own = np.zeros(len(sizes), labels.dtype)
    own[components.reshape(-1)] = labels.reshape(-1)
    sizes[0], own[0] = min_size, 0
    if (sizes >= min_size).all():
        return labels
    names = _joined(own.astype(np.int64), sizes.astype(np.int64), _touching(components), min_size)
    joined: Array = names.astype(labels.dtype)[components]
    return joined


def _touching(components: Array) -> tuple[Ints, Ints, Ints]:
    """Pairs (E,) of components that touch, each in both orders, and by how many faces."""
    n = int(components.max()) + 1
    codes = []
    for axis in range(components.ndim):
        rows = np.moveaxis(components, axis, 0)
        first, second = rows[:-1], rows[1:]
        apart = (first != second) & (first > 0) & (second > 0)
        first, second = first[apart].astype(np.int64), second[apart].astype(np.int64)
        codes += [first * n + second, second * n + first]
    pairs, faces = np.unique(np.concatenate(codes), return_counts=True)
    return pairs // n, pairs % n, faces


def _joined(names: Ints, sizes: Ints, touching: tuple[Ints, Ints, Ints], min_size: int) -> Ints:
    """Labels (n,) of components after all specks have joined. In each round those do that no smaller speck touches."""
    first, second, faces = touching
    node_of = np.arange(len(names))
    while True:
        chosen = _ready(first, second, sizes, min_size)
        if not chosen.any():
            return names[node_of]
        own = chosen[first]
        names = names.copy()
        rows, winners = _most_touched(first[own], names[second[own]], faces[own])
        names[rows] = winners
        merged = _merged(first, second, names)
        sizes = np.bincount(merged, sizes).astype(np.int64)
        new_names = np.zeros(len(sizes), np.int64)
        new_names[merged] = names
        names, node_of = new_names, merged[node_of]
        first, second, faces = _added_up(merged[first], merged[second], faces)


def _ready(first: Ints, second: Ints, sizes: Ints, min_size: int) -> NDArray[np.bool_]:
    """Specks (n,) that touch anything, and no speck that is smaller, or as small and earlier."""
    rank = np.empty(len(sizes), np.int64)
    rank[np.argsort(sizes, kind="stable")] = np.arange(len(sizes))
    is_speck = sizes < min_size
    lowest = np.full(len(sizes), len(sizes))
    both = is_speck[first] & is_speck[second]
    np.minimum.at(lowest, first[both], rank[second[both]])
    touches = np.zeros(len(sizes), bool)
    touches[first] = True
    return np.asarray(is_speck & touches & (rank < lowest))


def _most_touched(specks: Ints, names: Ints, faces: Ints) -> tuple[Ints, Ints]:
    """Specks, and for each the label that it touches with most faces."""
    width = int(names.max()) + 1
    keys, place = np.unique(specks * width + names, return_inverse=True)
    totals = np.bincount(place, faces)
    order = np.lexsort((keys % width, -totals, keys // width))
    rows, starts = np.unique(keys[order] // width, return_index=True)
    return rows, keys[order][starts] % width


def _merged(first: Ints, second: Ints, names: Ints) -> Ints:
    """New number of each component, where those that touch and have the same label are one; in their order."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    same = names[first] == names[second]
    n = len(names)
    graph = coo_array((np.ones(int(same.sum()), np.int8), (first[same], second[same])), shape=(n, n))
    numbers: Any = connected_components(graph, directed=False)[1]
    _, earliest = np.unique(numbers, return_index=True)
    order = np.empty(len(earliest), np.int64)
    order[np.argsort(earliest)] = np.arange(len(earliest))
    return np.asarray(order[numbers])


def _added_up(first: Ints, second: Ints, faces: Ints) -> tuple[Ints, Ints, Ints]:
    """Pairs of what are different components now, each once."""
    apart = first != second
    width = int(max(first.max(initial=0), second.max(initial=0))) + 1
    pairs, place = np.unique(first[apart] * width + second[apart], return_inverse=True)
    return pairs // width, pairs % width, np.bincount(place, faces[apart]).astype(np.int64)
