"""The database of the service: private, in one version, and consistent."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, OperationalError

from facepad.errors import SettingsError
from facepad.service.store import API_KEYS, Store

KEY = {
    "id": "a",
    "name": "n",
    "digest": b"",
    "scopes": "",
    "created_at": "",
    "expires_at": "",
}


def test_only_the_owner_can_read_the_folder_and_every_file_in_it(
    open_store: Callable[[Path], Store], tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    store = open_store(folder)
    with store.write() as connection:
        connection.execute(insert(API_KEYS).values(KEY))
    files = list(folder.iterdir())
    assert len(files) >= 2  # the database and its write-ahead log
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_folder_that_others_can_read_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(SettingsError, match=r"expected mode 0700, got 0755; run: chmod"):
        Store(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert not list(tmp_path.iterdir())


def test_a_transaction_that_fails_leaves_nothing(database: Store) -> None:
    with contextlib.suppress(ZeroDivisionError), database.write() as connection:
        connection.execute(insert(API_KEYS).values(KEY))
        _ = 1 / 0
    with database.read() as connection:
        assert connection.execute(select(API_KEYS)).all() == []


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA user_version=7")
    connection.close()
    with pytest.raises(SettingsError, match="has schema 7, this version of facepad has 2"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "service.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(SettingsError, match="FACEPAD_STATE_DIR"):
        Store(tmp_path)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(SettingsError, match=r"state folder .*state cannot be used"):
        Store(tmp_path / "state")


def test_an_error_of_the_database_holds_no_values(database: Store) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as connection:
        connection.execute(insert(API_KEYS).values({**KEY, "name": None, "scopes": "canary"}))
    assert "canary" not in str(caught.value)


def test_a_database_that_can_only_be_read_is_not_reachable(
    database: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(Store, "write", full)
    assert not database.is_reachable()
    monkeypatch.undo()
    assert database.is_reachable()


def test_whether_it_can_be_written_is_tried_every_few_seconds(
    database: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = database.path.with_name(f"{database.path.name}-wal").stat().st_size
    assert database.is_reachable()
    assert database.path.with_name(f"{database.path.name}-wal").stat().st_size > before
    monkeypatch.setattr(Store, "write", None)  # is not called again so soon
    assert database.is_reachable()


def test_the_store_is_reachable_until_its_file_is_broken(database: Store, tmp_path: Path) -> None:
    assert database.is_reachable()
    database.close()
    for path in tmp_path.iterdir():
        path.write_bytes(b"x" * 5000)
    assert not database.is_reachable()
