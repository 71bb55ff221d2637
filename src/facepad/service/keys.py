"""API keys: made, listed, revoked and found."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

SCOPES = (
    "liveness:write",
    "metrics:write",
    "models:read",
    "calibrations:read",
    "calibrations:write",
    "jobs:read",
)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its secret.

    Attributes:
        id: Shown in lists and in the audit log.
        name: What its owner calls it.
        scopes: What it may do; a subset of `SCOPES`.
        created_at: When it was made.
        expires_at: When it ends; None for never.
        revoked_at: When it was revoked; None while it holds.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyStore(Protocol):
    """Keeps API keys."""

    def create(
        self, name: str, scopes: Sequence[str] = SCOPES, expires_days: float | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key; return it and its text, which is shown once."""

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, revoked ones too, the oldest first."""

    def revoke(self, key_id: str) -> None:
        """Revoke a key from now on."""

    def find(self, text: str) -> ApiKey | None:
        """Return the key that a text is, while it holds; takes the same time for every text."""


class MemoryKeys:
    """Keys that end with the process; for tests and examples."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[ApiKey, str]] = {}

    def create(
        self, name: str, scopes: Sequence[str] = SCOPES, expires_days: float | None = None
    ) -> tuple[ApiKey, str]:
        """Make a key; return it and its text."""
        now = datetime.now(UTC)
        end = None if expires_days is None else now + timedelta(days=expires_days)
        key = ApiKey(secrets.token_hex(8), name, tuple(scopes), now, end)
        text = f"fpk_{secrets.token_urlsafe(32)}"
        self._keys[key.id] = key, text
        return key, text

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys."""
        return tuple(key for key, _ in self._keys.values())

    def revoke(self, key_id: str) -> None:
        """Forget a key."""
        self._keys.pop(key_id, None)

    def find(self, text: str) -> ApiKey | None:
        """Return the key that a text is."""
        fitting = [key for key, own in self._keys.values() if secrets.compare_digest(own, text)]
        return fitting[0] if fitting else None
