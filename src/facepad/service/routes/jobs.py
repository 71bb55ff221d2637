"""``GET /v1/jobs/{id}``: how far a job is."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from facepad.service.problems import documented
from facepad.service.services import Services
from facepad.service.wire import JobAnswer
from facepad.service.workers.jobs import job_answer

SCOPE = "jobs:read"
_EXAMPLE = "job_4k7m2q9x5c5v2b3n6za2s4d7fh"


def router(services: Services) -> APIRouter:
    """Make the route."""
    routes = APIRouter(tags=["jobs"])
    key = services.access.key(SCOPE)

    @routes.get("/v1/jobs/{job_id}", summary="Look at a job", responses=documented())
    async def job(
        request: Request,
        job_id: Annotated[str, Path(max_length=64, examples=[_EXAMPLE])],
        actor: Annotated[str, Depends(key)],
    ) -> JobAnswer:
        found = await services.jobs.get(actor, job_id)
        return job_answer(found, request.state.request_id)

    return routes
