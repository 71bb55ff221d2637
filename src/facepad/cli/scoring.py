"""The work behind ``facepad score``: a manifest in, a file of scores out."""

from pathlib import Path

from facepad.cli.edge import ExitCode, say
from facepad.cli.manifest import Manifest, read_manifest
from facepad.cli.progress import progress
from facepad.cli.rows import is_error, output_columns
from facepad.cli.scores_file import ScoresFile
from facepad.cli.text import counted
from facepad.cli.workers import Workers
from facepad.pipeline import Checker


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
        for row, fields in zip(left, pool.judge(map(manifest.picture, left)), strict=True):
            scores.append((*manifest.rows[row], *fields))
            errors += is_error(fields)
            advance()
    return errors


def _told(errors: int) -> str:
    return f", {counted(errors, 'picture')} could not be read" if errors else ""
