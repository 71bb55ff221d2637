"""The live view without a display: decisions one by one, and the picture with overlay in a file."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from uuid import uuid4

import numpy as np

from facepad.annotating.overlay import Moment, OverlayPainter
from facepad.annotating.webm import SUFFIX, VP8, ConstantRate, webm_writer
from facepad.errors import InputError, SettingsError
from facepad.jobs.files import replaced_file
from facepad.types import Outcome, RgbImage
from facepad.webcam.state import CameraState, CameraStatus, LiveView, Shown

WRITTEN_RATE = 15.0  # pictures a second of the file, so that encoding keeps up with the camera
_POLL_S = 0.1


@dataclass(slots=True)
class HeadlessRun:
    """What came of a view without a display.

    Attributes:
        pictures: How many pictures were shown.
        seconds: From the first picture to the last.
        outcomes: How many decisions have each outcome.
    """

    pictures: int = 0
    seconds: float = 0.0
    outcomes: Counter[Outcome] = field(default_factory=Counter)


def run_headless(
    session: LiveView,
    *,
    seconds: float | None = None,
    out: Path | None = None,
    decided: Callable[[Moment], None] = lambda _: None,
    camera_changed: Callable[[CameraState], None] = lambda _: None,
) -> HeadlessRun:
    """Show a live view until its time is over, or it is interrupted from the keyboard.

    Args:
        session: The view, begun.
        seconds: How long; None for no end.
        out: File to write, named ``.webm``: VP8, 15 pictures a second, in the size of the first
            picture. It appears when it is complete. None for none.
        decided: Called with each decision.
        camera_changed: Called with the camera's state when it starts to be retried, and when it
            runs again.

    Returns:
        What was shown and decided.

    Raises:
        InputError: The camera gave no picture in all the time.
        SettingsError: The file cannot be written.
    """
    run = HeadlessRun()
    pictures = _pictures(session, seconds, run, decided, camera_changed)
    first = next(pictures, None)
    if first is None:
        camera = session.state().camera
        raise InputError(f"no picture came: {camera.words}")
    if out is None:
        for _ in pictures:
            pass
    else:
        size = first.picture.shape[1], first.picture.shape[0]
        with _written(out, size) as writer:
            _write(writer, size, first, pictures)
    return run


def check_out(out: Path | None, *, force: bool) -> None:
    """Check the name of the file that is to be written.

    Raises:
        SettingsError: It is not named ``.webm``, or it exists and must not be replaced.
    """
    if out is None:
        return
    if out.suffix.lower() != SUFFIX:
        raise SettingsError(f"expected a name that ends in {SUFFIX} for the output, got {out}")
    if out.exists() and not force:
        raise SettingsError(f"{out} exists already; overwrite it with --force")


def _pictures(
    session: LiveView,
    seconds: float | None,
    run: HeadlessRun,
    decided: Callable[[Moment], None],
    camera_changed: Callable[[CameraState], None],
) -> Iterator[Shown]:
    """Yield pictures until the end; report decisions and the camera on the way."""
    number, decisions, first_s = 0, 0, 0.0
    last = CameraStatus.OPENING
    try:
        while seconds is None or session.now_s < seconds:
            shown = session.wait_for(number, _POLL_S)
            state = session.state()
            if state.camera.status is not last and CameraStatus.OPENING is not state.camera.status:
                last = state.camera.status
                camera_changed(state.camera)
            if state.newest is not None and state.decisions > decisions:
                decisions = state.decisions
                run.outcomes[state.newest.decision.outcome] += 1
                decided(state.newest)
            if shown is not None:
                first_s = shown.time_s if number == 0 else first_s
                number = shown.number
                run.pictures, run.seconds = run.pictures + 1, shown.time_s - first_s
                yield shown
    except KeyboardInterrupt:  # how a live view is ended; what was written is complete
        return


@contextmanager
def _written(out: Path, size: tuple[int, int]) -> Iterator[ConstantRate]:
    part = out.with_name(f".{out.stem}.{uuid4().hex[:12]}{SUFFIX}")
    with (
        replaced_file(out, part=part, error=SettingsError) as file,
        webm_writer(file, size, WRITTEN_RATE, VP8) as writer,
    ):
        yield writer


def _write(
    writer: ConstantRate, size: tuple[int, int], first: Shown, others: Iterator[Shown]
) -> None:
    """Write pictures at the rate of the file, those of a camera that came back in the same size."""
    due_s, painter = 0.0, OverlayPainter(size)
    try:
        for shown in chain([first], others):
            time_s = shown.time_s - first.time_s
            if time_s >= due_s:
                due_s = time_s + 0.9 / WRITTEN_RATE
                painter = _painter(painter, shown.picture)
                writer.show(_fitted(painter.drawn(shown.picture, shown.overlay), size), time_s)
    except KeyboardInterrupt:
        return


def _painter(painter: OverlayPainter, picture: RgbImage) -> OverlayPainter:
    size = picture.shape[1], picture.shape[0]
    return painter if painter.size == size else OverlayPainter(size)


def _fitted(picture: RgbImage, size: tuple[int, int]) -> RgbImage:
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    from facepad.opencv import cv2

    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
