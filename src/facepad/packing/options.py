"""What to pack, and how."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from facepad.errors import DatasetError, SettingsError
from facepad.media.frame_selection import FrameSelection
from facepad.packed.address import file_of
from facepad.packed.layout import STORES, Store
from facepad.types import Sample

EVENLY = FrameSelection("even", 10)
MOST_SIDE = 12_000  # pixels
_SIZE = re.compile(r"(?P<width>[0-9]{1,5})(?:x(?P<height>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class PackOptions:
    """How pictures are stored.

    Attributes:
        store: "encoded": the bytes of picture files as they are, frames of clips as PNG,
            nothing is lost; "pixels": RGB of one size.
        size: Width and height that pictures of store "pixels" are brought down to, keeping
            their aspect; a smaller picture is never enlarged. None for store "encoded".
        frames: Which frames of a clip.

    Raises:
        SettingsError: Not a store, or a size where there must be none, or none where there
            must be one.
    """

    store: Store = "encoded"
    size: tuple[int, int] | None = None
    frames: FrameSelection = EVENLY

    def __post_init__(self) -> None:
        if self.store not in STORES:
            raise SettingsError(f"a store is one of {', '.join(STORES)}, got {self.store!r}")
        if self.store == "pixels" and self.size is None:
            raise SettingsError("store 'pixels' needs a size, such as 320x240 or 224")
        if self.store == "encoded" and self.size is not None:
            raise SettingsError("store 'encoded' keeps pictures as they are; it takes no size")


def parse_size(text: str) -> tuple[int, int]:
    """Width and height as people write them; one number stands for a square.

    Raises:
        SettingsError: It is neither, or a side is 0 or over 12,000 pixels.

    Example:
        >>> parse_size("320x240"), parse_size("224")
        ((320, 240), (224, 224))
    """
    match = _SIZE.fullmatch(text)
    width = int(match["width"]) if match else 0
    height = int(match["height"] or width) if match else 0
    if not (0 < width <= MOST_SIDE and 0 < height <= MOST_SIDE):
        raise SettingsError(f"a size is like 320x240 or 224, at most {MOST_SIDE}, got {text!r}")
    return width, height


def fingerprint(name: str, samples: tuple[Sample, ...], options: PackOptions) -> str:
    """SHA-256 over everything that decides what a packed file will hold, in hexadecimal.

    Of each file its size and its time of change stand for its content; where it lies does
    not matter.

    Raises:
        DatasetError: A listed file is missing.
    """
    found = sha256(_line(name, options.store, options.size, str(options.frames)))
    for s in samples:
        labels = (s.subject, s.split, s.pai_species, s.session, s.frame, dict(s.attributes))
        found.update(_line(s.key, *labels, *_version(file_of(s.path))))
    return found.hexdigest()


def _line(*values: object) -> bytes:
    return f"{json.dumps(values)}\n".encode()


def _version(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is listed but cannot be read: {error}") from error
    return status.st_size, status.st_mtime_ns
