"""Jobs in the database: how far each is and what came out of it; never its pictures."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update

from facepad.service.store import JOBS, Store, timestamp, utc_now

MOST_KEPT = 100  # ended jobs of an API key; older ones are deleted
INTERRUPTED = "interrupted"
_DETAIL = (
    "The service ended before the job did. Its pictures were in memory only and are gone: send "
    "them again, with a new Idempotency-Key."
)

Status = Literal["queued", "running", "done", "failed"]


@dataclass(slots=True)
class Job:
    """A job and how far it is.

    Attributes:
        id: Its id.
        owner: The API key that asked for it, as "key:ID"; others do not see it.
        kind: What is done.
        created_at: When it was asked for.
        status: How far it is.
        finished_at: When it ended.
        result: What came out.
        problem: Code of what went wrong.
        detail: What went wrong, in words.
    """

    id: str
    owner: str
    kind: str
    created_at: datetime
    status: Status = "queued"
    finished_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    detail: str | None = None


class JobStore:
    """The jobs of a store."""

    def __init__(self, store: Store, clock: Callable[[], datetime] = utc_now) -> None:
        """Use the jobs of a store.

        Args:
            store: The database.
            clock: Gives the time.
        """
        self._store, self._clock = store, clock

    def add(self, job: Job, entry: Callable[[Connection], object] = lambda _: None) -> None:
        """Add a job; of its owner's ended ones the newest `MOST_KEPT` are kept.

        Args:
            job: The job.
            entry: Writes the entry of the audit log, in the same transaction.
        """
        with self._store.write() as connection:
            connection.execute(insert(JOBS).values(**_values(job)))
            ended = select(JOBS.c.id).where(JOBS.c.owner == job.owner, JOBS.c.finished_at > "")
            newest = ended.order_by(JOBS.c.created_at.desc(), JOBS.c.id)
            old = newest.limit(-1).offset(MOST_KEPT)
            connection.execute(delete(JOBS).where(JOBS.c.id.in_(old)))
            entry(connection)

    def save(self, job: Job) -> None:
        """Write how far a job is."""
        with self._store.write() as connection:
            connection.execute(update(JOBS).where(JOBS.c.id == job.id).values(**_values(job)))

    def get(self, owner: str, job_id: str) -> Job | None:
        """Return a job of an owner; None where there is none."""
        one = select(JOBS).where(JOBS.c.id == job_id, JOBS.c.owner == owner)
        with self._store.read() as connection:
            row = connection.execute(one).one_or_none()
        return None if row is None else _job(row)

    def fail_unfinished(self) -> int:
        """Mark the jobs that no process runs any more as failed; return their number.

        For the start and the end of a service.
        """
        end = timestamp(self._clock())
        values = {"status": "failed", "problem": INTERRUPTED, "detail": _DETAIL, "finished_at": end}
        with self._store.write() as connection:
            change = update(JOBS).where(JOBS.c.finished_at.is_(None)).values(**values)
            return connection.execute(change).rowcount

    def purge(self, kept: timedelta) -> int:
        """Delete the jobs that ended longer ago; return their number."""
        end = timestamp(self._clock() - kept)
        with self._store.write() as connection:
            return connection.execute(delete(JOBS).where(JOBS.c.finished_at < end)).rowcount


def _values(job: Job) -> dict[str, str | None]:
    return {
        "id": job.id,
        "owner": job.owner,
        "kind": job.kind,
        "status": job.status,
        "created_at": timestamp(job.created_at),
        "finished_at": None if job.finished_at is None else timestamp(job.finished_at),
        "result": json.dumps(dict(job.result)),
        "problem": job.problem,
        "detail": job.detail,
    }


def _job(row: "Row[tuple[object, ...]]") -> Job:
    values = dict(row._mapping)
    end = values["finished_at"]
    return Job(
        **{
            **values,
            "created_at": datetime.fromisoformat(values["created_at"]),
            "finished_at": None if end is None else datetime.fromisoformat(end),
            "result": json.loads(values["result"]),
        }
    )
