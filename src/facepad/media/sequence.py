"""Pictures that are the frames of one clip: a folder of them, or files with numbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from facepad.errors import InputError, printable, source_name
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.media.reading import PICTURE_SUFFIXES, named_errors, read
from facepad.types import Frame

_NUMBER = re.compile(r"%(?:0[1-9])?d")  # as printf has it: frames/%04d.png
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class ImageSequence:
    """Pictures that are the frames of one clip.

    Attributes:
        path: A folder, whose pictures are taken in order of the numbers in their names; or a
            pattern with one number in its last part, such as ``frames/%04d.png``.
        rate: Frames a second. A number that is missing in a pattern is a gap in time.
    """

    path: Path
    rate: float

    def __post_init__(self) -> None:
        if not 0.0 < self.rate < float("inf"):
            raise InputError(f"the rate of {self} must be over 0 frames a second, got {self.rate}")

    def __str__(self) -> str:
        return source_name(str(self.path))

    def frames(
        self, selection: FrameSelection, *, limits: VideoLimits | None = None, name: str = ""
    ) -> Iterator[tuple[int, Frame]]:
        """Yield the selected frames, each with its number in the clip, from 0.

        Args:
            selection: Which frames; the others are not read.
            limits: Bounds of each picture, and of the number, the rate and the length of the
                whole; None takes them from the settings.
            name: What messages call the sequence; its path by default.

        Raises:
            InputError: There are no pictures, one cannot be read or has another size than those
                before it, or a limit is exceeded.
            SettingsError: A limit in the settings is not a number.
        """
        limits = limits or VideoLimits.from_settings()
        with named_errors(name or str(self)):
            timed = self._timed(limits)
            chosen = selection.within(len(timed))
        size: tuple[int, int] | None = None
        for number in chosen:
            path, time_s = timed[number]
            frame = read(path, limits=limits.picture)
            size = size or frame.size
            if frame.size != size:
                raise InputError(
                    f"{source_name(str(path))}: the picture is {frame.size[0]}x{frame.size[1]} "
                    f"pixels, those before it are {size[0]}x{size[1]}; expected one size"
                )
            yield number, Frame(frame.image, time_s, notes=frame.notes)

    def check(self) -> None:
        """Check that there are pictures, without reading one.

        Raises:
            InputError: There are none.
        """
        with named_errors(str(self)):
            self._numbered()

    def stated(self, limits: VideoLimits | None = None) -> tuple[int, float]:
        """Return the number of frames and the seconds from the first to the end of the last.

        Args:
            limits: As `frames`.

        Raises:
            InputError: As `frames`, but no picture is read.
            SettingsError: As `frames`.
        """
        with named_errors(str(self)):
            timed = self._timed(limits or VideoLimits.from_settings())
        return len(timed), timed[-1][1] + 1.0 / self.rate

    def _timed(self, limits: VideoLimits) -> list[tuple[Path, float]]:
        """Return the pictures in order, each with its seconds since the first."""
        numbered = self._numbered()
        limits.check_frames(len(numbered))
        if self.rate > limits.max_fps:
            raise InputError(
                f"its rate is {self.rate:g} frames a second; the limit is {limits.max_fps:g} "
                "(setting FACEPAD_MAX_VIDEO_FPS)"
            )
        first = numbered[0][0]
        limits.check_seconds((numbered[-1][0] - first) / self.rate)
        return [(path, (number - first) / self.rate) for number, path in numbered]

    def _numbered(self) -> list[tuple[int, Path]]:
        if not _NUMBER.search(self.path.name):
            return list(enumerate(self._in_folder()))
        before, *behind = _NUMBER.split(self.path.name)
        if len(behind) != 1:
            raise InputError("a pattern has one number in its last part, as in frames/%04d.png")
        name = re.compile(f"{re.escape(before)}([0-9]{{1,9}}){re.escape(behind[0])}")
        found = [
            (int(match[1]), file)
            for file in self._files(self.path.parent)
            if (match := name.fullmatch(file.name))
        ]
        if not found:
            raise InputError("no file matches this pattern")
        found.sort()
        for (number, file), (next_number, next_file) in pairwise(found):
            if number == next_number:
                raise InputError(
                    f"{printable(file.name)} and {printable(next_file.name)} have one number; "
                    "expected one picture for each"
                )
        return found

    def _in_folder(self) -> list[Path]:
        pictures = [
            file for file in self._files(self.path) if file.suffix.lower() in PICTURE_SUFFIXES
        ]
        if not pictures:
            raise InputError("no picture in this folder")
        return sorted(pictures, key=lambda file: (_natural(file.name), file.name))

    def _files(self, folder: Path) -> Iterator[Path]:
        try:
            yield from (file for file in folder.iterdir() if not file.name.startswith("."))
        except NotADirectoryError:
            raise InputError(
                "a sequence is a folder of pictures, or a pattern such as frames/%04d.png"
            ) from None
        except FileNotFoundError:
            raise InputError("folder not found") from None


def _natural(name: str) -> list[tuple[str, int]]:
    """Split a name so that numbers in it compare by their value."""
    parts = _DIGITS.split(name)
    return [
        (text, int(digits)) for text, digits in zip(parts[::2], (*parts[1::2], "0"), strict=True)
    ]
