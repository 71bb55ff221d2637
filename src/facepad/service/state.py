"""The state folder of a service, opened: database, secret, keys, audit log, jobs."""

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from facepad import __version__
from facepad.errors import SettingsError
from facepad.jobs.files import open_locked
from facepad.service.audit import AuditLog
from facepad.service.idempotency import IdempotencyStore
from facepad.service.keys import SECRET_FILE, KeyStore, read_secret
from facepad.service.records.jobs import JobStore
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
        jobs: Jobs and their results.
        address_key: Key of the hashes by which addresses of clients are counted.
    """

    store: Store
    keys: KeyStore
    audit: AuditLog
    idempotency: IdempotencyStore
    jobs: JobStore
    address_key: bytes

    def begin(self) -> None:
        """Note the start of a server; what an earlier one left unfinished has failed.

        Raises:
            SettingsError: The database cannot be written.
        """
        with self.store.explaining():
            self.idempotency.forget_unfinished()
            interrupted = self.jobs.fail_unfinished()
            self.audit.append("service", "service.started", __version__)
            if interrupted:
                self.audit.append("service", "jobs.interrupted", "jobs", {"count": interrupted})


def hold(folder: Path) -> BinaryIO:
    """Take a state folder that is there for one server.

    Returns:
        The file that holds it until it is closed or the process ends, also by ``kill -9``.

    Raises:
        SettingsError: Another server has it, or the file cannot be locked.
    """
    try:
        return open_locked(folder / LOCK_FILE)
    except SettingsError as error:
        raise SettingsError(
            f"the state folder {folder} is not free ({error}); stop the other `facepad serve`, or "
            "set FACEPAD_STATE_DIR to another folder on a disk of this machine"
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{folder / LOCK_FILE} cannot be locked ({error.strerror}); set FACEPAD_STATE_DIR to a "
            "folder that can be written"
        ) from error


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
    return ServiceState(
        store=store,
        keys=KeyStore(store, secret, audit),
        audit=audit,
        idempotency=IdempotencyStore(store),
        jobs=JobStore(store),
        address_key=hmac.digest(secret, b"facepad address", "sha256"),
    )
