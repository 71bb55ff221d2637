"""The live picture for browsers: one drawing for all viewers, and none waits for another."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from facepad.webcam import page_pictures
from facepad.webcam.page_pictures import BOUNDARY, MOST_VIEWERS, PagePictures
from facepad.webcam.state import CameraStatus, Shown
from made_up_live import MadeUpLive


class CountingLive(MadeUpLive):
    """Notes the numbers that it was asked for."""

    def __init__(self) -> None:
        super().__init__(rate=100.0)
        self.numbers: list[int] = []

    def wait_for(self, number: int, timeout_s: float) -> Shown | None:
        self.numbers.append(number)
        return super().wait_for(number, timeout_s)


def watched(watch: Callable[[PagePictures], Awaitable[Any]], live: MadeUpLive) -> Any:  # noqa: ANN401
    """Run what watches the pictures of a view, and close them."""

    async def run() -> Any:  # noqa: ANN401
        pictures = PagePictures(cast("Any", live))
        try:
            return await watch(pictures)
        finally:
            await pictures.close()

    return asyncio.run(run())


async def opened(pictures: PagePictures) -> AsyncIterator[bytes]:
    """Begin an answer and pass its first boundary."""
    parts = pictures.parts()
    assert await anext(parts) == f"--{BOUNDARY}\r\n".encode()
    return parts


def picture(part: bytes) -> Image.Image:
    head, _, rest = part.partition(b"\r\n\r\n")
    data = rest.removesuffix(f"\r\n--{BOUNDARY}\r\n".encode())
    assert f"Content-Length: {len(data)}".encode() in head
    return Image.open(BytesIO(data))


def test_each_part_is_a_whole_picture_and_pictures_move() -> None:
    async def watch(pictures: PagePictures) -> list[bytes]:
        parts = await opened(pictures)
        return [await anext(parts) for _ in range(3)]

    first, *_, last = (picture(part) for part in watched(watch, MadeUpLive()))
    assert (first.format, first.size) == ("JPEG", (640, 480))
    assert np.abs(np.asarray(first, float) - np.asarray(last, float)).max() > 100


def test_pictures_are_drawn_once_for_all_viewers_and_a_slow_one_skips() -> None:
    live = CountingLive()

    async def watch(pictures: PagePictures) -> int:
        slow, quick = await opened(pictures), await opened(pictures)
        before = await anext(slow)
        seen = [await anext(quick) for _ in range(10)]
        assert await anext(slow) == seen[-1] != before  # nothing between was kept for it
        return len(seen)

    assert watched(watch, live) == 10
    assert len(live.numbers) == len(set(live.numbers)) <= 13


def test_nothing_is_drawn_while_nobody_looks() -> None:
    live = CountingLive()

    async def watch(pictures: PagePictures) -> None:
        parts = await opened(pictures)
        await anext(parts)
        await cast("Any", parts).aclose()
        await asyncio.sleep(0.1)
        asked = len(live.numbers)
        await asyncio.sleep(0.1)
        assert len(live.numbers) == asked
        await anext(await opened(pictures))  # and again for the next viewer
        assert len(live.numbers) > asked

    watched(watch, live)


def test_places_of_viewers_are_bounded_and_freed() -> None:
    async def watch(pictures: PagePictures) -> None:
        viewers = [await opened(pictures) for _ in range(MOST_VIEWERS)]
        assert pictures.is_full
        await cast("Any", viewers.pop()).aclose()
        assert not pictures.is_full

    watched(watch, MadeUpLive())


def test_answers_that_begin_at_the_same_time_share_the_places() -> None:
    async def watch(pictures: PagePictures) -> list[bytes]:
        answers = [pictures.parts() for _ in range(MOST_VIEWERS + 3)]
        assert not pictures.is_full  # none of them has begun
        return [await anext(parts, b"") for parts in answers]

    assert sum(part != b"" for part in watched(watch, MadeUpLive())) == MOST_VIEWERS


def test_closing_ends_every_answer() -> None:
    async def watch(pictures: PagePictures) -> None:
        parts = await opened(pictures)
        rest = asyncio.create_task(anext(parts, b""))
        await pictures.close()
        await rest
        assert [part async for part in parts] == []
        assert pictures.is_full

    watched(watch, MadeUpLive())


def test_an_unchanged_picture_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pictures, "_AGAIN_S", 0.05)
    live = MadeUpLive()
    camera = replace(live.now.camera, status=CameraStatus.PAUSED)
    live.now = replace(live.now, camera=camera)

    async def watch(pictures: PagePictures) -> None:
        parts = await opened(pictures)
        assert await anext(parts) == await anext(parts)

    watched(watch, live)


def test_what_ends_a_view_unexpectedly_is_kept() -> None:
    async def watch(pictures: PagePictures) -> Exception | None:
        parts = await opened(pictures)
        ended = asyncio.create_task(anext(parts, b""))
        while pictures.failure is None:
            await asyncio.sleep(0.01)
        await pictures.close()
        assert await ended == b""
        return pictures.failure

    failure = RuntimeError("a thread ended")
    assert watched(watch, MadeUpLive(failure=failure)) is failure
