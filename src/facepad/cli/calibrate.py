"""``facepad calibrate``, ``calibration`` and ``webcam``: fit a test to a camera; judge it live."""

import json
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import say
from facepad.cli.options import (
    FACES_HELP,
    FUSION_HELP,
    POINT_HELP,
    Advisory,
    CameraName,
    FacesName,
    PointName,
    Tests,
    names_given,
)
from facepad.registry import DEFAULT_CALIBRATED, DEFAULT_FUSION, DEFAULT_POINT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from facepad.annotating.overlay import Moment
    from facepad.calibration import Calibration
    from facepad.models.card import Card
    from facepad.training.calibration.card import CalibrationResult
    from facepad.types import RgbImage
    from facepad.webcam.session import LiveSession
    from facepad.webcam.state import LiveOptions

CAMERA_HELP = (
    "Number of a camera, its device path such as /dev/video0, or a clip, which is played again and "
    "again as if it were a camera."
)
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


def webcam(
    *,
    camera: Annotated[str, typer.Option("--camera", metavar="CAMERA", help=CAMERA_HELP)] = "0",
    tests: Tests = None,
    advisory: Advisory = None,
    calibration: CameraName = None,
    operating_point: Annotated[
        PointName | None, typer.Option("--operating-point", help=POINT_HELP)
    ] = None,
    fusion: Annotated[
        str, typer.Option("--fusion", metavar="NAME|FILE", help=FUSION_HELP)
    ] = DEFAULT_FUSION,
    faces: Annotated[FacesName, typer.Option("--faces", help=FACES_HELP)] = FacesName.LARGEST,
    size: Annotated[
        str, typer.Option("--size", metavar="WxH", help="Size that the camera should give.")
    ] = "640x480",
    window: Annotated[
        bool, typer.Option("--window", help="Show it in a window of OpenCV, with keys.")
    ] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Show no picture; print a line for each decision.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --headless: print a JSON document a line.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="OVERLAY.webm",
            help="With --headless: file to write, the picture with its overlay.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", min=0.1, help="End after so long.")
    ] = None,
    save_dir: Annotated[
        Path,
        typer.Option(
            "--save-dir", metavar="DIR", help="Folder for what is saved by key or button."
        ),
    ] = Path(),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the page; 0 for a free one.")
    ] = 0,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Print the address of the page; open no browser.")
    ] = False,
) -> None:
    """Judge whoever is before a camera, live: in the browser, in a window, or without a display.

    The picture is shown as it comes, with the face, the score of each test and the decisions; each
    is about the last 3 seconds, or as many as a test needs. Nothing leaves this machine, and
    nothing is kept but what you save. A camera that is missing, busy or lost is tried again and
    again. End it with q, Ctrl-C or --seconds.

    For example:

    - `facepad webcam`
    - `facepad webcam --window --tests face_cnn,blink`
    - `facepad webcam --headless --seconds 60 --out overlay.webm`
    - `facepad webcam --camera clip.mp4 --headless --json --seconds 10`

    Exit codes:

    - 0: it was shown until its end, also by Ctrl-C
    - 2: no picture came (with --headless), the clip could not be read, or wrong usage
    - 3: a model is missing or broken
    - 4: no window or page is possible here, or a setting or the output cannot be used
    """
    from facepad import runtime
    from facepad.webcam.state import LiveOptions

    if window and headless:
        raise typer.BadParameter("give either --window or --headless")
    if not headless and (as_json or out is not None):
        raise typer.BadParameter("--json and --out need --headless")
    if (window or headless) and (port or no_open):
        raise typer.BadParameter("--port and --no-open are for the page, not for a window")
    options = LiveOptions(
        camera=camera,
        size=_size(size),
        tests=names_given(tests),
        advisory=names_given(advisory),
        operating_point=str(operating_point or DEFAULT_POINT),
        calibration=calibration,
        fusion=fusion,
        faces="single" if faces is FacesName.SINGLE else "largest",
        save_dir=save_dir,
    )
    runtime.tune()
    with _terminate_interrupts():
        if headless:
            _watch_headless(options, seconds, out, as_json=as_json, force=force)
        else:
            _show_live(options, seconds, None if window else port, open_browser=not no_open)


@contextmanager
def _terminate_interrupts() -> "Iterator[None]":
    """End a view by the signals of service managers and closed terminals as by Ctrl-C.

    Those that whoever began the program lets be ignored stay so.
    """
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    former = {one: signal.getsignal(one) for one in known}
    for one, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def _size(text: str) -> tuple[int, int]:
    """Return width and height of a text such as 640x480."""
    parts = text.lower().split("x")
    are_numbers = all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts)
    if len(parts) != 2 or not are_numbers or not all(map(int, parts)):
        raise typer.BadParameter(f"--size is WIDTHxHEIGHT, such as 640x480, got {text!r}")
    return int(parts[0]), int(parts[1])


def _watch_headless(
    options: "LiveOptions", seconds: float | None, out: Path | None, *, as_json: bool, force: bool
) -> None:
    from facepad.reasons import OUTCOMES
    from facepad.webcam.headless import check_out, run_headless

    check_out(out, force=force)
    with _begun(options) as session:
        run = run_headless(
            session,
            seconds=seconds,
            out=out,
            decided=_decision_printer(options.camera, as_json=as_json),
            camera_changed=lambda camera: say(camera.words),
        )
    if out is not None:
        say(f"wrote {out}")
    counts = ", ".join(f"{n} {OUTCOMES[outcome]}" for outcome, n in run.outcomes.most_common())
    say(f"{run.pictures} pictures in {run.seconds:.1f} s; decisions: {counts or 'none'}")


def _decision_printer(camera: str, *, as_json: bool) -> "Callable[[Moment], None]":
    """Return what prints a decision: a document, or a line with its time."""
    from facepad.cli.tables import DecisionLines
    from facepad.documents import Judged, to_document

    lines = None if as_json else DecisionLines(["0000.0 s"], "time")

    def show(moment: "Moment") -> None:
        judged = Judged(camera, moment.decision)
        if lines is not None:
            lines.show(judged, f"{moment.time_s:.1f} s")
            return
        document = {**to_document(judged), "time_s": round(moment.time_s, 3)}
        sys.stdout.write(json.dumps(document, allow_nan=False) + "\n")
        sys.stdout.flush()

    return show


def _show_live(
    options: "LiveOptions", seconds: float | None, port: int | None, *, open_browser: bool
) -> None:
    """Show a live view in the browser, or in a window where there is no port."""
    if port is None:
        from facepad.webcam.window import check_windows, run_window

        check_windows()
        with _begun(options) as session:
            run_window(session, seconds=seconds)
        return
    from facepad.webcam.page import run_page

    with _begun(options) as session:
        run_page(session, port=port, open_browser=open_browser, say=say, seconds=seconds)


def _begun(options: "LiveOptions") -> "LiveSession":
    """Return a view that can calibrate; what fits is loaded when it is asked for."""
    from facepad.webcam.session import LiveSession

    def fit(
        name: str, test: str, images: "Sequence[RgbImage]", advance: "Callable[[], None]"
    ) -> "tuple[Calibration, Card, str]":
        from facepad.training.calibration.run import fit_pictures

        return fit_pictures(name, test, images, advance)

    return LiveSession(options, fit=fit)
