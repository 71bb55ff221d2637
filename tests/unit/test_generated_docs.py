"""Pages that are made from data are as the data say; the index lists every page."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import architecture  # noqa: E402 - as generate_docs needs it
import generate_docs  # noqa: E402 - lies beside the package

DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(([^)#]+\.md)")


@pytest.mark.parametrize("page", generate_docs.pages(), ids=lambda page: page.name)
def test_a_generated_page_is_up_to_date(page: Path) -> None:
    expected = generate_docs.pages()[page]
    assert page.read_text() == expected, "run: python scripts/generate_docs.py"


def test_the_table_of_layers_is_found_and_replaced() -> None:
    old = f"before\n<!-- layers: {generate_docs.GENERATED} -->\nold\n<!-- end -->\nafter\n"
    new = generate_docs.contributing(old)
    assert "old" not in new
    assert generate_docs.layer_table(architecture.LAYERS) in new


def test_the_index_lists_every_page() -> None:
    linked = {(DOCS / link).resolve() for link in LINK.findall((DOCS / "index.md").read_text())}
    pages = {page for page in DOCS.rglob("*.md") if page.name != "index.md"}
    assert pages - linked == set()


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")],
    ids=lambda p: p.name,
)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    broken = [x for x in LINK.findall(page.read_text())
              if "://" not in x and not (page.parent / x).is_file()]  # fmt: skip
    assert broken == []
