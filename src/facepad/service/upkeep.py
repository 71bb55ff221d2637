"""What the service does by itself: delete what is over its retention, note the audit log's end."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError

from facepad.service.config import ServiceConfig
from facepad.service.state import ServiceState
from facepad.service.store import fault_fields

logger = logging.getLogger("facepad.service")
PURGE_EVERY_S, CHECKPOINT_EVERY_S = 60.0, 3600.0


class Upkeep:
    """Deletes old rows every minute, and writes a checkpoint of the audit log every hour."""

    def __init__(
        self,
        state: ServiceState,
        config: ServiceConfig,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep a state in order.

        Args:
            state: The database with what grows old.
            config: ``job_days`` and ``audit_days``.
            clock: Seconds that only grow.
        """
        self._state, self._clock = state, clock
        job_days, audit_days = timedelta(config.job_days), timedelta(config.audit_days)
        self._purges: tuple[Callable[[], int], ...] = (
            state.idempotency.purge,
            lambda: state.jobs.purge(job_days),
            lambda: state.audit.purge(audit_days),
        )
        self._purged_at, self._checkpoint_from = clock(), clock()

    def lag_s(self) -> float:
        """Return the seconds since everything over its retention was last deleted."""
        return self._clock() - self._purged_at

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work during a block; then write the last checkpoint, and close the database."""
        is_over = asyncio.Event()
        task = asyncio.create_task(self._run(is_over))
        try:
            yield
        finally:
            is_over.set()
            await task
            await run_in_threadpool(self.checkpoint)
            self._state.store.close()

    def purge(self) -> None:
        """Delete what is over its retention, of each kind; one that fails stops no other."""
        began, faults = self._clock(), 0
        for purge in self._purges:
            try:
                purge()
            except Exception as error:  # noqa: BLE001 - else nothing would be deleted any more
                faults += 1
                fields = fault_fields(error) if isinstance(error, DBAPIError) else {}
                known = {"fault": type(error).__name__, **fields, "event": "purge_failed"}
                logger.error("old data were not deleted", extra=known)
        if not faults:
            self._purged_at = began

    def checkpoint(self) -> None:
        """Note the end of the audit log, in the database and in the service's log."""
        try:
            made = self._state.audit.checkpoint()
        except DBAPIError as error:
            logger.error("no checkpoint was written", extra=fault_fields(error))
            return
        self._checkpoint_from = self._clock() + CHECKPOINT_EVERY_S
        if made is not None:
            facts = {"seq": made.seq, "hash": made.hash, "at": made.at, "entries": made.entries}
            logger.info("checkpoint", extra={"event": "audit_checkpoint", **facts})

    async def _run(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await run_in_threadpool(self.purge)
            if self._clock() >= self._checkpoint_from:
                await run_in_threadpool(self.checkpoint)
            try:
                async with asyncio.timeout(PURGE_EVERY_S):
                    await is_over.wait()
            except TimeoutError:
                continue
