"""Fields of requests: what may be asked, and what each field may hold."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationInfo,
    field_validator,
    model_validator,
)

from facepad import registry

MOST_TESTS = 8
NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"  # of a calibration
LEAST_STEP_S = 0.001  # from frame to frame; no camera is faster
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)  # in a form
DEFAULT_RATE = 10.0  # frames per second of frames that come without times and without a rate
Base64 = Annotated[str, Field(min_length=4, json_schema_extra={"contentEncoding": "base64"})]


def _plain_number(value: object) -> object:
    """Refuse what Python takes for a number and JSON does not: true, "1_0", " 1"."""
    is_word = isinstance(value, str) and not _NUMBER.fullmatch(value)
    if is_word or isinstance(value, bool):
        raise ValueError("expected a finite number")
    return value


_PLAIN = BeforeValidator(_plain_number)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: object) -> object:
        # Names the fields that there are; the name of an unknown one is an input.
        if isinstance(values, Mapping) and not set(values) <= set(cls.model_fields):
            raise ValueError(f"unknown field; known: {', '.join(sorted(cls.model_fields))}")
        return values


class LivenessOptions(_Request):
    """What is asked of a check; every field may be left out."""

    tests: Annotated[list[str], Field(min_length=1, max_length=MOST_TESTS)] | None = Field(
        default=None,
        description="Names of the liveness tests that decide, as GET /v1/models lists them; "
        f"default: {', '.join(registry.DEFAULT_TESTS)}, and for clips also "
        f"{', '.join(registry.DEFAULT_CLIP_TESTS)}.",
        examples=[list(registry.DEFAULT_TESTS)],
    )
    operating_point: Literal["convenience", "balanced", "strict"] | None = Field(
        default=None, description="How cautious to be; strict accepts the fewest attacks."
    )
    calibration: Annotated[str, Field(pattern=NAME)] | None = Field(
        default=None,
        description="Name of the camera's calibration; its test decides, clip tests add to it.",
    )
    faces: Literal["largest", "single"] | None = Field(
        default=None, description="Which face of several is judged; single for a gate."
    )

    @field_validator("tests")
    @classmethod
    def _known(cls, value: list[str] | None) -> list[str] | None:
        known = registry.names("liveness_tests")
        if value is not None and not set(value) <= set(known):
            raise ValueError(f"unknown test; known: {', '.join(known)}")
        if value is not None and len(set(value)) < len(value):
            raise ValueError("a test is named twice")
        return value

    def given(self) -> dict[str, Any]:
        """Return the options that were given."""
        return self.model_dump(include=set(LivenessOptions.model_fields), exclude_none=True)


class ImageRequest(LivenessOptions):
    """Pictures, each a presentation with its own result."""

    images: Annotated[list[Base64], Field(min_length=1)] = Field(
        description="Pictures (JPEG, PNG or WebP), in base64."
    )


class VideoRequest(LivenessOptions):
    """One presentation: a clip, or its frames."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["video"]}, {"required": ["frames"]}]}
    )

    video: Base64 | None = Field(default=None, description="A clip (MP4 or WebM), in base64.")
    frames: Annotated[list[Base64], Field(min_length=1)] | None = Field(
        default=None, description="Frames in order (JPEG, PNG or WebP), in base64."
    )
    frame_rate: Annotated[float, Field(gt=0.0, le=240.0), _PLAIN] | None = Field(
        default=None,
        description=f"Frames per second of `frames` that are equally spaced; default "
        f"{DEFAULT_RATE:g}.",
    )
    times_s: Annotated[list[Annotated[FiniteFloat, _PLAIN]], Field(min_length=1)] | None = Field(
        default=None,
        description="In place of `frame_rate`: the time of each of `frames` in seconds. The times "
        "rise by 0.001 or more from frame to frame, need not be equally spaced and start at any "
        "value.",
        examples=[[0.0, 0.48, 1.13]],
    )

    @field_validator("frame_rate", "times_s")
    @classmethod
    def _of_frames(cls, value: Any, others: ValidationInfo) -> Any:  # noqa: ANN401 - one of both
        if value is not None and others.data.get("frames", ...) is None:
            raise ValueError("expected with frames only")
        return value

    @field_validator("times_s")
    @classmethod
    def _rising(cls, value: list[float] | None, others: ValidationInfo) -> list[float] | None:
        frames = others.data.get("frames")
        if value is None or frames is None:
            return value
        if others.data.get("frame_rate") is not None:
            raise ValueError("send times_s or frame_rate, not both")
        return since_first(value, len(frames))

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.video is None) == (self.frames is None):
            raise ValueError("send either a video or frames")
        return self

    def frame_times(self) -> list[float]:
        """Return the time of each frame, in seconds since the first; none for a clip."""
        if self.times_s is not None:
            return self.times_s
        rate = self.frame_rate or DEFAULT_RATE
        return [number / rate for number in range(len(self.frames or ()))]


class MetricsRequest(_Request):
    """One picture."""

    image: Base64 = Field(description="A picture (JPEG, PNG or WebP), in base64.")


class CalibrationRequest(_Request):
    """Bona fide frames of a camera, taken on the operator's side."""

    name: Annotated[str, Field(pattern=NAME)] = Field(examples=["kiosk-7"])
    frames: Annotated[list[Base64], Field(min_length=3)] = Field(
        description="Frames of the camera (JPEG, PNG or WebP), in base64; 10 to 20 are best."
    )
    persons: list[Annotated[str, Field(pattern=NAME)]] | None = Field(
        default=None,
        description="A label of the person in each frame, which is not kept; without it, all "
        "frames show the one person who is checked later.",
    )
    consent: bool = Field(
        description="True: the people in the frames agreed to this use.",
        json_schema_extra={"const": True},
    )
    test: str = Field(default=registry.DEFAULT_CALIBRATED, description="Test to calibrate.")
    fixed_scene: bool = Field(default=False, description="Compare the whole frame, too.")
    target_bpcer: Annotated[float, Field(ge=0.001, le=0.5), _PLAIN] | None = Field(
        default=None, description="Share of bona fide faces that may be rejected; default 0.05."
    )
    self_attacks: bool = Field(
        default=True, description="Estimate accepted attacks by simulating them."
    )
    overwrite: bool = Field(default=False, description="Replace a calibration of this name.")

    @field_validator("consent")
    @classmethod
    def _agreed(cls, value: bool) -> bool:
        if not value:
            raise ValueError("only frames of people who agreed may be sent")
        return value

    @field_validator("test")
    @classmethod
    def _known(cls, value: str) -> str:
        known = registry.names("liveness_tests")
        if value not in known:
            raise ValueError(f"unknown test; known: {', '.join(known)}")
        return value

    def options(self) -> dict[str, Any]:
        """Return everything but the frames and the consent."""
        return self.model_dump(exclude={"frames", "consent"})


def since_first(times: Sequence[float], frames: int) -> list[float]:
    """Return times as seconds since the first one.

    Args:
        times: Seconds of any clock, finite, one for each frame.
        frames: Number of frames.

    Raises:
        ValueError: There is not one time for each frame, or a time is not `LEAST_STEP_S` later
            than the one before.

    Example:
        >>> since_first([12.5, 12.75, 13.5], 3)
        [0.0, 0.25, 1.0]
    """
    if len(times) != frames:
        raise ValueError("expected one for each frame")
    since = [time - times[0] for time in times]
    # Rounded to microseconds, which is what a clock of seconds since 1970 resolves.
    if any(round(later - earlier, 6) < LEAST_STEP_S for earlier, later in pairwise(since)):
        raise ValueError("expected seconds that rise from frame to frame, by 0.001 or more")
    return since
