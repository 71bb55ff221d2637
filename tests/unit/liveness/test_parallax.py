"""The parallax test: planes have none, heads do, and little motion tells nothing."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.charts import SeriesKind
from facepad.errors import FacepadError
from facepad.faces.landmarks import LEFT_EYE, OVAL, RIGHT_EYE
from facepad.faces.steady import hold_still
from facepad.liveness.parallax import self_test
from facepad.liveness.parallax import test as test_module
from facepad.liveness.parallax.motion import FEWEST, Motion, motion
from facepad.liveness.parallax.test import ParallaxTest, chart_of, parallax
from facepad.liveness.parallax.tracking import ORIGIN, REACH, Tracks, followed, level_faces, skin
from facepad.testing import check_liveness_test, made_up_presentation
from facepad.types import Presentation, Reason
from made_up_blink import blinking
from made_up_face import made_up_landmarks

GRID = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 12), np.linspace(-0.2, 0.7, 12)), -1)
PLACES = GRID.reshape(-1, 2)
NOSE = -0.3 * np.exp(-((PLACES - [0.0, 0.35]) ** 2).sum(axis=1) / 0.05)  # depth, towards us


def tracks(after: NDArray[np.float64], places: NDArray[np.float64] = PLACES) -> Tracks:
    before, moved = (points * REACH + np.array(ORIGIN) for points in (places, after))
    return Tracks(before, moved, NOSE[: len(places)], len(places))


def moved(after: NDArray[np.float64]) -> Motion:
    found = motion(tracks(after))
    assert found is not None
    return found


def homography(*perspective: float) -> NDArray[np.float64]:
    scale = 1.0 + PLACES @ np.array(perspective)
    flat = PLACES @ np.array([[0.94, 0.05], [-0.05, 1.02]]).T + [0.1, -0.04]
    return np.asarray(flat / scale[:, None])


def test_it_keeps_the_contract_of_a_liveness_test() -> None:
    check_liveness_test(ParallaxTest(), "parallax")


def test_the_self_test_passes() -> None:
    found = self_test.check()
    assert found["plane"] == pytest.approx(0.0, abs=0.05)
    assert found["head"] is not None
    assert found["head"] > 2 * self_test.LEAST_OF_HEADS


def test_the_self_test_fails_on_a_surface_of_another_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_plane = {"plane": self_test.SURFACES["head"], "head": self_test.SURFACES["head"]}
    monkeypatch.setattr(self_test, "SURFACES", no_plane)
    with pytest.raises(FacepadError, match="plane"):
        self_test.check()


def test_an_affine_motion_has_exactly_no_parallax() -> None:
    found = moved(homography(0.0, 0.0))
    assert found.relief == pytest.approx(0.0, abs=1e-9)
    assert found.swelling == pytest.approx(0.0, abs=1e-8)


@pytest.mark.parametrize("perspective", [(0.05, 0.0), (0.0, -0.05), (0.04, 0.04)])
def test_a_turned_plane_has_a_keystone_and_almost_no_parallax(
    perspective: tuple[float, float],
) -> None:
    found = moved(homography(*perspective))
    assert found.relief < 0.01
    assert found.keystone == pytest.approx(np.hypot(*perspective), rel=0.35)


def test_a_sheet_that_bends_has_no_parallax() -> None:
    x, y = PLACES.T
    found = moved(np.stack([x - 0.1 * x**2, y + 0.05 * x**2], axis=1))
    assert found.relief == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("turn_deg", [5.0, 15.0, 25.0])
def test_the_parallax_of_a_head_is_the_sine_of_its_turn(turn_deg: float) -> None:
    sine = np.sin(np.deg2rad(turn_deg))
    found = moved(PLACES * [np.cos(np.deg2rad(turn_deg)), 1.0] + np.outer(NOSE, [sine, 0.0]))
    assert found.relief == pytest.approx(sine, abs=1e-6)


def test_a_head_that_comes_closer_swells() -> None:
    x, y = PLACES.T
    grown = np.stack([x - 0.15 * x * NOSE, y - 0.15 * (y - 0.35) * NOSE], axis=1)
    assert moved(1.6 * grown).swelling == pytest.approx(-1.6 * 0.15, abs=1e-6)


def test_noise_widens_the_error_and_outliers_do_not_move_the_parallax() -> None:
    sine = np.sin(np.deg2rad(15.0))
    rng = np.random.default_rng(0)
    after = PLACES + np.outer(NOSE, [sine, 0.0]) + rng.normal(0.0, 0.003, PLACES.shape)
    after[::20] += 0.2
    found = moved(after)
    assert 0.0 < found.relief_error < 0.05
    assert found.relief == pytest.approx(sine, abs=3.0 * found.relief_error)


def test_too_few_points_give_no_motion() -> None:
    few = PLACES[: FEWEST - 1]
    assert motion(tracks(few, few)) is None


def test_two_faces_without_motion_tell_nothing() -> None:
    faces = self_test._turned(self_test.SURFACES["head"], np.random.default_rng(0))
    still = [replace(faces[3], time_s=0.2 * number) for number in range(8)]
    found = parallax(still, self_test.FOCAL)
    assert (found.slope, found.pairs) == (None, 0)
    assert found.motion == pytest.approx(0.0, abs=0.02)


def test_frames_that_are_far_apart_in_time_are_not_compared() -> None:
    faces = self_test._turned(self_test.SURFACES["head"], np.random.default_rng(0))
    apart = [replace(face, time_s=10.0 * number) for number, face in enumerate(faces)]
    assert parallax(apart, self_test.FOCAL).pairs == 0


def test_the_size_of_the_picture_does_not_matter() -> None:
    faces = self_test._turned(self_test.SURFACES["plane"], np.random.default_rng(0))
    larger = [replace(face, reach=2.0 * face.reach) for face in faces]
    small, large = parallax(faces, self_test.FOCAL), parallax(larger, 2.0 * self_test.FOCAL)
    assert small == large


def test_points_lie_on_the_skin_above_the_lips_and_beside_the_eyes() -> None:
    shape = hold_still(made_up_landmarks(0.0, 0.0, 50.0)[None]).shape
    points = skin(shape)
    assert len(points) >= FEWEST
    assert not set(points) & {*OVAL, *RIGHT_EYE, *LEFT_EYE}
    assert (shape[points, 1] < shape[0, 1]).all()


def test_a_face_is_followed_to_itself() -> None:
    clip = blinking([0.0, 0.1], [0.0, 0.0])
    one, other = level_faces(clip.frames)
    found = followed(one, other)
    assert found.after == pytest.approx(found.before, abs=0.6)


@pytest.mark.parametrize(
    ("pair", "count", "answers"),
    [
        ((0.01, 0.2), 3, False),
        ((0.01, 0.2), 7, False),
        ((0.01, 0.2), 8, True),
        ((0.2, 0.2), 3, True),
    ],
)
def test_a_face_counts_as_a_plane_in_many_pairs_of_frames_only(
    pair: tuple[float, float], count: int, answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_module, "_measured", lambda _: [pair] * count)
    score = ParallaxTest().score(made_up_presentation())
    assert (score.value is not None) == answers
    assert score.reason is (None if answers else Reason.LITTLE_MOVEMENT)
    assert score.details["pairs"] == count


def test_a_still_face_gives_no_value_and_says_what_to_do() -> None:
    clip = blinking(np.arange(0.0, 2.0, 0.1), [0.0] * 20)
    score = ParallaxTest().score(clip)
    assert (score.value, score.reason) == (None, Reason.LITTLE_MOVEMENT)


@pytest.mark.parametrize(
    ("clip", "reason"),
    [
        (made_up_presentation(frames=20, face=False), Reason.NO_FACE),
        (blinking([0.0, 0.1], [0.0, 0.0]), Reason.CLIP_TOO_SHORT),
        (blinking(np.arange(0.0, 2.0, 0.1), [0.0] * 20, half=20.0), Reason.FACE_TOO_FAR),
    ],
)
def test_a_clip_that_cannot_be_judged_says_why(clip: Presentation, reason: Reason) -> None:
    score = ParallaxTest().score(clip)
    assert (score.value, score.reason) == (None, reason)


def test_the_chart_shows_pairs_of_frames_and_the_measured_slope() -> None:
    pairs = [(0.2, 0.25), (0.24, 0.3), (0.16, 0.2), (0.01, 0.02)]
    chart = chart_of(pairs)
    (points,) = (series for series in chart.series if series.kind is SeriesKind.POINTS)
    np.testing.assert_allclose(np.column_stack([points.y, points.x]), pairs)
    (line,) = (series for series in chart.series if series.kind is SeriesKind.MAIN_LINE)
    assert line.y[1] / line.x[1] == pytest.approx(0.8)
    assert chart.words == "slope 0.80, of 3 pairs"


@pytest.mark.parametrize("pairs", [[], [(0.01, 0.02)]])
def test_the_chart_of_little_movement_has_no_slope(pairs: list[tuple[float, float]]) -> None:
    chart = chart_of(pairs)
    assert SeriesKind.MAIN_LINE not in [series.kind for series in chart.series]
    assert chart.words == "little movement"


def test_the_chart_of_a_clip_says_what_its_score_says() -> None:
    (still,) = ParallaxTest().charts(blinking(np.arange(0.0, 2.0, 0.1), [0.0] * 20))
    (short,) = ParallaxTest().charts(blinking([0.0, 0.1], [0.0, 0.0]))
    assert still.words == "little movement"
    assert (short.series, short.words) == ((), "clip too short")
