"""Messages between the server and its workers: a header in JSON and media as they came."""

import json
import struct
from asyncio import StreamReader
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">I")


def packed(header: Mapping[str, Any], media: Sequence[bytes] = ()) -> bytes:
    """Return a message: the length of the header, the header, the media."""
    text = json.dumps({**header, "sizes": [len(one) for one in media]}).encode()
    return b"".join((_LENGTH.pack(len(text)), text, *media))


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], list[bytes]] | None:
    """Return the next message of a worker's socket; None when the server has closed it."""
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    header: dict[str, Any] = json.loads(stream.read(_LENGTH.unpack(length)[0]))
    return header, [stream.read(size) for size in header.pop("sizes")]


async def next_message(stream: StreamReader) -> dict[str, Any]:
    """Return the header of the next message of a worker.

    Raises:
        IncompleteReadError: The worker has ended.
    """
    length = await stream.readexactly(_LENGTH.size)
    header: dict[str, Any] = json.loads(await stream.readexactly(_LENGTH.unpack(length)[0]))
    return header


def where(error: BaseException) -> str:
    """Return type and place of an error, without its text, which may repeat an input."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    file = Path(place.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__} at {file}:{place.tb_lineno}"
