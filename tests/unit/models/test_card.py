"""Model cards: written as Markdown and read back."""

from dataclasses import replace

import pytest

from facepad.errors import ModelError
from facepad.models.card import Card, parse

CARD = Card(
    title="A classifier",
    version="3",
    data="Made-up numbers.",
    licence="Apache-2.0",
    recipe="`make it`, seed 0.",
    results="| set | value |\n|---|---|\n| version | 7 |",
    limits="All of them.",
    research_use=True,
    sha256="0" * 64,
)


def test_a_card_is_read_back_as_it_was_written() -> None:
    assert parse(CARD.render()) == CARD


def test_a_card_for_any_use_is_read_back_too() -> None:
    card = replace(CARD, research_use=False, sha256="")
    assert parse(card.render()) == card


def test_a_card_begins_with_its_title_and_says_research_only() -> None:
    assert CARD.render().startswith("# A classifier\n")
    assert "| use | research only |" in CARD.render()


def test_a_card_without_limits_is_named_as_such() -> None:
    text = CARD.render().partition("## Limits")[0]
    with pytest.raises(ModelError, match="lacks limits"):
        parse(text)


def test_a_text_that_is_no_card_is_an_error() -> None:
    with pytest.raises(ModelError, match="lacks title, version"):
        parse("hello")
