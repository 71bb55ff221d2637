"""Atomic files and locks."""

import errno
import os
from pathlib import Path

import pytest

from facepad.errors import DatasetError, ModelError, SettingsError
from facepad.jobs.files import lock, replaced_file, write_file, writing_errors


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "a.txt", "grüße")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "grüße".encode()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]


def test_a_file_can_have_a_fixed_time(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"1", time_s=0)
    assert (tmp_path / "a").stat().st_mtime == 0


def test_a_block_that_fails_leaves_the_old_content_and_no_part(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), replaced_file(file) as part:
        part.write_text(f"{part.write_text('half') / 0}")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_temporary_file_may_lie_in_a_work_folder(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "a"
    work.mkdir()
    with replaced_file(out, part=work / "merged", durable=True) as part:
        part.write_text("new")
        assert part == work / "merged"
        assert not out.exists()
    assert out.read_text() == "new"
    assert not list(work.iterdir())


def test_two_blocks_on_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with replaced_file(file) as first, replaced_file(file, durable=True) as second:
        first.write_text("first")
        second.write_text("second")
    assert file.read_text() == "first"


def test_an_error_names_the_file_and_has_the_class_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match=r"file/a cannot be written: File exists"):
        write_file(tmp_path / "file" / "a", b"", error=ModelError)


def test_a_full_disk_is_an_error_of_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(DatasetError, match="a cannot be written: No space left"),
        writing_errors(tmp_path / "a"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_locked_file_is_refused_until_it_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    with file.open("ab") as first, file.open("ab") as second:
        assert lock(first.fileno(), file) == ""
        with pytest.raises(SettingsError, match="another run is at work on it"):
            lock(second.fileno(), file)
    with file.open("ab") as third:
        assert lock(third.fileno(), file) == ""


def test_a_drive_without_locks_gives_a_note_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refused)
    with (tmp_path / "a").open("ab") as file:
        assert "do not start a second run" in lock(file.fileno(), tmp_path / "a")
