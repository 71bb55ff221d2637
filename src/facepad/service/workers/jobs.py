"""Work that takes longer than a request: one job at a time, in a process of its own."""

import asyncio
import base64
import logging
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import DBAPIError

from facepad.service.operations import Operations
from facepad.service.problems import KINDS, Problem, retry_after
from facepad.service.records.chain import Detail
from facepad.service.records.jobs import Job, JobStore
from facepad.service.store import fault_fields, utc_now
from facepad.service.wire import JobAnswer
from facepad.service.workers.messages import where
from facepad.service.workers.pool import DeadlineExceeded, Inference
from facepad.service.workers.process import JudgeRequest, WorkerLost

logger = logging.getLogger("facepad.service")
_MOST_WAITING = 4
_DEADLINE_S = 1800.0


class JobBoard:
    """Runs jobs one after the other; the database keeps them.

    Args:
        inference: Starts the processes.
        operations: Records what was done.
        store: The jobs of the database.
    """

    def __init__(self, inference: Inference, operations: Operations, store: JobStore) -> None:
        self._inference, self._operations, self._store = inference, operations, store
        self._live: dict[str, Job] = {}  # those that the database does not hold as they are
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def check_room(self) -> None:
        """Check that one more job may wait.

        Raises:
            Problem: Too many wait.
        """
        if sum(job.finished_at is None for job in self._live.values()) >= _MOST_WAITING:
            raise Problem("overloaded", headers=retry_after())

    async def submit(
        self, owner: str, kind: str, request: JudgeRequest, details: Mapping[str, Detail]
    ) -> Job:
        """Begin a job; the database has it and the entry of the audit log before it runs.

        Args:
            owner: Who asks for it, as "key:ID".
            kind: What is done; the entry's action is "KIND.requested".
            request: What the process is asked.
            details: Facts of the entry.

        Raises:
            DBAPIError: The two could not be written; the job does not run.
            Problem: Too many wait.
        """
        self.check_room()
        job_id = base64.b32encode(secrets.token_bytes(16)).decode().lower().rstrip("=")
        job = Job(f"job_{job_id}", owner, kind, utc_now())
        self._live[job.id] = job
        try:
            entry = self._operations.entry(owner, f"{kind}.requested", job.id, details)
            await run_in_threadpool(self._store.add, job, entry)
        except BaseException:
            del self._live[job.id]
            raise
        task = asyncio.create_task(self._run(job, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def get(self, owner: str, job_id: str) -> Job:
        """Return a job.

        Raises:
            Problem: There is none, or it is another key's.
        """
        job = self._live.get(job_id) or await run_in_threadpool(self._store.get, owner, job_id)
        if job is None or job.owner != owner:
            raise Problem("not_found")
        return job

    async def close(self) -> None:
        """End all jobs; those that run or wait have failed."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._save()
        with self._noting():  # else the next start does it
            if count := await run_in_threadpool(self._store.fail_unfinished):
                facts = {"count": count}
                await self._operations.noted("service", "jobs.interrupted", "jobs", facts)

    async def _run(self, job: Job, request: JudgeRequest) -> None:
        async with self._turn:
            job.status = "running"
            values = await self._values(request)
            if code := values.get("code"):
                job.problem, job.detail = code, values.get("detail") or KINDS[code].title
                fields = {"event": "job_failed", "reason_code": code, "fault": values.get("fault")}
                logger.error("job failed", extra=fields)
            else:
                job.result = values
            job.finished_at = utc_now()
            job.status = "failed" if job.problem else "done"
            await self._save()
            details = {"status": job.status}
            await self._operations.noted(job.owner, f"{job.kind}.finished", job.id, details)

    async def _save(self) -> None:
        """Write what has ended; what the database refuses is kept here until the next time."""
        for job in tuple(self._live.values()):
            if job.finished_at is not None:
                with self._noting():
                    await run_in_threadpool(self._store.save, job)
                    self._live.pop(job.id, None)

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            logger.error("a job was not written", extra=fault_fields(error))

    async def _values(self, request: JudgeRequest) -> dict[str, Any]:
        """Return what a process answered, or the code of what went wrong."""
        try:
            return dict((await self._inference.judge_apart(request, _DEADLINE_S)).values)
        except DeadlineExceeded:
            return {"code": "deadline_exceeded"}
        except WorkerLost as error:
            return {"code": "worker_lost", "fault": str(error)}
        except Exception as error:  # noqa: BLE001 - a job that has begun always ends
            return {"code": "internal", "fault": where(error)}


def job_answer(job: Job, request_id: str) -> JobAnswer:
    """Return what is shown of a job."""
    return JobAnswer(
        job_id=job.id,
        kind=job.kind,
        status=job.status,
        created_at=job.created_at,
        finished_at=job.finished_at,
        result=dict(job.result) or None,
        problem=job.problem,
        detail=job.detail or None,
        request_id=request_id,
    )
