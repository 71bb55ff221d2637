"""The columns that `facepad evaluate` keeps of each presentation, and how a worker fills them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from facepad.decision import conclude
from facepad.errors import InputError
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.choices import Combine
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.fused_rows import together
from facepad.scoring.rows import DECIMALS, ERROR_PREFIX, Fields, output_columns
from facepad.types import Decision, OperatingPoint, Presentation, Reason, Sample, Split

STEPS = ("decode", "faces")
_NO_SAMPLE = Sample("", "", "", Split.TEST)  # a worker does not know what it looks at


@dataclass(frozen=True, slots=True)
class Look:
    """How presentations are looked at.

    Attributes:
        frames: Which frames of a video.
        combine: How their scores become one.
        points: Threshold and band of each test that decides, by its name.
    """

    frames: FrameSelection
    combine: Combine
    points: Mapping[str, OperatingPoint]


def kept_columns(tests: Sequence[str]) -> Fields:
    """Names of the columns, those of `facepad score` first.

    Example:
        >>> kept_columns(["quality"])[5:]
        ('quality_reason', 'frames', 'decode_ms', 'faces_ms', 'quality_ms')
    """
    return (
        *output_columns(tests),
        *(f"{test}_reason" for test in tests),
        "frames",
        *(f"{step}_ms" for step in (*STEPS, *tests)),
    )


def padded(fields: Fields, tests: Sequence[str]) -> Fields:
    """The fields of a picture whose worker died, which has fewer, in all the columns."""
    return (*fields, *("" for _ in range(len(kept_columns(tests)) - len(fields))))


def judge_presentation(
    look: Look, checker: Checker, path: str, frame: int | None, tests: Sequence[str]
) -> Fields:
    """The kept fields of one picture or video; what cannot be read becomes its error.

    Args:
        look: How it is looked at.
        checker: Judges each frame.
        path: Where it lies, as `facepad.sources` takes it.
        frame: The only frame that counts; None for those that ``look`` chooses.
        tests: Names of the liveness tests.

    Raises:
        DatasetError: It lies in a packed file that is damaged.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test does not exist, or a library is missing.
    """
    rule = look.frames if frame is None else FrameSelection("at", frame)
    try:
        decisions = list(_decisions(checker, path, rule))
    except InputError as error:
        return _error(str(error), tests)
    if not decisions:
        return _error(f"{path}: none of the frames can be read", tests)
    scored = {test: _combined(decisions, test, look.combine) for test in tests}
    fused = together(scored, look.points)
    outcome, reasons = conclude(fused)
    times = _times(decisions)
    return (
        _number(fused.value),
        outcome.value,
        ";".join(reasons),
        *(_number(one.value) for one in scored.values()),
        f"{times.get('total', 0.0) - times.get('load', 0.0):.1f}",
        *(one.reason for one in scored.values()),
        str(len(decisions)),
        *(f"{times.get(step, 0.0):.2f}" for step in (*STEPS, *tests)),
    )


def _decisions(checker: Checker, path: str, rule: FrameSelection) -> Iterator[Decision]:
    """What each frame comes to, with the time it took to decode."""
    from facepad.media.video_limits import VideoLimits
    from facepad.sources import read_frames

    limits = VideoLimits.from_settings()
    began = perf_counter()
    for _, frame in read_frames(path, rule, limits):
        decode_ms = 1000.0 * (perf_counter() - began)
        decision = checker.check_presentation(Presentation((frame,), source=path))
        times = {**decision.timings_ms, "decode": decode_ms}
        times["total"] = decode_ms + decision.timings_ms["total"]
        yield replace(decision, timings_ms=times)
        began = perf_counter()


def _combined(decisions: Sequence[Decision], test: str, how: Combine) -> Scored:
    """One test's answer over all frames; without a face there is none, as in the pipeline."""
    frames = [Scored(_NO_SAMPLE, *_answer(decision, test)) for decision in decisions]
    return combined(frames, how)[0]


def _answer(decision: Decision, test: str) -> tuple[float | None, str]:
    score = decision.scores[test]
    if decision.face is None:
        return None, (decision.reasons or (Reason.NO_FACE,))[0].value
    return score.value, "" if score.reason is None else score.reason.value


def _times(decisions: Sequence[Decision]) -> Mapping[str, float]:
    steps = {step for decision in decisions for step in decision.timings_ms}
    return {step: sum(d.timings_ms.get(step, 0.0) for d in decisions) for step in steps}


def _error(error: str, tests: Sequence[str]) -> Fields:
    return padded(("", "", f"{ERROR_PREFIX}{error}"), tests)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}"
