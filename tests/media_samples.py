"""Small valid pictures of every kind that is read, made when asked for."""

import base64
import io
import struct
import zlib
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 20, 16
# `colours(64, 48)` by pillow-heif 1.8, quality 30, stored turned to the left.
_HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAEsAAgAAAAACNwABAAAAAAAAACQAAAA4aWlu"
    "ZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAB"
    "B2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMA"
    "AAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkA"
    "AAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAA"
    "AAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAa"
    "aXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAHdtZGF0AAAARygBrxmA71BJjpGz79ppK4059B/FMe9BL/OypXdD2/ei"
    "oV01PaJ8vwSwO8+k6yTbx/W9rZTQKjp2suc9cUAfz4PHzDBtZg5bAAAABkV4aWYAAElJKgAIAAAAAQASAQMAAQAA"
    "AAYAAAAAAAAA"
)
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256))


def colours(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A picture whose channels differ: red grows to the right, green downwards."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, :, 0] = np.linspace(0, 255, width)[np.newaxis, :]
    image[:, :, 1] = np.linspace(0, 255, height)[:, np.newaxis]
    image[:, :, 2] = 80
    return image


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401 - Pillow's own
    """The bytes of a picture file."""
    file = io.BytesIO()
    image.copy().save(file, kind, **options)  # saving leaves traces in the picture itself
    return file.getvalue()


def exif(orientation: int, order: str = "<") -> bytes:
    """An EXIF block that holds nothing but an orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + bytes(4)


def chunk(name: bytes, content: bytes) -> bytes:
    """One PNG chunk."""
    crc = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


def png(
    width: int, height: int, rows: bytes, *, bits: int = 8, colour: int = 0, extra: bytes = b""
) -> bytes:
    """A PNG file of the given rows (filter bytes included), whatever its header claims."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    content = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + content + chunk(b"IEND", b"")


def tiff(entries: dict[int, tuple[int, list[int]]], pixels: bytes, order: str = "<") -> bytes:
    """A TIFF file with the given tags (type 3 or 4, values) and its pixels at offset 8."""
    tags, behind = b"", b""
    start = 8 + len(pixels)
    values_at = start + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            where = struct.pack(order + "I", values_at + len(behind))
            behind += packed
        else:
            where = packed.ljust(4, b"\0")
        tags += struct.pack(order + "HHI", tag, kind, len(values)) + where
    mark = b"II*\0" if order == "<" else b"MM\0*"
    count = struct.pack(order + "H", len(entries))
    return mark + struct.pack(order + "I", start) + pixels + count + tags + bytes(4) + behind


def gray_tiff(pixels: NDArray[np.uint16], *, bits: int = 16, photometric: int = 1) -> bytes:
    """An uncompressed 16 bit gray TIFF file."""
    height, width = pixels.shape
    data = pixels.astype("<u2").tobytes()
    single = {256: width, 257: height, 258: bits, 259: 1, 262: photometric, 277: 1, 278: height}
    entries = {tag: (3, [value]) for tag, value in single.items()}
    return tiff({**entries, 273: (4, [8]), 279: (4, [len(data)])}, data)


def colour_tiff(
    image: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    separate: bool,
    deflate: bool,
    order: str = "<",
) -> bytes:
    """A TIFF file of 8 or 16 bit RGB, interleaved or in three planes."""
    height, width, _ = image.shape
    bits = 8 * image.dtype.itemsize
    planes = [image[:, :, channel] for channel in range(3)] if separate else [image]
    strips = [plane.astype(f"{order}u{bits // 8}").tobytes() for plane in planes]
    strips = [zlib.compress(strip) for strip in strips] if deflate else strips
    sizes = [len(strip) for strip in strips]
    single = {256: width, 257: height, 259: 8 if deflate else 1, 262: 2, 277: 3, 278: height}
    single[284] = 2 if separate else 1
    entries = {tag: (3, [value]) for tag, value in single.items()}
    starts = [8 + sum(sizes[:number]) for number in range(len(sizes))]
    more = {258: (3, [bits] * 3), 273: (4, starts), 279: (4, sizes)}
    return tiff({**entries, **more}, b"".join(strips), order)


def run_length_bmp(width: int = 4, height: int = 2) -> bytes:
    """A BMP file coded by run lengths: all pixels have palette entry 1, which is red."""
    palette = b"\0\0\0\0" + b"\0\0\xff\0"
    rows = (bytes([width, 1]) + b"\0\0") * height + b"\0\1"
    offset = 14 + 40 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 2, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + info + palette + rows


def heic(quarter_turns: int = 0) -> bytes:
    """A HEIC picture of `colours`, 64 x 48 pixels, turned to the left so often."""
    return _HEIC.replace(b"irot\x03", b"irot" + bytes([quarter_turns % 4]))


@cache
def valid_pictures() -> dict[str, bytes]:
    """Name to bytes; all are read without an error."""
    image = Image.fromarray(colours())
    gray, palette = image.convert("L"), image.quantize(16)
    see_through = image.convert("RGBA")
    see_through.putalpha(gray)
    deep = colours().astype(np.uint16) * 257
    jpeg = encode(image, "JPEG", exif=exif(6))
    return {
        "plain.jpg": jpeg,
        "progressive.jpg": encode(image, "JPEG", progressive=True, quality=95),
        "gray.jpg": encode(gray, "JPEG"),
        "cmyk.jpg": encode(image.convert("CMYK"), "JPEG"),
        "motion.jpg": jpeg + VIDEO,
        "two.mpo": encode(image, "MPO", save_all=True, append_images=_more(image)),
        "plain.png": encode(image, "PNG", exif=exif(3)),
        "gray.png": encode(gray, "PNG"),
        "one_bit.png": encode(image.convert("1"), "PNG"),
        "palette.png": encode(palette, "PNG", transparency=bytes(range(16))),
        "see_through.png": encode(see_through, "PNG"),
        "gray_16.png": cv2.imencode(".png", deep[:, :, 0])[1].tobytes(),
        "colour_16.png": cv2.imencode(".png", deep)[1].tobytes(),
        "animated.png": encode(image, "PNG", save_all=True, append_images=_more(image)),
        "lossy.webp": encode(image, "WEBP", exif=exif(8)),
        "lossless.webp": encode(see_through, "WEBP", lossless=True),
        "animated.webp": encode(image, "WEBP", save_all=True, append_images=_more(image)),
        "plain.avif": encode(image, "AVIF", exif=exif(6)),
        "see_through.avif": encode(see_through, "AVIF"),
        "plain.bmp": encode(image, "BMP"),
        "palette.bmp": encode(palette, "BMP"),
        "one_bit.bmp": encode(image.convert("1"), "BMP"),
        "run_length.bmp": run_length_bmp(),
        "plain.tif": encode(image, "TIFF"),
        "lzw.tif": encode(image, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encode(see_through, "TIFF", compression="tiff_adobe_deflate"),
        "packed.tif": encode(palette, "TIFF", compression="packbits"),
        "jpeg.tif": encode(image, "TIFF", compression="jpeg"),
        "fax.tif": encode(image.convert("1"), "TIFF", compression="group4"),
        "cmyk.tif": encode(image.convert("CMYK"), "TIFF"),
        "gray_16.tif": gray_tiff(deep[:, :, 0]),
        "pages.tif": encode(image, "TIFF", save_all=True, append_images=_more(image)),
    }


def _more(image: Image.Image) -> list[Image.Image]:
    return [image.convert("L").convert("RGB"), image.copy()]
