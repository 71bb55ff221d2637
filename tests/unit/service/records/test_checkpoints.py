"""Checkpoints: lines that are kept elsewhere, and read again with care."""

import json
from io import BytesIO

import pytest

from facepad.errors import InputError
from facepad.service.records.checkpoints import MOST_BYTES, Checkpoint, read_checkpoints

MADE = Checkpoint(7, f"sha256:{'ab' * 32}", "2026-11-23T09:00:00.000Z", 5)


def test_a_line_is_read_as_it_was_written() -> None:
    text = f"{MADE.line()}\n\n{MADE.line()}\n".encode()
    assert read_checkpoints(BytesIO(text), "a.jsonl") == (MADE, MADE)


def test_a_line_of_the_service_s_log_is_read() -> None:
    line = {"ts": MADE.at, "level": "info", "event": "audit_checkpoint", **json.loads(MADE.line())}
    assert read_checkpoints(BytesIO(json.dumps(line).encode()), "log") == (MADE,)


def test_time_and_number_of_entries_may_be_left_out() -> None:
    text = json.dumps({"seq": 7, "hash": MADE.hash}).encode()
    assert read_checkpoints(BytesIO(text), "a") == (Checkpoint(7, MADE.hash),)


@pytest.mark.parametrize(
    "line",
    [
        "nothing",
        "[]",
        "7",
        "{}",
        "[" * 5000,
        '{"seq": 7}',
        '{"seq": "7", "hash": "HASH"}',
        '{"seq": true, "hash": "HASH"}',
        '{"seq": 0, "hash": "HASH"}',
        '{"seq": 7, "hash": 7}',
        '{"seq": 7, "hash": "sha256:12"}',
        '{"seq": 7, "hash": "HASH", "at": "yesterday"}',
        '{"seq": 7, "hash": "HASH", "entries": 1.5}',
    ],
)
def test_a_line_that_is_no_checkpoint_is_named(line: str) -> None:
    text = f"{MADE.line()}\n{line.replace('HASH', MADE.hash)}".encode()
    with pytest.raises(InputError, match=r"a\.txt, line 2 is no checkpoint; expected lines as"):
        read_checkpoints(BytesIO(text), "a.txt")


@pytest.mark.parametrize("text", [b"", b"\n \n"])
def test_a_file_without_checkpoints_is_named(text: bytes) -> None:
    with pytest.raises(InputError, match=r"a\.txt holds no checkpoint"):
        read_checkpoints(BytesIO(text), "a.txt")


def test_a_file_that_is_too_large_is_not_read() -> None:
    with pytest.raises(InputError, match="expected at most"):
        read_checkpoints(BytesIO(bytes(MOST_BYTES + 10)), "a.txt")
