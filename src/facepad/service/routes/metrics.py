"""``POST /v1/metrics``: the image-quality metrics of a picture."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from facepad.service.problems import documented
from facepad.service.repeats import RepeatableRoute
from facepad.service.requests.bodies import BodyBounds, body_schema, read_body
from facepad.service.requests.fields import MetricsRequest
from facepad.service.services import Services
from facepad.service.wire import MetricsAnswer
from facepad.service.workers.judging import ask, check_place, place
from facepad.service.workers.process import JudgeRequest

SCOPE = "metrics:write"
_IMAGE = {"image": "image"}


def router(services: Services) -> APIRouter:
    """Make the route."""
    routes = APIRouter(tags=["metrics"], route_class=RepeatableRoute)
    key = services.access.key(SCOPE)

    @routes.post(
        "/v1/metrics",
        summary="Measure the quality of a picture",
        openapi_extra=body_schema(MetricsRequest, _IMAGE),
        responses=documented("liveness"),
        dependencies=[Depends(services.repeats.of(key, partial(check_place, services.inference)))],
    )
    async def measure(request: Request, _: Annotated[str, Depends(key)]) -> MetricsAnswer:
        check_place(services.inference)
        bounds = BodyBounds(1, services.config.max_json_bytes)
        body = await read_body(services.bodies, request, MetricsRequest, _IMAGE, bounds)
        with place(services.inference):
            asked = JudgeRequest("metrics", body[1]["image"])
            answer = await ask(services.inference, asked)
        return MetricsAnswer(**answer.values, request_id=request.state.request_id)

    return routes
