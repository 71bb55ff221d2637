"""Overlays: what they draw, and that they leave the rest of a picture alone."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.annotating.overlay import COLOURS, Moment, Overlay, OverlayPainter
from facepad.decision import Decision
from facepad.types import OperatingPoint, Outcome, Reason, RgbImage, Score

SIZE = (320, 240)
BOX = (120, 80, 200, 160)
POINT = OperatingPoint("balanced", 0.5, 0.4, 0.6)
BONA_FIDE = Decision(
    Outcome.BONA_FIDE,
    0.8,
    scores={"bright": Score(0.8), "blink": Score(None, Reason.NO_BLINK)},
    operating_point=POINT,
    operating_points={"bright": POINT},
    left_out={"pulse": Reason.CLIP_TOO_SHORT},
)
ATTACK = replace(BONA_FIDE, outcome=Outcome.ATTACK, score=0.2)
NONE = Decision(Outcome.NON_RESPONSE, None, (Reason.NO_FACE,))
MOMENTS = (Moment(0.5, BONA_FIDE), Moment(1.0, ATTACK), Moment(1.5, NONE), Moment(2.0, BONA_FIDE))
OVERLAYS = {
    "before the first decision": Overlay(BOX, (), 0.2, 4.0),
    "bona fide": Overlay(BOX, MOMENTS, 2.2, 4.0),
    "attack": Overlay(BOX, MOMENTS[:2], 1.2, 4.0),
    "no face": Overlay(None, MOMENTS[:3], 1.7, 4.0),
    "face at the edge": Overlay((0, 0, 90, 90), MOMENTS, 2.2, 4.0),
    "later than the clip's stated end": Overlay(BOX, MOMENTS, 9.0, 4.0),
}


def noise(size: tuple[int, int] = SIZE) -> RgbImage:
    shape = (size[1], size[0], 3)
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def has_colour(image: RgbImage, colour: tuple[int, int, int]) -> bool:
    return bool((image == np.array(colour)).all(axis=2).any())


@pytest.mark.parametrize("overlay", OVERLAYS.values(), ids=OVERLAYS)
def test_pixels_outside_of_the_overlay_are_unchanged(overlay: Overlay) -> None:
    image, painter = noise(), OverlayPainter(SIZE)
    drawn = painter.drawn(image, overlay)
    outside = np.ones(image.shape[:2], bool)
    for left, top, right, bottom in painter.covered(overlay):
        outside[top:bottom, left:right] = False
    assert outside.mean() > 0.3
    assert (drawn[outside] == image[outside]).all()
    assert (drawn != image).any()


def test_the_picture_itself_is_not_changed() -> None:
    image = noise()
    OverlayPainter(SIZE).drawn(image, OVERLAYS["bona fide"])
    assert (image == noise()).all()


def test_the_same_overlay_gives_the_same_pixels() -> None:
    first, second = (OverlayPainter(SIZE).drawn(noise(), OVERLAYS["bona fide"]) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("size", [(16, 12), (64, 48), (1280, 720), (240, 426)])
def test_pictures_of_any_size_keep_it(size: tuple[int, int]) -> None:
    drawn = OverlayPainter(size).drawn(noise(size), OVERLAYS["bona fide"])
    assert drawn.shape == (size[1], size[0], 3)


def test_the_face_has_the_colour_of_the_newest_decision() -> None:
    painter, black = OverlayPainter(SIZE), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for name, outcome in (("bona fide", Outcome.BONA_FIDE), ("attack", Outcome.ATTACK)):
        right_edge = painter.drawn(black, OVERLAYS[name])[100:150, BOX[2] - 2 : BOX[2]]
        assert (right_edge == np.array(COLOURS[outcome])).all()


def test_the_strip_has_a_column_for_each_decision_as_high_as_its_score() -> None:
    painter, black = OverlayPainter(SIZE), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    strip = painter.drawn(black, OVERLAYS["bona fide"])[-26:]
    heights = {
        outcome: int((strip == np.array(COLOURS[outcome])).all(axis=2).sum(axis=0).max())
        for outcome in COLOURS
    }
    assert heights[Outcome.BONA_FIDE] > heights[Outcome.ATTACK] > 0
    assert heights[Outcome.NON_RESPONSE] > 0
    assert heights[Outcome.UNCERTAIN] == 0


def test_what_comes_later_does_not_move_earlier_columns() -> None:
    painter, black = OverlayPainter(SIZE), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    early, late = (
        painter.drawn(black, Overlay(BOX, MOMENTS[:count], now_s, 4.0))[-26:]
        for count, now_s in ((2, 1.2), (4, 2.2))
    )
    until = round(0.9 / 4.0 * SIZE[0])
    assert (early[:, :until] == late[:, :until]).all()


def test_a_score_that_is_missing_has_no_bar() -> None:
    painter, black = OverlayPainter(SIZE), np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    overlay = OVERLAYS["no face"]
    left, top, right, bottom = painter.covered(overlay)[0]
    panel = painter.drawn(black, overlay)[top:bottom, left:right]
    assert not any(has_colour(panel, colour) for colour in COLOURS.values())


def test_outcomes_differ_in_lightness_as_well_as_in_hue() -> None:
    light = np.array([0.2126, 0.7152, 0.0722])
    levels = sorted(float(light @ np.array(COLOURS[outcome])) for outcome in COLOURS)
    assert min(np.diff(levels)) > 10.0


def test_the_strip_can_begin_later_than_the_clip() -> None:
    image, painter = noise(), OverlayPainter(SIZE)
    overlay = Overlay(BOX, (Moment(98.0, BONA_FIDE), Moment(101.0, ATTACK)), 110.0, 20.0, 100.0)
    assert [overlay.column(time_s, 320) for time_s in (98.0, 100.0, 110.0, 120.0)] == [
        -32, 0, 160, 320,
    ]  # fmt: skip
    strip = painter.drawn(image, overlay)[-10:]
    bona_fide = (strip == np.array(COLOURS[Outcome.BONA_FIDE])).all(axis=2).any(axis=0)
    assert np.flatnonzero(bona_fide).tolist() == list(range(16))  # from 100 to 101 s
