"""What the service answers, as values with types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from facepad.errors import FacepadError


class ServiceError(FacepadError):
    """The service answered with an error, or not at all.

    Attributes:
        status: HTTP status; 0 without an answer.
        code: Stable code, as "overloaded"; "unreachable" without an answer.
        detail: What is wrong, for people.
        request_id: Id of the request in the logs of the service; "" if it has none.
        retry_after_s: Seconds after which to try again; None where trying again is no use.
        errors: Fields that are wrong: JSON pointer and message of each.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        request_id: str = "",
        retry_after_s: float | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """Make an error of its parts."""
        fields = "".join(f"; {one.get('pointer')}: {one.get('message')}" for one in errors)
        super().__init__(f"{code} ({status}): {detail}{fields}")
        self.status, self.code, self.detail = status, code, detail
        self.request_id, self.retry_after_s, self.errors = request_id, retry_after_s, tuple(errors)


@dataclass(frozen=True, slots=True)
class CheckReason:
    """Why a decision is not simply live or spoof.

    Attributes:
        code: Stable code, as "too_dark".
        text: What is the matter.
        advice: What to tell the person; may be "".
        operator_advice: What the operator of the camera can do; may be "".
    """

    code: str
    text: str
    advice: str
    operator_advice: str = ""


@dataclass(frozen=True, slots=True)
class FaceArea:
    """Where the judged face is, in shares of the picture's width and height.

    Attributes:
        left: Left edge, 0 to 1.
        top: Upper edge, 0 to 1.
        width: Width, 0 to 1.
        height: Height, 0 to 1.
    """

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class LivenessCheck:
    """The decision on one presentation.

    Attributes:
        decision: "live", "spoof", "uncertain" or "no_response".
        score: Between 0 and 1, higher for live; None without one.
        reasons: Why, with advice for the person.
        face: Where the face is; None if none was found.
        timings_ms: Milliseconds by step.
        assurance: "passive_only": nothing shows that the media are fresh.
        document: As ``facepad check --json`` prints it.
        request_id: Id of the request in the logs of the service.
    """

    decision: str
    score: float | None
    reasons: tuple[CheckReason, ...]
    face: FaceArea | None
    timings_ms: Mapping[str, float] = field(hash=False)
    assurance: str
    document: Mapping[str, Any] = field(hash=False, repr=False)
    request_id: str

    @property
    def is_live(self) -> bool:
        """Whether the decision is "live"; everything else, also no decision, is not."""
        return self.decision == "live"

    def __bool__(self) -> NoReturn:
        """Refuse: ``if check:`` would accept every check that was made."""
        raise TypeError("a LivenessCheck has no truth value; use check.is_live")


@dataclass(frozen=True, slots=True)
class JobState:
    """A job of the service, such as a calibration.

    Attributes:
        id: Id of the job.
        status: "queued", "running", "done" or "failed".
        result: What it made; None before its end.
        problem: Code of what went wrong; None if nothing did.
        detail: What went wrong, for people; may be None.
    """

    id: str
    status: str
    result: Mapping[str, Any] | None = field(default=None, hash=False)
    problem: str | None = None
    detail: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status in {"done", "failed"}


def parse_check(values: Mapping[str, Any], request_id: str) -> LivenessCheck:
    """Return one result of an answer; fields that this version does not know are left out."""
    face = values["face"]
    return LivenessCheck(
        values["decision"],
        values["score"],
        tuple(
            CheckReason(one["code"], one["text"], one["advice"], one.get("operator_advice", ""))
            for one in values["reasons"]
        ),
        None if face is None else FaceArea(*(face[n] for n in FaceArea.__slots__)),
        dict(values["timings"]),
        values["assurance"],
        values["document"],
        request_id,
    )


def parse_images(answer: Mapping[str, Any]) -> list[LivenessCheck]:
    """Return the results of ``POST /v1/liveness/image``, in the order of the pictures."""
    return [parse_check(one, answer["request_id"]) for one in answer["results"]]


def parse_video(answer: Mapping[str, Any]) -> LivenessCheck:
    """Return the result of ``POST /v1/liveness/video``."""
    return parse_check(answer["result"], answer["request_id"])


def parse_job(answer: Mapping[str, Any]) -> JobState:
    """Return a job."""
    fields = (answer.get(name) for name in ("result", "problem", "detail"))
    return JobState(answer["job_id"], answer["status"], *fields)


def parse_error(status: int, body: object, retry_after: str) -> ServiceError:
    """Return the error of an answer that is none of success.

    Args:
        status: HTTP status.
        body: Its JSON; anything else when a proxy answered.
        retry_after: Header Retry-After.
    """
    values = body if isinstance(body, dict) else {}
    wait = float(retry_after) if retry_after.isdecimal() else None
    return ServiceError(
        status,
        str(values.get("code", "no_problem_document")),
        str(values.get("detail", "the answer is no problem document; is a proxy in between?")),
        request_id=str(values.get("request_id", "")),
        retry_after_s=wait,
        errors=values.get("errors", ()),
    )
