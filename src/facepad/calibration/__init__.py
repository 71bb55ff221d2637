"""Calibration of a liveness test to one camera: values, files and the prior over cameras."""

from facepad.calibration.anchor import Anchor, Calibration
from facepad.calibration.prior import CalibratableTest, CameraPrior, ViewPrior
from facepad.calibration.store import (
    card,
    check_free,
    load,
    names,
    path,
    remove,
    save,
    version,
)

__all__ = [
    "Anchor",
    "CalibratableTest",
    "Calibration",
    "CameraPrior",
    "ViewPrior",
    "card",
    "check_free",
    "load",
    "names",
    "path",
    "remove",
    "save",
    "version",
]
