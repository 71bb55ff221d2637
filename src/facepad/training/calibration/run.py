"""Calibrate a camera: from a folder of its bona fide frames to a named calibration and card.

Where the frames show several people, a clip counts as one frame: the one nearest to its middle
that shows a usable face, among those that tests of single frames see. Where all frames are of one
person, several frames of a clip count, some time apart. The same picture counts once, also resized.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepad.calibration import CalibratableTest, Calibration
from facepad.calibration import store as calibrations
from facepad.calibration.anchor import PEOPLE, PERSON, WHOLE_FRAME
from facepad.errors import ITEM_ERRORS, InputError
from facepad.faces.capture import assess
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.media.frame_selection import FrameSelection
from facepad.media.inputs import expand
from facepad.models.card import Card
from facepad.needs import needs_of
from facepad.opencv import cv2
from facepad.reasons import REASONS
from facepad.registry import DEFAULT_CALIBRATED
from facepad.selected_tests import make_calibratable
from facepad.sources import EVENLY, Channels, Source, load
from facepad.training.calibration.card import (
    AcceptedAttacks,
    CalibrationResult,
    FramesReport,
    calibration_card,
    left_out,
)
from facepad.training.calibration.fit import (
    FEWEST,
    FEWEST_ALONE,
    CalibrationFrame,
    fit,
    targets_with,
)
from facepad.training.calibration.self_attacks import accepted_attacks
from facepad.types import Frame, Observation, Presentation, Reason, RgbImage

NO_PICTURE, COPY = "not a picture or clip", "the same picture as another"  # why files are left out
NO_PRIOR = " without a prior over cameras (see `facepad train cameras`)"
CLIP_FRAMES = 10  # of a clip of one person, at most
APART_S = 0.5  # least time between two of them, seconds
_THUMBNAIL = 32  # side of the small copies by which pictures are compared, pixels
# Largest difference of two small copies of one picture, grey levels. More than nine of ten
# pictures of NUAA that were encoded again or resized are within it, and 1 of 177 pairs of
# neighbouring frames.
_SAME = 4


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationPicture:
    """A bona fide picture or clip.

    Attributes:
        source: What `facepad.sources.load` reads.
        person: Name of its subfolder; "" directly in the folder.
        name: How messages name it.
        channels: Order of an array's channels; None for everything else.
    """

    source: Source
    person: str = ""
    name: str = ""
    channels: Channels | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _ObservedFrame:
    frame: Frame
    person: str
    observations: dict[str, Observation]

    def under(self, views: str) -> CalibrationFrame:
        return CalibrationFrame(self.observations[views], self.person)


def calibrate(
    name: str,
    bona_fide: str | Path | Sequence[Source],
    *,
    test: str = DEFAULT_CALIBRATED,
    fixed_scene: bool = False,
    target_bpcer: float | None = None,
    self_attacks: bool = True,
    channels: Channels | None = None,
    overwrite: bool = False,
) -> CalibrationResult:
    """Calibrate a test to a camera, and save the calibration under its name.

    Args:
        name: Name of the calibration, such as "kiosk-7": a-z, 0-9, _ and -.
        bona_fide: A folder of bona fide frames or clips of the camera, a subfolder for each
            person; or a list of pictures or clips of one person, as `facepad.check` takes them.
        test: Name of a test that can be calibrated.
        fixed_scene: Whether to compare the whole frame, too: for a camera that never moves.
        target_bpcer: Target share of bona fide presentations that are rejected at the usual
            operating point, in (0, 0.5]; None for 0.05.
        self_attacks: Whether to simulate attacks from the frames, to tell what to expect.
        channels: Order of the channels of arrays in a list; required for them.
        overwrite: Whether to replace a calibration of the same name.

    Returns:
        The saved calibration, its card, notes and grade.

    Raises:
        InputError: Fewer than three different frames show a usable face, or the folder is
            missing or empty.
        ModelError: A model is missing, or the calibration cannot be written.
        SettingsError: The name is taken or is no file name, or the test cannot be calibrated.

    Example:
        >>> import facepad
        >>> made = facepad.calibrate("desk", ["1.jpg", "2.jpg", "3.jpg"])  # doctest: +SKIP
        >>> facepad.Checker(calibration="desk").check("now.jpg")  # doctest: +SKIP
    """
    calibrations.check_free(name, overwrite=overwrite)
    given = (
        pictures(Path(bona_fide))
        if isinstance(bona_fide, str | Path)
        else [_given(number, one, channels) for number, one in enumerate(bona_fide, 1)]
    )
    made = fit_calibration(
        name,
        make_calibratable(test),
        given,
        fixed_scene=fixed_scene,
        target_bpcer=target_bpcer,
        self_attacks=self_attacks,
    )
    calibrations.save(made.calibration, made.card)
    return made


def _given(number: int, source: Source, channels: Channels | None) -> CalibrationPicture:
    name = Path(source).name if isinstance(source, str | Path) else f"picture {number}"
    if not isinstance(source, np.ndarray):
        return CalibrationPicture(source, name=name)
    if channels is None:
        raise InputError(f"{name} is an array and needs channels='rgb', 'bgr' or 'gray', got None")
    return CalibrationPicture(source, name=name, channels=channels)


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
    return tuple(
        CalibrationPicture(path, who, path.name) for path, who in zip(found, people, strict=True)
    )


def fit_calibration(
    name: str,
    test: CalibratableTest,
    frames: Sequence[CalibrationPicture],
    *,
    fixed_scene: bool = False,
    target_bpcer: float | None = None,
    self_attacks: bool = True,
    advance: Advance = ignore,
) -> CalibrationResult:
    """Calibrate a test to a camera, without saving.

    Args:
        name: Name of the calibration.
        test: The test.
        frames: Bona fide frames of the camera: of people who are not checked later, or all of
            the one person who is.
        fixed_scene: Whether to use sets of views with the whole frame.
        target_bpcer: Target share of bona fide presentations that are rejected at the usual
            operating point; None for its own.
        self_attacks: Whether to simulate attacks from the frames.
        advance: Called once per picture or clip, and once more for its attacks.

    Raises:
        InputError: Fewer than three different frames show a usable face; without a prior over
            cameras fewer than ten.
        SettingsError: The name is not a file name.
    """
    calibrations.path(name)  # refuse the name before any work
    kind = PERSON if len({picture.person for picture in frames}) == 1 else PEOPLE
    prior, targets = test.prior(), targets_with(target_bpcer)
    observed, unused = _observe(test, frames, advance, CLIP_FRAMES if kind == PERSON else 1)
    fewest, alone = (FEWEST, "") if prior.worth else (FEWEST_ALONE, NO_PRIOR)
    if len(observed) < fewest:
        why = "; ".join(left_out(unused))
        raise InputError(
            f"a calibration{alone} needs at least {fewest} different frames with a face, got "
            f"{len(observed)} of {len(frames)}{why and f' ({why})'}"
        )
    views = [
        each
        for each in observed[0].observations
        if all(each in one.observations for one in observed)
        and (fixed_scene or not _is_scene(each))
    ]
    if not views:
        raise InputError("the frames have no set of views in common; take all of them alike")
    anchors = {
        each: fit([one.under(each) for one in observed], prior.of(each, kind), targets)
        for each in views
    }
    made = Calibration(
        name, test.name, test.version, len(observed), anchors, kind, any(map(_is_scene, views))
    )
    attacks = AcceptedAttacks()
    if self_attacks:
        steps = iter(frames)  # a clip may have given several frames, or none
        attacks = accepted_attacks(
            test,
            [each.frame for each in observed],
            [each.under(views[-1]) for each in observed],
            views=views[-1],
            prior=prior.of(views[-1], kind),
            targets=targets,
            advance=lambda: None if next(steps, None) is None else advance(),
        )
        for _ in steps:
            advance()
    people = len({each.person for each in observed})
    report = FramesReport(len(observed), people, kind == PERSON, targets, attacks, prior.worth)
    notes = (*report.notes(), *left_out(unused))
    if fixed_scene and not made.fixed_scene:
        notes = (*notes, f"--fixed-scene changes nothing: {test.name} has no view of whole frames")
    return CalibrationResult(made, calibration_card(made, report, notes), notes, report.grade())


def fit_pictures(
    name: str, test: str, images: Sequence[RgbImage], advance: Advance = ignore
) -> tuple[Calibration, Card, str]:
    """Calibrate a test to a camera from pictures of one person in memory, without saving.

    Args:
        name: Name of the calibration.
        test: Name of a test that can be calibrated.
        images: Bona fide pictures, RGB.
        advance: As `fit_calibration`; what it raises ends the work.

    Returns:
        The calibration, its card, and its grade in words.

    Raises:
        InputError: As `fit_calibration`.
        SettingsError: The test cannot be calibrated, or the name is not a file name.
    """
    given = [
        CalibrationPicture(image, name=f"picture {number}", channels="rgb")
        for number, image in enumerate(images, 1)
    ]
    made = fit_calibration(name, make_calibratable(test), given, advance=advance)
    return made.calibration, made.card, str(made.grade)


def _is_scene(views: str) -> bool:
    return WHOLE_FRAME in views.split("+")


def _observe(
    test: CalibratableTest, frames: Sequence[CalibrationPicture], advance: Advance, most: int
) -> tuple[list[_ObservedFrame], dict[str, list[str]]]:
    """Return the usable frames, and the names of the other files by the reason."""
    finder = FaceFinder(landmarks=needs_of(test).landmarks)
    observed: list[_ObservedFrame] = []
    known: list[RgbImage] = []
    unused: dict[str, list[str]] = {}
    for picture in frames:
        found = _observed(test, finder, picture, known, most)
        if isinstance(found, str):
            unused.setdefault(found, []).append(picture.name)
        else:
            observed += found
        advance()
    return observed, unused


def _observed(
    test: CalibratableTest,
    finder: FaceFinder,
    picture: CalibrationPicture,
    known: list[RgbImage],
    most: int,
) -> list[_ObservedFrame] | str:
    """Return the usable frames of a file, or why there is none.

    Args:
        test: The test.
        finder: Finds the faces.
        picture: The file.
        known: Small copies of the pictures so far; those of this one are added.
        most: Most frames of a clip. Of one, the nearest to the middle is taken.
    """
    try:
        selection = EVENLY if most == 1 else FrameSelection("even", most)
        frames = load(picture.source, selection=selection, channels=picture.channels).frames
    except ITEM_ERRORS:
        return NO_PICTURE
    found: list[_ObservedFrame] = []
    why: Reason | None = None
    for number, frame in enumerate(_from_the_middle(frames) if most == 1 else _apart(frames)):
        if (number == 0 or most > 1) and _is_known(frame.image, known):
            if most == 1:
                break
            continue
        seen = _usable(test, finder.find(frame))
        if not isinstance(seen, Reason):
            found.append(_ObservedFrame(seen[0], picture.person, seen[1]))
        elif why is None or why is Reason.NO_FACE:
            why = seen
        if len(found) == most:
            break
    return found or (COPY if why is None else REASONS[why].words)


def _usable(test: CalibratableTest, frame: Frame) -> tuple[Frame, dict[str, Observation]] | Reason:
    # A face that fills the picture has an anchor of its own; other reasons never decide.
    reasons = [r for r in assess(frame).reasons if r is not Reason.NO_CONTEXT]
    found = reasons[0] if reasons else test.observe(Presentation((frame,)))
    return found if isinstance(found, Reason) else (frame, dict(found))


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


def _apart(frames: Sequence[Frame]) -> Iterator[Frame]:
    """Yield frames of a clip that are some time apart; a still as it is."""
    last = -APART_S
    for frame in frames:
        if frame.time_s - last >= APART_S - 1e-6:
            last = frame.time_s
            yield frame
