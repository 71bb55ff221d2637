"""The columns that `facepad evaluate` keeps of each presentation, and how a worker fills them."""

from collections.abc import Sequence

from facepad.errors import InputError
from facepad.pipeline import Checker
from facepad.scoring.rows import DECIMALS, ERROR_PREFIX, Fields, output_columns
from facepad.types import Decision, Reason, Sample, Score, Split

STEPS = ("decode", "faces")
_NO_SAMPLE = Sample("", "", "", Split.TEST)  # a worker does not know what it looks at


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
    checker: Checker, path: str, frame: int | None, tests: Sequence[str]
) -> Fields:
    """Return the kept fields of one picture or clip; what cannot be read becomes its error.

    Args:
        checker: Judges the whole presentation.
        path: Where it lies, as `facepad.sources` takes it.
        frame: The only frame that counts; None for those that the checker selects.
        tests: Names of the liveness tests.

    Raises:
        DatasetError: It lies in a packed file that is damaged.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test does not exist, or a library is missing.
    """
    try:
        decision = checker.check(Sample(path, path, "", Split.TEST, frame=frame))
    except InputError as error:
        return _error(str(error), tests)
    answers = [_answer(decision, test) for test in tests]
    times = decision.timings_ms
    return (
        _number(None if decision.face is None else decision.score),
        decision.outcome.value,
        ";".join(decision.reasons),
        *(_number(value) for value, _ in answers),
        f"{times.get('total', 0.0) - times.get('load', 0.0):.1f}",
        *(reason for _, reason in answers),
        str(decision.frames),
        *(f"{times.get(step, 0.0):.2f}" for step in (*STEPS, *tests)),
    )


def _answer(decision: Decision, test: str) -> tuple[float | None, str]:
    """One test's score and reason; without a face there is none, as in the decision."""
    if decision.face is None:
        return None, (decision.reasons or (Reason.NO_FACE,))[0].value
    score = decision.scores.get(test, Score(None, Reason.CLIP_TOO_SHORT))
    return score.value, "" if score.reason is None else score.reason.value


def _error(error: str, tests: Sequence[str]) -> Fields:
    return padded(("", "", f"{ERROR_PREFIX}{error}"), tests)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}"
