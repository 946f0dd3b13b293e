"""The image floor: from an image to labels, centroids and a recolored image. It knows no napari and no Qt.

`pixels` reads an image block by block; `routes` leads its pixels to the engine by the shortest way; `fit` finds
centroids and labels by them; `segment` runs the whole, `choose` with several numbers of clusters; `settings` says how,
`segmentation` is the result, `model` what is needed to label another image the same way.
"""

from .choose import Suggestion, suggest_n_clusters
from .model import Model, load_model
from .segment import segment
from .segmentation import Segmentation
from .settings import Settings

__all__ = ["Model", "Segmentation", "Settings", "Suggestion", "load_model", "segment", "suggest_n_clusters"]
