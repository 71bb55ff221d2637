"""Facts of the specification, on golden photographs and their distorted copies."""

from itertools import pairwise

import numpy as np
import pytest
from pictures import PHOTOGRAPHS, Pixels, golden

from facepad.errors import ModelError
from facepad.quality import measure

import iqa_images  # isort: skip - found through the path that `pictures` adds

_, IMAGES = golden()
photographs = pytest.mark.parametrize("name", [*PHOTOGRAPHS, "rocket_640x480"])


def values(metric: str, *pictures: Pixels) -> list[float]:
    return [measure(picture, names=[metric])[metric] for picture in pictures]


def falls(numbers: list[float]) -> bool:
    return all(a > b for a, b in pairwise(numbers))


@pytest.mark.slow
@photographs
def test_more_blur_lowers_the_mean_squared_error(name: str) -> None:
    image = IMAGES[name]
    assert falls(values("mse", image, *(iqa_images.blur_int(image, n) for n in (1, 3, 6))))


@pytest.mark.slow
@photographs
def test_a_blur_raises_the_share_of_low_frequencies(name: str) -> None:
    sharp, blurred = values("hlfi", IMAGES[name], iqa_images.blur_int(IMAGES[name], 1))
    assert blurred > sharp


@photographs
def test_more_blocking_lowers_the_jpeg_quality_index(name: str) -> None:
    image = IMAGES[name]
    assert falls(values("jqi", image, *(iqa_images.blocky(image, k) for k in (2, 4, 6, 8))))


@pytest.mark.slow
@photographs
def test_noise_and_blur_raise_niqe(name: str) -> None:
    image = IMAGES[name]
    rough = np.clip(
        image.astype(np.int64) + iqa_images.gen_lcg_noise(*image.shape, 7, 80), 0, 255
    ).astype(np.uint8)
    try:
        clean, *worse = values("niqe", image, rough, iqa_images.blur_int(image, 12))
    except ModelError as error:
        pytest.skip(f"the model of NIQE does not ship yet: {error}")
    assert min(worse) > clean


@photographs
def test_the_blur_keeps_the_mean(name: str) -> None:
    assert abs(values("ad", IMAGES[name])[0]) < 1e-4


@photographs
def test_the_blur_lowers_the_energy(name: str) -> None:
    found = measure(IMAGES[name], names=["sc", "nxc"])
    assert found["sc"] >= 1
    assert found["nxc"] <= 1
