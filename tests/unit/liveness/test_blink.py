"""The blink test: blinks of made-up clips, and what is not a blink."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from facepad.liveness.blink.events import Blink, BlinkRules, blinks, noise
from facepad.liveness.blink.eyes import EyeSeries, unlikeness
from facepad.liveness.blink.test import FEWEST, BlinkTest
from facepad.testing import check_liveness_test, made_up_presentation
from facepad.types import Presentation, Reason
from made_up_blink import LOWERED, blinking, closure

TIMES_S = np.arange(0.0, 3.0, 0.04)


def found_in(presentation: Presentation) -> tuple[Blink, ...]:
    series = BlinkTest().series(presentation)
    assert isinstance(series, EyeSeries)
    return blinks(series)


def test_it_keeps_the_contract_of_a_liveness_test() -> None:
    clip = blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2))
    check_liveness_test(BlinkTest(), "blink", presentations=[clip])


def test_a_blink_is_found_with_time_depth_and_duration() -> None:
    (blink,) = found_in(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert blink.time_s == pytest.approx(1.5, abs=0.04)
    assert blink.depth == pytest.approx(LOWERED, abs=0.05)
    assert blink.duration_s == pytest.approx(0.2, abs=0.05)


def test_a_blink_supports_bona_fide_and_does_not_decide_alone() -> None:
    score = BlinkTest().score(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert score.value is not None
    assert 0.5 < score.value < 0.8
    assert score.reason is None
    assert not BlinkTest().operating_point.decides
    assert [sorted(one) for one in score.details["blinks"]] == [["depth", "duration_s", "time_s"]]


def test_open_eyes_count_a_little_against_a_clip() -> None:
    score = BlinkTest().score(blinking(8.0 * TIMES_S, [0.0] * len(TIMES_S)))
    assert score.value is not None
    assert 0.4 < score.value < 0.5
    assert score.details["seconds"] == pytest.approx(23.68)


def test_noise_that_would_hide_a_blink_gives_no_value() -> None:
    jitter = np.random.default_rng(0).uniform(0.0, 0.6, len(TIMES_S))
    score = BlinkTest().score(blinking(TIMES_S, jitter, drawn=[0.0] * len(TIMES_S)))
    assert (score.value, score.reason) == (None, Reason.NO_BLINK)
    assert score.details["noise"] > 0.05


def changed(at_s: float, eyes: Sequence[int]) -> EyeSeries:
    """Return a clip with a blink whose pictures change in some eyes only, elsewhere later."""
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    pictures = series.pictures.copy()
    shut = np.abs(TIMES_S - 1.5) < 0.1
    later = np.abs(TIMES_S - at_s) < 0.1
    for eye in eyes:
        pictures[:, eye] = series.pictures[0, eye]
        pictures[later, eye] = series.pictures[shut, eye][: later.sum()]
    return replace(series, pictures=pictures)


def test_eyes_that_change_at_different_times_are_no_blink() -> None:
    assert len(blinks(changed(1.5, [0, 1]))) == 1
    assert not blinks(changed(1.72, [1]))


def test_eyes_that_never_look_as_usual_are_no_blink() -> None:
    series = changed(1.5, [0, 1])
    rng, pictures = np.random.default_rng(0), series.pictures.copy()
    others = np.abs(TIMES_S - 1.5) > 0.6
    pictures[others] = rng.uniform(0.0, 255.0, pictures.shape[1:]).astype(np.float32)
    assert not blinks(replace(series, pictures=pictures))


@pytest.mark.parametrize("rate", [12.0, 15.0, 30.0, 60.0])
@pytest.mark.parametrize("at_s", [1.0, 1.23])
def test_the_frame_rate_does_not_matter(rate: float, at_s: float) -> None:
    times = np.arange(0.0, 3.0, 1.0 / rate)
    (blink,) = found_in(blinking(times, closure(times, at_s, 0.25)))
    assert blink.time_s == pytest.approx(at_s, abs=1.0 / rate)
    assert blink.duration_s == pytest.approx(0.25, abs=0.08)


def test_time_stamps_may_vary() -> None:
    times = np.sort(np.random.default_rng(1).uniform(0.0, 3.0, 75))
    (blink,) = found_in(blinking(times, closure(times, 1.5, 0.25)))
    assert blink.time_s == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    "placed",
    [{"half": 46.0}, {"half": 64.0}, {"turn_deg": 20.0}, {"turn_deg": -35.0}, {"shift": (15, -8)}],
)
def test_size_roll_and_place_of_the_face_do_not_matter(placed: dict[str, float]) -> None:
    shut = closure(TIMES_S, 1.5, 0.2)
    (plain,), (blink,) = (
        found_in(blinking(TIMES_S, shut)),
        found_in(
            blinking(TIMES_S, shut, **placed)  # type: ignore[arg-type]
        ),
    )
    assert blink.depth == pytest.approx(plain.depth, abs=0.02)
    assert blink.duration_s == pytest.approx(plain.duration_s, abs=0.02)


@pytest.mark.parametrize("duration_s", [0.02, 0.8])
def test_a_dip_of_another_duration_is_no_blink(duration_s: float) -> None:
    times = np.arange(0.0, 3.0, 0.015)
    assert found_in(blinking(times, closure(times, 1.5, duration_s))) == ()


def test_eyes_that_stay_shut_are_no_blink() -> None:
    assert found_in(blinking(TIMES_S, np.where(TIMES_S > 1.5, 1.0, 0.0).tolist())) == ()


def test_landmarks_that_move_over_eyes_that_do_not_are_no_blink() -> None:
    shut = closure(TIMES_S, 1.5, 0.2)
    assert found_in(blinking(TIMES_S, shut, drawn=[0.0] * len(shut))) == ()


def test_a_face_that_changes_its_proportions_meanwhile_does_not_blink() -> None:
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    shapes = series.shapes.copy()
    shapes[np.abs(TIMES_S - 1.5) < 0.1] *= np.array([0.85, 1.0])
    turned = EyeSeries(series.times_s, series.openness, series.pictures, shapes, series.reach)
    assert blinks(turned) == ()


def test_pictures_of_nothing_but_noise_show_no_blink() -> None:
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    grain = np.random.default_rng(0).normal(60.0, 4.0, series.pictures.shape).astype(np.float32)
    holes = EyeSeries(series.times_s, series.openness, grain, series.shapes, series.reach)
    assert blinks(holes) == ()


def test_two_blinks_are_two() -> None:
    shut = np.maximum(closure(TIMES_S, 1.0, 0.15), closure(TIMES_S, 1.6, 0.15)).tolist()
    assert [round(blink.time_s, 1) for blink in found_in(blinking(TIMES_S, shut))] == [1.0, 1.6]


def test_a_dip_of_one_eye_is_no_blink() -> None:
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    openness = series.openness.copy()
    openness[:, 0] = 1.0
    one_eyed = EyeSeries(series.times_s, openness, series.pictures, series.shapes, series.reach)
    assert blinks(one_eyed) == ()


def test_a_dip_within_the_noise_of_the_landmarks_is_no_blink() -> None:
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    jitter = np.random.default_rng(0).normal(0.0, 0.3, (len(TIMES_S), 1))
    noisy = EyeSeries(
        series.times_s, series.openness + jitter, series.pictures, series.shapes, series.reach
    )
    assert noise(noisy) > 0.1
    assert blinks(noisy) == ()


def test_a_gap_without_a_face_hides_a_blink() -> None:
    clip = blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2))
    rest = tuple(frame for frame in clip.frames if abs(frame.time_s - 1.5) > 0.3)
    assert found_in(Presentation(rest)) == ()


def test_stricter_rules_find_fewer() -> None:
    series = BlinkTest().series(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert isinstance(series, EyeSeries)
    assert blinks(series, BlinkRules(depth=0.9)) == ()


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (made_up_presentation(frames=20, face=False), Reason.NO_FACE),
        (blinking(TIMES_S[: FEWEST - 1], [0.0] * (FEWEST - 1)), Reason.CLIP_TOO_SHORT),
        (blinking(TIMES_S, [0.0] * len(TIMES_S), half=20.0), Reason.FACE_TOO_FAR),
    ],
)
def test_a_clip_that_cannot_be_judged_says_why(clip: Presentation, reason: Reason) -> None:
    score = BlinkTest().score(clip)
    assert (score.value, score.reason) == (None, reason)


def test_frames_without_times_have_no_blink() -> None:
    clip = blinking([0.0] * 20, [0.0] * 20)
    assert BlinkTest().score(clip).reason is Reason.NO_BLINK


def test_pictures_without_contrast_are_alike() -> None:
    flat = np.full((20, 32), 90.0, np.float32)
    assert unlikeness(flat, flat) == 0.0


def test_a_picture_is_like_itself_and_unlike_its_negative() -> None:
    picture = np.random.default_rng(0).uniform(0.0, 255.0, (20, 32)).astype(np.float32)
    assert unlikeness(picture, picture) == pytest.approx(0.0, abs=1e-5)
    assert unlikeness(255.0 - picture, picture) > 0.5


def test_the_chart_shows_both_eyes_and_marks_the_blink() -> None:
    (chart,) = BlinkTest().charts(blinking(TIMES_S, closure(TIMES_S, 1.5, 0.2)))
    assert [series.name for series in chart.series] == ["right eye", "left eye"]
    assert chart.series[0].y.min() < 1.0 - LOWERED / 2.0
    (span,) = chart.spans
    assert span.low < 1.5 < span.high
    assert chart.words == "1 blink"


def test_the_chart_of_open_eyes_has_no_mark() -> None:
    (chart,) = BlinkTest().charts(blinking(TIMES_S, [0.0] * len(TIMES_S)))
    assert (chart.spans, chart.words) == ((), "no blink")


def test_the_chart_of_a_clip_that_cannot_be_judged_says_why() -> None:
    (chart,) = BlinkTest().charts(blinking(TIMES_S[:5], [0.0] * 5))
    assert (chart.series, chart.words) == ((), "clip too short")
