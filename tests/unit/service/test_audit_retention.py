"""The audit log over time: old entries are deleted, and what is left still proves itself."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facepad.service import audit as audit_module
from facepad.service.audit import AuditLog, DamagedLogError
from facepad.service.records.checkpoints import Checkpoint
from facepad.service.store import FILE, Store

SECRET = bytes(range(32))
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
YEAR = timedelta(days=365)
TRIGGERS = (
    *("audit_log_no_UPDATE", "audit_log_no_DELETE"),
    *("audit_anchor_no_UPDATE", "audit_anchor_no_DELETE"),
    *("audit_checkpoints_no_UPDATE", "audit_checkpoints_no_DELETE"),
)

ACTS = (
    "UPDATE audit_log SET {column} = {column} || 'x' WHERE seq = {at}",
    "DELETE FROM audit_log WHERE seq = {at}",
    "DELETE FROM audit_log WHERE seq >= {at}",
    "rewrite",
)


class Clock:
    """Time that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(database: Store, clock: Clock) -> AuditLog:
    """Five entries of today and, after two years, three more."""
    log = AuditLog(database, SECRET, clock)
    write(log, 5)
    clock.now += 2 * YEAR
    write(log, 3)
    return log


def write(log: AuditLog, entries: int) -> None:
    for number in range(entries):
        log.append("key:aaaa", "liveness.judged", f"req_{number}", {"decision": "live"})


def change(folder: Path, *statements: str) -> None:
    """Change the database as somebody with access to the file could."""
    connection = sqlite3.connect(folder / FILE)
    connection.execute("PRAGMA synchronous=OFF")
    for name in TRIGGERS:
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_old_entries_are_deleted_and_the_rest_verifies(log: AuditLog, clock: Clock) -> None:
    assert log.purge(YEAR) == 5
    assert [entry.seq for entry in log.entries()] == [6, 7, 8, 9]
    purged = log.entries()[-1]
    assert (purged.action, purged.details) == ("audit.purged", {"first": 1, "last": 5})
    check = log.verify()
    assert (check.problems, check.entries, check.first) == ((), 4, 6)
    assert check.purged_at == "2028-11-22T09:00:00.000Z"
    clock.now += 2 * YEAR
    write(log, 1)
    assert log.purge(YEAR) == 4  # a second time
    assert log.verify().is_intact
    assert log.verify().first == 10


def test_entries_are_deleted_a_day_s_worth_at_a_time(log: AuditLog, clock: Clock) -> None:
    clock.now = NOW + YEAR + timedelta(hours=23)
    assert log.purge(YEAR) == 0
    clock.now = NOW + YEAR + timedelta(hours=25)
    assert log.purge(YEAR) == 5


def test_the_last_entry_is_never_deleted(log: AuditLog, clock: Clock) -> None:
    clock.now += 9 * YEAR
    assert log.purge(YEAR) == 7
    assert [entry.seq for entry in log.entries()] == [8, 9]
    assert log.verify().is_intact


def test_many_entries_are_deleted_in_parts(log: AuditLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "_MOST_PURGED", 2)
    assert [log.purge(YEAR) for _ in range(4)] == [2, 2, 1, 0]
    assert log.verify().is_intact


def test_a_log_that_was_changed_is_not_deleted(log: AuditLog, tmp_path: Path) -> None:
    change(tmp_path, "UPDATE audit_log SET actor = 'key:mine' WHERE seq = 2")
    with pytest.raises(DamagedLogError, match="entry 2 was changed"):
        log.purge(YEAR)
    assert len(log.entries()) == 8


@pytest.mark.parametrize(
    "act",
    [
        "DELETE FROM audit_log WHERE seq = 6",
        "UPDATE audit_log SET actor = 'x'",
        "DELETE FROM audit_anchor",
        "UPDATE audit_anchor SET seq = 1",
        "DELETE FROM audit_checkpoints",
        "UPDATE audit_checkpoints SET seq = 1",
    ],
)
def test_after_a_purge_the_database_refuses_to_change_an_entry(
    log: AuditLog, tmp_path: Path, act: str
) -> None:
    log.purge(YEAR)
    log.checkpoint()
    connection = sqlite3.connect(tmp_path / FILE)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(act)
    connection.close()


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        ("UPDATE audit_anchor SET seq = 6", "seal of the anchor"),
        ("UPDATE audit_anchor SET hash = 'x'", "seal of the anchor"),
        ("UPDATE audit_anchor SET at = ''", "seal of the anchor"),
        ("UPDATE audit_anchor SET seal = 'x'", "seal of the anchor"),
        ("DELETE FROM audit_anchor", "entry 1 is missing; the next one has number 6"),
        ("DELETE FROM audit_log WHERE seq = 6", "entry 6 is missing"),
        ("INSERT INTO audit_log VALUES (5, '', '', '', '', '{}', '')", "entry 5 lies before"),
    ],
)
def test_a_changed_start_of_the_log_is_found(
    log: AuditLog, tmp_path: Path, act: str, problem: str
) -> None:
    log.purge(YEAR)
    change(tmp_path, act)
    assert any(problem in one for one in log.verify().problems)


def test_a_checkpoint_is_the_end_of_the_log(log: AuditLog) -> None:
    made = log.checkpoint()
    assert made == Checkpoint(8, log.head()[1], "2028-11-22T09:00:00.000Z", 8)
    assert log.checkpoint() == made  # nothing was written since
    log.purge(YEAR)
    later = log.checkpoint()
    assert later is not None
    assert (later.seq, later.entries) == (9, 4)


def test_a_log_without_entries_has_no_checkpoint(database: Store) -> None:
    assert AuditLog(database, SECRET).checkpoint() is None


def test_checkpoints_of_deleted_entries_are_counted_and_prove_nothing_alone(log: AuditLog) -> None:
    early = Checkpoint(3, log.entries()[2].hash)
    at_the_cut, late = Checkpoint(5, log.entries()[4].hash), log.checkpoint()
    assert late is not None
    log.purge(YEAR)
    check = log.verify(checkpoints=(early, at_the_cut, late))
    assert (check.problems, check.unchecked) == ((), 1)
    (problem,) = log.verify(checkpoints=(early,)).problems
    assert "none could be checked" in problem
    replaced = Checkpoint(5, early.hash)
    assert any("entry 5 is not that" in one for one in log.verify(None, (replaced,)).problems)


def test_an_end_that_was_cut_off_with_an_older_seal_is_found_by_a_checkpoint(
    database: Store, tmp_path: Path
) -> None:
    log = AuditLog(database, SECRET, Clock())
    write(log, 3)
    with sqlite3.connect(tmp_path / FILE) as connection:
        seal = connection.execute("SELECT seq, hash, hex(seal) FROM audit_head").fetchone()
    connection.close()
    write(log, 3)
    made = log.checkpoint()
    assert made is not None
    put_back = f"UPDATE audit_head SET seq={seal[0]}, hash='{seal[1]}', seal=x'{seal[2]}'"  # noqa: S608
    change(tmp_path, "DELETE FROM audit_log WHERE seq > 3", put_back)
    assert "checkpoint" in log.verify().problems[0]  # by the copy in the database
    for _ in range(3):
        log.append("key:aaaa", "liveness.judged", "another")
    assert log.checkpoint() == Checkpoint(6, log.head()[1], log.entries()[-1].at, 6)
    (problem,) = log.verify().problems  # the number was used again
    assert problem.startswith("entry 6 is not that of the checkpoint of ")
    change(tmp_path, "DELETE FROM audit_log WHERE seq > 3", put_back)
    change(tmp_path, "DELETE FROM audit_checkpoints")
    assert log.verify().is_intact
    (problem,) = log.verify(checkpoints=(made,)).problems
    assert problem.startswith("the log ends at entry 3, but the checkpoint of ")
    assert problem.endswith("has entry 6: the end was cut off, or this is another log")


def rewrite(log: AuditLog, folder: Path, entries: Sequence[str]) -> None:
    """Write the log anew, as somebody who has the secret could."""
    change(
        folder,
        "DELETE FROM audit_log",
        "DELETE FROM audit_head",
        "DELETE FROM audit_anchor",
        "DELETE FROM audit_checkpoints",
    )
    for name in entries:
        log.append("key:aaaa", "liveness.judged", name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_change_of_a_log_goes_unnoticed_with_a_checkpoint(
    open_store: Callable[[Path], Store],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    folder, clock = tmp_path_factory.mktemp("state"), Clock()
    store = open_store(folder)
    log = AuditLog(store, SECRET, clock)
    write(log, data.draw(st.integers(1, 5), label="old"))
    clock.now += 2 * YEAR
    write(log, data.draw(st.integers(1, 5), label="new"))
    if data.draw(st.booleans(), label="purged"):
        log.purge(YEAR)
    made = log.checkpoint()
    assert made is not None
    write(log, data.draw(st.integers(0, 2), label="after"))
    assert log.verify(checkpoints=(made,)).is_intact
    numbers = [entry.seq for entry in log.entries()]
    at = data.draw(st.sampled_from([one for one in numbers if one <= made.seq]), label="entry")
    column = data.draw(st.sampled_from(["at", "actor", "action", "object", "hash"]))
    act = data.draw(st.sampled_from(ACTS))
    if act == "rewrite":
        rewrite(log, folder, [f"req_{number}" for number in range(at)])
        assert log.verify().is_intact  # without the checkpoint
    else:
        change(folder, act.format(column=column, at=at))
    assert not log.verify(checkpoints=(made,)).is_intact
    store.close()
