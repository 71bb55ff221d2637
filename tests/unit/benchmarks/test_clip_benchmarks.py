"""The table of attacks by test, and the clips of the benchmark of long clips."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("choosing", reason="source archives hold no benchmarks")

import attack_table
import long_clip
from facepad.decision import Decision
from facepad.media.formats.clips import inspect_clip
from facepad.media.video import read_video
from facepad.scores import sigmoid
from facepad.testing.media_files import write_video
from facepad.types import OperatingPoint, Outcome, Reason, Score

BAND = OperatingPoint("balanced", 0.5, 0.4, 0.6)
ADDS = OperatingPoint.undecided()


@pytest.mark.parametrize(
    ("score", "point", "expected"),
    [
        (Score(0.6), BAND, "for"),
        (Score(0.5), BAND, "neither"),
        (Score(0.3), BAND, "against"),
        (Score(0.3, Reason.UNFAMILIAR_CAMERA), BAND, "cannot tell"),
        (Score(None, Reason.NO_BLINK), ADDS, "cannot tell"),
        (Score(sigmoid(0.11)), ADDS, "for"),
        (Score(sigmoid(0.05)), ADDS, "neither"),
        (Score(sigmoid(-2.0)), ADDS, "against"),
    ],
)
def test_a_test_speaks_for_against_or_cannot_tell(
    score: Score, point: OperatingPoint, expected: str
) -> None:
    assert attack_table.answer(score, point) == expected


def test_default_is_the_decision_about_a_clip_without_a_calibration() -> None:
    scores = {"face_cnn": Score(0.55), "blink": Score(sigmoid(1.0)), "quality": Score(0.1)}
    points = {"face_cnn": BAND, "blink": ADDS, "quality": BAND}
    living = Decision(Outcome.UNCERTAIN, 0.5, scores=scores)
    assert attack_table.together(living, points) == "neither"
    assert attack_table.together(living, points, is_raised=True) == "for"
    plane = Decision(Outcome.UNCERTAIN, 0.5, scores={**scores, "parallax": Score(sigmoid(-2.0))})
    assert attack_table.together(plane, {**points, "parallax": ADDS}) == "against"


def clip(kind: str, blink: str, whole: str) -> attack_table.Document:
    return {
        "kind": kind,
        "seconds": 4.0,
        "answers": {"blink": blink, "default": "neither", "raised": "neither", "all": whole},
        "ms": {"decode": 500.0, "blink": 100.0, "total": 1000.0},
    }


FOUND = {
    "tests": ["blink"],
    "peak_mb": 300.0,
    "clips": [
        clip("print/moved", "cannot tell", "against"),
        clip("print/moved", "for", "for"),
        clip("bona fide", "for", "for"),
    ],
}


def test_shares_are_counted_by_kind() -> None:
    assert attack_table.catches(FOUND)[4:] == [
        "| bona fide | 1 | 0 / 100 / 0 | 0 / 0 / 100 | 0 / 0 / 100 | 0 / 100 / 0 |",
        "| print/moved | 2 | 0 / 50 / 50 | 0 / 0 / 100 | 0 / 0 / 100 | 50 / 50 / 0 |",
    ]


def test_costs_are_those_of_a_second_and_of_a_clip() -> None:
    lines = attack_table.costs(FOUND)
    assert lines[0] == "3 clips, 12 s; peak resident memory 300 MB"
    assert "| decode | 0.125 | 0.50 |" in lines
    assert "| blink | 0.025 | 0.10 |" in lines
    assert lines[-1] == "| total | 0.250 | 1.00 |"


def test_a_limit_takes_each_kind_in_turn(tmp_path: Path) -> None:
    rows = ["path,subject,pai_species,split"]
    for number in range(4):
        for name, species in (("b", ""), ("p", "print")):
            file = tmp_path / f"{name}{number}.png"
            file.write_bytes(b"")
            rows.append(f"{file.name},s{number},{species},test")
    (tmp_path / "dataset.csv").write_text("\n".join(rows) + "\n")
    found = attack_table.chosen([tmp_path], 4, 0)
    assert sorted(sample.pai_species or "" for sample in found) == ["", "", "print", "print"]
    assert len(attack_table.chosen([tmp_path], 0, 0)) == 8


def test_a_clip_is_repeated_there_and_back_without_a_jump(tmp_path: Path) -> None:
    short = tmp_path / "short.avi"
    write_video(short, [np.full((48, 64, 3), level, np.uint8) for level in (40, 80, 120)])
    count = long_clip.write_clip(tmp_path / "long.mp4", short, 10 / 60 / long_clip.RATE)
    assert count == inspect_clip(tmp_path / "long.mp4").video.frames == 10
    levels = [round(float(f.image.mean()) / 40) for f in read_video(tmp_path / "long.mp4")]
    assert levels == [1, 2, 3, 2, 1, 2, 3, 2, 1, 2]
