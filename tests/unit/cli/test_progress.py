"""Progress goes to standard error and only where it helps."""

import pytest

from facepad.cli import progress as module
from facepad.cli.progress import duration, progress


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
    monkeypatch.setattr(module, "monotonic", lambda: next(clock))
    with progress("scored", 10, done=2, lines=True) as advance:
        advance()
        advance()
    assert capsys.readouterr().err == "facepad: scored 4 of 10, 0.1/s, 1 min 0 s left\n"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (3600, "1 h 0 min")]
)
def test_a_duration_reads_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words
