"""A database that cannot be used: each cause has its words, for the operator and for commands."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner, Result

from facepad.cli.app import app
from facepad.errors import SettingsError
from facepad.service import run as run_module
from facepad.service import store as store_module
from facepad.service.state import ServiceState, open_state
from facepad.service.store import FILE, Store

COMMANDS = (
    ("apikey", "create", "a"),
    ("apikey", "list"),
    ("apikey", "revoke", "nope"),
    ("audit", "verify"),
    ("audit", "checkpoint"),
)
WRITING = (("apikey", "create", "a"), ("apikey", "revoke", "nope"), ("audit", "checkpoint"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with a key; a lock is not waited for."""
    monkeypatch.setenv("FACEPAD_STATE_DIR", str(tmp_path / "state"))
    change_pragmas(monkeypatch)
    state = open_state(tmp_path / "state")
    for number in range(50):
        state.keys.create(f"key-{number}")
    state.store.close()
    return tmp_path / "state"


@pytest.fixture
def locked(folder: Path) -> Iterator[None]:
    """Another process writes to the database, for as long as the test runs."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def change_pragmas(monkeypatch: pytest.MonkeyPatch, *more: str) -> None:
    quick = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF", "PRAGMA busy_timeout=20")
    monkeypatch.setattr(store_module, "_PRAGMAS", (*quick, *more))


def service(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["service", *arguments], env={"COLUMNS": "200"})


def check(done: Result, cause: str, advice: str) -> None:
    """Check for one line with a cause and what to do, and the exit code of settings."""
    assert done.exit_code == 4, done.output
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("facepad: error: ")
    assert cause in done.stderr
    assert advice in done.stderr


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_locked_database_is_named(command: tuple[str, ...]) -> None:
    done = service(*command)
    check(done, "service.sqlite3 cannot be used: another process has kept it locked", "end that")
    assert "for more than 5 s" in done.stderr


@pytest.mark.usefixtures("locked")
def test_reading_waits_for_no_lock() -> None:
    assert service("apikey", "list").exit_code == 0
    assert service("audit", "verify").exit_code == 0


def test_a_full_disk_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change_pragmas(monkeypatch, "PRAGMA max_page_count=1")  # no page more than there are
    state = open_state(folder)
    with pytest.raises(SettingsError, match="the disk is full"), state.store.explaining():
        fill(state)
    state.store.close()
    made = (service("apikey", "create", "a" * 64) for _ in range(20))
    done = next(one for one in made if one.exit_code)  # one may fit into a page that is there
    check(done, "the disk is full", "free some space")


def fill(state: ServiceState) -> None:
    for _ in range(1000):
        state.keys.create("one")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_a_database_that_can_only_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    change_pragmas(monkeypatch, "PRAGMA query_only=ON")
    if command[1] == "revoke":
        command = ("apikey", "revoke", open_key())
    check(service(*command), "it can only be read", "set FACEPAD_STATE_DIR to a folder that can be")


def open_key() -> str:
    listed = service("apikey", "list")
    return listed.stdout.splitlines()[-1].split()[0]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_of_a_newer_version_is_named(folder: Path, command: tuple[str, ...]) -> None:
    with closing(sqlite3.connect(folder / FILE)) as other:
        other.execute("PRAGMA user_version=99")
    check(service(*command), "has schema 99, this version of facepad has 2", "install the version")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("damage", ["text", "cut", "overwritten"])
def test_a_damaged_database_is_named(folder: Path, command: tuple[str, ...], damage: str) -> None:
    path = folder / FILE
    data = path.read_bytes()
    kept = {"text": b"not a database" * 500, "cut": data[:5000], "overwritten": data[:100]}[damage]
    path.write_bytes(kept if damage != "overwritten" else kept + b"x" * (len(data) - 100))
    check(service(*command), "damaged", "restore the state folder from a backup")


def test_an_older_database_gets_what_it_lacks(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as other:
        for table in ("jobs", "audit_anchor", "audit_checkpoints"):
            other.execute(f"DROP TABLE {table}")
        other.execute("DROP TRIGGER audit_log_no_DELETE")
        other.execute("PRAGMA user_version=1")
        other.commit()
    assert service("audit", "verify").stdout.startswith("50 entries verified")
    with (
        closing(sqlite3.connect(folder / FILE)) as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute("DELETE FROM audit_log")


def test_a_folder_that_cannot_be_written_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(SettingsError, match=r"cannot be used \(Read-only file system\); set FACE"):
        Store(folder)


def test_the_first_key_of_a_locked_database_is_an_error_in_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_state(folder)

    def refuse(*_: object) -> None:
        cause = sqlite3.OperationalError("database is locked")
        cause.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise OperationalError("canary", None, cause)

    monkeypatch.setattr(state.keys, "list", refuse)
    with pytest.raises(SettingsError, match="another process has kept it locked"):
        run_module._greeting(state, "http://127.0.0.1:8000")
    state.store.close()


@pytest.mark.usefixtures("locked")
def test_a_service_does_not_begin_with_a_locked_database(folder: Path) -> None:
    state = open_state(folder)
    with pytest.raises(SettingsError, match="another process has kept it locked"):
        state.begin()
    state.store.close()


def test_a_fault_of_another_kind_has_the_words_of_the_database(
    open_store: Callable[[Path], Store], tmp_path: Path
) -> None:
    store = open_store(tmp_path)
    with (
        pytest.raises(SettingsError, match="no such table: missing; stop the service"),
        store.explaining(),
        store.write() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM missing")
