"""Expand what the command line was given: files, folders, patterns, standard input."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import BinaryIO

from facepad.errors import InputError, source_name
from facepad.media.formats.unsupported import describe_missing
from facepad.media.limits import Limits

STANDARD_INPUT = "-"
_PIECE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to be judged.

    Attributes:
        name: As it is shown to people; safe to print.
        source: A path, the bytes of standard input, or why there is nothing to read.
    """

    name: str
    source: Path | bytes | InputError


def expand(
    paths: Iterable[str | Path],
    stdin: BinaryIO | None = None,
    *,
    limits: Limits | None = None,
) -> Iterator[Input]:
    """Yield every input that the paths stand for, in a fixed order.

    A folder stands for all files in it and in its sub-folders, sorted by name, files before
    sub-folders; hidden ones (``.name``) and linked folders are left out. Nothing is chosen by
    suffix, so a file that is no picture becomes an error when it is read. A path that does
    not exist but holds ``*``, ``?`` or ``[`` is a pattern. ``-`` is standard input.

    Args:
        paths: What was typed.
        stdin: Where the bytes of ``-`` come from; at most the limit is read. None for the
            standard input of the process, which is not touched unless a path is ``-``.
        limits: None takes them from the settings.

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
            yield from _missing(str(path))
        else:
            yield from _path(Path(path))


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


def _missing(path: str) -> Iterator[Input]:
    """Yield the files of a pattern, or what a path that leads nowhere is instead."""
    if words := describe_missing(path, otherwise=""):
        yield _nothing(path, words)
    elif has_magic(path):
        yield from _pattern(path)
    else:
        yield from _path(Path(path))


def _pattern(pattern: str) -> Iterator[Input]:
    matching = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute patterns
    if not matching:
        yield _nothing(pattern, "no file matches this pattern")
    for path in matching:
        yield from _path(Path(path))


def _path(path: Path) -> Iterator[Input]:
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on some broken names
        yield Input(source_name(str(path)), path)
        return
    empty = True
    for file in _folder(path):
        empty = False
        yield file
    if empty:
        yield _nothing(str(path), "the folder is empty")


def _folder(folder: Path) -> Iterator[Input]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if not name.startswith(".") and (path.is_file() or path.is_symlink()):
                yield Input(source_name(str(path)), path)
    for error in unreadable:
        yield _nothing(str(error.filename), f"the folder cannot be read ({error.strerror})")


def _nothing(name: str, why: str) -> Input:
    name = source_name(name)
    return Input(name, InputError(f"{name}: {why}"))
