"""Scoring in worker processes: pictures, and videos as one presentation."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import ModelError
from facepad.evaluation.choices import FrameAggregation
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.table import presentation_columns
from facepad.scoring.workers import (
    DIED,
    CheckerSpec,
    PresentationOptions,
    presentation_fields,
    score_pictures,
)
from facepad.testing.media_files import write_video
from facepad.types import Decision, OperatingPoint, Outcome, Score

pytestmark = pytest.mark.usefixtures("_made_up")
TESTS = ("one", "two")
LEVELS = (60, 120, 180)


def scored(
    path: str,
    combine: str = "mean",
    frame: int | None = None,
    deciding: Sequence[str] = TESTS,
) -> dict[str, str]:
    points = dict.fromkeys(deciding, OperatingPoint.at(0.5))
    options = PresentationOptions(FrameSelection(), FrameAggregation(combine), points)
    place = (path, frame)
    fields = presentation_fields(Checker(TESTS), place, options=options, tests=TESTS)
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
    assert all(float(found[f"{step}_ms"]) >= 0.0 for step in ("decode", "faces", *TESTS))


def test_without_a_face_no_test_has_a_score(picture: Callable[[str, int], str]) -> None:
    found = scored(picture("black.png", 0))
    assert (found["outcome"], found["two_score"], found["two_reason"]) == (
        "non_response", "", "no_face",
    )  # fmt: skip


def test_a_score_that_must_not_decide_keeps_its_reason(picture: Callable[[str, int], str]) -> None:
    found = scored(picture("white.png", 255))
    assert (found["outcome"], found["one_score"], found["one_reason"]) == (
        "uncertain", "1.000000", "unfamiliar_camera",
    )  # fmt: skip


@pytest.mark.parametrize(("combine", "level"), [("mean", 120), ("min", 60), ("max", 180)])
def test_a_video_is_one_presentation(video: str, combine: str, level: int) -> None:
    found = scored(video, combine)
    assert found["frames"] == "3"
    assert float(found["score"]) == pytest.approx(level / 255, abs=0.02)  # coding moves greys


def test_one_frame_of_a_video_can_be_asked_for(video: str) -> None:
    found = scored(video, frame=2)
    assert found["frames"] == "1"
    assert float(found["score"]) == pytest.approx(180 / 255, abs=0.02)


def test_what_cannot_be_read_is_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"broken")
    found = scored(str(tmp_path / "broken.jpg"))
    assert found["outcome"] == ""
    assert found["reason"].startswith("error: ")


def test_a_test_that_does_not_decide_is_only_kept_beside(
    picture: Callable[[str, int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {"one": 0.9, "two": 0.1}
    monkeypatch.setattr("facepad.scoring.workers._answer", lambda _, test: (scores[test], ""))
    assert scored(picture("a.png", 204))["score"] == "0.500000"
    assert scored(picture("a.png", 204), deciding=["two"])["outcome"] == "attack"


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


def test_a_picture_that_takes_its_worker_down_costs_one_row() -> None:
    paths = ["0", "deadly", "2", "deadly", "4"]
    reasons = [fields[2] for fields in score_pictures(SPEC, paths, 1)]
    assert reasons == [f"error: {DIED}" if path == "deadly" else "" for path in paths]


def test_a_missing_model_ends_the_run() -> None:
    with pytest.raises(ModelError, match="no weights"):
        list(score_pictures(MadeUpSpec(("missing",)), ["0"], 1))


def test_a_row_without_a_path_is_an_error() -> None:
    (fields,) = score_pictures(SPEC, [""], 1)
    assert fields == ("", "", "error: the row has no path", "", "")


def test_a_fault_on_one_picture_is_its_error_and_does_not_end_the_run() -> None:
    odd, good = score_pictures(SPEC, ["odd", "good"], 1)
    assert odd[2] == "error: odd: unexpected ZeroDivisionError: by zero"
    assert good[1] == "attack"
