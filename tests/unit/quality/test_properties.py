"""What must hold for any picture: two properties or more for every metric."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import Pixels, small

from examples import at_most
from facepad.quality import measure

RANGES = {
    "mse": (0, 255**2), "psnr": (0, 100), "snr": (-1e-6, 100), "sc": (1 - 1e-6, 1e6),
    "md": (0, 255), "ad": (-1e-4, 1e-4), "nae": (0, 2), "ramd": (0, 255), "lmse": (0, np.inf),
    "nxc": (0, 1 + 1e-6), "mas": (0, 1), "mams": (0, 1), "ted": (0, 1), "tcd": (0, 1),
    "sme": (0, 255**2), "spe": (0, np.pi**2), "gme": (0, 255**2), "gpe": (0, np.pi**2),
    "ssim": (-1, 1 + 1e-5), "vif": (0, 1.5), "rred": (0, 1e4), "hlfi": (-1, 1 + 1e-6),
}  # fmt: skip
TURNED = (
    "mse", "psnr", "snr", "sc", "md", "nae", "ramd", "lmse", "nxc", "ted", "gme", "gpe", "ssim",
    "hlfi", "sme",
)  # fmt: skip
MIRRORED = *TURNED, "mas", "mams", "spe"
MOVED = (
    "mse", "psnr", "md", "ramd", "lmse", "ted", "gme", "gpe", "sme", "spe", "vif", "rred",
)  # fmt: skip
BEST = {
    "mse": 0, "psnr": 100, "snr": 100, "sc": 1, "md": 0, "ad": 0, "nae": 0, "ramd": 0, "lmse": 0,
    "nxc": 1, "mas": 1, "mams": 0, "ted": 0, "tcd": 0, "sme": 0, "spe": 0, "gme": 0, "gpe": 0,
    "ssim": 1, "vif": 1, "rred": 0,
}  # fmt: skip
SCALED = {
    "mse": 0.25, "snr": 1, "sc": 1, "md": 0.5, "nae": 1, "ramd": 0.5, "lmse": 1, "nxc": 1,
    "mas": 1, "ted": 1, "sme": 0.25, "gme": 0.25, "hlfi": 1,
}  # fmt: skip
# a pixel exactly at a threshold, or a phase of rounding noise, may fall on either side
LOOSE = {"ted": 0.02, "gpe": 0.02, "spe": 0.02, "hlfi": 1e-4}

few = at_most(12)


def value(name: str, picture: Pixels) -> float:
    return measure(picture, names=[name])[name]


def close(name: str, expected: float) -> object:
    return pytest.approx(expected, rel=1e-3, abs=LOOSE.get(name, 1e-4))


@pytest.mark.parametrize("name", RANGES)
@given(picture=small(1))
@few
def test_a_metric_stays_in_its_range(name: str, picture: Pixels) -> None:
    low, high = RANGES[name]
    assert low <= value(name, picture) <= high


@pytest.mark.parametrize("name", MIRRORED)
@given(picture=small())
@few
def test_a_mirror_changes_nothing(name: str, picture: Pixels) -> None:
    assert value(name, picture[:, ::-1]) == close(name, value(name, picture))


@pytest.mark.slow
@pytest.mark.parametrize("name", TURNED)
@given(picture=small())
@few
def test_a_quarter_turn_changes_nothing(name: str, picture: Pixels) -> None:
    assert value(name, np.rot90(picture)) == close(name, value(name, picture))


@pytest.mark.slow
@pytest.mark.parametrize("name", MOVED)
@given(picture=small(16), by=st.integers(1, 127))
@few
def test_more_light_everywhere_changes_nothing(name: str, picture: Pixels, by: int) -> None:
    half = picture // 2
    moved = half + np.uint8(by)
    expected = value(name, half)
    assert value(name, moved) == pytest.approx(expected, rel=5e-3, abs=LOOSE.get(name, 2e-3))


@pytest.mark.slow
@pytest.mark.parametrize("name", SCALED)
@given(picture=small())
@few
def test_half_the_contrast_scales_a_metric_as_its_unit_says(name: str, picture: Pixels) -> None:
    whole, half = (
        measure(picture / factor, value_range=255, names=[name, "mse"]) for factor in (1, 2)
    )
    if half["mse"] > 0:
        assert half[name] == close(name, whole[name] * SCALED[name])


@pytest.mark.parametrize("name", BEST)
@given(height=st.integers(1, 40), width=st.integers(1, 40), level=st.integers(0, 255))
@few
def test_a_flat_picture_is_as_like_its_copy_as_can_be(
    name: str, height: int, width: int, level: int
) -> None:
    flat = np.full((height, width), level, np.uint8)
    # Maps are float32: two steps of it at 255 are 3.1e-5.
    assert value(name, flat) == pytest.approx(BEST[name], abs=4e-5)


@given(picture=small())
@few
def test_snr_nxc_and_sc_are_tied_by_an_identity(picture: Pixels) -> None:
    values = measure(picture, names=["mse", "snr", "nxc", "sc"])
    if values["mse"] > 0:
        share = 10 ** (-values["snr"] / 10)
        assert share == pytest.approx(1 - 2 * values["nxc"] + 1 / values["sc"], abs=1e-6)


@given(picture=small())
@few
def test_psnr_is_a_function_of_mse(picture: Pixels) -> None:
    values = measure(picture, names=["mse", "psnr"])
    if values["mse"] > 0:
        expected = min(100.0, 10 * np.log10(255**2 / values["mse"]))
        assert values["psnr"] == pytest.approx(expected)


@given(picture=small())
@few
def test_the_largest_difference_is_at_least_the_mean_of_the_ten_largest(picture: Pixels) -> None:
    values = measure(picture, names=["md", "ramd"])
    assert values["md"] >= values["ramd"] - 1e-6


@given(picture=small())
@few
def test_corners_do_not_depend_on_which_way_is_left(picture: Pixels) -> None:
    mirrored = value("tcd", picture[:, ::-1])
    assert mirrored == pytest.approx(value("tcd", picture), abs=0.1)  # ties at the threshold
