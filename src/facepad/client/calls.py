"""Requests of the client as values: what is sent, how often, and how the answer is read."""

import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Required, TypedDict, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx2

from facepad.client.answers import (
    JobState,
    LivenessCheck,
    ServiceError,
    parse_error,
    parse_images,
    parse_job,
    parse_video,
)
from facepad.errors import InputError

Media = bytes | bytearray | memoryview | Path
_KEY = re.compile(r"[\x21-\x7e]+", re.ASCII)
LONGEST_PAUSE_S = 30.0
_AGAIN = frozenset({429, 503})
_T = TypeVar("_T")


class CheckParameters(TypedDict, total=False):
    """What may be asked of a check; every field may be left out."""

    tests: Sequence[str]
    operating_point: Literal["convenience", "balanced", "strict"]
    calibration: str
    faces: Literal["largest", "single"]


class CalibrationOptions(TypedDict, total=False):
    """How a camera is calibrated; only ``consent`` must be given, and be true."""

    consent: Required[bool]
    persons: Sequence[str]
    test: str
    fixed_scene: bool
    target_bpcer: float
    self_attacks: bool
    overwrite: bool


@dataclass(frozen=True, slots=True)
class Call(Generic[_T]):
    """One request.

    Attributes:
        method: HTTP method.
        path: Path from the address of the service on.
        parse: Makes the result of the answer's JSON.
        files: Name, and content of each part with media.
        fields: Further parts.
        key: Idempotency key, the same for each repetition; "" for what may be repeated anyway.
    """

    method: str
    path: str
    parse: Callable[[Any], _T]
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""

    def arguments(self, url: str, api_key: str) -> dict[str, Any]:
        """Return the arguments of a request of httpx2.

        Args:
            url: Address of the service, without a slash at its end.
            api_key: API key.
        """
        headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        if self.key:
            headers["Idempotency-Key"] = self.key
        found: dict[str, Any] = {
            "method": self.method,
            "url": f"{url}{self.path}",
            "headers": headers,
        }
        if self.files:
            kind = "application/octet-stream"
            found["files"] = [(name, (name, one, kind)) for name, one in self.files]
            found["data"] = {k: one for k, one in self.fields.items() if one is not None}
        return found


def checked_address(url: str, api_key: str) -> tuple[str, str]:
    """Return the address of a service, without a slash at its end, and the key.

    Raises:
        InputError: One of them cannot be used; the key is not repeated.
    """
    example = "expected an address as http://127.0.0.1:8000"
    try:
        parts = httpx2.URL(url)
    except (httpx2.InvalidURL, TypeError) as error:
        raise InputError(f"{example}, got {reprlib.repr(url)} ({error})") from None
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise InputError(f"{example}, with http:// or https://, got {reprlib.repr(url)}")
    if not isinstance(api_key, str) or not _KEY.fullmatch(api_key):
        raise InputError(
            "the API key holds characters that no key has, such as spaces, line ends or letters "
            "beyond ASCII; expected it as `facepad service apikey create` printed it"
        )
    return url.rstrip("/"), api_key


def images(pictures: Sequence[Media], options: CheckParameters) -> Call[list[LivenessCheck]]:
    """Judge pictures, each by itself."""
    files = _parts("image", pictures)
    return Call("POST", "/v1/liveness/image", parse_images, files, options, uuid4().hex)


def video(clip: Media, options: CheckParameters) -> Call[LivenessCheck]:
    """Judge a clip as one presentation."""
    files = (("video", read(clip)),)
    return Call("POST", "/v1/liveness/video", parse_video, files, options, uuid4().hex)


def frames(
    pictures: Sequence[Media],
    frame_rate: float | None,
    times_s: Iterable[float] | None,
    options: CheckParameters,
) -> Call[LivenessCheck]:
    """Judge the frames of a clip as one presentation."""
    files = _parts("frame", pictures)
    times = None if times_s is None else [float(one) for one in times_s]
    when = {"frame_rate": frame_rate, "times_s": times}
    written = {name: _written(value) for name, value in when.items() if value is not None}
    fields = {**options, **written}
    return Call("POST", "/v1/liveness/video", parse_video, files, fields, uuid4().hex)


def metrics(picture: Media) -> Call[dict[str, float]]:
    """Measure the image-quality metrics of a picture."""
    files = (("image", read(picture)),)
    return Call("POST", "/v1/metrics", lambda one: dict(one["metrics"]), files, {}, uuid4().hex)


def models() -> Call[list[dict[str, Any]]]:
    """List the models."""
    return Call("GET", "/v1/models", lambda one: list(one["models"]))


def calibrations() -> Call[list[dict[str, Any]]]:
    """List the calibrations."""
    return Call("GET", "/v1/calibrations", lambda one: list(one["calibrations"]))


def calibrate(name: str, pictures: Sequence[Media], options: CalibrationOptions) -> Call[JobState]:
    """Make a calibration of bona fide frames of one camera."""
    files = _parts("frame", pictures)
    fields = {"name": name, **{key: _written(value) for key, value in options.items()}}
    return Call("POST", "/v1/calibrations", parse_job, files, fields, uuid4().hex)


def job(job_id: str) -> Call[JobState]:
    """Read the state of a job."""
    return Call("GET", f"/v1/jobs/{quote(job_id, safe='')}", parse_job)


def _parts(name: str, pictures: Sequence[Media]) -> tuple[tuple[str, bytes], ...]:
    """Return the parts of a form that hold pictures.

    Raises:
        InputError: There is none, or one of them is neither bytes nor a path.
        ServiceError: A file cannot be read.
    """
    if isinstance(pictures, str | bytes | bytearray | Path) or not len(pictures):
        raise InputError("expected a list of one picture or more")
    return tuple((name, read(one)) for one in pictures)


def _written(value: object) -> object:
    """Return a value as it stands in a form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ",".join(map(str, value))
    return str(value)


def read(media: Media) -> bytes:
    """Return the bytes of a picture or clip.

    Raises:
        ServiceError: The file cannot be read.
        InputError: It is neither bytes nor a path.
    """
    if isinstance(media, bytes | bytearray | memoryview):
        return bytes(media)
    if not isinstance(media, Path):
        raise InputError(
            f"expected the bytes of a file or a pathlib.Path, got {type(media).__name__}; "
            'for a file write Path("photo.jpg")'
        )
    try:
        return media.read_bytes()
    except OSError as error:
        raise ServiceError(0, "unreadable", f"{media}: {error.strerror}") from error


def result(call: Call[_T], answer: httpx2.Response) -> _T:
    """Return the result of an answer.

    Raises:
        ServiceError: It is an error.
    """
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not answer.is_success:
        raise parse_error(answer.status_code, body, answer.headers.get("retry-after", ""))
    try:
        return call.parse(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise ServiceError(
            answer.status_code, "unknown_answer", "the answer is none of this version of the API"
        ) from error


def unreachable(error: httpx2.TransportError) -> ServiceError:
    """Return the error of a request that got no answer."""
    detail = f"no answer ({type(error).__name__}); is the service running at this address?"
    return ServiceError(0, "unreachable", detail, retry_after_s=1.0)


def pause_s(error: ServiceError, attempt: int, retries: int) -> float | None:
    """Return the seconds until a request is sent again; None for an error to raise.

    Args:
        error: What the last attempt gave.
        attempt: Number of the last attempt, from 0.
        retries: How many attempts may follow the first.
    """
    is_passing = error.status in _AGAIN or error.code in {"unreachable", "idempotency_in_progress"}
    if not is_passing or attempt >= retries:
        return None
    wait = 0.5 * 2**attempt if error.retry_after_s is None else error.retry_after_s
    return min(wait, LONGEST_PAUSE_S)
