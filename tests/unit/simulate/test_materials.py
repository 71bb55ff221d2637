"""Inks: what can be printed is printed, the rest is cut at the gamut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.simulate.media.materials import Printer


def sheet(*colour: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((2, 2, 3), colour, np.float32)


def test_white_takes_no_ink() -> None:
    assert max(float(one.max()) for one in Printer().coverages(sheet(1.0, 1.0, 1.0))) == 0.0


@given(st.floats(0.12, 1.0), st.floats(0.0, 1.0))
def test_greys_are_printed_as_wanted(grey: float, black: float) -> None:
    printer = Printer(black_ink=black)
    printed = printer.reflected(printer.coverages(sheet(grey, grey, grey)))
    assert np.abs(printed - grey).max() < 0.02


@pytest.mark.parametrize("skin", [(0.6, 0.37, 0.28), (0.3, 0.18, 0.13)])
def test_skin_lies_in_the_gamut(skin: tuple[float, float, float]) -> None:
    printer = Printer()
    assert np.abs(printer.reflected(printer.coverages(sheet(*skin))) - skin).max() < 0.03


def test_a_pure_blue_does_not() -> None:
    printer = Printer()
    printed = printer.reflected(printer.coverages(sheet(0.0, 0.0, 1.0)))[0, 0]
    assert printed[2] < 0.5
    assert printed[2] > printed[0]


@given(st.floats(-0.06, 0.12), st.tuples(*[st.floats(0.0, 1.0)] * 3))
def test_coverages_are_shares(gain: float, colour: tuple[float, float, float]) -> None:
    printer = Printer(dot_gain=gain, cyan=0.1, density=1.25)
    assert all(0 <= one.min() <= one.max() <= 1 for one in printer.coverages(sheet(*colour)))


def test_dot_gain_darkens() -> None:
    plain, grown = (
        Printer(dot_gain=gain).coverages(sheet(0.5, 0.5, 0.5))[0].max() for gain in (0.0, 0.1)
    )
    assert grown == pytest.approx(plain + 0.4 * plain * (1 - plain), abs=1e-5)


@pytest.mark.parametrize("profile", ["office_laser", "office_inkjet", "newsprint", "dye_sub"])
def test_profiles_have_a_white_and_a_black_of_their_own(profile: str) -> None:
    usual, other = Printer(), Printer(profile=profile)
    bare = [np.zeros((1, 1), np.float32)] * 4
    full = [np.ones((1, 1), np.float32)] * 4
    assert np.array_equal(usual.reflected(bare), np.ones((1, 1, 3)))
    assert not np.allclose(other.reflected(bare), 1.0, atol=1e-4)
    assert (other.reflected(full) > usual.reflected(full)).all()


def test_the_driver_makes_colours_stronger() -> None:
    plain, vivid = (
        one.reflected(one.coverages(sheet(0.5, 0.4, 0.3)))[0, 0]
        for one in (Printer(), Printer(vivid=1.6))
    )
    assert np.ptp(vivid) > np.ptp(plain) + 0.05


@pytest.mark.parametrize("profile", ["process", "dye_sub"])
def test_black_is_finite_in_every_profile(profile: str) -> None:
    """Full black ink over nothing at all used to divide nothing by nothing."""
    printer = Printer(density=1.25, black_ink=1.0, profile=profile)
    nothing = np.zeros((4, 4, 3), np.float32)
    inks = printer.coverages(nothing)
    assert all(np.isfinite(ink).all() for ink in inks)
    assert np.isfinite(printer.reflected(inks)).all()
