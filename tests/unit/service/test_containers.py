"""The container and compose files: linted, and as closed as the documentation says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent))


def compose() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Containerfile with their arguments, continued lines joined."""
    text = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_linter_finds_nothing_in_the_containerfile() -> None:
    if HADOLINT is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(
        [HADOLINT, "--no-color", str(ROOT / "Containerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_service_does_not_run_as_root_and_keeps_its_state_in_a_volume() -> None:
    last = dict(instructions())
    assert last["USER"] == "10001"
    assert last["VOLUME"] == "/state"


def test_all_that_the_service_writes_is_in_the_volume() -> None:
    variables = dict(one.split("=") for one in dict(instructions())["ENV"].split())
    volume = dict(instructions())["VOLUME"]
    assert variables["FACEPAD_STATE_DIR"] == volume
    assert variables["FACEPAD_CALIBRATION_DIR"].startswith(f"{volume}/")


def test_the_proxy_has_the_one_capability_that_its_program_carries() -> None:
    proxy = compose()["services"]["proxy"]
    assert (proxy["cap_drop"], proxy["cap_add"]) == (["ALL"], ["NET_BIND_SERVICE"])


def test_every_image_is_pinned_to_a_whole_version() -> None:
    sources = [arguments.split()[0] for name, arguments in instructions() if name == "FROM"]
    sources += [one["image"] for one in compose()["services"].values() if "image" in one]
    assert len(sources) == 3
    for image in sources:
        assert re.fullmatch(r"\w+:\d+\.\d+\.\d+(-[\w-]+)?(@sha256:[0-9a-f]{64})?", image)


def test_what_the_containerfile_copies_is_there() -> None:
    sources = [
        source
        for name, arguments in instructions()
        if name == "COPY" and "--from" not in arguments
        for source in arguments.split()[:-1]
    ]
    assert sources
    assert all((ROOT / source).exists() for source in sources)


def test_the_command_of_the_container_is_one_of_facepad() -> None:
    from typer.testing import CliRunner

    from facepad.cli.app import app

    words = json.loads(dict(instructions())["CMD"])
    options = {word for word in words if word.startswith("--")}
    shown = CliRunner().invoke(app, [words[0], "--help"], env={"COLUMNS": "200"}).output
    assert all(option in shown for option in options)


def test_the_health_check_is_a_program() -> None:
    arguments = dict(instructions())["HEALTHCHECK"]
    interpreter, option, program = json.loads(arguments.partition("CMD ")[2])
    assert (interpreter, option) == ("python", "-c")
    assert compile(program, "health", "exec")
    assert "/readyz" in program


def test_the_service_is_closed_off_in_the_compose_file() -> None:
    service = compose()["services"]["facepad"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["ulimits"]["core"] == 0
    assert "ports" not in service  # only the proxy can be reached
    assert compose()["networks"]["inside"]["internal"] is True


def test_only_the_proxy_listens_and_on_loopback() -> None:
    ports = [port for one in compose()["services"].values() for port in one.get("ports", ())]
    assert ports == ["127.0.0.1:8443:8443"]


def test_every_setting_of_the_compose_file_is_one_of_the_service() -> None:
    from facepad.service import config

    environment = compose()["services"]["facepad"]["environment"]
    given = {"host": "0.0.0.0", "behind_proxy": True}  # noqa: S104 - as the container listens
    loaded = config.load(environment, given)
    assert (loaded.workers, loaded.hosts) == (2, ("localhost", "127.0.0.1"))


def test_the_command_of_the_container_has_all_settings_that_it_needs() -> None:
    from facepad.service import config

    environment = dict(one.split("=") for one in dict(instructions())["ENV"].split())
    words = json.loads(dict(instructions())["CMD"])
    given = {"host": words[words.index("--host") + 1], "behind_proxy": "--behind-proxy" in words}
    assert config.load(environment, given).trusted_proxies == ("127.0.0.1", "172.17.0.1")


def test_a_stop_leaves_time_for_running_requests() -> None:
    from facepad.service.config import ServiceConfig

    grace = int(compose()["services"]["facepad"]["stop_grace_period"].removesuffix("s"))
    assert grace > ServiceConfig.model_fields["shutdown_deadline_s"].default
