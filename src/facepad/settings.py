"""Every setting as data: name, default, unit, help; each has an environment variable.

A setting ``model_dir`` is read from ``FACEPAD_MODEL_DIR``. A variable that is set but empty
counts as not set. The documentation page is made from this table.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import SettingsError, suggestion

PREFIX = "FACEPAD_"
DEBUG_VARIABLE = f"{PREFIX}DEBUG"
STATE_VARIABLE = f"{PREFIX}STATE_DIR"  # of the service, which has settings of its own
SERVICE_PREFIX = f"{PREFIX}SERVICE_"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: Lower case, words joined by underscores.
        default: As it would be written in the environment.
        unit: Unit of the value, or what it is ("folder").
        help: One sentence.
        least: Smallest number that can be used; 0 for any positive number.
        most: Largest number that can be used.
    """

    name: str
    default: str
    unit: str
    help: str
    least: float = 0.0
    most: float = 1e9

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"{PREFIX}{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "model_dir",
        "~/.cache/facepad/models",
        "folder",
        "Where model files that do not ship with the package are kept.",
    ),
    Setting(
        "bundle",
        "",
        "bundle",
        "The bundle of models that must be used, as NAME, NAME-VERSION or NAME-VERSION+HASH "
        "(`facepad models bundles`); without it those of the installed packages.",
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
    Setting("max_side", "12000", "pixels", "Longest side of a picture that is decoded.", 1.0),
    Setting("max_video_mb", "2000", "megabytes", "Largest file that is read as a video."),
    Setting("max_video_frames", "20000", "frames", "Longest video that is decoded.", 1.0),
    Setting("max_video_s", "3600", "seconds", "Longest video that is decoded."),
    Setting(
        "max_video_fps",
        "300",
        "frames a second",
        "Highest average rate of a video that is decoded.",
    ),
    Setting(
        "max_clip_mb",
        "512",
        "megabytes",
        "Memory for the frames of one clip that tests look at; over it, frames are halved in "
        "size, down to 320 pixels; then, for tests of movement, the rest of the clip is left out.",
    ),
    Setting("threads", "2", "threads", "Threads that one check may use.", 1.0, 1024.0),
)


def value(name: str, environment: Mapping[str, str] | None = None) -> str:
    """The value of a setting, as text.

    Raises:
        SettingsError: No setting has this name.
    """
    setting = _named(name)
    return (os.environ if environment is None else environment).get(
        setting.variable, ""
    ) or setting.default


def number(name: str, environment: Mapping[str, str] | None = None) -> float:
    """The value of a setting, as a positive number.

    Raises:
        SettingsError: The value is not a number, or is outside the bounds of the setting; the
            message names the variable.
    """
    setting, text = _named(name), value(name, environment)
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not (number > 0.0 and setting.least <= number <= setting.most):
        bounds = f"from {setting.least:g}" if setting.least else "above 0 and"
        raise SettingsError(
            f"{setting.variable} must be a number {bounds} up to {setting.most:g}, got {text!r}"
        )
    return number


def folder(name: str, environment: Mapping[str, str] | None = None) -> Path:
    """The value of a setting, as a path with ``~`` expanded.

    Raises:
        SettingsError: The path begins with ``~``, and this user has no home folder; the message
            names the variable.
    """
    return expanded(value(name, environment), _named(name).variable)


def writable_folder(name: str) -> Path:
    """Make the folder of a setting where it is missing, and return it.

    Call this before long work whose result goes there.

    Raises:
        SettingsError: The folder cannot be made or written to; the message names the variable.
    """
    from tempfile import TemporaryFile  # slow to import

    path = folder(name)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written ({error.strerror}); set {_named(name).variable} to a "
            "folder that can"
        ) from error


def expanded(path: str, where: str) -> Path:
    """Return a path with ``~`` expanded.

    Args:
        path: The path.
        where: What it was given for: a variable or an option; the message names it.

    Raises:
        SettingsError: There is no such home folder.
    """
    try:
        whole = Path(path).expanduser()
    except RuntimeError:
        whole = None
    if whole is None or (path.startswith("~/") and os.environ.get("HOME") == ""):
        raise SettingsError(
            f"{where} is {path}, but this user has no home folder; give the whole path, or set "
            "the variable HOME"
        )
    return whole


def misspelled(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield a sentence for each variable that no setting has but that looks like one.

    Example:
        >>> list(misspelled({"FACEPAD_THREAD": "4"}))
        ['FACEPAD_THREAD is not a setting and was ignored; did you mean FACEPAD_THREADS?']
    """
    known = [setting.variable for setting in SETTINGS]
    for variable in os.environ if environment is None else environment:
        of_service = variable.startswith(SERVICE_PREFIX) or variable == STATE_VARIABLE
        if (
            variable.startswith(PREFIX)
            and not of_service
            and variable not in {DEBUG_VARIABLE, *known}
        ):
            own = variable.removeprefix(PREFIX)
            nearest = suggestion(own, [name.removeprefix(PREFIX) for name in known])
            if nearest:
                nearest = nearest.rstrip().replace("did you mean ", f"did you mean {PREFIX}")
                yield f"{variable} is not a setting and was ignored; {nearest}"


def _named(name: str) -> Setting:
    for setting in SETTINGS:
        if setting.name == name:
            return setting
    known = [setting.name for setting in SETTINGS]
    raise SettingsError(
        f"no setting named {name!r}; {suggestion(name, known)}known: {', '.join(known)}"
    )
