"""`facepad service`: keys are shown once, and the audit log is verified."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from facepad.cli.app import app
from facepad.service.audit import AuditLog
from facepad.service.records.checkpoints import Checkpoint
from facepad.service.state import open_state


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("FACEPAD_STATE_DIR", str(folder))
    monkeypatch.setattr(
        "facepad.service.store._PRAGMAS", ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF")
    )
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["service", *arguments], env={"COLUMNS": "200"})


def test_a_key_is_made_shown_once_listed_and_revoked(folder: Path) -> None:
    made = run("apikey", "create", "backend", "--scope", "liveness:write", "--expires", "90")
    text, said = made.stdout.strip(), made.stderr
    assert made.exit_code == 0
    assert "shown this once" in said
    listed = run("apikey", "list", "--json")
    (key,) = json.loads(listed.stdout)["keys"]
    assert (key["name"], key["scopes"], key["state"]) == ("backend", ["liveness:write"], "active")
    assert text[22:65] not in listed.stdout
    assert f"revoked {key['id']} (backend)" in run("apikey", "revoke", key["id"]).stdout
    state = open_state(folder)
    assert state.keys.find(text) is None
    state.store.close()
    assert "revoked" in run("apikey", "list").stdout


@pytest.mark.usefixtures("folder")
def test_a_list_without_keys_shows_how_to_make_one() -> None:
    assert "facepad service apikey create NAME" in run("apikey", "list").stdout


@pytest.mark.usefixtures("folder")
def test_a_key_with_every_scope_is_short_in_the_list() -> None:
    made = json.loads(run("apikey", "create", "all", "--json").stdout)
    assert made["key"].startswith("fpk_live_")
    assert " all " in run("apikey", "list").stdout


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("create", "a b"), "the name of a key must be"),
        (("create", "a", "--scope", "live:write"), "unknown scope 'live:write'; did you mean"),
        (("revoke", "nope"), "unknown API key 'nope'"),
    ],
)
def test_what_cannot_be_done_is_named(arguments: tuple[str, ...], message: str) -> None:
    done = run("apikey", *arguments)
    assert done.exit_code == 4
    assert message in done.stderr


def test_the_audit_log_is_verified_and_a_change_is_found(folder: Path) -> None:
    run("apikey", "create", "a")
    good = run("audit", "verify")
    assert good.exit_code == 0
    assert good.stdout.startswith("1 entry verified, head sha256:")
    known = good.stdout.split()[-1]
    run("apikey", "create", "b")
    assert run("audit", "verify", "--known", known).exit_code == 0
    with sqlite3.connect(folder / "service.sqlite3") as connection:
        connection.execute("DROP TRIGGER audit_log_no_UPDATE")
        connection.execute("UPDATE audit_log SET actor = 'key:mine' WHERE seq = 1")
    connection.close()
    bad = run("audit", "verify")
    assert bad.exit_code == 4
    assert "entry 1 was changed" in bad.stderr
    assert json.loads(run("audit", "verify", "--json").stdout)["intact"] is False


def test_a_state_folder_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FACEPAD_STATE_DIR", str(tmp_path / "file"))
    done = run("apikey", "list")
    assert done.exit_code == 4
    assert "set FACEPAD_STATE_DIR to a folder of your own" in done.stderr


def cut(folder: Path, seq: int) -> None:
    """Delete the end of the audit log, as somebody with access to the file could."""
    connection = sqlite3.connect(folder / "service.sqlite3")
    for name in ("audit_log_no_DELETE", "audit_checkpoints_no_DELETE"):
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    for table in ("audit_log", "audit_checkpoints"):
        connection.execute(f"DELETE FROM {table} WHERE seq >= ?", (seq,))  # noqa: S608
    connection.commit()
    connection.close()


def test_a_checkpoint_shows_later_that_the_end_was_cut_off(folder: Path, tmp_path: Path) -> None:
    run("apikey", "create", "a")
    run("apikey", "create", "b")
    kept = tmp_path / "kept.jsonl"
    kept.write_text(made := run("audit", "checkpoint").stdout)
    assert made.count("\n") == 1
    assert json.loads(made)["seq"] == 2
    assert run("audit", "checkpoint").stdout == made  # nothing was written since
    good = run("audit", "verify", "--checkpoint", str(kept))
    assert (good.exit_code, good.stdout.splitlines()[1]) == (
        0,
        "1 checkpoint found in the log, unchanged",
    )
    cut(folder, 2)
    bad = run("audit", "verify", "--checkpoint", str(kept))
    assert bad.exit_code == 4
    assert "has entry 2: the end was cut off" in bad.stderr


@pytest.mark.usefixtures("folder")
def test_a_checkpoint_is_read_from_standard_input() -> None:
    run("apikey", "create", "a")
    made = run("audit", "checkpoint").stdout
    arguments = ["service", "audit", "verify", "--checkpoint", "-", "--json"]
    done = CliRunner().invoke(app, arguments, input=made)
    assert json.loads(done.stdout) == {
        "intact": True,
        "entries": 1,
        "head": json.loads(made)["hash"],
        "problems": [],
        "first": 1,
        "purged_at": None,
        "checkpoints": 1,
        "checkpoints_too_old": 0,
    }


def test_a_purged_log_is_verified_from_where_it_begins(folder: Path) -> None:
    state = open_state(folder)
    secret = bytes.fromhex((folder / "secret").read_text())
    old = AuditLog(state.store, secret, lambda: datetime(2020, 1, 1, tzinfo=UTC))
    early = Checkpoint(1, old.append("operator", "apikey.created", "key:a").hash)
    old.append("operator", "apikey.created", "key:b")
    state.audit.append("operator", "apikey.created", "key:c")
    assert state.audit.purge(timedelta(days=365)) == 2
    state.store.close()
    done = run("audit", "verify")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].startswith("from entry 3 on; earlier ones were deleted")
    made = run("audit", "checkpoint").stdout
    arguments = ["service", "audit", "verify", "--checkpoint", "-"]
    both = CliRunner().invoke(app, arguments, input=f"{early.line()}\n{made}")
    assert both.stdout.splitlines()[2:] == [
        "1 checkpoint found in the log, unchanged",
        "1 checkpoint of deleted entries not checked",
    ]


@pytest.mark.usefixtures("folder")
def test_an_empty_log_has_no_checkpoint() -> None:
    done = run("audit", "checkpoint")
    assert done.exit_code == 4
    assert "the audit log has no entry yet" in done.stderr


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "cannot be read: No such file"), ("x", "is no checkpoint; expected lines as")],
)
def test_a_file_of_checkpoints_that_cannot_be_read_is_named(
    tmp_path: Path, text: str | None, message: str
) -> None:
    file = tmp_path / "kept.txt"
    if text is not None:
        file.write_text(text)
    done = run("audit", "verify", "--checkpoint", str(file))
    assert done.exit_code == 2
    assert message in done.stderr
