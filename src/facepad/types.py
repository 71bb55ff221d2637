"""The nouns that travel between modules: frozen values, and the direction of scores.

A score is higher for bona fide, everywhere. "No face" and "too small" are values
(`Reason`), not exceptions; a score that is missing is ``None``, never 0.
"""

import copyreg
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.reasons import Outcome as Outcome
from facepad.reasons import Reason as Reason

RgbImage = NDArray[np.uint8]  # shape (H, W, 3), R G B
GrayImage = NDArray[np.float32]  # shape (H, W), 0..255
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom excluded
Landmarks = NDArray[np.float32]  # shape (468, 3): x, y in the frame's pixels, z in the same scale
_Calibration = TypeVar("_Calibration", contravariant=True)
_Prior = TypeVar("_Prior", covariant=True)


def _read_only(values: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(values)


def _reduced(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _read_only, (dict(mapping),)


# Values travel between processes too, and Python does not pickle read-only mappings by itself.
copyreg.pickle(MappingProxyType, _reduced)


def _nothing() -> Mapping[str, Any]:  # a default that Python 3.11's dataclasses accept
    return MappingProxyType({})


class Split(StrEnum):
    """Part of a dataset: fit on train, choose on dev, report on test."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Face:
    """One face that was found in a frame.

    Attributes:
        box: The detector's box, in the frame's pixels, cut at the picture's edges.
        score: The detector's confidence in [0, 1].
        landmarks: Face mesh, shape (468, 3), in the frame's pixels; None when not asked for.
            Not compared.
        others: How many other, smaller faces the detector saw in the frame.
        points: The detector's six points, x and y in the frame's pixels: right eye, left eye
            (of the person), tip of the nose, mouth, right ear, left ear; empty when unknown.
        roll_deg: Angle of the line between the eyes to the horizontal, degrees; above 0 when
            the person's left eye is lower; in (-180, 180].
    """

    box: Box
    score: float
    landmarks: Landmarks | None = field(default=None, compare=False)
    others: int = 0
    points: tuple[tuple[float, float], ...] = ()
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class CaptureQuality:
    """Whether a frame can be judged: measures of the capture, and what is wrong with it.

    Attributes:
        reasons: What is wrong, in the order of `Reason`; empty for a frame that can be judged.
        measures: Numbers behind the reasons, by name.
    """

    reasons: tuple[Reason, ...] = ()
    measures: Mapping[str, float] = field(default_factory=_nothing, hash=False)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture; equal to itself alone, since pixels are not compared.

    Attributes:
        image: RGB uint8, shape (H, W, 3).
        time_s: Seconds since the presentation began.
        face: The largest face, when one was looked for and found.
        no_face: Why ``face`` is None after a search; None before one.
        notes: What was unusual about the source ("named .png but is JPEG").
        depth: Millimetres, shape (H, W), 0 where nothing was measured; None without a depth
            camera, in packed files, and where no test needs it.
        number: Place in its clip, from 0; None for a still, and where it is not known.
        capture: Quality of the capture, when it was assessed.
    """

    image: RgbImage
    time_s: float = 0.0
    face: Face | None = None
    no_face: Reason | None = None
    notes: tuple[str, ...] = ()
    depth: NDArray[np.uint16] | None = None
    number: int | None = None
    capture: CaptureQuality | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True)
class Presentation:
    """One attempt in front of a camera: the unit that ISO/IEC 30107-3 counts.

    Attributes:
        frames: At least one frame, in order of time.
        source: Where it came from (a path, "bytes"), for people to read.
        challenge: The challenge that was shown to the person, by name of each fact; None in a
            passive presentation.
        capture: Facts of the capture ("camera", "frame_rate"), by name; None when unknown.
    """

    frames: tuple[Frame, ...]
    source: str = ""
    challenge: Mapping[str, Any] | None = None
    capture: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.frames:
            raise InputError("a presentation needs at least one frame, got none")

    @property
    def duration_s(self) -> float:
        """Seconds that the frames cover, each counted for one interval; 0 for a single frame."""
        if len(self.frames) < 2:
            return 0.0
        span = self.frames[-1].time_s - self.frames[0].time_s
        return span * len(self.frames) / (len(self.frames) - 1)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Threshold and band of a policy; set on dev data, never on test data.

    Attributes:
        name: What the policy serves ("dev_eer").
        threshold: Scores at or above it are bona fide (when no band is set). In [0, 1].
        low: Scores below it are attacks; at or above it, below ``high``, uncertain.
        high: Scores at or above it are bona fide. ``low <= threshold <= high``.
    """

    name: str
    threshold: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.threshold <= self.high <= 1.0:
            raise InputError(
                "an operating point needs 0 <= low <= threshold <= high <= 1, got "
                f"{self.low}, {self.threshold}, {self.high}"
            )

    @classmethod
    def at(cls, threshold: float, name: str = "given") -> "OperatingPoint":
        """A single threshold without an uncertain band."""
        return cls(name, threshold, threshold, threshold)

    @classmethod
    def undecided(cls) -> "OperatingPoint":
        """A band of all scores: of a test that adds to others and never decides by itself."""
        return cls("undecided", 0.5, 0.0, 1.0)

    @property
    def decides(self) -> bool:
        """Whether any score is outside the band."""
        return self.low > 0.0 or self.high < 1.0

    @property
    def only_adds(self) -> bool:
        """Whether it is that of a test that adds to others, as `undecided` makes it.

        A test without a threshold of its own is none: a fusion may be fitted on it.
        """
        return self == OperatingPoint.undecided()


@dataclass(frozen=True, slots=True)
class Score:
    """What one liveness test says of one presentation.

    Attributes:
        value: In [0, 1], higher for bona fide; None when there is no score.
        reason: Why there is no value, or why the value must not decide by itself.
        details: Numbers and words behind the value, by name; JSON-friendly.
        interval: Lower and upper bound of the value, both in [0, 1]; None when unknown.
        points: Operating points of this very score by name ("convenience", "balanced",
            "strict"); empty where those of the test hold.
    """

    value: float | None
    reason: Reason | None = None
    details: Mapping[str, Any] = field(default_factory=_nothing, hash=False)
    interval: tuple[float, float] | None = None
    points: Mapping[str, OperatingPoint] = field(default_factory=_nothing, hash=False)

    def __post_init__(self) -> None:
        if self.value is None:
            if self.reason is None:
                raise InputError("a score without a value needs a reason, got neither")
        elif not (math.isfinite(self.value) and 0.0 <= self.value <= 1.0):
            raise InputError(f"a score lies in [0, 1], got {self.value!r}")
        if self.interval is not None:
            low, high = self.interval
            if self.value is None or not 0.0 <= low <= self.value <= high <= 1.0:
                raise InputError(
                    "an interval needs 0 <= low <= value <= high <= 1, got "
                    f"{low} <= {self.value} <= {high}"
                )
        if self.points and self.value is None:
            raise InputError("a score without a value has no operating points, got some")


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled item of a dataset; no pixels.

    Attributes:
        key: Unique within all datasets ("nuaa/ClientRaw/0001/0001_00_00_01_0").
        path: Where the file lies.
        subject: The person's identity within the dataset.
        split: Part of the authors' protocol it belongs to.
        pai_species: Kind of attack instrument ("print"); None for bona fide.
        session: Recording session, when the dataset has them.
        frame: Frame number within a video, when ``path`` is a video.
        attributes: Whatever else the dataset tells, by name.
    """

    key: str
    path: str
    subject: str
    split: Split
    pai_species: str | None = None
    session: str | None = None
    frame: int | None = None
    attributes: Mapping[str, str] = field(default_factory=_nothing, hash=False)

    @property
    def is_bona_fide(self) -> bool:
        """Whether the sample shows a living person."""
        return self.pai_species is None


class LivenessTest(Protocol):
    """Judges one presentation. Implementations are safe to share between threads.

    A test may have these attributes, too: ``needs``, see `facepad.needs`; ``operating_points``,
    those of the usual case by name ("convenience", "balanced", "strict"), which go before
    ``operating_point``; ``anchored``, whether it is calibrated to the camera, so that a score
    within the band can say that calibrating would help; ``vetoes``, whether a score below its own
    band rejects the presentation, whatever the other tests find (it never accepts alone). Its
    factory, which the registry
    names, takes no argument; see `ThreadedFactory` for those that can use several threads.
    """

    @property
    def name(self) -> str:
        """Name in the registry and in results."""

    @property
    def operating_point(self) -> OperatingPoint:
        """Threshold and band of this test alone, from its dev data."""

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model the test uses, by model name."""

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation; a finding is a value, never an exception."""


@dataclass(frozen=True, slots=True, eq=False)
class MemberReading:
    """What one member of a test measures on one presentation, before any scaling.

    A member is a part of a test that is compared with a camera's frames by itself: a block of
    one view ("context 13"), or a group of metrics ("fine detail").

    Attributes:
        logit: Raw logit of the member's own classifier, higher for bona fide.
        features: Standardised features, shape (F,); empty for the logit alone.
        group: Members of a group ("context") have distances that are weighed alike; "" for a
            member by itself.
        decides: Whether the test's own decision rests on the logit; that of other members does
            not count. Where several do, the mean of their deviations counts.
    """

    logit: float
    features: NDArray[np.floating[Any]]
    group: str = ""
    decides: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """What a test measures on one presentation, before any scaling.

    Attributes:
        members: What each member measures, by its name; at least one.
    """

    members: Mapping[str, MemberReading]

    def __post_init__(self) -> None:
        if not self.members:
            raise InputError("an observation needs at least one member, got none")

    @property
    def raw(self) -> float:
        """Mean raw logit of the members, higher for bona fide."""
        return math.fsum(each.logit for each in self.members.values()) / len(self.members)


@runtime_checkable
class Calibratable(LivenessTest, Protocol[_Calibration, _Prior]):
    """A liveness test that can be calibrated to a camera; see `facepad.calibration`."""

    @property
    def version(self) -> str:
        """Version of its model; a calibration is for one version."""

    @property
    def prior_model(self) -> str:
        """Name of the model file with its prior over cameras."""

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return what it measures by set of views, the largest set last; or why it cannot.

        A set whose name has the part "frame" ("context+frame") also compares what is around the
        person; it is used only for fixed scenes.
        """

    def prior(self) -> _Prior:
        """Return how bona fide faces vary in front of one camera."""

    def calibrated(self, calibration: _Calibration) -> LivenessTest:
        """Return the test for the camera of a calibration."""


@runtime_checkable
class Depicting(LivenessTest, Protocol):
    """A liveness test that can draw what it judges; `check --explain-dir` writes the drawing."""

    def depicted(self, frame: Frame) -> RgbImage:
        """Return a drawing of what it judges of a frame with a face, RGB uint8."""


@runtime_checkable
class ThreadedFactory(Protocol):
    """Makes a liveness test that can use several threads; called like any other, it uses one."""

    def __call__(self) -> LivenessTest:
        """Make the test for one thread."""

    def with_threads(self, threads: int) -> LivenessTest:
        """Make the test for several threads."""


class Dataset(Protocol):
    """Lists the samples of one database; reads no pixels.

    One with several protocols is made with ``protocol=`` and names them in ``protocols``, its
    default first. It may have ``notices()``: lines a reader of results should know.
    """

    @property
    def name(self) -> str:
        """Name in the registry; first part of every key."""

    def samples(self) -> Iterator[Sample]:
        """Yield every sample in the order of the authors' lists."""
