"""The state folder of a service, opened: database, secret, keys, audit log, idempotency keys."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from facepad.errors import SettingsError
from facepad.service.audit import AuditLog
from facepad.service.idempotency import IdempotencyStore
from facepad.service.keys import SECRET_FILE, KeyStore, read_secret
from facepad.service.store import Store, make_private

LOCK_FILE = "lock"


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


def hold(folder: Path) -> BinaryIO:
    """Take a state folder that is there for one server.

    Returns:
        The file that holds it until it is closed or the process ends, also by ``kill -9``.

    Raises:
        SettingsError: Another server has it, or the file cannot be locked.
    """
    import fcntl

    try:
        file = os.fdopen(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    except OSError as error:
        raise SettingsError(_unlocked(folder, error)) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if not isinstance(error, BlockingIOError):
            raise SettingsError(_unlocked(folder, error)) from error
        raise SettingsError(
            f"another `facepad serve` uses the state folder {folder}; stop it, or set "
            "FACEPAD_STATE_DIR to another folder"
        ) from None
    return file


def _unlocked(folder: Path, error: OSError) -> str:
    return (
        f"{folder / LOCK_FILE} cannot be locked ({error.strerror}); set FACEPAD_STATE_DIR to a "
        "folder on a disk of this machine"
    )


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
