"""``facepad calibrate`` and ``facepad calibration``: fit a test to one camera."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.registry import DEFAULT_CALIBRATED

if TYPE_CHECKING:
    from facepad.training.calibration.card import CalibrationResult

Name = Annotated[str, typer.Argument(help="Name of the calibration.")]

app = typer.Typer(help="List, show and remove calibrations of cameras.", no_args_is_help=True)


def calibrate(
    *,
    bona_fide: Annotated[
        Path,
        typer.Option(
            help="Folder of bona fide frames or clips of the camera; a subfolder for each person. "
            "Without subfolders, all of one person who is checked later."
        ),
    ],
    name: Annotated[str, typer.Option(help='Name of the calibration, such as "kiosk-7".')] = (
        "camera"
    ),
    test: Annotated[
        str, typer.Option(help="Test to calibrate; network:FILE.toml for a network of your own.")
    ] = DEFAULT_CALIBRATED,
    fixed_scene: Annotated[
        bool,
        typer.Option(
            "--fixed-scene",
            help="Compare the whole frame, too: for a camera that never moves, before a scene "
            "that stays as it is.",
        ),
    ] = False,
    target_bpcer: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=50.0,
            help="Percentage of bona fide faces that may be rejected at the operating point "
            "'balanced'; 5 if not given.",
        ),
    ] = None,
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

    Frames should show several people who will not be checked later, with a subfolder each; a
    clip then counts as one frame. Or all frames show the one person who will be checked; then up
    to 10 frames of a clip count. Copies of a picture count once. Files that are no picture are
    skipped and named. The last line grades the calibration: good, fair or weak, and why.

    For example:

    - `facepad calibrate --bona-fide frames --name kiosk-7`
    - `facepad calibrate --bona-fide frames --name kiosk-7 --test quality --fixed-scene`
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
        done = run.fit_calibration(
            name,
            made_by,
            pictures,
            fixed_scene=fixed_scene,
            target_bpcer=None if target_bpcer is None else target_bpcer / 100.0,
            self_attacks=not no_attacks,
            advance=advance,
        )
    _report(done, calibration.save(done.calibration, done.card))


def _report(done: "CalibrationResult", file: Path) -> None:
    for note in done.notes:
        typer.echo(f"note: {note}", err=True)
    *expected, _ = done.card.results.split("\n\n")
    for paragraph in expected:
        typer.echo(paragraph)
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
            made_of = f"{saved.frames} frames of {saved.kind}" + ", fixed scene" * saved.fixed_scene
            typer.echo(f"{name}  {saved.test} {saved.version}, {made_of}")


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
