"""The state folder: one server at a time has it."""

from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.service.records.jobs import Job
from facepad.service.state import hold, open_state
from facepad.service.store import utc_now


def test_a_second_server_does_not_get_the_state_folder(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(SettingsError, match="stop the other `facepad serve`"):
        hold(tmp_path)


def test_the_state_folder_is_free_once_a_server_has_ended(tmp_path: Path) -> None:
    hold(tmp_path).close()
    hold(tmp_path).close()
    assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


def test_a_start_is_noted_with_the_jobs_that_did_not_end(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    state = open_state(tmp_path)
    state.jobs.add(Job("job_1", "key:a", "calibration", utc_now()))
    state.idempotency.begin("key:a", "k", b"")
    state.begin()
    state.begin()
    entries = [(entry.action, dict(entry.details)) for entry in state.audit.entries()]
    started: tuple[str, dict[str, object]] = ("service.started", {})
    assert entries == [started, ("jobs.interrupted", {"count": 1}), started]
    assert state.idempotency.begin("key:a", "k", b"") is None
    state.store.close()


def test_a_folder_that_cannot_be_locked_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"lock cannot be locked \(No such file"):
        hold(tmp_path / "missing")
