"""One model for many files: found in the first of them, or in all; kept beside the results, for a run that goes on."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .batch_file import OutputError, Task, cannot_be_written
from .joined_files import joined_pixels
from .model import Model, load_model
from .records import Records, digest, fingerprint, written
from .segment import prepared, segment_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from napari_kseg.kmeans import Callback

    from .image_files import ImageFile

MODEL = "model.json"


def with_model_of_first(
    task: Task, files: Sequence[ImageFile], output: Path, *, overwrite: bool = False, callback: Callback | None = None
) -> Task:
    """Return the task of labeling files by the clusters of the first that can be segmented; write the model.

    Raises
    ------
    ValueError
        If none can be segmented.
    """
    failed: list[str] = []
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # told when it is the file's turn
            try:
                return _with_model(task, [file], output, overwrite, partial(_of_one, task, file, callback))
            except OutputError:
                raise
            except (ValueError, TypeError, MemoryError, OSError) as error:
                failed.append(str(error) or "there is not enough memory")
    raise ValueError(f"none of the files can be segmented; of the first: {failed[0]}")


def with_model_of_all(
    task: Task, files: Sequence[ImageFile], output: Path, *, overwrite: bool = False, callback: Callback | None = None
) -> Task:
    """Return the task of labeling files by clusters of the pixels of all of them; write the model.

    Raises
    ------
    ValueError
        If the files do not go together, or the settings do not go with the pixels of several images.
    """
    return _with_model(task, files, output, overwrite, partial(_of_all, task, files, callback))


def _with_model(
    task: Task, files: Sequence[ImageFile], output: Path, overwrite: bool, find: Callable[[], Model]
) -> Task:
    records = Records(output)
    key = digest([task.made_by(), [[str(file.path.resolve()), _state(file)] for file in files]])
    kinds = tuple(kind for kind in task.kinds if kind != "model")
    if not overwrite and records.shared().get("model_of") == key and (output / MODEL).exists():
        return Task(load_model(output / MODEL), kinds, task.mask)
    model = find()
    try:
        records.share(MODEL, model_of=None)
        written(output / MODEL, model.save)
        records.share(MODEL, model_of=key)
    except OSError as error:
        raise OutputError(cannot_be_written(output, error)) from None
    return Task(model, kinds, task.mask)


def _state(file: ImageFile) -> str:
    try:
        return fingerprint(file.path)
    except OSError as error:
        return str(error)


def _of_one(task: Task, file: ImageFile, callback: Callback | None) -> Model:
    return task.segment(file.path, callback).model


def _of_all(task: Task, files: Sequence[ImageFile], callback: Callback | None) -> Model:
    keywords = _for_row(task.how)
    axis = keywords.pop("channel_axis", "auto")
    clean_up = {name: keywords.pop(name) for name in ("min_size", "majority") if name in keywords}
    pixels = joined_pixels(files, axis, task.mask, callback)
    settings, pixels = prepared(lambda _: pixels, {**keywords, "downsample": 1})
    model = segment_pixels(pixels, settings, callback=callback).model
    return replace(model, settings=replace(model.settings, channel_axis=axis, **clean_up))


def _for_row(how: Mapping[str, Any] | Model) -> dict[str, Any]:
    """Return keywords for pixels in a row; ValueError if they need the pixels around each."""
    if isinstance(how, Model):
        raise TypeError("there is a model already, which needs no fit")
    for name in ("sigma", "texture", "position_weight"):
        if how.get(name):
            raise ValueError(
                f"{name}={how[name]} needs the pixels around each, which a fit on all images does not see; fit on the "
                "first or on each"
            )
    if how.get("downsample", "auto") not in ("auto", 1):
        raise ValueError(
            f"downsample={how['downsample']} is not possible with a fit on all images, which sees every pixel; leave "
            "it out, or fit on the first or on each"
        )
    if not isinstance(how.get("init", "k-means++"), str):
        raise ValueError("seeds lie in one image; fit on the first or on each")
    return dict(how)
