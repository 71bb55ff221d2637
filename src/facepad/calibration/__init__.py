"""Calibration of a liveness test to one camera: values, files and the prior over cameras."""

from facepad.calibration.anchor import Anchor, Calibration
from facepad.calibration.store import card, load, names, path, remove, save, version

__all__ = [
    "Anchor",
    "Calibration",
    "card",
    "load",
    "names",
    "path",
    "remove",
    "save",
    "version",
]
