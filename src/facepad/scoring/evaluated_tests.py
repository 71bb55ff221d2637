"""The liveness tests that ``facepad evaluate`` judges, loaded; one of them perhaps for a camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Self

from facepad import calibration
from facepad.errors import ModelError
from facepad.evaluation.assessment import GivenPoint
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.fused_rows import Points, as_shipped
from facepad.sources import EVENLY
from facepad.types import OperatingPoint

LOADS = 5  # times that models are loaded to time it


@dataclass(frozen=True, slots=True)
class Camera:
    """The calibration of a camera that a run judges with.

    Attributes:
        name: Of the calibration.
        version: The same with the hash of its file; scores depend on it.
        test: The liveness test it is for.
        frames: How many bona fide frames it was made from.
        kept: Day of its file, ISO 8601.
    """

    name: str
    version: str
    test: str
    frames: int
    kept: str

    @classmethod
    def of(cls, name: str) -> Self:
        """The calibration of this name.

        Raises:
            SettingsError: There is none.
            ModelError: Its file is damaged.
        """
        found = calibration.load(name)
        kept = datetime.fromtimestamp(calibration.path(name).stat().st_mtime, UTC)
        day = kept.date().isoformat()
        return cls(name, calibration.version(name), found.test, found.frames, day)

    @property
    def origin(self) -> str:
        """Where its threshold comes from, to be read after "at a threshold"."""
        return f"from {self.frames} bona fide frames of the camera"

    @property
    def notice(self) -> str:
        """What a reader of errors must make sure of, since a calibration keeps no people."""
        return (
            f"{self.test} is anchored to the camera of calibration {self.version}, kept "
            f"{self.kept}, made from {self.frames} bona fide frames, and judged at its threshold. "
            "People in those frames must not be among those judged; the calibration does not "
            "hold who they were"
        )

    def check_unchanged(self) -> None:
        """Tell a calibration that was made anew while a run goes on.

        Raises:
            SettingsError: It was removed.
            ModelError: It is another by now.
        """
        if (now := calibration.version(self.name)) != self.version:
            raise ModelError(
                f"calibration {self.name!r} was replaced during the run: expected "
                f"{self.version}, got {now}; evaluate again"
            )


@dataclass(frozen=True, slots=True)
class Loaded:
    """A liveness test, ready to judge.

    Attributes:
        point: Its own threshold and band; those of the camera, if it is anchored to one.
        models: Versions of its models, and of the face finder's.
        loads_ms: How long loading took, each time.
    """

    point: OperatingPoint
    models: Mapping[str, str]
    loads_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """The tests that judge.

    Attributes:
        loaded: By name; the one that a calibration is for is the first.
        camera: Whose calibration anchors one of them, if any.
    """

    loaded: Mapping[str, Loaded]
    camera: Camera | None

    @classmethod
    def of(cls, tests: Sequence[str], calibration_name: str | None) -> Self:
        """Load them; what they need is complained of before any scoring.

        Raises:
            SettingsError: There is no such test or calibration.
            ModelError: A model is missing, has the wrong hash or does not fit the calibration.
        """
        camera = None if calibration_name is None else Camera.of(calibration_name)
        first = () if camera is None else (camera.test,)
        names = (*first, *(test for test in tests if test not in first))
        return cls({test: load(test, camera) for test in names}, camera)

    @property
    def points(self) -> Points:
        """Threshold and band of those that decide in `facepad check`; an anchored one alone."""
        deciding = self.loaded if self.camera is None else (self.camera.test,)
        return {test: self.loaded[test].point for test in deciding}

    @property
    def models(self) -> dict[str, str]:
        """Versions by name, the calibration's among them."""
        used = [*(one.models for one in self.loaded.values())]
        if self.camera is not None:
            used.append({"calibration": self.camera.version})
        return {name: version for models in used for name, version in models.items()}

    def is_anchored(self, test: str) -> bool:
        """Whether the calibration is for this test."""
        return self.camera is not None and test == self.camera.test

    def own_point(self, test: str) -> GivenPoint:
        """The point that a test brings along: the camera's, or the one it ships with."""
        found = self.loaded[test].point
        if self.camera is not None and self.is_anchored(test):
            return GivenPoint(
                found.name, found.threshold, found.low, found.high, self.camera.origin
            )
        return as_shipped(found)


def checker_for(
    tests: Sequence[str], camera: Camera | None, frames: FrameSelection = EVENLY
) -> Checker:
    """Runs the tests on one thread; with a camera its test, anchored, and the others beside it.

    Raises:
        SettingsError: The calibration was removed meanwhile.
        ModelError: It was replaced meanwhile, or made with other heads.
    """
    if camera is not None:
        camera.check_unchanged()
    name = None if camera is None else camera.name
    return Checker(tests, calibration=name, frames=frames, threads=1)


def load(test: str, camera: Camera | None) -> Loaded:
    """Load a test several times; what it needs is complained of before any scoring.

    Raises:
        SettingsError: There is no such test.
        ModelError: A model is missing or has the wrong hash.
    """
    anchor = camera if camera is not None and camera.test == test else None
    times = []
    for _ in range(LOADS):
        began = perf_counter()
        checker = checker_for((test,), anchor)
        checker.load()
        times.append(1000.0 * (perf_counter() - began))
    return Loaded(checker.operating_points[test], checker.models, tuple(times))
