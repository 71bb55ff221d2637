"""Tests, fusion and finder that are loaded, and the fused answer about one presentation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from facepad.finders import Finder
from facepad.fusion import Answer, FittedFusion, Fused, Fusion, applied, point_of, vetoed
from facepad.fusion.supplements import fused as fused_of
from facepad.needs import Assess, Needs, needs_of
from facepad.reasons import REASONS
from facepad.registry import DEFAULT_POINT
from facepad.types import LivenessTest, OperatingPoint, Reason, Score

NO_SIDE: Mapping[str, float] = MappingProxyType({})
NO_CONTEXT_NOTE = REASONS[Reason.NO_CONTEXT].words  # where it does not keep a score from deciding


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
        raised = {t.name: getattr(t, "anchored", None) is not False for t in asked}
        answers = {
            n: Answer(score, points[n], usual[n], side, raised[n]) for n, score in said.items()
        }
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


def _counted(asked: Sequence[LivenessTest], said: Mapping[str, Score]) -> list[LivenessTest]:
    """Return the tests whose values count: those that do not abstain, or else all with a value."""
    valued = [test for test in asked if said[test.name].value is not None]
    return [test for test in valued if said[test.name].reason is None] or valued
