"""The surroundings test: outlines and glares of made-up scenes, and what must not count."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from facepad.fusion import Answer
from facepad.fusion.supplements import added_by
from facepad.liveness.surroundings.glare import LEAST_SHARE, MOST_SHARE, largest_glare
from facepad.liveness.surroundings.lines import ABOVE, BELOW, LEFT, MOST_LINES, RIGHT, lines_around
from facepad.liveness.surroundings.outline import clearest_outline
from facepad.liveness.surroundings.test import CLEAR, VERSION, SurroundingsTest
from facepad.opencv import cv2
from facepad.scores import logit, sigmoid
from facepad.testing import check_liveness_test
from facepad.types import Box, Face, Frame, OperatingPoint, Presentation, Reason, RgbImage, Score

SIZE = (480, 640)  # lines and columns
FACE: Box = (270, 160, 370, 280)
DEVICE = np.array([(200, 60), (440, 80), (430, 400), (190, 390)])
ROOM, PANEL, SKIN = 150, 60, (190, 150, 130)
Edit = Callable[[RgbImage], RgbImage]


def scene(device: np.ndarray[tuple[int, int], np.dtype[np.int_]] | None = DEVICE) -> RgbImage:
    """A face before an even wall, or in the picture that a device shows."""
    image = np.full((*SIZE, 3), ROOM, np.uint8)
    if device is not None:
        cv2.fillConvexPoly(image, device.astype(np.int32), (PANEL,) * 3, cv2.LINE_AA)
    middle = (FACE[0] + FACE[2]) // 2, (FACE[1] + FACE[3]) // 2
    cv2.ellipse(image, middle, (45, 60), 0.0, 0.0, 360.0, SKIN, -1, cv2.LINE_AA)
    return np.asarray(image, np.uint8)


def frame(image: RgbImage, box: Box = FACE, time_s: float = 0.0) -> Frame:
    return Frame(image, time_s, Face(box, 0.95))


def scored(*images: RgbImage) -> Score:
    frames = tuple(frame(image, time_s=0.1 * place) for place, image in enumerate(images))
    return SurroundingsTest().score(Presentation(frames))


def body(image: RgbImage) -> RgbImage:
    """Put shoulders before what is behind the person."""
    outline = np.array([(170, 479), (200, 330), (300, 290), (340, 290), (440, 330), (470, 479)])
    return np.asarray(cv2.fillPoly(image.copy(), [outline], (70, 80, 120), cv2.LINE_AA), np.uint8)


def with_spot(image: RgbImage, axes: tuple[int, int], at: tuple[int, int] = (320, 200)) -> RgbImage:
    copy = image.copy()
    return np.asarray(cv2.ellipse(copy, at, axes, 0, 0, 360, (255, 255, 255), -1), np.uint8)


def test_it_keeps_the_contract_of_a_liveness_test() -> None:
    clip = Presentation(tuple(frame(scene(), time_s=0.1 * n) for n in range(3)))
    check_liveness_test(SurroundingsTest(), "surroundings", presentations=[clip])


def test_a_device_counts_against_and_its_corners_are_listed() -> None:
    score = scored(scene())
    assert score.value == pytest.approx(sigmoid(-0.5))
    assert score.reason is None
    (cue,) = score.details["cues"]
    assert cue["cue"] == "outline"
    assert np.abs(np.array(cue["polygon"]) - DEVICE).max() < 5.0
    assert not SurroundingsTest().operating_point.decides


def test_nothing_around_the_face_adds_nothing() -> None:
    score = scored(scene(None))
    assert (score.value, score.reason) == (0.5, None)
    assert score.details["cues"] == []
    assert score.details["log_likelihood_ratio"] == 0.0


def test_a_frame_without_a_face_has_its_reason() -> None:
    empty = Presentation((Frame(scene(), no_face=Reason.FACE_TOO_FAR),))
    assert SurroundingsTest().score(empty) == Score(None, Reason.FACE_TOO_FAR)


def test_a_cue_in_several_frames_counts_more() -> None:
    plain, device = scene(None), scene()
    values = [
        scored(*[device] * seen, *[plain] * (4 - seen)).details["log_likelihood_ratio"]
        for seen in range(5)
    ]
    assert values == pytest.approx([0.0, -0.2, -0.4, -0.6, -0.8])
    assert scored(*[device] * 8).details["log_likelihood_ratio"] < values[-1]


def test_it_never_counts_for_and_at_most_one_against() -> None:
    for images in ([scene()], [scene()] * 30, [scene(None)] * 30):
        value = scored(*images).value
        assert value is not None
        assert -1.0 <= logit(value) <= 0.0


def test_it_is_added_to_the_tests_that_decide() -> None:
    decides = Answer(Score(0.8), OperatingPoint.at(0.5), OperatingPoint.at(0.5))
    point = SurroundingsTest().operating_point
    answers = {"decides": decides, "surroundings": Answer(scored(scene()), point, point)}
    assert added_by(answers) == pytest.approx({"surroundings": -0.5})


def test_a_window_behind_a_person_does_not_count() -> None:
    assert scored(body(scene())).value == 0.5
    assert scored(scene()).value < 0.5  # type: ignore[operator] # has a value


def test_a_door_behind_a_person_does_not_count() -> None:
    door = np.array([(200, 40), (440, 40), (440, 600), (200, 600)])
    assert scored(body(scene(door))).value == 0.5


def test_a_rectangle_beside_the_face_does_not_count() -> None:
    beside = np.array([(20, 100), (200, 100), (200, 380), (20, 380)])
    assert scored(scene(beside)).value == 0.5


def test_fingers_over_two_sides_leave_the_outline() -> None:
    held = scene()
    for at in ((190, 250), (192, 290), (435, 240)):
        cv2.ellipse(held, at, (30, 12), 0.0, 0.0, 360.0, SKIN, -1, cv2.LINE_AA)
    assert scored(held).value < 0.5  # type: ignore[operator] # has a value


def darker(image: RgbImage) -> RgbImage:
    return np.asarray(image * 0.4, np.uint8)


def noisy(image: RgbImage) -> RgbImage:
    noise = np.random.default_rng(3).normal(0.0, 6.0, image.shape)
    return np.asarray(np.clip(image + noise, 0, 255), np.uint8)


@pytest.mark.parametrize("edit", [darker, noisy])
def test_light_and_noise_do_not_matter(edit: Edit) -> None:
    assert scored(edit(scene())).value < 0.5  # type: ignore[operator] # has a value
    assert scored(edit(scene(None))).value == 0.5


def test_a_mirrored_picture_has_the_mirrored_outline() -> None:
    image = scene()
    box = (640 - FACE[2], FACE[1], 640 - FACE[0], FACE[3])
    plain = clearest_outline(image, FACE)
    mirrored = clearest_outline(np.ascontiguousarray(image[:, ::-1]), box)
    assert plain is not None
    assert mirrored is not None
    back = np.array([(639 - x, y) for x, y in mirrored.corners])[[1, 0, 3, 2]]
    assert np.abs(back - np.array(plain.corners)).max() < 4.0
    assert mirrored.clearness == pytest.approx(plain.clearness, abs=0.1)


@pytest.mark.parametrize("factor", [0.5, 1.5, 3.0])
def test_a_larger_picture_has_a_larger_outline(factor: float) -> None:
    size = round(SIZE[1] * factor), round(SIZE[0] * factor)
    image = np.asarray(cv2.resize(scene(), size, interpolation=cv2.INTER_AREA), np.uint8)
    left, top, right, bottom = (round(edge * factor) for edge in FACE)
    found = clearest_outline(image, (left, top, right, bottom))
    assert found is not None
    assert found.clearness >= CLEAR
    assert np.abs(np.array(found.corners) / factor - DEVICE).max() < 6.0


def test_lines_are_sorted_by_side_and_limited() -> None:
    gray = np.asarray(cv2.cvtColor(scene(), cv2.COLOR_RGB2GRAY), np.uint8)
    sides = lines_around(gray, np.array(FACE, np.float64))
    assert all(1 <= len(sides[side]) <= MOST_LINES for side in (LEFT, RIGHT, ABOVE, BELOW))
    assert all(line.direction[1] > 0.8 for side in (LEFT, RIGHT) for line in sides[side])
    assert all(line.direction[0] > 0.8 for side in (ABOVE, BELOW) for line in sides[side])


def test_a_glare_on_the_face_counts() -> None:
    score = scored(with_spot(scene(None), (22, 18)))
    (cue,) = score.details["cues"]
    assert cue["cue"] == "glare"
    assert np.abs(np.array(cue["box"]) - [298, 182, 343, 219]).max() < 5
    assert cue["share"] == pytest.approx(22 * 18 / (45 * 60), abs=0.03)
    assert score.value == pytest.approx(sigmoid(-0.5))


@pytest.mark.parametrize(
    ("axes", "at"),
    [
        ((5, 4), (320, 190)),  # a highlight on the skin
        ((40, 1), (320, 210)),  # the rim of glasses
        ((90, 120), (250, 200)),  # a window behind the face
        ((30, 30), (520, 100)),  # a lamp in the room
        ((200, 200), (320, 220)),  # an overexposed face
    ],
)
def test_other_bright_spots_do_not_count(axes: tuple[int, int], at: tuple[int, int]) -> None:
    found = largest_glare(with_spot(scene(None), axes, at), FACE)
    assert found is None or not LEAST_SHARE <= found.share <= MOST_SHARE
    assert scored(with_spot(scene(None), axes, at)).details["cues"] == []


ODD_BOXES: Sequence[Box] = ((0, 0, 1, 1), (0, 0, 0, 0), (3, 3, 2, 2), (0, 0, 9999, 9999))


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 400), (400, 5), (64, 64), (720, 1280)])
def test_odd_frames_have_a_value_of_at_most_a_half(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(size))
    uniform = [np.full((*size, 3), level, np.uint8) for level in (0, 127, 255)]
    for image in (*uniform, np.asarray(rng.integers(0, 256, (*size, 3)), np.uint8)):
        whole: Box = (0, 0, size[1], size[0])
        for box in (whole, *ODD_BOXES):
            score = SurroundingsTest().score(Presentation((frame(image, box),)))
            assert score.value is not None
            assert 0.25 < score.value <= 0.5


def test_the_drawing_shows_what_counts_in_orange() -> None:
    orange = np.array((244, 112, 0))
    for image, counts in ((scene(), True), (scene(None), False)):
        drawn = SurroundingsTest().depicted(frame(image))
        assert drawn.shape == image.shape
        assert bool((np.abs(drawn.astype(int) - orange).sum(axis=2) < 10).any()) is counts


def test_its_rules_have_a_version_by_which_scores_are_told_apart() -> None:
    assert dict(SurroundingsTest().models) == {"surroundings": VERSION}
