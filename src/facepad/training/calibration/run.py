"""Calibrate a camera: from a folder of its bona fide frames to a named calibration and card."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad import calibration
from facepad.calibration import Calibration
from facepad.errors import InputError, SettingsError
from facepad.evaluation.intervals import clopper_pearson
from facepad.faces import crops
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.test import FaceTest, Observation
from facepad.media.inputs import expand
from facepad.models.card import Card
from facepad.sources import read_picture
from facepad.training.calibration.fit import ENOUGH, FEWEST, FRAMES_WORTH, Observed, expected, fit
from facepad.training.calibration.self_attacks import Passed, passed
from facepad.types import Frame, Presentation, Reason

_MANY = 0.25  # share of simulated attacks that pass, from which the user is warned
NAMED = 3  # frames without a face that a message names
_TIGHT, _BOTH = crops.TIGHT, f"{crops.TIGHT}+{crops.CONTEXT}"


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
    paths = [item.source for item in expand([str(folder)])]
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
    own_attacks: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Calibrated:
    """Anchor a test to a camera.

    Args:
        name: Of the calibration.
        test: That will judge.
        frames: Bona fide frames of the camera; people who are judged should not be in them.
        target_bpcer: Share of bona fide presentations that may be taken for attacks.
        own_attacks: Whether to simulate attacks of the frames, to tell what may pass.
        advance: Called once per frame, and once more for its attacks.

    Raises:
        InputError: A frame cannot be read, or fewer than three show a face.
        SettingsError: The name cannot be a file's.
    """
    calibration.path(name)  # a name that cannot be kept is told before any work
    finder = FaceFinder(landmarks=False)
    seen: list[tuple[Picture, Frame]] = []
    faceless = []
    for picture in frames:
        frame = finder.find(read_picture(picture.path))
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
    wanted = {_TIGHT: False, **({_BOTH: True} if _is_wide(test, seen) else {})}
    known = test.spreads().by_views
    observed = {name: _observed(test, seen, context=wide) for name, wide in wanted.items()}
    anchors = {name: fit(found, target_bpcer, known[name]) for name, found in observed.items()}
    made = Calibration(name, test.name, test.version, len(seen), anchors)
    most = max(observed, key=len)
    attacks = Passed(0, 0)
    if own_attacks:
        attacks = passed(
            test,
            [frame for _, frame in seen],
            observed[most],
            spread=known[most],
            target_bpcer=target_bpcer,
            advance=advance,
        )
    people = {picture.person for picture, _ in seen}
    notes = (*_notes(len(seen), len(people), faceless), *_warning(attacks))
    return Calibrated(made, _card(made, len(people), target_bpcer, notes, attacks), notes)


def _is_wide(test: FaceTest, seen: Sequence[tuple[Picture, Frame]]) -> bool:
    """Whether the heads look at the context and every frame has some."""
    asked = any(head.view == crops.CONTEXT for head in test.heads.heads)
    return asked and all(crops.has_context(frame) for _, frame in seen)


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
        notes.append(
            f"{count} frames are few: better 10 to 20; the threshold leans on other cameras"
        )
    if people < 2:
        notes.append(
            "one person alone (no subfolders): the threshold knows nothing of how people differ"
        )
    if faceless:
        more = f" and {len(faceless) - NAMED} more" if len(faceless) > NAMED else ""
        notes.append(f"without a face, left out: {', '.join(faceless[:NAMED])}{more}")
    return tuple(notes)


def _warning(attacks: Passed) -> tuple[str, ...]:
    if not attacks.judged or clopper_pearson(attacks.accepted, attacks.judged)[0] <= _MANY:
        return ()
    share = attacks.accepted / attacks.judged
    return (
        f"{100 * share:.0f} % of the attacks that were simulated from these frames would pass: "
        "take more frames of several people, or allow a higher --target-bpcer",
    )


def _card(
    made: Calibration, people: int, target: float, notes: Sequence[str], attacks: Passed
) -> Card:
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
        results=_expectation(made.frames, target, attacks),
        limits="\n".join(notes) or "Calibrate again when the camera, its place or light changes.",
    )


def _expectation(frames: int, target: float, attacks: Passed) -> str:
    low, high = expected(frames, target)
    told = (
        f"Expected BPCER {100 * target:g} %; from so many frames nine of ten cameras end between "
        f"{100 * low:.1f} and {100 * high:.0f} %. No attack of this camera was seen."
    )
    if not attacks.judged:
        return f"{told} What attacks do was not measured."
    low, high = clopper_pearson(attacks.accepted, attacks.judged)
    return (
        f"{told} Of {attacks.judged} attacks that were simulated from these frames (prints, "
        f"screens, parts of the face) {100 * attacks.accepted / attacks.judged:.0f} % would pass "
        f"({100 * low:.0f} to {100 * high:.0f} %)."
    )
