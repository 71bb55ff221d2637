"""Calibrate a camera: from a folder of its bona fide frames to a named calibration and card.

A clip counts as one frame: its neighbouring frames are too alike to count as several. It is the
frame nearest to the middle that shows a usable face, among those that tests of single frames see.
The same picture counts once, also after it was resized or encoded again.

Attacks can be simulated from these frames, to estimate which share the calibration accepts:
each frame is shown again as a print, on screens and in part, to a simulated camera of as many
lines. A frame has passed its own camera before, so such an attack passes two cameras; the share
is an estimate and not measured on real attacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from facepad.calibration import Calibration
from facepad.calibration.prior import CalibratableTest, ViewPrior
from facepad.calibration.store import path as calibration_path
from facepad.errors import ITEM_ERRORS, InputError
from facepad.evaluation.intervals import clopper_pearson
from facepad.faces.capture import assess
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.media.inputs import expand
from facepad.models.card import Card
from facepad.needs import needs_of
from facepad.opencv import cv2
from facepad.reasons import REASONS
from facepad.simulate.recipe import Recipe, apply, draw_recipe
from facepad.sources import load
from facepad.training.calibration.fit import (
    ENOUGH,
    FEWEST,
    PRIOR_FRAMES,
    CalibrationFrame,
    CalibrationGrade,
    expected_bpcer_range,
    fit,
    grade,
)
from facepad.types import Frame, Observation, Presentation, Reason, RgbImage

NAMED = 3  # files that were left out and that a message names
NO_PICTURE, COPY = "not a picture or clip", "the same picture as another"  # why files are left out
KINDS = ("print", "screen", "partial", "screen")  # simulated attacks of each frame
_MANY = 0.25  # accepted share of simulated attacks that causes a warning
_THUMBNAIL = 32  # side of the small copies by which pictures are compared, pixels
# Largest difference of two small copies of one picture, grey levels. More than nine of ten
# pictures of NUAA that were encoded again or resized are within it, and 1 of 177 pairs of
# neighbouring frames.
_SAME = 4
_MOST_LINES = 1080  # of a simulated camera


@dataclass(frozen=True, slots=True)
class CalibrationPicture:
    """A bona fide frame in a file.

    Attributes:
        path: A picture, or a clip that counts as one frame.
        person: Name of its subfolder; "" directly in the folder.
    """

    path: Path
    person: str


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationResult:
    """A calibration that is not yet saved.

    Attributes:
        calibration: The calibration.
        card: Its card.
        notes: Warnings for the user.
        grade: How far it can be relied on, and why.
    """

    calibration: Calibration
    card: Card
    notes: tuple[str, ...]
    grade: CalibrationGrade


@dataclass(frozen=True, slots=True)
class AcceptedAttacks:
    """Simulated attacks that a calibration accepts.

    Attributes:
        accepted: Number of attacks above the threshold of other people's frames.
        judged: Number of attacks with a usable face.
    """

    accepted: int
    judged: int


@dataclass(frozen=True, slots=True, eq=False)
class _ObservedFrame:
    frame: Frame
    person: str
    observations: dict[str, Observation]

    def under(self, views: str) -> CalibrationFrame:
        return CalibrationFrame.of(self.observations[views], self.person)


def pictures(folder: Path) -> tuple[CalibrationPicture, ...]:
    """List the files in a folder, in order; each subfolder is one person.

    Raises:
        InputError: The folder is missing or holds no file.
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
    return tuple(CalibrationPicture(path, who) for path, who in zip(found, people, strict=True))


def calibrate(
    name: str,
    test: CalibratableTest,
    frames: Sequence[CalibrationPicture],
    *,
    target_bpcer: float,
    self_attacks: bool = True,
    advance: Advance = ignore,
) -> CalibrationResult:
    """Calibrate a test to a camera.

    Args:
        name: Name of the calibration.
        test: The test.
        frames: Bona fide frames of the camera, of people who are not checked later.
        target_bpcer: Target share of bona fide presentations that are rejected.
        self_attacks: Whether to simulate attacks from the frames.
        advance: Called once per frame, and once more for its attacks.

    Raises:
        InputError: Fewer than three different frames show a usable face.
        SettingsError: The name is not a file name.
    """
    calibration_path(name)  # refuse the name before any work
    observed, left_out = _observe(test, frames, advance)
    if len(observed) < FEWEST:
        why = "; ".join(_left_out(left_out))
        raise InputError(
            f"a calibration needs at least {FEWEST} different frames with a face, got "
            f"{len(observed)} of {len(frames)}{why and f' ({why})'}"
        )
    priors = test.prior().by_views
    common = [v for v in observed[0].observations if all(v in o.observations for o in observed)]
    anchors = {
        views: fit([each.under(views) for each in observed], target_bpcer, priors[views])
        for views in common
    }
    made = Calibration(name, test.name, test.version, len(observed), anchors)
    attacks = AcceptedAttacks(0, 0)
    if self_attacks:
        for _ in range(len(frames) - len(observed)):  # those that were left out need no attacks
            advance()
        attacks = accepted_attacks(
            test,
            [each.frame for each in observed],
            [each.under(common[-1]) for each in observed],
            views=common[-1],
            prior=priors[common[-1]],
            target_bpcer=target_bpcer,
            advance=advance,
        )
    people = len({each.person for each in observed})
    notes = (*_notes(len(observed), people), *_left_out(left_out), *_warning(attacks))
    share = attacks.accepted / attacks.judged if attacks.judged else None
    graded = grade(len(observed), people, target_bpcer, share)
    results = f"{_expectation(made.frames, target_bpcer, attacks)}\n\nGrade: {graded}."
    card = _card(made, people, target_bpcer, notes, results)
    return CalibrationResult(made, card, notes, graded)


def _observe(
    test: CalibratableTest, frames: Sequence[CalibrationPicture], advance: Advance
) -> tuple[list[_ObservedFrame], dict[str, list[str]]]:
    """Return the usable frames, and the names of the other files by the reason."""
    finder = FaceFinder(landmarks=needs_of(test).landmarks)
    observed: list[_ObservedFrame] = []
    known: list[RgbImage] = []
    left_out: dict[str, list[str]] = {}
    for picture in frames:
        found = _observed(test, finder, picture, known)
        if isinstance(found, str):
            left_out.setdefault(found, []).append(picture.path.name)
        else:
            observed.append(found)
        advance()
    return observed, left_out


def _observed(
    test: CalibratableTest, finder: FaceFinder, picture: CalibrationPicture, known: list[RgbImage]
) -> _ObservedFrame | str:
    """Return the usable frame of a file that is nearest to its middle, or why there is none.

    Args:
        test: The test.
        finder: Finds the faces.
        picture: The file.
        known: Small copies of the pictures so far; this one's is added.
    """
    try:
        frames = _from_the_middle(load(picture.path).frames)
    except ITEM_ERRORS:
        return NO_PICTURE
    if _is_known(frames[0].image, known):
        return COPY
    why = Reason.NO_FACE
    for frame in map(finder.find, frames):
        # A face that fills the picture has an anchor of its own; other reasons never decide.
        reasons = [r for r in assess(frame).reasons if r is not Reason.NO_CONTEXT]
        found = reasons[0] if reasons else test.observe(Presentation((frame,)))
        if not isinstance(found, Reason):
            return _ObservedFrame(frame, picture.person, dict(found))
        why = found if why is Reason.NO_FACE else why
    return REASONS[why].words


def _is_known(image: RgbImage, known: list[RgbImage]) -> bool:
    """Return whether a picture is a copy of an earlier one; otherwise add its small copy."""
    small = cv2.resize(image, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    if any(cv2.norm(small, other, cv2.NORM_INF) <= _SAME for other in known):
        return True
    known.append(np.asarray(small, np.uint8))
    return False


def _from_the_middle(frames: Sequence[Frame]) -> list[Frame]:
    """Return the frames of a clip, the nearest to its middle first."""
    middle = (len(frames) - 1) / 2
    order = sorted(range(len(frames)), key=lambda index: abs(index - middle))
    return [frames[index] for index in order]


# --- attacks simulated from the frames ----------------------------------------------------


def accepted_attacks(
    test: CalibratableTest,
    frames: Sequence[Frame],
    observed: Sequence[CalibrationFrame],
    *,
    views: str,
    prior: ViewPrior,
    target_bpcer: float,
    advance: Advance = ignore,
) -> AcceptedAttacks:
    """Count the attacks, simulated from frames, that a calibration from the frames accepts.

    Attacks of one person are compared with the frames of the others, where there are enough.

    Args:
        test: The test.
        frames: Bona fide frames, each with a face.
        observed: Their observations, in the same order.
        views: Set of views of the observations.
        prior: Prior of that set of views.
        target_bpcer: Target of the calibration.
        advance: Called once per frame.
    """
    finder = FaceFinder(landmarks=needs_of(test).landmarks)
    accepted, judged = 0, 0
    for number, frame in enumerate(frames):
        others = [each for each in observed if each.person != observed[number].person]
        anchor = fit(others if len(others) >= FEWEST else observed, target_bpcer, prior)
        for image in attacks_of(frame, number):
            found = test.observe(Presentation((finder.find(Frame(image)),)))
            if not isinstance(found, Reason) and views in found:
                judged += 1
                score = anchor.anchored(found[views].raw, found[views].features)
                accepted += score >= anchor.threshold
        advance()
    return AcceptedAttacks(accepted, judged)


def attacks_of(frame: Frame, seed: int) -> list[RgbImage]:
    """Return one simulated attack from a frame for each of `KINDS`.

    Args:
        frame: Bona fide, with its face.
        seed: Seed of all draws.
    """
    lines = min(*frame.size, _MOST_LINES)
    rng = np.random.default_rng(seed)
    recipes = [_with_lines(draw_recipe(kind, rng), lines) for kind in KINDS]
    return [apply(recipe, frame.image, frame.face).image for recipe in recipes]


def _with_lines(recipe: Recipe, lines: int) -> Recipe:
    lens = replace(recipe.camera.lens, lines=lines)
    return replace(recipe, camera=replace(recipe.camera, lens=lens))


# --- notes and card -----------------------------------------------------------------------


def _notes(count: int, people: int) -> tuple[str, ...]:
    notes = []
    if count < ENOUGH:
        notes.append(
            f"{count} frames are few (10 to 20 are better): the threshold depends mostly on other "
            "cameras"
        )
    if people < 2:
        notes.append(
            "one person only (no subfolders): the threshold does not account for differences "
            "between people"
        )
    return tuple(notes)


def _left_out(names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a note for each reason why files were left out."""
    return tuple(
        f"left out, {why}: {', '.join(those[:NAMED])}"
        + (f" and {len(those) - NAMED} more" if len(those) > NAMED else "")
        for why, those in names.items()
    )


def _warning(attacks: AcceptedAttacks) -> tuple[str, ...]:
    if not attacks.judged or clopper_pearson(attacks.accepted, attacks.judged)[0] <= _MANY:
        return ()
    share = attacks.accepted / attacks.judged
    return (
        f"{100 * share:.0f} % of the attacks simulated from these frames would be accepted: use "
        "more frames of several people, or a higher --target-bpcer",
    )


def _card(
    made: Calibration,
    people: int,
    target: float,
    notes: Sequence[str],
    results: str,
) -> Card:
    return Card(
        title=f"Calibration {made.name} of one camera for {made.test}",
        version="1",
        licence="the user's own",
        data=f"{made.frames} bona fide frames of the camera, {people} person(s). The file holds "
        "means and deviations of features, no picture.",
        recipe=f"`facepad calibrate --bona-fide DIR --name {made.name} "
        f"--target-bpcer {100 * target:g}` with {made.version}: logit and distance of the "
        "features in deviations of the frames, each person left out in turn, shrunk towards "
        f"those of other cameras, which count as {PRIOR_FRAMES} frames; threshold at "
        "mean - t sd sqrt(1 + 1/n).",
        results=results,
        limits="\n".join(notes) or "Calibrate again when the camera, its place or light changes.",
    )


def _expectation(frames: int, target: float, attacks: AcceptedAttacks) -> str:
    low, high = expected_bpcer_range(frames, target)
    expected = (
        f"Expected BPCER {100 * target:g} %; with {frames} frames, 9 of 10 cameras end up between "
        f"{100 * low:.1f} and {100 * high:.0f} %. No attack of this camera was measured."
    )
    if not attacks.judged:
        return f"{expected} No attacks were simulated."
    low, high = clopper_pearson(attacks.accepted, attacks.judged)
    return (
        f"{expected} Of {attacks.judged} attacks simulated from these frames (prints, screens, "
        f"parts of the face) {100 * attacks.accepted / attacks.judged:.0f} % would be accepted "
        f"({100 * low:.0f} to {100 * high:.0f} %)."
    )
