"""What a file of scores was begun with, and runs that would not fit it."""

from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.scoring.run_facts import facts_file, keep_facts

FACTS = {"tests": "quality", "model quality": "quality-1+00000000"}


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    return tmp_path / "scores.csv"


def test_facts_lie_beside_the_scores(scores: Path) -> None:
    assert facts_file(scores) == scores.parent / "scores.csv.run.json"


def test_a_run_goes_on_with_the_same_facts(scores: Path) -> None:
    keep_facts(scores, FACTS, begun=False)
    keep_facts(scores, dict(reversed(FACTS.items())), begun=True)


def test_other_versions_are_refused_and_both_are_named(scores: Path) -> None:
    keep_facts(scores, FACTS, begun=False)
    newer = FACTS | {"model quality": "quality-2+11111111"}
    told = r"begun with model quality quality-1\+00000000 and not quality-2\+11111111; "
    with pytest.raises(SettingsError, match=told):
        keep_facts(scores, newer, begun=True)


def test_a_model_that_was_not_there_before_is_named(scores: Path) -> None:
    keep_facts(scores, FACTS, begun=False)
    with pytest.raises(SettingsError, match="model blink none and not blink-1"):
        keep_facts(scores, FACTS | {"model blink": "blink-1"}, begun=True)


def test_a_refused_run_leaves_the_facts_as_they_are(scores: Path) -> None:
    keep_facts(scores, FACTS, begun=False)
    with pytest.raises(SettingsError):
        keep_facts(scores, {}, begun=True)
    keep_facts(scores, FACTS, begun=True)


@pytest.mark.parametrize("content", [None, "", "[1]", "{"])
def test_scores_of_unknown_origin_are_not_gone_on_with(scores: Path, content: str | None) -> None:
    if content is not None:
        facts_file(scores).write_text(content)
    with pytest.raises(SettingsError, match=r"scores\.csv\.run\.json is missing or damaged"):
        keep_facts(scores, FACTS, begun=True)


def test_a_run_that_begins_replaces_the_facts(scores: Path) -> None:
    keep_facts(scores, FACTS, begun=False)
    keep_facts(scores, {"tests": "blink"}, begun=False)
    keep_facts(scores, {"tests": "blink"}, begun=True)


def test_facts_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be written"):
        keep_facts(tmp_path / "missing" / "scores.csv", FACTS, begun=False)
