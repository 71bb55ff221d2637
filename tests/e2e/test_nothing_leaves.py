"""What SECURITY promises: no command writes a file unasked, and none looks for a server.

Each command runs in a home of its own that is empty, and traced where strace is there. A library
may wait before it sends, so the check in Python stays alive for a while.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import command, skip_without_face_models
from facepad import settings

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
LINGER_S = 10  # ONNX Runtime 1.32 looks up its server within 6 s of the first session
LIMIT_S = 300
COMMANDS = ("check in Python", "check", "score", "evaluate", "simulate")

# A socket of an internet family, or a connection to a daemon that resolves names.
REACHES_OUT = re.compile(r"AF_INET|nscd|resolve")
FONTS = re.compile(r"\.cache/matplotlib/fontlist-[\w.]+\.json")
NO_TRACE = "needs strace, and the right to trace"


@dataclass(frozen=True, slots=True)
class Traced:
    """What one command did.

    Attributes:
        returncode: Its exit code.
        errors: What it wrote to standard error.
        files: Files in its home afterwards, relative to it.
        calls: Traced calls that reach out; None where nothing was traced.
    """

    returncode: int
    errors: str
    files: tuple[str, ...]
    calls: tuple[str, ...] | None


def _commands(folder: Path) -> Mapping[str, list[str]]:
    manifest = folder / "pictures.csv"
    manifest.write_text(f"path,label\n{PORTRAIT},portrait\n{PORTRAIT},again\n")
    people = folder / "people" / "test" / "bona_fide" / "ann"
    people.mkdir(parents=True)
    shutil.copy(PORTRAIT, people)
    tiny = folder / "people" / "test" / "attack" / "print" / "bob"
    tiny.mkdir(parents=True)
    shutil.copy(PORTRAIT.with_name("astronaut-simulated-recapture.jpg"), tiny)
    check = f"import facepad, time; facepad.check({str(PORTRAIT)!r}); time.sleep({LINGER_S})"
    dataset = f"folder={people.parents[2]}"
    return {
        "check in Python": [sys.executable, "-c", check],
        "check": command("check", PORTRAIT),
        "score": command(
            *("score", "--manifest", manifest, "--out", folder / "s.csv", "--workers", "2")
        ),
        "evaluate": command(
            *("evaluate", "--datasets", dataset, "--out", folder / "report"),
            *("--repeats", "100", "--workers", "2"),
        ),
        "simulate": command(
            *("simulate", "--bona-fide", people.parent, "--out", folder / "attacks"),
            *("--attacks", "print", "--workers", "2"),
        ),
    }


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Traced]:
    """All commands, side by side."""
    skip_without_face_models()
    folder = tmp_path_factory.mktemp("work")
    strace = _strace()
    begun = {}
    for name, line in _commands(folder).items():
        home = tmp_path_factory.mktemp("home")
        trace = home.with_suffix(".trace")
        begun[name] = (home, trace, _begin(line, home, trace if strace else None))
    return {name: _end(*parts) for name, parts in begun.items()}


def _begin(line: list[str], home: Path, trace: Path | None) -> "subprocess.Popen[str]":
    hidden = {"ORT_DISABLE_TELEMETRY", "CI"}  # both keep ONNX Runtime's telemetry quiet
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env |= {"HOME": str(home), "FACEPAD_MODEL_DIR": str(settings.folder("model_dir").absolute())}
    env = {name: value for name, value in env.items() if not name.startswith("XDG_")}
    tracer = ["strace", "-f", "-qq", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg", "-o"]
    before = [] if trace is None else [*tracer, str(trace)]
    return subprocess.Popen(
        [*before, *line], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _end(home: Path, trace: Path, process: "subprocess.Popen[str]") -> Traced:
    errors = process.communicate(timeout=LIMIT_S)[1]
    files = tuple(sorted(str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()))
    calls = None
    if trace.exists():
        calls = tuple(x for x in trace.read_text(errors="replace").splitlines() if _reaches(x))
    return Traced(process.returncode, errors, files, calls)


def _reaches(call: str) -> bool:
    return REACHES_OUT.search(call) is not None


def _strace() -> bool:
    """Whether processes can be traced here."""
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_writes_nothing_to_an_empty_home(name: str, traced: Mapping[str, Traced]) -> None:
    assert traced[name].returncode == 0, traced[name].errors
    # The plots of a report need matplotlib, which keeps its list of fonts; SECURITY says so.
    unasked = [file for file in traced[name].files if not FONTS.match(file)]
    assert unasked == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_opens_no_connection_and_looks_up_no_name(
    name: str, traced: Mapping[str, Traced]
) -> None:
    if traced[name].calls is None:
        pytest.skip(NO_TRACE)
    assert traced[name].calls == ()


def test_the_trace_sees_a_look_up(tmp_path: Path) -> None:
    if not _strace():
        pytest.skip(NO_TRACE)
    line = "import socket\ntry: socket.getaddrinfo('example.invalid', 443)\nexcept OSError: pass"
    process = _begin([sys.executable, "-c", line], tmp_path, tmp_path.with_suffix(".trace"))
    assert _end(tmp_path, tmp_path.with_suffix(".trace"), process).calls
