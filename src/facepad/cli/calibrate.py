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
) -> None:
    """Calibrate a camera from 10 to 20 of its bona fide frames; no attacks are needed.

    Then use it: `facepad check --calibration NAME PATH`. Frames should show several people
    who will not be checked later.
    """
    from facepad import calibration
    from facepad.cli.console import progress
    from facepad.selected_tests import make_calibratable
    from facepad.training.calibration import run

    made_by = make_calibratable(test)
    pictures = run.pictures(bona_fide)
    steps = len(pictures) if no_attacks else 2 * len(pictures)
    with progress("extracting features", steps) as advance:
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
    typer.echo(done.card.results)
    typer.echo(f"wrote {file} and its card")


@app.command("list")
def list_all() -> None:
    """List all calibrations."""
    from facepad import calibration

    for name in calibration.names():
        saved = calibration.load(name)
        typer.echo(f"{name}  {saved.test} {saved.version}, {saved.frames} frames")


@app.command()
def show(name: Name) -> None:
    """Show a calibration's card."""
    from facepad import calibration

    typer.echo(calibration.card(name))


@app.command()
def remove(name: Name) -> None:
    """Remove a calibration."""
    from facepad import calibration

    calibration.remove(name)
    typer.echo(f"removed {name}")
