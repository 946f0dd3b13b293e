"""P6: many channels of float32."""

from contest import COLUMNS, contest, rows
from images import many_channels
from quality import samples_of
from report import report

import napari_kseg as kseg

PEERS = ("scikit-learn", "scikit-learn-intelex", "OpenCV", "faiss", "faiss, all pixels")


def p6(options):
    """Fit and labels."""
    side = 512 if options.quick else 2048
    image = many_channels(side)
    with report("P6", f"{side}² × 8 channels, float32, k = 8") as out:
        ours = {
            "default": lambda: kseg.segment(image, 8, channel_axis=-1),
            "downsample=1": lambda: kseg.segment(image, 8, channel_axis=-1, downsample=1),
        }
        out.columns(*COLUMNS)
        for row in rows(*contest(image, 8, ours, PEERS, options), samples_of(image, 8)):
            out.row(*row)
