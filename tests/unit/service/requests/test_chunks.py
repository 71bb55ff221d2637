"""Bodies of many small chunks are refused; others are read as they are."""

import h11
import pytest

from facepad.service.requests.chunks import BoundedChunks, SmallChunks

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(size: int) -> bytes:
    return b"%x\r\n" % size + b"a" * size + b"\r\n"


def read(body: bytes, piece: int = 1000) -> bytes:
    """Read a request in pieces of some bytes."""
    connection = BoundedChunks(h11.SERVER)
    sent, read_bytes = HEAD + body, b""
    for start in range(0, len(sent), piece):
        connection.receive_data(sent[start : start + piece])
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Data):
                read_bytes += event.data
            elif isinstance(event, h11.EndOfMessage):
                return read_bytes
    raise AssertionError("the body has no end")


@pytest.mark.parametrize("piece", [1, 7, 1000, 100_000])
def test_chunks_that_are_few_or_large_are_read(piece: int) -> None:
    assert len(read(chunk(1) * 256 + chunk(0), piece)) == 256
    assert len(read(chunk(256) * 300 + chunk(0), piece)) == 256 * 300
    assert (
        len(read(chunk(1) * 200 + chunk(100_000) + chunk(100) * 195 + chunk(0), piece)) == 119_700
    )


@pytest.mark.parametrize("piece", [1, 1000])
@pytest.mark.parametrize("size", [1, 255])
def test_many_small_chunks_are_refused(piece: int, size: int) -> None:
    with pytest.raises(SmallChunks, match="256 bytes or more"):
        read(chunk(size) * 300 + chunk(0), piece)


def test_each_request_of_a_connection_is_counted_by_itself() -> None:
    connection = BoundedChunks(h11.SERVER)
    for _ in range(3):
        connection.receive_data(HEAD + chunk(1) * 200 + chunk(0))
        while not isinstance(connection.next_event(), h11.EndOfMessage):
            pass
        connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
