"""The audit log: a chain that any change breaks and that kill -9 does not."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from facepad.service.audit import AuditLog
from facepad.service.records.chain import ZERO
from facepad.service.store import Store

SECRET = bytes(range(32))


@pytest.fixture
def log(database: Store) -> AuditLog:
    log = AuditLog(database, SECRET)
    for number in range(5):
        log.append("key:aaaa", "liveness.judged", f"req_{number}", {"decision": "live"})
    return log


def changed(folder: Path, *statements: str) -> None:
    """Change the database as somebody with access to the file could."""
    with sqlite3.connect(folder / "service.sqlite3") as connection:
        for act in ("UPDATE", "DELETE"):
            connection.execute(f"DROP TRIGGER audit_log_no_{act}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_entries_are_numbered_from_one_and_verify(log: AuditLog) -> None:
    assert [entry.seq for entry in log.entries()] == [1, 2, 3, 4, 5]
    check = log.verify()
    assert (check.entries, check.head, check.problems) == (5, log.entries()[-1].hash, ())


def test_an_empty_log_verifies(database: Store) -> None:
    check = AuditLog(database, SECRET).verify()
    assert (check.is_intact, check.entries, check.head) == (True, 0, ZERO)


def test_entries_are_read_in_parts(log: AuditLog) -> None:
    assert [entry.seq for entry in log.entries(after=2, most=2)] == [3, 4]


@pytest.mark.parametrize("act", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_database_refuses_to_change_an_entry(log: AuditLog, tmp_path: Path, act: str) -> None:
    with (
        sqlite3.connect(tmp_path / "service.sqlite3") as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(act)
    connection.close()
    assert log.verify().is_intact


@pytest.mark.parametrize(
    ("act", "problem"),
    [
        ("UPDATE audit_log SET actor = 'key:bbbb' WHERE seq = 3", "entry 3 was changed"),
        ("UPDATE audit_log SET at = 'x' WHERE seq = 1", "entry 1 was changed"),
        ("UPDATE audit_log SET details = '{}' WHERE seq = 5", "entry 5 was changed"),
        ("UPDATE audit_log SET details = '{' WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM audit_log WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM audit_log WHERE seq > 3", "ends at entry 3, but its seal is of entry 5"),
        ("DELETE FROM audit_log", "ends at entry 0"),
        ("DELETE FROM audit_head", "seal of the last entry is missing"),
        ("INSERT INTO audit_log VALUES (6, '', 'a', 'b', 'c', '{}', 'sha256:0')", "entry 6 was"),
    ],
)
def test_every_change_of_the_file_is_found(
    log: AuditLog, tmp_path: Path, act: str, problem: str
) -> None:
    changed(tmp_path, act)
    assert any(problem in one for one in log.verify().problems)


@pytest.mark.parametrize(
    "acts",
    [
        ("DELETE FROM audit_log WHERE seq > 3",),
        ("DELETE FROM audit_log WHERE seq > 3", "DELETE FROM audit_head"),
        ("DELETE FROM audit_log WHERE seq > 3", "UPDATE audit_head SET seq = 3"),
        ("UPDATE audit_head SET seq = 999999999999",),
        ("UPDATE audit_head SET seal = 'x'",),
        ("UPDATE audit_head SET seq = 2",),
        ("DELETE FROM audit_head",),
    ],
)
def test_a_change_stays_visible_when_the_service_goes_on(
    log: AuditLog, tmp_path: Path, acts: tuple[str, ...]
) -> None:
    changed(tmp_path, *acts)
    for number in range(3):
        log.append("key:aaaa", "liveness.judged", f"req_{number}")
        assert log.verify().problems
    assert log.entries()[-1].seq < 10


def test_a_chain_that_was_written_anew_without_the_secret_is_found(
    log: AuditLog, database: Store, tmp_path: Path
) -> None:
    changed(tmp_path, "DELETE FROM audit_log", "DELETE FROM audit_head")
    forged = AuditLog(database, bytes(32))
    forged.append("key:aaaa", "liveness.judged", "req_0", {"decision": "spoof"})
    assert log.verify().problems == (
        "the seal of the last entry does not fit: another secret, or a forged log",
    )


def test_a_noted_hash_proves_that_nothing_before_it_was_replaced(
    log: AuditLog, tmp_path: Path
) -> None:
    noted = log.head()[1]
    log.append("operator", "service.started", "service")
    assert log.verify(noted).is_intact
    changed(tmp_path, "DELETE FROM audit_log", "DELETE FROM audit_head")
    assert log.verify().is_intact  # who has the secret can begin anew, but for the noted hash
    assert log.verify(noted).problems == (
        "the known hash is not in the log: entries were removed or replaced",
    )


@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred", "<script>", "\U0001f600", "x" * 201])
def test_text_of_strangers_does_not_enter_the_log(log: AuditLog, text: str) -> None:
    entry = log.append(text, text, text, {text: text, "names": [text]})
    shown = {entry.actor, entry.action, entry.object, entry.details["[removed]"]}
    assert shown == {"[removed]"}
    assert entry.details["names"] == ["[removed]"]
    assert log.verify().is_intact


def test_an_act_that_fails_leaves_no_entry(database: Store) -> None:
    log = AuditLog(database, SECRET)
    with contextlib.suppress(ZeroDivisionError), database.write() as connection:
        log.append("operator", "apikey.created", "key:a", within=connection)
        _ = 1 / 0
    assert log.entries() == []


KILLS = """
import os, signal, sys, time
from pathlib import Path
from facepad.service.audit import AuditLog
from facepad.service.store import Store

def append_for_ever(folder, out):
    log = AuditLog(Store(folder), bytes(range(32)))
    while True:
        seq = log.append("key:aaaa", "liveness.judged", "req", {"decision": "live"}).seq
        os.write(out, seq.to_bytes(4, "big"))

folder, acknowledged = Path(sys.argv[1]), 0
for number in range(15):
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        append_for_ever(folder, write)
    os.close(write)
    first = os.read(read, 4)
    time.sleep(0.001 * number)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with open(read, "rb") as pipe:
        rest = pipe.read()
    acknowledged = int.from_bytes((first + rest)[-4:], "big")
    store = Store(folder)
    log = AuditLog(store, bytes(range(32)))
    check = log.verify()
    assert check.problems == (), check
    assert check.entries >= acknowledged, (check, acknowledged)
    log.append("operator", "service.started", "service")
    store.close()
print("verified")
"""


@pytest.mark.slow
def test_a_log_whose_writer_is_killed_at_any_moment_verifies(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("verified\n", "")
