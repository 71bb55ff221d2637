"""Models by name: checked, read, written and taken up into the list."""

from pathlib import Path

import numpy as np
import pytest

from facepad.errors import ModelError
from facepad.models import index, store
from facepad.models.card import Card
from facepad.models.index import Entry

CARD = Card("T", "1", "data", "CC0-1.0", "recipe", "results", "limits")
ARRAYS = {"x": np.arange(5.0)}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights with one model "it", and an empty folder for pulled ones."""
    folder = tmp_path / "weights"
    monkeypatch.setattr(index, "WEIGHTS", folder)
    monkeypatch.setattr(index, "entry_points", lambda **_: ())
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(tmp_path / "pulled"))
    store.save_arrays(folder / "it.npz", ARRAYS, CARD)
    store.update_index(folder)
    return folder


def test_a_saved_model_is_found_by_its_name(weights: Path) -> None:
    assert store.path("it") == weights / "it.npz"
    np.testing.assert_array_equal(store.load_arrays("it")["x"], ARRAYS["x"])


def test_its_version_begins_with_the_name_and_ends_with_the_hash(weights: Path) -> None:
    sha256 = index.digest((weights / "it.npz").read_bytes())
    assert store.version("it") == f"it-1+{sha256[:8]}"


def test_its_card_tells_its_hash(weights: Path) -> None:
    assert index.digest((weights / "it.npz").read_bytes()) in store.card("it")


@pytest.mark.usefixtures("weights")
def test_saving_the_same_again_changes_no_byte(tmp_path: Path) -> None:
    store.save_arrays(tmp_path / "again.npz", ARRAYS, CARD)
    assert (tmp_path / "again.npz").read_bytes() == store.load_bytes("it")


def test_a_changed_file_is_refused_with_both_hashes(weights: Path) -> None:
    (weights / "it.npz").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"has sha256 d9298a10.*, expected .*pip install"):
        store.load_arrays("it")


def test_verify_names_the_changed_file_and_goes_on(weights: Path) -> None:
    store.save_arrays(weights / "also.npz", ARRAYS, CARD)
    store.update_index()
    (weights / "it.npz").write_bytes(b"other")
    assert [(c.entry.name, bool(c.problem)) for c in store.verify()] == [
        ("also", False),
        ("it", True),
    ]


def test_a_pulled_file_that_is_missing_is_answered_with_the_command(weights: Path) -> None:
    pulled = Entry("net", "net.tflite", "ab" * 32, "1", "Apache-2.0", "pulled")
    index.write(weights, [pulled])
    with pytest.raises(ModelError, match=r"net\.tflite; get it with `facepad models pull`"):
        store.path("net")


def test_taking_up_keeps_pulled_entries_and_drops_files_that_are_gone(weights: Path) -> None:
    pulled = Entry("net", "net.tflite", "ab" * 32, "1", "Apache-2.0", "pulled")
    index.write(weights, [pulled, *index.entries()])
    (weights / "it.npz").unlink()
    assert store.update_index() == (pulled,)


def test_a_file_with_the_card_of_another_is_not_taken_up(weights: Path) -> None:
    (weights / "it.npz").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"the card of .* is for sha256"):
        store.update_index()


def test_arrays_are_read_from_any_path(tmp_path: Path) -> None:
    store.save_arrays(tmp_path / "mine.npz", ARRAYS, CARD)
    np.testing.assert_array_equal(store.read_arrays(tmp_path / "mine.npz")["x"], ARRAYS["x"])


def test_a_path_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.npz cannot be read"):
        store.read_arrays(tmp_path / "none.npz")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "MAX_BYTES", 10)
    (tmp_path / "big.npz").write_bytes(bytes(11))
    with pytest.raises(ModelError, match="larger than 10 bytes"):
        store.read_arrays(tmp_path / "big.npz")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ModelError, match="taken cannot be written"):
        store.save_file(tmp_path / "taken", b"x", CARD)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
