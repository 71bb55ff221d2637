"""Commands and sentences of a report without the folders of the machine that made it."""

import re
import shlex
from collections.abc import Sequence

_SEPARATORS = re.compile(r"[/\\]+")
# An absolute path at the beginning of an argument, after NAME= or --option=, or of a network in a
# list of tests.
_IN_ARGUMENT = re.compile(
    r"(?<=network:)(?:[/~]|[A-Za-z]:[/\\])[^,]*|(?:^|(?<==))(?:[/~]|[A-Za-z]:[/\\]).*$", re.DOTALL
)
# An absolute path within a sentence, up to a blank or a mark.
_IN_SENTENCE = re.compile(
    r"(?:(?<=network:)|(?<![\w./~:=-]))(?:[/~]|[A-Za-z]:[/\\])[^\s'\"`,;()]*[^\s'\"`,;().:]"
)


def shown_command(arguments: Sequence[str]) -> str:
    """Return a command as one types it, with the last part of each absolute path only.

    Example:
        >>> shown_command(["facepad", "evaluate", "--datasets", "nuaa=/data/nuaa", "--out", "x/y"])
        'facepad evaluate --datasets nuaa=nuaa --out x/y'
    """
    return shlex.join(_IN_ARGUMENT.sub(_last, argument) for argument in arguments)


def without_folders(sentence: str) -> str:
    """Return a sentence with the last part of each absolute path only.

    Example:
        >>> without_folders("/data/set/packed.h5: its rows have another digest")
        'packed.h5: its rows have another digest'
    """
    return _IN_SENTENCE.sub(_last, sentence)


def _last(path: re.Match[str]) -> str:
    parts = [part for part in _SEPARATORS.split(path[0]) if part]
    return parts[-1] if parts else path[0]
