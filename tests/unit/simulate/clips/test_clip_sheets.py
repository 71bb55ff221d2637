"""Prints and devices in clips: a plane stays a plane, holes, screens, and what they show."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from facepad.simulate.camera.codec import Codec
from facepad.simulate.clips.instruments import (
    ClipPrint,
    ClipScreen,
    FrameRecording,
    LitPanel,
    StillRecording,
    cropped,
    device_sheet,
    eye_distance_share,
    print_sheet,
)
from facepad.simulate.clips.motion import MediumMotion, Track
from facepad.simulate.clips.pinhole import Pinhole, border_of
from facepad.simulate.clips.scenes import ScreenScene, SheetScene
from facepad.simulate.clips.sheet import Sheet
from facepad.simulate.heads.head import EVEN, HeadLight
from facepad.simulate.linear_light import LinearImage
from facepad.types import RgbImage
from made_up_face import made_up_face

SIZE = (240, 320)
CAMERA = Pinhole(SIZE, 260.0)
TIMES = np.arange(40) / 20.0
MARKS_MM = np.array([(-50, -58), (50, -58), (-50, 58), (50, 58), (0, 0), (24, -12)], np.float64)
DENSITY, MIDDLE = 2.0, 150.0
FULL = np.ones((SIZE[0], 1, 1), np.float32)


def marked_sheet() -> Sheet:
    """A grey sheet of 120 x 140 mm with a bright dot at each mark."""
    canvas = np.zeros((301, 301, 4), np.float32)
    canvas[10:291, 30:271] = (0.2, 0.2, 0.2, 1.0)
    for number, place in enumerate(MARKS_MM):
        x, y = (round(float(value) * DENSITY + MIDDLE) for value in place)
        canvas[y - 5 : y + 6, x - 5 : x + 6, :3] = 0.5 + 0.08 * number
    return Sheet(canvas, DENSITY, (MIDDLE, MIDDLE), 120.0)


def moved(seed: int) -> Track:
    motion = MediumMotion(yaw_deg=30.0, pitch_deg=12.0, shift=0.05, nearer=0.9)
    return motion.moved(TIMES, 330.0, np.random.default_rng(seed))


def dark() -> LinearImage:
    border = border_of(SIZE)
    return np.zeros((SIZE[0] + 2 * border, SIZE[1] + 2 * border, 3), np.float32)


def scene(track: Track, rolled: float = 0.0) -> SheetScene:
    return SheetScene(
        marked_sheet(), track, np.full(len(TIMES), rolled), EVEN, None, dark()
    )  # fmt: skip


def dots(light: LinearImage) -> np.ndarray:
    """Centres of the dots in the order of their brightness, shape (6, 2)."""
    grey = light.mean(axis=2)
    count, _, _, centres = cv2.connectedComponentsWithStats((grey > 0.35).astype(np.uint8))
    assert count == len(MARKS_MM) + 1
    brightness = [grey[round(y), round(x)] for x, y in centres[1:]]
    centres = centres[1:][np.argsort(brightness)]
    return np.array([_refined(np.maximum(grey - 0.21, 0.0), x, y) for x, y in centres])


def _refined(weight: np.ndarray, x: float, y: float) -> tuple[float, float]:
    """Centre of what is bright around a place."""
    left, top = round(x) - 6, round(y) - 6
    part = weight[top : top + 13, left : left + 13]
    down, across = np.mgrid[top : top + 13, left : left + 13]
    return float((part * across).sum() / part.sum()), float((part * down).sum() / part.sum())


@pytest.mark.parametrize("seed", range(3))
def test_all_frames_of_a_flat_print_are_homographies_of_each_other(seed: int) -> None:
    shown = scene(moved(seed))
    first = dots(shown.light(0, CAMERA, FULL))
    for frame in range(4, len(TIMES), 5):
        other = dots(shown.light(frame, CAMERA, FULL))
        matrix, _ = cv2.findHomography(first, other)
        mapped = cv2.perspectiveTransform(first[None], matrix)[0]
        assert np.abs(mapped - other).max() < 0.3


@pytest.mark.parametrize("seed", range(3))
def test_a_print_is_where_the_truth_places_it(seed: int) -> None:
    track = moved(seed)
    shown = scene(track)
    for frame in (0, 13, 30):
        turned, at = track.rotation(frame), track.place_mm(frame)
        points = np.column_stack([MARKS_MM, np.zeros(len(MARKS_MM))]) @ turned.T + at
        expected = CAMERA.seen(points)[:, :2]
        assert np.abs(dots(shown.light(frame, CAMERA, FULL)) - expected).max() < 0.3


def test_a_bent_print_is_no_homography_of_a_flat_one() -> None:
    motion = MediumMotion()
    held = motion.held(TIMES, 330.0, np.random.default_rng(0))
    flat = dots(scene(held).light(0, CAMERA, FULL))
    bent = dots(scene(held, rolled=2.2).light(0, CAMERA, FULL))
    matrix, _ = cv2.findHomography(flat, bent)
    assert np.abs(cv2.perspectiveTransform(flat[None], matrix)[0] - bent).max() > 0.6


def test_an_unsteady_camera_shifts_print_and_background_alike() -> None:
    shown = replace(scene(moved(0)), background=np.random.default_rng(1).random((*dark().shape,)).astype(np.float32))  # noqa: E501 # fmt: skip
    still = shown.light(0, CAMERA, FULL)
    shifted = shown.light(0, replace(CAMERA, shift_x=3.0, shift_y=-2.0), FULL)
    assert np.allclose(shifted[40:200, 43:303], still[42:202, 40:300], atol=0.02)


def test_a_print_turned_away_from_the_lamp_is_darker() -> None:
    lamp = HeadLight((0.7, 0.0, -0.7), 0.8)
    sheet, none = marked_sheet(), np.zeros(len(TIMES))
    yaws = (30.0, -30.0)
    still = MediumMotion().held(TIMES, 330.0, np.random.default_rng(0))
    left, right = (
        SheetScene(sheet, replace(still, yaw_deg=none + yaw), none, lamp, None, dark())
        .light(0, CAMERA, FULL)[120, 160]
        .mean()
        for yaw in yaws
    )
    assert left != pytest.approx(right, rel=0.1)


def shown_face() -> tuple[RgbImage, Sheet, Sheet]:
    rng = np.random.default_rng(2)
    picture = np.kron(rng.integers(60, 220, (20, 20, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    crop = cropped(picture, made_up_face(120.0, 120.0, 60.0))
    drawn = ClipPrint()
    whole, holes = (
        print_sheet(crop, drawn, 200.0, cut, np.random.default_rng(0)) for cut in ("sheet", "eyes")
    )
    return crop.picture, whole, holes


def test_eye_holes_are_seen_through_and_the_rest_is_paper() -> None:
    _, whole, holes = shown_face()
    lost = whole.canvas[..., 3] - holes.canvas[..., 3]
    count, _, stats, _ = cv2.connectedComponentsWithStats((lost > 0.5).astype(np.uint8))
    assert count == 3  # the outside and two holes
    assert 0.001 < (lost > 0.5).sum() / (whole.canvas[..., 3] > 0.5).sum() < 0.1
    first, second = (int(stats[hole, cv2.CC_STAT_AREA]) for hole in (1, 2))
    assert first == pytest.approx(second, rel=0.2)


def test_an_outline_leaves_the_face_alone() -> None:
    picture = np.full((240, 240, 3), 128, np.uint8)
    crop = cropped(picture, made_up_face(120.0, 120.0, 60.0))
    outline = print_sheet(crop, ClipPrint(), 200.0, "outline", np.random.default_rng(0))
    whole = print_sheet(crop, ClipPrint(), 200.0, "sheet", np.random.default_rng(0))
    share = outline.canvas[..., 3].sum() / whole.canvas[..., 3].sum()
    assert 0.15 < share < 0.6
    assert eye_distance_share(crop) == pytest.approx(0.8 * 60 / crop.picture.shape[1], rel=0.05)


def test_a_screen_shows_its_recording_inside_its_frame() -> None:
    drawn = ClipScreen()
    frames = [np.full((90, 120, 3), level, np.uint8) for level in (30, 220)]
    recording = FrameRecording([Codec(95).encode(frame) for frame in frames], np.array([0.0, 1.0]))
    sheet = device_sheet((120, 90), drawn, None, np.random.default_rng(0))
    track = MediumMotion().held(TIMES, 260.0, np.random.default_rng(0))
    none = np.zeros(3, np.float32)
    shown = ScreenScene(sheet, track, TIMES, recording, LitPanel(drawn, 300), none, dark())
    early, late = (shown.light(frame, CAMERA, FULL) for frame in (0, 20))
    assert late[120, 160].mean() > 5.0 * early[120, 160].mean()
    assert np.array_equal(early[2, 2], late[2, 2])


def test_a_recording_is_played_forwards_and_backwards() -> None:
    recording = FrameRecording([b""] * 4, np.arange(4) / 10.0)
    middles = np.arange(9) / 10.0 + 0.05
    assert [recording.at(time) for time in middles] == [0, 1, 2, 3, 3, 2, 1, 0, 0]


def test_a_still_recording_is_one_picture() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert StillRecording(picture).picture(3.0) is picture


def test_a_sheet_without_a_screen_shows_no_recording() -> None:
    sheet = marked_sheet()
    placement = sheet.placement(np.eye(3), 300.0, 0.0)
    with pytest.raises(ValueError, match="no screen"):
        sheet.seen_with(np.zeros((4, 4, 3), np.float32), placement, SIZE)
