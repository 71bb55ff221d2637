"""People before other backgrounds; the real matte on NASA's portrait (public domain)."""

from dataclasses import replace

import numpy as np
import pytest
from skimage.data import astronaut

from facepad.models import store
from facepad.models.index import find
from facepad.simulate.linear_light import Map, to_light
from facepad.simulate.scene.background import BackgroundReplacement
from facepad.simulate.scene.matting import PersonMatting, person
from facepad.types import Face, RgbImage
from made_up_face import made_up_face

needs_model = pytest.mark.skipif(
    not store.location(find("person_matte")).is_file(),
    reason="the person matte is not here: run `facepad models pull`",
)
USED = BackgroundReplacement(used=True, aspect="1:1", light=1.0)
GREEN, SKIN = (30, 200, 60), (180, 120, 100)
FACE = made_up_face(60.0, 40.0, 20.0)


def somebody(columns: slice = slice(30, 90)) -> tuple[RgbImage, Map]:
    """Somebody in one colour, who stands on the lower edge before a green wall."""
    picture = np.full((120, 120, 3), GREEN, np.uint8)
    matte = np.zeros((120, 120), np.float32)
    matte[20:, columns] = 1.0
    picture[20:, columns] = SKIN
    return picture, matte


def before(
    backdrop: BackgroundReplacement, behind: RgbImage | None = None, columns: slice = slice(30, 90)
) -> tuple[RgbImage, Face]:
    picture, matte = somebody(columns)
    return backdrop.behind(picture, matte, FACE, behind, np.random.default_rng(0))


def blue() -> RgbImage:
    return np.full((90, 200, 3), (20, 30, 220), np.uint8)


@pytest.mark.slow
@needs_model
def test_the_matte_of_a_portrait_is_the_person() -> None:
    matte = PersonMatting().matte(np.asarray(astronaut(), np.uint8))  # type: ignore[no-untyped-call]
    assert matte[80:180, 190:260].mean() > 0.97
    assert matte[20:80, 20:100].mean() < 0.05


def test_the_persons_colours_hold_nothing_of_the_background() -> None:
    """Three columns at the person's edge see half of the background."""
    picture, matte = somebody()
    light, fringe = to_light(picture), np.s_[60:100, 30:33]
    light[fringe] = 0.5 * light[fringe] + 0.5 * to_light(picture)[0, 0]
    matte[fringe] = 0.5
    expected = (np.array(SKIN) / 255.0) ** 2.2
    found = person(light, matte)[fringe].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(found, expected, atol=0.03)


def test_the_person_stays_and_the_background_goes() -> None:
    picture, _ = before(USED, blue())
    np.testing.assert_allclose(picture[60:, 40:80].mean(axis=(0, 1)), SKIN, atol=3)
    red, green, blue_ = picture[:15].mean(axis=(0, 1))
    assert blue_ > 3 * max(red, green)


def test_without_a_picture_there_is_a_room() -> None:
    picture, _ = before(USED)
    assert picture[:15].std() > 0
    np.testing.assert_allclose(picture[60:, 40:80].mean(axis=(0, 1)), SKIN, atol=3)


def test_the_background_is_as_bright_as_is_asked() -> None:
    dark, bright = (before(replace(USED, light=one), blue())[0][:15].mean() for one in (0.1, 0.4))
    assert bright > 1.3 * dark


def test_the_face_moves_with_the_person() -> None:
    backdrop = replace(USED, aspect="16:9", size=0.8, right=1.0)
    picture, face = before(backdrop, blue())
    assert face.landmarks is not None
    x, y = face.landmarks[1, :2].astype(int)
    np.testing.assert_allclose(picture[y, x], SKIN, atol=6)
    assert face.box[0] > picture.shape[1] / 2 - 20


def test_whoever_is_cut_by_the_sides_gets_no_room_there() -> None:
    picture, _ = before(replace(USED, aspect="16:9", size=0.8), blue(), slice(0, 120))
    assert picture.shape[1] == pytest.approx(0.8 * picture.shape[0], abs=2)


def test_unused_nothing_changes() -> None:
    picture, face = before(BackgroundReplacement())
    assert np.array_equal(picture, somebody()[0])
    assert face is FACE


def test_whoever_does_not_stand_on_the_lower_edge_stays_where_they_are() -> None:
    picture, matte = somebody()
    matte[100:] = 0.0
    found, _ = USED.behind(picture, matte, FACE, blue(), np.random.default_rng(0))
    assert found is picture
