"""``POST /v1/liveness/image`` and ``/v1/liveness/video``: stateless, passive checks."""

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from facepad.service.access import Access
from facepad.service.bodies import read_body
from facepad.service.config import ServiceConfig
from facepad.service.inference import Inference, JudgeRequest
from facepad.service.judging import ask, check_place, in_turn, place
from facepad.service.operations import Operations
from facepad.service.problems import documented
from facepad.service.repeats import RepeatableRoute, Repeats
from facepad.service.wire import (
    ImageAnswer,
    ImageRequest,
    LivenessResult,
    VideoAnswer,
    VideoRequest,
    body_schema,
    liveness_result,
)

SCOPE = "liveness:write"
_FRAME_RATE = 10.0  # frames per second of frames that come without a rate
_IMAGES = {"images": "image"}
_VIDEO = {"video": "video", "frames": "frame"}


def router(
    inference: Inference,
    access: Access,
    config: ServiceConfig,
    *,
    operations: Operations,
    repeats: Repeats,
) -> APIRouter:
    """Make the routes; those below ``/try`` are for the page of the service."""
    routes = APIRouter(tags=["liveness"], route_class=RepeatableRoute)

    async def judge_images(actor: str, request: Request) -> ImageAnswer:
        with place(inference):
            fields, media = await read_body(request, ImageRequest, _IMAGES, config.max_images)
            options, side_by_side = fields.given(), asyncio.Semaphore(config.workers)

            async def judged(number: int, data: bytes) -> LivenessResult:
                async with side_by_side:
                    return await _result(inference, JudgeRequest("image", (data,), options), number)

            results = await in_turn(judged(*one) for one in enumerate(media["images"]))
        request_id = request.state.request_id
        await operations.judged(actor, request_id, [vars(one) for one in results])
        return ImageAnswer(results=results, request_id=request_id)

    async def judge_video(actor: str, request: Request) -> VideoAnswer:
        with place(inference):
            most = config.max_video_frames
            fields, media = await read_body(request, VideoRequest, _VIDEO, most)
            options: dict[str, Any] = fields.given()
            if "video" in media:
                asked = JudgeRequest("video", media["video"], options)
            else:
                rate = fields.frame_rate or _FRAME_RATE
                asked = JudgeRequest("frames", media["frames"], {**options, "frame_rate": rate})
            result = await _result(inference, asked)
        request_id = request.state.request_id
        await operations.judged(actor, request_id, [vars(result)])
        return VideoAnswer(result=result, request_id=request_id)

    key, page = access.key(SCOPE), access.page_or_key(SCOPE)
    once = [Depends(repeats.of(key, partial(check_place, inference)))]

    @routes.post(
        "/v1/liveness/image",
        summary="Judge pictures, each by itself",
        openapi_extra=body_schema(ImageRequest, _IMAGES),
        responses=documented("liveness"),
        dependencies=once,
    )
    async def image(request: Request, actor: Annotated[str, Depends(key)]) -> ImageAnswer:
        return await judge_images(actor, request)

    @routes.post(
        "/v1/liveness/video",
        summary="Judge a clip, or its frames, as one presentation",
        openapi_extra=body_schema(VideoRequest, _VIDEO),
        responses=documented("liveness"),
        dependencies=once,
    )
    async def video(request: Request, actor: Annotated[str, Depends(key)]) -> VideoAnswer:
        return await judge_video(actor, request)

    @routes.post("/try/liveness/image", include_in_schema=False)
    async def image_of_page(request: Request, actor: Annotated[str, Depends(page)]) -> ImageAnswer:
        return await judge_images(actor, request)

    @routes.post("/try/liveness/video", include_in_schema=False)
    async def video_of_page(request: Request, actor: Annotated[str, Depends(page)]) -> VideoAnswer:
        return await judge_video(actor, request)

    return routes


async def _result(inference: Inference, asked: JudgeRequest, index: int = 0) -> LivenessResult:
    answer = await ask(inference, asked, index)
    return liveness_result(answer.values["document"], answer.queue_ms)
