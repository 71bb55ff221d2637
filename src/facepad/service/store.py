"""The embedded database of the service: API keys, audit log, idempotency keys, jobs.

SQLite in write-ahead mode, one file in the state folder. What a transaction wrote is there as a
whole or not at all, also after ``kill -9``.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
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

SCHEMA_VERSION = 2  # 1 had no jobs, anchor and checkpoints
_SET_VERSION = f"PRAGMA user_version={SCHEMA_VERSION}"
_PROBED_EVERY_S = 5.0  # whether it can be written
_WAIT_S = 5  # for a lock
FILE = "service.sqlite3"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={1000 * _WAIT_S}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)
_OF_OTHERS = 0o077  # bits of permission
_PRIMARY = 0xFF  # of an extended code of SQLite
_PURGED = "WHEN OLD.seq > coalesce((SELECT seq FROM audit_anchor), 0) "
_TRIGGERS = (  # the purge moves the anchor first, and then deletes up to it
    ("audit_log", "UPDATE", ""),
    ("audit_log", "DELETE", _PURGED),
    ("audit_anchor", "DELETE", ""),
    ("audit_anchor", "UPDATE", "WHEN NEW.seq <= OLD.seq "),
    ("audit_checkpoints", "UPDATE", ""),
    ("audit_checkpoints", "DELETE", _PURGED),
)
_APPEND_ONLY = tuple(
    statement
    for table, act, when in _TRIGGERS
    for statement in (
        f"DROP TRIGGER IF EXISTS {table}_no_{act}",
        f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} {when}"  # no input in it
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    )
)
_WRITABLE = "set FACEPAD_STATE_DIR to a folder that can be written"
_RESTORE = (
    "stop the service and restore the state folder from a backup, or set FACEPAD_STATE_DIR to a "
    "new folder"
)
_LOCKED = (
    f"another process has kept it locked for more than {_WAIT_S} s; expected it to be free; end "
    "that process (a backup, a shell of sqlite3), or try again later"
)
_CAUSES: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: _LOCKED,
        sqlite3.SQLITE_LOCKED: _LOCKED,
        sqlite3.SQLITE_FULL: "the disk is full; free some space, then try again",
        sqlite3.SQLITE_IOERR: "the disk fails or is full; check it, then try again",
        sqlite3.SQLITE_READONLY: f"it can only be read; {_WRITABLE}",
        sqlite3.SQLITE_CANTOPEN: f"it, or a file beside it, cannot be opened; {_WRITABLE}",
        sqlite3.SQLITE_PERM: f"access is denied; {_WRITABLE}",
        sqlite3.SQLITE_CORRUPT: f"it is damaged; {_RESTORE}",
        sqlite3.SQLITE_NOTADB: f"it is no database, or damaged; {_RESTORE}",
    }
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
AUDIT_ANCHOR = Table(
    "audit_anchor",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", String, nullable=False),
    Column("at", String, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
AUDIT_CHECKPOINTS = Table(
    "audit_checkpoints",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("hash", String, nullable=False),
    Column("at", String, nullable=False),
    Column("entries", Integer, nullable=False),
)
JOBS = Table(
    "jobs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("finished_at", String),
    Column("result", String, nullable=False),
    Column("problem", String),
    Column("detail", String),
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


def fault_fields(error: DBAPIError) -> dict[str, str]:
    """Return the fields of the log's line about an error of the database.

    The name of SQLite, as SQLITE_BUSY or SQLITE_FULL, shows the cause; no field holds a value.
    """
    fields = {"event": "store_fault", "fault": type(error.orig).__name__}
    name = getattr(error.orig, "sqlite_errorname", None)
    return {**fields, "sqlite_errorname": name} if name else fields


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
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot be used ({error.strerror}); {_WRITABLE}"
            ) from error
        except DBAPIError as error:
            self.close()
            raise self.explained(error) from error

    def explained(self, error: DBAPIError) -> SettingsError:
        """Return what an error of the database means for the operator, and what to do."""
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        why = _CAUSES.get(code, f"{error.orig}; {_RESTORE}")
        return SettingsError(f"{self.path} cannot be used: {why}")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Explain what goes wrong with the database in a block, for a command.

        Raises:
            SettingsError: The database is locked, full, read-only or damaged.
        """
        try:
            yield
        except DBAPIError as error:
            raise self.explained(error) from error

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
            if not 0 <= found <= SCHEMA_VERSION:
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
