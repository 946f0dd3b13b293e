"""The settings of the latest run, kept from one session to the next."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_kseg.image.settings import Settings

if TYPE_CHECKING:
    from napari_kseg.viewer.form import SettingsForm

NAME = "napari-kseg.json"
_OF_LAYERS = ("mask", "init")
"""Settings that are arrays of layers, and go with them."""


def session_file() -> Path | None:
    """Return where settings are kept: beside those of napari; None where napari keeps none either."""
    from napari.settings import get_settings

    path = get_settings().config_path
    return Path(path).with_name(NAME) if path else None


def remember(settings: dict[str, Any]) -> None:
    """Keep the settings of a run, unless they are not valid, or cannot be written."""
    file = session_file()
    if file is None:
        return
    with suppress(ValueError, TypeError, OSError):
        text = json.dumps(of_fields(settings), indent=1)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")  # two windows may do so at a time, and neither should read half a file
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(file)


def has_settings() -> bool:
    """Whether settings were kept."""
    file = session_file()
    return file is not None and file.exists()


def restore(form: SettingsForm) -> None:
    """Show the settings that were kept; ValueError if the file is broken, or of a version with other settings."""
    file, before = session_file(), of_fields(form.settings())
    try:
        if file is None:
            raise FileNotFoundError("napari keeps no settings")
        form.load(Settings.from_dict(json.loads(file.read_text(encoding="utf-8"))).to_dict())
    except (OSError, ValueError, TypeError, KeyError) as error:
        form.load(before)
        raise ValueError(f"the settings of the last run cannot be read ({error}); press Run to keep new ones") from None


def of_fields(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as JSON knows them, without those that are layers."""
    return Settings.from_dict({name: value for name, value in settings.items() if name not in _OF_LAYERS}).to_dict()
