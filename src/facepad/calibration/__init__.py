"""Calibration of a liveness test to one camera: values, files and the prior over cameras."""

from facepad.calibration.anchor import Anchor, AnchoredScore, Calibration, MemberAnchor
from facepad.calibration.prior import CalibratableTest, CameraPrior, MemberPrior, ViewPrior
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
    "AnchoredScore",
    "CalibratableTest",
    "Calibration",
    "CameraPrior",
    "MemberAnchor",
    "MemberPrior",
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
