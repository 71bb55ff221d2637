"""Names what a file that cannot be read looks like, and how to make a picture of it."""

import re

SUPPORTED = "supported formats: JPEG, PNG, WebP, BMP, TIFF, AVIF, and HEIC with facepad[heif]"

BASE64_TEXT = "base64 text, not a picture; decode it first, with base64.b64decode"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/{1,2}[^/]")  # `Path` makes one slash of two
# Longer than a path without a suffix is, or with the beginning of JPEG, PNG or WebP.
_BASE64 = re.compile(r"(?:[\w+/=\-\s]{256,}|(?:/9j/|iVBORw0KGgo|UklGR)[\w+/=\-\s]*)", re.ASCII)

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
_BEGINNINGS = (
    (0, b"GIF8", "a GIF picture; convert it to PNG"),
    (0, b"%PDF", "a PDF document; export its picture as JPEG or PNG"),
    (0, b"\xff\x0a", "a JPEG XL picture; convert it, e.g. `djxl in.jxl out.png`"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture; convert it, e.g. `djxl in.jxl out.png`"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture; convert it to PNG"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture; convert it to PNG"),
    (0, b"8BPS", "a Photoshop document; export it as PNG"),
    (0, b"\0\0\1\0", "an icon; convert it to PNG"),
    (0, b"II+\0", "a BigTIFF picture; save it as plain TIFF or PNG"),
    (0, b"MM\0+", "a BigTIFF picture; save it as plain TIFF or PNG"),
    (0, b"FUJIFILM", "camera raw; save it as JPEG with the camera's program"),
    (0, b"II*\0", "camera raw; save it as JPEG with the camera's program"),
    (0, b"IIRO", "camera raw; save it as JPEG with the camera's program"),
    (0, b"IIU\0", "camera raw; save it as JPEG with the camera's program"),
    (0, b"\x1aE\xdf\xa3", "a video (Matroska or WebM), not a picture"),
    (8, b"AVI ", "a video (AVI), not a picture"),
    (8, b"WAVE", "a sound file, not a picture"),
    (4, b"moov", "a video (QuickTime), not a picture"),
    (4, b"mdat", "a video (QuickTime), not a picture"),
    (0, b"PK\x03\x04", "a ZIP archive or an office document, not a picture"),
    (0, b"\x1f\x8b", "a gzip archive, not a picture"),
    (0, b"7z\xbc\xaf", "a 7z archive, not a picture"),
    (0, b"\x7fELF", "a program, not a picture"),
    (0, b"MZ", "a program, not a picture"),
)


def describe(data: bytes) -> str:
    """Say in words what the data looks like, with the way to a picture where there is one."""
    if data[4:8] == b"ftyp":
        return _media_container(data)
    for start, beginning, words in _BEGINNINGS:
        if data.startswith(beginning, start):
            return words
    head = data[:1024]
    if not head.strip(b"\0"):
        return "nothing but zero bytes"
    text = _text(head)
    if text is None:
        return "no known format of pictures"
    if text.startswith("data:"):
        return "a data URI; decode the part behind its comma with base64.b64decode"
    if _BASE64.fullmatch(head.decode("ascii", errors="replace")):
        return BASE64_TEXT
    if "<svg" in text:
        return "an SVG drawing; export it as PNG"
    return "a web page, not a picture" if "<html" in text else "text, not a picture"


def describe_missing(path: str, otherwise: str = "file not found") -> str:
    """Say in words why a path leads to no file, with the way to a picture where there is one.

    Args:
        path: What was given as a path.
        otherwise: What to say of a path that is no more than a path.
    """
    if path[:5].lower() == "data:":
        return (
            "this is a data URI, not a path; decode the part behind its comma with "
            "base64.b64decode and give the bytes"
        )
    if path[:6].lower() == "file:/":
        return "this is a file URL; give the path itself"
    if _URL.match(path):
        return "this is a URL and nothing is downloaded; fetch the file and give its bytes"
    if _BASE64.fullmatch(path):
        return f"this looks like {BASE64_TEXT}"
    return otherwise


def still_kind(data: bytes) -> str:
    """Return "HEIC" or "AVIF" for the beginning of such a picture; "" for anything else.

    They share their container with videos (ISO/IEC 14496-12) and differ in their brands.
    """
    brand = data[8:12]
    others = {data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4], "big"), 256), 4)}
    if data[4:8] != b"ftyp":
        return ""
    if brand in _AVIF or (brand == b"mif1" and others & _AVIF):
        return "AVIF"
    return "HEIC" if brand in _HEIC else ""


def _media_container(data: bytes) -> str:
    if kind := still_kind(data):
        return f"a {kind} picture"
    if data[8:12] == b"crx ":
        return "camera raw; save it as JPEG with the camera's program"
    return "a video (MP4 or QuickTime), not a picture"


def _text(head: bytes) -> str | None:
    """Return the head as lower case text, or None when it is not text."""
    encoding = "utf-16" if head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8"
    text = head.decode(encoding, errors="ignore")  # the head may end within a character
    unprintable = sum(not (c.isprintable() or c.isspace()) for c in text)
    lost = len(head) - len(text.encode(encoding))
    return text.lower() if text and unprintable == 0 and abs(lost) < 4 else None
