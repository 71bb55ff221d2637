"""Files read with a bound and written at once."""

import os
import tempfile
from pathlib import Path

from facepad.errors import ModelError
from facepad.models.npz import MAX_BYTES


def read_bytes(file: Path) -> bytes:
    """The content of a file of at most ``MAX_BYTES``.

    Raises:
        ModelError: Missing, unreadable or larger.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ModelError(f"{file} is larger than {MAX_BYTES} bytes")
    return data


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file at once: a reader sees the old content or the new, never a part.

    Raises:
        ModelError: The folder cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be written: {error.strerror}") from error
