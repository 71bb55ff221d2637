"""Idempotency keys: a repeated request gets the answer of the first one and runs no second time.

Kept for 24 hours for each API key. Stored are a hash of the key, a hash of the request, and the
answer; never a picture.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import DBAPIError

from facepad.errors import InputError
from facepad.service.store import IDEMPOTENCY, Store, timestamp, utc_now

KEPT = timedelta(hours=24)
# A request without an answer after twice the longest deadline that can be set is never answered.
ABANDONED = timedelta(hours=2)
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


class KeyReusedError(InputError):
    """The key was used with another request."""


class InProgressError(InputError):
    """The first request with this key is still being answered."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was given before.

    Attributes:
        status: HTTP status.
        body: Body of the answer.
    """

    status: int
    body: bytes


def request_fingerprint(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the SHA-256 of a request by its parts.

    The raw body of a form differs with each repetition, by its boundary.

    Args:
        parts: Name and content of each part, path and parameters too, in order.
    """
    whole = hashlib.sha256()
    for name, content in parts:
        for one in (name.encode(), content):
            whole.update(len(one).to_bytes(8, "big"))
            whole.update(one)
    return whole.digest()


class IdempotencyStore:
    """The idempotency keys of a store."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utc_now) -> None:
        """Use the keys of a store.

        Args:
            store: The database.
            clock: Gives the time.
        """
        self._store, self._clock = store, clock
        self._given_up: set[tuple[str, str]] = set()  # owner and key; over, but still stored

    def begin(self, owner: str, key: str, fingerprint: bytes) -> StoredAnswer | None:
        """Begin a request.

        Args:
            owner: Id of the API key.
            key: The idempotency key as sent.
            fingerprint: Of `request_fingerprint`.

        Returns:
            The answer of the first request, or None when this is the first; then `finish` or
            `forget` must follow.

        Raises:
            KeyReusedError: The first request was another one.
            InProgressError: The first request has no answer yet.
            InputError: The key cannot be used.
        """
        if not _KEY.fullmatch(key):
            raise InputError("an idempotency key must be 1 to 255 printable ASCII characters")
        now = self._clock()
        with self._write((owner, key)) as connection:
            place = _place(owner, key)
            connection.execute(delete(IDEMPOTENCY).where(place, _over(now)))
            row = connection.execute(select(IDEMPOTENCY).where(place)).one_or_none()
            if row is None:
                connection.execute(
                    insert(IDEMPOTENCY).values(
                        owner=owner,
                        key_digest=_digest(key),
                        fingerprint=fingerprint,
                        created_at=timestamp(now),
                    )
                )
                return None
        if row.fingerprint != fingerprint:
            raise KeyReusedError("this idempotency key was used with another request")
        if row.status is None:
            raise InProgressError("the first request with this key has no answer yet")
        return StoredAnswer(row.status, row.body)

    def finish(self, owner: str, key: str, answer: StoredAnswer) -> None:
        """Keep the answer of a request that `begin` began."""
        with self._store.write() as connection:
            change = update(IDEMPOTENCY).where(_place(owner, key))
            connection.execute(change.values(status=answer.status, body=answer.body))

    def forget(self, owner: str, key: str) -> None:
        """Drop a request that got no answer worth repeating, so that it can be sent again.

        Raises:
            DBAPIError: The database does not answer. The request can be sent again all the same:
                it is dropped when its key is used again, or at the next purge.
        """
        self._given_up.add((owner, key))
        with self._write((owner, key)):
            pass

    def forget_unfinished(self) -> None:
        """Drop what a killed service left without an answer; for the start of a service."""
        with self._store.write() as connection:
            connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.status.is_(None)))

    def purge(self) -> int:
        """Delete what is older than 24 hours, or was abandoned; return the number of keys."""
        with self._write(*self._given_up.copy()) as connection:
            old = delete(IDEMPOTENCY).where(_over(self._clock()))
            return connection.execute(old).rowcount

    @contextmanager
    def _write(self, *places: tuple[str, str]) -> Iterator[Connection]:
        """Give a connection for writing, on which those of the places are deleted that are over."""
        deleted: list[tuple[str, str]] = []
        try:
            with self._store.write() as connection:  # nobody else begins a request meanwhile
                for place in self._given_up.intersection(places):
                    unfinished = _place(*place) & IDEMPOTENCY.c.status.is_(None)
                    connection.execute(delete(IDEMPOTENCY).where(unfinished))
                    self._given_up.discard(place)
                    deleted.append(place)
                yield connection
        except DBAPIError:
            self._given_up.update(deleted)
            raise


def _over(now: datetime) -> ColumnElement[bool]:
    """Return which rows are no longer kept."""
    created = IDEMPOTENCY.c.created_at
    abandoned = IDEMPOTENCY.c.status.is_(None) & (created < timestamp(now - ABANDONED))
    return or_(created < timestamp(now - KEPT), abandoned)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _place(owner: str, key: str) -> ColumnElement[bool]:
    return and_(IDEMPOTENCY.c.owner == owner, IDEMPOTENCY.c.key_digest == _digest(key))
