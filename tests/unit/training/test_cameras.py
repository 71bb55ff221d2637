"""Learning how faces vary before one camera, on made-up statistics."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.liveness.face_cnn.heads import Head
from facepad.training.calibration.prior import learn, prepare
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import LabelledFeatures
from facepad.types import Sample, Split

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'facepad[train]'")

WIDTH = 40
HEAD = Head("tight", 0, np.zeros(WIDTH), np.ones(WIDTH), np.eye(WIDTH)[0], 0.0)


def made_up(
    *, cameras: int = 12, people: int = 20, within: float = 0.5, gap: float = 4.0
) -> LabelledFeatures:
    """Cameras with a cast of their own; the first statistic varies by ``within`` among people."""
    rng = np.random.default_rng(cameras)
    samples, rows = [], []
    for camera in range(cameras):
        cast = rng.normal(0.0, 3.0, WIDTH)
        for person in range(people):
            for species in (None, "print"):
                key = f"{camera}/{person}/{species}"
                told = {"camera": f"camera {camera}"}
                who = f"person {person}"
                samples.append(Sample(key, key, who, Split.TRAIN, species, "it", attributes=told))
                row = cast + rng.normal(0.0, within, WIDTH)
                row[0] -= gap * (species is not None)
                rows.append(np.broadcast_to(row, (len(VIEWS), WIDTH)))
    values = np.array(rows, np.float32)
    wide = np.ones(len(rows), np.bool_)
    features = FaceFeatures(values, {0: slice(0, WIDTH)}, wide, (None,) * len(rows))
    return LabelledFeatures(tuple(samples), features)


def test_the_spread_of_logits_is_that_within_a_camera_and_not_between() -> None:
    assert learn((HEAD,), made_up(within=0.5)).logit == pytest.approx(0.5, rel=0.1)


def test_the_cast_of_cameras_moves_nothing() -> None:
    seen = made_up()
    cast = np.linspace(-5.0, 5.0, WIDTH).astype(np.float32)
    moved = replace(seen.features, values=seen.features.values + cast)
    here, there = (learn((HEAD,), one) for one in (seen, LabelledFeatures(seen.samples, moved)))
    assert there.logit == pytest.approx(here.logit, rel=1e-4)
    assert there.distance == pytest.approx(here.distance, rel=1e-4)


def test_the_ratio_is_above_zero_for_bona_fide_and_below_for_attacks() -> None:
    found = learn((HEAD,), made_up())
    assert found.slope > 0.0
    assert found.bias > 0.0  # anchored scores of bona fide lie about 0
    assert found.slope * -8.0 + found.bias < 0.0  # an attack lies 8 deviations below


def test_learning_twice_gives_the_same_numbers() -> None:
    assert learn((HEAD,), made_up()) == learn((HEAD,), made_up())


def test_cameras_of_few_people_are_not_enough() -> None:
    with pytest.raises(DatasetError, match="need a camera with 6 people"):
        learn((HEAD,), made_up(people=5))


def test_scaling_needs_attacks() -> None:
    seen = made_up()
    with pytest.raises(DatasetError, match="need attacks"):
        learn((HEAD,), seen.part(seen.bona_fide))


def test_pictures_must_tell_their_camera() -> None:
    with pytest.raises(DatasetError, match="needs --simulated"):
        prepare(())
