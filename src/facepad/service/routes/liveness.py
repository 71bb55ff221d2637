"""``POST /v1/liveness/image`` and ``/v1/liveness/video``: stateless, passive checks."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from facepad.service.problems import documented
from facepad.service.repeats import RepeatableRoute
from facepad.service.requests.bodies import body_schema, read_body
from facepad.service.services import Services
from facepad.service.wire import (
    ImageAnswer,
    ImageRequest,
    LivenessResult,
    VideoAnswer,
    VideoRequest,
    liveness_result,
)
from facepad.service.workers.judging import ask, check_place, in_turn, place
from facepad.service.workers.pool import Inference
from facepad.service.workers.process import JudgeRequest

SCOPE = "liveness:write"
_FRAME_RATE = 10.0  # frames per second of frames that come without a rate
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
        openapi_extra=body_schema(VideoRequest, _VIDEO),
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
    with services.bodies.reading(request):
        fields, media = await read_body(request, ImageRequest, _IMAGES, config.max_images)
    with place(inference):
        options, side_by_side = fields.given(), asyncio.Semaphore(config.workers)

        async def judged(number: int, data: bytes) -> LivenessResult:
            async with side_by_side:
                return await _result(inference, JudgeRequest("image", (data,), options), number)

        results = await in_turn(judged(*one) for one in enumerate(media["images"]))
    await _record(services, request, actor, results)
    return ImageAnswer(results=results, request_id=request.state.request_id)


async def _judge_video(services: Services, request: Request, actor: str) -> VideoAnswer:
    inference, config = services.inference, services.config
    check_place(inference)
    with services.bodies.reading(request):
        fields, media = await read_body(request, VideoRequest, _VIDEO, config.max_video_frames)
    with place(inference):
        options: dict[str, Any] = fields.given()
        if "video" in media:
            asked = JudgeRequest("video", media["video"], options)
        else:
            rate = fields.frame_rate or _FRAME_RATE
            asked = JudgeRequest("frames", media["frames"], {**options, "frame_rate": rate})
        result = await _result(inference, asked)
    await _record(services, request, actor, [result])
    return VideoAnswer(result=result, request_id=request.state.request_id)


async def _result(inference: Inference, asked: JudgeRequest, index: int = 0) -> LivenessResult:
    answer = await ask(inference, asked, index)
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
