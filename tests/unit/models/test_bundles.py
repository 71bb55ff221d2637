"""Bundles of models: their hash and version, their card, and the setting that pins one."""

import hashlib
import json
import sys
from contextlib import suppress
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import made_up_bundles
from facepad import registry, selected_tests
from facepad.errors import ModelError
from facepad.models import adding, bundles, index, store
from facepad.models.index import Bundle, read_bundle

ROOT = Path(__file__).resolve().parents[3]
RESEARCH = ROOT / "packages" / "facepad-research" / "src" / "facepad_research" / "weights"
SHIPPED = (index.WEIGHTS, RESEARCH)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only installed bundle: version 1 of "free"."""
    folder = made_up_bundles.save(tmp_path / "weights")
    monkeypatch.setattr(index, "WEIGHTS", folder)
    monkeypatch.setattr(index, "entry_points", lambda **_: ())
    monkeypatch.setenv("FACEPAD_MODEL_DIR", str(tmp_path / "models"))
    return folder


@pytest.fixture
def newer(weights: Path, tmp_path: Path) -> Bundle:
    """Version 2 of "free", added from a folder."""
    folder = tmp_path / "newer"
    folder.mkdir()
    (folder / index.BUNDLE_FILE).write_bytes((weights / index.BUNDLE_FILE).read_bytes())
    return adding.add(made_up_bundles.save(folder, value=2.0))


# --- hash, version and card ---------------------------------------------------------------


def test_the_hash_is_over_one_line_of_name_and_hash_for_each_model(weights: Path) -> None:
    lines = [
        f"{name} {hashlib.sha256((weights / f'{name}.npz').read_bytes()).hexdigest()}\n"
        for name in ("eye", "nose")
    ]
    assert read_bundle(weights).sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_a_changed_model_raises_the_version_and_the_same_models_do_not(weights: Path) -> None:
    store.update_index(weights)
    assert read_bundle(weights).version == 1
    made_up_bundles.save(weights, value=2.0)
    assert read_bundle(weights).version == 2
    assert bundles.card(read_bundle(weights)).startswith("# Bundle free-2+")


def test_a_list_of_models_that_was_changed_alone_is_named(weights: Path) -> None:
    entries = [entry for entry in index.entries(weights) if entry.name == "eye"]
    index.write(weights, entries)
    (weights / index.BUNDLE_FILE).write_text(
        (weights / index.BUNDLE_FILE).read_text().replace('"eye",\n      "nose"', '"eye"')
    )
    with pytest.raises(ModelError, match=r"bundle\.json does not fit index\.json.*sha256 is '"):
        read_bundle(weights)


@pytest.mark.parametrize("folder", SHIPPED, ids=("free", "research"))
def test_the_shipped_bundles_are_up_to_date(folder: Path) -> None:
    for entry in read_bundle(folder).entries:  # of another hash: run `store.update_index(folder)`
        if entry.kind == "packaged":
            assert index.digest((folder / entry.file).read_bytes()) == entry.sha256


@pytest.mark.parametrize("folder", SHIPPED, ids=("free", "research"))
def test_a_shipped_bundle_names_the_tests_that_use_its_models(folder: Path) -> None:
    shipped, research = read_bundle(folder), set(registry.RESEARCH_TESTS)
    installed = set(registry.names("liveness_tests"))
    own = {entry.full_version: entry.name for entry in shipped.entries}
    for test in installed & research if shipped.research_use else installed - research:
        used = selected_tests.make_test(test).models.values()
        expected = {own[version] for version in used if version in own}
        assert expected <= set(shipped.tests.get(test, ())), test


def test_only_the_research_bundle_is_for_research_only() -> None:
    assert [read_bundle(folder).research_use for folder in SHIPPED] == [False, True]


# --- what is read -------------------------------------------------------------------------

ODD = st.sampled_from(
    [None, True, 0, -1, 2, 10**30, 1.5, "", "x", "../x", "\x1b", "ab" * 32, [], [1], {}, {"x": 1}]
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_bundles.save(tmp_path_factory.mktemp("sound"))


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from([index.BUNDLE_FILE, index.FILE]),
    place=st.integers(0, 30),
    value=ODD,
    length=st.none() | st.integers(0, 900),
)
def test_a_damaged_list_is_read_or_refused_but_nothing_else(
    sound: Path, name: str, place: int, value: object, length: int | None
) -> None:
    file = sound / name
    whole = file.read_bytes()
    document = json.loads(whole)
    places = [(part, key) for part in (document, *document["models"]) for key in part]
    part, key = places[place % len(places)]
    part[key] = value
    file.write_bytes(json.dumps(document).encode()[:length])
    with suppress(ModelError):
        assert len(read_bundle(sound).entries) == 2  # what was changed does not count
    file.write_bytes(whole)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 10_000, "\udcff", '{"format": 1}'])
def test_what_is_no_bundle_is_a_model_error(sound: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / index.FILE).write_bytes((sound / index.FILE).read_bytes())
    (tmp_path / index.BUNDLE_FILE).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ModelError, match=r"bundle\.json"):
        read_bundle(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "../eye.npz"),
        ("file", "/etc/passwd"),
        ("name", "eye\x1b[31m"),
        ("wheel", "--index-url=x"),
        ("member", "../../x"),
        ("sha256", "AB" * 32),
        ("research_use", 1),
    ],
)
def test_a_field_that_could_become_a_path_or_an_option_is_refused(
    weights: Path, key: str, value: str
) -> None:
    document = json.loads((weights / index.FILE).read_text())
    document["models"][0][key] = value
    (weights / index.FILE).write_text(json.dumps(document))
    with pytest.raises(ModelError, match=f"{key} must be"):
        index.entries(weights)


# --- which models are used ----------------------------------------------------------------


def test_without_the_setting_an_added_bundle_is_not_used(newer: Bundle) -> None:
    assert store.load_arrays("eye")["x"] == [1.0]
    assert [one.version for one in bundles.in_effect()] == [1]
    assert newer.version == 2


@pytest.mark.parametrize("pin", ["{}", "free-2", "free"])
def test_models_of_the_pinned_bundle_come_before_the_installed_ones(
    newer: Bundle, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    monkeypatch.setenv("FACEPAD_BUNDLE", pin.format(newer.full_version))
    assert store.load_arrays("eye")["x"] == [2.0]
    assert store.path("eye").parent == newer.folder
    assert [entry.folder for entry in store.entries()] == [newer.folder] * 2


def test_the_installed_bundle_can_be_pinned(
    weights: Path, newer: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_BUNDLE", read_bundle(weights).full_version)
    assert store.path("eye").parent == weights
    assert newer.folder != weights


@pytest.mark.parametrize("pin", ["free-3", "free-1+0123456789", "free+abcdef01", "other"])
def test_a_pinned_bundle_that_is_not_here_is_named_with_those_that_are(
    weights: Path, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    monkeypatch.setenv("FACEPAD_BUNDLE", pin)
    here = read_bundle(weights).full_version
    with pytest.raises(ModelError) as caught:
        store.load_bytes("eye")
    assert f"FACEPAD_BUNDLE expects bundle {pin}, got {here};" in str(caught.value)
    assert "`facepad models add PATH`" in str(caught.value)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("pin", ["free@1", "../free", "free-0", "free-1+abc", "Free", "-1"])
def test_a_pin_of_another_form_is_refused(monkeypatch: pytest.MonkeyPatch, pin: str) -> None:
    monkeypatch.setenv("FACEPAD_BUNDLE", pin)
    with pytest.raises(ModelError, match=r"FACEPAD_BUNDLE must be NAME, .*, got"):
        store.load_bytes("eye")


def test_two_bundles_of_one_version_need_the_hash(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adding.add(made_up_bundles.save(tmp_path / "other", value=3.0))
    monkeypatch.setenv("FACEPAD_BUNDLE", "free-1")
    with pytest.raises(ModelError, match=r"which may be free-1\+.*, free-1\+.*; add the hash"):
        store.load_bytes("eye")
    monkeypatch.setenv("FACEPAD_BUNDLE", read_bundle(weights).full_version)
    assert store.load_arrays("eye")["x"] == [1.0]


def test_versions_of_one_bundle_are_not_mixed(
    weights: Path, newer: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.save_arrays(
        weights / "mouth.npz", {"x": store.load_arrays("eye")["x"]}, made_up_bundles.CARD
    )
    store.update_index(weights)
    store.update_index(weights)
    monkeypatch.setenv("FACEPAD_BUNDLE", newer.full_version)
    with pytest.raises(ModelError, match=r"bundle free-2\+.* has no model 'mouth'"):
        store.load_bytes("mouth")
    assert "mouth" not in {entry.name for entry in store.entries()}


def test_another_distribution_ships_a_bundle_by_the_same_entry_point(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("lips_models")
    folder = tmp_path / "lips"
    folder.mkdir()
    store.save_arrays(
        folder / "lips.npz", {"x": store.load_arrays("eye")["x"]}, made_up_bundles.CARD
    )
    (folder / index.BUNDLE_FILE).write_text('{"format": 1, "name": "lips", "tests": {}}')
    store.update_index(folder)
    module.FOLDER = folder  # type: ignore[attr-defined] # made here
    monkeypatch.setitem(sys.modules, "lips_models", module)
    points = EntryPoints([EntryPoint("lips", "lips_models:FOLDER", "facepad.models")])
    monkeypatch.setattr(index, "entry_points", lambda group: points.select(group=group))

    assert [(one.name, one.distribution) for one in store.installed()] == [
        ("free", "facepad"),
        ("lips", "lips"),
    ]
    used = [store.version("lips"), store.version("eye"), "own+12345678"]
    names = [read_bundle(one).full_version for one in (weights, folder)]
    assert bundles.holding(used) == ", ".join(names)
    assert [check.name for check in bundles.verify()] == names


def test_a_folder_of_models_without_a_bundle_is_none(weights: Path) -> None:
    (weights / index.BUNDLE_FILE).unlink()
    assert list(bundles.in_effect()) == []
    assert bundles.holding([store.version("eye")]) == ""


def test_verify_names_the_damaged_file_of_an_added_bundle_that_is_not_used(
    weights: Path, newer: Bundle
) -> None:
    (newer.folder / "eye.npz").write_bytes(b"other")
    installed, added = bundles.verify()
    assert (installed.problem, added.name) == ("", newer.full_version)
    assert f"model 'eye' at {newer.folder / 'eye.npz'} has sha256" in added.problem
    assert "`facepad models add PATH`" in added.problem
    assert weights.is_dir()


@pytest.mark.usefixtures("weights")
def test_verify_names_an_added_folder_whose_lists_were_changed(newer: Bundle) -> None:
    (newer.folder / index.BUNDLE_FILE).write_text("{}")
    assert "cannot be read as a bundle" in bundles.verify()[-1].problem


def test_a_damaged_bundle_does_not_keep_another_from_being_used(
    weights: Path, newer: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    (newer.folder / index.BUNDLE_FILE).write_text("{}")
    monkeypatch.setenv("FACEPAD_BUNDLE", "free-1")
    assert store.path("eye").parent == weights


@pytest.mark.usefixtures("weights")
def test_an_added_folder_under_another_name_is_refused(
    newer: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer.folder.rename(newer.folder.with_name("free-9+01234567"))
    monkeypatch.setenv("FACEPAD_BUNDLE", "free-9+01234567")
    with pytest.raises(ModelError, match=r"holds the bundle free-2\+.*, expected free-9"):
        store.load_bytes("eye")
