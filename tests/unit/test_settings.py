"""Settings: each has a default and an environment variable; a bad value names its variable."""

from pathlib import Path

import pytest

from facepad import settings
from facepad.errors import SettingsError
from facepad.settings import SETTINGS, Setting


def test_a_setting_has_its_default_in_an_empty_environment() -> None:
    assert settings.value("max_file_mb", {}) == "20"


def test_the_environment_wins_over_the_default() -> None:
    assert settings.value("max_file_mb", {"FACEPAD_MAX_FILE_MB": "7"}) == "7"


def test_the_process_environment_is_read_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FACEPAD_THREADS", "3")
    assert settings.number("threads") == 3.0


def test_a_setting_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(SettingsError, match=r"no setting named 'colour'; known: .*threads"):
        settings.value("colour", {})


@pytest.mark.parametrize("text", ["many", "0", "0.5", "-1", "inf", "nan", "1,5", "1e300"])
def test_a_number_out_of_bounds_names_its_variable(text: str) -> None:
    with pytest.raises(SettingsError, match=f"FACEPAD_THREADS must be .*, got '{text}'"):
        settings.number("threads", {"FACEPAD_THREADS": text})


def test_a_limit_may_be_below_one_but_not_beyond_all_files() -> None:
    assert settings.number("max_file_mb", {"FACEPAD_MAX_FILE_MB": "0.5"}) == 0.5
    with pytest.raises(SettingsError, match=r"a number above 0 and up to 1e\+09, got '1e300'"):
        settings.number("max_file_mb", {"FACEPAD_MAX_FILE_MB": "1e300"})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_an_empty_variable_counts_as_not_set(setting: Setting) -> None:
    assert settings.value(setting.name, {setting.variable: ""}) == setting.default


def test_a_folder_may_begin_with_a_tilde() -> None:
    assert settings.folder("model_dir", {"FACEPAD_MODEL_DIR": "~/m"}) == Path.home() / "m"


def test_a_user_without_a_home_learns_which_variable_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(_: object) -> None:
        raise KeyError

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(SettingsError, match=r"FACEPAD_MODEL_DIR is ~/m, but .* no home folder"):
        settings.folder("model_dir", {"FACEPAD_MODEL_DIR": "~/m"})
    assert settings.folder("model_dir", {"FACEPAD_MODEL_DIR": "/m"}) == Path("/m")


def test_an_empty_home_is_not_the_root_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "")
    with pytest.raises(SettingsError, match="no home folder"):
        settings.folder("model_dir", {})


def test_a_misspelled_variable_is_noticed_with_the_nearest_name() -> None:
    own = {"FACEPAD_DEBUG": "1", "FACEPAD_THREADS": "2", "FACEPAD_XYZ": "", "PATH": ""}
    assert list(settings.misspelled(own)) == []
    assert list(settings.misspelled(own | {"FACEPAD_MAX_FILEMB": "1"})) == [
        "FACEPAD_MAX_FILEMB is not a setting and was ignored; did you mean FACEPAD_MAX_FILE_MB?"
    ]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_says_its_unit_and_what_it_is_for(setting: Setting) -> None:
    assert setting.unit
    assert setting.help.endswith(".")


def test_no_two_settings_share_a_name() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)


@pytest.mark.parametrize("name", ["max_file_mb", "max_megapixels", "max_side", "threads"])
def test_the_default_of_every_limit_is_a_positive_number(name: str) -> None:
    assert settings.number(name, {}) > 0
