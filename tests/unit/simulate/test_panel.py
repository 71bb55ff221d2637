"""The analytic panel against a supersampled one."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from supersampled import Floats, seen, smooth_step

from facepad.simulate.geometry import Placement, Pose
from facepad.simulate.optics import Optics
from facepad.simulate.panel import Panel

SIZE = (40, 56)


def analytic(panel: Panel, placement: Placement, density: float, optics: Optics) -> Floats:
    x, y = placement.coordinates(SIZE)
    return panel.texture(x * np.float32(density), y * np.float32(density), optics)


def supersampled(panel: Panel, placement: Placement, density: float, optics: Optics) -> Floats:
    fine = 2 * int(12 * max(1.0, density / placement.zoom)) + 1

    def stripes(colour: int, x: Floats, y: Floats) -> Floats:
        # The origin lies in the middle of a green stripe, and halfway down a pixel.
        across, down = x * density - (colour - 1) / 3, y * density
        from_middle = [np.abs(one - np.rint(one)) for one in (across, down)]
        ray = density / placement.zoom / fine
        lit = smooth_step(from_middle[0] - panel.stripe / 6, ray)
        lit *= smooth_step(from_middle[1] - panel.row / 2, ray)
        return np.asarray(lit * np.float32(3 / panel.stripe / panel.row), np.float32)

    colours = (partial(stripes, colour) for colour in range(3))
    return np.dstack([seen(one, placement, SIZE, optics, fine) for one in colours])


@pytest.mark.parametrize(
    ("density", "blur", "aperture", "tilt"),
    [
        (0.95, 0.2, 0.5, 4.0),
        (0.8, 0.25, 0.7, 10.0),
        (0.55, 0.3, 0.9, 15.0),
        (0.35, 0.45, 1.0, -8.0),
    ],
)
def test_moire_is_that_of_a_supersampled_panel(
    density: float, blur: float, aperture: float, tilt: float
) -> None:
    """Panel pixels for each of the sensor's from 0.35 to 0.95: correlation over 0.995."""
    placement = Placement(Pose(1.0, tilt, tilt / 2, 3.0).homography(SIZE))
    optics, panel = Optics(blur, aperture), Panel(0.8, 0.8)
    expected = supersampled(panel, placement, density, optics)
    found = analytic(panel, placement, density, optics)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995
    assert float((found - expected).std() / expected.std()) < 0.1


@settings(max_examples=25, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(0.2, 0.8), st.floats(0.45, 1.0), st.floats(-8, 8))
def test_a_panel_keeps_its_mean_light(
    density: float, blur: float, aperture: float, roll: float
) -> None:
    placement = Placement(Pose(1.0, 5.0, 3.0, roll).homography((96, 128)))
    x, y = placement.coordinates((96, 128))
    found = Panel().texture(
        x * np.float32(density), y * np.float32(density), Optics(blur, aperture)
    )
    assert found.min() >= 0.0
    # A wave that beats with the sensor leaves up to its own amplitude in a small frame.
    assert abs(float(found.mean()) - 1.0) < 0.06


def test_a_panel_finer_than_the_sensor_can_see_is_even() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    assert np.ptp(analytic(Panel(), placement, 2.5, Optics(0.5, 1.0))) == 0.0


def test_a_smaller_photosite_sees_more_moire() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    strong, weak = (
        analytic(Panel(), placement, 0.9, Optics(0.2, aperture)).std() for aperture in (0.5, 1.0)
    )
    assert strong > 2.0 * weak


def test_the_order_of_the_stripes_mirrors_red_and_blue() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    one, other = (
        analytic(Panel(bgr=bgr), placement, 0.4, Optics(0.3, 0.8)) for bgr in (False, True)
    )
    assert np.array_equal(one[..., 0], other[..., 2])
    assert np.array_equal(one[..., 1], other[..., 1])


def test_colours_beat_apart_where_the_panel_is_as_fine_as_the_sensor() -> None:
    placement = Placement(Pose(1.0, roll_deg=1.0).homography(SIZE))
    found = analytic(Panel(), placement, 0.97, Optics(0.2, 0.5))
    assert np.corrcoef(found[..., 0].ravel(), found[..., 2].ravel())[0, 1] < 0.0
