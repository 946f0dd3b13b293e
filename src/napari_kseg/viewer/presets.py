"""Settings to begin with, for kinds of images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_kseg.image.color_space import OWN
from napari_kseg.image.settings import Settings

NONE = "–"


@dataclass(frozen=True)
class Preset:
    """What to compare in one kind of image, and why; all other settings are the defaults."""

    why: str
    settings: dict[str, Any] = field(default_factory=dict)


PRESETS = {
    "Photo": Preset(
        "Colors are compared in Lab, where distances are as the eye sees them.",
        {"color_space": "Lab"},
    ),
    "H&E": Preset(
        "Colors in Lab, without the grain of the section (sigma 1): pink, violet and white differ in lightness too.",
        {"color_space": "Lab", "sigma": 1},
    ),
    "IHC stain": Preset(
        "Hue and colorfulness alone (ab), smoothed by sigma 1: brown and blue are told apart however thick the stain.",
        {"color_space": "ab", "sigma": 1},
    ),
    "Fluorescence": Preset(
        "Channels are made comparable by their percentiles, which a few bright spots do not move; sigma 1 calms the "
        "noise of few photons. Each channel is a layer, chosen under With layers; a right-click on a stack of channels "
        "splits it.",
        {"normalize": "percentile", "sigma": 1},
    ),
    "CT": Preset(
        "Values stay as they are, as gray means density; sigma 0.5 and a majority filter of 1 pixel remove noise and "
        "keep thin bones.",
        {"sigma": 0.5, "majority": 1},
    ),
    "MRI": Preset(
        "Tissues differ in gray; sigma 0.5 and a majority filter of 1 pixel remove noise and keep the folds of a "
        "brain. Percentiles make several sequences comparable.",
        {"normalize": "percentile", "sigma": 0.5, "majority": 1},
    ),
    "Satellite": Preset(
        "Bands differ in range, so each counts by its standard deviation (zscore). Pixels that are 0 in all bands are "
        "the margin of a scene, and are left out.",
        {"normalize": "zscore", "nodata": 0},
    ),
}


def settings_of(name: str) -> dict[str, Any]:
    """Return all settings that a preset means."""
    return {**Settings().to_dict(), **PRESETS[name].settings}


def tooltip_of(name: str) -> str:
    """Return why a preset is as it is."""
    return PRESETS[name].why if name in PRESETS else "Fields as they are."


def needs_color(name: str) -> bool:
    """Whether a preset compares in a color space, and is for color images alone."""
    return name in PRESETS and PRESETS[name].settings.get("color_space", OWN) != OWN
