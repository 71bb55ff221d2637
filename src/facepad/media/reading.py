"""Read untrusted bytes, files and arrays as frames; anything else is an `InputError`."""

import errno
import os
import stat
from collections.abc import Coroutine, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from facepad.errors import FacepadError, InputError, SettingsError, source_name
from facepad.media.decode import convert, decode, inspect
from facepad.media.formats.clips import begins_as_clip
from facepad.media.formats.unsupported import describe_missing
from facepad.media.limits import Limits, VideoLimits
from facepad.types import Frame, RgbImage

if TYPE_CHECKING:
    from PIL.Image import Image

Buffer = bytes | bytearray | memoryview


class BinaryFile(Protocol):
    """A file that is open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class HasFile(Protocol):
    """An upload of FastAPI or Django."""

    @property
    def file(self) -> BinaryFile:
        """The file that was uploaded."""


class HasStream(Protocol):
    """An upload of Flask."""

    @property
    def stream(self) -> BinaryFile:
        """The file that was uploaded."""


OpenFile = BinaryFile | HasFile | HasStream

_HEAD = 32  # bytes that show whether a file is a video
_BLOCK = 1 << 20  # bytes read at a time
_FORMATS = {
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
    ".heic": "HEIC",
    ".heif": "HEIC",
    ".avif": "AVIF",
    **dict.fromkeys((".gif", ".pdf", ".svg", ".mp4"), "other"),
}
PICTURE_SUFFIXES = tuple(suffix for suffix, kind in _FORMATS.items() if kind != "other")
_ALPHA = (
    "; a fourth channel is alpha: lay the picture over a plain background first, or give it as a "
    "Pillow image"
)


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
        raise InputError(
            f"an image must be an array of uint8 or uint16, got {kind}; values from 0 to 1 "
            "become uint8 by `(255 * image).round().astype('uint8')`"
        )
    wanted = 1 if channels == "gray" else 3
    shape = (*image.shape, 1) if image.ndim == 2 else image.shape
    if len(shape) != 3 or shape[2] != wanted or 0 in shape:
        raise InputError(
            f"an image in {channels} has shape {'(H, W)' if channels == 'gray' else '(H, W, 3)'} "
            f"with H, W >= 1, got {image.shape}{_ALPHA if shape[2:] == (4,) else ''}"
        )
    image = image.reshape(shape)
    if image.dtype == np.uint16:
        image = np.rint(image.astype(np.float32) / 257.0).astype(np.uint8)
    return Frame(_three_channels(image.astype(np.uint8, copy=False), channels))


def from_image(image: "Image", *, limits: Limits | None = None) -> Frame:
    """Make a frame of a Pillow image, with the pixels that its file would give.

    Args:
        image: A still, or an animation, of which the current frame is used. EXIF orientation
            is applied.
        limits: Bounds checked before decoding; None takes them from the settings.

    Returns:
        The frame; it holds a copy.

    Raises:
        InputError: Over a limit, damaged, or a kind of pixel that is refused.
    """
    pixels, notes = convert(image, limits or Limits.from_settings())
    return Frame(pixels, notes=notes)


@contextmanager
def at_hand(source: Buffer | OpenFile, *, name: str, limits: VideoLimits) -> Iterator[bytes | Path]:
    """Give the bytes of a picture, or the path of a clip, of what is in memory or open.

    A file that can seek is read from its beginning, and put back in the end to where it was;
    any other is read from where it is. No more is read than the limit allows. A clip is copied
    into a temporary file, which only this user can read and which is removed in the end.

    Args:
        source: Bytes, a file that is open for reading bytes, or an upload that has one.
        name: What messages call the source.
        limits: How much is read of a picture and of a clip.

    Yields:
        The bytes of what is no clip, or a path.

    Raises:
        InputError: It cannot be read, is open in text mode, or a clip is over the limit.
        SettingsError: There is no room for temporary files.
    """
    if isinstance(source, bytes) and not begins_as_clip(source[:_HEAD]):
        yield source  # without a copy
        return
    with closing(_blocks(source)) as blocks:
        with named_errors(name):
            data = _taken(blocks, _HEAD)
            is_clip = begins_as_clip(data[:_HEAD])
            if not is_clip:
                data += _taken(blocks, limits.picture.max_bytes + 1 - len(data))
        if not is_clip:
            yield data
            return
        with _temporary_file() as file:
            with named_errors(name):
                _copy(chain((data,), blocks), file, limits)
            yield Path(file.name)


def is_open(source: object) -> TypeGuard[OpenFile]:
    """Return whether something is an open file, or an upload that has one."""
    return callable(getattr(_file_of(source), "read", None))


def _blocks(source: Buffer | OpenFile) -> Generator[bytes, None, None]:
    if isinstance(source, Buffer):
        view = memoryview(source)
        data = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
        yield from (bytes(data[at : at + _BLOCK]) for at in range(0, len(data), _BLOCK))
        return
    file = _file_of(source)
    try:
        can_seek = getattr(file, "seekable", bool)()
        place = file.tell() if can_seek else 0
        if can_seek:
            file.seek(0)
        try:
            while block := file.read(_BLOCK):
                yield _as_bytes(block)
        finally:
            if can_seek:
                file.seek(place)
    except InputError:  # also a ValueError
        raise
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be read ({error})") from error


def _file_of(source: object) -> Any:  # noqa: ANN401 - whatever can be read from
    """Return what an upload is read from: FastAPI has it in ``file``, Flask in ``stream``."""
    within = (getattr(source, attribute, None) for attribute in ("file", "stream"))
    return next((file for file in within if callable(getattr(file, "read", None))), source)


def _as_bytes(block: object) -> bytes:
    if isinstance(block, Buffer):
        return bytes(block)
    if isinstance(block, str):
        raise InputError("the file is open in text mode; open it with open(path, 'rb')")
    if isinstance(block, Coroutine):
        block.close()
        raise InputError("its read() is asynchronous; await it and give the bytes")
    raise InputError(f"its read() must give bytes, got {type(block).__name__}")


def _taken(blocks: Iterator[bytes], least: int) -> bytes:
    """Return at least so many bytes, rounded up to whole blocks, or all there are."""
    taken: list[bytes] = []
    while least > 0 and (block := next(blocks, b"")):
        taken.append(block)
        least -= len(block)
    return b"".join(taken)


@contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    try:
        file = NamedTemporaryFile(prefix="facepad-")  # noqa: SIM115 - closed below
    except OSError as error:
        raise SettingsError(
            f"a clip that is not a file needs a temporary one, which cannot be made ({error}); "
            "name a folder in the environment variable TMPDIR"
        ) from error
    with file:
        yield file


def _copy(blocks: Iterable[bytes], file: IO[bytes], limits: VideoLimits) -> None:
    size = 0
    for block in blocks:
        size += len(block)
        limits.check_bytes(size)
        try:
            file.write(block)
            file.flush()
        except OSError as error:
            raise InputError(f"its temporary file cannot be written ({error.strerror})") from error


@contextmanager
def named_errors(name: str) -> Iterator[None]:
    """Convert any exception raised while reading into an `InputError` that names the source."""
    name = source_name(name)
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
    if not str(source):
        raise InputError("the path is empty")
    return _frame(_file(Path(source), limits), Path(source).suffix, limits)


def _frame(data: bytes, suffix: str, limits: Limits) -> Frame:
    limits.check_bytes(len(data))
    header = inspect(data)
    image, notes = decode(header, limits)
    notes = (*header.notes, *notes)
    if _FORMATS.get(suffix.lower(), header.format) != header.format:
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
        raise InputError(describe_missing(str(path))) from None
    except PermissionError:
        raise InputError("this user is not permitted to read it") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(describe_missing(str(path))) from None
        raise InputError(f"it cannot be opened ({error.strerror or error})") from error
    except ValueError as error:  # a name with a zero byte in it
        raise InputError(f"this is not a path ({error})") from error


def _check_kind(status: os.stat_result, limits: Limits) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError("this is a folder; name a file in it (`facepad check` takes folders, too)")
    if not stat.S_ISREG(status.st_mode):
        raise InputError("this is a pipe, a socket or a device, not a picture file")
    limits.check_bytes(status.st_size)
