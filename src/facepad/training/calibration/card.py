"""What a calibration tells its user: the card, the notes and the grade."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from facepad.calibration.anchor import PERSON, TARGETS, USUAL, Calibration
from facepad.calibration.prior import PRIOR_FRAMES
from facepad.evaluation.intervals import clopper_pearson
from facepad.models.card import Card
from facepad.training.calibration.fit import ENOUGH, expected_bpcer_range

NAMED = 3  # files that were left out and that a message names
# What a good calibration has at least, and at most.
GOOD_FRAMES, GOOD_PEOPLE = 10, 5
GOOD_BPCER = 3.0  # upper end of the expected range over the target
GOOD_ATTACKS, WEAK_ATTACKS = 0.15, 0.4  # accepted share of the attacks simulated from the frames
_MANY = 0.25  # accepted share of simulated attacks that causes a warning


@dataclass(frozen=True, slots=True)
class AcceptedAttacks:
    """Simulated attacks that a calibration accepts.

    Attributes:
        judged: Number of attacks with a usable face.
        accepted: Number of those at or above the threshold, by name of the operating point.
    """

    judged: int = 0
    accepted: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def share(self, point: str = USUAL) -> float | None:
        """Return the accepted share at an operating point; None where none was judged."""
        return self.accepted[point] / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class CalibrationGrade:
    """How far a calibration can be relied on.

    Attributes:
        word: "good", "fair" or "weak".
        reason: Why, a few words.
    """

    word: str
    reason: str

    def __str__(self) -> str:
        return f"{self.word}: {self.reason}"


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationResult:
    """A calibration with what is told of it.

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
class FramesReport:
    """What a calibration was made from, and what to expect of it.

    Attributes:
        frames: Number of different frames.
        people: Number of people in them.
        one_person: Whether the calibration is for the person in the frames.
        targets: Target BPCER by name of the operating point.
        attacks: What attacks simulated from the frames would do.
        worth: Frames that the prior over cameras counts as; 0 without one.
    """

    frames: int
    people: int
    one_person: bool = False
    targets: Mapping[str, float] = field(default_factory=lambda: TARGETS, hash=False)
    attacks: AcceptedAttacks = AcceptedAttacks()
    worth: int = PRIOR_FRAMES

    @property
    def counted(self) -> int:
        """What the frames count as: those of several people once for each person."""
        return self.people if self.people > 1 and not self.one_person else self.frames

    def grade(self) -> CalibrationGrade:
        """Grade a calibration by what its card measures.

        Weak: fewer than `ENOUGH` frames, or more than `WEAK_ATTACKS` of the simulated attacks
        are accepted. Good: everything that the constants ``GOOD_...`` demand. Fair: all others.
        """
        accepted, frames = self.attacks.share(), self.frames
        if frames < ENOUGH:
            return CalibrationGrade("weak", f"{frames} frames only, take {GOOD_FRAMES} to 20")
        told = f"accepts {100 * (accepted or 0.0):.0f} % of the simulated attacks"
        if accepted is not None and accepted > WEAK_ATTACKS:
            return CalibrationGrade("weak", told)
        if frames < GOOD_FRAMES:
            return CalibrationGrade("fair", f"{frames} frames, take {GOOD_FRAMES} to 20")
        if self.people < GOOD_PEOPLE and not self.one_person:
            words = f"{self.people} people only" if self.people > 1 else "one person only"
            return CalibrationGrade(
                "fair", f"{words}, take {GOOD_PEOPLE} or more with a subfolder each"
            )
        if accepted is None:
            return CalibrationGrade("fair", "no attacks were simulated")
        if accepted > GOOD_ATTACKS:
            return CalibrationGrade("fair", told)
        target = self.targets[USUAL]
        high = expected_bpcer_range(self.counted, target, self.worth)[1]
        if high > GOOD_BPCER * target:
            more = "more frames" if self.counted == frames else "frames of more people"
            words = f"the BPCER may reach {100 * high:.0f} %, take {more}"
            return CalibrationGrade("fair", words)
        whom = f"{self.people} people" if not self.one_person else "one person, for nobody else"
        return CalibrationGrade("good", f"{frames} frames of {whom}, {told}")

    def notes(self) -> tuple[str, ...]:
        """Return warnings for the user."""
        found = []
        if not self.worth:
            found.append(
                "there is no prior over cameras for this test: thresholds rest on these frames "
                "alone, and features are not compared; see `facepad train cameras`"
            )
        elif self.frames < ENOUGH:
            found.append(
                f"{self.frames} frames are few (10 to 20 are better): the thresholds depend mostly "
                "on other cameras"
            )
        elif self.counted < ENOUGH:
            found.append(
                f"frames of {self.people} people count as {self.people}: the thresholds depend "
                "mostly on other cameras; take frames of more people"
            )
        if self.one_person:
            found.append(
                "all frames are taken as one person's: the thresholds are for this person alone. "
                "To check other people, take frames of several, with a subfolder each"
            )
        return (*found, *self._warning())

    def results(self) -> str:
        """Return what to expect, as paragraphs: genuine people, attacks, the grade."""
        ranges = {
            name: expected_bpcer_range(self.counted, target, self.worth)
            for name, target in self.targets.items()
        }
        listed = ", ".join(
            f"{name} {100 * self.targets[name]:g} % ({100 * low:.1f} to {100 * high:.0f} %)"
            for name, (low, high) in ranges.items()
        )
        whose = (
            "of this person under the same conditions; frames of one recording are alike, so on "
            "another day or in other light it may be more. For other people nothing is known"
            if self.one_person
            else "of other people in front of this camera"
        )
        whom = "" if self.counted == self.frames else f" of {self.people} people"
        genuine = (
            f"Expected BPCER (in brackets: where 9 of 10 cameras end up with {self.frames} "
            f"frames{whom}) {whose}: {listed}."
        )
        return "\n\n".join((genuine, self._attacks(), f"Grade: {self.grade()}."))

    def _attacks(self) -> str:
        none = "No attack of this camera was measured."
        if not self.attacks.judged:
            return f"{none} No attacks were simulated."
        judged = self.attacks.judged
        listed = []
        for name, accepted in self.attacks.accepted.items():
            low, high = clopper_pearson(accepted, judged)
            share = 100 * accepted / judged
            listed.append(f"{name} {share:.0f} % ({100 * low:.0f} to {100 * high:.0f} %)")
        return (
            f"Expected APCER, from {judged} attacks simulated from these frames (prints, screens, "
            f"parts of the face): {', '.join(listed)}. {none}"
        )

    def _warning(self) -> tuple[str, ...]:
        share = self.attacks.share()
        if share is None:
            return ()
        if clopper_pearson(self.attacks.accepted[USUAL], self.attacks.judged)[0] <= _MANY:
            return ()
        return (
            f"{100 * share:.0f} % of the attacks simulated from these frames would be accepted: "
            "use more frames, the operating point 'strict', or a higher --target-bpcer",
        )


def left_out(names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return a note for each reason why files were left out.

    Args:
        names: Names of files by reason.
    """
    return tuple(
        f"left out, {why}: {', '.join(those[:NAMED])}"
        + (f" and {len(those) - NAMED} more" if len(those) > NAMED else "")
        for why, those in names.items()
    )


def calibration_card(made: Calibration, report: FramesReport, notes: Sequence[str]) -> Card:
    """Return the card of a calibration."""
    kind = "one person, who is checked later" if made.kind == PERSON else "people not checked later"
    options = "".join(
        (
            " --fixed-scene" if made.fixed_scene else "",
            "" if report.targets == TARGETS else f" --target-bpcer {100 * report.targets[USUAL]:g}",
        )
    )
    moving = (
        "The whole frame is compared, too (fixed scene): calibrate again when anything around the "
        "people changes."
        if made.fixed_scene
        else "What the scene around the people shows is not compared with the frames (no fixed "
        "scene). A logit that sees it counts all the same: another background moves the scores."
    )
    *_, largest = made.anchors.values()
    count = sum(len(one.centre) > 0 for one in largest.members.values()) if report.worth else 0
    shrunk = (
        f"shrunk towards those of other cameras, which count as {report.worth} frames"
        if report.worth
        else "by themselves, since there is no prior over other cameras"
    )
    return Card(
        title=f"Calibration {made.name} of one camera for {made.test}",
        version="1",
        licence="the user's own",
        data=f"{made.frames} bona fide frames of the camera, {report.people} person(s); kind: "
        f"{made.kind} ({kind}). The file holds means and deviations of features, no picture.",
        recipe=f"`facepad calibrate --bona-fide DIR --name {made.name} --test {made.test}"
        f"{options}` with {made.version}: the logit that decides, and the distances of {count} "
        "members of the test, in deviations of the frames, each person left out in turn (each "
        f"frame of one person), {shrunk}; thresholds at mean - t sd sqrt(1 + 1/n).",
        results=report.results(),
        limits="\n".join(
            (
                *notes,
                f"{moving} Calibrate again when the camera, its place or light changes.",
            )
        ),
    )
