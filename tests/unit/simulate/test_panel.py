"""The analytic panel against a supersampled one."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from supersampled import Floats, seen, smooth_step

from examples import at_most
from facepad.simulate.camera.optics import Optics
from facepad.simulate.media.harmonics import DisplayPanel
from facepad.simulate.scene.geometry import Placement, Pose

SIZE = (40, 56)


def analytic(panel: DisplayPanel, placement: Placement, density: float, optics: Optics) -> Floats:
    x, y = placement.coordinates(SIZE)
    return panel.texture(x * np.float32(density), y * np.float32(density), optics)


def supersampled(
    panel: DisplayPanel, placement: Placement, density: float, optics: Optics
) -> Floats:
    rays = 24 * max(1.0, density / placement.zoom)
    fine = 8 * int(rays / 8 + 1) if optics.sites > 1 else 2 * int(rays / 2) + 1

    def diamonds(colour: int, x: Floats, y: Floats) -> Floats:
        # Green stands at the origin; red at half a pixel right and down, blue one further.
        across, down = x * density, y * density
        side, ray, lit = 0.55 * panel.stripe, density / placement.zoom / fine, np.zeros_like(x)
        for step in (0.0, 1.0) if colour != 1 else (0.0,):
            place = (0.5 + step + (colour == 2), 0.5 + step) if colour != 1 else (0.0, 0.0)
            every = 2.0 if colour != 1 else 1.0
            away = [
                np.abs(one - at - every * np.rint((one - at) / every))
                for one, at in zip((across, down), place, strict=True)
            ]
            lit += smooth_step(np.maximum(*away) - np.float32(side / 2), ray)
        return np.asarray(lit * np.float32((1 if colour == 1 else 2) / side**2), np.float32)

    def stripes(colour: int, x: Floats, y: Floats) -> Floats:
        # The origin lies in the middle of a green stripe, and halfway down a pixel.
        across, down = x * density - (colour - 1) / 3, y * density
        from_middle = [np.abs(one - np.rint(one)) for one in (across, down)]
        ray = density / placement.zoom / fine
        lit = smooth_step(from_middle[0] - panel.stripe / 6, ray)
        lit *= smooth_step(from_middle[1] - panel.row / 2, ray)
        return np.asarray(lit * np.float32(3 / panel.stripe / panel.row), np.float32)

    draw = diamonds if panel.diamond else stripes
    return np.dstack(
        [seen(partial(draw, c), placement, SIZE, optics, fine, colour=c) for c in range(3)]
    )


@pytest.mark.slow
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
    optics, panel = Optics(blur, aperture), DisplayPanel(0.8, 0.8)
    expected = supersampled(panel, placement, density, optics)
    found = analytic(panel, placement, density, optics)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995
    assert float((found - expected).std() / expected.std()) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sites", "density", "panel"),
    [
        (2, 0.9, DisplayPanel(0.8, 0.8)),
        (2, 0.6, DisplayPanel(0.8, diamond=True)),
        (4, 1.9, DisplayPanel(0.8, 0.8)),
        (1, 0.8, DisplayPanel(0.8, diamond=True)),
    ],
)
def test_moire_of_finer_photosites_is_that_of_a_supersampled_panel(
    sites: int, density: float, panel: DisplayPanel
) -> None:
    """Correlation over 0.985 in each colour, also where a pixel holds two panel pixels."""
    placement = Placement(Pose(1.0, 2.0, 1.0, 3.0).homography(SIZE))
    optics = Optics(0.2 / sites**0.5, 0.8, sites=sites)
    expected = supersampled(panel, placement, density, optics)
    found = analytic(panel, placement, density, optics)
    assert expected.std() > 0.02
    for colour in range(3):
        one, other = found[..., colour], expected[..., colour]
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.985


def test_finer_photosites_see_a_panel_that_is_finer_than_the_picture() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    coarse, fine = (
        analytic(DisplayPanel(), placement, 1.9, Optics(0.2, 0.9, sites=n)) for n in (1, 4)
    )
    assert coarse.std() < 0.02 < fine.std()


@pytest.mark.slow
@at_most(25)
@given(st.floats(0.3, 3.0), st.floats(0.2, 0.8), st.floats(0.45, 1.0), st.floats(-8, 8))
def test_a_panel_keeps_its_mean_light(
    density: float, blur: float, aperture: float, roll: float
) -> None:
    placement = Placement(Pose(1.0, 5.0, 3.0, roll).homography((96, 128)))
    x, y = placement.coordinates((96, 128))
    found = DisplayPanel().texture(
        x * np.float32(density), y * np.float32(density), Optics(blur, aperture)
    )
    assert found.min() >= 0.0
    # A wave that beats with the sensor leaves up to its own amplitude in a small frame.
    assert abs(float(found.mean()) - 1.0) < 0.06


def test_a_panel_finer_than_the_sensor_can_see_is_even() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    assert np.ptp(analytic(DisplayPanel(), placement, 2.5, Optics(0.5, 1.0))) == 0.0


def test_a_smaller_photosite_sees_more_moire() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    strong, weak = (
        analytic(DisplayPanel(), placement, 0.9, Optics(0.2, aperture)).std()
        for aperture in (0.5, 1.0)
    )
    assert strong > 2.0 * weak


def test_the_order_of_the_stripes_mirrors_red_and_blue() -> None:
    placement = Placement(Pose(1.0, roll_deg=3.0).homography(SIZE))
    one, other = (
        analytic(DisplayPanel(bgr=bgr), placement, 0.4, Optics(0.3, 0.8)) for bgr in (False, True)
    )
    assert np.array_equal(one[..., 0], other[..., 2])
    assert np.array_equal(one[..., 1], other[..., 1])


def test_colours_beat_apart_where_the_panel_is_as_fine_as_the_sensor() -> None:
    placement = Placement(Pose(1.0, roll_deg=1.0).homography(SIZE))
    found = analytic(DisplayPanel(), placement, 0.97, Optics(0.2, 0.5))
    assert np.corrcoef(found[..., 0].ravel(), found[..., 2].ravel())[0, 1] < 0.0
