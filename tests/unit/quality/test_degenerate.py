"""Every picture, however odd, gives finite numbers in silence (warnings are errors here)."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import noise

from facepad.quality import METRICS, measure

SIDES = [
    (1, 1), (1, 640), (640, 1), (2, 2), (3, 3), (8, 8), (16, 16), (17, 31), (95, 97), (97, 193),
    (101, 103), (2, 3), (1, 2), (2, 1), (15, 16), (10, 200), (11, 11), (12, 12), (96, 96),
]  # fmt: skip
HALVES = np.repeat(np.array([[0, 255]], np.uint8), 100, axis=1).repeat(150, axis=0)
PICTURES: dict[str, NDArray[Any]] = {
    **{f"{h}x{w}": noise(h, w) for h, w in SIDES},
    **{f"flat {h}x{w}": np.full((h, w), 77, np.uint8) for h, w in SIDES},
    "black": np.zeros((120, 130), np.uint8),
    "white": np.full((120, 130), 255, np.uint8),
    "half black, half white": HALVES,
    "turned": np.ascontiguousarray(HALVES.T),
    "bool": noise(100, 110) > 127,
    "one white pixel": np.eye(1, 120 * 110, 5000, dtype=np.uint8).reshape(120, 110) * 255,
    "non-contiguous": noise(200, 220)[::2, ::-2],
    "colour": np.dstack([noise(100, 110, seed) for seed in range(3)]),
}
# what a picture that equals its copy has
IDENTITY = {
    "mse": 0, "psnr": 100, "snr": 100, "sc": 1, "md": 0, "ad": 0, "nae": 0, "ramd": 0, "lmse": 0,
    "nxc": 1, "mas": 1, "mams": 0, "ted": 0, "tcd": 0, "sme": 0, "spe": 0, "gme": 0, "gpe": 0,
    "ssim": 1, "vif": 1, "rred": 0, "hlfi": 1,
}  # fmt: skip


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
def test_every_metric_of_any_picture_is_finite(picture: NDArray[Any]) -> None:
    values = measure(picture)
    assert tuple(values) == METRICS
    assert {name: v for name, v in values.items() if not math.isfinite(v)} == {}
    assert {type(v) for v in values.values()} == {float}


@pytest.mark.slow
def test_every_metric_of_a_picture_of_12_megapixels_is_finite() -> None:
    assert all(map(math.isfinite, measure(noise(3000, 4000), threads=2).values()))


@pytest.mark.parametrize("level", [0, 1, 7, 77, 128, 200, 255])
@pytest.mark.parametrize("shape", [(1, 1), (2, 9), (40, 50)])
def test_a_flat_picture_equals_its_copy_in_every_metric(shape: tuple[int, int], level: int) -> None:
    values = measure(np.full(shape, level, np.uint8), names=IDENTITY)
    assert values == pytest.approx({name: IDENTITY[name] for name in values}, abs=2e-5)


@pytest.mark.parametrize("name", ["sc", "nxc", "nae", "lmse", "hlfi"])
def test_a_black_picture_divides_by_nothing(name: str) -> None:
    assert measure(np.zeros((20, 30), np.uint8), names=[name])[name] == IDENTITY[name]


def test_a_picture_lost_only_in_its_copy_has_no_signal_to_noise() -> None:
    nearly_black = np.zeros((2, 2))
    nearly_black[0, 0] = 1e-30
    assert measure(nearly_black, value_range=255, names=["snr"])["snr"] == 100.0


@pytest.mark.parametrize("side", [1, 2])
def test_the_laplacian_needs_three_pixels_along_a_side(side: int) -> None:
    assert measure(noise(side, 30), names=["lmse"])["lmse"] == 0.0


def test_entropies_need_sixteen_pixels_along_a_side() -> None:
    assert measure(noise(15, 90), names=["rred"])["rred"] == 0.0
    assert measure(noise(16, 90), names=["rred"])["rred"] > 0.0


def test_visual_information_is_complete_where_no_window_fits() -> None:
    assert measure(noise(2, 90), names=["vif"])["vif"] == 1.0
