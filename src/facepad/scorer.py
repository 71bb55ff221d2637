"""Ask the liveness tests of one check, side by side; measure each step; say what tests add."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import Protocol, cast, runtime_checkable

from facepad.errors import require
from facepad.fusion import Answer, Fused, Fusion, mean_of_frames, mean_ratio, supplements
from facepad.jobs.threads import SideBySide
from facepad.needs import needs_of
from facepad.scores import Breakdown, Contribution, logit, sigmoid
from facepad.types import LivenessTest, OperatingPoint, Presentation, Reason, Score

_TURNS = (3, 2)  # frames of a clip that are scored at first, and then; the rest comes last
_SETTLED = 1.0  # log-odds beyond the band
_LATE = Score(None, Reason.TIMED_OUT)
_NUDGE = 0.01  # log-odds; a weight is a change for this change
LONGEST_DEADLINE_S = 86_400.0  # a day; the system's clocks take no number without bounds

Settled = Callable[[Mapping[str, Score]], bool]


@runtime_checkable
class Explains(Protocol):
    """What a liveness test may offer beside `LivenessTest`."""

    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        """Return what each group of measurements did to the score, by the group's name.

        The score as it is, minus the score with that group replaced by its mean in
        training; in [-1, 1], above 0 where the group speaks for bona fide.
        """


@runtime_checkable
class Contributes(Protocol):
    """What a liveness test may offer beside `facepad.types.LivenessTest`."""

    def contributions(self, score: Score) -> Breakdown:
        """Return what each member added to the log-likelihood ratio of a score of this test.

        Args:
            score: With a value; its details hold what the explanation needs.
        """


@runtime_checkable
class ContributingFusion(Protocol):
    """A fusion that can give the weight of each test."""

    def contributions(self, answers: Mapping[str, Answer]) -> Mapping[str, float]:
        """Return what each test adds to the fused log-likelihood ratio, in log-odds.

        The parts and a constant sum to the fused ratio. Tests that do not count are left out.
        """


@dataclass(slots=True)
class StepClock:
    """Measures how long the steps of one check take.

    Attributes:
        began: When the check began, in seconds of `time.perf_counter`.
        steps: Milliseconds by step.
    """

    began: float = field(default_factory=perf_counter)
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of what is done within to a step."""
        began = perf_counter()
        yield
        self.steps[name] = self.steps.get(name, 0.0) + 1000.0 * (perf_counter() - began)

    def copy(self) -> "StepClock":
        """Return a clock with the same beginning and the steps so far."""
        return StepClock(self.began, dict(self.steps))

    def read(self, last: Sequence[str]) -> Mapping[str, float]:
        """Return the times, those of the steps ``last`` in that order behind the others."""
        steps = dict(self.steps)  # a late test may add its time meanwhile
        ordered = (*(step for step in steps if step not in last), *filter(steps.get, last))
        total = 1000.0 * (perf_counter() - self.began)
        return MappingProxyType({**{step: steps[step] for step in ordered}, "total": total})


class Scorer:
    """Asks liveness tests for their scores; safe to share between threads.

    Args:
        threads: How many tests run side by side at most.
        deadline_s: Seconds that the tests of one check have together; None for no limit.
        test_deadline_s: Seconds that each of them has from its turn on; None for no limit.
        explain: Whether to add ``details["contributions"]`` to the score of tests that can
            (`Contributes`), and ``details["explained"]`` (`Explains`).

    Raises:
        SettingsError: A deadline cannot be used.
    """

    def __init__(
        self,
        threads: int,
        deadline_s: float | None,
        test_deadline_s: float | None,
        *,
        explain: bool,
    ) -> None:
        expected = f"above 0 and at most {LONGEST_DEADLINE_S:.0f}, or None"
        for name, value in (("deadline_s", deadline_s), ("test_deadline_s", test_deadline_s)):
            is_time = isinstance(value, int | float) and 0.0 < value <= LONGEST_DEADLINE_S
            require(value is None or is_time, name, expected, value)
        self._side_by_side = SideBySide[Score](threads, deadline_s, test_deadline_s)
        self._explain = explain

    def scores(
        self,
        tests: Sequence[LivenessTest],
        stills: Presentation | None,
        clip: Presentation | None,
        clock: StepClock,
        settled: Settled | None = None,
    ) -> dict[str, Score]:
        """Return the score of each test, by name; a late one has the reason ``timed_out``.

        Tests that combine frames by their mean (``by_frame``) get the frames of a clip in turns,
        until the answer is settled; every other test gets its frames at once.

        Args:
            tests: Tests that get the frames that they need.
            stills: What frame-wise tests get.
            clip: What clip tests get.
            clock: Gets the time of each test.
            settled: Whether scores so far, by test, decide beyond doubt; None to use all frames.
        """

        def call(test: LivenessTest, presentation: Presentation) -> Score:
            with clock.step(test.name):
                return self._score(test, presentation)

        def more(frames: _ByFrame, numbers: Sequence[int]) -> Score:
            with clock.step(frames.test.name):
                return self._explained(*frames.more(numbers))

        turns = _turns(len(stills.frames)) if stills and settled else ()
        parts = {
            test.name: _ByFrame(test, stills)
            for test in tests
            if stills and len(turns) > 1 and getattr(test, "by_frame", False)
        }
        pairs = [(test, clip if needs_of(test).is_clip else stills) for test in tests]
        calls = {
            test.name: partial(more, parts[test.name], turns[0])
            if test.name in parts
            else partial(call, test, one)
            for test, one in pairs
            if one is not None
        }
        found = self._in_time(calls)
        for numbers in turns[1:]:
            parts = {name: one for name, one in parts.items() if found[name] is not _LATE}
            if not parts or settled is None or settled(found):
                break
            found |= self._in_time(
                {name: partial(more, one, numbers) for name, one in parts.items()}
            )
        return found

    def _in_time(self, calls: Mapping[str, Callable[[], Score]]) -> dict[str, Score]:
        return {name: score or _LATE for name, score in self._side_by_side.run(calls).items()}

    def _score(self, test: LivenessTest, presentation: Presentation) -> Score:
        unmet = needs_of(test).unmet(presentation)
        if unmet is not None:
            return Score(None, unmet)
        return self._explained(test, presentation, _scored(test, presentation))

    def _explained(self, test: LivenessTest, presentation: Presentation, score: Score) -> Score:
        if score.value is None or not self._explain:
            return score
        details = dict(score.details)
        if isinstance(test, Explains):
            details["explained"] = dict(test.explain(presentation))
        if isinstance(test, Contributes):
            details["contributions"] = test.contributions(score).to_dict()
        return replace(score, details=MappingProxyType(details))


class _ByFrame:
    """The frames of one clip under a test, of which some were scored."""

    def __init__(self, test: LivenessTest, stills: Presentation) -> None:
        self.test, self._stills = test, stills
        self._found: dict[int, Score] = {}

    def more(self, numbers: Sequence[int]) -> tuple[LivenessTest, Presentation, Score]:
        """Score further frames; return the test, all frames so far, and their score."""
        for number in numbers:
            alone = replace(self._stills, frames=(self._stills.frames[number],))
            self._found[number] = _scored(self.test, alone)
        seen = sorted(self._found)
        so_far = replace(self._stills, frames=tuple(self._stills.frames[one] for one in seen))
        return self.test, so_far, mean_of_frames([self._found[one] for one in seen])


def _scored(test: LivenessTest, presentation: Presentation) -> Score:
    try:
        return test.score(presentation)
    except Exception as error:
        error.add_note(f"in the liveness test {test.name!r}")
        raise


def _turns(count: int) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of the frames of each turn, every time spread over the clip."""
    rest, turns = list(range(count)), []
    for size in (*_TURNS, count):
        parts = min(size, len(rest))
        chosen = [rest[(2 * part + 1) * len(rest) // (2 * parts)] for part in range(parts)]
        if chosen:
            turns.append(tuple(chosen))
        rest = [number for number in rest if number not in chosen]
    return tuple(turns)


def is_settled(fused: Fused, point: OperatingPoint) -> bool:
    """Return whether a fused score is so far outside the band that more frames are not needed.

    Args:
        fused: The fused answer so far, from three frames or more.
        point: Threshold and band that are applied to it.
    """
    if fused.value is None or fused.reasons:
        return False
    ratio = logit(fused.value)
    return ratio >= logit(point.high) + _SETTLED or ratio <= logit(point.low) - _SETTLED


def frames_used(scores: Mapping[str, Score], presentation: Presentation) -> int:
    """Return how many frames the tests scored at most."""
    own = [score.details.get("frames") for score in scores.values()]
    used = [one for one in own if isinstance(one, int)]
    return min(max(used, default=len(presentation.frames)), len(presentation.frames))


def contributions_of(
    fusion: Fusion, answers: Mapping[str, Answer], decided: float | None = None
) -> Breakdown | None:
    """Return what each deciding test adds to the fused log-likelihood ratio.

    Args:
        fusion: One with a method ``contributions`` (see `ContributingFusion`) is asked for the
            parts. The part of a test in any other fusion is the fused ratio minus the fused
            ratio without this test; what is left of the sum is the bias.
        answers: By the test's name, as the fusion gets them.
        decided: Score of the decision, if it can be another one than the fused score: what the
            veto of a test takes away is a part of its own.

    Returns:
        The parts, each with its weight; or None where the fusion has no value.

    Example:
        >>> from facepad.types import OperatingPoint
        >>> half = OperatingPoint.at(0.5)
        >>> answers = {"a": Answer(Score(0.9), half), "b": Answer(Score(0.5), half)}
        >>> [(p.name, round(p.log_odds, 3)) for p in contributions_of(mean_ratio, answers).parts]
        [('a', 1.099), ('b', 0.0)]
    """
    own = supplements.deciding(answers)
    value = fusion(own).value
    if value is None:
        return None
    added = _added(fusion, own)
    parts = tuple(
        Contribution(name, one, weight=_weight(fusion, own, name, one))
        for name, one in added.items()
    )
    beside = tuple(
        Contribution(
            name,
            one,
            weight=one / alone if (alone := logit(answers[name].score.value or 0.5)) else 1.0,
        )
        for name, one in supplements.added_by(answers).items()
    )
    found = Breakdown((*parts, *beside), logit(value) - math.fsum(added.values()))
    return found if decided is None else found.adding_up_to(logit(decided), "veto")


def _added(fusion: Fusion, answers: Mapping[str, Answer]) -> Mapping[str, float]:
    given = cast(object, fusion)
    if isinstance(given, ContributingFusion):
        return given.contributions(answers)
    own = {n: logit(one.score.value) for n, one in answers.items() if one.score.value is not None}
    if fusion is mean_ratio:
        deciding = [name for name in own if answers[name].score.reason is None] or list(own)
        return {name: own[name] / len(deciding) for name in deciding}
    ratio = _fused_ratio(fusion, answers)
    others = {name: {n: one for n, one in answers.items() if n != name} for name in own}
    return {name: ratio - _fused_ratio(fusion, others[name]) for name in own}


def _fused_ratio(fusion: Fusion, answers: Mapping[str, Answer]) -> float:
    """Return the fused log-likelihood ratio; 0 without answers or a value."""
    value = fusion(answers).value if answers else None
    return 0.0 if value is None else logit(value)


def _weight(fusion: Fusion, answers: Mapping[str, Answer], name: str, added: float) -> float:
    """Return how much more a test adds for one log-odd more of its own ratio."""
    answer = answers[name]
    own = logit(answer.score.value or 0.0)
    nudged = own - math.copysign(_NUDGE, own)  # towards 0, away from the limit of a ratio
    score = replace(answer.score, value=sigmoid(nudged), interval=None)
    moved = {**answers, name: replace(answer, score=score)}
    return (_added(fusion, moved).get(name, added) - added) / (nudged - own)
