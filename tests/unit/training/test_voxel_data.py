"""Crops and volumes are kept, moved together, augmented, and drawn in balanced batches."""

from pathlib import Path

import numpy as np
import pytest

from facepad.liveness.voxel.volume import GRID, SIDE, SLICES, Volume, solid
from facepad.testing.made_up import made_up_picture
from facepad.training.voxel.augmentation import Move, recaptured
from facepad.training.voxel.learning import VoxelBatches
from facepad.training.voxel.volumes import MapCache, SeenMaps, VolumeCache, VoxelSet, packed_rows
from facepad.types import Reason, RgbImage, Sample, Split
from made_up_volume import half_ellipsoid


def crop(seed: int = 0) -> RgbImage:
    return made_up_picture(size=(SIDE, SIDE), seed=seed)


def made_up_set(folder: Path, attacks: int, bona_fide: int) -> tuple[VoxelSet, VolumeCache]:
    cache = VolumeCache(folder)
    volume = Volume(solid(*half_ellipsoid()))
    species = [*(["print"] * attacks), *([None] * bona_fide)]
    samples = tuple(
        Sample(str(n), f"{n}.jpg", str(n), Split.TRAIN, one, "set") for n, one in enumerate(species)
    )
    cache.write([(sample.key, None, *packed_rows(crop(), volume)) for sample in samples])
    return VoxelSet("train", samples, tuple(sample.key for sample in samples)), cache


def test_the_cache_returns_crops_and_volumes_to_a_255th(tmp_path: Path) -> None:
    cache, volume = VolumeCache(tmp_path), Volume(solid(*half_ellipsoid()))
    cache.write([("a", None, *packed_rows(crop(), volume)), ("b", Reason.NO_FACE, b"", b"")])
    ((stored, levels),) = cache.load(["a"])
    np.testing.assert_array_equal(stored, crop())
    np.testing.assert_allclose(levels / 255.0, volume.occupancy, atol=0.5 / 255.0 + 1e-6)
    known = cache.read(["a", "b", "c"])
    assert {key: why for key, (_, why, _, _) in known.items()} == {"a": None, "b": Reason.NO_FACE}


@pytest.mark.parametrize("move", [Move(True), Move(False, 2, -1), Move(True, -2, 1)])
def test_a_crop_and_its_volume_move_together(move: Move) -> None:
    marked = np.zeros((SIDE, SIDE, 3), np.uint8)
    volume = np.zeros((SLICES, GRID, GRID), np.uint8)
    marked[90:93, 60:63], volume[:, 30, 20] = 255, 255
    moved = move.crop(marked)[1::3, 1::3, 0]
    np.testing.assert_array_equal(moved, move.volume(volume)[5])


def test_a_recaptured_crop_is_another_picture_of_the_same_form() -> None:
    rng = np.random.default_rng(0)
    drawn = [recaptured(crop(), rng) for _ in range(20)]
    assert all(one.shape == (SIDE, SIDE, 3) and one.dtype == np.uint8 for one in drawn)
    assert all(not np.array_equal(one, crop()) for one in drawn)
    assert np.mean([np.corrcoef(one.ravel(), crop().ravel())[0, 1] for one in drawn]) > 0.7


def test_both_classes_are_drawn_alike_and_an_epoch_is_repeatable(tmp_path: Path) -> None:
    data, cache = made_up_set(tmp_path, attacks=28, bona_fide=4)
    batches = VoxelBatches(data, cache, SeenMaps(MapCache(tmp_path), {}, ()), 8, False, 1)
    first, again = (list(batches.epoch(0)) for _ in range(2))
    assert len(first) == len(batches) == 4
    labels = np.concatenate([batch["labels"] for batch in first])
    assert 8 <= labels.sum() <= 24
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one["occupancy"], other["occupancy"])
    assert any(
        not np.array_equal(one["labels"], other["labels"])
        for one, other in zip(first, batches.epoch(1), strict=True)
    )


def test_maps_of_a_copy_keep_their_shapes_and_its_move(tmp_path: Path) -> None:
    cache = MapCache(tmp_path)
    rows = np.arange(12, dtype=np.float16).reshape(2, 6)
    moves = np.array([[0, 1, -2], [1, 0, 0]], np.int8)
    cache.write([("own", moves.tobytes(), rows.tobytes())])
    seen = SeenMaps(cache, {"train": {"crop": "own"}}, ((2, 1, 2), (2,)))
    found, (wide, flat) = seen.load("train", ["crop"])
    assert found == [Move(False, 1, -2)]
    np.testing.assert_array_equal(wide, [[[[0.0, 1.0]], [[2.0, 3.0]]]])
    np.testing.assert_array_equal(flat, [[4.0, 5.0]])
    drawn = {seen.load("train", ["crop"], np.random.default_rng(n))[0][0] for n in range(8)}
    assert drawn == {Move(False, 1, -2), Move(True, 0, 0)}
