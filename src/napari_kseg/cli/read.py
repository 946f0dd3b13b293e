"""From a file to an image."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import CommandError, first_line

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AS_COLOR = {"LA": "RGBA", "La": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}
"""What to convert Pillow's modes to whose channels are not gray, or red, green and blue."""


def read_image(path: Path, *, as_stored: bool = False) -> NDArray[Any]:
    """Pixels of an image file, all its pages: bool, gray, RGB, RGBA, or as many channels as there are.

    Parameters
    ----------
    path : Path
        TIFF, PNG, JPEG, or what else Pillow reads.
    as_stored : bool, optional
        Keep the axes as they are in a TIFF file; by default its colors come last.

    Warns
    -----
    UserWarning
        If only 8 of 16 bits could be read.
    """
    if not path.exists():
        raise CommandError(f"{path} does not exist")
    if path.is_dir():
        raise CommandError(f"{path} is a folder; give an image file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the decoders, on tags that matter to nobody here
            image, bits = _decode(path, as_stored)
    except Exception as error:  # noqa: BLE001  # decoders of broken files raise what they like
        raise CommandError(f"{path} cannot be read as an image ({first_line(error)})") from None
    if image.dtype == np.uint8 and bits > 8:
        tip = "pip install imagecodecs to use all" if path.suffix != ".png" else "save it as TIFF to use all"
        warnings.warn(f"{path} was read with 8 of its {bits} bits per channel; {tip}", stacklevel=2)
    return image


def _decode(path: Path, as_stored: bool) -> tuple[NDArray[Any], int]:
    """Pixels, and the bits per channel in the file."""
    with path.open("rb") as file:
        head = file.read(25)
    if head.startswith(_TIFF):
        return _decode_tiff(path, as_stored)
    return _decode_with_pillow(path), head[24] if head.startswith(b"\x89PNG") and len(head) == 25 else 8


def _decode_tiff(path: Path, as_stored: bool) -> tuple[NDArray[Any], int]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page, axes = file.pages.first, file.series[0].axes
        bits = int(page.bitspersample)
        if page.photometric in (tifffile.PHOTOMETRIC.PALETTE, tifffile.PHOTOMETRIC.MINISWHITE):
            return _decode_with_pillow(path), bits
        try:
            image: NDArray[Any] = file.series[0].asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            return _decode_with_pillow(path), bits
        if page.photometric == tifffile.PHOTOMETRIC.RGB and "S" in axes and not as_stored:
            image = np.moveaxis(image, axes.index("S"), -1)
        return image, bits


def _decode_with_pillow(path: Path) -> NDArray[Any]:
    from imageio import v3 as imageio
    from imageio.plugins import pillow

    library: Any = pillow.Image  # type: ignore[attr-defined]
    limit = library.MAX_IMAGE_PIXELS
    library.MAX_IMAGE_PIXELS = None  # it guards servers against strangers' files; this one was named by the user
    try:
        try:
            file: Any = imageio.imopen(path, "r", plugin="pillow")
        except OSError:
            raise ValueError("neither TIFF nor a format that Pillow knows") from None
        with file:
            metadata = file.metadata(index=0)
            mode = metadata["mode"]
            if mode == "P":
                mode = "PA" if "transparency" in metadata else "HSV"
            n_images = file.properties(index=...).n_images or 1
            return np.asarray(file.read(index=... if n_images > 1 else 0, mode=_AS_COLOR.get(mode)))
    finally:
        library.MAX_IMAGE_PIXELS = limit


def read_mask(path: Path) -> NDArray[np.bool_]:
    """True where the image in a file is not 0, whatever its color."""
    nonzero = np.asarray(read_image(path) != 0)
    if nonzero.ndim > 2 and nonzero.shape[-1] in (3, 4):
        return np.asarray(nonzero[..., :3].any(-1))
    return nonzero
