"""The embedded database of the service: API keys, the audit log, idempotency keys.

SQLite in write-ahead mode, one file in the state folder. What a transaction wrote is there as a
whole or not at all, also after ``kill -9``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import DBAPIError

from facepad.errors import SettingsError

SCHEMA_VERSION = 1
_SET_VERSION = f"PRAGMA user_version={SCHEMA_VERSION}"
_PROBED_EVERY_S = 5.0  # whether it can be written
FILE = "service.sqlite3"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)
_OF_OTHERS = 0o077  # bits of permission
_APPEND_ONLY = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_log_no_{act} BEFORE {act} ON audit_log "  # no input in it
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
    for act in ("UPDATE", "DELETE")
)

METADATA = MetaData()
API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("scopes", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("revoked_at", String),
    Column("last_used_at", String),
)
AUDIT_LOG = Table(
    "audit_log",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("object", String, nullable=False),
    Column("details", String, nullable=False),
    Column("hash", String, nullable=False),
)
AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("owner", String, nullable=False),
    Column("key_digest", LargeBinary, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("created_at", String, nullable=False),
    Column("status", Integer),
    Column("body", LargeBinary),
    PrimaryKeyConstraint("owner", "key_digest"),
)


def timestamp(when: datetime) -> str:
    """Return a time as RFC 3339 in UTC with milliseconds; such texts sort by time.

    Example:
        >>> timestamp(datetime(2026, 11, 23, 9, 0, 0, 1500, UTC))
        '2026-11-23T09:00:00.001Z'
    """
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03}Z"


def utc_now() -> datetime:
    """Return the time of the system's clock."""
    return datetime.now(UTC)


class Store:
    """The database file, opened.

    Attributes:
        path: The file. It and its folder can be read by their owner only.
    """

    def __init__(self, folder: Path) -> None:
        """Open the database of a state folder; make both where they are missing.

        Raises:
            SettingsError: The folder or the file cannot be used, or another version of facepad
                made the file.
        """
        self.path, self._writable_until = folder / FILE, 0.0
        make_private(folder)
        try:
            self.path.touch(mode=0o600, exist_ok=True)  # SQLite gives its other files this mode
            self.path.chmod(0o600)
            self._engine = _engine(self.path)
            self._prepare()
        except (OSError, DBAPIError) as error:
            why = getattr(error, "strerror", None) or getattr(error, "orig", error)
            raise SettingsError(
                f"{self.path} cannot be used ({why}); set FACEPAD_STATE_DIR to a folder that "
                "can be written, or restore the file from a backup"
            ) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that holds the write lock; commit at the end of the block."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection for reading, on one state of the database."""
        with self._engine.connect().execution_options(read_only=True) as connection:
            yield connection

    def is_reachable(self) -> bool:
        """Return whether the database can be read, and written a few seconds ago."""
        try:
            with self.read() as connection:
                if _version(connection) != SCHEMA_VERSION:
                    return False
            if time.monotonic() >= self._writable_until:
                with self.write() as connection:  # a page that is the same, as a full disk shows
                    connection.exec_driver_sql(_SET_VERSION)
                self._writable_until = time.monotonic() + _PROBED_EVERY_S
        except DBAPIError:
            return False
        return True

    def close(self) -> None:
        """Close all connections; the last one merges the write-ahead log into the file."""
        self._engine.dispose()

    def _prepare(self) -> None:
        with self.read() as connection:
            if (found := _version(connection)) == SCHEMA_VERSION:
                return
        with self.write() as connection:
            found = _version(connection)
            if found not in {0, SCHEMA_VERSION}:
                raise SettingsError(
                    f"{self.path} has schema {found}, this version of facepad has "
                    f"{SCHEMA_VERSION}; install the version that made the file, or set "
                    "FACEPAD_STATE_DIR to another folder"
                )
            METADATA.create_all(connection)
            for statement in _APPEND_ONLY:
                connection.exec_driver_sql(statement)
            connection.exec_driver_sql(_SET_VERSION)


def make_private(folder: Path) -> None:
    """Make a folder that only its owner can read; one that is there is left as it is.

    Raises:
        SettingsError: It cannot be made, or others can read it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode & 0o777
    except OSError as error:
        raise SettingsError(
            f"the state folder {folder} cannot be used ({error.strerror}); set "
            "FACEPAD_STATE_DIR to a folder of your own"
        ) from error
    if mode & _OF_OTHERS:
        raise SettingsError(
            f"others can enter the state folder {folder}: expected mode 0700, got {mode:04o}; "
            f"run: chmod 700 {folder}, or set FACEPAD_STATE_DIR to another folder"
        )


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:  # noqa: ANN401 - of the driver
        connection.isolation_level = None  # transactions begin below, not by guess of the driver
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine
