"""Several tests as one system: their fusion, its operating point, subsets, and where it decides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.report.scatter import FusionLine
from facepad.fusion import Answer, FittedFusion, Fused, Fusion, fusion_name
from facepad.fusion.supplements import fused as fused_of
from facepad.scores import LOGIT_LIMIT, logit, sigmoid
from facepad.scoring.table import answer_of, capture_reasons
from facepad.scoring.workers import as_shipped
from facepad.selected_tests import load_fusion
from facepad.types import OperatingPoint, Outcome, Reason, Score

MOST_TESTS = 5  # with more tests, subsets leave out one test only
MOST_LINES = 3  # pairs of tests that are drawn against each other
STEPS = 41  # scores of each test on the grid of a line
# Why a test has no part in a decision, or no score: the presentation lacks what it needs.
UNMET = frozenset({Reason.CLIP_TOO_SHORT, Reason.FRAME_RATE_TOO_LOW, Reason.NO_DEPTH})
_REASONS: Mapping[str, Reason] = {reason.value: reason for reason in Reason}

Points = Mapping[str, OperatingPoint]


@dataclass(frozen=True, slots=True)
class FusedTests:
    """Tests that decide together.

    Attributes:
        fusion: Name of the fusion.
        fuse: The fusion.
        points: Threshold and band of each test alone, by name; at least two tests, or one with
            supplements.
        supplements: Names of tests whose log-likelihood ratios are added.
        is_raised: Whether they may count for a presentation.
    """

    fusion: str
    fuse: Fusion
    points: Points
    supplements: tuple[str, ...] = ()
    is_raised: bool = True

    @classmethod
    def of(cls, fusion: str, points: Points, supplements: tuple[str, ...] = ()) -> "FusedTests":
        """Return tests with the fusion of this name, or of this file.

        Raises:
            SettingsError: There is no such fusion.
            ModelError: Its file is missing or wrong.
        """
        return cls(fusion_name(fusion), load_fusion(fusion), points, supplements)

    @property
    def name(self) -> str:
        """Name of the tests together.

        Example:
            >>> half = OperatingPoint.at(0.5)
            >>> FusedTests.of("mean", {"quality": half, "face_cnn": half}).name
            'mean of quality, face_cnn'
            >>> FusedTests.of("mean", {"face_cnn": half}, ("blink", "pulse")).name
            'face_cnn with blink, pulse'
        """
        names = ", ".join(self.points)
        is_one = len(self.points) == 1 and not isinstance(self.fuse, FittedFusion)
        deciding = names if is_one else f"{self.fusion} of {names}"
        return f"{deciding} with {', '.join(self.supplements)}" if self.supplements else deciding

    @property
    def usual_point(self) -> OperatingPoint:
        """Threshold and band of the tests together where none abstains and no band is wider."""
        half = Score(0.5)
        answers = {test: Answer(half, own) for test, own in self.points.items()}
        return fused_of(self.fuse, answers).operating_point

    def shipped_point(self) -> GivenPoint:
        """Return the operating point of the tests together, where none abstains."""
        return as_shipped(self.usual_point)

    def subsets(self) -> Iterator["FusedTests"]:
        """Yield the tests without one, then smaller sets of at least two; see ``MOST_TESTS``.

        Supplements are part of each.
        """
        most = len(self.points) - 1
        least = 2 if len(self.points) <= MOST_TESTS else most
        for size in range(most, max(2, least) - 1, -1):
            for names in combinations(self.points, size):
                points = {name: self.points[name] for name in names}
                yield replace(self, points=points)

    def without_supplements(self) -> Iterator["FusedTests"]:
        """Yield the same tests without supplements, where that is neither the same nor one test."""
        if self.supplements and len(self.points) > 1:
            yield replace(self, supplements=())

    def lines(self) -> tuple[FusionLine, ...]:
        """Return where each pair of the first three tests decides, without the other tests."""
        pairs = [*combinations(self.points, 2)]
        return tuple(self._line(*pair) for pair in pairs[:MOST_LINES])

    def answer(self, row: Mapping[str, str]) -> tuple[float | None, str]:
        """Return the score that is fused anew, and why there is none or it must not decide.

        Args:
            row: A row of the file of scores, by column.
        """
        answers = {test: answer_of(row, test) for test in self.points}
        if row["outcome"] in ("", Outcome.NON_RESPONSE) and all(
            value is None for value, _ in answers.values()
        ):
            return next(iter(answers.values()))
        capture = {*capture_reasons(row), Reason.NO_CONTEXT.value}
        given = {test: _score(*answer, capture) for test, answer in answers.items()}
        part = {t: s for t, s in given.items() if s.value is not None or s.reason not in UNMET}
        answered = {
            test: Answer(score, self.points[test], is_raised=self.is_raised)
            for test, score in (part or given).items()
        }
        fused = fused_of(self.fuse, {**answered, **self._added(row, capture)})
        poor = {
            reason
            for test in part
            for reason in answers[test][1].split(";")
            if reason in capture and given[test].value is not None
        }
        reasons = {*poor, *(reason.value for reason in fused.reasons)}
        return fused.value, ";".join(r.value for r in Reason if r.value in reasons)

    def _added(self, row: Mapping[str, str], capture: set[str]) -> dict[str, Answer]:
        point = OperatingPoint.undecided()
        scores = {test: _score(*answer_of(row, test), capture) for test in self.supplements}
        return {test: Answer(score, point) for test, score in scores.items()}

    def _line(self, first: str, second: str) -> FusionLine:
        ratios = np.linspace(-LOGIT_LIMIT, LOGIT_LIMIT, STEPS)
        scores = [Score(sigmoid(float(ratio))) for ratio in ratios]
        fused = [[self._pair(first, one, second, other) for one in scores] for other in scores]
        margins = {
            name: np.array([[_margin(each, name) for each in row] for row in fused])
            for name in ("threshold", "low", "high")
        }
        others = tuple(test for test in self.points if test not in (first, second))
        return FusionLine(first, second, self.fusion, others, ratios, margins)

    def _pair(self, first: str, one: Score, second: str, other: Score) -> Fused:
        given = ((first, one), (second, other))
        answers = {test: Answer(score, self.points[test]) for test, score in given}
        return fused_of(self.fuse, answers)


def partly_decided(rows: Mapping[str, Sequence[Scored]]) -> tuple[int, int]:
    """Return in how many presentations only some tests decide.

    Args:
        rows: Rows of each test that decides, by name; the same presentations in one order.

    Returns:
        The number of those where other tests abstain, and of those where the others have no
        score, since the presentation lacks what they need, such as frames or depth.
    """
    each = [scored for scored in zip(*rows.values(), strict=True) if any(map(_decides, scored))]
    silent = [[row for row in scored if not _decides(row)] for scored in each]
    unmet = sum(bool(rest) and all(map(_is_unmet, rest)) for rest in silent)
    return sum(map(bool, silent)) - unmet, unmet


def _score(value: float | None, reasons: str, capture: set[str]) -> Score:
    """Return the score as the test gave it, without what is wrong with the capture."""
    own = (
        _REASONS.get(name) for name in reasons.split(";") if name not in capture or value is None
    )
    return Score(value, next(filter(None, own), None))


def _margin(fused: Fused, bound: str) -> float:
    """Return how far a fused score is above a bound, in log-odds; NaN where there is none."""
    if fused.value is None or fused.reasons:
        return float("nan")
    return logit(fused.value) - logit(getattr(fused.operating_point, bound))


def _decides(row: Scored) -> bool:
    """Return whether a test decides; a fitted fusion has a threshold where the test has none."""
    return row.value is not None and row.reason in (None, "", Reason.NO_THRESHOLD)


def _is_unmet(row: Scored) -> bool:
    return row.value is None and row.reason in UNMET
