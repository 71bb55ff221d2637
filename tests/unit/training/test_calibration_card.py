"""What a calibration tells: grades, warnings, what to expect."""

from dataclasses import replace

import pytest

from facepad.training.calibration.card import AcceptedAttacks, FramesReport, left_out
from facepad.training.calibration.fit import targets_with


def report(
    frames: int, people: int = 5, accepted: float | None = 0.0, *, one_person: bool = False
) -> FramesReport:
    attacks = AcceptedAttacks()
    if accepted is not None:
        shares = {"convenience": accepted + 0.1, "balanced": accepted, "strict": 0.0}
        attacks = AcceptedAttacks(100, {name: round(100 * s) for name, s in shares.items()})
    return FramesReport(frames, people, one_person, attacks=attacks)


@pytest.mark.parametrize(
    ("frames", "people", "accepted", "expected"),
    [
        (12, 5, 0.05, "good: 12 frames of 5 people, accepts 5 % of the simulated attacks"),
        (4, 4, 0.0, "weak: 4 frames only, take 10 to 20"),
        (12, 5, 0.5, "weak: accepts 50 % of the simulated attacks"),
        (6, 5, 0.0, "fair: 6 frames, take 10 to 20"),
        (12, 1, 0.0, "fair: one person only, take 5 or more with a subfolder each"),
        (12, 3, 0.0, "fair: 3 people only, take 5 or more with a subfolder each"),
        (12, 5, None, "fair: no attacks were simulated"),
        (12, 5, 0.2, "fair: accepts 20 % of the simulated attacks"),
    ],
)
def test_the_grade_names_what_keeps_it_from_being_better(
    frames: int, people: int, accepted: float | None, expected: str
) -> None:
    assert str(report(frames, people, accepted).grade()) == expected


def test_a_calibration_to_one_person_is_good_for_nobody_else() -> None:
    grade = str(report(12, 1, one_person=True).grade())
    assert grade.startswith("good: 12 frames of one person, for nobody else")


def test_a_low_target_needs_more_frames_for_a_good_grade() -> None:
    few = replace(report(10), targets=targets_with(0.02))
    assert str(few.grade()) == "fair: the BPCER may reach 7 %, take frames of more people"
    assert replace(few, frames=20, people=20).grade().word == "good"


def test_the_results_state_both_errors_at_all_points_and_the_grade() -> None:
    genuine, attacks, grade = report(10, accepted=0.05).results().split("\n\n")
    assert "balanced 5 % (0.7 to 13 %)" in genuine
    assert "other people in front of this camera" in genuine
    # Clopper-Pearson of 5 of 100: 1.64 to 11.28 %
    assert "balanced 5 % (2 to 11 %)" in attacks
    assert "convenience 15 %" in attacks
    assert grade.startswith("Grade: good")


def test_the_results_for_one_person_say_that_others_are_unknown() -> None:
    genuine = report(10, 1, one_person=True).results().split("\n\n")[0]
    assert "of this person" in genuine
    assert "For other people nothing is known" in genuine


def test_without_attacks_the_results_say_so() -> None:
    assert "No attacks were simulated" in report(10, accepted=None).results()


def test_few_frames_and_one_person_are_notes() -> None:
    told = " ".join(report(4, 1, one_person=True).notes())
    assert "4 frames are few" in told
    assert "for this person alone" in told
    assert "frames of 2 people count as 2" in report(10, 2).notes()[0]
    assert not report(10).notes()


@pytest.mark.parametrize(("accepted", "told"), [(0.75, 1), (0.3, 0), (0.0, 0)])
def test_many_attacks_that_would_pass_are_a_warning(accepted: float, told: int) -> None:
    assert sum("75 % of the attacks" in note for note in report(10, 3, accepted).notes()) == told


def test_left_out_files_are_named_up_to_three() -> None:
    (note,) = left_out({"too blurred": ["1", "2", "3", "4", "5"]})
    assert note == "left out, too blurred: 1, 2, 3 and 2 more"
