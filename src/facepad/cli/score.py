"""``facepad score``: judge all pictures of a manifest into a file of scores."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.options import (
    CALIBRATION_HELP,
    TESTS_DEFAULT,
    TESTS_HELP,
    ScoreOptions,
    split_names,
)

MANIFEST_HELP = "CSV in UTF-8 with a column 'path', relative to the file's folder."
OUT_HELP = "CSV to write: the manifest's columns, then score, outcome, reason, ..., ms."


def score(
    *,
    manifest: Annotated[Path, typer.Option("--manifest", metavar="IN.csv", help=MANIFEST_HELP)],
    out: Annotated[Path, typer.Option("--out", metavar="SCORES.csv", help=OUT_HELP)],
    tests: Annotated[
        str, typer.Option("--tests", metavar="NAME,...", help=TESTS_HELP)
    ] = TESTS_DEFAULT,
    calibration: Annotated[
        str | None, typer.Option("--calibration", metavar="NAME", help=CALIBRATION_HELP)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, help="Processes, one thread each. Default: the setting threads."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the file that an earlier run left.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Begin again over a file.")] = False,
) -> None:
    """Score the pictures of a manifest: each row once, in order.

    A picture that cannot be read is a row without outcome; its reason begins with "error: ".

    A run that was killed goes on with --resume: nothing is lost, nothing is done twice, and
    nothing is mixed: SCORES.csv.run.json keeps the versions of models and calibration.

    Exit codes:

    - 0: everything was judged
    - 2: a picture could not be read, or wrong usage
    - 3: a model is missing or broken
    - 4: the manifest, the file of scores or a setting cannot be used
    """
    from facepad import settings
    from facepad.cli.scoring import run

    if resume and force:
        raise typer.BadParameter("--resume and --force exclude one another")
    options = ScoreOptions(
        tests=split_names(tests),
        workers=workers or int(settings.number("threads")),
        resume=resume,
        force=force,
        calibration=calibration,
    )
    raise typer.Exit(run(manifest, out, options))
