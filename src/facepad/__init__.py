"""Face presentation attack detection: is the face in front of the camera a living person?

Example:
    >>> import facepad
    >>> facepad.check("me.jpg").outcome  # doctest: +SKIP
    <Outcome.BONA_FIDE: 'bona_fide'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facepad import quality as quality
    from facepad.checking import check as check
    from facepad.decision import Decision as Decision
    from facepad.errors import DatasetError as DatasetError
    from facepad.errors import FacepadError as FacepadError
    from facepad.errors import InputError as InputError
    from facepad.errors import ModelError as ModelError
    from facepad.errors import SettingsError as SettingsError
    from facepad.pipeline import Checker as Checker
    from facepad.training.calibration.run import calibrate as calibrate
    from facepad.types import Outcome as Outcome
    from facepad.types import Reason as Reason
    from facepad.types import Score as Score

__version__ = "0.1.0"
__all__ = [
    "Checker",
    "DatasetError",
    "Decision",
    "FacepadError",
    "InputError",
    "ModelError",
    "Outcome",
    "Reason",
    "Score",
    "SettingsError",
    "__version__",
    "calibrate",
    "check",
    "quality",
]

# Loaded on first use, so that `import facepad` stays quick.
_HOMES = {
    "Checker": "facepad.pipeline",
    "DatasetError": "facepad.errors",
    "Decision": "facepad.decision",
    "FacepadError": "facepad.errors",
    "InputError": "facepad.errors",
    "ModelError": "facepad.errors",
    "Outcome": "facepad.types",
    "Reason": "facepad.types",
    "Score": "facepad.types",
    "SettingsError": "facepad.errors",
    "calibrate": "facepad.training.calibration.run",
    "check": "facepad.checking",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name
    if name == "quality":
        return import_module("facepad.quality")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'facepad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
