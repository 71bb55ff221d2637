"""The error tree: whatever facepad raises on purpose is a `FacepadError`.

A message names the thing, what was expected and what was got. Findings such as
"no face" or "attack" are results (`facepad.types.Reason`, `Outcome`), never errors.
"""


class FacepadError(Exception):
    """Base of all errors that facepad raises on purpose."""


class InputError(FacepadError, ValueError):
    """An input cannot be used: not a picture, over a limit, of a wrong shape or type."""


class DatasetError(FacepadError):
    """A dataset is not laid out as its listing expects, or a listed file is missing."""


class ModelError(FacepadError):
    """A model file is missing, has the wrong hash or does not fit this version."""


class SettingsError(FacepadError):
    """A setting or an option has a value that cannot be used."""


class SessionError(FacepadError):
    """A liveness session was used out of order, too late or twice."""
