"""The clients: the same methods, sync and async."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import httpx2

from facepad.client import calls
from facepad.client.answers import JobState, LivenessCheck, ServiceError
from facepad.client.calls import CalibrationOptions, Call, CheckParameters, Media

_T = TypeVar("_T")
_BETWEEN_S = 0.5  # two looks at a job


class Client:
    """A client of the service."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = 60.0,
        retries: int = 3,
        http: httpx2.Client | None = None,
    ) -> None:
        """Make a client; it connects at the first request.

        Args:
            url: Address of the service, as "http://127.0.0.1:8000".
            key: API key.
            timeout_s: Seconds that one attempt may take.
            retries: How often a request is sent again while the service is busy or away. The
                service judges a repeated request once only.
            http: Another client of httpx2, for proxies and tests; ``url`` holds for it, too.

        Raises:
            InputError: The address or the key cannot be used.
        """
        (self._url, self._key), self._retries = calls.checked_address(url, key), retries
        self._http = http or httpx2.Client(timeout=timeout_s)

    def image(self, picture: Media, **options: Unpack[CheckParameters]) -> LivenessCheck:
        """Judge a picture.

        Args:
            picture: The bytes of a file, or its path.
            options: As `CheckParameters`.

        Raises:
            ServiceError: The service answered with an error, or not at all.
            InputError: The picture is neither bytes nor a path.
        """
        return self._result(calls.images([picture], options))[0]

    def images(
        self, pictures: Sequence[Media], **options: Unpack[CheckParameters]
    ) -> list[LivenessCheck]:
        """Judge pictures, each by itself, in one request.

        Args:
            pictures: Files or bytes.
            options: As `CheckParameters`.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.images(pictures, options))

    def video(self, clip: Media, **options: Unpack[CheckParameters]) -> LivenessCheck:
        """Judge a clip as one presentation.

        Args:
            clip: The bytes of a file, or its path.
            options: As `CheckParameters`.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.video(clip, options))

    def frames(
        self,
        pictures: Sequence[Media],
        frame_rate: float | None = None,
        times_s: Iterable[float] | None = None,
        **options: Unpack[CheckParameters],
    ) -> LivenessCheck:
        """Judge the frames of a clip as one presentation.

        Args:
            pictures: Frames in order.
            frame_rate: Frames per second of frames that are equally spaced; 10 if None.
            times_s: In place of ``frame_rate``: the time of each frame in seconds, rising, from
                any value on.
            options: As `CheckParameters`.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.frames(pictures, frame_rate, times_s, options))

    def metrics(self, picture: Media) -> dict[str, float]:
        """Measure the image-quality metrics of a picture.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.metrics(picture))

    def models(self) -> list[dict[str, Any]]:
        """List the models.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.models())

    def calibrations(self) -> list[dict[str, Any]]:
        """List the calibrations.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.calibrations())

    def calibrate(
        self, name: str, pictures: Sequence[Media], **options: Unpack[CalibrationOptions]
    ) -> JobState:
        """Begin to make a calibration of frames of one camera.

        Args:
            name: Name of the calibration.
            pictures: Bona fide frames, of people who agreed.
            options: As `CalibrationOptions`; ``consent=True`` must be among them.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.calibrate(name, pictures, options))

    def job(self, job_id: str) -> JobState:
        """Read the state of a job.

        Raises:
            ServiceError: As `image`.
        """
        return self._result(calls.job(job_id))

    def wait(self, job: JobState, within_s: float = 300.0) -> JobState:
        """Return a job when it has ended.

        Raises:
            ServiceError: As `image`, or it has not ended in time.
        """
        until = time.monotonic() + within_s
        while not job.is_over:
            if time.monotonic() > until:
                raise _late(job, within_s)
            time.sleep(_BETWEEN_S)
            job = self.job(job.id)
        return job

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client, which is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.close()

    def _result(self, call: Call[_T]) -> _T:
        attempt = 0
        while True:
            try:
                return calls.result(
                    call, self._http.request(**call.arguments(self._url, self._key))
                )
            except httpx2.TransportError as error:
                failure = calls.unreachable(error)
            except ServiceError as error:
                failure = error
            if (pause := calls.pause_s(failure, attempt, self._retries)) is None:
                raise failure
            time.sleep(pause)
            attempt += 1


class AsyncClient:
    """A client of the service for asyncio; as `Client`, with ``await``."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = 60.0,
        retries: int = 3,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        """Make a client; arguments and errors as of `Client`."""
        (self._url, self._key), self._retries = calls.checked_address(url, key), retries
        self._http = http or httpx2.AsyncClient(timeout=timeout_s)

    async def image(self, picture: Media, **options: Unpack[CheckParameters]) -> LivenessCheck:
        """Judge a picture; as `Client.image`."""
        return (await self._result(calls.images([picture], options)))[0]

    async def images(
        self, pictures: Sequence[Media], **options: Unpack[CheckParameters]
    ) -> list[LivenessCheck]:
        """Judge pictures, each by itself; as `Client.images`."""
        return await self._result(calls.images(pictures, options))

    async def video(self, clip: Media, **options: Unpack[CheckParameters]) -> LivenessCheck:
        """Judge a clip as one presentation; as `Client.video`."""
        return await self._result(calls.video(clip, options))

    async def frames(
        self,
        pictures: Sequence[Media],
        frame_rate: float | None = None,
        times_s: Iterable[float] | None = None,
        **options: Unpack[CheckParameters],
    ) -> LivenessCheck:
        """Judge the frames of a clip as one presentation; as `Client.frames`."""
        return await self._result(calls.frames(pictures, frame_rate, times_s, options))

    async def metrics(self, picture: Media) -> dict[str, float]:
        """Measure the image-quality metrics of a picture; as `Client.metrics`."""
        return await self._result(calls.metrics(picture))

    async def models(self) -> list[dict[str, Any]]:
        """List the models; as `Client.models`."""
        return await self._result(calls.models())

    async def calibrations(self) -> list[dict[str, Any]]:
        """List the calibrations; as `Client.calibrations`."""
        return await self._result(calls.calibrations())

    async def calibrate(
        self, name: str, pictures: Sequence[Media], **options: Unpack[CalibrationOptions]
    ) -> JobState:
        """Begin to make a calibration; as `Client.calibrate`."""
        return await self._result(calls.calibrate(name, pictures, options))

    async def job(self, job_id: str) -> JobState:
        """Read the state of a job; as `Client.job`."""
        return await self._result(calls.job(job_id))

    async def wait(self, job: JobState, within_s: float = 300.0) -> JobState:
        """Return a job when it has ended; as `Client.wait`."""
        until = time.monotonic() + within_s
        while not job.is_over:
            if time.monotonic() > until:
                raise _late(job, within_s)
            await asyncio.sleep(_BETWEEN_S)
            job = await self.job(job.id)
        return job

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client, which is closed at the end of the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.close()

    async def _result(self, call: Call[_T]) -> _T:
        attempt = 0
        while True:
            try:
                answer = await self._http.request(**call.arguments(self._url, self._key))
                return calls.result(call, answer)
            except httpx2.TransportError as error:
                failure = calls.unreachable(error)
            except ServiceError as error:
                failure = error
            if (pause := calls.pause_s(failure, attempt, self._retries)) is None:
                raise failure
            await asyncio.sleep(pause)
            attempt += 1


def _late(job: JobState, within_s: float) -> ServiceError:
    detail = f"the job is {job.status} after {within_s:g} s; read it again with job({job.id!r})"
    return ServiceError(0, "timeout", detail)
