"""Ask a worker, and turn what can go wrong into problems."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from facepad.service.problems import Problem, retry_after
from facepad.service.workers.pool import (
    LEAST_SHARE,
    DeadlineExceeded,
    Inference,
    JudgeAnswer,
    NotReady,
    Overloaded,
)
from facepad.service.workers.process import JudgeRequest, WorkerLost

logger = logging.getLogger("facepad.service")
_Result = TypeVar("_Result")


@contextmanager
def place(inference: Inference, presentations: int = 1) -> Iterator[Callable[[], None]]:
    """Take a place for each presentation of a request whose body was read.

    Args:
        inference: The workers.
        presentations: Pictures that are judged by themselves, or 1 for a clip.

    Yields:
        A function that frees the place of one presentation.

    Raises:
        Problem: All places are taken, or no worker is ready.
    """
    try:
        with inference.admitted(presentations) as free:
            yield free
    except Overloaded:
        raise Problem("overloaded", headers=retry_after()) from None
    except NotReady:
        raise Problem("not_ready", headers=retry_after()) from None


def check_place(inference: Inference) -> None:
    """Refuse a request before its body is read where `place` would refuse it now.

    Raises:
        Problem: As `place`.
    """
    with place(inference):
        pass


def seconds_left(until: float, of_s: float) -> float:
    """Return the seconds until the deadline of a request.

    Args:
        until: The deadline, of `time.monotonic`.
        of_s: Seconds that the request has in all.

    Raises:
        Problem: So little is left that a worker would be ended for it.
    """
    left = until - time.monotonic()
    if left < LEAST_SHARE * of_s:
        raise Problem("deadline_exceeded", headers=retry_after())
    return left


async def ask(
    inference: Inference, asked: JudgeRequest, index: int = 0, within_s: float | None = None
) -> JudgeAnswer:
    """Return a worker's answer.

    Args:
        inference: The workers.
        asked: What is asked.
        index: Place of the picture within the request.
        within_s: Seconds until the answer is needed; the setting ``request_deadline_s`` if None.

    Raises:
        Problem: The media cannot be judged, or there was no answer.
    """
    try:
        answer = await inference.judge(asked, within_s)
    except NotReady:
        raise Problem("shutting_down", headers=retry_after()) from None
    except DeadlineExceeded:
        raise Problem("deadline_exceeded", headers=retry_after()) from None
    except WorkerLost:
        raise Problem("worker_lost", headers=retry_after()) from None
    if "code" not in answer.values:
        return answer
    code = str(answer.values["code"])
    if fault := answer.values.get("fault"):
        logger.error("fault", extra={"event": "fault", "fault": fault})
    place = _place(asked.kind, index, answer.values.get("index"))
    detail = str(answer.values.get("detail", ""))
    errors = [{"pointer": place, "message": detail}] if code == "unprocessable_media" else ()
    raise Problem(code, detail, errors=errors)


def _place(kind: str, picture: int, frame: int | None) -> str:
    frames = "/frames" if frame is None else f"/frames/{frame}"
    names = {"image": f"/images/{picture}", "video": "/video", "frames": frames}
    return names.get(kind, "/image")


async def in_turn(work: Iterable[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """Return the results of work that runs side by side; the first error ends all of it."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
