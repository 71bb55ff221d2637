"""Calibrate a camera: from a folder of its bona fide frames to a named calibration and card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad import calibration, media
from facepad.calibration import Anchor, Calibration
from facepad.errors import InputError, SettingsError
from facepad.faces import FaceFinder, views
from facepad.liveness.face_cnn import FaceTest, Observation
from facepad.models.card import Card
from facepad.training.calibrate import ENOUGH, FEWEST, FRAMES_WORTH, Observed, expected, fit
from facepad.types import Frame, Presentation, Reason

NAMED = 3  # frames without a face that a message names
_BOTH = f"{views.TIGHT}+{views.CONTEXT}"


@dataclass(frozen=True, slots=True)
class Picture:
    """A bona fide frame in a file.

    Attributes:
        path: Where.
        person: Name of the folder below the one that was given; "" directly in it.
    """

    path: Path
    person: str


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What came out.

    Attributes:
        calibration: To keep.
        card: Its card.
        notes: What the user should know.
    """

    calibration: Calibration
    card: Card
    notes: tuple[str, ...]


def pictures(folder: Path) -> tuple[Picture, ...]:
    """The frames in a folder, in order; each subfolder is one person.

    Raises:
        InputError: The folder is missing or holds no picture.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; it must hold bona fide frames of the camera")
    paths = [item.source for item in media.expand([str(folder)])]
    found = [Path(str(path)) for path in paths if not isinstance(path, bytes | InputError)]
    if not found:
        raise InputError(f"{folder} holds no picture")
    base = folder.resolve()
    inside = [path.resolve().relative_to(base).parts for path in found]
    people = [parts[0] if len(parts) > 1 else "" for parts in inside]
    return tuple(Picture(path, who) for path, who in zip(found, people, strict=True))


def calibrate(
    name: str,
    test: FaceTest,
    frames: Sequence[Picture],
    *,
    target_bpcer: float,
    advance: Callable[[], None] = lambda: None,
) -> Calibrated:
    """Anchor a test to a camera.

    Args:
        name: Of the calibration.
        test: That will judge.
        frames: Bona fide frames of the camera; people who are judged should not be in them.
        target_bpcer: Share of bona fide presentations that may be taken for attacks.
        advance: Called once per frame.

    Raises:
        InputError: A frame cannot be read, or fewer than three show a face.
        SettingsError: The name cannot be a file's.
    """
    calibration.path(name)  # a name that cannot be kept is told before any work
    finder = FaceFinder(landmarks=False)
    seen: list[tuple[Picture, Frame]] = []
    faceless = []
    for picture in frames:
        frame = finder.find(media.read(picture.path))
        if frame.face is None:
            faceless.append(picture.path.name)
        else:
            seen.append((picture, frame))
        advance()
    if len(seen) < FEWEST:
        raise InputError(
            f"a calibration needs at least {FEWEST} frames with a face, got {len(seen)} "
            f"of {len(frames)}"
        )
    anchors = _anchors(test, seen, target_bpcer)
    made = Calibration(name, test.name, test.version, len(seen), anchors)
    people = {picture.person for picture, _ in seen}
    notes = _notes(len(seen), len(people), faceless)
    return Calibrated(made, _card(made, len(people), target_bpcer, notes), notes)


def _anchors(
    test: FaceTest, seen: Sequence[tuple[Picture, Frame]], target_bpcer: float
) -> dict[str, Anchor]:
    wide = any(head.view == views.CONTEXT for head in test.heads.heads) and all(
        views.has_context(frame) for _, frame in seen
    )
    known = test.spreads().by_views
    frames = _observed(test, seen, context=False)
    found = {views.TIGHT: fit(frames, target_bpcer, known[views.TIGHT])}
    if wide and _BOTH in known:
        found[_BOTH] = fit(_observed(test, seen, context=True), target_bpcer, known[_BOTH])
    return found


def _observed(
    test: FaceTest, seen: Sequence[tuple[Picture, Frame]], *, context: bool
) -> list[Observed]:
    found = []
    for picture, frame in seen:
        one: Observation | Reason = test.observe(Presentation((frame,)), context=context)
        if isinstance(one, Reason):
            raise SettingsError(f"{picture.path} has no face any more: {one}")
        found.append(Observed(one.raw, one.features, picture.person))
    return found


def _notes(count: int, people: int, faceless: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if count < ENOUGH:
        notes.append(f"{count} frames are few: better 10 to 20; the threshold is wide and unsure")
    if people < 2:
        notes.append(
            "one person alone (no subfolders): the threshold knows nothing of how people differ"
        )
    if faceless:
        more = f" and {len(faceless) - NAMED} more" if len(faceless) > NAMED else ""
        notes.append(f"without a face, left out: {', '.join(faceless[:NAMED])}{more}")
    return tuple(notes)


def _card(made: Calibration, people: int, target: float, notes: Sequence[str]) -> Card:
    low, high = expected(made.frames, target)
    return Card(
        title=f"Calibration {made.name} of one camera for {made.test}",
        version="1",
        licence="the user's own",
        data=f"{made.frames} bona fide frames of the camera, {people} person(s). It holds "
        "means and deviations of features, no picture.",
        recipe=f"`facepad calibrate --bona-fide DIR --name {made.name} "
        f"--target-bpcer {100 * target:g}` with {made.version}: logit and distance of the "
        "features in deviations of the frames, each person left out in turn, and drawn towards "
        f"those of other cameras, which are worth {FRAMES_WORTH} frames; threshold at "
        "mean - t sd sqrt(1 + 1/n).",
        results=f"Expected BPCER {100 * target:.0f} %; from so many frames nine of ten cameras end "
        f"between {100 * low:.1f} and {100 * high:.0f} %. What attacks do was not measured: no "
        "attack of this camera was seen.",
        limits="\n".join(notes) or "Calibrate again when the camera, its place or light changes.",
    )
