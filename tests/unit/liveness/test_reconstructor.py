"""Volumes out of a network, which is made up here."""

from pathlib import Path

import numpy as np
import pytest

import made_up_volume
from facepad.errors import InputError, ModelError
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.volume import DEPTH_PITCH, GRID, SIDE, SLICES
from facepad.types import RgbImage


def crop(level: int) -> RgbImage:
    return np.full((SIDE, SIDE, 3), level, np.uint8)


@pytest.fixture
def reconstructor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reconstructor:
    made_up_volume.install(tmp_path, monkeypatch)
    return Reconstructor()


def test_each_crop_has_its_own_volume_in_order(reconstructor: Reconstructor) -> None:
    deep, flat = reconstructor.volumes([crop(255), crop(0)])
    expected, present = made_up_volume.half_ellipsoid()
    assert np.abs(deep.depth - expected)[present].max() < DEPTH_PITCH
    assert np.abs(flat.depth[present]).max() < 1e-3
    assert (deep.present == present).all()


def test_a_batch_gives_what_single_crops_give(reconstructor: Reconstructor) -> None:
    crops = [crop(level) for level in (10, 200)]
    together = reconstructor.volumes(crops)
    apart = [reconstructor.volumes([one])[0] for one in crops]
    for one, other in zip(together, apart, strict=True):
        assert np.array_equal(one.occupancy, other.occupancy)


def test_volumes_share_the_memory_of_the_output(reconstructor: Reconstructor) -> None:
    one, other = reconstructor.volumes([crop(10), crop(200)])
    assert one.occupancy.base is not None
    assert one.occupancy.base is other.occupancy.base


def test_no_crops_have_no_volumes(reconstructor: Reconstructor) -> None:
    assert reconstructor.volumes([]) == []


def test_the_version_is_that_of_the_file(reconstructor: Reconstructor) -> None:
    assert reconstructor.version.startswith("face_volume-1+")


@pytest.mark.parametrize("wrong", [np.zeros((SIDE, SIDE, 3)), np.zeros((SIDE, 9, 3), np.uint8)])
def test_another_crop_is_refused(reconstructor: Reconstructor, wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"a crop is uint8 \(192, 192, 3\), got"):
        reconstructor.volumes([wrong])


def test_a_network_of_another_output_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = np.zeros((SLICES, GRID // 2, GRID), np.float32)
    made_up_volume.install(tmp_path, monkeypatch, made_up_volume.network_of(wrong, wrong))
    with pytest.raises(ModelError, match="'face_volume' has another output than a volume"):
        Reconstructor().volumes([crop(0)])


def test_without_the_network_an_error_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_volume.install(tmp_path, monkeypatch).unlink()
    with pytest.raises(ModelError, match="'face_volume' is not at"):
        Reconstructor()
