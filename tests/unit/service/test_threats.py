"""The page about threats names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "service" / "threats.md").read_text()
ROWS = [line for line in PAGE.splitlines() if re.match(r"\| \d+ \|", line)]
NAMED = set(re.findall(r"`(test_\w+)`", PAGE))


def test_every_test_that_the_page_names_is_there() -> None:
    files = [*(ROOT / "tests" / "unit").rglob("*.py"), *(ROOT / "tests" / "e2e").glob("*.py")]
    text = "\n".join(path.read_text() for path in files)
    assert {name for name in NAMED if f"def {name}(" not in text} == set()


def test_all_24_threats_have_a_test_or_come_next() -> None:
    assert [int(row.split("|")[1]) for row in ROWS] == list(range(1, 25))
    assert all("`test_" in row or "next" in row.split("|")[4] for row in ROWS)
