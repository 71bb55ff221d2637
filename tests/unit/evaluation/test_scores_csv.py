"""Score files of other systems, and what is wrong with them."""

from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.evaluation.scores_csv import Matched, match
from facepad.types import Split

LABELS = "key,label,pai_species,subject,split\n1,bona_fide,,a,dev\n2,attack,print,b,test\n"


def matched(tmp_path: Path, scores: str, labels: str = LABELS, **options: str) -> Matched:
    (tmp_path / "scores.csv").write_text(scores, encoding="utf-8")
    (tmp_path / "labels.csv").write_text(labels, encoding="utf-8")
    return match(tmp_path / "scores.csv", tmp_path / "labels.csv", **options)


def test_scores_stand_beside_their_labels_in_the_order_of_the_labels(tmp_path: Path) -> None:
    found = matched(tmp_path, "key,score\n2,-7.5\n1,1e3\n")
    assert [row.value for row in found.rows] == [1000.0, -7.5]
    assert [row.sample.split for row in found.rows] == [Split.DEV, Split.TEST]
    assert [row.sample.pai_species for row in found.rows] == [None, "print"]
    assert found.notices == ()


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "NA", "null"])
def test_a_missing_score_is_a_non_response(tmp_path: Path, cell: str) -> None:
    found = matched(tmp_path, f"key,score\n1,{cell}\n2,3\n")
    assert (found.rows[0].value, found.missing) == (None, 1)


def test_rows_without_a_partner_are_named_and_counted_on_either_side(tmp_path: Path) -> None:
    found = matched(tmp_path, "key,score\n2,3\nstranger,5\n")
    assert (found.unmatched_labels, found.unmatched_scores) == (("1",), ("stranger",))
    assert found.rows[0].value is None  # a row of labels is never left out in silence
    assert found.missing == 0
    assert found.notices == (
        "labels.csv has 1 rows with no row in scores.csv (counted as non-responses): 1",
        "scores.csv has 1 rows with no label in labels.csv (not counted): stranger",
    )


def test_many_rows_without_a_partner_are_named_in_part(tmp_path: Path) -> None:
    more = "".join(f"x{i},1\n" for i in range(8))
    found = matched(tmp_path, f"key,score\n1,1\n2,1\n{more}")
    assert found.notices[0].endswith("x0, x1, x2, x3, x4 and 3 more")


def test_the_column_of_the_path_names_rows_where_there_is_no_key(tmp_path: Path) -> None:
    labels = "path,label,subject\nfaces/1.jpg,bona_fide,a\n"
    found = matched(tmp_path, "path,score\nfaces/1.jpg,1\n", labels)
    assert found.rows[0].sample.path == str(tmp_path / "faces/1.jpg")
    assert found.rows[0].sample.split is Split.TEST


def test_columns_can_be_named(tmp_path: Path) -> None:
    labels = LABELS.replace("key", "clip")
    found = matched(
        tmp_path, "clip,score,liveness\n1,9,4\n2,9,5\n", labels, key="clip", score_column="liveness"
    )
    assert [row.value for row in found.rows] == [4.0, 5.0]


def test_outcomes_as_facepad_writes_them_are_understood(tmp_path: Path) -> None:
    found = matched(
        tmp_path, "key,score,outcome,reason\n1,0.9,non_response,no_face\n2,0.4,uncertain,\n"
    )
    assert (found.rows[0].value, found.rows[0].reason) == (None, "no_face")
    assert found.rows[1].abstained


def test_an_attack_without_a_species_is_of_an_unspecified_one(tmp_path: Path) -> None:
    found = matched(tmp_path, "key,score\n1,1\n", "key,label,subject\n1,attack,a\n")
    assert found.rows[0].sample.pai_species == "unspecified"


def test_subjects_carry_the_name_of_their_dataset(tmp_path: Path) -> None:
    labels = "key,label,subject,dataset\n1,bona_fide,0001,nuaa\n2,bona_fide,0001,other\n"
    found = matched(tmp_path, "key,score\n1,1\n2,1\n", labels)
    assert [row.sample.subject for row in found.rows] == ["nuaa/0001", "other/0001"]


def test_frames_of_one_video_name_their_presentation(tmp_path: Path) -> None:
    labels = "key,label,subject,presentation\n1,bona_fide,a,v\n2,bona_fide,a,v\n"
    found = matched(tmp_path, "key,score\n1,1\n2,1\n", labels)
    assert [row.presentation for row in found.rows] == ["v", "v"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    assert matched(tmp_path, "\ufeffkey,score\n1,1\n").rows[0].value == 1.0


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        ("key,score\n1,high\n", LABELS, "line 2: expected a finite score, got 'high'"),
        ("key,score\n1,inf\n", LABELS, "line 2: expected a finite score, got 'inf'"),
        ("key,score\n1,1\n1,2\n", LABELS, "line 3: '1' is already in line 2"),
        ("key,score\n1\n", LABELS, "line 2: expected 2 fields as in the header, got 1"),
        ("key,score\n", LABELS, "expected a row below the header"),
        ("", LABELS, "expected a header and at least one row"),
        ("key,mark\n1,1\n", LABELS, "expected a column 'score', got key, mark"),
        ("id,score\n1,1\n", LABELS, "need a column 'key' or 'path' in both"),
        ("key,key,score\n1,1,1\n", LABELS, "got twice: key"),
        ("key,score\n9,1\n", LABELS, "no row of .* has a label: in column 'key' it has '9'"),
        ("key,score\n,1\n", LABELS, "line 2: column 'key' is empty"),
        ('key,score\n"1,1\n', LABELS, "expected CSV, got"),
        ("key,score\n1,1\n", "key,label\n1,attack\n", "'subject'.* intervals count people"),
        ("key,score\n1,1\n", "key,label,subject\n1,real,a\n", "label is 'bona_fide' or 'attack'"),
        ("key,score\n1,1\n", "key,label,subject\n1,attack,\n", "column 'subject' is empty"),
        ("key,score\n1,1\n", LABELS.replace("dev", "devel"), "split is train, dev, test, got 'd"),
        ("key,score\n1,1\n", LABELS.replace(",,", ",print,"), "bona fide has no pai_species"),
        ("key,score\n1,1\n", LABELS.replace("print", "live"), "line 3: .*'live', which means bona"),
        ("key;score\n1;0,5\n", LABELS, "expected commas between the columns, got semicolons"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, scores: str, labels: str, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        matched(tmp_path, scores, labels)


def test_a_column_of_nearly_the_right_name_is_noticed(tmp_path: Path) -> None:
    found = matched(tmp_path, "key,score\n1,1\n2,2\n", LABELS.replace("split", "splits"))
    assert found.notices == (
        "column 'splits' of labels.csv has no meaning here; did you mean split?",
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.csv: cannot be read"):
        match(tmp_path / "gone.csv", tmp_path / "gone.csv")
