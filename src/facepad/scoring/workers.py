"""The tests of a run, and the worker processes that score pictures and clips with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Self

from facepad import runtime
from facepad.calibration.store import CalibrationRef
from facepad.errors import FacepadError, item_error
from facepad.evaluation.assessment import GivenPoint
from facepad.finders import Faces
from facepad.fusion import FittedFusion
from facepad.jobs.processes import ProcessPool
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT, DEFAULT_TESTS, POINT_NAMES
from facepad.scorer import StepClock
from facepad.scoring.table import (
    Fields,
    decision_fields,
    error_fields,
    output_columns,
    presentation_columns,
    presentation_fields,
)
from facepad.selected_tests import SelectedTests
from facepad.selected_tests.making import check_fitted, load_fusion, make_test, name_of
from facepad.sources import BEST, Place, Source, clip_path
from facepad.types import CaptureQuality, Frame, OperatingPoint, Reason, Sample, Split

NO_PATH = "the row has no path"
LOADS = 5  # times that models are loaded to time it
DIED = "the worker process died on this picture"


@dataclass(frozen=True, slots=True)
class CheckerSpec:
    """What a process needs to make its checker.

    Attributes:
        deciding: Names of the liveness tests that decide.
        advisory: Names of tests that are only reported.
        calibration: The calibration of the only deciding test, if any.
        frames: Which frames of a clip frame-wise tests get.
        faces_are_cropped: Whether too little around a face is no reason not to decide.
        faces: Which face of several is judged.
        operating_point: Name of the tests' operating point.
        fusion: Name of the fusion of the tests that decide.
        places: Where tests by networks of the user's own are described, by test name: their
            names with the whole path.
        over_time: Names of tests that clips get beside those that are named, and stills do not;
            of `for_clips`, they are among the names above.
        has_clips: Whether they are.
    """

    deciding: tuple[str, ...]
    advisory: tuple[str, ...] = ()
    calibration: CalibrationRef | None = None
    frames: FrameSelection = BEST
    faces_are_cropped: bool = False
    faces: Faces = "largest"
    operating_point: str = DEFAULT_POINT
    fusion: str = DEFAULT_FUSION
    places: Mapping[str, str] = field(default_factory=dict, hash=False)
    over_time: tuple[str, ...] = ()
    has_clips: bool = False

    @classmethod
    def of(
        cls,
        tests: Sequence[str] | None = None,
        advisory: Sequence[str] | None = None,
        calibration_name: str | None = None,
        **options: Any,  # noqa: ANN401 - fields, as they are
    ) -> Self:
        """Return the specification for tests by name; for the default ones where None is given.

        Raises:
            SettingsError: No test is named, one is named twice, or there is no such calibration.
            ModelError: The calibration's file is damaged.
        """
        selected = SelectedTests.of(tests, advisory, calibration_name)
        used = None if calibration_name is None else CalibrationRef.of(calibration_name)
        given = [test for test in (*selected.deciding, *selected.advisory) if isinstance(test, str)]
        return cls(
            tuple(map(name_of, selected.deciding)),
            tuple(map(name_of, selected.advisory)),
            used,
            places={name_of(test): test for test in given if name_of(test) != test},
            over_time=tuple(map(name_of, selected.over_time)),
            **options,
        )

    def for_clips(self) -> Self:
        """Return the same with the tests over clips among the names, for columns of their own."""
        if not self.over_time or self.has_clips:
            return self
        return replace(self, deciding=(*self.deciding, *self.over_time), has_clips=True)

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of all tests, in the order of the columns: those that decide first."""
        return (*self.deciding, *self.advisory)

    def checker(self) -> Checker:
        """Make the checker, of one thread.

        Raises:
            ModelError: A model is missing or wrong, or the calibration was replaced.
            SettingsError: A test or the calibration does not exist.
        """
        runtime.tune()
        name = None
        if self.calibration is not None:
            self.calibration.check_unchanged()
            name = self.calibration.name
        own = (*DEFAULT_TESTS, *self.over_time)  # asked without being named
        left = self.advisory if not self.over_time else [t for t in self.advisory if t not in own]
        return Checker(
            None if self.over_time else [self.places.get(test, test) for test in self.deciding],
            advisory=[self.places.get(test, test) for test in left],
            calibration=name,
            fusion=self.fusion,
            operating_point=self.operating_point,
            frames=self.frames,
            threads=1,
            assess=assess_cropped if self.faces_are_cropped else None,
            faces=self.faces,
        )


def holds_clip(given: Iterable[Source]) -> bool:
    """Return whether one of several sources is a clip; one that cannot be read is none."""
    for source in given:
        try:
            if clip_path(source) is not None:
                return True
        except (FacepadError, OSError):  # told where it is judged
            continue
    return False


def assess_cropped(frame: Frame) -> CaptureQuality:
    """Assess the capture of a frame from a set that is cut at the face: context is waived."""
    from facepad.faces.capture import assess  # loads OpenCV

    capture = assess(frame)
    reasons = tuple(reason for reason in capture.reasons if reason is not Reason.NO_CONTEXT)
    return replace(capture, reasons=reasons)


@dataclass(frozen=True, slots=True)
class LoadedTest:
    """A liveness test whose models are loaded.

    Attributes:
        point: Its own threshold and band; those of the calibration if it is calibrated.
        models: Versions of its models and of the face finder's.
        loads_ms: Duration of each loading.
        is_raised: Whether tests that only add may count for a presentation beside it.
    """

    point: OperatingPoint
    models: Mapping[str, str]
    loads_ms: tuple[float, ...]
    is_raised: bool = True


@dataclass(frozen=True, slots=True)
class JudgedTests:
    """The tests that an evaluation judges.

    Attributes:
        loaded: Tests by name; those that decide are the first.
        spec: Which of them decide, and with which calibration.
        fusion_models: Version of the fusion's model file, by name; empty without one.
    """

    loaded: Mapping[str, LoadedTest]
    spec: CheckerSpec
    fusion_models: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: CheckerSpec) -> Self:
        """Load tests, so that a missing model is an error before any scoring.

        Raises:
            SettingsError: There is no such test or fusion.
            ModelError: A model is missing, has the wrong hash, or does not fit the calibration or
                the fusion.
        """
        fusion = load_fusion(spec.fusion)
        models: Mapping[str, str] = {}
        if isinstance(fusion, FittedFusion):
            places = (spec.places.get(test, test) for test in spec.deciding)
            check_fitted(fusion, list(map(make_test, places)))
            models = fusion.models
        return cls({test: load(test, spec) for test in spec.tests}, spec, models)

    @property
    def calibration(self) -> CalibrationRef | None:
        """The calibration of the only deciding test, if any."""
        return self.spec.calibration

    @property
    def points(self) -> Mapping[str, OperatingPoint]:
        """Threshold and band of the deciding tests; a calibrated test decides alone.

        A test without a threshold of its own always abstains, and is left out, unless the fusion
        was fitted on it.
        """
        own = {test: self.loaded[test].point for test in self.spec.deciding}
        points = {test: point for test, point in own.items() if not point.only_adds}
        fitted = len(points) > 1 and bool(self.fusion_models)
        return {test: point for test, point in points.items() if fitted or point.decides}

    @property
    def supplements(self) -> tuple[str, ...]:
        """Names of the tests that add to the deciding ones; none where no test decides."""
        added = (test for test in self.spec.deciding if self.loaded[test].point.only_adds)
        return tuple(added) if self.points else ()

    @property
    def models(self) -> dict[str, str]:
        """Versions of models and of the calibration, by name."""
        used = [*(test.models for test in self.loaded.values()), self.fusion_models]
        if self.calibration is not None:
            used.append({"calibration": self.calibration.version})
        return {name: version for models in used for name, version in models.items()}

    @property
    def lacking(self) -> tuple[str, ...]:
        """Which tests do not have the operating point that was asked for, in sentences."""
        asked = self.spec.operating_point
        own = {name: test.point for name, test in self.loaded.items()}
        without = [name for name, at in own.items() if at.name != asked and not at.only_adds]
        told = [] if asked == DEFAULT_POINT else without
        return tuple(f"{test} has no operating point {asked!r}; its own is used" for test in told)

    def is_calibrated(self, test: str) -> bool:
        """Return whether the calibration is for this test."""
        return self.calibration is not None and test == self.calibration.test

    def own_points(self, test: str) -> tuple[GivenPoint, ...]:
        """Return the operating point of a test; none where it has no threshold of its own."""
        return (self.own_point(test),) if self.loaded[test].point.decides else ()

    def own_point(self, test: str) -> GivenPoint:
        """Return the operating point of a test: the calibration's, or the one it ships with."""
        point = self.loaded[test].point
        if self.calibration is not None and self.is_calibrated(test):
            camera = f"calibration {self.calibration.name}"
            name = f"{point.name}, {camera}" if point.name in POINT_NAMES else point.name
            bounds = (point.threshold, point.low, point.high)
            return GivenPoint(name, *bounds, self.calibration.origin, of_each=True)
        return replace(as_shipped(point), of_each=True)


def load(test: str, spec: CheckerSpec) -> LoadedTest:
    """Load a test several times, and time it.

    Args:
        test: One of those that the specification names.
        spec: Has the calibration and the operating point.

    Raises:
        SettingsError: There is no such test.
        ModelError: A model is missing or has the wrong hash.
    """
    own = spec.calibration
    if own is not None and own.test != test:
        own = None
    point, places = spec.operating_point, spec.places
    alone = CheckerSpec((test,), calibration=own, operating_point=point, places=places)
    times = []
    for _ in range(LOADS):
        clock = StepClock()
        with clock.step("load"):
            checker = alone.checker()
            checker.load()
        times.append(clock.steps["load"])
    made = checker.parts().tests[0]
    is_raised = getattr(made, "anchored", None) is not False
    return LoadedTest(checker.operating_points[test], checker.models, tuple(times), is_raised)


def as_shipped(point: OperatingPoint) -> GivenPoint:
    """Return the operating point that a test ships with, under its name where it has one."""
    if point.name in POINT_NAMES:
        return GivenPoint(point.name, point.threshold, point.low, point.high, "as shipped")
    return GivenPoint("as shipped", point.threshold, point.low, point.high)


def score_pictures(
    spec: CheckerSpec, pictures: Iterable[tuple[Place, str]], workers: int
) -> Iterator[Fields]:
    """Yield the fields of `output_columns` of each picture, in order.

    Args:
        spec: Makes the checker of each process.
        pictures: Place of each picture or clip, "" where a row has none, and its name in messages.
        workers: Number of processes.

    Raises:
        ModelError: A model is missing or has the wrong hash, or the calibration was replaced.
        SettingsError: A test or the calibration does not exist.
        FacepadError: The processes cannot be started.
    """
    work = partial(score_picture, tests=spec.tests)
    dead = error_fields(DIED, len(output_columns(spec.tests)))
    with ProcessPool(work, workers, spec.checker) as pool:
        yield from pool.map(pictures, died=lambda _: dead)


def score_presentations(
    spec: CheckerSpec, samples: Sequence[Sample], workers: int
) -> Iterator[Fields]:
    """Yield the fields of `presentation_columns` of each sample, in order.

    Args:
        spec: Makes the checker of each process.
        samples: Pictures or clips; labels are not sent to the processes.
        workers: Number of processes.

    Raises:
        FacepadError: As `score_pictures`.
    """
    work = partial(score_presentation, tests=spec.tests)
    dead = error_fields(DIED, len(presentation_columns(spec.tests)))
    with ProcessPool(work, workers, spec.checker) as pool:
        places = ((sample.path, sample.frame) for sample in samples)
        yield from pool.map(places, died=lambda _: dead)


def score_picture(checker: Checker, picture: tuple[Place, str], *, tests: Sequence[str]) -> Fields:
    """Return the fields of one picture or clip; an error if it cannot be read.

    Args:
        checker: Judges the picture.
        picture: Its place, "" where the row has none, and its name in messages.
        tests: Names of the liveness tests.

    Raises:
        ModelError: A model is missing or wrong.
        SettingsError: A test does not exist, or a library is missing.
    """
    width = len(output_columns(tests))
    path, name = picture
    if not path:
        return error_fields(NO_PATH, width)
    try:
        return decision_fields(checker.check(path, name=name), tests)
    except Exception as error:  # noqa: BLE001 - raised again where it is not the item's own
        return error_fields(item_error(name, error), width)


def score_presentation(
    checker: Checker, place: tuple[str, int | None], *, tests: Sequence[str]
) -> Fields:
    """Return the fields of one picture or clip of a dataset; an error if it cannot be read.

    Args:
        checker: Judges the whole presentation.
        place: Path, and the only frame that counts; None for those that the checker selects.
        tests: Names of the liveness tests.

    Raises:
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test does not exist, or a library is missing.
    """
    path, frame = place
    try:
        decision = checker.check(Sample(path, path, "", Split.TEST, frame=frame))
        return presentation_fields(decision, tests)
    except Exception as error:  # noqa: BLE001 - raised again where it is not the item's own
        return error_fields(item_error(path, error), len(presentation_columns(tests)))
