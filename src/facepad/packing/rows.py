"""From a sample to the rows that are packed: bytes or pixels, and the facts beside them."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path

import numpy as np

from facepad.media.decode import inspect
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.media.reading import read_file
from facepad.media.resize import to_long_side
from facepad.packed import address, pictures
from facepad.packed.checksums import pixels_hash
from facepad.packed.layout import Row
from facepad.packing.options import PackOptions
from facepad.sources import is_clip, read_frames
from facepad.types import Frame, RgbImage, Sample


@dataclass(frozen=True, slots=True)
class Picture:
    """One row with its picture.

    Attributes:
        row: Everything but the picture.
        image: The bytes of a picture file, or pixels of the packed file's one size.
    """

    row: Row
    image: bytes | RgbImage


def pictures_of(
    number: int, sample: Sample, options: PackOptions, limits: VideoLimits
) -> Iterator[Picture]:
    """Yield a still, or the chosen frames of a clip.

    Raises:
        InputError: It cannot be read or decoded; pictures that were yielded before do not
            count then.
        DatasetError: It lies in a packed file that is damaged.
    """
    packed = address.parse(sample.path)
    if packed is not None:
        for at, row, frame in pictures.read_rows(packed, options.frames, limits.picture):
            stored = pictures.opened(packed.file).stored(packed.group, at)
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
    """The pixels as PNG; lossless."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", compress_level=3)  # 6 is 2 % smaller, 3x slower
    return data.getvalue()


def fitted(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """The picture brought down to fit a size, aspect kept; never enlarged.

    Args:
        image: RGB, shape (H, W, 3).
        size: Largest width and height in pixels.
    """
    height, width = image.shape[:2]
    scale = min(1.0, size[0] / width, size[1] / height)
    smaller = to_long_side(image, max(1, round(scale * max(width, height))))
    return smaller[: size[1], : size[0]]  # rounding may have left one pixel too many


def on_canvas(image: RgbImage, size: tuple[int, int]) -> RgbImage:
    """The picture at the top left of black of a size."""
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


def _of_still(row: Row, sample: Sample, options: PackOptions, limits: VideoLimits) -> Picture:
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
) -> Iterator[Picture]:
    path = Path(sample.path)
    rule = options.frames if sample.frame is None else FrameSelection("at", sample.frame)
    frames = read_frames(sample.path, rule, limits)
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


def _numbered(row: Row, number: int | None, frame: Frame, options: PackOptions) -> Picture:
    return _picture(replace(row, frame=-1 if number is None else number), frame, options, None)


def _picture(row: Row, frame: Frame, options: PackOptions, data: bytes | None) -> Picture:
    """Store a frame; ``data`` is the file it was decoded from, where there is one."""
    width, height = frame.size
    row = replace(row, time_s=frame.time_s, notes=frame.notes, width=width, height=height)
    image = frame.image if options.size is None else fitted(frame.image, options.size)
    row = replace(
        row,
        stored_width=image.shape[1],
        stored_height=image.shape[0],
        pixels_sha256=pixels_hash(image),
    )
    if options.size is not None:
        return Picture(row, on_canvas(image, options.size))
    return Picture(row, to_png(image) if data is None else data)
