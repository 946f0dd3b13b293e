"""Connected components of labels, along any number of axes."""

import numpy as np

from .pixels import Array


def numbered_components(labels: Array, connectivity: int) -> Array:
    """Number the components of equal labels from 1 on, in the order of their first pixels; label 0 is none.

    Pixels are connected that differ by one along at most `connectivity` axes.
    """
    from skimage import measure

    if labels.ndim <= 3:  # scikit-image knows no more axes
        return np.asarray(measure.label(labels, background=0, connectivity=connectivity))
    from scipy import ndimage

    structure = ndimage.generate_binary_structure(labels.ndim, connectivity)
    found, n_found = np.zeros(labels.shape, np.int64), 0
    for label in np.unique(labels[labels != 0]):
        own, n_own = ndimage.label(labels == label, structure)
        np.add(own, n_found, out=found, where=own > 0)
        n_found += n_own
    _, first, inverse = np.unique(np.append(0, found), return_index=True, return_inverse=True)
    numbers = np.zeros(n_found + 1, np.int64)
    numbers[np.argsort(first)] = np.arange(n_found + 1)
    return np.asarray(numbers[inverse[1:]].reshape(labels.shape))
