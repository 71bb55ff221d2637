"""The picture and the table of simulated masks, from made-up scores and faces."""

import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
pytest.importorskip("mask_pictures", reason="source archives hold no scripts")

import mask_pictures  # noqa: E402 - lies among the scripts


def test_each_column_has_a_bona_fide_score_and_that_of_its_mask() -> None:
    scores = [["0.90", "0.80"], ["0.10", "n/a"], ["0.70", "0.60"], ["0.20", "0.30"]]
    found = mask_pictures.table(["", "paper", "", "resin"], ["a", "b"], scores)
    assert found == [
        "| bona fide / mask | paper | resin |",
        "|---|---|---|",
        "| `a` | 0.90 / 0.10 | 0.70 / 0.20 |",
        "| `b` | 0.80 / n/a | 0.60 / 0.30 |",
    ]


def test_masks_are_drawn_below_the_faces_that_they_show() -> None:
    side = mask_pictures.SIDE
    faces = [Image.new("RGB", (side, side), colour) for colour in ("red", "blue") * 3]
    drawn = mask_pictures.sheet(faces)
    assert drawn.size == (3 * side + 2 * mask_pictures.GAP, 2 * side + mask_pictures.GAP)
    for column in range(3):
        left = column * (side + mask_pictures.GAP)
        assert drawn.getpixel((left, 0)) == (255, 0, 0)
        assert drawn.getpixel((left, drawn.height - 1)) == (0, 0, 255)


def test_the_page_shows_the_table_of_the_tests_by_default() -> None:
    page = (ROOT / "docs" / "masks.md").read_text(encoding="utf-8")
    assert all(f"| `{test}` | 0." in page for test in ("face_mask", "face_cnn", "quality"))
