"""The file of scores: begun, gone on with, refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.errors import DatasetError, SettingsError
from facepad.scoring.manifest import Manifest
from facepad.scoring.scores_file import ScoresFile, _encoded

OUTPUTS = ("score", "outcome")
ROWS = (("a.jpg", "1"), ('b,"\n\r.jpg', "=2"), ("c.jpg", "3"))
HEADER = b"path,x,score,outcome\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    file = tmp_path / "in.csv"
    file.touch()
    return Manifest(file, ("path", "x"), ROWS)


def write(out: Path, manifest: Manifest, *, resume: bool = False) -> int:
    """Write the rows that are missing; gives how many were there."""
    with ScoresFile(out, manifest, OUTPUTS, resume=resume) as scores:
        for row in manifest.rows[scores.done :]:
            scores.append((*row, "0.5", "attack"))
        return scores.done


@pytest.fixture
def whole(tmp_path: Path, manifest: Manifest) -> bytes:
    write(tmp_path / "whole.csv", manifest)
    return (tmp_path / "whole.csv").read_bytes()


def test_a_file_killed_at_any_byte_is_gone_on_with_to_the_same_file(
    tmp_path: Path, manifest: Manifest, whole: bytes
) -> None:
    out = tmp_path / "out.csv"
    for cut in range(len(whole) + 1):
        out.write_bytes(whole[:cut])
        write(out, manifest, resume=True)
        assert out.read_bytes() == whole, f"cut at byte {cut}"


def test_rows_that_are_there_are_not_done_again(
    tmp_path: Path, manifest: Manifest, whole: bytes
) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(whole[:-1])
    assert write(out, manifest, resume=True) == len(ROWS) - 1


def test_a_file_that_is_there_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    out = tmp_path / "out.csv"
    out.touch()
    with pytest.raises(SettingsError, match="--resume goes on with it, --force begins again"):
        ScoresFile(out, manifest, OUTPUTS)


def test_force_begins_again(tmp_path: Path, manifest: Manifest) -> None:
    out = tmp_path / "out.csv"
    out.write_text("something else\n")
    with ScoresFile(out, manifest, OUTPUTS, force=True) as scores:
        assert scores.done == 0
    assert out.read_bytes() == HEADER


def test_the_manifest_is_never_written_over(manifest: Manifest) -> None:
    with pytest.raises(SettingsError, match="is the manifest"):
        ScoresFile(manifest.file, manifest, OUTPUTS, force=True)


def test_two_runs_do_not_write_one_file(tmp_path: Path, manifest: Manifest) -> None:
    out = tmp_path / "out.csv"
    with (
        ScoresFile(out, manifest, OUTPUTS),
        pytest.raises(SettingsError, match="another run is writing it"),
    ):
        ScoresFile(out, manifest, OUTPUTS, resume=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"my diary", "not a file of scores"),
        (b"path,score\n", "made with other columns"),
        (HEADER + b"b.jpg,1,0.5,attack\n", "row 1: expected a.jpg, 1"),
        (HEADER + b"a.jpg,1\n", "row 1: expected a.jpg, 1"),
        (HEADER + b"\xff,1,2,3\n", "not a file of scores"),
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_is(
    tmp_path: Path, manifest: Manifest, content: bytes, message: str
) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        ScoresFile(out, manifest, OUTPUTS, resume=True)
    assert out.read_bytes() == content


def test_a_file_with_more_rows_than_the_manifest_is_refused(
    tmp_path: Path, manifest: Manifest, whole: bytes
) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(whole + b"d.jpg,4,0.5,attack\n")
    with pytest.raises(DatasetError, match="has more rows than"):
        ScoresFile(out, manifest, OUTPUTS, resume=True)


def test_rows_without_outcome_are_counted(tmp_path: Path, manifest: Manifest) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(HEADER + b"a.jpg,1,,\n")
    with ScoresFile(out, manifest, OUTPUTS, resume=True) as scores:
        assert scores.errors == 1


@given(st.lists(st.text(), min_size=2))
def test_a_row_is_whole_exactly_at_its_end(row: list[str]) -> None:
    row = [field.encode("utf-8", "ignore").decode() for field in row]
    record = _encoded(row)
    ends = [
        end
        for end in range(1, len(record) + 1)
        if record[end - 1 : end] == b"\n" and record[:end].count(b'"') % 2 == 0
    ]
    assert ends == [len(record)]
