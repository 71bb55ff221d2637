"""The state folder of a service, opened: database, secret, keys, audit log, idempotency keys."""

from dataclasses import dataclass
from pathlib import Path

from facepad.service.audit import AuditLog
from facepad.service.idempotency import IdempotencyStore
from facepad.service.keys import SECRET_FILE, KeyStore, read_secret
from facepad.service.store import Store, make_private


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What a service keeps.

    Attributes:
        store: The database.
        keys: The API keys.
        audit: The audit log.
        idempotency: Idempotency keys and their answers.
    """

    store: Store
    keys: KeyStore
    audit: AuditLog
    idempotency: IdempotencyStore


def open_state(folder: Path) -> ServiceState:
    """Open a state folder; make what is missing.

    Args:
        folder: Only its owner can read it and what it holds.

    Raises:
        SettingsError: It cannot be used.
    """
    make_private(folder)
    secret = read_secret(folder / SECRET_FILE)
    store = Store(folder)
    audit = AuditLog(store, secret)
    return ServiceState(store, KeyStore(store, secret, audit), audit, IdempotencyStore(store))
