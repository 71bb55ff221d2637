"""The live picture for browsers: drawn and encoded once for all viewers, while there are any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

from facepad.annotating.overlay import OverlayPainter
from facepad.types import RgbImage

if TYPE_CHECKING:
    from facepad.webcam.state import LiveView

MOST_VIEWERS = 4  # browsers open at most six connections to one address
BOUNDARY = "facepad-picture"
MEDIA_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
_QUALITY = 80  # of JPEG
_WAIT_S = 0.5  # for a picture; between two looks whether anybody still wants one
_AGAIN_S = 2.0  # an unchanged picture is sent again after, so that a lost viewer is found


class PagePictures:
    """Gives each viewer the newest picture; a slow one skips those that it has no time for.

    Runs in one event loop; drawing and encoding have a thread. A viewer that does not read delays
    neither the session nor the other viewers.

    Args:
        session: Whose pictures are shown.

    Attributes:
        failure: What ended a thread of the session unexpectedly; None while all is well.
    """

    def __init__(self, session: "LiveView") -> None:
        self._session = session
        self.failure: Exception | None = None
        self._painter: OverlayPainter | None = None
        self._newest = (0, b"")
        self._changed = asyncio.Condition()
        self._drawing: asyncio.Task[None] | None = None
        self._viewers, self._is_closed = 0, False

    @property
    def is_full(self) -> bool:
        """Whether no further viewer is taken."""
        return self._is_closed or self._viewers >= MOST_VIEWERS

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield pictures as the parts of an answer of ``MEDIA_TYPE``, until `close`.

        There are none where other viewers took the last place in the meantime.
        """
        if self.is_full:
            return
        self._viewers += 1
        try:
            if self._drawing is None or self._drawing.done():
                self._newest = (0, b"")  # what was drawn for an earlier viewer is old
                self._drawing = asyncio.create_task(self._draw())
            number = 0
            yield f"--{BOUNDARY}\r\n".encode()
            while await self._wait_for_next(number):
                number, picture = self._newest
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                # With the boundary after it: browsers show a picture once that has come.
                yield head.encode() + picture + f"\r\n--{BOUNDARY}\r\n".encode()
        finally:
            self._viewers -= 1

    async def close(self) -> None:
        """End the answer of each viewer."""
        self._is_closed = True
        async with self._changed:
            self._changed.notify_all()
        if self._drawing is not None:
            await self._drawing

    async def _wait_for_next(self, number: int) -> bool:
        """Wait for a picture after one, or a while; return whether there is one to send."""
        while not self._is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S), self._changed:
                    await self._changed.wait_for(
                        lambda: self._is_closed or self._newest[0] > number
                    )
            if self._newest[1] and not self._is_closed:
                return True
        return False

    async def _draw(self) -> None:
        while self._viewers and not self._is_closed:
            try:
                newest = await asyncio.to_thread(self._drawn_after, self._newest[0])
            except Exception as error:  # noqa: BLE001 - raised again where the server has ended
                self.failure = error
                return
            if newest is not None:
                async with self._changed:
                    self._newest = newest
                    self._changed.notify_all()

    def _drawn_after(self, number: int) -> tuple[int, bytes] | None:
        """Return the next picture's number and JPEG; None where none comes in time."""
        shown = self._session.wait_for(number, _WAIT_S)
        if shown is None:
            return None
        size = (shown.picture.shape[1], shown.picture.shape[0])
        if self._painter is None or self._painter.size != size:
            self._painter = OverlayPainter(size)
        return shown.number, _jpeg(self._painter.drawn(shown.picture, shown.overlay))


def _jpeg(image: RgbImage) -> bytes:
    from facepad.opencv import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    return bytes(data)
