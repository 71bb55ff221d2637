"""What is kept of each presentation: pictures, and videos as one presentation."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from facepad.evaluation.choices import Combine
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.presentation_rows import Look, judge_presentation, kept_columns, padded
from facepad.testing.media_files import write_video
from facepad.types import OperatingPoint

pytestmark = pytest.mark.usefixtures("_made_up")
TESTS = ("one", "two")
LEVELS = (60, 120, 180)


def kept(
    path: str,
    combine: str = "mean",
    frame: int | None = None,
    deciding: Sequence[str] = TESTS,
) -> dict[str, str]:
    look = Look(FrameSelection(), Combine(combine), dict.fromkeys(deciding, OperatingPoint.at(0.5)))
    fields = judge_presentation(look, Checker(TESTS), path, frame, TESTS)
    return dict(zip(kept_columns(TESTS), fields, strict=True))


@pytest.fixture
def video(tmp_path: Path) -> str:
    """Three grey frames of rising brightness."""
    frames = [np.full((48, 64, 3), level, np.uint8) for level in LEVELS]
    write_video(tmp_path / "clip.avi", frames)
    return str(tmp_path / "clip.avi")


def test_a_picture_keeps_every_tests_score_and_times(picture: Callable[[str, int], str]) -> None:
    found = kept(picture("a.png", 204))
    assert (found["outcome"], found["one_score"], found["two_score"]) == (
        "bona_fide", "0.800000", "0.800000",
    )  # fmt: skip
    assert all(float(found[f"{step}_ms"]) >= 0.0 for step in ("decode", "faces", *TESTS))


def test_without_a_face_no_test_has_a_score(picture: Callable[[str, int], str]) -> None:
    found = kept(picture("black.png", 0))
    assert (found["outcome"], found["two_score"], found["two_reason"]) == (
        "non_response", "", "no_face",
    )  # fmt: skip


def test_a_score_that_must_not_decide_keeps_its_reason(picture: Callable[[str, int], str]) -> None:
    found = kept(picture("white.png", 255))
    assert (found["outcome"], found["one_score"], found["one_reason"]) == (
        "uncertain", "1.000000", "unfamiliar_camera",
    )  # fmt: skip


@pytest.mark.parametrize(("combine", "level"), [("mean", 120), ("min", 60), ("max", 180)])
def test_a_video_is_one_presentation(video: str, combine: str, level: int) -> None:
    found = kept(video, combine)
    assert found["frames"] == "3"
    assert float(found["score"]) == pytest.approx(level / 255, abs=0.02)  # coding moves greys


def test_one_frame_of_a_video_can_be_asked_for(video: str) -> None:
    found = kept(video, frame=2)
    assert found["frames"] == "1"
    assert float(found["score"]) == pytest.approx(180 / 255, abs=0.02)


def test_what_cannot_be_read_is_its_error(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"broken")
    found = kept(str(tmp_path / "broken.jpg"))
    assert found["outcome"] == ""
    assert found["reason"].startswith("error: ")


def test_shorter_fields_of_a_picture_that_ended_its_worker_fill_all_columns() -> None:
    assert len(padded(("", "", "error: died", "", ""), TESTS)) == len(kept_columns(TESTS))


def test_a_test_that_does_not_decide_is_only_kept_beside(
    picture: Callable[[str, int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = {"one": 0.9, "two": 0.1}
    monkeypatch.setattr(
        "facepad.scoring.presentation_rows._answer", lambda _, test: (scores[test], "")
    )
    assert kept(picture("a.png", 204))["score"] == "0.500000"
    assert kept(picture("a.png", 204), deciding=["two"])["outcome"] == "attack"
