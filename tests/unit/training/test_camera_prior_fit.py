"""Fitting the prior over cameras, on made-up features."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from facepad.calibration.prior import ViewPrior
from facepad.errors import DatasetError
from facepad.training.calibration.episodes import fit_kinds, fit_prior
from facepad.training.calibration.fit import CalibrationFrame, fit
from facepad.training.calibration.prior import prepare
from facepad.training.scaling import nonnegative_weights
from facepad.types import MemberReading, Observation, Sample, Split

NAMES = ("tight 2", "tight 5", "patch 5", "context 13")
DECIDING = ("tight 2", "patch 5")
WIDTH = 10

Pictures = tuple[list[Observation], list[Sample]]


def made_up(
    *,
    cameras: int = 8,
    people: int = 14,
    takes: int = 1,
    gap: float = 4.0,
    species: tuple[str, ...] = ("print",),
    shift: float = 0.0,
) -> Pictures:
    """Cameras with offsets of their own; bona fide faces vary by .5; attacks in one logit."""
    rng = np.random.default_rng(cameras)
    samples: list[Sample] = []
    observed: list[Observation] = []
    for camera in range(cameras):
        offset = rng.normal(0.0, 3.0, len(NAMES) * WIDTH) + shift
        for person in range(people):
            for kind in (*[None] * takes, *species):
                rows = (offset + rng.normal(0.0, 0.5, offset.shape)).reshape(len(NAMES), WIDTH)
                if kind is not None:
                    rows[0, 0] -= gap
                if kind == "mask":
                    rows[1] += 100.0
                members = {
                    name: MemberReading(
                        float(row[0]), row.astype(np.float32), name.split()[0], name in DECIDING
                    )
                    for name, row in zip(NAMES, rows, strict=True)
                }
                key = f"{camera}/{person}/{kind}/{len(samples)}"
                observed.append(Observation(members))
                samples.append(
                    Sample(key, key, f"person {person}", Split.TRAIN, kind, "it",
                           attributes={"camera": f"camera {camera}"})
                )  # fmt: skip
    return observed, samples


def numbers(prior: ViewPrior) -> list[float]:
    found = [prior.score, prior.slope, prior.bias]
    for one in prior.members.values():
        found += [one.logit, one.distance, one.distance_scale]
        found += [one.logit_weight, one.distance_weight, float(one.spread.mean())]
    return found


@pytest.fixture(scope="module")
def fitted() -> tuple[ViewPrior, str]:
    return fit_prior(*made_up())


@pytest.mark.slow
def test_the_spread_of_logits_is_that_within_a_camera_and_not_between(
    fitted: tuple[ViewPrior, str],
) -> None:
    for member in fitted[0].members.values():
        assert member.logit == pytest.approx(0.5, rel=0.15)
        assert member.spread.mean() > 2.0  # of features it is that over all cameras


def test_scores_of_bona_fide_faces_deviate_by_one_and_lie_about_none(
    fitted: tuple[ViewPrior, str],
) -> None:
    assert fitted[0].score == pytest.approx(1.0)
    assert fitted[0].cameras == 8


def test_the_ratio_is_above_zero_for_bona_fide_and_below_for_attacks(
    fitted: tuple[ViewPrior, str],
) -> None:
    prior = fitted[0]
    assert prior.bias > 0.0  # anchored scores of bona fide lie about 0
    assert prior.slope * -8.0 + prior.bias < 0.0
    assert prior.slope <= 2.0


def test_logits_that_decide_weigh_alike_and_others_nothing(
    fitted: tuple[ViewPrior, str],
) -> None:
    weights = {name: one.logit_weight for name, one in fitted[0].members.items()}
    assert weights["tight 2"] == weights["patch 5"] > 0.0
    assert weights["tight 5"] == weights["context 13"] == 0.0


def test_distances_of_a_group_weigh_alike_and_none_is_below_zero(
    fitted: tuple[ViewPrior, str],
) -> None:
    weights = {name: one.distance_weight for name, one in fitted[0].members.items()}
    assert weights["tight 2"] == weights["tight 5"]
    assert min(weights.values()) >= 0.0


@pytest.mark.slow
def test_a_member_without_features_counts_by_its_logit_alone() -> None:
    observed, samples = made_up()
    alone = [
        Observation(
            {
                name: replace(one, features=one.features[:0]) if name == "patch 5" else one
                for name, one in each.members.items()
            }
        )
        for each in observed
    ]
    found, _ = fit_prior(alone, samples)
    assert found.members["patch 5"].logit_weight > 0.0
    assert found.members["patch 5"].distance_weight == 0.0
    assert len(found.members["patch 5"].spread) == 0
    frames = [CalibrationFrame(one) for one in alone[:10]]
    score = fit(frames, found).anchored(alone[0])
    assert np.isfinite(score)


def test_the_text_tells_held_out_figures(fitted: tuple[ViewPrior, str]) -> None:
    assert "8 cameras, 40 episodes" in fitted[1]
    assert "held-out AUC: print 0.99" in fitted[1]
    assert "balanced: BPCER" in fitted[1]
    assert "HTER" in fitted[1]


@pytest.mark.slow
def test_an_offset_of_all_cameras_changes_nothing(fitted: tuple[ViewPrior, str]) -> None:
    there, _ = fit_prior(*made_up(shift=5.0))
    assert numbers(there) == pytest.approx(numbers(fitted[0]), rel=2e-2, abs=2e-2)


@pytest.mark.slow
def test_learning_twice_gives_the_same_numbers(fitted: tuple[ViewPrior, str]) -> None:
    assert numbers(fit_prior(*made_up())[0]) == numbers(fitted[0])


@pytest.mark.slow
def test_masks_do_not_move_the_weights() -> None:
    without, _ = fit_prior(*made_up(cameras=4, people=8))
    observed, samples = made_up(cameras=4, people=8)
    masks = [s for s in range(len(samples)) if not samples[s].is_bona_fide]
    for row in masks[:20]:
        sample = samples[row]
        observed.append(observed[row])
        samples.append(Sample(f"m{row}", "m", sample.subject, Split.TRAIN, "mask",
                              attributes=sample.attributes))  # fmt: skip
    masked, told = fit_prior(observed, samples)
    assert numbers(masked) == pytest.approx(numbers(without), rel=1e-6)
    assert "mask" in told


@pytest.mark.slow
def test_many_frames_of_a_person_give_a_prior_of_that_kind() -> None:
    few = fit_kinds(*made_up(cameras=3, people=6))
    assert list(few) == ["people"]
    many = fit_kinds(*made_up(cameras=3, people=6, takes=7, species=("print",) * 2))
    assert list(many) == ["people", "person"]
    assert many["person"][0].cameras == 3
    assert "90 episodes" in many["person"][1]  # 3 cameras, 6 people, 5 draws


def test_cameras_of_few_people_are_not_enough() -> None:
    with pytest.raises(DatasetError, match="needs a camera with 5 people"):
        fit_prior(*made_up(people=4))


def test_weights_need_attacks() -> None:
    observed, samples = made_up(cameras=2)
    rows = [row for row, sample in enumerate(samples) if sample.is_bona_fide]
    with pytest.raises(DatasetError, match="needs attacks"):
        fit_prior([observed[row] for row in rows], [samples[row] for row in rows])


def test_pictures_must_tell_their_camera() -> None:
    with pytest.raises(DatasetError, match="needs --simulated"):
        prepare(())


# --- weights that are not below 0 ----------------------------------------------------------


def rows_of(seed: int) -> Any:  # noqa: ANN401 - columns, labels, weights
    rng = np.random.default_rng(seed)
    labels = rng.random(300) < 0.4
    columns = rng.normal(size=(300, 4)) + np.outer(labels, [1.5, 0.5, 0.0, -1.0])
    return columns, labels, rng.uniform(0.5, 1.5, 300)


def test_weights_are_those_of_a_slow_search_within_the_bounds() -> None:
    from scipy.optimize import minimize

    columns, labels, weight = rows_of(0)

    def loss(found: Any) -> float:  # noqa: ANN401 - an array
        margin = np.where(labels, 1.0, -1.0) * (columns @ found[:4] + found[4])
        mean = np.average(np.log1p(np.exp(-margin)), weights=weight)
        pulled = 0.1 / 2 * np.sum((found[:4] - found[:4].mean()) ** 2)
        return float(mean + pulled + 1e-4 / 2 * np.sum(found[:4] ** 2))

    bounds = [(0.0, None)] * 4 + [(None, None)]
    wanted = minimize(loss, np.ones(5), method="SLSQP", bounds=bounds, tol=1e-14).x
    weights, intercept = nonnegative_weights(columns, labels, weight, 0.1)
    assert [*weights, intercept] == pytest.approx(wanted, abs=2e-4)
    assert weights[3] == 0.0  # lower for bona fide, so that it may not take part


def test_a_strong_pull_makes_weights_equal() -> None:
    columns, labels, weight = rows_of(1)
    weights, _ = nonnegative_weights(columns[:, :3], labels, weight, 1e4)
    assert weights == pytest.approx(np.full(3, weights.mean()), rel=1e-2)


def test_columns_that_all_mislead_have_equal_weights() -> None:
    labels = np.array([True, False] * 10)
    columns = np.where(labels[:, None], -1.0, 1.0) * np.ones((1, 2))
    weights, _ = nonnegative_weights(columns, labels, np.ones(20), 1.0)
    assert weights.tolist() == [0.5, 0.5]
