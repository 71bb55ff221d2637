"""What an evaluation ran on, without names of people or machines."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "opencv-python-headless", "pillow")
CPU_FACTS = Path("/proc/cpuinfo")


def environment() -> dict[str, str]:
    """Versions, system and processor, by name."""
    found = {"facepad": _version("facepad"), "Python": platform.python_version()}
    found |= {name: _version(name) for name in PACKAGES}
    found["system"] = f"{platform.system()} {platform.machine()}"
    found["processor"] = f"{_processor()}, {os.cpu_count() or 0} threads"
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = CPU_FACTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()
