"""Tables of scores: manifests, the columns that are added, and files begun, resumed, refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad.decision import Decision
from facepad.errors import DatasetError, SettingsError
from facepad.jobs.csv_rows import encoded_row
from facepad.scoring.table import (
    AUDIT,
    Manifest,
    ScoresFile,
    decision_fields,
    error_fields,
    output_columns,
    presentation_columns,
    presentation_fields,
    read_manifest,
)
from facepad.types import CaptureQuality, Face, OperatingPoint, Outcome, Reason, Score

TESTS = ("quality", "blink")
NON_RESPONSE = Decision(
    Outcome.NON_RESPONSE,
    None,
    (Reason.NO_FACE, Reason.CLIP_TOO_SHORT),
    {"quality": Score(0.25), "blink": Score(None, Reason.CLIP_TOO_SHORT)},
    timings_ms={"total": 12.34},
)
OUTPUTS = ("score", "outcome")
ROWS = (("a.jpg", "1"), ('b,"\n\r.jpg', "=2"), ("c.jpg", "3"))
HEADER = b"path,x,score,outcome\n"
ADDED = ("score", "ms")


def test_a_decision_fills_its_columns() -> None:
    fields = dict(zip(output_columns(TESTS), decision_fields(NON_RESPONSE, TESTS), strict=True))
    assert fields == {
        "score": "",
        "outcome": "non_response",
        "reason": "no_face;clip_too_short",
        "quality_score": "0.250000",
        "blink_score": "",
        "ms": "12.3",
        **dict.fromkeys(AUDIT, ""),
    }


def test_a_row_says_what_the_score_was_decided_by() -> None:
    decision = Decision(
        Outcome.UNCERTAIN,
        0.75,
        (Reason.TOO_DARK,),
        {"quality": Score(0.75), "blink": Score(0.5)},
        operating_point=OperatingPoint("dev_eer", 0.5, 0.4, 0.6),
        face=Face((1, 2, 30, 40), 0.9, others=1),
        notes=("named .png but is JPEG", "1 other face in the picture"),
        capture=CaptureQuality((Reason.TOO_DARK,), {"luminance": 0.123456}),
        fusion="mean",
        calibration="kiosk-7+00000000",
        version="1.2.3",
    )
    fields = dict(zip(output_columns(TESTS), decision_fields(decision, TESTS), strict=True))
    assert {name: fields[name] for name in AUDIT} == {
        "interval": "",
        "threshold": "0.500000",
        "low": "0.400000",
        "high": "0.600000",
        "operating_point": "dev_eer",
        "fusion": "mean",
        "calibration": "kiosk-7+00000000",
        "facepad_version": "1.2.3",
        "face_box": "1 2 30 40",
        "other_faces": "1",
        "capture": '{"reasons": ["too_dark"], "measures": {"luminance": 0.1235}}',
        "notes": "named .png but is JPEG; 1 other face in the picture",
    }


def test_a_poor_capture_is_a_reason_of_every_test() -> None:
    decision = Decision(
        Outcome.UNCERTAIN,
        0.75,
        scores={"quality": Score(0.75), "blink": Score(0.5, Reason.UNFAMILIAR_CAMERA)},
        face=Face((1, 2, 30, 40), 0.9),
        capture=CaptureQuality((Reason.TOO_DARK,)),
    )
    row = dict(zip(presentation_columns(TESTS), presentation_fields(decision, TESTS), strict=True))
    assert (row["quality_reason"], row["blink_reason"]) == (
        "too_dark", "too_dark;unfamiliar_camera",
    )  # fmt: skip


def test_an_error_has_no_outcome() -> None:
    fields = error_fields("broken", len(output_columns(TESTS)))
    assert len(fields) == len(output_columns(TESTS))
    assert fields[1] == ""


def test_an_error_cannot_be_a_formula() -> None:
    assert error_fields("=cmd()", 6)[2].startswith("error: ")


def write_manifest(folder: Path, content: str | bytes) -> Path:
    file = folder / "in.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def test_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, "path\na/b.jpg\n"), ADDED)
    assert manifest.picture(0) == str(tmp_path / "a" / "b.jpg")


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    manifest = read_manifest(write_manifest(tmp_path, "path\n/a/b.jpg\n"), ADDED)
    assert manifest.picture(0) == "/a/b.jpg"


def test_other_columns_are_kept_as_they_are(tmp_path: Path) -> None:
    content = 'subject,path,note\n007,a.jpg,"one, ""two""\nthree"\n'
    manifest = read_manifest(write_manifest(tmp_path, content), ADDED)
    assert manifest.rows == (("007", "a.jpg", 'one, "two"\nthree'),)


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path: Path) -> None:
    file = write_manifest(tmp_path, b"\xef\xbb\xbfpath\r\na.jpg\r\n")
    assert read_manifest(file, ADDED).columns == ("path",)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    assert len(read_manifest(write_manifest(tmp_path, "\npath\n\na.jpg\n\n"), ADDED).rows) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got an empty file"),
        ("path\n", "expected at least one row"),
        ("file,subject\na.jpg,1\n", "expected a column 'path', got file, subject"),
        ("path,x,x\na.jpg,1,2\n", "got twice: x"),
        ("path,ms,score\na.jpg,1,2\n", "got ms, score; rename them"),
        ("path,x\na.jpg,1\nb.jpg\n", "line 3: expected 2 fields as in the header, got 1"),
        ('path\n"a.jpg\n', "expected CSV"),
        (b"path\n\xff.jpg\n", "expected UTF-8"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_told_why(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        read_manifest(write_manifest(tmp_path, content), ADDED)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no\.csv: cannot be read: No such file"):
        read_manifest(tmp_path / "no.csv", ADDED)


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
    with pytest.raises(SettingsError, match="--resume continues it, --force overwrites it"):
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
        pytest.raises(SettingsError, match="another run is at work on it"),
    ):
        ScoresFile(out, manifest, OUTPUTS, resume=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"my diary", "not a file of scores"),
        (b"path,score\n", "made with other tests or an earlier facepad"),
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


@given(st.lists(st.text(), min_size=2))
def test_a_row_is_whole_exactly_at_its_end(row: list[str]) -> None:
    row = [field.encode("utf-8", "ignore").decode() for field in row]
    record = encoded_row(row).encode()
    ends = [
        end
        for end in range(1, len(record) + 1)
        if record[end - 1 : end] == b"\n" and record[:end].count(b'"') % 2 == 0
    ]
    assert ends == [len(record)]


def test_a_presentation_has_the_columns_of_a_picture_first() -> None:
    count = len(output_columns(TESTS))
    assert presentation_columns(TESTS)[:count] == output_columns(TESTS)
