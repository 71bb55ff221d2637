"""The dialect of CSV input, and the words for labels."""

from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.jobs.csv_rows import (
    check_species,
    decoded_row,
    encoded_row,
    label_of,
    path_of_cell,
    read_csv,
    species_of,
)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "list.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_rows_have_line_numbers_and_cells_by_column(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, 'path,note\na.jpg,"two\nlines"\n\nb.jpg,x\n'))
    assert table.columns == ("path", "note")
    assert list(table.rows()) == [
        (3, {"path": "a.jpg", "note": "two\nlines"}),
        (5, {"path": "b.jpg", "note": "x"}),
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_makes_no_difference(tmp_path: Path, mark: bytes) -> None:
    assert read_csv(written(tmp_path, mark + "path\nä.jpg\n".encode())).cells == (("ä.jpg",),)


def test_backslashes_and_blanks_are_characters(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, 'path,b\na\\b.jpg, " x\n"say ""hi""", \n'))
    assert table.cells == (("a\\b.jpg", ' " x'), ('say "hi"', " "))


def test_blanks_around_cells_go_when_that_is_asked_for(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, "key , label\na, attack\n"), strip=True)
    assert list(table.rows()) == [(2, {"key": "a", "label": "attack"})]


def test_blanks_around_the_names_of_columns_go_always(tmp_path: Path) -> None:
    assert read_csv(written(tmp_path, "label, path ,x\n1, 2 ,3\n")).columns == (
        "label",
        "path",
        "x",
    )


@pytest.mark.parametrize(
    ("text", "words"), [("path;label\na.jpg;x,5\n", "semicolons"), ("path\tlabel\n", "tabs")]
)
def test_another_separator_than_the_comma_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=f"expected commas .*, got {words}: .*; save it as CSV"):
        read_csv(written(tmp_path, text))


@pytest.mark.parametrize(
    ("cell", "path"),
    [
        ("a\\1.jpg", "a/1.jpg"),
        ("a/1.jpg ", "a/1.jpg"),
        (" a\\1.jpg", "a/1.jpg"),
        ("b\\2.jpg", "b\\2.jpg"),
        ("c ", "c "),
        ("missing\\3.jpg", "missing/3.jpg"),
        ("zero\0byte\\", "zero\0byte/"),
    ],
)
def test_a_path_is_found_as_it_is_or_as_windows_writes_it(
    tmp_path: Path, cell: str, path: str
) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/1.jpg", "b\\2.jpg", "c "):
        (tmp_path / name).touch()
    assert path_of_cell(tmp_path, cell) == path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected a header and at least one row"),
        (b"path\n", "expected a row below the header"),
        (b"a,b\n1\n", "line 2: expected 2 fields as in the header, got 1"),
        (b"a,b\n1,2\n1,2,3\n", "line 3: expected 2 fields as in the header, got 3"),
        (b"a,b,a\n1,2,3\n", "each column is named once, got twice: a"),
        (b"a\n\xff\n", "expected UTF-8"),
        (b'a\n"open\n', "expected CSV"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        read_csv(written(tmp_path, text))


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        read_csv(tmp_path / "no.csv")
    assert str(caught.value) == f"{tmp_path / 'no.csv'}: cannot be read: No such file or directory"


def test_short_and_long_rows_are_filled_and_cut_when_that_is_asked_for(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, "a,b\n1\n1,2,3\n"), fill=True)
    assert table.cells == (("1", ""), ("1", "2"))


def test_a_file_may_be_empty_when_that_is_asked_for(tmp_path: Path) -> None:
    assert read_csv(written(tmp_path, ""), may_be_empty=True).columns == ()


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, "path,label\na,b\n"))
    table.require("path", "label")
    with pytest.raises(DatasetError, match="expected a column 'subject', got path, label"):
        table.require("label", "subject")


def test_a_column_of_nearly_the_right_name_is_named(tmp_path: Path) -> None:
    table = read_csv(written(tmp_path, "path,Species,splits,room\na,b,c,d\n"))
    with pytest.raises(
        DatasetError, match=r"got path, Species.*; did you mean Species\? Rename it"
    ):
        table.require("pai_species")
    assert table.near_misses(("path", "split", "session")) == (
        "column 'splits' of list.csv has no meaning here; did you mean split?",
    )


def test_labels_have_one_set_of_words() -> None:
    assert [label_of(True), label_of(False)] == ["bona_fide", "attack"]
    assert species_of("bona_fide", "") is None
    assert species_of("attack", "print") == "print"
    assert species_of("attack", "") == "unspecified"


@pytest.mark.parametrize(
    ("label", "species", "message"),
    [
        ("real", "", "label is 'bona_fide' or 'attack', got 'real'"),
        ("bona_fide", "print", "bona fide has no pai_species, got 'print'"),
    ],
)
def test_a_label_that_cannot_be_used_is_an_error(label: str, species: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        species_of(label, species)


@pytest.mark.parametrize(
    "word", ["bona_fide", "Bona Fide", "live", "REAL", "genuine", "none", "N/A", "0", "-"]
)
def test_a_word_for_bona_fide_is_no_species_of_an_attack(word: str) -> None:
    with pytest.raises(DatasetError, match=r"which means bona fide; leave it empty for bona fide"):
        species_of("attack", word)


@pytest.mark.parametrize("word", ["", "print", "mask", "1", "live_video_replay", "replay real"])
def test_other_words_are_species_as_they_are(word: str) -> None:
    assert check_species(word) == word


def test_a_written_row_is_read_back(tmp_path: Path) -> None:
    cells = ("a\\b", "c,d", 'say "hi"', "two\nlines", "\r", "", " ")
    header = tuple("abcdefg")
    file = written(tmp_path, encoded_row(header) + encoded_row(cells))
    assert read_csv(file).cells == (cells,)


def test_one_row_is_decoded_as_it_was_encoded() -> None:
    cells = ("a,b", "two\nlines", "", '"')
    assert decoded_row(encoded_row(cells).encode()) == cells


@pytest.mark.parametrize("record", [b'"open\n', b"\xff\n"])
def test_a_record_that_is_no_row_is_an_error(record: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded_row(record)
