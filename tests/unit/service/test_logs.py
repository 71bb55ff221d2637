"""Logs: only fields of a list, one line each, and nothing that a stranger wrote."""

import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from facepad.service.logs import configure_logs
from facepad.service.store import fault_fields

EVIL = 'a\r\n{"event": "forged"}\x1b[31m\u2028\U0001f600'


@pytest.fixture
def stream() -> Iterator[StringIO]:
    """What is logged, with the logs of the process as they were afterwards."""
    root, own = logging.getLogger(), logging.getLogger("facepad.service")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    written = StringIO()
    for one in handlers:  # `force` would close those of the test runner
        root.removeHandler(one)
    configure_logs(written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)


def lines(stream: StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_holds_the_fields_that_are_allowed_and_no_others(stream: StringIO) -> None:
    logging.getLogger("facepad.service").info(
        "canary",
        extra={"event": "request", "request_id": "req_1", "status": 200, "body": "canary"},
    )
    (line,) = lines(stream)
    assert line.pop("ts") is not None
    assert line == {"level": "info", "event": "request", "request_id": "req_1", "status": 200}


def test_a_fault_of_the_database_is_logged_by_the_name_that_sqlite_gives_it(
    stream: StringIO, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "a", isolation_level=None)) as one:
        one.execute("BEGIN EXCLUSIVE")
        with closing(sqlite3.connect(tmp_path / "a", timeout=0.0)) as other:
            try:
                other.execute("CREATE TABLE canary (a)")
            except sqlite3.OperationalError as error:
                fault = DBAPIError("canary", None, error)
    logging.getLogger("facepad.service").error("canary", extra=fault_fields(fault))
    (line,) = lines(stream)
    assert line.pop("ts") is not None
    assert line == {
        "level": "error",
        "event": "store_fault",
        "fault": "OperationalError",
        "sqlite_errorname": "SQLITE_BUSY",
    }


def test_no_text_breaks_a_line_or_moves_a_cursor(stream: StringIO) -> None:
    logger = logging.getLogger("facepad.service")
    logger.info("%s", EVIL, extra={"event": EVIL, "route": EVIL, "reason_code": EVIL * 99})
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().removesuffix("\n").isprintable()
    assert stream.getvalue().isascii()
    assert len(stream.getvalue()) < 2000
    assert lines(stream)[0]["event"] == EVIL[:60]


def test_an_error_is_logged_by_its_type_and_place(stream: StringIO) -> None:
    try:
        _ = int("canary")
    except ValueError:
        logging.getLogger("facepad.service").exception("fault")
    (line,) = lines(stream)
    assert str(line["fault"]).startswith("ValueError at test_logs.py:")
    assert "canary" not in stream.getvalue()


def test_messages_of_libraries_are_left_out(stream: StringIO) -> None:
    logging.getLogger("uvicorn.error").error("canary %s", "canary")
    logging.getLogger("multipart").info("canary")
    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("library", "uvicorn.error", "error")
    assert "canary" not in stream.getvalue()
