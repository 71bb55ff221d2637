"""What goes over the wire: answers, and the service's words for a decision."""

import base64
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from facepad.reasons import REASONS, Outcome, Reason
from facepad.service.examples import (
    CALIBRATION,
    JOB,
    MODEL,
    REQUEST_ID,
    RESULT,
    TEST,
)


def _example(**values: Any) -> ConfigDict:  # noqa: ANN401 - values of JSON
    return ConfigDict(json_schema_extra={"examples": [{**values, "request_id": REQUEST_ID}]})


Word = Literal["live", "spoof", "uncertain", "no_response"]
# The one place where outcomes get the words of services.
WORDS: Mapping[Outcome, Word] = MappingProxyType(
    {
        Outcome.BONA_FIDE: "live",
        Outcome.ATTACK: "spoof",
        Outcome.UNCERTAIN: "uncertain",
        Outcome.NON_RESPONSE: "no_response",
    }
)
_ASK = "ask the operator of this camera"
_CALIBRATE = "calibrate the camera with POST /v1/calibrations, and name it in each check"
# Reasons that no person before the camera can do anything about.
OPERATOR_ADVICE: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.UNFAMILIAR_CAMERA: _CALIBRATE,
        Reason.UNCALIBRATED_CAMERA: _CALIBRATE,
        Reason.NO_THRESHOLD: f"{_CALIBRATE}; or give the network's description a threshold",
        Reason.NO_COLOUR: "use a colour camera",
        Reason.FRAME_RATE_TOO_LOW: "use a faster camera",
        Reason.NO_DEPTH: "use a camera that measures depth",
    }
)
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class FaceBox(BaseModel):
    """Where the judged face is, in shares of the picture's width and height."""

    left: Share
    top: Share
    width: Share
    height: Share


class ReasonEntry(BaseModel):
    """Why the decision is not simply live or spoof."""

    code: str = Field(examples=["too_dark"])
    text: str = Field(examples=["too dark"])
    advice: str = Field(description="What to say to the person; may be empty.")
    operator_advice: str = Field(
        default="", description="What the operator of the camera can do; may be empty."
    )


class LivenessResult(BaseModel):
    """The decision on one presentation."""

    decision: Word
    assurance: Literal["passive_only"] = Field(
        description="Nothing here shows that the media are fresh: replayed or injected media are "
        "judged as they are.",
    )
    score: Share | None = Field(description="Higher for live; null without a score.")
    reasons: list[ReasonEntry]
    face: FaceBox | None
    timings: dict[str, float] = Field(description="Milliseconds by step.")
    document: dict[str, Any] = Field(
        description="What `facepad check --json` prints for the same bytes."
    )


class ImageAnswer(BaseModel):
    """Results in the order of the pictures."""

    model_config = _example(results=[RESULT])

    results: list[LivenessResult]
    request_id: str


class VideoAnswer(BaseModel):
    """The result of the presentation."""

    model_config = _example(result=RESULT)

    result: LivenessResult
    request_id: str


class MetricsAnswer(BaseModel):
    """The metrics of a picture, at its own size."""

    model_config = _example(
        width=512, height=512, metrics={"mse": 8.66, "psnr": 38.75, "niqe": 3.9}
    )

    width: int
    height: int
    metrics: dict[str, float]
    request_id: str


class LivenessTestEntry(BaseModel):
    """A liveness test."""

    name: str
    decides_by_default: bool
    shown_by_default: bool
    adds_to_clips_by_default: bool


class ModelEntry(BaseModel):
    """A model file."""

    name: str
    version: str
    format: str
    sha256: str
    licence: str
    research_use: bool
    present: bool


class ModelsAnswer(BaseModel):
    """All liveness tests and model files."""

    model_config = _example(tests=[TEST], models=[MODEL])

    tests: list[LivenessTestEntry]
    models: list[ModelEntry]
    request_id: str


class CalibrationEntry(BaseModel):
    """A calibration of a camera; of a damaged one only the name is known."""

    name: str
    damaged: bool = False
    version: str | None = None
    test: str | None = None
    frames: int | None = None
    made_of: str | None = Field(
        default=None, description="Whether of several people or of one person."
    )
    fixed_scene: bool | None = None
    saved_at: datetime | None = None


class CalibrationsAnswer(BaseModel):
    """All calibrations."""

    model_config = _example(calibrations=[CALIBRATION])

    calibrations: list[CalibrationEntry]
    request_id: str


class JobAnswer(BaseModel):
    """How far a job is."""

    model_config = _example(**JOB)

    job_id: str
    kind: str
    status: Literal["queued", "running", "done", "failed"]
    created_at: datetime
    finished_at: datetime | None
    result: dict[str, Any] | None = Field(description="Once it is done.")
    problem: str | None = Field(description="Code of what went wrong, once it failed.")
    detail: str | None
    request_id: str


class FieldError(BaseModel):
    """A field that is wrong."""

    pointer: str = Field(description="JSON pointer to the field.")
    message: str


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)


def liveness_result(document: Mapping[str, Any], queue_ms: float) -> LivenessResult:
    """Return the answer for a document of `facepad check --json`."""
    times = {f"{step}_ms": ms for step, ms in document["timings_ms"].items()}
    return LivenessResult(
        decision=WORDS[Outcome(document["outcome"])],
        assurance="passive_only",
        score=document["score"],
        reasons=[_reason(code) for code in document["reasons"]],
        face=_face_box(document["face"], document["source_size"]),
        timings={"queue_ms": round(queue_ms, 2), **times},
        document=dict(document),
    )


def place_of_job(job_id: str) -> str:
    """Return the path of a job, for the header Location."""
    return f"/v1/jobs/{job_id}"


def decoded(text: str, pointer: str) -> bytes:
    """Return the bytes of base64 text.

    Raises:
        ValueError: It is none; the message is the pointer.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also of text that is not ASCII
        raise ValueError(pointer) from None


def _reason(code: str) -> ReasonEntry:
    meant = REASONS[Reason(code)]
    if Reason(code) not in OPERATOR_ADVICE:
        return ReasonEntry(code=code, text=meant.words, advice=meant.advice)
    advice = OPERATOR_ADVICE[Reason(code)]
    return ReasonEntry(code=code, text=meant.words, advice=_ASK, operator_advice=advice)


def _face_box(face: Mapping[str, Any] | None, size: tuple[int, int]) -> FaceBox | None:
    if face is None:
        return None
    (left, top, right, bottom), (width, height) = face["box"], size
    shares = left / width, top / height, (right - left) / width, (bottom - top) / height
    names = ("left", "top", "width", "height")
    return FaceBox(**{name: round(one, 4) for name, one in zip(names, shares, strict=True)})
