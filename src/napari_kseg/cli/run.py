"""A run without a viewer: files are read, segmented, and the results written."""

from __future__ import annotations

import sys
import time
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from napari_kseg.image._progress import progress_bar
from napari_kseg.image.file_pixels import channel_axis_of_file, pixels_of_file, segment_file_by
from napari_kseg.image.image_file import ImageFileError, read_image, read_mask
from napari_kseg.image.model import load_model
from napari_kseg.image.pixels import Pixels
from napari_kseg.image.segment import prepared, segment_pixels
from napari_kseg.image.settings import Settings
from napari_kseg.image.wording import counted
from napari_kseg.kmeans import not_converged

from .errors import CommandError
from .parse import in_options
from .report import print_files, print_table, show_warning
from .write import staged, write_results
from .write_zarr import zarr_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_kseg import Model, Segmentation

    from .options import Wanted
    from .write_zarr import ZarrOptions


def segment_files(
    images: tuple[Path, ...], model: Path | None, folder: Path, how: Wanted, zarr: ZarrOptions | None = None
) -> None:
    """Segment an image and write the results; say what came out. Several files are channels, named after the first."""
    source, *others = images
    besides = (how.mask, how.seeds.scribbles, model)
    try:
        known = None if model is None else _model_in(model)
        if known is None:
            Settings(**how.settings)  # before anything that takes long
        given = [*images, *(file for file in besides if file is not None)]
        output = _folder_output(folder, given, others) if zarr is None else zarr_output(folder, given, zarr)
        with output as write, warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)  # to show, even where Python was told to raise them
            warnings.showwarning = show_warning  # type: ignore[assignment]  # of the six arguments one is shown
            seg, seconds = _found(images, how) if known is None else _labeled(images, known, how.mask)
            names = write(seg)
    except ImageFileError as error:
        raise CommandError(str(error)) from None
    except (ValueError, TypeError, MemoryError) as error:
        raise CommandError(in_options(str(error) or "there is not enough memory")) from None
    except OSError as error:
        raise CommandError(f"the results cannot be written to {folder} ({error.strerror or error})") from None
    shape = " × ".join(map(str, seg.labels.shape))
    name = ", ".join(path.name for path in images)
    print(f"{name}: {shape} pixels in {counted(len(seg.centroids), 'cluster')}, {seconds:.2f} s\n")
    print_table(seg)
    if names is None:
        print(f"\nWritten to {folder}")
    else:
        print_files(names, folder, source)


@contextmanager
def _folder_output(folder: Path, given: list[Path], others: list[Path]) -> Iterator[Callable[[Segmentation], Any]]:
    """Check that a folder can be written to, before anything that takes long, and return what writes results there."""
    with staged(folder, given) as stage:
        yield lambda seg: write_results(seg.compute(), stage, given[0], others)


def _found(images: tuple[Path, ...], how: Wanted) -> tuple[Segmentation, float]:
    """Find clusters; return the seconds that it took as well."""
    keywords = how.keywords()
    if len(images) == 1:
        keywords["channel_axis"] = channel_axis_of_file(images[0], keywords["channel_axis"])
    settings, pixels = prepared(lambda axis: _pixels_of(images, axis, how.mask), keywords)
    start = time.perf_counter()
    with progress_bar(sys.stderr.isatty(), None) as report:
        seg = segment_pixels(pixels, settings, callback=report)
    seconds = time.perf_counter() - start
    if not seg.converged:
        show_warning(not_converged(settings.max_iter))
    return seg, seconds


def _labeled(images: tuple[Path, ...], model: Model, mask: Path | None) -> tuple[Segmentation, float]:
    """Label by the clusters of a model; return the seconds that it took as well."""
    start = time.perf_counter()
    if len(images) == 1:
        seg = segment_file_by(model, images[0], mask)
    else:
        seg = model.segment(_channels_in(images), None if mask is None else read_mask(mask))
    return seg, time.perf_counter() - start


def _model_in(path: Path) -> Model:
    try:
        return load_model(path)
    except ValueError as error:
        raise CommandError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror or error})") from None


def _pixels_of(images: tuple[Path, ...], channel_axis: Any, mask: Path | None) -> Pixels:
    if len(images) == 1:
        return pixels_of_file(images[0], channel_axis, mask)
    if channel_axis not in ("auto", None):
        raise CommandError(f"--channel-axis {channel_axis} and --as-channels are both given; leave one of them out")
    return Pixels.of(_channels_in(images), mask=None if mask is None else read_mask(mask))


def _channels_in(paths: tuple[Path, ...]) -> list[Any]:
    """Images in files of which each is a channel."""
    stems: dict[str, Path] = {}
    channels: list[Any] = []
    for path in paths:
        if path.stem.casefold() in stems:
            raise CommandError(
                f"{stems[path.stem.casefold()]} and {path} have one name, and so would their results; rename one"
            )
        stems[path.stem.casefold()] = path
        image, is_color = read_image(path)
        if is_color:
            raise CommandError(f"{path} is a color image; with --as-channels each file is one channel, in gray")
        if channels and image.shape != channels[0].shape:
            shapes = [" × ".join(map(str, array.shape)) for array in (channels[0], image)]
            raise CommandError(
                f"{paths[0]} has {shapes[0]} pixels, but {path} has {shapes[1]}; --as-channels needs images of one size"
            )
        channels.append(image)
    return channels
