"""The columns that `facepad score` adds to a manifest."""

from collections.abc import Sequence

from facepad.types import Decision

OUTCOME_COLUMN = "outcome"  # empty where the picture could not be read
ERROR_PREFIX = "error: "  # in the column reason, where no outcome stands beside it
DECIMALS = 6  # of scores; more is noise of the machine

Fields = tuple[str, ...]


def output_columns(tests: Sequence[str]) -> Fields:
    """Names of the added columns.

    Example:
        >>> output_columns(["quality"])
        ('score', 'outcome', 'reason', 'quality_score', 'ms')
    """
    return ("score", OUTCOME_COLUMN, "reason", *(f"{test}_score" for test in tests), "ms")


def decision_fields(decision: Decision, tests: Sequence[str]) -> Fields:
    """The added fields of a picture that was judged; a missing score is empty, never 0."""
    return (
        _number(decision.score),
        decision.outcome.value,
        ";".join(decision.reasons),
        *(_number(_value(decision, test)) for test in tests),
        f"{decision.timings_ms.get('total', 0.0):.1f}",
    )


def error_fields(error: str, tests: Sequence[str]) -> Fields:
    """The added fields of a picture that could not be read: why, and nothing else.

    Example:
        >>> error_fields("a.jpg: the file is empty", ["quality"])
        ('', '', 'error: a.jpg: the file is empty', '', '')
    """
    return ("", "", f"{ERROR_PREFIX}{error}", *("" for _ in tests), "")


def is_error(fields: Fields) -> bool:
    """Whether added fields are those of a picture that could not be read."""
    return not fields[1]


def _value(decision: Decision, test: str) -> float | None:
    return decision.scores[test].value if test in decision.scores else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}"
