"""The state folder of a service, opened: database, secret, keys, audit log, idempotency keys."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from facepad.errors import SettingsError
from facepad.jobs.files import lock
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
    place = folder / LOCK_FILE
    try:
        file = place.open("a+b")
        place.chmod(0o600)
    except OSError as error:
        raise SettingsError(_unlocked(folder, str(error.strerror))) from error
    try:
        missing = lock(file.fileno(), place)
    except SettingsError:
        file.close()
        raise SettingsError(
            f"another `facepad serve` uses the state folder {folder}; stop it, or set "
            "FACEPAD_STATE_DIR to another folder"
        ) from None
    if missing:
        file.close()
        raise SettingsError(_unlocked(folder, "this drive has no locks"))
    return file


def _unlocked(folder: Path, why: str) -> str:
    return (
        f"{folder / LOCK_FILE} cannot be locked ({why}); set FACEPAD_STATE_DIR to a "
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
