"""Untrusted bytes, files and arrays become frames; all limits live here."""

from facepad.media.inputs import Input, expand
from facepad.media.limits import Limits
from facepad.media.reading import from_array, read
from facepad.media.resize import to_long_side

__all__ = ["Input", "Limits", "expand", "from_array", "read", "to_long_side"]
