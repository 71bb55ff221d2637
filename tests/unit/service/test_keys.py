"""API keys: shown once, stored as keyed hashes, and refused without saying why."""

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from facepad.errors import SettingsError
from facepad.service import keys
from facepad.service.audit import AuditLog
from facepad.service.keys import KeyStore, read_secret
from facepad.service.store import Store

SECRET = bytes(range(32))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database: Store, clock: Clock) -> KeyStore:
    return KeyStore(database, SECRET, AuditLog(database, SECRET, clock), clock)


def test_a_key_has_a_form_that_scanners_know(store: KeyStore) -> None:
    key, text = store.create("backend")
    assert re.fullmatch(r"fpk_live_[a-z2-7]{12}_[\w-]{43}_[0-9A-Za-z]{6}", text)
    assert text.split("_")[2] == key.id


def test_a_key_is_found_when_its_use_cannot_be_noted(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

    key, text = store.create("backend")
    monkeypatch.setattr(Store, "write", full)
    found = store.find(text)
    assert found is not None
    assert (found.id, found.last_used_at) == (key.id, None)


def test_a_key_is_found_by_its_text(store: KeyStore) -> None:
    key, text = store.create("backend", ["metrics:write"])
    found = store.find(text)
    assert found is not None
    assert (found.id, found.name) == (key.id, "backend")
    assert found.scopes == ("metrics:write",)


def test_the_database_holds_no_secret(store: KeyStore, tmp_path: Path) -> None:
    _, text = store.create("backend")
    store.find(text)
    secret = text[-50:-7].encode()
    assert not any(secret in path.read_bytes() for path in tmp_path.iterdir())


def test_the_database_alone_makes_no_key_valid(store: KeyStore, database: Store) -> None:
    _, text = store.create("backend")
    other = KeyStore(database, bytes(32), AuditLog(database, bytes(32)))
    assert other.find(text) is None


def test_a_revoked_key_is_refused_at_once_and_stays_listed(store: KeyStore, clock: Clock) -> None:
    key, text = store.create("backend")
    store.revoke(key.id)
    assert store.find(text) is None
    assert [one.state(clock.now) for one in store.list()] == ["revoked"]


def test_a_key_is_revoked_once(store: KeyStore, clock: Clock) -> None:
    key, _ = store.create("backend")
    first = store.revoke(key.id).revoked_at
    clock.now += timedelta(days=1)
    assert store.revoke(key.id).revoked_at == first


def test_an_expired_key_is_refused(store: KeyStore, clock: Clock) -> None:
    _, text = store.create("backend", expires_days=1)
    clock.now += timedelta(days=1, milliseconds=-1)
    assert store.find(text) is not None
    clock.now += timedelta(milliseconds=1)
    assert store.find(text) is None
    assert [one.state(clock.now) for one in store.list()] == ["expired"]


@pytest.mark.parametrize("place", [0, 5, 9, 21, 30, -8, -1])
def test_a_key_with_one_other_character_is_refused(store: KeyStore, place: int) -> None:
    _, text = store.create("backend")
    other = "b" if text[place] != "b" else "c"
    changed = list(text)
    changed[place] = other
    assert store.find("".join(changed)) is None


def test_a_secret_that_fits_its_checksum_but_not_its_id_is_refused(store: KeyStore) -> None:
    (_, first), (_, second) = store.create("a"), store.create("b")
    start = first[:22] + second[22:65]
    assert store.find(f"{start}_{keys._checksum(start)}") is None
    unknown = f"fpk_live_{'a' * 12}_{second[22:65]}"
    assert store.find(f"{unknown}_{keys._checksum(unknown)}") is None
    elsewhere = first[:-7].replace("fpk_live", "fpk_test")
    assert store.find(f"{elsewhere}_{keys._checksum(elsewhere)}") is None


def test_secrets_are_compared_in_constant_time_also_for_unknown_ids(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(len(other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    key, text = store.create("a")
    unknown = f"fpk_live_{'a' * 12}_{text[22:65]}"
    for sent in (text, f"{unknown}_{keys._checksum(unknown)}"):
        compared.clear()
        store.find(sent)
        assert compared == [6, 32]
    store.revoke(key.id)
    compared.clear()
    assert store.find(text) is None
    assert compared == [6, 32]


@given(st.text() | st.from_regex(r"fpk_[a-z]{2,8}_[a-z2-7]{12}_[\w-]{43}_\w{6}", fullmatch=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_a_key_and_none_raises(store: KeyStore, text: str) -> None:
    assert store.find(text) is None


def test_the_last_use_is_noted_to_the_minute(store: KeyStore, clock: Clock) -> None:
    _, text = store.create("backend")
    for seconds in (0, 30, 31):
        clock.now += timedelta(seconds=seconds)
        store.find(text)
    assert store.list()[0].last_used_at == "2026-11-23T09:01:01.000Z"


def test_making_and_revoking_are_in_the_audit_log(store: KeyStore, database: Store) -> None:
    key, text = store.create("backend", ["models:read"])
    store.revoke(key.id)
    entries = AuditLog(database, SECRET).entries()
    assert [(e.actor, e.action, e.object) for e in entries] == [
        ("operator", "apikey.created", f"key:{key.id}"),
        ("operator", "apikey.revoked", f"key:{key.id}"),
    ]
    assert entries[0].details["scopes"] == ["models:read"]
    assert text[22:65] not in str(entries)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "a\nb"}, "the name of a key must be"),
        ({"name": ""}, "the name of a key must be"),
        ({"expires_days": 0}, "expires must be 1 to 3650 days"),
        ({"scopes": ["liveness:wite"]}, "unknown scope 'liveness:wite'; did you mean"),
        ({"scopes": []}, "scopes must be one scope or more"),
    ],
)
def test_what_cannot_be_a_key_is_named(
    store: KeyStore, values: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        store.create(**{"name": "a", **values})  # type: ignore[arg-type]
    assert store.list() == []


def test_an_unknown_id_is_not_revoked(store: KeyStore) -> None:
    with pytest.raises(SettingsError, match="unknown API key 'nope'; known: none"):
        store.revoke("nope")


def test_the_secret_of_a_service_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = read_secret(path)
    assert len(first) == 32
    assert read_secret(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        ("00" * 32, 0o644, "can be read by others; expected mode 0600; run: chmod 600"),
        ("zz", 0o600, "it is no hexadecimal text"),
        ("00" * 8, 0o600, "must be 64 or more hexadecimal digits"),
    ],
)
def test_a_secret_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, mode: int, message: str
) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(SettingsError, match=message):
        read_secret(path)
