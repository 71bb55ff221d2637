"""The work behind ``facepad score``: a manifest in, a file of scores out."""

from functools import partial
from pathlib import Path

from facepad import calibration
from facepad.cli.console import progress
from facepad.cli.errors import ExitCode, say
from facepad.cli.options import ScoreOptions
from facepad.errors import counted
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_FUSION
from facepad.scoring.manifest import Manifest, read_manifest
from facepad.scoring.rows import is_error, output_columns
from facepad.scoring.run_facts import NOTHING, Facts, keep_facts
from facepad.scoring.scores_file import ScoresFile
from facepad.scoring.workers import Workers, judge_picture


def run(manifest_file: Path, out: Path, options: ScoreOptions) -> ExitCode:
    """Score every row of a manifest once, in order.

    Raises:
        DatasetError: The manifest, or the file to go on with, cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: The output is there already, cannot be written, or was begun with other
            models or another calibration; or a name is not known.
    """
    checker = Checker(options.tests, calibration=options.calibration)
    outputs = output_columns(checker.tests)
    manifest = read_manifest(manifest_file, outputs)
    checker.load()  # a missing model is told before any file is touched
    camera = None if options.calibration is None else calibration.version(options.calibration)
    facts = _facts(checker, camera)
    with ScoresFile(out, manifest, outputs, resume=options.resume, force=options.force) as scores:
        keep_facts(out, facts, begun=scores.done > 0)
        left = len(manifest.rows) - scores.done
        if scores.done:
            say(f"{out}: {counted(scores.done, 'row')} there already, {left:,} left")
        errors = scores.errors
        if left:
            judge = partial(judge_picture, camera)
            with Workers(checker.tests, min(options.workers, left), judge) as pool:
                errors += _score(manifest, scores, pool)
    say(f"{out}: {counted(len(manifest.rows), 'row')}{_told(errors)}")
    return ExitCode.INPUT if errors else ExitCode.OK


def _facts(checker: Checker, camera: str | None) -> Facts:
    return {
        "tests": ",".join(checker.tests),
        "fusion": DEFAULT_FUSION,
        "calibration": camera or NOTHING,
        **{f"model {name}": version for name, version in checker.models.items()},
    }


def _score(manifest: Manifest, scores: ScoresFile, pool: Workers) -> int:
    """Score the rows that are left; gives the number of pictures that could not be read."""
    errors = 0
    left = range(scores.done, len(manifest.rows))
    with progress("scored", len(manifest.rows), done=scores.done, lines=True) as advance:
        for row, fields in zip(left, pool.judge(map(manifest.picture, left)), strict=True):
            scores.append((*manifest.rows[row], *fields))
            errors += is_error(fields)
            advance()
    return errors


def _told(errors: int) -> str:
    return f", {counted(errors, 'picture')} could not be read" if errors else ""
