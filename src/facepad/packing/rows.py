"""From a sample to the rows that are packed: options, bytes or pixels, and facts beside them."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from facepad.errors import SettingsError
from facepad.media.decode import inspect
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.media.reading import read_file
from facepad.media.resize import shrink_to_fit
from facepad.packed import address
from facepad.packed.checksums import pixels_hash
from facepad.packed.layout import STORES, Row, Store
from facepad.packed.pictures import PackedFiles
from facepad.sources import is_clip, read_frames
from facepad.types import Frame, RgbImage, Sample

EVENLY = FrameSelection("even", 10)
MOST_SIDE = 12_000  # pixels
DIED = "the process that decoded it died"
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
        if self.frames.kind == "best":
            raise SettingsError(
                "frames are packed as they are, not by what they show; a selection to pack is "
                f"'all', 'every:5' or 'even:10', got '{self.frames}'"
            )
        if self.store == "pixels" and self.size is None:
            raise SettingsError("store 'pixels' needs a size, such as 320x240 or 224")
        if self.store == "encoded" and self.size is not None:
            raise SettingsError("store 'encoded' keeps pictures as they are; it takes no size")


def parse_size(text: str) -> tuple[int, int]:
    """Return the width and height of a text such as "320x240"; one number means a square.

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


@dataclass(frozen=True, slots=True)
class PackedPicture:
    """One row with its picture.

    Attributes:
        row: Everything but the picture.
        image: The bytes of a picture file, or pixels of the packed file's one size.
    """

    row: Row
    image: bytes | RgbImage


def selection_of(sample: Sample, selection: FrameSelection) -> FrameSelection:
    """Return the selection, or the one frame that the sample stands for."""
    return selection if sample.frame is None else FrameSelection("at", sample.frame)


def pictures_of(
    number: int, sample: Sample, options: PackOptions, limits: VideoLimits, files: PackedFiles
) -> Iterator[PackedPicture]:
    """Yield a still, or the selected frames of a clip.

    Args:
        number: Index of the sample in the listing.
        sample: What is packed.
        options: How.
        limits: Bounds checked before decoding.
        files: Opens packed files, where the sample is in one.

    Raises:
        InputError: It cannot be read or decoded; pictures that were yielded before do not
            count then.
        DatasetError: It is in a packed file that is damaged.
    """
    packed = address.parse(sample.path)
    if packed is not None:
        for at, row, frame in files.read_rows(packed, options.frames, limits.picture):
            stored = files.opened(packed.file).stored(packed.group, at)
            data = stored if isinstance(stored, bytes) else None
            # Facts stay those of the file that it once came from, and so does the key.
            yield _picture(_labelled(row, number, sample), frame, options, data)
        return
    row = _labelled(Row(number, sample.key, sample.subject, sample.split.value), number, sample)
    if is_clip(sample.path):
        yield from _of_clip(row, sample, options, limits)
    else:
        yield _of_still(row, sample, options, limits)


def to_png(image: RgbImage) -> bytes:
    """Encode the pixels as PNG, lossless."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", compress_level=3)  # 6 is 2 % smaller, 3x slower
    return data.getvalue()


def on_canvas(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """Put a picture at the top left of a black image of a size."""
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    canvas[: image.shape[0], : image.shape[1]] = image
    return canvas


def _labelled(row: Row, number: int, sample: Sample) -> Row:
    return replace(
        row,
        sample=number,
        subject=sample.subject,
        split=sample.split.value,
        species=sample.pai_species or "",
        session=sample.session or "",
        attributes=dict(sample.attributes),
    )


def _of_still(row: Row, sample: Sample, options: PackOptions, limits: VideoLimits) -> PackedPicture:
    path = Path(sample.path)
    data, frame = read_file(path, limits=limits.picture)
    row = replace(
        row,
        frame=-1 if sample.frame is None else sample.frame,
        format=inspect(data).format,
        bytes=len(data),
        sha256=sha256(data).hexdigest(),
    )
    return _picture(row, frame, options, data)


def _of_clip(
    row: Row, sample: Sample, options: PackOptions, limits: VideoLimits
) -> Iterator[PackedPicture]:
    path = Path(sample.path)
    frames = read_frames(sample.path, selection_of(sample, options.frames), limits)
    first = next(frames)  # an unreadable file ends here, before it is read for its hash
    row = replace(
        row,
        of_clip=int(sample.frame is None),
        format=path.suffix[1:].upper(),
        bytes=path.stat().st_size,
        sha256=_hash_of(path),
    )
    yield _numbered(row, *first, options)
    for number, frame in frames:
        yield _numbered(row, number, frame, options)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _numbered(row: Row, number: int | None, frame: Frame, options: PackOptions) -> PackedPicture:
    return _picture(replace(row, frame=-1 if number is None else number), frame, options, None)


def _picture(row: Row, frame: Frame, options: PackOptions, data: bytes | None) -> PackedPicture:
    """Store a frame; ``data`` is the file it was decoded from, where there is one."""
    width, height = frame.size
    row = replace(row, time_s=frame.time_s, notes=frame.notes, width=width, height=height)
    image = frame.image if options.size is None else shrink_to_fit(frame.image, options.size)
    row = replace(
        row,
        stored_width=image.shape[1],
        stored_height=image.shape[0],
        pixels_sha256=pixels_hash(image),
    )
    if options.size is not None:
        return PackedPicture(row, on_canvas(image, options.size))
    return PackedPicture(row, to_png(image) if data is None else data)
