"""Fitting the prior over cameras, on made-up features."""

from dataclasses import astuple

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.training.calibration.prior import fit_prior, prepare
from facepad.types import Observation, Sample, Split

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'facepad[train]'")

WIDTH = 40

Pictures = tuple[list[Observation], list[Sample]]


def made_up(
    *, cameras: int = 12, people: int = 20, within: float = 0.5, gap: float = 4.0
) -> Pictures:
    """Cameras with offsets of their own; the first feature varies by ``within`` among people."""
    rng = np.random.default_rng(cameras)
    samples, observed = [], []
    for camera in range(cameras):
        offset = rng.normal(0.0, 3.0, WIDTH)
        for person in range(people):
            for species in (None, "print"):
                key = f"{camera}/{person}/{species}"
                named = {"camera": f"camera {camera}"}
                who = f"person {person}"
                samples.append(Sample(key, key, who, Split.TRAIN, species, "it", attributes=named))
                row = offset + rng.normal(0.0, within, WIDTH)
                row[0] -= gap * (species is not None)
                features = np.asarray(row, np.float32).astype(np.float64)
                observed.append(Observation(float(features[0]), features))
    return observed, samples


def test_the_spread_of_logits_is_that_within_a_camera_and_not_between() -> None:
    assert fit_prior(*made_up(within=0.5)).logit == pytest.approx(0.5, rel=0.1)


def test_the_offset_of_all_cameras_changes_nothing() -> None:
    observed, samples = made_up()
    offset = np.linspace(-5.0, 5.0, WIDTH)
    moved = [Observation(o.raw + offset[0], o.features + offset) for o in observed]
    here, there = fit_prior(observed, samples), fit_prior(moved, samples)
    assert there.logit == pytest.approx(here.logit, rel=1e-4)
    assert there.distance == pytest.approx(here.distance, rel=1e-4)


def test_the_ratio_is_above_zero_for_bona_fide_and_below_for_attacks() -> None:
    found = fit_prior(*made_up())
    assert found.slope > 0.0
    assert found.bias > 0.0  # anchored scores of bona fide lie about 0
    assert found.slope * -8.0 + found.bias < 0.0  # an attack lies 8 deviations below


def test_learning_twice_gives_the_same_numbers() -> None:
    assert fit_prior(*made_up()) == fit_prior(*made_up())


def test_cameras_of_few_people_are_not_enough() -> None:
    with pytest.raises(DatasetError, match="needs a camera with 6 people"):
        fit_prior(*made_up(people=5))


def test_scaling_needs_attacks() -> None:
    observed, samples = made_up()
    rows = [row for row, sample in enumerate(samples) if sample.is_bona_fide]
    with pytest.raises(DatasetError, match="needs attacks"):
        fit_prior([observed[row] for row in rows], [samples[row] for row in rows])


def test_pictures_must_tell_their_camera() -> None:
    with pytest.raises(DatasetError, match="needs --simulated"):
        prepare(())


def test_the_prior_has_the_stored_digits() -> None:
    """Values of facepad at commit 1fa0605, with scikit-learn 1.9."""
    stored = (
        *(0.4962404440458028, 0.7254139826296951, 0.0823356524918088),
        *(1.0893390884897038, 3.7551327208044047, 16.66262569793831),
    )
    assert astuple(fit_prior(*made_up())) == pytest.approx(stored, rel=1e-6)
