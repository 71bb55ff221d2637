"""Every setting as data: name, default, unit, help; each has an environment variable.

A setting ``model_dir`` is read from ``FACEPAD_MODEL_DIR``. The documentation page is
made from this table.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: Lower case, words joined by underscores.
        default: As it would be written in the environment.
        unit: Unit of the value, or what it is ("folder").
        help: One sentence.
    """

    name: str
    default: str
    unit: str
    help: str

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"FACEPAD_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "model_dir",
        "~/.cache/facepad/models",
        "folder",
        "Where model files that do not ship with the package are kept.",
    ),
    Setting(
        "quality_model",
        "",
        "file",
        "A model that `facepad train quality` wrote, used instead of the packaged one.",
    ),
    Setting(
        "calibration_dir",
        "~/.local/share/facepad/calibrations",
        "folder",
        "Where calibrations of cameras are kept.",
    ),
    Setting(
        "cache_dir",
        "~/.cache/facepad/features",
        "folder",
        "Where training keeps the features of pictures that it has measured.",
    ),
    Setting("max_file_mb", "20", "megabytes", "Largest file that is read as a picture."),
    Setting("max_megapixels", "50", "megapixels", "Largest picture that is decoded."),
    Setting("max_side", "12000", "pixels", "Longest side of a picture that is decoded."),
    Setting("max_video_mb", "2000", "megabytes", "Largest file that is read as a video."),
    Setting("max_video_frames", "20000", "frames", "Longest video that is decoded."),
    Setting(
        "max_clip_mb",
        "512",
        "megabytes",
        "Memory for the frames of one clip that tests of movement look at; over it, frames are "
        "halved in size, down to 320 pixels, and then the rest of the clip is left out.",
    ),
    Setting("threads", "2", "threads", "Threads that one check may use."),
)


def value(name: str, environment: Mapping[str, str] | None = None) -> str:
    """The value of a setting, as text.

    Raises:
        SettingsError: No setting has this name.
    """
    for setting in SETTINGS:
        if setting.name == name:
            return (os.environ if environment is None else environment).get(
                setting.variable, setting.default
            )
    raise SettingsError(f"no setting named {name!r}; known: {', '.join(s.name for s in SETTINGS)}")


def number(name: str, environment: Mapping[str, str] | None = None) -> float:
    """The value of a setting, as a positive number.

    Raises:
        SettingsError: The value is not a positive number; the message names the variable.
    """
    text = value(name, environment)
    try:
        found = float(text)
    except ValueError:
        found = float("nan")
    if not 0.0 < found < float("inf"):
        raise SettingsError(f"FACEPAD_{name.upper()} must be a positive number, got {text!r}")
    return found


def folder(name: str, environment: Mapping[str, str] | None = None) -> Path:
    """The value of a setting, as a path with ``~`` expanded."""
    return Path(value(name, environment)).expanduser()
