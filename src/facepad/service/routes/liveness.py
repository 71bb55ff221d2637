"""``POST /v1/liveness/image`` and ``/v1/liveness/video``: stateless, passive checks."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from facepad.service.examples import VIDEO_BODIES
from facepad.service.problems import Problem, documented
from facepad.service.repeats import RepeatableRoute
from facepad.service.requests.bodies import BodyBounds, body_schema, read_body
from facepad.service.requests.fields import ImageRequest, VideoRequest
from facepad.service.services import Services
from facepad.service.wire import ImageAnswer, LivenessResult, VideoAnswer, liveness_result
from facepad.service.workers.judging import ask, check_place, in_turn, place, seconds_left
from facepad.service.workers.pool import Inference
from facepad.service.workers.process import JudgeRequest

SCOPE = "liveness:write"
_IMAGES = {"images": "image"}
_VIDEO = {"video": "video", "frames": "frame"}


def router(services: Services) -> APIRouter:
    """Make the routes; those below ``/try`` are for the page of the service."""
    routes = APIRouter(tags=["liveness"], route_class=RepeatableRoute)
    inference = services.inference
    key, page = services.access.key(SCOPE), services.access.page_or_key(SCOPE)
    repeated = [Depends(services.repeats.of(key, partial(check_place, inference)))]

    @routes.post(
        "/v1/liveness/image",
        summary="Judge pictures, each by itself",
        openapi_extra=body_schema(ImageRequest, _IMAGES),
        responses=documented("liveness"),
        dependencies=repeated,
    )
    async def image(request: Request, actor: Annotated[str, Depends(key)]) -> ImageAnswer:
        return await _judge_images(services, request, actor)

    @routes.post(
        "/v1/liveness/video",
        summary="Judge a clip, or its frames, as one presentation",
        openapi_extra=body_schema(VideoRequest, _VIDEO, VIDEO_BODIES),
        responses=documented("liveness"),
        dependencies=repeated,
    )
    async def video(request: Request, actor: Annotated[str, Depends(key)]) -> VideoAnswer:
        return await _judge_video(services, request, actor)

    @routes.post("/try/liveness/image", include_in_schema=False)
    async def image_of_page(request: Request, actor: Annotated[str, Depends(page)]) -> ImageAnswer:
        return await _judge_images(services, request, actor)

    @routes.post("/try/liveness/video", include_in_schema=False)
    async def video_of_page(request: Request, actor: Annotated[str, Depends(page)]) -> VideoAnswer:
        return await _judge_video(services, request, actor)

    return routes


async def _judge_images(services: Services, request: Request, actor: str) -> ImageAnswer:
    inference, config = services.inference, services.config
    check_place(inference)
    bounds = BodyBounds(config.max_images, config.max_json_bytes)
    fields, media = await read_body(services.bodies, request, ImageRequest, _IMAGES, bounds)
    with place(inference, len(media["images"])) as free:
        options, side_by_side = fields.given(), asyncio.Semaphore(config.workers)
        until = time.monotonic() + config.request_deadline_s  # of all pictures together

        async def judged(number: int, data: bytes) -> LivenessResult:
            async with side_by_side:
                asked = JudgeRequest("image", (data,), options)
                left_s = seconds_left(until, config.request_deadline_s)
                result = await _result(inference, asked, number, left_s)
            free()
            return result

        results = await in_turn(judged(*one) for one in enumerate(media["images"]))
    await _record(services, request, actor, results)
    return ImageAnswer(results=results, request_id=request.state.request_id)


async def _judge_video(services: Services, request: Request, actor: str) -> VideoAnswer:
    inference, config = services.inference, services.config
    check_place(inference)
    bounds = BodyBounds(config.max_video_frames, config.max_json_bytes)
    fields, media = await read_body(services.bodies, request, VideoRequest, _VIDEO, bounds)
    asked = _presentation(fields, media, config.max_video_s)
    with place(inference):
        result = await _result(inference, asked)
    await _record(services, request, actor, [result])
    return VideoAnswer(result=result, request_id=request.state.request_id)


def _presentation(
    fields: VideoRequest, media: Mapping[str, tuple[bytes, ...]], most_s: float
) -> JudgeRequest:
    """Return what a worker is asked about a clip or its frames.

    Raises:
        Problem: The frames cover more seconds than a clip may have.
    """
    if "video" in media:
        return JudgeRequest("video", media["video"], fields.given())
    times = fields.frame_times()
    if times[-1] > most_s:
        name = "frame_rate" if fields.times_s is None else "times_s"
        message = f"the frames may cover {most_s:g} seconds"
        raise Problem("invalid_request", errors=[{"pointer": f"/{name}", "message": message}])
    return JudgeRequest("frames", media["frames"], {**fields.given(), "times_s": times})


async def _result(
    inference: Inference, asked: JudgeRequest, index: int = 0, within_s: float | None = None
) -> LivenessResult:
    answer = await ask(inference, asked, index, within_s)
    return liveness_result(answer.values["document"], answer.queue_ms)


async def _record(
    services: Services, request: Request, actor: str, results: Sequence[LivenessResult]
) -> None:
    """Count the results and write them into the audit log, before they are sent."""
    facts = [
        {"decision": one.decision, "timings": one.timings, "document": one.document}
        for one in results
    ]
    await services.operations.judged(actor, request.state.request_id, facts)
