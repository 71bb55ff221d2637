"""``facepad score``: score all pictures and clips of a manifest into a CSV file."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.cli.options import (
    ADVISORY_HELP,
    CALIBRATION_HELP,
    TESTS_HELP,
    names_given,
)

MANIFEST_HELP = "CSV in UTF-8 with a column 'path', relative to the folder of the file."
OUT_HELP = "CSV to write: the manifest's columns, then score, outcome, reason, ..., ms."


def score(
    *,
    manifest: Annotated[Path, typer.Option("--manifest", metavar="IN.csv", help=MANIFEST_HELP)],
    out: Annotated[Path, typer.Option("--out", metavar="SCORES.csv", help=OUT_HELP)],
    tests: Annotated[
        str | None, typer.Option("--tests", metavar="NAME,...", help=TESTS_HELP)
    ] = None,
    advisory: Annotated[
        str | None, typer.Option("--advisory", metavar="NAME,...", help=ADVISORY_HELP)
    ] = None,
    calibration: Annotated[
        str | None, typer.Option("--calibration", metavar="NAME", help=CALIBRATION_HELP)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Number of processes. Default: the setting threads."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
) -> None:
    """Score the pictures and clips of a manifest: each row once, in order.

    An input that cannot be read is a row without outcome; its reason begins with "error: ".

    Resume an interrupted run with --resume: finished rows are kept. Results of different
    models or calibrations are never mixed; SCORES.csv.run.json holds their versions.

    For example:

    - `facepad score --manifest pictures.csv --out scores.csv`
    - `facepad score --manifest pictures.csv --out scores.csv --resume`

    Exit codes:

    - 0: everything was judged
    - 2: a picture could not be read, or wrong usage
    - 3: a model is missing or broken
    - 4: the manifest, the file of scores or a setting cannot be used
    """
    from facepad import settings
    from facepad.cli.console import progress
    from facepad.scoring.engine import ScoreOptions, score_manifest

    if resume and force:
        raise typer.BadParameter("give either --resume or --force")
    options = ScoreOptions(
        tests=names_given(tests),
        advisory=names_given(advisory),
        workers=workers or int(settings.number("threads")),
        resume=resume,
        force=force,
        calibration=calibration,
    )
    errors = score_manifest(manifest, out, options, say=say, progress=progress)
    raise typer.Exit(ExitCode.INPUT if errors else ExitCode.OK)
