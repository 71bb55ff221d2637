"""The list of models."""

import json
import re
from pathlib import Path

import pytest

from facepad.errors import ModelError
from facepad.models import index, store
from facepad.models.card import parse
from facepad.models.index import Entry
from facepad.training.run import SELECTED_ON

ENTRY = Entry("it", "it.npz", "ab" * 32, "2", "CC0-1.0", "packaged")


def test_a_list_is_read_back_in_order_of_name(tmp_path: Path) -> None:
    other = Entry("at", "at.npz", "cd" * 32, "1", "CC0-1.0", "packaged", research_use=True)
    index.write(tmp_path, [ENTRY, other])
    assert index.entries(tmp_path) == (other, ENTRY)


def test_a_version_names_model_version_and_hash() -> None:
    assert ENTRY.full_version == "it-2+abababab"


def test_a_pulled_model_lies_in_the_folder_of_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(tmp_path))
    pulled = Entry("it", "it.tflite", "ab" * 32, "2", "Apache-2.0", "pulled")
    assert store.location(pulled) == tmp_path / "it.tflite"


def test_a_name_that_is_not_known_is_answered_with_those_that_are() -> None:
    with pytest.raises(ModelError, match=r"unknown model 'nose'; known: .*face_detector"):
        index.find("nose")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 1, "models": [{"name": "x"}]}', "\udcff"]
)
def test_a_broken_list_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / index.FILE).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ModelError, match="cannot be read as the list of models"):
        index.entries(tmp_path)


def test_a_list_of_another_format_is_refused(tmp_path: Path) -> None:
    document = {"format": 99, "models": [index.fields_of(ENTRY)]}
    (tmp_path / index.FILE).write_text(json.dumps(document))
    with pytest.raises(ModelError, match="format 99, expected 1"):
        index.entries(tmp_path)


@pytest.mark.parametrize("entry", index.entries(), ids=lambda entry: entry.name)
def test_every_model_has_a_card_that_agrees_with_the_list(entry: Entry) -> None:
    card = parse(store.card(entry.name))
    told = (card.sha256, card.version, card.licence, card.research_use)
    assert told == (entry.sha256, entry.version, entry.licence, entry.research_use)


def test_notes_are_on_models_of_the_list_and_begin_with_a_heading() -> None:
    files = sorted(index.WEIGHTS.glob("*.notes.md"))
    known = {Path(entry.file).stem for entry in index.entries()}
    assert files
    for file in files:
        assert file.name.removesuffix(".notes.md") in known
        assert file.read_text(encoding="utf-8").startswith("## Notes\n")


@pytest.mark.parametrize("entry", index.entries(), ids=lambda entry: entry.name)
def test_every_packaged_file_has_the_hash_of_the_list(entry: Entry) -> None:
    if entry.kind == "pulled":
        assert entry.wheel
        assert entry.member.endswith(entry.file)
    else:
        assert index.digest(store.location(entry).read_bytes()) == entry.sha256


def free() -> tuple[Entry, ...]:
    """The models in facepad's own wheel."""
    return index.entries(index.WEIGHTS)


@pytest.mark.parametrize("entry", free(), ids=lambda entry: entry.name)
def test_no_model_in_the_wheel_was_fitted_on_research_data(entry: Entry) -> None:
    assert (entry.licence, entry.research_use) == ("Apache-2.0", False)
    fitted_on, _, _ = parse(store.card(entry.name)).data.partition(SELECTED_ON)
    assert re.findall(r"nuaa|field|webcam|site|csv|crops", fitted_on, re.IGNORECASE) == []


@pytest.mark.parametrize("entry", free(), ids=lambda entry: entry.name)
def test_a_card_names_the_training_command_and_its_extra(entry: Entry) -> None:
    if entry.kind == "packaged":
        recipe = parse(store.card(entry.name)).recipe
        extra = r"with `pip install 'facepad\[(?:fit|train)\]'`"
        assert re.match(rf"`facepad train \w+[^`]*`, {extra}", recipe)
