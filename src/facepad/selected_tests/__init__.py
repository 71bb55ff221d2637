"""The liveness tests that judge together: made by name, perhaps one of them for a camera."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import Any, Self

from facepad import calibration, registry
from facepad.calibration import CalibratableTest, Calibration
from facepad.errors import SettingsError, require
from facepad.finders import Finder
from facepad.fusion import FittedFusion, Fusion
from facepad.needs import Assess, needs_of
from facepad.registry import DEFAULT_POINT
from facepad.selected_tests.loaded import LoadedTests
from facepad.selected_tests.making import load_fusion, make_test, name_of
from facepad.types import Calibratable, LivenessTest, OperatingPoint

__all__ = ["LoadsOnce", "SelectedTests", "load_fusion", "make_calibratable", "make_test", "name_of"]

NONE_READY: Mapping[str, LivenessTest] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SelectedTests:
    """Which tests decide and which are only reported.

    Attributes:
        deciding: Names of the tests that decide or add to it, or tests themselves; one or more.
        advisory: Tests whose scores do not affect the decision.
        calibration: Of the camera that the first test is anchored to, if any; no other decides.
        calibration_version: Name and hash of the calibration.
        over_time: Names of tests that add to it in clips; stills do not get them.
    """

    deciding: tuple[str | LivenessTest, ...]
    advisory: tuple[str | LivenessTest, ...] = ()
    calibration: Calibration | None = None
    calibration_version: str | None = None
    over_time: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        tests: Sequence[str | LivenessTest] | None = None,
        advisory: Sequence[str | LivenessTest] | None = None,
        camera: str | None = None,
    ) -> Self:
        """Sort tests by their part in the decision; with a calibration, only its test decides.

        Other tests are not anchored to the camera: their scores are on another scale, and
        count a camera of an unknown kind against the person. `registry.ADDING_TESTS` still add:
        the anchored score is a log-likelihood ratio, too.

        Args:
            tests: Names of tests, or tests themselves; None for the default ones, which are
                others in clips than in stills.
            advisory: More of them that are only reported; None for the default ones beside the
                default tests, and for none beside others.
            camera: Name of a calibration; None for none.

        Raises:
            SettingsError: No test is named, one is named twice, or no calibration has this name.
            ModelError: The calibration's file is damaged.
        """
        if advisory is None:
            advisory = registry.DEFAULT_ADVISORY if tests is None else ()
        over_time: Sequence[str] = registry.DEFAULT_CLIP_TESTS if tests is None else ()
        if tests is None:
            tests = registry.DEFAULT_TESTS
        _check_names(tests, advisory)
        tests, advisory = _located(tests), _located(advisory)
        given = list(map(name_of, (*tests, *advisory)))
        beside = tuple(name for name in over_time if name not in given)
        require(isinstance(camera, str | None), "calibration", "the name of a calibration", camera)
        if camera is None:
            return cls(tuple(tests), tuple(advisory), over_time=beside)
        anchor = calibration.load(camera)
        alone = registry.located(anchor.test)
        all_tests = (*tests, *advisory)
        own = next((test for test in all_tests if name_of(test) == anchor.test), alone)
        adding = tuple(test for test in tests if name_of(test) in registry.ADDING_TESTS)
        apart = {anchor.test, *map(name_of, adding)}
        others = tuple(test for test in all_tests if name_of(test) not in apart)
        return cls((own, *adding), others, anchor, calibration.version(camera), beside)

    def for_clips(self) -> "SelectedTests":
        """Return the tests of a clip."""
        return replace(self, deciding=(*self.deciding, *self.over_time), over_time=())

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
        *,
        ready: Mapping[str, LivenessTest] = NONE_READY,
    ) -> LoadedTests:
        """Make every test and the fusion; the face finder and the rules for captures if None.

        Tests share the threads: they run side by side, and each gets an equal part. Those that
        are ready are taken as they are, by name.

        Raises:
            ModelError: A model file is missing, has the wrong hash or does not fit the
                calibration.
            SettingsError: A test or fusion does not exist, or the test of the calibration
                cannot be calibrated.
        """
        given = (*self.deciding, *self.advisory)
        each = max(1, threads // len(given))  # tests run side by side, `threads` at most
        made = [
            ready[name_of(test)]
            if name_of(test) in ready
            else make_test(test, each)
            if isinstance(test, str)
            else test
            for test in given
        ]
        if self.calibration is not None and made[0].name not in ready:
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


class LoadsOnce:
    """Loads the tests of stills, and those of clips, each at the first use; safe between threads.

    Args:
        selected: The tests.
        options: Arguments of `SelectedTests.load`.
    """

    def __init__(self, selected: SelectedTests, *options: Any) -> None:  # noqa: ANN401
        self._selected, self._options = selected, options
        self._stills: LoadedTests | None = None
        self._clips: LoadedTests | None = None
        self._lock = Lock()

    def is_ready(self, *, is_clip: bool) -> bool:
        """Return whether the tests of stills, or of clips, are loaded."""
        return (self._clips if is_clip and self._selected.over_time else self._stills) is not None

    def get(self, *, is_clip: bool) -> LoadedTests:
        """Return the tests of stills or of clips; those of stills are not loaded twice.

        Raises:
            ModelError: As `SelectedTests.load`.
            SettingsError: As `SelectedTests.load`.
        """
        with self._lock:
            if self._stills is None:
                self._stills = self._selected.load(*self._options)
            if not is_clip or not self._selected.over_time:
                return self._stills
            if self._clips is None:
                ready = {test.name: test for test in self._stills.tests}
                self._clips = self._selected.for_clips().load(*self._options, ready=ready)
            return self._clips


def make_calibratable(name: str, threads: int = 1) -> CalibratableTest:
    """Make a liveness test that can be calibrated, by its name.

    Raises:
        SettingsError: There is no such test, or it cannot be calibrated.
        ModelError: Its model is missing or wrong.
    """
    return _calibratable(make_test(name, threads))


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
