"""Scores of a test from a file: which row belongs to which presentation."""

import math
from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.scores import logit
from facepad.training.fusion.run import given_ratios
from facepad.types import Sample, Split


def sample(path: str) -> Sample:
    return Sample(path, path, "someone", Split.TRAIN)


def table(folder: Path, text: str) -> Path:
    file = folder / "scores.csv"
    file.write_text(f"path,score\n{text}", encoding="utf-8")
    return file


def test_files_of_one_name_in_several_folders_get_their_own_scores(tmp_path: Path) -> None:
    file = table(tmp_path, "live/0.jpg,0.9\nprint/0.jpg,0.1\n")
    found = given_ratios(file, [sample("/data/live/0.jpg"), sample("/data/print/0.jpg")])
    assert found == [logit(0.9), logit(0.1)]


def test_a_name_that_the_table_has_once_is_enough(tmp_path: Path) -> None:
    file = table(tmp_path, "elsewhere/0.jpg,0.9\nelsewhere/1.jpg,\n")
    found = given_ratios(file, [sample("/data/0.jpg"), sample("/data/1.jpg")])
    assert found[0] == logit(0.9)
    assert math.isnan(found[1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a/0.jpg,0.9\nb/0.jpg,0.1\n", "has no row for /data/c/0.jpg"),
        ("0.jpg,0.9\n", "fits /data/c/0.jpg and /data/d/0.jpg"),
        ("c/0.jpg,high\n", r"scores.csv:2: expected a score in \[0, 1\] .* got 'high'"),
        ("c/0.jpg,7.5\n", "got '7.5'"),
        ("c/0.jpg,nan\n", "got 'nan'"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(tmp_path: Path, text: str, words: str) -> None:
    samples = [sample("/data/c/0.jpg"), sample("/data/d/0.jpg")]
    with pytest.raises(DatasetError, match=words):
        given_ratios(table(tmp_path, text), samples)
