"""Settings of the service: where they come from, and what is refused at the start."""

from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.service.config import MOST_OPEN_BYTES, load, shown

TRUSTED = {"trusted_proxies": "10.0.0.2"}


def test_the_service_listens_on_this_machine_unless_told_otherwise() -> None:
    config = load({})
    assert (config.host, config.port, config.is_loopback) == ("127.0.0.1", 8000, True)


def test_an_option_goes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("port = 1001\nqueue = 7\nworkers = 3\n")
    environment = {
        "FACEPAD_SERVICE_CONFIG": str(file),
        "FACEPAD_SERVICE_PORT": "1002",
        "FACEPAD_SERVICE_QUEUE": "8",
    }
    config = load(environment, {"port": 1003, "host": None})
    assert (config.port, config.queue, config.workers) == (1003, 8, 3)


def test_a_mistyped_variable_is_an_error_with_the_right_name() -> None:
    with pytest.raises(SettingsError, match="did you mean FACEPAD_SERVICE_PORT"):
        load({"FACEPAD_SERVICE_PROT": "80"})


def test_a_mistyped_name_in_the_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("prot = 80\n")
    with pytest.raises(SettingsError, match="prot is no setting of the service; did you mean port"):
        load({"FACEPAD_SERVICE_CONFIG": str(file)})


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "http"), ("PORT", "70000"), ("WORKERS", "0"), ("TRUSTED_PROXIES", "10.0.0.300")],
)
def test_a_value_that_cannot_be_used_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"FACEPAD_SERVICE_{name}: .*got '{value}'"):
        load({f"FACEPAD_SERVICE_{name}": value})


def test_a_file_that_is_no_toml_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("port: 80\n")
    with pytest.raises(SettingsError, match="cannot be read as TOML"):
        load({"FACEPAD_SERVICE_CONFIG": str(file)})


def test_other_machines_are_not_served_in_the_clear_unless_that_is_asked_for() -> None:
    with pytest.raises(SettingsError, match=r"--behind-proxy.*--insecure-http"):
        load({}, {"host": "192.0.2.1"})
    assert load({}, {"host": "192.0.2.1", "behind_proxy": True, **TRUSTED}).hosts == ()
    assert load({}, {"host": "::", "insecure_http": True}).host == "::"


def test_settings_are_listed_with_their_variables_and_without_passwords() -> None:
    config = load({"FACEPAD_SERVICE_REDIS_URL": "redis://:secret@db"})
    lines = shown(config)
    assert "FACEPAD_SERVICE_REDIS_URL=***" in lines
    assert any(line.startswith("FACEPAD_STATE_DIR=/") for line in lines)
    assert not any("secret" in line for line in lines)


def test_lists_are_written_with_commas() -> None:
    config = load({"FACEPAD_SERVICE_ALLOWED_HOSTS": "a.example, b.example"})
    assert config.hosts == ("a.example", "b.example")


def test_a_proxy_needs_its_address() -> None:
    with pytest.raises(SettingsError, match=r"FACEPAD_SERVICE_TRUSTED_PROXIES=127\.0\.0\.1"):
        load({"FACEPAD_SERVICE_BEHIND_PROXY": "1"})
    assert load({"FACEPAD_SERVICE_BEHIND_PROXY": "1"}, TRUSTED).behind_proxy


def test_allowed_hosts_are_compared_as_browsers_send_them() -> None:
    hosts = "Face.Example, 192.0.2.1, [2001:DB8::1], ::1, facepad_1"
    config = load({"FACEPAD_SERVICE_ALLOWED_HOSTS": hosts})
    assert config.hosts == ("face.example", "192.0.2.1", "[2001:db8::1]", "[::1]", "facepad_1")


@pytest.mark.parametrize(
    "host", ["face.example:8000", "https://face.example", "a.example/x", "[::1]:80", "*", "a b"]
)
def test_an_allowed_host_that_no_header_can_have_is_an_error(host: str) -> None:
    with pytest.raises(SettingsError, match=r"ALLOWED_HOSTS: .*without scheme, port and path"):
        load({"FACEPAD_SERVICE_ALLOWED_HOSTS": f"b.example,{host}"})


@pytest.mark.parametrize(
    ("url", "is_right"),
    [
        ("https://face.example", True),
        ("http://[::1]:8000/pad/", True),
        ("nonsense url", False),
        ("face.example", False),
        ("ftp://face.example", False),
        ("https://", False),
        ("https://[", False),
        ("https://face.example:http", False),
        ("https://face.example/?a", False),
        ('https://face.example/"', False),
    ],
)
def test_the_address_for_users_is_one_of_the_web(url: str, *, is_right: bool) -> None:
    given = {"FACEPAD_SERVICE_PUBLIC_URL": url}
    if is_right:
        assert load(given).public_url == url
    else:
        with pytest.raises(
            SettingsError, match=r"FACEPAD_SERVICE_PUBLIC_URL: .*http:// or https://"
        ):
            load(given)


def test_a_body_that_never_fits_is_an_error() -> None:
    with pytest.raises(
        SettingsError, match=r"MAX_VIDEO_MB allows .*1,000,000,000.*MOST_OPEN_BYTES"
    ):
        load({"FACEPAD_SERVICE_MAX_VIDEO_MB": "1000"})
    config = load({"FACEPAD_SERVICE_MAX_VIDEO_MB": "268"})
    assert config.max_video_bytes <= MOST_OPEN_BYTES
