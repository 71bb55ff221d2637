"""Progress without a terminal."""

import pytest

from facepad.jobs import progress


def test_a_line_is_written_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, lines = 0.0, list[str]()
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    shown = progress.ProgressLines("scored nuaa", 1000, 500, lines.append)
    for _ in range(100):
        now += 0.25
        shown.advance()
    assert lines == [
        "scored nuaa 540 of 1,000, 4.0/s, 1 min 55 s left",
        "scored nuaa 580 of 1,000, 4.0/s, 1 min 45 s left",
    ]


def test_no_progress_is_shown_where_nobody_asks() -> None:
    progress.ignore()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (3600, "1 h 0 min")]
)
def test_a_duration_reads_well(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words
