"""Scoring in worker processes: pictures, and videos as one presentation."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from facepad.decision import Decision
from facepad.errors import ModelError
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_CLIP_TESTS, DEFAULT_TESTS
from facepad.scoring.table import output_columns, presentation_columns, presentation_fields
from facepad.scoring.workers import (
    DIED,
    CheckerSpec,
    holds_clip,
    score_picture,
    score_pictures,
    score_presentation,
)
from facepad.testing.media_files import write_video
from facepad.types import Face, OperatingPoint, Outcome, Presentation, Score

pytestmark = pytest.mark.usefixtures("_made_up")
TESTS = ("one", "two")
LEVELS = (60, 120, 180)


def scored(path: str, frame: int | None = None) -> dict[str, str]:
    fields = score_presentation(Checker(TESTS), (path, frame), tests=TESTS)
    return dict(zip(presentation_columns(TESTS), fields, strict=True))


@pytest.fixture
def video(tmp_path: Path) -> str:
    """Three grey frames of rising brightness."""
    frames = [np.full((48, 64, 3), level, np.uint8) for level in LEVELS]
    write_video(tmp_path / "clip.avi", frames)
    return str(tmp_path / "clip.avi")


def test_a_picture_keeps_every_tests_score_and_times(picture: Callable[[str, int], str]) -> None:
    found = scored(picture("a.png", 204))
    assert (found["outcome"], found["one_score"], found["two_score"]) == (
        "bona_fide", "0.800000", "0.800000",
    )  # fmt: skip
    assert all(float(found[f"{step}_ms"]) >= 0.0 for step in ("decode", "faces", "capture", *TESTS))


def test_without_a_face_every_test_has_the_reason(picture: Callable[[str, int], str]) -> None:
    found = scored(picture("black.png", 0))
    assert (found["outcome"], found["two_score"], found["two_reason"]) == (
        "non_response", "0.000000", "no_face",
    )  # fmt: skip


def test_a_score_that_must_not_decide_keeps_its_reason(picture: Callable[[str, int], str]) -> None:
    found = scored(picture("white.png", 255))
    assert (found["outcome"], found["one_score"], found["one_reason"]) == (
        "uncertain", "1.000000", "unfamiliar_camera",
    )  # fmt: skip


def test_a_video_is_one_presentation_with_one_score(video: str) -> None:
    found = scored(video)
    assert found["frames"] == "3"
    assert float(found["score"]) == pytest.approx(120 / 255, abs=0.02)  # coding moves greys


def test_one_frame_of_a_video_can_be_asked_for(video: str) -> None:
    found = scored(video, frame=2)
    assert found["frames"] == "1"
    assert float(found["score"]) == pytest.approx(180 / 255, abs=0.02)


def test_what_cannot_be_read_is_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"broken")
    found = scored(str(tmp_path / "broken.jpg"))
    assert found["outcome"] == ""
    assert found["reason"].startswith("error: ")


def test_a_damaged_packed_file_costs_the_rows_that_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "torn.h5").write_bytes(b"torn")
    found = scored(f"{tmp_path / 'torn.h5'}#attack/0")
    assert found["outcome"] == ""
    assert found["reason"].startswith("error: ")
    path = f"{tmp_path / 'torn.h5'}#attack/0"
    assert score_picture(Checker(TESTS), (path, path), tests=TESTS)[2].startswith("error: ")


@pytest.mark.parametrize("level", [0, 204, 255])
def test_score_and_evaluate_write_the_same_digits(
    picture: Callable[[str, int], str], level: int
) -> None:
    path = picture("a.png", level)
    alone = score_picture(Checker(TESTS), (path, path), tests=TESTS)
    found = score_presentation(Checker(TESTS), (path, None), tests=TESTS)
    alone, found = alone[:5] + alone[6:], found[:5] + found[6 : len(alone)]  # all but the time
    assert found == alone


@dataclass
class LowTest:
    """Says 0.1 of everything."""

    name = "two"
    operating_point = OperatingPoint.at(0.5)
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        return Score(0.1)


def test_an_advisory_test_is_kept_and_does_not_count(picture: Callable[[str, int], str]) -> None:
    checker = Checker(["one"], advisory=[LowTest()])
    fields = score_presentation(checker, (picture("a.png", 204), None), tests=TESTS)
    found = dict(zip(presentation_columns(TESTS), fields, strict=True))
    assert (found["score"], found["two_score"]) == ("0.800000", "0.100000")


def test_a_clip_test_has_no_score_for_a_still_and_the_reason_is_kept(
    picture: Callable[[str, int], str],
) -> None:
    clip_test = LowTest()
    clip_test.needs = Needs(min_frames=2)  # type: ignore[attr-defined]
    checker = Checker(["one", clip_test])
    fields = score_presentation(checker, (picture("a.png", 204), None), tests=TESTS)
    found = dict(zip(presentation_columns(TESTS), fields, strict=True))
    assert (found["score"], found["two_score"], found["two_reason"]) == (
        "0.800000", "", "clip_too_short",
    )  # fmt: skip


class MadeUpChecker(Checker):
    """Gives the process that a picture was scored in; some pictures make it die."""

    def __init__(self) -> None:
        """Load nothing."""

    def check(self, source: object, **_: object) -> Decision:
        if source == "deadly":
            os._exit(9)
        if source == "odd":
            raise ZeroDivisionError("by zero")
        return Decision(Outcome.ATTACK, 0.5, scores={"quality": Score(0.5)})


@dataclass(frozen=True, slots=True)
class MadeUpSpec(CheckerSpec):
    """Found by its name in the new process."""

    def checker(self) -> Checker:
        if self.tests == ("missing",):
            raise ModelError("no weights")
        return MadeUpChecker()


SPEC = MadeUpSpec(("quality",))


@pytest.mark.slow
def test_a_picture_that_takes_its_worker_down_costs_one_row() -> None:
    paths = ["0", "deadly", "2", "deadly", "4"]
    reasons = [fields[2] for fields in score_pictures(SPEC, [(path, path) for path in paths], 1)]
    assert reasons == [f"error: {DIED}" if path == "deadly" else "" for path in paths]


@pytest.mark.slow
def test_a_missing_model_ends_the_run() -> None:
    with pytest.raises(ModelError, match="no weights"):
        list(score_pictures(MadeUpSpec(("missing",)), [("0", "0")], 1))


@pytest.mark.slow
def test_a_row_without_a_path_is_an_error() -> None:
    (fields,) = score_pictures(SPEC, [("", "")], 1)
    assert set(fields) == {"", "error: the row has no path"}
    assert len(fields) == len(output_columns(SPEC.tests))


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_fault_on_one_picture_is_its_error_and_does_not_end_the_run(workers: int) -> None:
    odd, good = score_pictures(SPEC, [("odd", "odd"), ("good", "good")], workers)
    assert odd[2] == "error: odd: unexpected ZeroDivisionError: by zero"
    assert good[1] == "attack"


def test_default_tests_over_clips_have_columns_where_a_file_is_a_clip(
    picture: Callable[[str, int], str], video: str
) -> None:
    spec = CheckerSpec.of()
    assert not set(DEFAULT_CLIP_TESTS) & set(spec.tests)
    with_clips = spec.for_clips()
    assert with_clips.tests == (*DEFAULT_TESTS, *DEFAULT_CLIP_TESTS, *DEFAULT_ADVISORY)
    assert with_clips.for_clips() == with_clips
    assert with_clips.checker().tests == (*DEFAULT_TESTS, *DEFAULT_ADVISORY)  # of a still
    still = picture("a.png", 204)
    assert [holds_clip(given) for given in ([still], [still, video])] == [False, True]


def test_a_default_test_over_clips_has_no_score_for_a_still() -> None:
    face = Face((0, 0, 40, 40), 0.9)
    decision = Decision(Outcome.ATTACK, 0.1, scores={"one": Score(0.1)}, face=face)
    fields = presentation_fields(decision, ("one", "blink"))
    found = dict(zip(presentation_columns(("one", "blink")), fields, strict=True))
    assert (found["blink_score"], found["blink_reason"]) == ("", "clip_too_short")


def test_named_tests_are_all_that_clips_get() -> None:
    spec = CheckerSpec.of(["one"])
    assert spec.for_clips() == spec
