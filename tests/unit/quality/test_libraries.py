"""The metrics that scikit-image 0.26 and sewar 0.4.10 have too, against those libraries."""

from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from pictures import Pixels, noise, scene

from facepad.quality import Picture, measure

pytestmark = pytest.mark.slow  # the other libraries take seconds to import

PICTURES = {"noise": noise(70, 91), "scene": scene(), "odd": scene(101, 143, seed=2)}


@pytest.fixture(scope="module")
def skimage() -> ModuleType:
    return import_module("skimage.metrics")


@pytest.fixture(scope="module")
def sewar() -> ModuleType:
    return import_module("sewar.full_ref")


def pair(picture: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Picture and blurred copy in float64."""
    both = Picture.of(picture)
    return both.gray.astype(np.float64), both.blurred.astype(np.float64)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
def test_mse_is_that_of_scikit_image_and_sewar(
    picture: Pixels, skimage: ModuleType, sewar: ModuleType
) -> None:
    value = measure(picture, names=["mse"])["mse"]
    assert value == pytest.approx(skimage.mean_squared_error(*pair(picture)), rel=2e-5)
    assert value == pytest.approx(sewar.mse(*pair(picture)), rel=2e-5)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
def test_psnr_is_that_of_scikit_image_and_sewar(
    picture: Pixels, skimage: ModuleType, sewar: ModuleType
) -> None:
    value = measure(picture, names=["psnr"])["psnr"]
    expected = skimage.peak_signal_noise_ratio(*pair(picture), data_range=255)
    assert value == pytest.approx(expected, rel=2e-6)
    assert value == pytest.approx(sewar.psnr(*pair(picture), MAX=255), rel=2e-6)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
def test_ssim_is_that_of_scikit_image(picture: Pixels, skimage: ModuleType) -> None:
    expected = skimage.structural_similarity(
        *pair(picture), data_range=255, gaussian_weights=True, use_sample_covariance=False
    )
    assert measure(picture, names=["ssim"])["ssim"] == pytest.approx(expected, rel=2e-6)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
def test_vif_is_that_of_sewar(picture: Pixels, sewar: ModuleType) -> None:
    expected = sewar.vifp(*pair(picture), sigma_nsq=2)
    assert measure(picture, names=["vif"])["vif"] == pytest.approx(expected, rel=5e-5)
