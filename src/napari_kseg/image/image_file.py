"""From a file to an image, and from an image to a file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .napari_reader import is_known_to_plugins, read_by_plugins

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from .ome_zarr_file import OmeZarrImage

SUFFIXES = frozenset(
    [
        ".avif", ".bmp", ".dib", ".gif", ".icns", ".ico", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm",
        ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".sgi", ".tga", ".tif", ".tiff", ".webp",
    ]
)  # fmt: skip
"""What names of image files end with that are read here; others may be known to a plugin of napari."""
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AS_COLOR = {"LA": "RGBA", "La": "RGBA", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "LAB": "RGB", "HSV": "RGB"}
"""What to convert Pillow's modes to whose channels are not gray, or red, green and blue."""


class ImageFileError(ValueError):
    """One sentence that says which file cannot be read as an image, and why."""


def read_image(path: Path, *, as_stored: bool = False) -> tuple[NDArray[Any], bool]:
    """Pixels of an image file, all its pages, and whether the file says that their last axis is RGB or RGBA.

    Parameters
    ----------
    path : Path
        TIFF, PNG, JPEG, what else Pillow reads, or a reader of napari or of its plugins; of a folder of OME-Zarr or
        Zarr the first level, lazily.
    as_stored : bool, optional
        Keep the axes as they are in a TIFF file; by default its colors come last.

    Warns
    -----
    UserWarning
        If only 8 of 16 bits could be read.
    """
    if not path.exists():
        raise ImageFileError(f"{path} does not exist")
    if path.is_dir() and is_zarr(path):
        lazy = read_zarr(path, as_stored=as_stored)
        return lazy.levels[0], lazy.is_color
    if path.is_dir() and not (path.suffix and is_known_to_plugins(path)):
        raise ImageFileError(f"{path} is a folder; give an image file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the decoders, on tags that matter to nobody here
            found = None if path.suffix.lower() in SUFFIXES else read_by_plugins(path)
            if found is not None:
                return found
            image, is_color, bits = _decode(path, as_stored)
    except Exception as error:  # noqa: BLE001  # decoders of broken files raise what they like
        raise ImageFileError(f"{path} cannot be read as an image ({first_line(error)})") from None
    if image.dtype == np.uint8 and bits > 8:
        tip = "save it as TIFF to use all" if path.suffix.lower() == ".png" else "pip install imagecodecs to use all"
        warnings.warn(f"{path} was read with 8 of its {bits} bits per channel; {tip}", stacklevel=2)
    return image, is_color


def is_zarr(path: Path) -> bool:
    """Whether a folder is Zarr, 2 or 3."""
    return any((path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def read_zarr(path: Path, *, as_stored: bool = False) -> OmeZarrImage:
    """Open an image that is a folder of OME-Zarr or Zarr, with all that it says of its axes; no pixels are read."""
    from .ome_zarr_file import read_ome_zarr

    try:
        return read_ome_zarr(path, as_stored=as_stored)
    except Exception as error:  # noqa: BLE001  # broken metadata raises what it likes
        raise ImageFileError(f"{path} cannot be read as an image ({first_line(error)})") from None


def read_mask(path: Path) -> NDArray[np.bool_]:
    """True where the image in a file is not 0, whatever its color."""
    image, is_color = read_image(path)
    return np.asarray((image[..., :3] != 0).any(-1) if is_color else image != 0)


def write_image(path: Path, image: NDArray[Any], **tags: Any) -> None:
    """Write an image: TIFF with these tags, or what else its name says."""
    if path.suffix.lower() in (".tif", ".tiff"):
        import tifffile

        tifffile.imwrite(path, image, compression="zlib", **tags)
    else:
        from imageio import v3 as imageio

        with path.open("wb") as file:  # a full disk is an error here, and not one that imageio comes upon later
            imageio.imwrite(file, image, extension=path.suffix)


def write_labels(path: Path, labels: NDArray[np.integer]) -> None:
    """Write labels as the gray values of a TIFF file."""
    write_image(path, np.asarray(labels), photometric="minisblack")


def first_line(error: Exception) -> str:
    """Return what an error says in its first line; its kind if it says nothing."""
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _decode(path: Path, as_stored: bool) -> tuple[NDArray[Any], bool, int]:
    """Pixels, whether their last axis is color, and the bits per channel in the file."""
    with path.open("rb") as file:
        head = file.read(25)
    if head.startswith(_TIFF):
        return _decode_tiff(path, as_stored)
    return *_decode_with_pillow(path), head[24] if head.startswith(b"\x89PNG") and len(head) == 25 else 8


def _decode_tiff(path: Path, as_stored: bool) -> tuple[NDArray[Any], bool, int]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        page, axes = file.pages.first, file.series[0].axes
        bits = int(page.bitspersample)
        if page.photometric in (tifffile.PHOTOMETRIC.PALETTE, tifffile.PHOTOMETRIC.MINISWHITE):
            return *_decode_with_pillow(path), bits
        try:
            image: NDArray[Any] = file.series[0].asarray()
        except ValueError as error:
            if "imagecodecs" not in str(error):
                raise
            return *_decode_with_pillow(path), bits
    color = axes.find("S") if page.photometric == tifffile.PHOTOMETRIC.RGB and page.samplesperpixel in (3, 4) else -1
    if color >= 0 and not as_stored:
        image = np.moveaxis(image, color, -1)
    return image, color >= 0, bits


def _decode_with_pillow(path: Path) -> tuple[NDArray[Any], bool]:
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
                mode = "RGBA" if "transparency" in metadata else "RGB"
            mode = _AS_COLOR.get(mode, mode)
            n_images = file.properties(index=...).n_images or 1
            image = np.asarray(file.read(index=... if n_images > 1 else 0, mode=mode))
            return image, mode in ("RGB", "RGBA")
    finally:
        library.MAX_IMAGE_PIXELS = limit
