"""Progress goes to standard error and only where it helps."""

import io
import sys

import pytest

from facepad.cli.console import progress, shortened
from facepad.jobs import progress as jobs_progress


def test_nothing_is_written_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("checking", 9) as advance:
        advance()
    assert capsys.readouterr() == ("", "")


def test_a_long_run_without_a_terminal_tells_the_time_that_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 20.0])
    monkeypatch.setattr(jobs_progress, "monotonic", lambda: next(clock))
    with progress("scored", 10, done=2, lines=True) as advance:
        advance()
        advance()
    assert capsys.readouterr().err == "facepad: scored 4 of 10, 0.1/s, 1 min 0 s left\n"


def test_a_name_that_fits_is_whole() -> None:
    assert shortened("a.jpg", 5) == "a.jpg"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_the_terminal_takes_nothing_of_what_is_written_to_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, file = _Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", file)
    with progress("checking", 9) as advance:
        sys.stdout.write("{}\n")
        advance()
    assert file.getvalue() == "{}\n"
    assert "checking" in terminal.getvalue()
    assert "{}" not in terminal.getvalue()
