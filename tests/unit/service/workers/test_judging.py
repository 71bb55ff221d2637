"""What a worker answered becomes a problem that names the picture, where that is known."""

import asyncio
from typing import Any, cast

import pytest

from facepad.service.problems import Problem
from facepad.service.workers.judging import ask
from facepad.service.workers.pool import Inference, JudgeAnswer
from facepad.service.workers.process import JudgeRequest


class Answering:
    """Workers that have one answer."""

    def __init__(self, **values: Any) -> None:  # noqa: ANN401
        self._values = values

    async def judge(self, request: JudgeRequest, _: float | None = None) -> JudgeAnswer:
        assert request.kind
        return JudgeAnswer(self._values, 0.0, 0.0)


@pytest.mark.parametrize(
    ("kind", "index", "pointer"),
    [
        ("image", None, "/images/2"),
        ("video", None, "/video"),
        ("frames", 3, "/frames/3"),
        ("frames", None, "/frames"),
        ("metrics", None, "/image"),
    ],
)
def test_media_that_cannot_be_judged_are_named(kind: str, index: int | None, pointer: str) -> None:
    workers = Answering(code="unprocessable_media", detail="It is damaged.", index=index)
    asked = JudgeRequest(kind, (b"",))
    with pytest.raises(Problem) as caught:
        asyncio.run(ask(cast(Inference, workers), asked, 2))
    assert caught.value.status == 422
    assert caught.value.errors == ({"pointer": pointer, "message": "It is damaged."},)
