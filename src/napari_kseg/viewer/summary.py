"""What came out of a run, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_kseg.image.wording import counted

if TYPE_CHECKING:
    from napari_kseg.image.segmentation import Segmentation


def summary(seg: Segmentation, seconds: float) -> str:
    """Return how many clusters of how many pixels there are, how long it took, and what was left out for what."""
    text = f"{counted(seg.n_clusters, 'cluster')} of {_count(seg.labels.size)} in {duration(seconds)}"
    n_left_out = int(seg.labels.size - seg.counts.sum())
    return f"{text}; {n_left_out:,} left out ({' or '.join(_reasons(seg))})" if n_left_out else text


def _reasons(seg: Segmentation) -> list[str]:
    """Return all that pixels of this image may be left out for."""
    settings, pixels = seg.settings, seg.pixels
    reasons = {
        "mask": settings.masked,
        "transparent": pixels.alpha,
        "NaN or infinite": pixels.dtype.kind == "f",
        "no data": bool(settings.nodata),
        "background": settings.background is not None,
        "saturated": settings.saturated is not None,
        "erased by hand": seg.model.hand_edited,
    }
    return [reason for reason, holds in reasons.items() if holds] or ["no label"]


def _count(n_pixels: int) -> str:
    """Return a number of pixels as one says it."""
    if n_pixels < 100_000:
        return counted(n_pixels, "pixel")
    megapixels = n_pixels / 1e6
    return f"{megapixels:.2f} megapixels" if megapixels < 1 else f"{megapixels:.1f} megapixels"


def duration(seconds: float) -> str:
    """Return a time as short as it can be read."""
    return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
