"""Work that is resumed, begun again, or refused."""

import errno
import json
import os
import re
from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.jobs.work_folder import LOCK, PROVENANCE, Provenance, WorkFolder

FACTS = {"dataset": "nuaa", "frames": "all"}


def folder(path: Path) -> WorkFolder:
    return WorkFolder(path / "work", re.compile(r"[0-9]+\.part"))


def begun(path: Path) -> WorkFolder:
    """A folder with one part and a stranger's file, left by an interrupted run."""
    work = folder(path)
    work.claim(FACTS, resume=False, force=False)
    (work.path / "1.part").write_text("done")
    (work.path / "notes.txt").write_text("mine")
    work.release()
    return work


def names(work: WorkFolder) -> set[str]:
    return {path.name for path in work.path.iterdir()}


def test_a_new_folder_keeps_the_facts(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.claim(FACTS, resume=True, force=False)
    assert json.loads((work.path / PROVENANCE).read_text()) == FACTS
    assert work.note == ""


def test_work_that_is_there_is_neither_resumed_nor_deleted_unasked(tmp_path: Path) -> None:
    work = begun(tmp_path)
    with pytest.raises(SettingsError, match="--resume resumes it, --force overwrites it"):
        work.claim(FACTS, resume=False, force=False)
    assert "1.part" in names(work)


def test_work_is_resumed_with_the_same_facts(tmp_path: Path) -> None:
    work = begun(tmp_path)
    work.claim(FACTS, resume=True, force=False)
    assert "1.part" in names(work)


def test_other_facts_are_all_named_with_both_values(tmp_path: Path) -> None:
    work = begun(tmp_path)
    with pytest.raises(SettingsError) as caught:
        work.claim({"dataset": "msu_mfsd", "size": 8}, resume=True, force=False)
    said = str(caught.value)
    assert "was started with dataset 'nuaa', not 'msu_mfsd'; with frames 'all', not none" in said
    assert "with size none, not 8. Give the same values to resume it" in said


def test_a_refused_run_does_not_keep_the_lock(tmp_path: Path) -> None:
    work = begun(tmp_path)
    with pytest.raises(SettingsError):
        work.claim({}, resume=True, force=False)
    folder(tmp_path).claim(FACTS, resume=True, force=False)


def test_to_begin_again_deletes_parts_and_nothing_else(tmp_path: Path) -> None:
    work, called = begun(tmp_path), []
    (work.path / ".1.part.77.tmp").write_text("half")
    work.claim({"dataset": "other"}, resume=False, force=True, begin=lambda: called.append(1))
    assert names(work) == {PROVENANCE, LOCK, "notes.txt"}
    assert called == [1]


def test_a_folder_that_another_run_uses_is_refused(tmp_path: Path) -> None:
    first, second = folder(tmp_path), folder(tmp_path)
    first.claim(FACTS, resume=False, force=False)
    with pytest.raises(SettingsError, match="another run is at work on it"):
        second.claim(FACTS, resume=True, force=False)
    first.release()
    second.claim(FACTS, resume=True, force=False)


def test_damaged_facts_are_refused(tmp_path: Path) -> None:
    work = begun(tmp_path)
    (work.path / PROVENANCE).write_text("{")
    with pytest.raises(SettingsError, match=r"order\.json is missing or damaged"):
        work.claim(FACTS, resume=True, force=False)


def test_a_file_in_place_of_the_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("")
    with pytest.raises(SettingsError, match="work cannot be used"):
        folder(tmp_path).claim(FACTS, resume=False, force=False)


def test_a_drive_without_locks_gives_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: int) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr("fcntl.flock", refused)
    work = folder(tmp_path)
    work.claim(FACTS, resume=False, force=False)
    assert "cannot be locked" in work.note


def test_work_that_another_run_begins_meanwhile_is_not_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder(tmp_path)

    def lock_after_another_run(*_: int) -> None:
        (other.path / "1.part").write_text("done")
        Provenance(other.path / PROVENANCE).write(FACTS)

    monkeypatch.setattr("fcntl.flock", lock_after_another_run)
    with pytest.raises(SettingsError, match="--resume resumes it"):
        folder(tmp_path).claim(FACTS, resume=False, force=False)
    assert "1.part" in names(other)


def test_a_folder_is_removed_with_its_lock(tmp_path: Path) -> None:
    work = folder(tmp_path)
    work.claim(FACTS, resume=False, force=False)
    work.remove()
    assert not work.path.exists()


def test_a_strangers_file_keeps_the_folder(tmp_path: Path) -> None:
    work = begun(tmp_path)
    work.remove()
    assert names(work) == {"notes.txt"}


def test_facts_may_lie_in_a_larger_object_and_hold_lists(tmp_path: Path) -> None:
    kept = Provenance(tmp_path / "a.json", key="order")
    kept.keep({"tests": ("a", "b")}, resumed=False)
    assert json.loads(kept.file.read_text()) == {"order": {"tests": ["a", "b"]}}
    kept.keep({"tests": ("a", "b")}, resumed=True)
    with pytest.raises(SettingsError, match=r"with tests \['a', 'b'\], not \['a'\]"):
        kept.keep({"tests": ["a"]}, resumed=True)


def test_a_message_names_the_output_and_not_the_file_of_facts(tmp_path: Path) -> None:
    kept = Provenance(tmp_path / "a.run.json", subject=tmp_path / "a.csv")
    with pytest.raises(SettingsError, match=r"a\.csv: .* since a\.run\.json is missing"):
        kept.keep({}, resumed=True)
