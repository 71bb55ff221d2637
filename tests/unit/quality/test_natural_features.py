"""Features of JQI, BIQI and NIQE: tables, wavelets, halving, and facts of the features."""

import numpy as np
import pytest
import pywt
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import gamma

from examples import at_most
from facepad.quality import scene_statistics
from facepad.quality.filters import halve
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.scene_statistics import (
    BALANCE,
    NIQE_NAMES,
    SHAPES,
    SPREAD,
    niqe_features,
    place_of_kurtosis,
    place_of_ratio,
    whole_blocks,
)
from facepad.quality.wavelet import BIQI_NAMES, biqi_features, daubechies, decompose
from facepad.quality.workspace import Workspace
from facepad.types import GrayImage

SHAPES_OF_PICTURES = [(1, 1), (2, 3), (16, 16), (17, 40), (64, 31), (97, 130)]
seeds = st.integers(0, 10_000)
few = at_most(10)


def picture(seed: int, height: int = 130, width: int = 210) -> NDArray[np.uint8]:
    """Smooth noise, 30 to 220."""
    noise = np.random.default_rng(seed).normal(size=(height, width))
    smooth = noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, 2, 1)
    return np.clip(125 + 20 * smooth, 30, 220).astype(np.uint8)


def gray(seed: int, height: int = 130, width: int = 210) -> GrayImage:
    return picture(seed, height, width).astype(np.float32)


def test_the_tables_are_those_of_scipys_gamma_function() -> None:
    np.testing.assert_allclose(SPREAD**2, gamma(1 / SHAPES) / gamma(3 / SHAPES), rtol=1e-12)
    np.testing.assert_allclose(BALANCE, gamma(2 / SHAPES) / gamma(1 / SHAPES), rtol=1e-12)


@given(st.floats(0.01, 1.0))
def test_the_place_of_a_ratio_is_what_a_full_scan_finds(ratio: float) -> None:
    table = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))
    place = int(place_of_ratio(np.array([ratio]))[0])
    assert abs(table[place] - ratio) == pytest.approx(np.abs(table - ratio).min(), abs=1e-12)


@given(st.floats(1.0, 50.0))
def test_the_place_of_a_kurtosis_is_what_a_full_scan_finds(ratio: float) -> None:
    table = gamma(1 / SHAPES) * gamma(3 / SHAPES) / gamma(2 / SHAPES) ** 2
    place = int(place_of_kurtosis(np.array([ratio]))[0])
    assert abs(table[place] - ratio) == pytest.approx(np.abs(table - ratio).min(), abs=1e-12)


def test_a_normal_distribution_has_shape_two_and_a_laplacian_one() -> None:
    found = SHAPES[place_of_ratio(np.array([2 / np.pi, 0.5]))]
    np.testing.assert_allclose(found, [2, 1], atol=1e-3)


@pytest.mark.parametrize("moments", [1, 2, 5, 9])
def test_the_filter_is_that_of_pywavelets(moments: int) -> None:
    expected = pywt.Wavelet(f"db{moments}").rec_lo  # PyWavelets 1.9.0
    np.testing.assert_allclose(daubechies(moments), expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES_OF_PICTURES)
def test_three_levels_are_those_of_pywavelets(shape: tuple[int, int]) -> None:
    low = gray(1, *shape).astype(np.float64)
    for level, details in enumerate(decompose(gray(1, *shape), 3, Workspace())):
        low, expected = pywt.dwt2(low, "db9", mode="symmetric")  # PyWavelets 1.9.0
        for found, wanted in zip(details, expected, strict=True):
            np.testing.assert_allclose(found if level == 1 else found.T, wanted, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES_OF_PICTURES)
def test_halving_is_the_filter_at_every_second_sample(shape: tuple[int, int]) -> None:
    taps = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
    expected = gray(2, *shape).astype(np.float64)
    for _ in range(2):
        padded = np.pad(expected, [(3, 5), (0, 0)], mode="symmetric")
        rows = range(0, expected.shape[0] + expected.shape[0] % 2, 2)
        expected = np.array([taps @ padded[row : row + 8] for row in rows]).T
    np.testing.assert_allclose(halve(gray(2, *shape)), expected, atol=1e-3)


@pytest.mark.parametrize("shape", [(16, 16), (16, 300), (95, 97)])
def test_small_pictures_have_finite_features(shape: tuple[int, int]) -> None:
    assert np.isfinite(niqe_features(gray(3, *shape))).all()
    assert np.isfinite(biqi_features(gray(3, *shape))).all()


def test_features_have_names_and_there_is_one_row_per_whole_block() -> None:
    assert biqi_features(gray(4)).shape == (len(BIQI_NAMES),)
    assert niqe_features(gray(4)).shape == (1 * 2, len(NIQE_NAMES))


def test_a_flat_picture_has_no_variance_and_the_flattest_shape() -> None:
    flat = np.full((120, 100), 77, np.float32)
    np.testing.assert_allclose(biqi_features(flat), [0] * 9 + [10] * 9, atol=1e-6)
    assert np.isfinite(niqe_features(flat)).all()
    assert set(niqe_features(flat).ravel()) == {0.0, 10.0}


def test_a_small_picture_is_extended_symmetrically() -> None:
    small = gray(5, 40, 60)
    assert np.array_equal(whole_blocks(small)[40:80, :60], small[::-1])


@pytest.mark.slow
@given(seeds)
@few
def test_memory_that_was_used_before_changes_nothing(seed: int) -> None:
    workspace = Workspace()
    niqe_features(gray(seed + 1, 300, 220), workspace)
    biqi_features(gray(seed + 1, 300, 220), workspace)
    np.testing.assert_array_equal(niqe_features(gray(seed), workspace), niqe_features(gray(seed)))
    np.testing.assert_array_equal(biqi_features(gray(seed), workspace), biqi_features(gray(seed)))


@pytest.mark.parametrize("flat_part", [0, 60])
def test_features_do_not_depend_on_how_the_picture_is_cut_into_stripes(
    flat_part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = gray(6, 300, 220)
    image[:flat_part] = 30
    whole = niqe_features(image)
    monkeypatch.setattr(scene_statistics, "_STRIPE", 1)
    np.testing.assert_allclose(niqe_features(image), whole, rtol=1e-6, atol=1.1e-3)


@given(seeds)
@few
def test_a_turned_picture_swaps_horizontal_and_vertical_bands(seed: int) -> None:
    upright, turned = biqi_features(gray(seed)), biqi_features(np.ascontiguousarray(gray(seed).T))
    swapped = turned.reshape(2, 3, 3)[:, [1, 0, 2]].ravel()
    np.testing.assert_allclose(upright, swapped, rtol=1e-4, atol=1.1e-3)


@given(seeds, st.floats(0.2, 1.0))
@few
def test_contrast_scales_variances_and_leaves_shapes(seed: int, contrast: float) -> None:
    full, less = biqi_features(gray(seed)), biqi_features(gray(seed) * np.float32(contrast))
    np.testing.assert_allclose(less[:9], full[:9] * contrast**2, rtol=1e-4)
    np.testing.assert_allclose(less[9:], full[9:], atol=1.1e-3)


@given(seeds, st.integers(-30, 30))
@few
def test_brightness_changes_no_feature(seed: int, shift: int) -> None:
    image = gray(seed)
    np.testing.assert_allclose(
        niqe_features(image + np.float32(shift)), niqe_features(image), rtol=1e-3, atol=2.1e-3
    )


@given(seeds)
@few
def test_a_turned_picture_swaps_the_neighbours_beside_and_above(seed: int) -> None:
    image = gray(seed, 110, 100)
    upright, turned = (niqe_features(np.ascontiguousarray(x))[0] for x in (image, image.T))
    order = [0, 1, 6, 7, 8, 9, 2, 3, 4, 5, *range(10, 18)]
    np.testing.assert_allclose(upright, turned[order + [18 + k for k in order]], atol=2.1e-3)


@given(seeds)
@few
def test_jqi_does_not_change_when_the_picture_is_turned(seed: int) -> None:
    pixels = picture(seed, 48, 72)
    assert jqi_scores(np.ascontiguousarray(pixels.T)) == pytest.approx(jqi_scores(pixels))


@given(seeds, st.integers(-30, 30))
@few
def test_jqi_does_not_change_with_brightness(seed: int, shift: int) -> None:
    pixels = picture(seed, 48, 72)
    brighter = (pixels.astype(np.int16) + shift).astype(np.uint8)
    assert jqi_scores(brighter) == pytest.approx(jqi_scores(pixels))


def test_jqi_of_a_flat_picture_and_of_one_too_small() -> None:
    assert jqi_scores(np.full((40, 50), 9, np.uint8))[0] == pytest.approx(21.6925, abs=1e-4)
    assert jqi_scores(np.zeros((15, 90), np.uint8)) == (0.0, 0.0)
