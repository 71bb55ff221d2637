"""Fitting a camera's calibration: the bounds hold, and too little is told."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.calibration.anchor import TARGETS, Anchor
from facepad.calibration.prior import PRIOR_FRAMES, MemberPrior, ViewPrior
from facepad.errors import InputError
from facepad.training.calibration.fit import (
    CalibrationFrame,
    MemberTable,
    expected_bpcer_range,
    fit,
    leave_one_out,
    prediction_bound,
    shrink_deviation,
    targets_with,
)
from facepad.types import MemberReading, Observation

WIDTHS = {"context 13": 12, "patch 5": 8}
WEIGHTS = {"context 13": (0.5, 0.3), "patch 5": (0.2, 0.4)}
OFFSET = 100.0

Values = NDArray[np.float64]


def prior(score: float = 1.2) -> ViewPrior:
    members = {
        name: MemberPrior(
            spread=np.linspace(0.5, 1.5, width, dtype=np.float32),
            logit=1.0,
            distance=1.4,
            distance_scale=0.3,
            logit_weight=WEIGHTS[name][0],
            distance_weight=WEIGHTS[name][1],
        )
        for name, width in WIDTHS.items()
    }
    return ViewPrior(members=members, score=score, slope=1.5, bias=0.5, cameras=40)


def observation(values: Values) -> Observation:
    members, start = {}, 0
    for name, width in WIDTHS.items():
        own = values[start : start + width]
        members[name] = MemberReading(float(own[0]), own)
        start += width
    return Observation(members)


def frames(
    count: int, rng: np.random.Generator, *, people: int = 1, shift: float = 0.0
) -> list[CalibrationFrame]:
    """Frames of one camera; every person has an offset of their own."""
    own = rng.normal(0.0, 1.0, (people, 20))
    found = []
    for number in range(count):
        who = own[number % people] + 0.3 * rng.normal(size=20) + shift
        found.append(CalibrationFrame(observation(who), f"person {number % people}"))
    return found


def scores_of(anchor: Anchor, those: Sequence[CalibrationFrame]) -> Values:
    return np.array([anchor.anchored(one.observation) for one in those])


def test_an_anchor_has_the_numbers_of_plain_loops() -> None:
    from scipy.stats import t

    some, usual = frames(9, np.random.default_rng(4), people=3), prior()
    count, known = len(some), 3  # frames count once for each person
    found = fit(some, usual)
    total = np.zeros(count)  # the scores of the frames, left out in turn
    for name, member in usual.members.items():
        logits, distances = [], []
        every = [one.observation.members[name] for one in some]
        for place, frame in enumerate(some):
            rest = [
                each for each, one in zip(every, some, strict=True) if one.person != frame.person
            ]
            features = np.stack([each.features for each in rest])
            scale = (member.spread + features.std(axis=0, ddof=1)) / 2
            units = (every[place].features - features.mean(axis=0)) / scale
            distances.append(np.sqrt((units**2).mean() / (1 + 1 / len(rest))))
            mean = np.mean([each.logit for each in rest])
            logits.append((every[place].logit - mean) / np.sqrt(1 + 1 / len(rest)))
        logit_scale = np.sqrt((12 * member.logit**2 + 2 * np.var(logits, ddof=1)) / 14)
        distance = (12 * member.distance + known * np.mean(distances)) / (12 + known)
        distance_scale = np.sqrt(
            (12 * member.distance_scale**2 + 2 * np.var(distances, ddof=1)) / 14
        )
        total += member.logit_weight * np.array(logits) / logit_scale
        total -= member.distance_weight * (np.array(distances) - distance) / distance_scale
        anchor = found.members[name]
        assert anchor.logit == pytest.approx(np.mean([each.logit for each in every]))
        assert anchor.logit_scale == pytest.approx(logit_scale * np.sqrt(1 + 1 / count), rel=1e-5)
        error = np.sqrt(1 + 1 / count)  # of the mean of all frames
        assert anchor.distance == pytest.approx(distance * error, rel=1e-5)
        assert anchor.distance_scale == pytest.approx(distance_scale * error, rel=1e-4)
        own = np.stack([each.features for each in every])
        assert anchor.centre == pytest.approx(own.mean(axis=0), abs=1e-6)
        assert anchor.scale == pytest.approx(
            (member.spread + own.std(axis=0, ddof=1)) / 2, rel=1e-6
        )
    centre = known * total.mean() / (12 + known)
    deviation = np.sqrt((12 * usual.score**2 + 2 * np.var(total, ddof=1)) / 14)
    for point, share in TARGETS.items():
        factor = t.ppf(1 - share, 12 + known - 1) * np.sqrt(1 + 1 / (12 + known))
        assert found.bounds[point] == pytest.approx(centre - factor * deviation, rel=1e-4)
    factor = t.ppf(0.999, 12 + known - 1) * np.sqrt(1 + 1 / (12 + known))
    assert found.accused == pytest.approx(centre - factor * deviation, rel=1e-4)
    assert (found.slope, found.bias) == (1.5, 0.5)


def test_distances_from_few_frames_and_from_many_are_alike() -> None:
    rng = np.random.default_rng(6)
    spreads = [member.spread * 3.0 for member in prior().members.values()]
    means = []
    for count in (4, 40):
        own = [
            leave_one_out(
                MemberTable.of([observation(row) for row in rng.normal(size=(count, 20))]),
                spreads,
                list(map(str, range(count))),
            ).distances.mean()
            for _ in range(400 // count)
        ]
        means.append(np.mean(own))
    assert means[0] == pytest.approx(means[1], rel=0.08)


def test_one_persons_frames_are_left_out_one_by_one() -> None:
    some, usual = frames(6, np.random.default_rng(8)), prior()
    each_alone = [replace(frame, person=str(place)) for place, frame in enumerate(some)]
    assert fit(some, usual).bounds == fit(each_alone, usual).bounds


def test_a_shift_of_all_logits_and_features_changes_no_score() -> None:
    here = frames(10, np.random.default_rng(5), people=5)
    there = frames(10, np.random.default_rng(5), people=5, shift=OFFSET)
    first, second = fit(here, prior()), fit(there, prior())
    assert list(second.bounds.values()) == pytest.approx(list(first.bounds.values()), abs=1e-3)
    assert scores_of(second, there) == pytest.approx(scores_of(first, here), abs=1e-3)


def test_more_frames_of_the_same_scores_raise_the_bound() -> None:
    scores = np.array([-1.0, 0.0, 1.0])
    bounds = [prediction_bound(np.tile(scores, times), 0.05, 1.2) for times in (1, 3, 9, 27)]
    assert bounds == sorted(bounds)


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
    def shrunk(own: float, count: int) -> float:
        return float(shrink_deviation(np.array(own), np.array(1.0), count))

    assert shrunk(5.0, 1) == 1.0
    assert shrunk(5.0, 100_000) == pytest.approx(5.0, rel=1e-3)
    assert shrunk(0.0, 10) < shrunk(0.5, 10)


def test_more_frames_leave_less_open() -> None:
    spans = [high - low for low, high in (expected_bpcer_range(n, 0.05) for n in (3, 5, 10, 20))]
    assert spans == sorted(spans, reverse=True)


def test_new_people_of_the_camera_pass_and_what_lies_elsewhere_does_not() -> None:
    rng = np.random.default_rng(1)
    anchor = fit(frames(20, rng, people=10), prior())
    same = scores_of(anchor, frames(200, rng, people=100))
    other = scores_of(anchor, frames(200, rng, people=100, shift=-5.0))
    assert np.mean(same < anchor.bounds["balanced"]) < 0.2
    assert np.mean(other < anchor.bounds["balanced"]) > 0.95


def test_people_are_left_out_whole() -> None:
    told = frames(12, np.random.default_rng(2), people=3)
    untold = [replace(frame, person="") for frame in told]
    scales = [fit(some, prior()).members["context 13"].logit_scale for some in (told, untold)]
    assert scales[0] > scales[1]


def test_a_stricter_point_has_a_higher_bound_and_a_target_replaces_the_usual_one() -> None:
    some = frames(10, np.random.default_rng(3))
    bounds = fit(some, prior()).bounds
    assert list(bounds) == ["convenience", "balanced", "strict"]
    assert list(bounds.values()) == sorted(bounds.values())
    own = fit(some, prior(), targets_with(0.2)).bounds
    assert own["balanced"] > own["strict"] == bounds["strict"]
    assert targets_with(None) == TARGETS


def test_two_frames_are_too_few() -> None:
    with pytest.raises(InputError, match="at least 3 frames, got 2"):
        fit(frames(2, np.random.default_rng(0)), prior())


@pytest.mark.parametrize("target", [0.0, 0.6, float("nan")])
def test_an_impossible_target_is_refused(target: float) -> None:
    with pytest.raises(InputError, match="target BPCER"):
        fit(frames(5, np.random.default_rng(0)), prior(), targets_with(target))


def test_frames_of_other_members_than_the_prior_are_refused() -> None:
    usual = prior()
    less = replace(usual, members={"patch 5": usual.members["patch 5"]})
    with pytest.raises(InputError, match="of other members: context 13"):
        fit(frames(5, np.random.default_rng(0)), less)


def test_the_expected_range_has_the_stored_digits() -> None:
    """Values of facepad at commit 1fa0605."""
    stored = (0.009512117346795336, 0.12138454671328196)
    assert expected_bpcer_range(10, 0.05) == pytest.approx(stored, rel=1e-9)


def test_without_a_prior_the_bound_is_that_of_the_frames_alone() -> None:
    """Compare with the prediction interval of one further normal value (scipy 1.16)."""
    from scipy.stats import t  # slow to import

    scores = np.random.default_rng(0).normal(3.0, 2.0, 12)
    known = t.ppf(0.95, 11) * np.sqrt(1.0 + 1.0 / 12) * scores.std(ddof=1)
    assert prediction_bound(scores, 0.05, 99.0, worth=0) == pytest.approx(scores.mean() - known)


@pytest.mark.slow
def test_without_a_prior_one_of_twenty_bona_fide_frames_is_below_on_average() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(-4.0, 30.0, (2000, 11))
    below = [row[0] < prediction_bound(row[1:], 0.05, 1.0, worth=0) for row in draws]
    assert np.mean(below) == pytest.approx(0.05, abs=0.015)


def test_without_a_prior_the_range_of_errors_is_wider() -> None:
    own, usual = expected_bpcer_range(10, 0.05, 0), expected_bpcer_range(10, 0.05)
    assert own[1] > usual[1]
    assert own[0] < usual[0]


def test_frames_that_are_all_alike_have_a_deviation_above_zero() -> None:
    alike = shrink_deviation(np.zeros(1), np.ones(1), 10, 0)
    assert 0.0 < alike[0] < 1e-6
