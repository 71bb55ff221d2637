"""Expand what the command line was given: files, folders, patterns, standard input."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from glob import glob, has_magic
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

from facepad.errors import InputError, counted, source_name
from facepad.media.decode import begins_as_picture
from facepad.media.depth_video import DEPTH_SUFFIXES
from facepad.media.formats.clips import begins_as_clip
from facepad.media.formats.unsupported import describe_missing
from facepad.media.limits import Limits
from facepad.media.reading import PICTURE_SUFFIXES
from facepad.media.sequence import ImageSequence
from facepad.media.video import VIDEO_SUFFIXES

STANDARD_INPUT = "-"
# Pictures and clips in formats that are not read: their errors say how to convert them.
OTHER_SUFFIXES = (
    *(".jxl", ".jp2", ".j2k", ".psd"),
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"),
    *(".flv", ".m2v", ".mts", ".ts", ".wmv"),
)
SUFFIXES = frozenset((*PICTURE_SUFFIXES, *VIDEO_SUFFIXES, *DEPTH_SUFFIXES, *OTHER_SUFFIXES))
NAMED = 3  # skipped files that a message names
_PIECE = 1 << 20  # bytes
_HEAD = 32  # bytes of a file that show whether it is a picture or a clip

Skip = Callable[[str], object]  # takes the name of a file that is left out


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to be judged.

    Attributes:
        name: As it is shown to people; safe to print.
        source: A path, the bytes of standard input, or why there is nothing to read.
        root: The folder that was named, or the part of a pattern before its first wildcard;
            the folder of a file that was named itself.
        rate: Frames a second, where the pictures of a folder or of a pattern are one clip.
    """

    name: str
    source: Path | bytes | InputError
    root: Path = Path()
    rate: float | None = None

    def given(self) -> Path | ImageSequence | bytes:
        """Return what is to be judged.

        Raises:
            InputError: There is nothing to read.
        """
        if isinstance(self.source, InputError):
            raise self.source
        if self.rate is None or isinstance(self.source, bytes):
            return self.source
        return ImageSequence(self.source, self.rate)


def expand(
    paths: Iterable[str | Path],
    stdin: BinaryIO | None = None,
    *,
    limits: Limits | None = None,
    skip: Skip | None = None,
) -> Iterator[Input]:
    """Yield every input that the paths stand for, in a fixed order.

    A folder stands for all files in it and in its sub-folders, sorted by name, files before
    sub-folders; hidden ones (``.name``) and linked folders are left out. A path that does
    not exist but holds ``*``, ``?`` or ``[`` is a pattern. ``-`` is standard input.

    Args:
        paths: What was typed.
        stdin: Where the bytes of ``-`` come from; at most the limit is read. None for the
            standard input of the process, which is not touched unless a path is ``-``.
        limits: None takes them from the settings.
        skip: Called with the name of each file in a folder, or of a pattern, that is hidden or
            has neither the suffix nor the first bytes of a picture or a clip; it is left out.
            None leaves out hidden files only, so that a file that is no picture becomes an
            error when it is read. A file that was named itself is never left out.

    Yields:
        Inputs; one that stands for nothing (an empty folder) carries its error.
    """
    unread = True
    for path in paths:
        if str(path) == STANDARD_INPUT and not unread:
            yield _nothing("standard input", "there is nothing left to read")
        elif str(path) == STANDARD_INPUT:
            yield _standard_input(stdin, limits or Limits.from_settings())
            unread = False
        elif not str(path):
            yield _nothing("''", "the path is empty")
        elif not os.path.lexists(path):
            yield from _missing(str(path), skip)
        else:
            yield from _path(Path(path), skip)


def as_sequences(paths: Iterable[str | Path], rate: float) -> Iterator[Input]:
    """Yield each path, a folder or a pattern such as ``frames/%04d.png``, as one clip.

    Args:
        paths: What was typed; each stands for the pictures of one presentation.
        rate: Frames a second.
    """
    for path in map(Path, paths):
        if str(path) == "-":
            yield _nothing("-", "a sequence is a folder or a pattern, not standard input")
        else:
            yield Input(source_name(str(path)), path, path.parent, rate)


def skipped_in_words(names: Sequence[str]) -> str:
    """Return how many files were left out, with a few of their names.

    Example:
        >>> skipped_in_words(["README.txt"])
        '1 file skipped (hidden, or no picture or clip): README.txt'
    """
    shown = [*dict.fromkeys(map(source_name, names))]
    more = ", ..." if len(shown) > NAMED else ""
    files = counted(len(names), "file")
    return f"{files} skipped (hidden, or no picture or clip): {', '.join(shown[:NAMED])}{more}"


def _standard_input(stdin: BinaryIO | None, limits: Limits) -> Input:
    name = "standard input"
    stream = stdin or getattr(sys.stdin, "buffer", None)
    if stream is None:
        return _nothing(name, "it is closed; pipe a picture into it, or name a file")
    try:
        return Input(name, _read(stream, limits.max_bytes + 1))
    except OSError as error:
        return _nothing(name, f"it cannot be read ({error.strerror or error})")


def _read(stream: BinaryIO, most: int) -> bytes:
    """Return at most so many bytes; ``stream.read(most)`` would reserve memory for all of them."""
    pieces, left = [], most
    while left and (piece := stream.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _missing(path: str, skip: Skip | None) -> Iterator[Input]:
    """Yield the files of a pattern, or what a path that leads nowhere is instead."""
    if words := describe_missing(path, otherwise=""):
        yield _nothing(path, words)
    elif has_magic(path):
        yield from _pattern(path, skip)
    else:
        yield from _path(Path(path), skip)


def _pattern(pattern: str, skip: Skip | None) -> Iterator[Input]:
    matching = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute patterns
    root = Path(*takewhile(lambda part: not has_magic(part), Path(pattern).parts[:-1]))
    files = (file for path in matching for file in _files(Path(path), skip))
    once = {file.source if isinstance(file.source, Path) else file.name: file for file in files}
    kept = _sifted((replace(file, root=root) for file in once.values()), skip)
    nothing = "no picture or clip matches" if matching else "no file matches"
    yield from _some(kept, pattern, f"{nothing} this pattern")


def _path(path: Path, skip: Skip | None) -> Iterator[Input]:
    files = _files(path, skip)
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on some broken names
        empty = "the folder is empty" if skip is None else "no picture or clip in this folder"
        yield from _some(_sifted(files, skip), str(path), empty)
    else:
        yield from files


def _files(path: Path, skip: Skip | None) -> Iterator[Input]:
    """Yield the file itself, or the files of the folder that are not hidden."""
    if not os.path.isdir(path):  # noqa: PTH112 - as above
        yield Input(source_name(str(path)), path, path.parent)
        return
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(path, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(parent, name)
            if name.startswith("."):
                _skip(name, skip)
            elif file.is_file() or file.is_symlink():
                yield Input(source_name(str(file)), file, path)
    for error in unreadable:
        yield _nothing(str(error.filename), f"the folder cannot be read ({error.strerror})")


def _sifted(files: Iterable[Input], skip: Skip | None) -> Iterator[Input]:
    for file in files:
        if skip is None or not isinstance(file.source, Path) or _may_be_read(file.source):
            yield file
        else:
            _skip(file.source.name, skip)


def _skip(name: str, skip: Skip | None) -> None:
    if skip is not None:
        skip(name)


def _may_be_read(path: Path) -> bool:
    """Return whether a file has the suffix or the first bytes of a picture or a clip.

    What cannot be opened may be one, so that its error is shown.
    """
    if path.suffix.lower() in SUFFIXES or not path.is_file():
        return True
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return True
    return begins_as_picture(head) or begins_as_clip(head)


def _some(files: Iterator[Input], name: str, otherwise: str) -> Iterator[Input]:
    """Yield the files, or one input with an error where there are none."""
    first = next(files, None)
    yield first if first is not None else _nothing(name, otherwise)
    yield from files


def _nothing(name: str, why: str) -> Input:
    name = source_name(name)
    return Input(name, InputError(f"{name}: {why}"))
