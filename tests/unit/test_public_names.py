"""The public surface is small, and changes only on purpose."""

import subprocess
import sys
from types import ModuleType

import pytest

import facepad
from facepad import errors, types

PACKAGE = [
    "Checker",
    "DatasetError",
    "Decision",
    "FacepadError",
    "InputError",
    "ModelError",
    "Outcome",
    "Reason",
    "Score",
    "SettingsError",
    "__version__",
    "calibrate",
    "check",
    "quality",
]
TYPES = [
    "Box",
    "Calibratable",
    "CaptureQuality",
    "Dataset",
    "Depicting",
    "Face",
    "Frame",
    "GrayImage",
    "Landmarks",
    "LivenessTest",
    "MemberReading",
    "Observation",
    "OperatingPoint",
    "Outcome",
    "Presentation",
    "RgbImage",
    "Sample",
    "Score",
    "Split",
    "ThreadedFactory",
]
ERRORS = [
    "DatasetError",
    "FacepadError",
    "InputError",
    "ModelError",
    "SettingsError",
    "as_item_error",
    "counted",
    "item_error",
    "printable",
    "require",
    "require_count",
    "source_name",
    "suggestion",
    "unknown_name",
]
HEAVY = ["numpy", "cv2", "torch", "sklearn", "scipy", "typer", "rich", "skimage", "matplotlib"]


def defined_in(module: ModuleType) -> list[str]:
    """Public names that the module itself makes, aliases of array types included."""
    return sorted(
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and not isinstance(thing, ModuleType)
        and (getattr(thing, "__module__", "") == module.__name__ or name in TYPES)
    )


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a child process has loaded after running the code."""
    report = "\nimport sys\nsys.stderr.write(' '.join({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_the_package_offers_these_names_and_no_others() -> None:
    assert sorted(facepad.__all__) == PACKAGE


def test_dir_shows_the_public_names() -> None:
    assert sorted(dir(facepad)) == PACKAGE


@pytest.mark.parametrize("name", PACKAGE)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(facepad, name) is not None


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'facepad' has no attribute 'chek'"):
        _ = facepad.chek


def test_types_holds_these_nouns_and_no_others() -> None:
    assert defined_in(types) == TYPES


def test_errors_holds_these_errors_and_no_others() -> None:
    assert defined_in(errors) == ERRORS


def test_importing_the_package_loads_no_library() -> None:
    assert loaded_by("import facepad").isdisjoint(HEAVY)


def test_the_help_loads_no_library_of_pictures_or_statistics() -> None:
    code = (
        "import sys\n"
        "from facepad.__main__ import main\n"
        "sys.argv = ['facepad', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
    )
    heavy = {"numpy", "cv2", "scipy", "sklearn", "torch", "skimage", "matplotlib", "PIL"}
    assert loaded_by(code).isdisjoint(heavy)


@pytest.mark.slow
def test_the_server_loads_no_library_of_pictures_or_statistics() -> None:
    code = "import facepad.service.app, facepad.service.run, facepad.service.state, uvicorn"
    assert loaded_by(code).isdisjoint({*HEAVY, "PIL", "onnxruntime"} - {"typer", "rich"})
