"""A CSV file: each row a presentation; whatever is wrong is named with its line."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.csv_list import CsvList
from facepad.errors import DatasetError
from facepad.sources import load_sample
from facepad.types import Sample

HEADER = "path,subject,pai_species"


def written(folder: Path, text: str | bytes) -> CsvList:
    (folder / "1.jpg").touch()
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "dataset.csv").write_bytes(data)
    return CsvList(folder)


def only(dataset: CsvList) -> Sample:
    (sample,) = dataset.samples()
    return sample


def test_each_row_is_a_sample(whole: Opener) -> None:
    assert by_part(whole("csv").samples()) == {
        f"{part} {kind}": number
        for part in ("train", "dev", "test")
        for kind, number in (("bona_fide", 2), ("screen", 3))
    }


def test_the_split_is_that_of_the_column(whole: Opener) -> None:
    found = people(whole("csv").samples())
    assert found == {"train": {"anna"}, "dev": {"ida"}, "test": {"fred"}}
    assert whole("csv").notices() == ()


def test_a_row_with_a_frame_is_that_frame_of_the_video(whole: Opener) -> None:
    sample = next(sample for sample in whole("csv").samples() if sample.frame == 4)
    assert sample.key == "csv/media/attack/screen/anna/clip.mp4#4"
    assert [round(frame.time_s, 2) for frame in load_sample(sample).frames] == [0.16]


def test_other_columns_are_attributes(whole: Opener) -> None:
    assert next(iter(whole("csv").samples())).attributes == {"room": "office"}


def test_the_file_itself_may_be_given(whole: Opener) -> None:
    dataset = whole("csv")
    assert list(CsvList(dataset.root / "dataset.csv").samples()) == list(dataset.samples())


def test_key_and_session_columns_are_taken(tmp_path: Path) -> None:
    text = f"{HEADER},key,session\n1.jpg,anna,,first,monday\n"
    sample = only(written(tmp_path, text))
    assert (sample.key, sample.session, sample.pai_species) == ("csv/first", "monday", None)


def test_without_a_split_a_hash_of_the_subject_decides_and_is_noticed(tmp_path: Path) -> None:
    dataset = written(tmp_path, f"{HEADER}\n1.jpg,fred,\n")
    assert only(dataset).split == "test"
    assert dataset.notices()[0].startswith("split: by a hash of the subject's name")


def test_a_mark_at_the_beginning_and_quotes_are_read(tmp_path: Path) -> None:
    text = f'\ufeff{HEADER}\r\n"1.jpg","müller, anna",\r\n'
    assert only(written(tmp_path, text)).subject == "müller, anna"


def test_bona_fide_may_be_named_instead_of_left_empty(tmp_path: Path) -> None:
    assert only(written(tmp_path, f"{HEADER}\n1.jpg,anna,bona_fide\n")).pai_species is None


def test_blanks_and_backslashes_of_hand_written_files_are_understood(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").touch()
    text = "path, subject, pai_species, split\na\\1.jpg , anna, print, dev\n"
    sample = only(written(tmp_path, text))
    assert (sample.key, sample.path) == ("csv/a/1.jpg", str(tmp_path / "a/1.jpg"))
    assert (sample.subject, sample.pai_species, sample.split) == ("anna", "print", "dev")


def test_a_column_of_nearly_the_right_name_is_noticed(tmp_path: Path) -> None:
    notices = written(tmp_path, f"{HEADER},Split\n1.jpg,anna,,dev\n").notices()
    assert "column 'Split' of dataset.csv has no meaning here; did you mean split?" in notices


@pytest.mark.parametrize("word", ["live", "none", "0", "Bona fide", "genuine", "real", "n/a"])
def test_a_word_for_bona_fide_makes_nobody_an_attack(tmp_path: Path, word: str) -> None:
    dataset = written(tmp_path, f"{HEADER}\n1.jpg,anna,{word}\n")
    with pytest.raises(
        DatasetError, match=rf"dataset\.csv line 2: pai_species .* got '{word}', which means bona"
    ):
        list(dataset.samples())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a header and at least one row, got none"),
        ("path,subject\n1.jpg,anna\n", "expected a column 'pai_species', got path, subject"),
        (f"{HEADER},path\n", "each column is named once, got twice: path"),
        (f"{HEADER},\n1.jpg,anna,,x\n", "each column needs a name"),
        (f"{HEADER}\n", "expected a row below the header"),
        (f"{HEADER}\n1.jpg,anna\n", "line 2: expected 3 fields as in the header"),
        (f"{HEADER}\n1.jpg,anna,,more\n", "line 2: expected 3 fields as in the header"),
        (f"{HEADER}\n,anna,\n", "line 2 needs a path and a subject"),
        (f"{HEADER}\n1.jpg,,\n", "line 2 needs a path and a subject"),
        (f"{HEADER}\n2.jpg,anna,\n", r"2\.jpg is listed in dataset\.csv line 2 but missing"),
        (f"{HEADER}\n1.jpg,anna,\n1.jpg,anna,\n", r"line 3 lists 'csv/1\.jpg' a second time"),
        (f"{HEADER},split\n1.jpg,anna,,eval\n", "split must be train, dev or test, got 'eval'"),
        (f"{HEADER},frame\n1.jpg,anna,,-1\n", "frame must be a whole number from 0, got '-1'"),
        (f'{HEADER}\n"1.jpg,anna,\n', "expected CSV"),
        (f"{HEADER}\n".encode() + b"\xff.jpg,anna,\n", "expected UTF-8"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        list(written(tmp_path, text).samples())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.csv: cannot be read"):
        list(CsvList(tmp_path / "gone.csv").samples())
