"""`scripts/setup.sh` says in a sentence what is missing, and costs nothing the second time."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
VENV_PACKAGE = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
TOOLS = ["bash", "cat", "dirname", "env", "grep", "id", "mktemp", "rm", "sha256sum", "tail"]
NO_INDEX = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",  # nothing listens there
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_FIND_LINKS": "",
    "PIP_NO_CACHE_DIR": "1",
    "PIP_RETRIES": "0",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the script reads, in a folder without an environment."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def set_up(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(project / "scripts" / "setup.sh"), *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_wrong_word_shows_the_usage(project: Path) -> None:
    done = set_up(project, "all")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "usage: scripts/setup.sh core|dev|lowest|newest, got 'all'\n"


def test_a_python_that_is_too_old_is_told(project: Path) -> None:
    done = set_up(project, "core", PYTHON=program(project / "old", "exit 1"))
    assert done.returncode == 1
    assert "facepad needs Python 3.11 or newer" in done.stderr


def test_without_venv_and_apt_the_one_line_to_type_is_printed(project: Path) -> None:
    tools = project / "bin"
    tools.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    bare = f'case "$2" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
    python = program(project / "bare", bare)
    done = set_up(project, "core", PYTHON=python, PATH=str(tools))
    assert done.returncode == 1
    assert f"    sudo apt-get install {VENV_PACKAGE}" in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_without_a_network_a_sentence_says_so(project: Path) -> None:
    done = set_up(project, "core", PYTHON=sys.executable, **NO_INDEX)
    assert done.returncode == 1
    assert "The package index cannot be reached" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) <= 5


@pytest.mark.slow
def test_an_environment_that_is_there_costs_nothing() -> None:
    if not (ROOT / ".venv" / ".made-dev").is_file():
        pytest.skip("the environment was not made by make")
    start = time.perf_counter()
    done = set_up(ROOT, "dev")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.perf_counter() - start < 2
