"""``GET`` and ``POST /v1/calibrations``: calibrations of cameras, which are made by a job."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool

from facepad.errors import FacepadError
from facepad.service.problems import Problem, documented
from facepad.service.records.chain import Detail
from facepad.service.repeats import RepeatableRoute
from facepad.service.requests.bodies import BodyBounds, body_schema, read_body
from facepad.service.requests.fields import CalibrationRequest
from facepad.service.services import Services
from facepad.service.wire import CalibrationEntry, CalibrationsAnswer, JobAnswer, place_of_job
from facepad.service.workers.jobs import job_answer
from facepad.service.workers.process import JudgeRequest

READ, WRITE = "calibrations:read", "calibrations:write"
_FRAMES = {"frames": "frame"}
_MOST_FRAMES = 60


def router(services: Services) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(tags=["calibrations"], route_class=RepeatableRoute)
    reader, writer = services.access.key(READ), services.access.key(WRITE)

    @routes.get(
        "/v1/calibrations", summary="List calibrations of cameras", responses=documented("models")
    )
    async def listed(request: Request, _: Annotated[str, Depends(reader)]) -> CalibrationsAnswer:
        found = await run_in_threadpool(_calibrations)
        return CalibrationsAnswer(calibrations=found, request_id=request.state.request_id)

    @routes.post(
        "/v1/calibrations",
        summary="Calibrate a camera from bona fide frames",
        status_code=202,
        openapi_extra=body_schema(CalibrationRequest, _FRAMES),
        responses=documented("liveness", "calibrations"),
        dependencies=[Depends(services.repeats.of(writer, services.jobs.check_room))],
    )
    async def calibrate(
        request: Request, response: Response, actor: Annotated[str, Depends(writer)]
    ) -> JobAnswer:
        services.jobs.check_room()
        bounds = BodyBounds(_MOST_FRAMES, services.config.max_json_bytes)
        fields, media = await read_body(
            services.bodies, request, CalibrationRequest, _FRAMES, bounds
        )
        if fields.persons is not None and len(fields.persons) != len(media["frames"]):
            message = "expected one for each frame"
            raise Problem("invalid_request", errors=[{"pointer": "/persons", "message": message}])
        if not fields.overwrite and await run_in_threadpool(_is_taken, fields.name):
            raise Problem("calibration_exists")
        asked = JudgeRequest("calibrate", media["frames"], fields.options())
        details: dict[str, Detail] = {
            "calibration": fields.name,
            "test": fields.test,
            "consent": True,
        }
        job = await services.jobs.submit(actor, "calibration", asked, details)
        response.headers["Location"] = place_of_job(job.id)
        return job_answer(job, request.state.request_id)

    return routes


def _is_taken(name: str) -> bool:
    from facepad import calibration  # numpy, which the server does without until it is asked

    return name in calibration.names()


def _calibrations() -> list[CalibrationEntry]:
    from facepad import calibration  # as above

    return [_entry(name) for name in calibration.names()]


def _entry(name: str) -> CalibrationEntry:
    from facepad import calibration  # as above

    try:
        made, saved = calibration.load(name), calibration.path(name).stat().st_mtime
        return CalibrationEntry(
            name=name,
            version=calibration.version(name),
            test=made.test,
            frames=made.frames,
            made_of=made.kind,
            fixed_scene=made.fixed_scene,
            saved_at=datetime.fromtimestamp(saved, UTC),
        )
    except (FacepadError, OSError):
        return CalibrationEntry(name=name, damaged=True)
