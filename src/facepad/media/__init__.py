"""Untrusted bytes, files and arrays become frames; all limits live here."""

from facepad.media.inputs import Input, expand
from facepad.media.limits import Limits
from facepad.media.reading import from_array, read
from facepad.media.resize import to_long_side
from facepad.media.sequence import ImageSequence

__all__ = ["ImageSequence", "Input", "Limits", "expand", "from_array", "read", "to_long_side"]
