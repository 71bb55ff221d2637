"""Every figure in README is printed by a command that stands beside it."""

import csv
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import outcomes  # noqa: E402 - lies among the benchmarks

README = (ROOT / "README.md").read_text()
TABLE = re.compile(r"<!-- outcomes: .*?-->\n(.*?)<!-- end -->", re.DOTALL)
FIGURE = re.compile(r"\d[\d.,]*\s*(?:%|ms\b|MB\b|points\b)|\bof (?:100|\d+)\b|(?<!\w)[.]\d+\b")


def test_the_table_of_results_is_what_the_command_beside_it_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks/outcomes.py"])
    outcomes.main()
    (shown,) = TABLE.findall(README)
    assert capsys.readouterr().out == shown
    assert "benchmarks/outcomes.py" in README.partition("<!-- end -->")[2][:200]


def test_readme_has_no_figure_outside_of_that_table() -> None:
    prose = TABLE.sub("", re.sub(r"```.*?```", "", README, flags=re.DOTALL))
    assert FIGURE.findall(prose) == []


@pytest.mark.parametrize(
    "file", sorted((ROOT / "docs/lab/scores").glob("*.csv")), ids=lambda f: f.stem
)
def test_stored_scores_name_no_file_and_no_picture(file: Path) -> None:
    with file.open(encoding="utf-8", newline="") as lines:
        columns = next(csv.reader(lines))
    assert columns[: len(outcomes.LABELS)] == list(outcomes.LABELS)
    assert "path" not in columns


def test_shares_of_each_kind_add_up() -> None:
    made_up = [
        {"label": "attack", "pai_species": "print", "subject": "a", "outcome": "attack"},
        {"label": "bona_fide", "pai_species": "", "subject": "a", "outcome": "bona_fide"},
        {"label": "bona_fide", "pai_species": "", "subject": "b", "outcome": "non_response"},
        {"label": "bona_fide", "pai_species": "", "subject": "b", "outcome": "uncertain"},
        {"label": "bona_fide", "pai_species": "", "subject": "b", "outcome": "attack"},
    ]
    genuine, prints = outcomes.shares("made up", made_up)
    assert (genuine.kind, genuine.presentations, genuine.people) == (outcomes.BONA_FIDE, 4, 2)
    assert (genuine.accepted, genuine.asked_again, genuine.rejected) == (25.0, 50.0, 25.0)
    assert (prints.kind, prints.rejected) == ("print", 100.0)
    assert "| print | 1 (1) | 0 | 0 | 100 |" in outcomes.table([genuine, prints])
