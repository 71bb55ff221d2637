"""The systems of an evaluation: liveness tests, one perhaps calibrated, and their fusion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Self

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import GivenPoint
from facepad.fusion import Answer, Fused, mean_ratio
from facepad.scoring.workers import CalibrationRef, CheckerSpec
from facepad.types import OperatingPoint, Reason, Score

LOADS = 5  # times that models are loaded to time it
_REASONS = frozenset(Reason)

Points = Mapping[str, OperatingPoint]


@dataclass(frozen=True, slots=True)
class LoadedTest:
    """A liveness test whose models are loaded.

    Attributes:
        point: Its own threshold and band; those of the calibration if it is calibrated.
        models: Versions of its models and of the face finder's.
        loads_ms: Duration of each loading.
    """

    point: OperatingPoint
    models: Mapping[str, str]
    loads_ms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class JudgedTests:
    """The tests that an evaluation judges.

    Attributes:
        loaded: Tests by name; the calibrated one is the first.
        calibration: The calibration of one of them, if any.
    """

    loaded: Mapping[str, LoadedTest]
    calibration: CalibrationRef | None

    @classmethod
    def of(cls, tests: Sequence[str], calibration_name: str | None) -> Self:
        """Load tests, so that a missing model is an error before any scoring.

        Raises:
            SettingsError: There is no such test or calibration.
            ModelError: A model is missing, has the wrong hash or does not fit the calibration.
        """
        found = None if calibration_name is None else CalibrationRef.of(calibration_name)
        first = () if found is None else (found.test,)
        names = (*first, *(test for test in tests if test not in first))
        return cls({test: load(test, found) for test in names}, found)

    @property
    def points(self) -> Points:
        """Threshold and band of the deciding tests; a calibrated test decides alone."""
        deciding = self.loaded if self.calibration is None else (self.calibration.test,)
        return {test: self.loaded[test].point for test in deciding}

    @property
    def models(self) -> dict[str, str]:
        """Versions of models and of the calibration, by name."""
        used = [*(test.models for test in self.loaded.values())]
        if self.calibration is not None:
            used.append({"calibration": self.calibration.version})
        return {name: version for models in used for name, version in models.items()}

    def is_calibrated(self, test: str) -> bool:
        """Return whether the calibration is for this test."""
        return self.calibration is not None and test == self.calibration.test

    def own_point(self, test: str) -> GivenPoint:
        """Return the operating point of a test: the calibration's, or the one it ships with."""
        point = self.loaded[test].point
        if self.calibration is not None and self.is_calibrated(test):
            origin = self.calibration.origin
            return GivenPoint(point.name, point.threshold, point.low, point.high, origin)
        return as_shipped(point)


def load(test: str, calibrated: CalibrationRef | None) -> LoadedTest:
    """Load a test several times, and time it.

    Raises:
        SettingsError: There is no such test.
        ModelError: A model is missing or has the wrong hash.
    """
    own = calibrated if calibrated is not None and calibrated.test == test else None
    times = []
    for _ in range(LOADS):
        began = perf_counter()
        checker = CheckerSpec((test,), own).checker()
        checker.load()
        times.append(1000.0 * (perf_counter() - began))
    return LoadedTest(checker.operating_points[test], checker.models, tuple(times))


def fused_name(points: Points) -> str:
    """Return the name of several tests together.

    Example:
        >>> half = OperatingPoint.at(0.5)
        >>> fused_name({"quality": half, "face_cnn": half})
        'mean of quality, face_cnn'
    """
    return f"mean of {', '.join(points)}"


def fuse(scored: Mapping[str, Scored], points: Points) -> Fused:
    """Return the fused score of the tests that decide.

    Args:
        scored: A row of each test by name, of a presentation that could be read.
        points: Threshold and band of each test that decides, by name.
    """
    answers = {
        test: Answer(Score(row.value, Reason(row.reason) if row.reason else None), points[test])
        for test, row in scored.items()
        if test in points and (row.value is not None or row.reason in _REASONS)
    }
    return mean_ratio(answers)


def fused_rows(rows: Mapping[str, Sequence[Scored]], points: Points) -> tuple[Scored, ...]:
    """Return the fused score of each presentation.

    Args:
        rows: Rows of each test that decides, by name; the same presentations in one order.
        points: Threshold and band of each test.
    """
    each = zip(*rows.values(), strict=True)
    return tuple(_fused(dict(zip(rows, scored, strict=True)), points) for scored in each)


def as_shipped(point: OperatingPoint) -> GivenPoint:
    """Return the operating point that a test ships with."""
    return GivenPoint("as shipped", point.threshold, point.low, point.high)


def shipped_point(points: Points) -> GivenPoint:
    """Return the operating point of several tests together, where none abstains."""
    answers = {test: Answer(Score(0.5), point) for test, point in points.items()}
    return as_shipped(mean_ratio(answers).operating_point)


def abstentions(rows: Mapping[str, Sequence[Scored]]) -> int:
    """Return the number of presentations where some tests decide and others abstain."""
    each = [{_decides(row) for row in scored} for scored in zip(*rows.values(), strict=True)]
    return sum(len(decides) > 1 for decides in each)


def _fused(scored: Mapping[str, Scored], points: Points) -> Scored:
    first = next(iter(scored.values()))
    if all(row.value is None for row in scored.values()):
        return first
    fused = fuse(scored, points)
    return Scored(first.sample, fused.value, ";".join(fused.reasons), first.presentation)


def _decides(row: Scored) -> bool:
    return row.value is not None and not row.reason
