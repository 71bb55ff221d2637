"""Checkpoints of the audit log: number and hash of an entry, to be kept on another machine.

A log that lost its end or was written anew does not hold the entry of an earlier checkpoint.
"""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import BinaryIO

from facepad.errors import InputError

MOST_BYTES = 16 << 20  # of a file of checkpoints; a year of log lines, one an hour, has 2 MB
_HASH = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_EXPECTED = 'expected lines as {"seq": 7, "hash": "sha256:...", "at": "...", "entries": 7}'


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The end of the audit log at some time.

    Attributes:
        seq: Number of the last entry.
        hash: Its hash, "sha256:" and 64 digits.
        at: Time, RFC 3339; "" if it is not known.
        entries: Number of entries that the log held then.
    """

    seq: int
    hash: str
    at: str = ""
    entries: int = 0

    def line(self) -> str:
        """Return the checkpoint as one line of JSON, without its end."""
        return json.dumps(asdict(self))


def read_checkpoints(file: BinaryIO, name: str) -> tuple[Checkpoint, ...]:
    """Read checkpoints, one a line; lines of the service's log with one are read as well.

    Args:
        file: At most `MOST_BYTES` are read from it.
        name: Its name, for errors.

    Raises:
        InputError: It is too large, holds none, or a line holds no checkpoint.
    """
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} is too large; expected at most {MOST_BYTES:,} bytes")
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    if not lines:
        raise InputError(f"{name} holds no checkpoint; {_EXPECTED}")
    return tuple(_checkpoint(line, f"{name}, line {number}") for number, line in lines)


def _checkpoint(line: bytes, place: str) -> Checkpoint:
    try:
        values = json.loads(line)
        seq, digest = values["seq"], values["hash"]
        at, entries = values.get("at", ""), values.get("entries", 0)
        is_right = (
            type(seq) is int and type(entries) is int and seq > 0 and bool(_HASH.fullmatch(digest))
        )
        if at:
            datetime.fromisoformat(at)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        is_right = False
    if not is_right:
        raise InputError(f"{place} is no checkpoint; {_EXPECTED}")
    return Checkpoint(seq, digest, at, entries)
