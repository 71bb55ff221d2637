"""OpenCV that is missing, broken or of an unknown version is one line that says what to do."""

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import facepad
from facepad.errors import SettingsError
from facepad.opencv import REPAIR, cv2, problem_of


def made_up_cv2(version: str) -> ModuleType:
    module = ModuleType("cv2")
    vars(module).update(__version__=version, imdecode=None)
    return module


@pytest.mark.parametrize("version", ["4.10.0", "4.14.0", "5.0.0", "5.3.1-dev"])
def test_versions_from_4_10_to_5_are_used(version: str) -> None:
    assert problem_of(made_up_cv2(version)) == ""


@pytest.mark.parametrize("version", ["3.4.18", "4.9.0", "6.0.0", "unknown"])
def test_other_versions_are_named(version: str) -> None:
    assert problem_of(made_up_cv2(version)) == f"its version is {version}, expected 4.10 to 5"


def test_the_library_of_this_environment_is_used() -> None:
    assert problem_of(cv2) == ""


def import_with(module: ModuleType | None, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "cv2", module)
    monkeypatch.delitem(sys.modules, "facepad.opencv")
    with pytest.raises(SettingsError) as caught:
        importlib.import_module("facepad.opencv")
    return str(caught.value)


def test_a_folder_that_another_package_left_is_told_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = import_with(ModuleType("cv2"), monkeypatch)
    assert "its folder is incomplete" in message
    assert "installed: opencv-" in message
    assert message.endswith(f"repair it with: {REPAIR}")


def test_a_missing_library_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    message = import_with(None, monkeypatch)
    assert message.startswith("OpenCV (cv2) cannot be used: import of cv2 halted")
    assert message.endswith(f"repair it with: {REPAIR}")


def test_the_package_imports_opencv_in_one_place() -> None:
    root = Path(facepad.__file__).parent
    own = re.compile(r"^\s*import cv2\b", re.MULTILINE)
    files = [path.name for path in root.rglob("*.py") if own.search(path.read_text())]
    assert files == ["opencv.py"]
