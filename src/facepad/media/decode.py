"""Decode picture files to RGB pixels with Pillow, after the limits were checked.

How each kind of pixel is converted:

* transparent pixels are laid over mid-gray, with a note, so that colours that nobody sees do not
  count;
* 16 bit gray is scaled by 1/257 and rounded; of 16 bit colour the high byte is kept, which
  differs from that by at most one level;
* gray, 1 bit, palette and CMYK become RGB; CMYK within JPEG is taken as Adobe stores it;
* colour profiles (ICC) are ignored: the numbers are taken as sRGB;
* 32 bit, signed, floating point and CIELAB pixels are refused.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.media.formats import bmp, chunked, heif, jpeg, tiff, unsupported
from facepad.media.formats.header import Header
from facepad.media.limits import Limits
from facepad.types import RgbImage

if TYPE_CHECKING:
    from PIL.Image import Image

GrayBytes = NDArray[np.uint8]  # shape (H, W)

_READERS: tuple[ModuleType, ...] = (jpeg, chunked, bmp, tiff, heif)
_PLUGINS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
        "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
        "HEIC": ("pi_heif", "HeifImageFile"),
        "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
        "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
        "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
        "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    }
)
_SMALLER = frozenset({"AVIF", "HEIC"})  # files that may state more than what is decoded
_NEEDS_LIBRARY = (
    'HEIC needs facepad[heif]: pip install "facepad[heif]"; or convert it, e.g. `heif-convert '
    "in.heic out.jpg`, or set the phone to take JPEG (iPhone: Settings, Camera, Formats, Most "
    "Compatible)"
)
_CONVERTED = frozenset({"1", "L", "P", "PA", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})
_WITH_ALPHA = frozenset({"PA", "LA", "RGBA"})
_MULTIPLIED = MappingProxyType({"La": "LA", "RGBa": "RGBA"})  # alpha was multiplied in
_BACKGROUND = (128, 128, 128)  # behind transparent pixels
_BITS, _PHOTOMETRIC, _ORIENTATION = 258, 262, 274  # tags of TIFF and EXIF


def begins_as_picture(head: bytes) -> bool:
    """Return whether the first bytes of a file (32 are enough) are those of a picture format."""
    return any(reader.accepts(head) for reader in _READERS)


def inspect(data: bytes) -> Header:
    """Read the header of whatever format the content is in.

    Raises:
        InputError: Not a format that is read, and what it looks like; or damaged.
    """
    for reader in _READERS:
        if reader.accepts(data):
            if unsupported.still_kind(data) == "HEIC":
                _plugin("HEIC")  # before anything else is said of the file
            header: Header = reader.inspect(data)
            return header
    raise InputError(f"looks like {unsupported.describe(data)}; {unsupported.SUPPORTED}")


def decode(header: Header, limits: Limits) -> tuple[RgbImage, tuple[str, ...]]:
    """Decode the pixels, turn them upright and make them RGB.

    Args:
        header: What `inspect` found.
        limits: Checked before anything is decoded.

    Returns:
        RGB, shape (H, W, 3), 0 to 255, a new array; and what was unusual about the pixels.

    Raises:
        InputError: Over a limit, cut off, damaged, or a kind of pixel that is refused.
    """
    limits.check_size(header.width, header.height)
    with _decoding(header.format), _open(header) as image:
        _check_stated(image, header)
        image.load()
        if header.format == "AVIF":  # turned as the file says, not as its EXIF says
            header = replace(header, orientation=image.getexif().get(_ORIENTATION, 1))
        return _rgb(image, header)


def convert(image: "Image", limits: Limits) -> tuple[RgbImage, tuple[str, ...]]:
    """Make the pixels of a Pillow image upright RGB, as `decode` does for a file.

    Args:
        image: Any mode that files have; it is not changed. EXIF orientation is applied.
        limits: Checked before anything is decoded, since Pillow opens files without decoding.

    Returns:
        As `decode`.

    Raises:
        InputError: As `decode`.
    """
    limits.check_size(*image.size)
    with _decoding("image"):
        tags = getattr(image, "tag_v2", {})
        header = Header(
            "image",
            *image.size,
            essential=b"",
            orientation=image.getexif().get(_ORIENTATION, 1),
            white=4095 if tags.get(_BITS) == (12,) else 65_535,
            inverted=tags.get(_PHOTOMETRIC) == 0,
        )
        return _rgb(image.copy(), header)


def _check_stated(image: "Image", header: Header) -> None:
    stated, opened = (header.width, header.height), image.size
    if header.format in _SMALLER:
        is_right = all(a <= b for a, b in zip(sorted(opened), sorted(stated), strict=True))
    else:
        is_right = opened == stated
    if not is_right:
        raise InputError(f"the {header.format} is damaged: it states two sizes")


@contextmanager
def _decoding(kind: str) -> Iterator[None]:
    """Convert whatever a decoder raises into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"the {kind} needs more memory than there is") from None
    except Exception as error:  # a decoder of hostile bytes may raise anything
        raise InputError(_words(kind, error)) from error


def _open(header: Header) -> "Image":
    """Open with the one plugin of the format.

    `PIL.Image.open` would try others, read global settings and warn.
    """
    return _plugin(header.format)(io.BytesIO(header.essential))


def _plugin(kind: str) -> "Callable[[io.BytesIO], Image]":
    module, name = _PLUGINS[kind]
    try:
        plugin: Callable[[io.BytesIO], Image] = getattr(import_module(module), name)
    except ImportError:
        raise InputError(_NEEDS_LIBRARY) from None
    return plugin


def _rgb(image: "Image", header: Header) -> tuple[RgbImage, tuple[str, ...]]:
    from PIL import Image

    _check_transparent_colour(image, header)
    if image.mode.startswith("I;16"):
        image = Image.fromarray(_eight_bit(np.asarray(image), header))
    if image.mode in _MULTIPLIED:
        image = image.convert(_MULTIPLIED[image.mode])
    if image.mode not in _CONVERTED:
        raise InputError(
            f"the {header.format} holds pixels of kind {image.mode} (32 bit, signed, floating "
            "point or CIELAB); save it with 8 or 16 bits a channel"
        )
    image, notes = _opaque(image)
    if image.mode != "RGB":  # it would copy
        image = image.convert("RGB")
    return np.array(_upright(image, header.orientation), dtype=np.uint8), notes


def _check_transparent_colour(image: "Image", header: Header) -> None:
    """Refuse a colour that stands for transparency where Pillow compares it with reduced pixels."""
    colour = image.info.get("transparency")
    channels = colour if isinstance(colour, tuple) else (colour,)
    is_deep = any(isinstance(value, int) and value > 255 for value in channels)
    if is_deep or (colour is not None and image.mode.startswith("I;16")):
        raise InputError(
            f"the {header.format} has 16 bits a channel and a transparent colour; save it with 8 "
            "bits, or without transparency"
        )


def _opaque(image: "Image") -> tuple["Image", tuple[str, ...]]:
    """Lay an image that has transparent pixels over gray; return it with a note then."""
    from PIL import Image

    if image.mode not in _WITH_ALPHA and "transparency" not in image.info:
        return image, ()
    image = image.convert("RGBA")
    colours, alpha = image.convert("RGB"), image.getchannel("A")
    if alpha.getextrema()[0] == 255:
        return colours, ()
    background = Image.new("RGB", image.size, _BACKGROUND)
    background.paste(colours, mask=alpha)
    return background, ("transparent pixels were replaced by gray",)


def _eight_bit(values: NDArray[np.uint16], header: Header) -> GrayBytes:
    table = np.minimum(np.arange(65_536), header.white) * (255.0 / header.white)
    if header.inverted:
        table = 255.0 - table
    eight: GrayBytes = np.rint(table).astype(np.uint8)
    return eight[values]


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _words(name: str, error: Exception) -> str:
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return f"the {name} is cut off: it ends before its last pixel"
    detail = str(error).strip() or type(error).__name__
    return f"the {name} is damaged or of a kind that is not decoded ({detail})"
