"""Logs: one JSON object a line, only with fields of a list, so that no input reaches a log.

Messages of libraries are not written, only their logger, level and the place of an error: a
message may hold an address, a header or a part of a picture.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from facepad.service.store import timestamp
from facepad.service.workers.messages import where

OWN = "facepad.service"
# Fields of a line beside "ts", "level" and "event", with the longest text of each.
FIELDS: Mapping[str, int] = {
    "request_id": 40,
    "route": 100,
    "method": 10,
    "status": 10,
    "duration_ms": 10,
    "reason_code": 60,
    "key_id": 20,
    "test": 60,
    "worker": 10,
    "count": 10,
    "fault": 200,
    "sqlite_errorname": 40,
    "seq": 20,
    "hash": 80,
    "at": 30,
    "entries": 20,
}


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        is_own = record.name == OWN or record.name.startswith(f"{OWN}.")
        line: dict[str, object] = {
            "ts": timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": _text(getattr(record, "event", "log"), 60) if is_own else "library",
        }
        if not is_own:
            line["logger"] = _text(record.name, 100)
        for name, most in FIELDS.items() if is_own else ():
            value = getattr(record, name, "")
            if value not in ("", None):
                line[name] = value if isinstance(value, int | float) else _text(value, most)
        if record.exc_info and record.exc_info[1] is not None:
            line["fault"] = where(record.exc_info[1])
        return json.dumps(line)  # ASCII: no control character, no other script


def configure_logs(stream: TextIO, level: int = logging.INFO) -> None:
    """Write the logs of the process as JSON lines, in place of what was set up before.

    Lines that cannot be written, to a reader that has gone or a full disk, are lost without a word.
    """
    logging.raiseExceptions = False
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(OWN).setLevel(level)


def _text(value: object, most: int) -> str:
    return str(value)[:most]
