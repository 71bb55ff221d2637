"""Errors become one line and an exit code; no traceback leaves."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from typer import Exit
from typer.testing import CliRunner

from facepad import __version__
from facepad.cli.app import app
from facepad.cli.errors import DEBUG_VARIABLE, caught_faults, code_of, mapped_errors
from facepad.errors import (
    DatasetError,
    FacepadError,
    InputError,
    ModelError,
    SettingsError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError, 2),
        (ModelError, 3),
        (DatasetError, 4),
        (SettingsError, 4),
        (FacepadError, 70),
    ],
)
def test_every_error_has_its_exit_code(error: type[FacepadError], code: int) -> None:
    assert code_of(error("what")) == code


def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit), mapped_errors():
        raise ModelError("no weights\nat all")
    assert capsys.readouterr() == ("", "facepad: error: no weights\\nat all\n")


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exit) as ended, mapped_errors():
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == "facepad: interrupted\n"


def test_a_fault_tells_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, caught_faults():
        raise ZeroDivisionError("by zero")
    assert ended.value.code == 70
    assert capsys.readouterr().err == (
        "facepad: internal error: ZeroDivisionError: by zero; "
        f"set {DEBUG_VARIABLE}=1 to see where, and please report it\n"
    )


@pytest.mark.parametrize("edge", [mapped_errors, caught_faults])
def test_debugging_keeps_the_traceback(
    edge: Callable[[], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    with pytest.raises(ModelError), edge():
        raise ModelError("no weights")


def test_closed_descriptors_become_the_null_device() -> None:
    code = (
        "import os; os.closerange(0, 2); from facepad.cli.errors import prepare_streams; "
        "prepare_streams(); assert os.open('/dev/null', os.O_RDONLY) > 2"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"facepad {__version__}\n")


def test_a_misspelled_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_THREAD", "4")
    result = CliRunner().invoke(app, ["models", "list", "--json"])
    assert result.exit_code == 0
    assert result.stderr == (
        "facepad: FACEPAD_THREAD is not a setting and was ignored; did you mean FACEPAD_THREADS?\n"
    )


def test_a_gate_is_told_which_policy_to_use() -> None:
    text = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["check", "--help"]).stdout
    assert "A gate should use this one" in text
