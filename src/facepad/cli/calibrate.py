"""``facepad calibrate`` and ``facepad calibration``: fit a test to one camera."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.registry import DEFAULT_CALIBRATED

Name = Annotated[str, typer.Argument(help="Name of the calibration.")]

app = typer.Typer(help="List, show and remove calibrations of cameras.", no_args_is_help=True)


def calibrate(
    *,
    bona_fide: Annotated[
        Path,
        typer.Option(
            help="Folder of bona fide frames or clips of the camera; a subfolder for each person."
        ),
    ],
    name: Annotated[str, typer.Option(help='Name of the calibration, such as "kiosk-7".')] = (
        "camera"
    ),
    test: Annotated[str, typer.Option(help="Test to calibrate.")] = DEFAULT_CALIBRATED,
    target_bpcer: Annotated[
        float,
        typer.Option(min=0.1, max=50.0, help="Percentage of bona fide faces that may be rejected."),
    ] = 5.0,
    no_attacks: Annotated[
        bool,
        typer.Option(
            "--no-attacks",
            help="Do not estimate accepted attacks by simulating them from the frames.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite a calibration of the same name.")
    ] = False,
) -> None:
    """Calibrate a camera from 10 to 20 of its bona fide frames; no attacks are needed.

    Frames should show several people who will not be checked later. A clip counts as one frame,
    and so do copies of a picture. Files that are no picture are skipped and named. The last
    line grades the calibration: good, fair or weak, and why.

    For example:

    - `facepad calibrate --bona-fide frames --name kiosk-7`
    - `facepad calibrate --bona-fide frames --name kiosk-7 --target-bpcer 2 --force`
    - `facepad check --calibration kiosk-7 picture.jpg`

    Exit codes:

    - 0: the calibration was written
    - 2: too few usable frames, or wrong usage
    - 3: a model is missing or broken
    - 4: the name is taken or cannot be used, or the test cannot be calibrated
    """
    from facepad import calibration
    from facepad.cli.console import progress
    from facepad.selected_tests import make_calibratable
    from facepad.training.calibration import run

    calibration.check_free(name, overwrite=force)
    made_by = make_calibratable(test)
    pictures = run.pictures(bona_fide)
    steps = len(pictures) if no_attacks else 2 * len(pictures)
    with progress("calibrating", steps, lines=True) as advance:
        done = run.calibrate(
            name,
            made_by,
            pictures,
            target_bpcer=target_bpcer / 100.0,
            self_attacks=not no_attacks,
            advance=advance,
        )
    file = calibration.save(done.calibration, done.card)
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(done.card.results.partition("\n")[0])
    typer.echo(f"wrote {file} and its card")
    typer.echo(str(done.grade))


@app.command("list")
def list_all() -> None:
    """List all calibrations; a damaged file is listed as such.

    For example:

    - `facepad calibration list`

    Exit codes:

    - 0: they were listed
    """
    from facepad import calibration
    from facepad.errors import FacepadError

    for name in calibration.names():
        try:
            saved = calibration.load(name)
        except FacepadError:
            typer.echo(f"{name}  damaged; calibrate the camera again")
        else:
            typer.echo(f"{name}  {saved.test} {saved.version}, {saved.frames} frames")


@app.command()
def show(name: Name) -> None:
    """Show a calibration's card.

    For example:

    - `facepad calibration show kiosk-7`

    Exit codes:

    - 0: the card was shown
    - 3: the card is missing or damaged
    - 4: there is no calibration of this name
    """
    from facepad import calibration

    typer.echo(calibration.card(name))


@app.command()
def remove(name: Name) -> None:
    """Remove a calibration.

    For example:

    - `facepad calibration remove kiosk-7`

    Exit codes:

    - 0: the calibration was removed
    - 4: there is no calibration of this name
    """
    from facepad import calibration

    calibration.remove(name)
    typer.echo(f"removed {name}")
