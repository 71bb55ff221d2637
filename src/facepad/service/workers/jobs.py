"""Work that takes longer than a request: one job at a time, in a process of its own."""

import asyncio
import base64
import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from facepad.service.operations import Operations
from facepad.service.problems import KINDS, Problem, retry_after
from facepad.service.wire import JobAnswer
from facepad.service.workers.messages import where
from facepad.service.workers.pool import DeadlineExceeded, Inference
from facepad.service.workers.process import JudgeRequest, WorkerLost

logger = logging.getLogger("facepad.service")
_MOST_WAITING = 4
_MOST_KEPT = 100
_DEADLINE_S = 1800.0

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

    def answer(self, request_id: str) -> JobAnswer:
        """Return what is shown of the job."""
        return JobAnswer(
            job_id=self.id,
            kind=self.kind,
            status=self.status,
            created_at=self.created_at,
            finished_at=self.finished_at,
            result=dict(self.result) or None,
            problem=self.problem,
            detail=self.detail or None,
            request_id=request_id,
        )


class JobBoard:
    """Runs jobs one after the other, and keeps the newest.

    Args:
        inference: Starts the processes.
        operations: Records what was done.
    """

    def __init__(self, inference: Inference, operations: Operations) -> None:
        self._inference, self._operations = inference, operations
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def check_room(self) -> None:
        """Check that one more job may wait.

        Raises:
            Problem: Too many wait.
        """
        if len(self._tasks) >= _MOST_WAITING:
            raise Problem("overloaded", headers=retry_after())

    def submit(self, owner: str, kind: str, request: JudgeRequest) -> Job:
        """Begin a job.

        Raises:
            Problem: Too many wait.
        """
        self.check_room()
        job_id = base64.b32encode(secrets.token_bytes(16)).decode().lower().rstrip("=")
        job = Job(f"job_{job_id}", owner, kind, datetime.now(UTC))
        self._jobs[job.id] = job
        while len(self._jobs) > _MOST_KEPT:
            self._jobs.popitem(last=False)
        task = asyncio.create_task(self._run(job, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def get(self, owner: str, job_id: str) -> Job:
        """Return a job.

        Raises:
            Problem: There is none, or it is another key's.
        """
        job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise Problem("not_found")
        return job

    async def close(self) -> None:
        """End all jobs."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
            job.finished_at = datetime.now(UTC)
            job.status = "failed" if job.problem else "done"
            details = {"status": job.status}
            await self._operations.noted(job.owner, f"{job.kind}.finished", job.id, details)

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
