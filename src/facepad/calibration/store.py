"""Calibrations in files: save, load, list and remove them by name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from facepad import settings
from facepad.calibration.anchor import (
    FORMAT_VERSION,
    KINDS,
    USUAL,
    Anchor,
    Calibration,
    MemberAnchor,
    Vector,
)
from facepad.calibration.prior import parts
from facepad.errors import ModelError, SettingsError, suggestion
from facepad.models import store
from facepad.models.card import Card
from facepad.models.index import digest, read_bytes

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def save(calibration: Calibration, card: Card) -> Path:
    """Save a calibration under its name, with its card; replace one of the same name.

    Raises:
        SettingsError: The name is not a file name.
        ModelError: The file cannot be written.
    """
    file = path(calibration.name)
    store.save_arrays(file, calibration.arrays(), card)
    return file


def load(name: str) -> Calibration:
    """Load a calibration by its name.

    Raises:
        SettingsError: There is no such calibration; the message names the known ones.
        ModelError: Its file is damaged.
    """
    file = _there(name)
    arrays = store.read_arrays(file)
    try:
        if int(arrays["format_version"]) != FORMAT_VERSION:
            raise ModelError(
                f"{file} was made by another version of facepad; calibrate the camera again with "
                f"`facepad calibrate --bona-fide DIR --name {name} --force`"
            )
        anchors = {str(views): _anchor(arrays, str(views)) for views in arrays["anchors"]}
        kind = str(arrays["kind"])
        if kind not in KINDS or not anchors:
            raise ValueError(f"kind {kind!r} with {len(anchors)} anchors")
        return Calibration(
            name,
            str(arrays["test"]),
            str(arrays["version"]),
            int(arrays["frames"]),
            anchors,
            kind,
            bool(arrays["fixed_scene"]),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{file} is no calibration: {error!r}") from error


def version(name: str) -> str:
    """Return name and hash in one word, as for models: ``kiosk-7+3fa9c1d2``."""
    return f"{name}+{digest(_there(name).read_bytes())[:8]}"


def names() -> tuple[str, ...]:
    """Return the names of all calibrations."""
    return tuple(sorted(file.stem for file in settings.folder("calibration_dir").glob("*.npz")))


def card(name: str) -> str:
    """Return a calibration's card, as Markdown.

    Raises:
        SettingsError: There is no such calibration.
        ModelError: Its card is missing or cannot be read.
    """
    file = _there(name).with_suffix(".md")
    try:
        return read_bytes(file).decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"{file} is no card: {error}") from error


def remove(name: str) -> None:
    """Delete a calibration.

    Raises:
        SettingsError: There is no such calibration.
    """
    file = _there(name)
    file.with_suffix(".md").unlink(missing_ok=True)
    file.unlink()


def check_free(name: str, *, overwrite: bool = False) -> None:
    """Check that a calibration can be saved under a name; call this before long work.

    Args:
        name: Name of the calibration.
        overwrite: Whether one of the same name may be replaced.

    Raises:
        SettingsError: There is a calibration of this name, the name is not a file name, or the
            folder cannot be written to.
    """
    settings.writable_folder("calibration_dir")
    if path(name).exists() and not overwrite:
        raise SettingsError(
            f"a calibration named {name!r} exists; give another --name, or --force to overwrite it"
        )


def path(name: str) -> Path:
    """Return the file of a calibration, whether it exists or not.

    Raises:
        SettingsError: The name is not a file name.
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
        hint = suggestion(name, names())
        raise SettingsError(f"no calibration named {name!r}; {hint}known: {known}")
    return file


def _anchor(arrays: Mapping[str, NDArray[Any]], views: str) -> Anchor:
    names, widths = arrays[f"{views} members"].tolist(), arrays[f"{views} widths"]
    centres, scales = (parts(arrays[f"{views} {part}"], widths) for part in ("centre", "scale"))
    numbers, bounds = arrays[f"{views} numbers"], arrays[f"{views} bounds"]
    slope, bias, accused = arrays[f"{views} ratio"].tolist()
    if numbers.shape != (len(names), 6) or len(centres) != len(names):
        raise ValueError(f"{len(names)} members do not fit numbers of shape {numbers.shape}")
    if not (np.isfinite(numbers).all() and np.isfinite([*bounds, slope, bias, accused]).all()):
        raise ValueError("numbers are not finite")
    if min(slope, numbers[:, [1, 3]].min(), *(scale.min(initial=1.0) for scale in scales)) <= 0.0:
        raise ValueError("deviations and slope must be above 0")
    if numbers[:, 4:].min() < 0.0:
        raise ValueError("weights must be 0 or above")
    members = {
        name: _member(centre, scale, row)
        for name, centre, scale, row in zip(names, centres, scales, numbers.tolist(), strict=True)
    }
    points = dict(zip(arrays[f"{views} points"].tolist(), bounds.tolist(), strict=True))
    if USUAL not in points:
        raise ValueError(f"no bound of {USUAL}")
    return Anchor(members, points, slope, bias, accused)


def _member(centre: Vector, scale: Vector, numbers: Sequence[float]) -> MemberAnchor:
    logit, logit_scale, distance, distance_scale, logit_weight, distance_weight = numbers
    return MemberAnchor(
        centre=centre,
        scale=scale,
        logit=logit,
        logit_scale=logit_scale,
        distance=distance,
        distance_scale=distance_scale,
        logit_weight=logit_weight,
        distance_weight=distance_weight,
    )


@dataclass(frozen=True, slots=True)
class CalibrationRef:
    """The calibration that a run uses.

    Attributes:
        name: Name of the calibration.
        version: Name and hash of its file; scores depend on it.
        test: The liveness test that it calibrates.
        frames: Number of bona fide frames it was made from.
        kept: Date of its file, ISO 8601.
    """

    name: str
    version: str
    test: str
    frames: int
    kept: str

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the calibration of this name.

        Raises:
            SettingsError: There is no such calibration.
            ModelError: Its file is damaged.
        """
        found = load(name)
        kept = datetime.fromtimestamp(path(name).stat().st_mtime, UTC)
        day = kept.date().isoformat()
        return cls(name, version(name), found.test, found.frames, day)

    @property
    def origin(self) -> str:
        """Where its threshold comes from, as in "at a threshold from ..."."""
        return f"from {self.frames} bona fide frames of the camera"

    @property
    def notice(self) -> str:
        """What a reader of error rates must check, since a calibration does not name people."""
        return (
            f"{self.test} uses calibration {self.version} of "
            f"{self.kept}, made from {self.frames} bona fide frames, and its threshold. "
            "People in those frames must not be among the people evaluated; the calibration does "
            "not record who they were"
        )

    def check_unchanged(self) -> None:
        """Check that the calibration was not replaced while a run is at work.

        Raises:
            SettingsError: It was removed.
            ModelError: It was replaced.
        """
        if (now := version(self.name)) != self.version:
            raise ModelError(
                f"calibration {self.name!r} was replaced during the run: expected "
                f"{self.version}, got {now}; evaluate again"
            )
