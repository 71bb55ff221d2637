"""Prints, screens and parts of the frame, before any camera has taken them."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import to_display, to_light
from facepad.simulate.media import face_regions
from facepad.simulate.media.pose import MediumPose
from facepad.simulate.media.print import Print
from facepad.simulate.media.screen import DisplayPipeline, Screen, SourceCapture
from facepad.simulate.recipe import RecapturedPart
from facepad.simulate.scene import background, reflections
from facepad.simulate.scene.stage import CaptureScene, Framing, MediumRender, moved
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Face, RgbImage

PICTURE = to_display(dead_leaves(np.random.default_rng(1), 96, 128))
FACE = Face((40, 20, 90, 80), 1.0)
STAGE = CaptureScene(PICTURE, FACE, (96, 128), Optics(), Framing())


def presented(medium: Print | Screen, stage: CaptureScene = STAGE) -> MediumRender:
    return medium.present(stage, np.random.default_rng(0))


def evenly(grey: int) -> RgbImage:
    return np.full((96, 128, 3), grey, np.uint8)


def test_a_screen_that_fills_the_frame_shows_the_picture() -> None:
    screen = Screen(holding=MediumPose(fill=1.0))
    light = presented(screen).exposed.light
    assert np.corrcoef(light.ravel(), STAGE.bona_fide().ravel())[0, 1] > 0.7
    still = presented(Screen(), replace(STAGE, aligned=True)).exposed.light
    assert np.abs(still - STAGE.bona_fide()).mean() < 0.01


def test_a_print_without_faults_reflects_the_picture() -> None:
    stage = replace(STAGE, aligned=True)
    light = presented(Print(white=1.0), stage).exposed.light
    person = stage.bona_fide()
    assert np.corrcoef(light.ravel(), person.ravel())[0, 1] > 0.98


def test_a_photograph_has_no_dots_and_a_print_has() -> None:
    assert presented(Print(continuous=True)).exposed.texture is None
    texture = presented(Print(continuous=False, dpi=150.0, cell=7.0, width=60.0)).exposed.texture
    assert texture is not None
    assert texture.std() > 0.01
    assert abs(float(texture.mean()) - 1.0) < 0.1


def test_a_smaller_print_leaves_room_around_it() -> None:
    small = Print()
    small = replace(small, holding=replace(small.holding, fill=0.5))
    assert presented(small).mask.mean() == pytest.approx(0.25, abs=0.05)
    assert presented(small).mask[0, 0] == 0.0


def test_hands_cover_part_of_a_sheet_but_not_the_face() -> None:
    held = replace(Print(hand=True), holding=replace(Print().holding, fill=0.8))
    with_, without = presented(held).mask, presented(replace(held, hand=False)).mask
    assert with_.sum() < without.sum()
    assert with_[35:55, 50:75].min() > 0.99


def test_living_eyes_look_through_the_holes() -> None:
    mask = presented(Print(form="eye_holes")).mask
    assert presented(Print()).mask.min() == 1.0
    assert mask.min() < 0.05
    assert 0.9 < mask.mean() < 1.0


def test_a_worn_mask_covers_the_face_alone() -> None:
    mask = presented(Print(form="worn")).mask
    assert mask[50, 65] == 1.0
    assert mask[5, 5] == 0.0


def test_a_rolled_sheet_is_unevenly_lit() -> None:
    flat, rolled = (
        presented(Print(bend=bend, light_deg=40.0, white=1.0), replace(STAGE, picture=evenly(255)))
        for bend in (0.0, 1.2)
    )
    assert rolled.exposed.light.std() > flat.exposed.light.std() + 0.02


def test_the_room_is_dark_beside_a_bright_panel() -> None:
    screen = Screen(brightness=3.0, room_light=0.05)
    screen = replace(screen, holding=replace(screen.holding, fill=0.5))
    shown = presented(screen, replace(STAGE, picture=evenly(255)))
    light = shown.exposed.light.mean(axis=2)
    assert light[48, 64] > 20 * light[shown.mask == 0].mean()


def test_reflections_add_light_and_take_none() -> None:
    dull = presented(Screen(room_light=1.0)).exposed.light
    shiny = presented(Screen(room_light=1.0, mirror=0.05, veil=0.02, lamp=1.0)).exposed.light
    assert (shiny - dull).min() > -1e-4
    assert (shiny - dull).mean() > 0.02


def test_light_is_lost_towards_the_far_side() -> None:
    shown = presented(Screen(falloff=0.4), replace(STAGE, picture=evenly(200))).exposed.light
    assert shown[48, 120].mean() < 0.8 * shown[48, 8].mean()


def test_a_panels_black_and_white_are_as_set() -> None:
    display = DisplayPipeline(black=0.02, red=-0.1, blue=0.2)
    black, white = (display.light(evenly(grey), 128)[0, 0] for grey in (0, 255))
    assert np.allclose(black / white, 0.02, atol=0.002)
    assert np.allclose(white, np.exp([-0.1, 0.0, 0.2]), rtol=0.01)


def test_a_stream_is_no_finer_than_the_panel() -> None:
    assert DisplayPipeline(stream_px=1080).light(PICTURE, 64).shape[1] == 64
    assert DisplayPipeline(stream_px=48).light(PICTURE, 1000).shape[1] == 48


def test_a_picture_that_was_taken_plainly_is_shown_as_it_is() -> None:
    assert np.array_equal(SourceCapture().taken(PICTURE), PICTURE)


@pytest.mark.parametrize("change", [{"contrast": 0.4}, {"saturation": 1.3}, {"sharpening": 1.0}])
def test_the_first_camera_makes_a_picture_harder(change: dict[str, float]) -> None:
    taken = SourceCapture(**change).taken(PICTURE).astype(float)
    spread = [np.ptp(one, axis=2).mean() + one.std() for one in (PICTURE.astype(float), taken)]
    assert spread[1] > spread[0] + 0.5


@pytest.mark.parametrize("overlay", ["play", "bar"])
def test_a_player_shows_over_the_picture(overlay: str) -> None:
    plain, laid = (DisplayPipeline(overlay=one).light(PICTURE, 128) for one in ("none", overlay))
    assert 0 < (np.abs(plain - laid).max(axis=2) > 0.1).mean() < 0.3


@pytest.mark.parametrize("shape", ["face", "half", "rectangle"])
def test_parts_lie_about_the_face(shape: str) -> None:
    mask = RecapturedPart(shape=shape).mask(STAGE)
    assert mask[50, 65:70].max() > 0.5
    assert mask[:, :15].max() < 0.2
    assert 0.02 < mask.mean() < 0.45


def test_half_a_face_is_half_as_large() -> None:
    whole, half = (
        RecapturedPart(shape=shape, softness=0.02).mask(STAGE).sum() for shape in ("face", "half")
    )
    assert half == pytest.approx(whole / 2, rel=0.05)


def test_a_part_is_as_bright_as_the_rest() -> None:
    stage = replace(STAGE, aligned=True)
    part = RecapturedPart()
    blended = part.blend(stage, presented(Screen(brightness=4.0), stage))
    inside = blended.mask > 0.9
    person = stage.bona_fide()[inside].mean()
    assert float(blended.exposed.light[inside].mean()) == pytest.approx(float(person), rel=0.05)


def test_eyes_come_from_the_landmarks_when_there_are_any() -> None:
    points = np.zeros((468, 3), np.float32)
    points[[33, 133], :2] = [(50, 40), (60, 40)]
    points[[362, 263], :2] = [(70, 40), (80, 40)]
    found = face_regions.eyes(replace(FACE, landmarks=points), PICTURE)
    assert [(round(x), round(y)) for x, y, *_ in found] == [(55, 40), (75, 40)]


def test_without_a_face_the_middle_of_the_picture_counts() -> None:
    x, y, wide, high = face_regions.outline(None, PICTURE)
    assert (x, wide) == (64.0, 32.0)
    assert 0 < y - high < y + high < 96


def test_rooms_and_lamps_are_light() -> None:
    rng = np.random.default_rng(0)
    for picture in (None, PICTURE):
        light = background.behind(picture, (60, 80), rng)
        assert light.shape == (60, 80, 3)
        assert light.min() >= 0.0
    lamps = reflections.lamps((60, 80), rng, 0.05)
    assert 0.0 <= lamps.min() <= lamps.max() <= 1.0


def test_a_picture_behind_keeps_its_colours() -> None:
    green = np.zeros((40, 40, 3), np.uint8)
    green[..., 1] = 180
    light = background.behind(green, (60, 80), np.random.default_rng(0))
    assert np.allclose(light.mean(axis=(0, 1)), to_light(green).mean(axis=(0, 1)), atol=0.01)


@pytest.mark.parametrize("medium", [Print(border=0.1, hand=True), Screen(margin=0.5, hand=True)])
def test_a_close_up_shows_no_edge_and_a_face_of_the_persons_size(medium: Print | Screen) -> None:
    holding = replace(medium.holding, close=True, fill=0.5, tilt_deg=10.0, right=1.0)
    shown = presented(replace(medium, holding=holding))
    assert shown.mask.min() == 1.0
    face = moved(FACE, PICTURE, shown, STAGE.size)
    assert face is not None
    assert face.box[2] - face.box[0] == pytest.approx(FACE.box[2] - FACE.box[0], rel=0.05)


def test_detail_of_a_shown_picture_is_added_and_its_mean_kept() -> None:
    light = np.asarray(STAGE.bona_fide(), np.float32)
    for pose in (MediumPose(detail=1.5), MediumPose(film=0.05)):
        more = pose.detailed(light.copy(), np.random.default_rng(0))
        assert np.diff(more, axis=1).std() > 1.02 * np.diff(light, axis=1).std()
        assert more.mean() == pytest.approx(light.mean(), rel=0.05)
        assert more.min() >= 0.0


def test_a_focused_medium_is_not_blurred() -> None:
    light = np.asarray(STAGE.bona_fide(), np.float32)
    pose = MediumPose(defocus=2.0, focus=0.0)
    assert np.array_equal(pose.unsharp(light.copy()), light)
    assert pose.optics(Optics(0.5)).blur == 0.5


@pytest.mark.parametrize("primaries", ["srgb", "p3", "laptop", "amoled", "tn"])
def test_all_panels_have_one_white_and_grey(primaries: str) -> None:
    grey = DisplayPipeline(primaries=primaries).light(evenly(200), 128)
    assert np.allclose(grey, DisplayPipeline().light(evenly(200), 128), atol=2e-3)


def test_wide_panels_make_colours_stronger_and_narrow_ones_weaker() -> None:
    red = np.full((96, 128, 3), (200, 80, 80), np.uint8)
    narrow, usual, wide = (
        np.ptp(DisplayPipeline(primaries=one).light(red, 128)[48, 64])
        for one in ("laptop", "srgb", "p3")
    )
    assert narrow < usual < wide
