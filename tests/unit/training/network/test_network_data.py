from pathlib import Path

import numpy as np
import pytest

from facepad.jobs.files import write_file
from facepad.opencv import cv2
from facepad.training.network.data import (
    BalancedBatches,
    CachedMaps,
    FreshCrops,
    cached_maps,
    normalised,
)
from facepad.training.network.thesis import BACKBONES, FrozenStages
from facepad.training.stack.pictures import FacePictures
from facepad.types import Sample, Split
from with_torch import NEEDS_TORCH, torch

pytestmark = NEEDS_TORCH

SIDE = 32


@pytest.fixture
def pictures(tmp_path: Path) -> FacePictures:
    samples = []
    for index in range(4):
        random = np.random.default_rng(index)
        file = tmp_path / f"{index}.png"
        picture = random.integers(0, 256, (48, 48, 3), dtype=np.uint8)
        write_file(file, cv2.imencode(".png", picture)[1].tobytes())
        species = "print" if index % 2 else None
        samples.append(Sample(f"made/{index}", str(file), f"s{index}", Split.TRAIN, species))
    keys = tuple(f"{index:064x}" for index in range(4))
    return FacePictures(tuple(samples), keys, ((8, 8, 40, 40),) * 4, {}, SIDE, 1.0)


@pytest.fixture
def maps(pictures: FacePictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CachedMaps:
    torch.manual_seed(0)
    state = BACKBONES["mobilenet-v2"].make().state_dict()
    monkeypatch.setattr(FrozenStages, "state", lambda _: state)
    stages = FrozenStages("mobilenet-v2")
    return cached_maps(pictures, stages, tmp_path / "cache", copies=3, workers=0)


def test_the_first_copy_is_unchanged_and_others_are_not(maps: CachedMaps) -> None:
    plain = maps.get([0, 1])
    assert plain.shape == (2, 160, 1, 1)
    assert np.array_equal(plain, maps.get([0, 1]))
    drawn = np.stack([maps.get([0], np.random.default_rng(seed)) for seed in range(20)])
    assert len(np.unique(drawn.reshape(20, -1), axis=0)) == 3


def test_cached_numbers_are_computed_once(
    maps: CachedMaps, pictures: FacePictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("facepad.training.network.data._row", fails)
    again = cached_maps(
        pictures, FrozenStages("mobilenet-v2"), _folder(pictures), copies=3, workers=0
    )
    assert np.array_equal(again.get([2]), maps.get([2]))


def _folder(pictures: FacePictures) -> Path:
    return Path(pictures.samples[0].path).parent / "cache"


def test_crops_are_drawn_afresh_where_nothing_is_frozen(pictures: FacePictures) -> None:
    crops = FreshCrops(pictures, BACKBONES["alexnet"])
    assert np.array_equal(crops.get([1]), crops.get([1]))
    random = np.random.default_rng(0)
    assert not np.array_equal(crops.get([1], random), crops.get([1], random))


def test_batches_depend_on_the_seed_and_the_epoch(pictures: FacePictures) -> None:
    crops = FreshCrops(pictures, BACKBONES["alexnet"])
    batches = BalancedBatches(crops, pictures.samples, 2, seed=4)
    first, again, other = (list(batches.epoch(number)) for number in (0, 0, 1))
    assert len(first) == len(batches) == 2
    assert np.array_equal(first[1][0], again[1][0])
    assert not np.array_equal(first[1][0], other[1][0])
    assert sorted(np.concatenate([labels for _, labels in first])) == [0, 0, 1, 1]


def test_efficientnet_sees_grey_levels_as_it_was_trained() -> None:
    white = np.full((2, 2, 3), 255, np.uint8)
    assert normalised([white], BACKBONES["efficientnet-lite0"]).max() == pytest.approx(1.0)
    found = normalised([np.zeros((2, 2, 3), np.uint8)], BACKBONES["efficientnet-lite0"])
    assert found.min() == pytest.approx(-127 / 128)
