"""Read untrusted bytes, files and arrays as frames; anything else is an `InputError`."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from facepad.errors import FacepadError, InputError, printable
from facepad.media.decode import decode, inspect
from facepad.media.limits import Limits
from facepad.types import Frame, RgbImage

_SUFFIXES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WebP",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    **dict.fromkeys((".heic", ".heif", ".avif", ".gif", ".pdf", ".svg", ".mp4"), "other"),
}


def read(source: str | Path | bytes, *, limits: Limits | None = None, name: str = "") -> Frame:
    """Read one picture file, or its bytes.

    The content decides what it is, never the name. EXIF orientation is applied, colour
    profiles are ignored; `facepad.media.decode` says how unusual pixels are converted.

    Args:
        source: A path, or the bytes of a picture file.
        limits: Bounds checked before decoding; None takes them from the settings.
        name: What messages call the source; its path by default.

    Returns:
        The frame, RGB, with notes on what was unusual about the file.

    Raises:
        InputError: It cannot be read as a picture; the message names it and says why.
        SettingsError: A limit in the settings is not a number.
    """
    if not isinstance(source, str | PurePath | bytes):
        raise InputError(
            f"expected a path or bytes, got {type(source).__name__}; "
            "arrays go through from_array, which asks for the order of their channels"
        )
    limits = limits or Limits.from_settings()
    with named_errors(name or ("the given bytes" if isinstance(source, bytes) else str(source))):
        return _read(source, limits)


def read_file(path: Path, *, limits: Limits | None = None) -> tuple[bytes, Frame]:
    """As `read` of a plain file, with the bytes of the file.

    Raises:
        InputError: As `read`.
        SettingsError: As `read`.
    """
    limits = limits or Limits.from_settings()
    with named_errors(str(path)):
        data = _file(path, limits)
        return data, _frame(data, path.suffix, limits)


def from_array(image: NDArray[np.generic], *, channels: Literal["rgb", "bgr", "gray"]) -> Frame:
    """Make a frame of pixels that are in memory already.

    Args:
        image: Shape (H, W, 3) for "rgb" and "bgr", (H, W) or (H, W, 1) for "gray"; uint8, or
            uint16, which is scaled by 1/257.
        channels: Order of the channels; there is no default, since a guess would be silent.

    Returns:
        The frame; it holds a copy.

    Raises:
        InputError: Wrong type, shape or order, or no pixels.
    """
    if channels not in ("rgb", "bgr", "gray"):
        raise InputError(f"channels must be 'rgb', 'bgr' or 'gray', got {channels!r}")
    if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.uint16):
        kind = getattr(image, "dtype", type(image).__name__)
        raise InputError(f"an image must be an array of uint8 or uint16, got {kind}")
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if image.ndim != 3 or image.shape[2] != (1 if channels == "gray" else 3) or 0 in image.shape:
        raise InputError(
            f"an image in {channels} has shape {'(H, W)' if channels == 'gray' else '(H, W, 3)'} "
            f"with H, W >= 1, got {image.shape}"
        )
    if image.dtype == np.uint16:
        image = np.rint(image.astype(np.float32) / 257.0).astype(np.uint8)
    return Frame(_three_channels(image.astype(np.uint8, copy=False), channels))


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Convert any exception raised while reading into an `InputError` that names the source."""
    name = printable(name)
    try:
        yield
    except FacepadError as error:
        raise InputError(f"{name}: {error}") from error
    except Exception as error:  # whatever untrusted bytes set off is their fault
        raise InputError(f"{name}: damaged ({type(error).__name__}: {error})") from error


def _three_channels(image: RgbImage, channels: str) -> RgbImage:
    if channels == "gray":
        return np.repeat(image, 3, axis=2)
    return np.array(image[:, :, ::-1] if channels == "bgr" else image, order="C")


def _read(source: str | Path | bytes, limits: Limits) -> Frame:
    if isinstance(source, bytes):
        return _frame(source, "", limits)
    return _frame(_file(Path(source), limits), Path(source).suffix, limits)


def _frame(data: bytes, suffix: str, limits: Limits) -> Frame:
    limits.check_bytes(len(data))
    header = inspect(data)
    image = decode(header, limits)
    notes = header.notes
    if _SUFFIXES.get(suffix.lower(), header.format) != header.format:
        notes = (f"named {suffix.lower()} but is {header.format}", *notes)
    return Frame(image, notes=notes)


def _file(path: Path, limits: Limits) -> bytes:
    """Return all bytes of a regular file that is within the limits.

    Its kind is asked before opening, as opening alone can set off a device; and again
    after, without waiting, as the path may have become a pipe in between.
    """
    try:
        _check_kind(path.stat(), limits)
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _check_kind(status, limits)
            # One byte more than there were, as the file may grow; memory is reserved for all.
            return file.read(min(limits.max_bytes, status.st_size) + 1)
    except InputError:  # also a ValueError
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise InputError("file not found") from None
    except PermissionError:
        raise InputError("this user is not permitted to read it") from None
    except OSError as error:
        raise InputError(f"it cannot be opened ({error.strerror or error})") from error
    except ValueError as error:  # a name with a zero byte in it
        raise InputError(f"this is not a path ({error})") from error


def _check_kind(status: os.stat_result, limits: Limits) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError("this is a folder, not a picture file")
    if not stat.S_ISREG(status.st_mode):
        raise InputError("this is a pipe, a socket or a device, not a picture file")
    limits.check_bytes(status.st_size)
