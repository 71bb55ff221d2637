"""Pictures of packed files by their addresses; an object keeps a few files open."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

from facepad.errors import DatasetError, InputError
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import Limits
from facepad.packed.address import Address
from facepad.packed.checksums import pixels_hash
from facepad.packed.layout import COLUMNS, OF_PICTURE, Row
from facepad.packed.reader import PackedFile
from facepad.types import Frame

MOST_OPEN = 4  # files


class PackedFiles:
    """Reads packed files and keeps them open for the next address; safe to share by threads.

    Args:
        most: How many files stay open.
    """

    def __init__(self, most: int = MOST_OPEN) -> None:
        self._most = most
        self._lock = Lock()
        self._files: OrderedDict[tuple[Path, tuple[int, ...]], PackedFile] = OrderedDict()

    def opened(self, path: Path) -> PackedFile:
        """Return an open file; it is opened again when it has changed or has failed.

        Raises:
            DatasetError: It cannot be read, is damaged or no packed file.
            SettingsError: h5py is not installed.
        """
        try:
            status = path.stat()
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path} cannot be read as a packed dataset: {error}") from error
        # The process belongs to the key: libhdf5 may have been at work in another thread when the
        # process was forked.
        key = path, (status.st_ino, status.st_size, status.st_mtime_ns, os.getpid())
        with self._lock:
            file = self._files.pop(key, None)
            if file is None or file.is_closed:  # one that failed says again why
                file = PackedFile(path)
            self._files[key] = file
            if len(self._files) > self._most:
                self._files.popitem(last=False)  # closed when nobody reads it any more
            return file

    def read_frames(
        self, address: Address, selection: FrameSelection, limits: Limits | None = None
    ) -> Iterator[tuple[int | None, Frame]]:
        """Yield the pictures that an address stands for, each with its frame number.

        Args:
            address: One row, or the rows of one clip.
            selection: Chooses among the frames that were packed; "at" means the number that
                a frame had in its clip.
            limits: None takes them from the settings.

        Raises:
            InputError: There is no such row, nothing is selected, or a picture is over a limit.
            DatasetError: The file cannot be read or is damaged.
        """
        for _, row, frame in self.read_rows(address, selection, limits, OF_PICTURE):
            yield None if row.frame < 0 else row.frame, frame

    def read_rows(
        self,
        address: Address,
        selection: FrameSelection,
        limits: Limits | None = None,
        columns: Sequence[str] = tuple(COLUMNS),
    ) -> Iterator[tuple[int, Row, Frame]]:
        """Yield the number of each selected row, the row and its picture.

        Args:
            address: As `read_frames`.
            selection: As `read_frames`.
            limits: As `read_frames`.
            columns: What to read of the rows, at least ``OF_PICTURE``.

        Raises:
            InputError: As `read_frames`.
            DatasetError: As `read_frames`.
        """
        limits = limits or Limits.from_settings()
        file = self.opened(address.file)
        rows = _rows(file, address, columns)
        positions = _selected(rows, selection)
        if not positions:
            raise InputError(
                f"{address}: frame selection {selection} selects none of its {len(rows)} frames"
            )
        for position in positions:
            number, row = address.first + position, rows[position]
            yield number, row, file.frame(address.group, number, row, limits)

    def read_one(self, address: Address, limits: Limits) -> Frame:
        """Return the one picture that an address stands for.

        Raises:
            InputError: It stands for a clip, for nothing, or for a picture over a limit.
            DatasetError: The file cannot be read or is damaged.
        """
        count = address.last - address.first + 1
        if count != 1:
            raise InputError(f"stands for a clip of {count} frames, not for one picture")
        file = self.opened(address.file)
        (row,) = _rows(file, address, OF_PICTURE)
        return file.frame(address.group, address.first, row, limits)

    def check_pixels(self, address: Address, limits: Limits | None = None) -> tuple[str, ...]:
        """Decode everything an address stands for and compare it with what was packed.

        Returns:
            What was unusual about the files that the pictures came from.

        Raises:
            InputError: A picture does not decode, or to other pixels than when it was packed.
            DatasetError: The file cannot be read or is damaged.
        """
        notes: dict[str, None] = {}
        columns = (*OF_PICTURE, "pixels_sha256")
        for _, row, frame in self.read_rows(address, FrameSelection("all"), limits, columns):
            if pixels_hash(frame.image) != row.pixels_sha256:
                raise InputError(f"{address}: decodes to other pixels than when it was packed")
            notes.update(dict.fromkeys(row.notes))
        return tuple(notes)


def _rows(file: PackedFile, address: Address, columns: Sequence[str]) -> list[Row]:
    there = file.about.rows(address.group)
    if not address.first <= address.last < there:
        raise InputError(f"{address}: there is no such row; {address.group} has {there}")
    rows = list(file.rows(address.group, address.first, address.last, columns))
    if rows[0].sample != rows[-1].sample:
        raise InputError(f"{address}: these rows are not the frames of one clip")
    return rows


def _selected(rows: Sequence[Row], selection: FrameSelection) -> list[int]:
    """Return the positions of the selected rows; a still is always selected."""
    count = len(rows)
    if not rows[0].of_clip:
        return [0]
    if selection.kind == "at":
        return [position for position, row in enumerate(rows) if row.frame == selection.number]
    return list(selection.within(count))
