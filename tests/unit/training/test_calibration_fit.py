"""Fitting a camera's calibration: the bound holds, and too little is told."""

import numpy as np
import pytest

from facepad.calibration.prior import ViewPrior
from facepad.errors import InputError
from facepad.training.calibration.fit import (
    PRIOR_FRAMES,
    CalibrationFrame,
    expected_bpcer_range,
    fit,
    grade,
    prediction_bound,
    shrink_deviation,
)

USUAL = ViewPrior(1.0, 2.0, 0.3, 1.2, 1.5, 0.5)


def frames(
    count: int, rng: np.random.Generator, *, people: int = 1, shift: float = 0.0
) -> list[CalibrationFrame]:
    """Frames of one camera; every person has an offset of their own."""
    own = rng.normal(0.0, 1.0, (people, 21))
    found = []
    for number in range(count):
        who = own[number % people] + 0.3 * rng.normal(size=21) + shift
        found.append(CalibrationFrame(float(who[0]), who[1:], f"person {number % people}"))
    return found


def test_the_bound_is_that_of_students_t() -> None:
    # scipy 1.16 stats.t.ppf(0.95, 16) = 1.745883676; the frames' own variance is 0.625
    assert PRIOR_FRAMES == 12
    scores = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    deviation = np.sqrt((12 * 1.2**2 + 4 * 0.625) / 16)
    wanted = -1.745883676 * deviation * np.sqrt(1.0 + 1.0 / 17)
    assert prediction_bound(scores, 0.05, 1.2) == pytest.approx(wanted)


@pytest.mark.slow
def test_as_many_as_was_stated_fall_below_the_bound() -> None:
    # Cameras whose deviations vary as their weight beside the frames' says.
    rng = np.random.default_rng(0)
    below = []
    for _ in range(4000):
        spread = np.sqrt(PRIOR_FRAMES / rng.chisquare(PRIOR_FRAMES))
        centre = spread * rng.normal() / np.sqrt(PRIOR_FRAMES)
        scores = centre + spread * rng.normal(size=11)
        below.append(scores[0] < prediction_bound(scores[1:], 0.1, 1.0))
    assert np.mean(below) == pytest.approx(0.1, abs=0.02)


def test_few_frames_have_the_spread_of_other_cameras_and_many_their_own() -> None:
    assert shrink_deviation(5.0, 1.0, 1) == 1.0
    assert shrink_deviation(5.0, 1.0, 100_000) == pytest.approx(5.0, rel=1e-3)
    assert shrink_deviation(0.0, 1.0, 10) < shrink_deviation(0.5, 1.0, 10)


def test_more_frames_leave_less_open() -> None:
    spans = [high - low for low, high in (expected_bpcer_range(n, 0.05) for n in (3, 5, 10, 20))]
    assert spans == sorted(spans, reverse=True)


def test_new_people_of_the_camera_pass_and_what_lies_elsewhere_does_not() -> None:
    rng = np.random.default_rng(1)
    anchor = fit(frames(20, rng, people=10), 0.05, USUAL)
    same = [anchor.margin(anchor.anchored(f.raw, f.features)) for f in frames(200, rng, people=100)]
    other = [
        anchor.margin(anchor.anchored(f.raw, f.features))
        for f in frames(200, rng, people=100, shift=-5.0)
    ]
    assert np.mean(np.array(same) < 0.0) < 0.2
    assert np.mean(np.array(other) < 0.0) > 0.95


def test_people_are_left_out_whole() -> None:
    rng = np.random.default_rng(2)
    told = frames(12, rng, people=3)
    untold = [CalibrationFrame(f.raw, f.features) for f in told]
    assert fit(told, 0.05, USUAL).logit_scale > fit(untold, 0.05, USUAL).logit_scale


def test_a_lower_target_is_a_lower_threshold() -> None:
    some = frames(10, np.random.default_rng(3))
    assert fit(some, 0.01, USUAL).threshold < fit(some, 0.1, USUAL).threshold


def test_two_frames_are_too_few() -> None:
    with pytest.raises(InputError, match="at least 3 frames, got 2"):
        fit(frames(2, np.random.default_rng(0)), 0.05, USUAL)


@pytest.mark.parametrize("target", [0.0, 0.6, float("nan")])
def test_an_impossible_target_is_refused(target: float) -> None:
    with pytest.raises(InputError, match="target BPCER"):
        fit(frames(5, np.random.default_rng(0)), target, USUAL)


@pytest.mark.parametrize(
    ("count", "people", "logit_scale", "threshold"),
    [
        (3, 1, 1.081062521948031, -1.6696984429968065),
        (12, 3, 0.9463105476973744, -1.7610609522443148),
    ],
)
def test_an_anchor_has_the_stored_digits(
    count: int, people: int, logit_scale: float, threshold: float
) -> None:
    """Values of facepad at commit 1fa0605."""
    anchor = fit(frames(count, np.random.default_rng(count), people=people), 0.05, USUAL)
    found = (anchor.logit_scale, anchor.threshold)
    assert found == pytest.approx((logit_scale, threshold), rel=1e-12)


def test_the_expected_range_has_the_stored_digits() -> None:
    """Values of facepad at commit 1fa0605."""
    stored = (0.009512117346795336, 0.12138454671328196)
    assert expected_bpcer_range(10, 0.05) == pytest.approx(stored, rel=1e-12)


@pytest.mark.parametrize(
    ("frames", "people", "accepted", "expected"),
    [
        (12, 3, 0.05, "good: 12 frames of 3 people, accepts 5 % of the simulated attacks"),
        (4, 4, 0.0, "weak: 4 frames only, take 10 to 20"),
        (12, 3, 0.5, "weak: accepts 50 % of the simulated attacks"),
        (6, 3, 0.0, "fair: 6 frames, take 10 to 20"),
        (12, 1, 0.0, "fair: one person only, take several with a subfolder each"),
        (12, 3, None, "fair: no attacks were simulated"),
        (12, 3, 0.2, "fair: accepts 20 % of the simulated attacks"),
    ],
)
def test_the_grade_names_what_keeps_it_from_being_better(
    frames: int, people: int, accepted: float | None, expected: str
) -> None:
    assert str(grade(frames, people, 0.05, accepted)) == expected


def test_a_low_target_needs_more_frames_for_a_good_grade() -> None:
    assert str(grade(10, 2, 0.02, 0.0)) == "fair: the BPCER may reach 6 %, take more frames"
    assert grade(20, 2, 0.02, 0.0).word == "good"
