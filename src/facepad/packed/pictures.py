"""Pictures of packed files by their addresses; open files are kept, a few per process."""

import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from facepad.errors import DatasetError, InputError
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import Limits
from facepad.packed.address import Address
from facepad.packed.checksums import pixels_hash
from facepad.packed.layout import COLUMNS, OF_PICTURE, Row
from facepad.packed.reader import PackedFile
from facepad.types import Frame

_KEPT = 4  # open files per process


def read_frames(
    address: Address, rule: FrameSelection, limits: Limits | None = None
) -> Iterator[tuple[int | None, Frame]]:
    """Yield the pictures that an address stands for, each with its frame number.

    Args:
        address: One row, or the rows of one clip.
        rule: Chooses among the frames that were packed; "at" means the number that a frame
            had in its clip.
        limits: None takes them from the settings.

    Raises:
        InputError: There is no such row, the rule chooses none, or a picture is over a limit.
        DatasetError: The file cannot be read or is damaged.
    """
    for _, row, frame in read_rows(address, rule, limits, OF_PICTURE):
        yield None if row.frame < 0 else row.frame, frame


def read_rows(
    address: Address,
    rule: FrameSelection,
    limits: Limits | None = None,
    columns: Sequence[str] = tuple(COLUMNS),
) -> Iterator[tuple[int, Row, Frame]]:
    """As `read_frames`, but yields the number of each row, the row and its picture.

    Args:
        address: As in `read_frames`.
        rule: As in `read_frames`.
        limits: As in `read_frames`.
        columns: What to read of the rows, at least ``OF_PICTURE``.
    """
    limits = limits or Limits.from_settings()
    file = opened(address.file)
    rows = _rows(file, address, columns)
    positions = _chosen(rows, rule)
    if not positions:
        raise InputError(f"{address}: frame rule {rule} chooses none of its {len(rows)} frames")
    for position in positions:
        number, row = address.first + position, rows[position]
        yield number, row, file.frame(address.group, number, row, limits)


def read_one(address: Address, limits: Limits) -> Frame:
    """The picture that an address stands for.

    Raises:
        InputError: It stands for a clip, for nothing, or for a picture over a limit.
        DatasetError: The file cannot be read or is damaged.
    """
    if address.first != address.last:
        raise InputError(
            f"stands for a clip of {address.last - address.first + 1} frames, not for one picture"
        )
    file = opened(address.file)
    (row,) = _rows(file, address, OF_PICTURE)
    return file.frame(address.group, address.first, row, limits)


def check_pixels(address: Address, limits: Limits | None = None) -> tuple[str, ...]:
    """Decode everything an address stands for and compare it with what was packed.

    Returns:
        What was unusual about the files that it came from.

    Raises:
        InputError: A picture does not decode, or to other pixels than when it was packed.
        DatasetError: The file cannot be read or is damaged.
    """
    notes: dict[str, None] = {}
    wanted = (*OF_PICTURE, "pixels_sha256")
    for _, row, frame in read_rows(address, FrameSelection("all"), limits, wanted):
        if pixels_hash(frame.image) != row.pixels_sha256:
            raise InputError(f"{address}: decodes to other pixels than when it was packed")
        notes.update(dict.fromkeys(row.notes))
    return tuple(notes)


def opened(path: Path) -> PackedFile:
    """The packed file, opened once per process for as long as it stays the same file.

    Raises:
        DatasetError: It cannot be read, is damaged or no packed file.
        SettingsError: h5py is not installed.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as a packed dataset: {error}") from error
    version = (status.st_ino, status.st_size, status.st_mtime_ns, os.getpid())
    file = _kept(path, version)
    if file.is_closed:  # it failed; say again why
        _kept.cache_clear()
        file = _kept(path, version)
    return file


@lru_cache(maxsize=_KEPT)
def _kept(path: Path, version: tuple[int, ...]) -> PackedFile:  # noqa: ARG001 - part of the key
    return PackedFile(path)


def _rows(file: PackedFile, address: Address, columns: Sequence[str]) -> list[Row]:
    there = file.about.rows(address.group)
    if not address.first <= address.last < there:
        raise InputError(f"{address}: there is no such row; {address.group} has {there}")
    rows = list(file.rows(address.group, address.first, address.last, columns))
    if rows[0].sample != rows[-1].sample:
        raise InputError(f"{address}: these rows are not the frames of one clip")
    return rows


def _chosen(rows: Sequence[Row], rule: FrameSelection) -> list[int]:
    """Positions of the rows that a rule chooses; a still is always chosen."""
    count = len(rows)
    if not rows[0].of_clip:
        return [0]
    if rule.kind == "at":
        return [position for position, row in enumerate(rows) if row.frame == rule.number]
    return [position for position in rule.chosen(count)[:count] if position < count]
