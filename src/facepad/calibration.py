"""Apply a camera's calibration: what a few bona fide frames of it tell, and how to use that.

Two things are compared with those frames: the classifier's raw logit, and how far the
features lie from theirs. Both are taken in units of how much the frames themselves vary, so
that a camera with a cast of its own is no longer held against the person before it. Fitting
lives in `facepad.training.calibrate`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad import settings
from facepad.errors import ModelError, SettingsError
from facepad.models import store
from facepad.models.card import Card
from facepad.models.index import digest

FORMAT_VERSION = 2
# Weight of the distance beside the classifier. Chosen among 0, 1/4, 1/2 and 1 on three
# webcams and on two people of NUAA against seven others, none of which judged it.
DISTANCE_WEIGHT = 0.5
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """What a camera's bona fide frames look like, for one set of views.

    Attributes:
        centre: Mean of their standardised features, shape (F,).
        scale: How far features may stray: half that of training, half the frames' own.
        logit: Mean raw logit of the frames.
        logit_scale: Its deviation, when each person is left out in turn.
        distance: Mean distance of the frames to the others.
        distance_scale: Its deviation.
        threshold: Least anchored score that counts as bona fide, in deviations.
        slope: Makes an anchored score a log-likelihood ratio, with ``bias``; above 0.
        bias: Natural logarithm.
    """

    centre: Vector
    scale: Vector
    logit: float
    logit_scale: float
    distance: float
    distance_scale: float
    threshold: float
    slope: float = 1.0
    bias: float = 0.0

    def distance_to(self, features: Vector) -> float:
        """Root mean square of the features' differences to the frames, in units of `scale`."""
        return float(np.sqrt(np.mean(((features - self.centre) / self.scale) ** 2)))

    def anchored(self, raw: float, features: Vector) -> float:
        """The score of the camera, in deviations of its bona fide frames; higher for bona fide.

        Args:
            raw: The classifier's raw logit.
            features: Standardised, shape (F,).
        """
        strayed = (self.distance_to(features) - self.distance) / self.distance_scale
        return (raw - self.logit) / self.logit_scale - DISTANCE_WEIGHT * strayed

    def ratio(self, anchored: float) -> float:
        """Log-likelihood ratio of bona fide over attack, natural logarithm."""
        return self.slope * anchored + self.bias

    def margin(self, anchored: float) -> float:
        """How far the log-likelihood ratio lies above that of the threshold."""
        return self.slope * (anchored - self.threshold)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The calibration of one camera for one liveness test.

    Attributes:
        name: Given by the user ("kiosk-7").
        test: Name of the liveness test.
        version: Of the test's model when it was made.
        frames: How many bona fide frames it was made from.
        anchors: By what was seen: "tight", and "tight+context" when all frames have context.
    """

    name: str
    test: str
    version: str
    frames: int
    anchors: Mapping[str, Anchor]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays for `facepad.models.store.save_arrays`."""
        found: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "test": np.array(self.test),
            "version": np.array(self.version),
            "frames": np.array(self.frames),
            "anchors": np.array(sorted(self.anchors)),
        }
        for views, anchor in self.anchors.items():
            numbers = (
                *(anchor.logit, anchor.logit_scale, anchor.distance),
                *(anchor.distance_scale, anchor.threshold, anchor.slope, anchor.bias),
            )
            found[f"{views} centre"] = anchor.centre
            found[f"{views} scale"] = anchor.scale
            found[f"{views} numbers"] = np.array(numbers)
        return found


def save(calibration: Calibration, card: Card) -> Path:
    """Keep a calibration under its name, with its card; one of the same name is replaced.

    Raises:
        SettingsError: The name cannot be a file's.
        ModelError: The file cannot be written.
    """
    file = path(calibration.name)
    store.save_arrays(file, calibration.arrays(), card)
    return file


def load(name: str) -> Calibration:
    """A calibration that was kept.

    Raises:
        SettingsError: There is none of this name; tells those that are there.
        ModelError: Its file is damaged.
    """
    file = _there(name)
    arrays = store.read_arrays(file)
    try:
        if int(arrays["format_version"]) != FORMAT_VERSION:
            raise ModelError(f"{file} has another format; calibrate the camera again")
        anchors = {str(views): _anchor(arrays, str(views)) for views in arrays["anchors"]}
        version, test = str(arrays["version"]), str(arrays["test"])
        return Calibration(name, test, version, int(arrays["frames"]), anchors)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{file} is no calibration: {error!r}") from error


def version(name: str) -> str:
    """Name and hash in one word, as for models: ``kiosk-7+3fa9c1d2``."""
    return f"{name}+{digest(_there(name).read_bytes())[:8]}"


def names() -> tuple[str, ...]:
    """All calibrations that are kept."""
    return tuple(sorted(file.stem for file in settings.folder("calibration_dir").glob("*.npz")))


def card(name: str) -> str:
    """A calibration's card, as Markdown.

    Raises:
        SettingsError: There is none of this name.
    """
    return _there(name).with_suffix(".md").read_text(encoding="utf-8")


def remove(name: str) -> None:
    """Forget a calibration.

    Raises:
        SettingsError: There is none of this name.
    """
    file = _there(name)
    file.with_suffix(".md").unlink(missing_ok=True)
    file.unlink()


def path(name: str) -> Path:
    """Where a calibration of this name is kept, present or not.

    Raises:
        SettingsError: The name cannot be a file's.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"a calibration's name is of a-z, 0-9, _ and -, at most 64 long, got {name!r}"
        )
    return settings.folder("calibration_dir") / f"{name}.npz"


def _there(name: str) -> Path:
    file = path(name)
    if not file.is_file():
        known = ", ".join(names()) or "none; make one with `facepad calibrate`"
        raise SettingsError(f"no calibration named {name!r}; known: {known}")
    return file


def _anchor(arrays: Mapping[str, NDArray[Any]], views: str) -> Anchor:
    centre, scale = (
        np.asarray(arrays[f"{views} {part}"], np.float64) for part in ("centre", "scale")
    )
    numbers = np.asarray(arrays[f"{views} numbers"], np.float64)
    if centre.ndim != 1 or centre.shape != scale.shape or not (scale > 0.0).all():
        raise ValueError(f"centre {centre.shape} and scale {scale.shape} do not fit")
    if not (np.isfinite(centre).all() and np.isfinite(numbers).all()):
        raise ValueError("numbers are not finite")
    logit, logit_scale, distance, distance_scale, threshold, slope, bias = numbers.tolist()
    if min(logit_scale, distance_scale, slope) <= 0.0:
        raise ValueError("deviations and slope must be above 0")
    return Anchor(
        centre, scale, logit, logit_scale, distance, distance_scale, threshold, slope, bias
    )
