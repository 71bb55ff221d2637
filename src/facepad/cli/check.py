"""``facepad check``: judge pictures, for people or for programs."""

from typing import Annotated

import typer

from facepad.cli.options import (
    CALIBRATION_HELP,
    PATHS_HELP,
    TESTS_DEFAULT,
    TESTS_HELP,
    CheckOptions,
    split_names,
)


def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help=PATHS_HELP)],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document per line, as results come.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Tell which group of metrics moved the score.")
    ] = False,
    tests: Annotated[
        str, typer.Option("--tests", metavar="NAME,...", help=TESTS_HELP)
    ] = TESTS_DEFAULT,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            min=0.0,
            max=1.0,
            help="Scores from here up are bona fide. Default: what the tests' dev data chose.",
        ),
    ] = None,
    calibration: Annotated[
        str | None, typer.Option("--calibration", metavar="NAME", help=CALIBRATION_HELP)
    ] = None,
    fail_on_attack: Annotated[
        bool,
        typer.Option(
            "--fail-on-attack",
            help="Exit 1 if any outcome is attack. No face and uncertain pass: not for a gate.",
        ),
    ] = False,
    require_bona_fide: Annotated[
        bool,
        typer.Option(
            "--require-bona-fide",
            help="Exit 1 unless every outcome is bona_fide. A gate should use this one.",
        ),
    ] = False,
) -> None:
    """Judge pictures: is the face in each one a living person, or a picture of one?

    A picture that cannot be read is one line with its error; the rest goes on.

    Exit codes:

    - 0: everything was judged
    - 1: the policy asked for failed
    - 2: an input could not be read (this goes before 1), or wrong usage
    - 3: a model is missing or broken
    - 4: a setting cannot be used
    """
    from facepad.cli.checking import run

    options = CheckOptions(
        tests=split_names(tests),
        threshold=threshold,
        json=as_json,
        explain=explain,
        fail_on_attack=fail_on_attack,
        require_bona_fide=require_bona_fide,
        calibration=calibration,
    )
    raise typer.Exit(run(paths, options))
