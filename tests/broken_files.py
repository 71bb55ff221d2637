"""Files that cannot be read as pictures, each broken in its own way."""

import gzip
import io
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from media_samples import (
    VIDEO,
    chunk,
    encode,
    gray_tiff,
    png,
    run_length_bmp,
    tiff,
    valid_pictures,
)


def make_broken_files(folder: Path) -> list[Path]:
    """Write every broken file into the folder; more than 30, each with its own fault."""
    paths = []
    for name, (content, _) in broken_contents().items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


@cache
def broken_contents() -> dict[str, tuple[bytes, str]]:
    """File name to content and a word that the error about it must hold."""
    return {**_no_pictures(), **_other_formats(), **_cut_off(), **_damaged(), **_too_large()}


def _no_pictures() -> dict[str, tuple[bytes, str]]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("word/document.xml", "<w:document/>")
    return {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"This is no picture.\n", "text"),
        "text_utf16.png": ("Kein Bild, nur Text.".encode("utf-16"), "text"),
        "BMW.bmp": (b"BMW is a car maker, not a picture.", "text"),
        "page.png": (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        "zeros.png": (bytes(4096), "zero bytes"),
        "noise.jpg": (np.random.default_rng(1).bytes(4096), "no known format"),
        "letter.docx": (archive.getvalue(), "ZIP"),
        "archive.gz": (gzip.compress(b"picture", mtime=0), "gzip"),
        "program.exe": (b"MZ" + bytes(60), "program"),
        "sound.wav": (b"RIFF\x24\0\0\0WAVEfmt ", "sound"),
    }


def _other_formats() -> dict[str, tuple[bytes, str]]:
    raw = {50_706: (4, [1]), 256: (3, [1]), 257: (3, [1])}
    return {
        "phone.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        "disguised.jpg": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
        "web.avif": (b"\0\0\0\x1cftypavif\0\0\0\0mif1avif", "cut off"),
        "clip.mp4": (VIDEO, "video"),
        "clip.webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01", "video"),
        "empty.gif": (b"GIF89a\1\0\1\0\0\0\0;", "GIF"),  # one with pictures is a clip
        "scan.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "PDF"),
        "drawing.svg": (b'<?xml version="1.0"?><svg width="9" height="9"/>', "SVG"),
        "layers.psd": (b"8BPS\0\1" + bytes(20), "Photoshop"),
        "new.jxl": (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        "camera.cr2": (b"II*\0\x10\0\0\0CR\2\0", "raw"),
        "camera.dng": (tiff(raw, b""), "raw"),
    }


def _cut_off() -> dict[str, tuple[bytes, str]]:
    valid = valid_pictures()
    return {
        "only_a_mark.jpg": (b"\xff\xd8\xff", "cut off"),
        "half.jpg": (valid["plain.jpg"][: len(valid["plain.jpg"]) * 3 // 4], "cut off"),
        "last_pixels.jpg": (valid["plain.jpg"][:-30], "cut off"),
        "half_progressive.jpg": (valid["progressive.jpg"][:-60], "cut off"),
        "half.png": (valid["gray_16.png"][:-40], "cut off"),
        "no_end.png": (valid["plain.png"][:-12], "cut off"),
        "half.webp": (valid["lossy.webp"][:-40], "cut off"),
        "half.bmp": (valid["plain.bmp"][:-40], "cut off"),
        "header_only.bmp": (valid["plain.bmp"][:30], "cut off"),
        "half.tif": (gray_tiff(np.ones((9, 9), np.uint16))[:-30], "cut off"),
        "no_directory.tif": (b"II*\0\xff\xff\0\0", "cut off"),
    }


def _damaged() -> dict[str, tuple[bytes, str]]:
    valid = valid_pictures()
    plain, flipped = valid["plain.png"], bytearray(valid["plain.png"])
    flipped[-20] ^= 255
    frame = valid["plain.jpg"].index(b"\xff\xc0")
    twelve = bytearray(valid["plain.jpg"])
    twelve[frame + 4] = 12
    float_tiff = encode(Image.new("F", (4, 4)), "TIFF")
    return {
        "flipped.png": (bytes(flipped), "checksum"),
        "no_pixels.png": (png(0, 5, b""), "no pixels"),
        "two_headers.png": (plain[:33] + plain[8:], "header"),
        "bad_zlib.png": (plain[:33] + chunk(b"IDAT", b"nonsense") + plain[-12:], "PNG"),
        "two_frames.jpg": (
            valid["plain.jpg"][: frame + 19] + valid["plain.jpg"][frame:],
            "twice",
        ),
        "twelve_bit.jpg": (bytes(twelve), "JPEG"),
        "no_tables.jpg": (_without(valid["gray.jpg"], 0xDB), "JPEG"),
        "riff.webp": (b"RIFF\x0c\0\0\0WEBPVP9 \0\0\0\0", "damaged"),
        "float.tif": (float_tiff, "floating"),
        "jbig.tif": (tiff({256: (3, [9]), 257: (3, [9]), 259: (3, [34_661])}, b""), "34661"),
        "line\nbreak \x1b[31m.png": (b"not a picture", "text"),
    }


def _too_large() -> dict[str, tuple[bytes, str]]:
    wide = bytearray(valid_pictures()["lossless.webp"])
    start = wide.index(b"VP8L") + 9
    wide[start : start + 4] = struct.pack("<I", 0x0FFF_FFFF)  # 16384x16384
    tall = bytearray(valid_pictures()["plain.bmp"])
    tall[22:26] = struct.pack("<i", -50_000)
    jpeg = bytearray(valid_pictures()["plain.jpg"])
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    return {
        "bomb.png": (png(20_000, 20_000, bytes(1 << 20)), "12000"),
        "pixels.png": (png(9_000, 9_000, bytes(1 << 20)), "megapixels"),
        "bomb.jpg": (bytes(jpeg), "65535x65535"),
        "bomb.webp": (bytes(wide), "16384x16384"),
        "bomb.bmp": (bytes(tall), "50000"),
        "bomb.tif": (tiff({256: (4, [2**31]), 257: (4, [2**31])}, b""), "12000"),
        "runs.bmp": (run_length_bmp(255, 20_000), "run-length"),
        "bytes.png": (zlib.compress(b"") + bytes(20_000_001), "20 MB"),
    }


def _without(jpeg: bytes, marker: int) -> bytes:
    start = jpeg.index(bytes([0xFF, marker]))
    return jpeg[:start] + jpeg[start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big") :]
