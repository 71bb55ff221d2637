"""The real command line in a process of its own, with a liveness test as third parties add one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from facepad.models import store

# Judges by brightness; takes a while, so that a run can be killed in its middle; and a red
# picture takes the whole process down, as a broken decoder would.
PLUGIN = """
import os, time
from facepad.types import OperatingPoint, Score

class MadeUp:
    name = "made_up"
    operating_point = OperatingPoint.at(0.5, "made_up")
    models = {"made_up": os.environ.get("MADE_UP_MODEL", "made_up-1")}

    def score(self, presentation):
        red, green, blue = presentation.frames[0].image.mean(axis=(0, 1))
        if red > 200 and green < 50:
            os._exit(9)
        time.sleep(float(os.environ.get("MADE_UP_SECONDS", "0")))
        return Score(float(green) / 255)
"""


def install_plugin(folder: Path) -> dict[str, str]:
    """Put the made-up test where a new process finds it; gives that process's environment."""
    (folder / "made_up_plugin.py").write_text(PLUGIN)
    info = folder / "made_up_plugin-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made_up_plugin\nVersion: 1\n")
    entry_points = "[facepad.liveness_tests]\nmade_up = made_up_plugin:MadeUp\n"
    (info / "entry_points.txt").write_text(entry_points)
    return {**os.environ, "PYTHONPATH": str(folder), "FACEPAD_THREADS": "2"}


def command(*arguments: str | Path) -> list[str]:
    """How to start facepad in this environment."""
    return [sys.executable, "-m", "facepad", *map(str, arguments)]


def run(
    *arguments: str | Path, env: dict[str, str] | None = None, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run facepad to its end."""
    return subprocess.run(
        command(*arguments), env=env, input=stdin, capture_output=True, timeout=120
    )


def skip_without_face_models() -> None:
    """Skip a test where the face models were not pulled."""
    missing = [check.entry.name for check in store.verify() if check.problem]
    if any(name.startswith("face_") for name in missing):
        pytest.skip("needs the face models: `facepad models pull`")
