"""AM halftone: dots cover what they should, and look like rasterised ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from supersampled import Floats, seen

from examples import at_most
from facepad.simulate.camera.optics import Optics
from facepad.simulate.media.harmonics import Screening, cell, spot, spot_waves
from facepad.simulate.scene.geometry import Placement, Pose, turned

SIZE = (48, 64)
SHARP = Optics(0.25, 0.8)


def places(size: tuple[int, int] = SIZE) -> tuple[Floats, Floats, Placement]:
    placement = Placement(Pose(4.0, 6.0, -4.0, 3.0).homography(size))
    return *placement.coordinates(size), placement


@at_most(30)
@given(st.floats(0.0, 1.0), st.floats(1.0, 8.0), st.floats(0.0, 90.0))
def test_dots_cover_the_wanted_share_of_the_paper(tone: float, ruling: float, angle: float) -> None:
    x, y, _ = places((96, 128))
    wanted = np.full(x.shape, tone, np.float32)
    dots = Screening(ruling, angle).dots(wanted, x, y, SHARP)
    assert 0.0 <= dots.min() <= dots.max() <= 1.0
    assert abs(float(dots.mean()) - tone) < 0.02


@pytest.mark.parametrize("tone", [0.0, 1.0])
def test_white_and_full_tone_have_no_dots(tone: float) -> None:
    x, y, _ = places()
    dots = Screening(1.0, 15.0).dots(np.full(x.shape, tone, np.float32), x, y, SHARP)
    assert np.abs(dots - tone).max() < 1e-5


def test_the_waves_of_a_spot_add_up_to_its_area() -> None:
    """Fourier series of the filled cell against a count of its filled steps."""
    u, v = cell()
    ranked = spot(u, v)
    for tone in (0.1, 0.35, 0.5, 0.8):
        filled = ranked > np.quantile(ranked, 1.0 - tone)
        for (k, l), table in spot_waves().items():  # noqa: E741 - the usual names of orders
            expected = 2.0 * np.mean(filled * np.cos(2 * np.pi * (k * u + l * v)))
            assert abs(table[round(tone * 255)] - expected) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("tone", "ruling"), [(0.3, 1.2), (0.5, 2.0), (0.75, 1.6)])
def test_dots_are_those_of_a_supersampled_raster(tone: float, ruling: float) -> None:
    x, y, placement = places()
    threshold = float(np.quantile(spot(*cell()), 1.0 - tone))

    def raster(x: Floats, y: Floats) -> Floats:
        u, v = (one * np.float32(ruling) for one in turned(x, y, 15.0))
        return np.asarray(spot(u, v) > threshold, np.float32)

    expected = seen(raster, placement, SIZE, SHARP, 25)
    found = Screening(ruling, 15.0).dots(np.full(x.shape, tone, np.float32), x, y, SHARP)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98
