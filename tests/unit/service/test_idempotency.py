"""Idempotency keys: one request, one answer."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from facepad.errors import InputError
from facepad.service.idempotency import (
    IdempotencyStore,
    InProgressError,
    KeyReusedError,
    StoredAnswer,
    request_fingerprint,
)
from facepad.service.store import IDEMPOTENCY, Store

FIRST, OTHER = request_fingerprint([("image", b"a")]), request_fingerprint([("image", b"b")])
ANSWER = StoredAnswer(200, b'{"results":[]}')
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Store, clock: Clock) -> IdempotencyStore:
    return IdempotencyStore(database, clock)


def test_a_repeated_request_gets_the_first_answer(store: IdempotencyStore) -> None:
    assert store.begin("key", "k1", FIRST) is None
    store.finish("key", "k1", ANSWER)
    assert store.begin("key", "k1", FIRST) == ANSWER


def test_the_key_of_another_request_is_refused(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    store.finish("key", "k1", ANSWER)
    with pytest.raises(KeyReusedError):
        store.begin("key", "k1", OTHER)


def test_a_request_that_is_still_answered_is_in_progress(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    with pytest.raises(InProgressError):
        store.begin("key", "k1", FIRST)


def test_two_api_keys_do_not_share_idempotency_keys(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    assert store.begin("other", "k1", OTHER) is None


def test_a_request_without_an_answer_can_be_sent_again(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    store.forget("key", "k1")
    assert store.begin("key", "k1", OTHER) is None


def test_an_answer_is_not_forgotten(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    store.finish("key", "k1", ANSWER)
    store.forget("key", "k1")
    store.forget_unfinished()
    assert store.begin("key", "k1", FIRST) == ANSWER


def test_what_a_killed_service_began_is_dropped_at_the_next_start(store: IdempotencyStore) -> None:
    store.begin("key", "k1", FIRST)
    store.forget_unfinished()
    assert store.begin("key", "k1", FIRST) is None


@pytest.mark.parametrize(
    ("is_finished", "later", "is_kept"),
    [
        (True, timedelta(hours=23, minutes=59), True),
        (True, timedelta(hours=24, seconds=1), False),
        (False, timedelta(hours=2, seconds=1), False),
    ],
)
def test_a_key_is_kept_for_24_hours(
    store: IdempotencyStore, clock: Clock, *, is_finished: bool, later: timedelta, is_kept: bool
) -> None:
    store.begin("key", "k1", FIRST)
    if is_finished:
        store.finish("key", "k1", ANSWER)
    clock.now += later
    assert store.begin("key", "k1", FIRST) == (ANSWER if is_kept else None)


def test_what_could_not_be_forgotten_is_deleted_with_the_next_purge(
    store: IdempotencyStore, database: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database is locked"))

    store.begin("key", "k1", FIRST)
    with monkeypatch.context() as locked:
        locked.setattr(Store, "write", refuse)
        with pytest.raises(OperationalError):
            store.forget("key", "k1")
    store.purge()
    with database.read() as connection:
        assert connection.execute(select(IDEMPOTENCY)).all() == []


@pytest.mark.parametrize("key", ["", "a b", "a\n", "é", "x" * 256])
def test_a_key_must_be_short_and_printable(store: IdempotencyStore, key: str) -> None:
    with pytest.raises(InputError, match="1 to 255 printable ASCII characters"):
        store.begin("key", key, FIRST)


def test_the_parts_of_a_request_cannot_be_mistaken_for_each_other() -> None:
    one = request_fingerprint([("a", b"bc"), ("d", b"")])
    assert one != request_fingerprint([("ab", b"c"), ("d", b"")])
    assert one != request_fingerprint([("a", b"bc")])


def test_the_key_itself_is_not_stored(store: IdempotencyStore, tmp_path: Path) -> None:
    store.begin("key", "canary-of-a-user", FIRST)
    assert not any(b"canary" in path.read_bytes() for path in tmp_path.iterdir())
