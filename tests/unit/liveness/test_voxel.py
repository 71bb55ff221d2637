"""The voxel test: what it scores, what it says of the volume, and which models fit each other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import made_up_volume
import made_up_voxel_net
from facepad.errors import ModelError
from facepad.liveness.voxel.decision import VoxelDecision
from facepad.liveness.voxel.test import VIEWS, VoxelTest, facts_of, free
from facepad.liveness.voxel.volume import GRID, SLICES, Volume, crop_of, solid
from facepad.scores import sigmoid
from facepad.testing import check_liveness_test, made_up_presentation
from facepad.types import Face, Frame, Presentation, Reason
from made_up_volume import half_ellipsoid


@pytest.fixture
def test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoxelTest:
    made_up_voxel_net.install(tmp_path, monkeypatch)
    return free()


@pytest.mark.slow
def test_it_keeps_the_contract_of_a_liveness_test(test: VoxelTest) -> None:
    check_liveness_test(test, "voxel")


def test_its_score_is_the_scaled_logit_of_the_network(test: VoxelTest) -> None:
    shown = made_up_presentation(seed=1)
    score = test.score(shown)
    crop = crop_of(shown.frames[0])
    (volume,) = test.reconstructor.volumes([crop])
    raw = 4.0 * float(volume.occupancy.mean()) + float(crop.mean()) / 255.0
    assert score.details["raw"] == pytest.approx(raw, rel=1e-4)
    assert score.value == pytest.approx(sigmoid(2.0 * raw - 0.5), rel=1e-4)
    assert dict(score.points) == made_up_voxel_net.POINTS


def test_what_adds_up_to_its_ratio_is_the_logit_and_the_bias(test: VoxelTest) -> None:
    score = test.score(made_up_presentation(seed=1, frames=2))
    found = test.contributions(score)
    expected = score.details["log_likelihood_ratio"]
    assert found.log_likelihood_ratio == pytest.approx(expected, rel=1e-6)


def test_without_a_face_there_is_a_reason_and_no_value(test: VoxelTest) -> None:
    shown = made_up_presentation(seed=1, face=False)
    assert test.score(shown).reason is Reason.NO_FACE
    assert test.observe(shown) is Reason.NO_FACE


def test_it_observes_a_logit_that_decides_and_features_that_do_not(test: VoxelTest) -> None:
    shown = made_up_presentation(seed=1, frames=2)
    observed = test.observe(shown)
    assert not isinstance(observed, Reason)
    members = observed[VIEWS].members
    assert [(name, one.decides) for name, one in members.items()] == [
        ("decision", True),
        ("features", False),
    ]
    alone = [test.score(Presentation((frame,))).details["raw"] for frame in shown.frames]
    assert members["decision"].logit == pytest.approx(np.mean(alone), rel=1e-6)
    assert members["features"].features.shape == (GRID,)


def test_a_picture_that_shows_little_around_the_face_has_no_points(test: VoxelTest) -> None:
    frame = made_up_presentation(seed=1).frames[0]
    image = frame.image[60:180, 100:220]
    filled = Frame(image, face=Face((0, 0, 120, 120), 1.0))
    found = [test.score(Presentation((one,))).points for one in (frame, filled)]
    assert [bool(points) for points in found] == [True, False]


def test_a_face_has_relief_and_a_plane_has_none() -> None:
    depth, present = half_ellipsoid()
    y, x = np.mgrid[:GRID, :GRID]
    tilted = (0.3 * (x - 31.5) - 0.2 * (y - 31.5)).astype(np.float32)
    deep, flat = (facts_of(Volume(solid(one, present))) for one in (depth, tilted))
    assert deep["relief_px"] > 2.0
    assert flat["relief_px"] < 0.01
    assert deep["surface_share"] == flat["surface_share"] == round(float(present.mean()), 3)


def test_a_volume_without_a_surface_has_no_relief() -> None:
    assert facts_of(Volume(np.zeros((GRID, GRID, GRID), np.float32)))["relief_px"] is None


def test_a_network_that_was_trained_on_other_volumes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_voxel_net.install(tmp_path, monkeypatch, volumes="00000000")
    with pytest.raises(ModelError, match=r"volumes of 00000000, .*train it again"):
        free()


def test_a_network_that_wants_what_the_volume_lacks_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blank = np.zeros((SLICES, GRID, GRID), np.float32)
    without = made_up_volume.network_of(blank, blank, has_map=False)
    made_up_voxel_net.install(tmp_path, monkeypatch, data=without)
    with pytest.raises(ModelError, match="wants block_02, which 'face_volume' does not give"):
        free().score(made_up_presentation(seed=1))


def test_a_missing_network_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up_voxel_net.install(tmp_path, monkeypatch)
    (tmp_path / "voxel_net_free.onnx").unlink()
    with pytest.raises(ModelError, match="voxel_net_free"):
        free()


def test_the_scaling_is_read_as_it_was_written(test: VoxelTest) -> None:
    found = VoxelDecision.from_arrays(test.decision.arrays(), "it")
    assert replace(found, points=dict(found.points)).points == made_up_voxel_net.POINTS
    assert found.scaling == made_up_voxel_net.SCALING


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("format_version", np.array(9), "has format 9"),
        ("scaling", np.array([0.0, 1.0]), "a finite slope above 0"),
        ("scaling", np.array([1.0, np.nan]), "a finite slope above 0"),
        ("point_names", np.array(["strict", "convenience", "other"]), "the operating point"),
        ("points", np.zeros((2, 3)), "holds no scaling"),
    ],
)
def test_a_damaged_scaling_is_refused(
    test: VoxelTest, name: str, value: NDArray[Any], what: str
) -> None:
    with pytest.raises(ModelError, match=what):
        VoxelDecision.from_arrays({**test.decision.arrays(), name: value}, "it")
