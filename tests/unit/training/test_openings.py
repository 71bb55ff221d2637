"""The list of evaluations of test sets: a row first, or no evaluation."""

import csv
from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.training.run import OPENINGS, record_opening


def test_a_row_is_added_behind_those_that_are_there(tmp_path: Path) -> None:
    file = tmp_path / "openings.csv"
    file.write_text(",".join(OPENINGS) + '\n2026-01-02,"a","b, c","d","e"\n', encoding="utf-8")
    record_opening(file, "face_heads_free", ("one, two", "three"), "facepad train face")
    with file.open(newline="", encoding="utf-8") as stream:
        first, second = csv.DictReader(stream)
    assert (first["version"], first["data"]) == ("a", "b, c")
    assert (second["version"], second["data"]) == ("face_heads_free", "one, two; three")
    assert second["command"] == "facepad train face"


@pytest.mark.parametrize("text", ["", "path,label\n"])
def test_another_file_is_refused_and_not_changed(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="no list of openings; its first line is date,version"):
        record_opening(file, "m", ("t",), "c")
    assert file.read_text(encoding="utf-8") == text


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.csv: test sets are evaluated only where"):
        record_opening(tmp_path / "nowhere.csv", "m", ("t",), "c")
