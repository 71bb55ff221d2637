"""`facepad service`: keys are shown once, and the audit log is verified."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from facepad.cli.app import app
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
