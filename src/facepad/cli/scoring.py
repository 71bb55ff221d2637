"""The work behind ``facepad score``: a manifest in, a file of scores out."""

from collections.abc import Sequence
from pathlib import Path

from facepad.cli.document import Judged
from facepad.cli.edge import ExitCode, say
from facepad.cli.manifest import Manifest, read_manifest
from facepad.cli.progress import progress
from facepad.cli.scores_file import OUTCOME_COLUMN, ScoresFile
from facepad.cli.text import counted
from facepad.cli.workers import Workers
from facepad.pipeline import Checker

ERROR_PREFIX = "error: "  # in the column reason, where no outcome stands beside it


def run(
    manifest_file: Path,
    out: Path,
    tests: tuple[str, ...],
    *,
    workers: int,
    resume: bool = False,
    force: bool = False,
) -> ExitCode:
    """Score every row of a manifest once, in order.

    Raises:
        DatasetError: The manifest, or the file to go on with, cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: The output is there already or cannot be written; or a test that
            was named does not exist.
    """
    outputs = output_columns(tests)
    manifest = read_manifest(manifest_file, outputs)
    Checker(tests).load()  # a missing model is told before any file is touched
    with ScoresFile(out, manifest, outputs, resume=resume, force=force) as scores:
        left = len(manifest.rows) - scores.done
        if scores.done:
            say(f"{out}: {counted(scores.done, 'row')} there already, {left:,} left")
        errors = scores.errors + _score(manifest, scores, tests, min(workers, left))
    say(f"{out}: {counted(len(manifest.rows), 'row')}{_told(errors)}")
    return ExitCode.INPUT if errors else ExitCode.OK


def output_columns(tests: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns that are added to the manifest's.

    Example:
        >>> output_columns(["quality"])
        ('score', 'outcome', 'reason', 'quality_score', 'ms')
    """
    return ("score", OUTCOME_COLUMN, "reason", *(f"{test}_score" for test in tests), "ms")


def output_fields(judged: Judged, tests: Sequence[str]) -> tuple[str, ...]:
    """The added fields of one row; scores in [0, 1] with six decimals, empty when missing.

    A picture that could not be read has no outcome; the reason is then "error: " and why.
    """
    decision = judged.decision
    if decision is None:
        return ("", "", f"{ERROR_PREFIX}{judged.error}", *("" for _ in tests), "")
    return (
        _number(decision.score),
        decision.outcome.value,
        ";".join(decision.reasons),
        *(_number(decision.scores[test].value) for test in tests),
        f"{decision.timings_ms.get('total', 0.0):.1f}",
    )


def _score(manifest: Manifest, scores: ScoresFile, tests: tuple[str, ...], workers: int) -> int:
    """Score the rows that are left; gives the number of pictures that could not be read."""
    if scores.done == len(manifest.rows):
        return 0
    errors = 0
    left = range(scores.done, len(manifest.rows))
    with (
        Workers(tests, workers) as pool,
        progress("scored", len(manifest.rows), done=scores.done, lines=True) as advance,
    ):
        for row, judged in zip(left, pool.judge(map(manifest.picture, left)), strict=True):
            scores.append((*manifest.rows[row], *output_fields(judged, tests)))
            errors += judged.decision is None
            advance()
    return errors


def _told(errors: int) -> str:
    return f", {counted(errors, 'picture')} could not be read" if errors else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
