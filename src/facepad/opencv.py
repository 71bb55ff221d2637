"""OpenCV, imported and checked in one place: `from facepad.opencv import cv2`.

Several distributions install the same package ``cv2`` (``opencv-python``, ``-headless``,
``-contrib-``); the last one that was installed or removed decides what is in its folder, and pip
does not report it.
"""

import re
from importlib.metadata import distributions
from types import ModuleType

from facepad.errors import SettingsError

OLDEST, FIRST_UNKNOWN = (4, 10), (6, 0)  # versions that are tested: from, and up to but without
_OF_PATTERNS = re.compile(r"[%*?{\[]")  # what FFmpeg's patterns of many files are made of
REPAIR = 'python -m pip install --force-reinstall --no-deps "opencv-python-headless>=4.10,<6"'


def problem_of(module: ModuleType) -> str:
    """Return in words why a module ``cv2`` cannot be used; "" where it can.

    Args:
        module: What ``import cv2`` gave.
    """
    if not hasattr(module, "imdecode"):  # a folder without the library is a package, too
        return "its folder is incomplete, as after removing one of two OpenCV packages"
    version = str(getattr(module, "__version__", "unknown"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if not OLDEST <= numbers < FIRST_UNKNOWN:
        return f"its version is {version}, expected 4.10 to 5"
    return ""


def is_utf8(path: str) -> bool:
    r"""Return whether OpenCV takes a path; it ends the process where one is not UTF-8.

    Example:
        >>> is_utf8("caf\u00e9.mp4"), is_utf8("caf\udce9.mp4")
        (True, False)
    """
    return path == path.encode(errors="replace").decode()


def is_pattern(path: str) -> bool:
    """Return whether FFmpeg may take a path for many files, such as ``a%d.jpg`` for pictures.

    Example:
        >>> is_pattern("a%d.jpg"), is_pattern("clip.mp4")
        (True, False)
    """
    return _OF_PATTERNS.search(path) is not None


def unusable(problem: str) -> SettingsError:
    """Return the error for an OpenCV that is missing, broken or of another version.

    Args:
        problem: What is wrong, in words.
    """
    found = sorted({f"{d.name} {d.version}" for d in distributions() if _is_opencv(d.name)})
    return SettingsError(
        f"OpenCV (cv2) cannot be used: {problem}; installed: {', '.join(found) or 'none'}; "
        f"repair it with: {REPAIR}"
    )


def _is_opencv(name: str | None) -> bool:  # a damaged distribution has no name
    return (name or "").lower().replace("_", "-").startswith("opencv-")


try:
    import cv2 as cv2
except ImportError as error:
    raise unusable(str(error).splitlines()[0]) from error
if problem := problem_of(cv2):
    raise unusable(problem)
