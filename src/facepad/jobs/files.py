"""Files written atomically, and a lock on a file for one run at a time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from facepad.errors import DatasetError, FacepadError, SettingsError


def write_file(
    path: Path,
    content: bytes | str,
    *,
    time_s: float | None = None,
    error: type[FacepadError] = DatasetError,
) -> None:
    """Write a file atomically: a reader sees the old content or the new, never a part.

    Args:
        path: Its folder is made if it is missing.
        content: Bytes, or text that becomes UTF-8.
        time_s: Time of the file, in seconds since 1970; None for now.
        error: What is raised when the file cannot be written.

    Raises:
        FacepadError: ``error``: The folder cannot be made or written to; the message names
            the file.
    """
    data = content.encode() if isinstance(content, str) else content
    with replaced_file(path, error=error) as part:
        part.write_bytes(data)
        if time_s is not None:
            os.utime(part, (time_s, time_s))


@contextmanager
def replaced_file(
    path: Path,
    *,
    part: Path | None = None,
    durable: bool = False,
    error: type[FacepadError] = DatasetError,
) -> Iterator[Path]:
    """Give a temporary file to write to, which gets the name ``path`` at the end of the block.

    Args:
        path: Its folder is made if it is missing.
        part: The temporary file, on the same drive; by default ``.NAME.*.tmp`` in the folder
            of ``path``.
        durable: Whether the new name is on the disk when the block has ended. The content
            must be synchronised by the block.
        error: What is raised when the file cannot be written.

    Yields:
        The temporary file. It is deleted when the block raises.

    Raises:
        FacepadError: ``error``, as `write_file`.
    """
    part = part or path.with_name(f".{path.name}.{uuid4().hex[:12]}.tmp")
    with writing_errors(path, error):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        if durable:
            _sync_folder(path.parent)


@contextmanager
def writing_errors(path: Path, error: type[FacepadError] = DatasetError) -> Iterator[None]:
    """Raise ``error``, which names the file, when it cannot be written (as on a full disk)."""
    try:
        yield
    except (OSError, RuntimeError) as failure:  # h5py raises RuntimeError
        why = getattr(failure, "strerror", None) or failure
        raise error(f"{path} cannot be written: {why}") from failure


def _sync_folder(folder: Path) -> None:
    """Make sure that a rename in a folder is on the disk, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_locked(path: Path) -> BinaryIO:
    """Open a file and lock it until it is closed, or the process ends.

    Args:
        path: Made where it is missing, for its owner only.

    Raises:
        SettingsError: Another run has locked it, or it cannot be locked on this drive.
        OSError: It cannot be opened.
    """
    path.touch(mode=0o600)
    file = path.open("r+b")
    try:
        if note := lock(file.fileno(), path):
            raise SettingsError(note)
    except SettingsError:
        file.close()
        raise
    return file


def lock(descriptor: int, path: Path) -> str:
    """Lock an open file until it is closed.

    Args:
        descriptor: File descriptor of the open file.
        path: What the messages name.

    Returns:
        "" when the file is locked; else a sentence for the user: the system or the drive has
        no locks, so that two runs at the same time would not be noticed.

    Raises:
        SettingsError: Another run has locked it.
    """
    if sys.platform == "win32":
        return ""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SettingsError(
            f"{path}: another run is at work on it; wait for its end, or end it"
        ) from None
    except OSError as failure:
        return (
            f"{path} cannot be locked on this drive ({failure.strerror}); "
            "do not start a second run on it"
        )
    return ""
