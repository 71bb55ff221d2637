"""API keys: made, found, listed and revoked; only a keyed hash of the secret is stored.

A key is ``fpk_ENV_ID_SECRET_SUM``: a fixed beginning and a checksum, so that scanners find one
that was published by mistake. The secret has 256 random bits, so that no slow hash is needed.
"""

import base64
import hmac
import logging
import re
import secrets
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import DBAPIError

from facepad.errors import SettingsError, require, unknown_name
from facepad.service.audit import AuditLog
from facepad.service.store import API_KEYS, Store, timestamp, utc_now

logger = logging.getLogger("facepad.service")
SECRET_FILE = "secret"  # noqa: S105 - a name
ENVIRONMENT = "live"
OPERATOR = "operator"  # the actor of what the command line does
LONGEST_DAYS = 3650
_KEY = re.compile(r"fpk_([a-z]{2,8})_([a-z2-7]{12})_([A-Za-z0-9_-]{43})_([0-9A-Za-z]{6})", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_USED_EVERY = timedelta(minutes=1)


# What a key may do.
SCOPES = (
    "liveness:write",
    "metrics:write",
    "models:read",
    "calibrations:read",
    "calibrations:write",
    "jobs:read",
    "operations:read",
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key; its secret is not.

    Attributes:
        id: 12 characters, part of the key; logs and the audit log name it.
        name: Name that the operator gave it.
        scopes: What it may do.
        created_at: Time, RFC 3339.
        expires_at: Time from which it is refused.
        revoked_at: Time at which it was revoked; None for a valid one.
        last_used_at: Time of its last use, to the minute; None if it was never used.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: str
    expires_at: str
    revoked_at: str | None = None
    last_used_at: str | None = None

    def state(self, now: datetime) -> str:
        """Return "active", "revoked" or "expired"."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at <= timestamp(now) else "active"


class KeyStore:
    """The API keys of a store."""

    def __init__(
        self,
        store: Store,
        secret: bytes,
        audit: AuditLog,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Use the keys of a store.

        Args:
            store: The database.
            secret: Key of the stored hashes, so that the database alone proves no key.
            audit: Gets an entry for each change.
            clock: Gives the time.
        """
        self._store, self._audit, self._clock = store, audit, clock
        self._pepper = hmac.digest(secret, b"facepad api key", "sha256")

    def create(
        self,
        name: str,
        scopes: Iterable[str] = SCOPES,
        expires_days: int = 365,
        actor: str = OPERATOR,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            name: Letters, digits and ``._-``, at most 64.
            scopes: What it may do.
            expires_days: Days until it expires.
            actor: Who asked for it, for the audit log.

        Returns:
            The key, and its text, which is stored nowhere.

        Raises:
            SettingsError: A name, a scope or a number of days cannot be used.
        """
        require(
            _NAME.fullmatch(name) is not None,
            "the name of a key",
            "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
            name,
        )
        require(
            1 <= expires_days <= LONGEST_DAYS, "expires", f"1 to {LONGEST_DAYS} days", expires_days
        )
        wanted, now = parse_scopes(scopes), self._clock()
        key = ApiKey(
            base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12],
            name,
            wanted,
            timestamp(now),
            timestamp(now + timedelta(days=expires_days)),
        )
        text = secrets.token_urlsafe(32)
        with self._store.write() as connection:
            connection.execute(
                insert(API_KEYS).values(
                    id=key.id,
                    name=name,
                    digest=self._digest(text),
                    scopes=" ".join(wanted),
                    created_at=key.created_at,
                    expires_at=key.expires_at,
                )
            )
            facts = {"scopes": wanted, "expires_at": key.expires_at}
            self._audit.append(actor, "apikey.created", f"key:{key.id}", facts, within=connection)
        return key, _written(ENVIRONMENT, key.id, text)

    def list(self) -> "list[ApiKey]":
        """Return all keys, in the order in which they were made, revoked ones too."""
        rows = select(API_KEYS).order_by(API_KEYS.c.created_at, API_KEYS.c.id)
        with self._store.read() as connection:
            return [_key(row) for row in connection.execute(rows)]

    def revoke(self, key_id: str, actor: str = OPERATOR) -> ApiKey:
        """Revoke a key, at once and for ever; a revoked one stays as it is.

        Args:
            key_id: Id of the key, 12 characters.
            actor: Who asked for it, for the audit log.

        Raises:
            SettingsError: There is no such key.
        """
        one = select(API_KEYS).where(API_KEYS.c.id == key_id)
        with self._store.write() as connection:
            row = connection.execute(one).one_or_none()
            if row is None:
                known = connection.execute(select(API_KEYS.c.id)).scalars()
                raise SettingsError(unknown_name("API key", key_id, list(known)[:20]))
            if row.revoked_at is None:
                change = update(API_KEYS).where(API_KEYS.c.id == key_id)
                connection.execute(change.values(revoked_at=timestamp(self._clock())))
                self._audit.append(actor, "apikey.revoked", f"key:{key_id}", within=connection)
            return _key(connection.execute(one).one())

    def find(self, text: str) -> ApiKey | None:
        """Return the key of a text; None for one that is malformed, unknown, revoked or expired.

        The stored hash is compared in constant time, also where no key has this id.

        Args:
            text: As it was sent.
        """
        match = _KEY.fullmatch(text)
        if match is None or not hmac.compare_digest(match[4], _checksum(text[:-7])):
            return None
        now = self._clock()
        with self._store.read() as connection:
            row = connection.execute(
                select(API_KEYS).where(API_KEYS.c.id == match[2])
            ).one_or_none()
        stored = bytes(32) if row is None else row.digest
        is_right = hmac.compare_digest(self._digest(match[3]), stored)
        if row is None or not is_right or match[1] != ENVIRONMENT:
            return None
        key = _key(row)
        if key.state(now) != "active":
            return None
        if key.last_used_at is None or key.last_used_at <= timestamp(now - _USED_EVERY):
            try:
                self._note_use(key.id, now)
            except DBAPIError as error:  # the key is right all the same
                fields = {"event": "store_fault", "fault": type(error.orig).__name__}
                logger.error("the use of a key was not noted", extra=fields)
        return key

    def _note_use(self, key_id: str, now: datetime) -> None:
        with self._store.write() as connection:
            change = update(API_KEYS).where(API_KEYS.c.id == key_id)
            connection.execute(change.values(last_used_at=timestamp(now)))

    def _digest(self, secret: str) -> bytes:
        return hmac.digest(self._pepper, secret.encode(), "sha256")


def parse_scopes(names: Iterable[str]) -> tuple[str, ...]:
    """Return scopes in the order of `SCOPES`, each once.

    Raises:
        SettingsError: A name is not known, or none is given.
    """
    given = list(names)
    for name in given:
        if name not in SCOPES:
            raise SettingsError(unknown_name("scope", name, SCOPES))
    require(bool(given), "scopes", "one scope or more", given)
    return tuple(scope for scope in SCOPES if scope in given)


def read_secret(path: Path) -> bytes:
    """Return the secret of a service; make it where the file is missing.

    Args:
        path: The file, which only its owner may read.

    Raises:
        SettingsError: The file cannot be used, or others can read it.
    """
    try:
        if not path.exists():
            _write_once(path, secrets.token_hex(32))
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                f"the secret of the service, {path}, can be read by others; expected mode 0600; "
                f"run: chmod 600 {path}"
            )
        secret = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no hexadecimal text"
        raise SettingsError(f"the secret of the service, {path}, cannot be read: {why}") from error
    require(len(secret) >= 32, f"the secret in {path}", "64 or more hexadecimal digits", "fewer")
    return secret


def _write_once(path: Path, text: str) -> None:
    """Write a file that several processes may make at once: one wins, none reads a part."""
    part = path.with_name(f".{path.name}.{uuid4().hex[:12]}.tmp")
    part.touch(mode=0o600)
    try:
        part.write_text(text)
        path.hardlink_to(part)
    except FileExistsError:
        pass
    finally:
        part.unlink()


def _key(row: "Row[tuple[object, ...]]") -> ApiKey:
    values = dict(row._mapping)
    del values["digest"]
    return ApiKey(**{**values, "scopes": parse_scopes(values["scopes"].split())})


def _written(environment: str, key_id: str, secret: str) -> str:
    start = f"fpk_{environment}_{key_id}_{secret}"
    return f"{start}_{_checksum(start)}"


def _checksum(start: str) -> str:
    """Return the CRC-32 of the part before it, in base 62."""
    number, digits = zlib.crc32(start.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits
