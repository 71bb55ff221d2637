"""The liveness tests that judge together: made by name, perhaps one of them for a camera."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

from facepad import calibration, registry, settings
from facepad.calibration import CalibratableTest, Calibration
from facepad.errors import SettingsError, require
from facepad.finders import Finder
from facepad.fusion import (
    FUSION_SUFFIX,
    Answer,
    FittedFusion,
    Fused,
    Fusion,
    FusionFactory,
    applied,
    point_of,
    vetoed,
)
from facepad.fusion.supplements import fused as fused_of
from facepad.needs import Assess, Needs, needs_of
from facepad.reasons import REASONS
from facepad.registry import DEFAULT_POINT
from facepad.types import (
    Calibratable,
    LivenessTest,
    OperatingPoint,
    Reason,
    Score,
    ThreadedFactory,
)

NO_SIDE: Mapping[str, float] = MappingProxyType({})
NO_CONTEXT_NOTE = REASONS[Reason.NO_CONTEXT].words  # where it does not keep a score from deciding


@dataclass(frozen=True, slots=True)
class SelectedTests:
    """Which tests decide and which are only reported.

    Attributes:
        deciding: Names of the tests that decide, or tests themselves; at least one.
        advisory: Tests whose scores do not affect the decision.
        calibration: Of the camera that the only deciding test is anchored to, if any.
        calibration_version: Name and hash of the calibration.
    """

    deciding: tuple[str | LivenessTest, ...]
    advisory: tuple[str | LivenessTest, ...] = ()
    calibration: Calibration | None = None
    calibration_version: str | None = None

    @classmethod
    def of(
        cls,
        tests: Sequence[str | LivenessTest] | None = None,
        advisory: Sequence[str | LivenessTest] | None = None,
        camera: str | None = None,
    ) -> Self:
        """Sort tests by their part in the decision; with a calibration, only its test decides.

        Other tests are not anchored to the camera: their scores are on another scale, and
        count a camera of an unknown kind against the person.

        Args:
            tests: Names of tests, or tests themselves; None for the default ones.
            advisory: More of them that are only reported; None for the default ones beside the
                default tests, and for none beside others.
            camera: Name of a calibration; None for none.

        Raises:
            SettingsError: No test is named, one is named twice, or no calibration has this name.
            ModelError: The calibration's file is damaged.
        """
        if advisory is None:
            advisory = registry.DEFAULT_ADVISORY if tests is None else ()
        if tests is None:
            tests = registry.DEFAULT_TESTS
        _check_names(tests, advisory)
        tests, advisory = _located(tests), _located(advisory)
        require(isinstance(camera, str | None), "calibration", "the name of a calibration", camera)
        if camera is None:
            return cls(tuple(tests), tuple(advisory))
        anchor = calibration.load(camera)
        given = (*tests, *advisory)
        alone = registry.located(anchor.test)
        own = next((test for test in given if name_of(test) == anchor.test), alone)
        others = tuple(test for test in given if name_of(test) != anchor.test)
        return cls((own,), others, anchor, calibration.version(camera))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tests, those that decide first."""
        return tuple(map(name_of, (*self.deciding, *self.advisory)))

    def load(
        self,
        fusion: str | Fusion,
        threads: int,
        operating_point: str | OperatingPoint = DEFAULT_POINT,
        finder: Finder | None = None,
        assess: Assess | None = None,
    ) -> "LoadedTests":
        """Make every test and the fusion; the face finder and the rules for captures if None.

        Tests share the threads: they run side by side, and each gets an equal part.

        Raises:
            ModelError: A model file is missing, has the wrong hash or does not fit the
                calibration.
            SettingsError: A test or fusion does not exist, or the test of the calibration
                cannot be calibrated.
        """
        given = (*self.deciding, *self.advisory)
        each = max(1, threads // len(given))  # tests run side by side, `threads` at most
        made = [make_test(test, each) if isinstance(test, str) else test for test in given]
        if self.calibration is not None:
            made[0] = _calibratable(made[0]).calibrated(self.calibration)
        tests = tuple(made)
        fuse = load_fusion(fusion, tests[: len(self.deciding)])
        finder = finder or _face_finder(any(needs_of(test).landmarks for test in tests))
        models = dict(finder.models)
        for test in tests:
            models.update(test.models)
        if isinstance(fuse, FittedFusion):
            models.update(fuse.models)
        return LoadedTests(
            tests,
            len(self.deciding),
            fuse,
            assess or _built_in_assess(),
            finder,
            MappingProxyType(models),
            operating_point,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The fused answer of the tests of one presentation; `facepad.decision.conclude` decides.

    Attributes:
        fused: The fused answer of the deciding tests.
        operating_point: The threshold and band to apply.
        operating_points: Threshold and band of each test alone, by name.
        capture: What is wrong with the capture and keeps the score from deciding.
        near: The reason for a score within the band.
        notes: What else a reader should know.
        answers: What was fused, by the test's name.
    """

    fused: Fused
    operating_point: OperatingPoint
    operating_points: Mapping[str, OperatingPoint]
    capture: tuple[Reason, ...]
    near: Reason
    notes: tuple[str, ...]
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class LoadedTests:
    """Tests, fusion and finder, ready to judge.

    Attributes:
        tests: All tests, those that decide first.
        deciding: How many of them decide.
        fuse: Makes one score of those of the deciding tests.
        assess: Judges the capture of a frame with a face.
        finder: Finds faces.
        models: Version of each model that takes part, by model name.
        operating_point: A name, or threshold and band for the fused score.
    """

    tests: tuple[LivenessTest, ...]
    deciding: int
    fuse: Fusion
    assess: Assess
    finder: Finder
    models: Mapping[str, str]
    operating_point: str | OperatingPoint = DEFAULT_POINT

    @property
    def points(self) -> Mapping[str, OperatingPoint]:
        """Threshold and band of each test alone in the usual case, by test name."""
        return MappingProxyType({test.name: point_of(test, self._name) for test in self.tests})

    @property
    def _name(self) -> str:
        return self.operating_point if isinstance(self.operating_point, str) else DEFAULT_POINT

    @property
    def clip_needs(self) -> Needs | None:
        """What the most demanding clip test needs of a clip; None without clip tests."""
        needs = [needs_of(test) for test in self.tests if needs_of(test).is_clip]
        most = Needs()
        for one in needs:
            most = most.most(one)
        return most if needs else None

    @property
    def stills_need_depth(self) -> bool:
        """Whether a frame-wise test needs depth."""
        needs = map(needs_of, self.tests)
        return any(one.depth and not one.is_clip for one in needs)

    @property
    def has_frame_wise(self) -> bool:
        """Whether a test looks at single frames."""
        return not all(needs_of(test).is_clip for test in self.tests)

    def on_scale(self, scores: Mapping[str, Score]) -> dict[str, Score]:
        """Return the scores; without ``no_threshold`` where the fusion was fitted on the test.

        Such a score counts in the fusion, which has a scale and thresholds for it.

        Args:
            scores: Score of each test, by name.
        """
        if not isinstance(self.fuse, FittedFusion):
            return dict(scores)
        deciding = {test.name for test in self.tests[: self.deciding]}
        return {
            name: replace(score, reason=None)
            if name in deciding and score.reason is Reason.NO_THRESHOLD
            else score
            for name, score in scores.items()
        }

    def evidence(
        self,
        scores: Mapping[str, Score],
        left_out: Mapping[str, Reason],
        capture: Sequence[Reason] = (),
        side: Mapping[str, float] = NO_SIDE,
    ) -> Evidence:
        """Fuse the scores of the deciding tests, and return the operating point to apply.

        Tests that were left out have no part; when all deciding tests were, there is no value,
        and the reasons are theirs. Too little around the face is only a note where each score
        that counts has operating points of its own and one of them is applied.

        Args:
            scores: Score of each test that has a part in the decision, by name.
            left_out: Why each other test has none, by name.
            capture: What is wrong with the capture.
            side: Side information of the presentation; only the width of the interval uses it.
        """
        tests = self.tests[: self.deciding]
        asked = [test for test in tests if test.name in scores] or tests
        said = {t.name: scores.get(t.name) or Score(None, left_out[t.name]) for t in asked}
        points = {t.name: point_of(t, self._name, scores.get(t.name)) for t in self.tests}
        usual = {t.name: point_of(t, score=scores.get(t.name)) for t in asked}
        answers = {n: Answer(score, points[n], usual[n], side) for n, score in said.items()}
        fused = fused_of(self.fuse, answers)
        kept, near, notes = tuple(capture), Reason.NEAR_THRESHOLD, []
        if isinstance(self.operating_point, str):
            counted = _counted([t for t in asked if not points[t.name].only_adds] or asked, said)
            if any(getattr(test, "anchored", None) is False for test in counted):
                near = Reason.UNCALIBRATED_CAMERA
            if any(said[test.name].reason is Reason.NO_THRESHOLD for test in counted):
                near = Reason.NO_THRESHOLD
            own = counted and all(
                self.operating_point in said[test.name].points for test in counted
            )
            if own and Reason.NO_CONTEXT in kept:
                kept = tuple(reason for reason in kept if reason is not Reason.NO_CONTEXT)
                notes.append(NO_CONTEXT_NOTE)
            notes += [
                f"{test.name} has no operating point {self.operating_point!r}; its own is used"
                for test in counted
                if self.operating_point not in (DEFAULT_POINT, points[test.name].name)
            ]
        given = self.operating_point
        point = applied(fused.operating_point if isinstance(given, str) else given, fused.margin)
        rejecting = [test.name for test in asked if _rejects(test, said[test.name], points)]
        notes += [f"{name} rejects it alone" for name in rejecting]
        return Evidence(
            vetoed(fused, point, rejecting),
            point,
            MappingProxyType({name: points[name] for name in scores}),
            kept,
            near,
            tuple(notes),
            MappingProxyType(answers),
        )


def _rejects(test: LivenessTest, score: Score, points: Mapping[str, OperatingPoint]) -> bool:
    """Return whether a test that may reject alone calls a presentation an attack."""
    if not getattr(test, "vetoes", False) or score.value is None or score.reason is not None:
        return False
    return score.value < points[test.name].low


def load_fusion(fusion: str | Fusion, tests: Sequence[LivenessTest] = ()) -> Fusion:
    """Return the fusion of some tests, by its name or by the file that was fitted.

    Args:
        fusion: A name, the path of a file that `facepad train fusion` wrote (``.npz``), or the
            fusion itself.
        tests: The tests that decide; none to leave out the check that it was fitted on them.

    Raises:
        SettingsError: There is no such fusion, or it was not fitted on these tests.
        ModelError: Its file is missing or wrong, or was fitted on other models.
    """
    found: Any = fusion
    if isinstance(fusion, str) and fusion.endswith(FUSION_SUFFIX):
        from facepad.fusion.lda import from_file

        found = from_file(settings.expanded(fusion, "the fusion"))
    elif isinstance(fusion, str):
        found = registry.resolve("fusions", fusion)
        if isinstance(found, FusionFactory):
            found = found.load()
    if isinstance(found, FittedFusion):
        found.check_for([test for test in tests if not test.operating_point.only_adds] or tests)
    loaded: Fusion = found
    return loaded


def _counted(asked: Sequence[LivenessTest], said: Mapping[str, Score]) -> list[LivenessTest]:
    """Return the tests whose values count: those that do not abstain, or else all with a value."""
    valued = [test for test in asked if said[test.name].value is not None]
    return [test for test in valued if said[test.name].reason is None] or valued


def make_test(name: str, threads: int = 1) -> LivenessTest:
    """Make a liveness test by its name, for so many threads where it can use them.

    Raises:
        SettingsError: There is no such test.
        ModelError: Its model is missing or wrong.
    """
    factory: Callable[[], LivenessTest] = registry.resolve("liveness_tests", name)
    return factory.with_threads(threads) if isinstance(factory, ThreadedFactory) else factory()


def make_calibratable(name: str, threads: int = 1) -> CalibratableTest:
    """Make a liveness test that can be calibrated, by its name.

    Raises:
        SettingsError: There is no such test, or it cannot be calibrated.
        ModelError: Its model is missing or wrong.
    """
    return _calibratable(make_test(name, threads))


def name_of(test: str | LivenessTest) -> str:
    """Return the name in results of a test that is given by its name or as itself."""
    return registry.short_name(test) if isinstance(test, str) else test.name


def _located(tests: Sequence[str | LivenessTest]) -> list[str | LivenessTest]:
    return [registry.located(test) if isinstance(test, str) else test for test in tests]


def _calibratable(test: LivenessTest) -> CalibratableTest:
    if not isinstance(test, Calibratable):
        raise SettingsError(
            f"test {test.name!r} cannot be calibrated; name one that can, as "
            "`facepad calibrate` does by default"
        )
    return test


def _check_names(
    tests: Sequence[str | LivenessTest], advisory: Sequence[str | LivenessTest]
) -> None:
    for given in (tests, advisory):
        is_list = isinstance(given, Sequence) and not isinstance(given, str)
        require(is_list and bool(tests), "tests", "a list of at least one name", given)
    for test in (*tests, *advisory):
        is_test = hasattr(test, "score") and not isinstance(test, type)
        expected = "a name, or an object with a method score"
        require(isinstance(test, str) or is_test, "each test", expected, test)
    names = list(map(name_of, (*tests, *advisory)))
    if len(set(names)) < len(names):
        raise SettingsError(f"each test is named once, got {', '.join(names)}")


def _built_in_assess() -> Assess:
    from facepad.faces.capture import assess  # loads OpenCV

    return assess


def _face_finder(landmarks: bool) -> Finder:
    from facepad.faces.finder import FaceFinder  # loads what runs a network

    finder: Finder = FaceFinder(landmarks=landmarks)
    return finder
