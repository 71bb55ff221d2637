"""Settings of the process: asked for in words, never made by the library alone."""

import subprocess
import sys

import pytest

SHOW = "import cv2; print(cv2.getNumThreads())"


def run(code: str) -> str:
    """What a fresh process prints, since the settings cannot be taken back."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_tuning_sets_the_threads_of_opencv() -> None:
    tune = "from facepad import runtime; runtime.tune(opencv_threads=1)"
    assert run(f"{tune}; {SHOW}") == "1"


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has the setting")
def test_tuning_says_whether_memory_is_kept() -> None:
    assert run("from facepad import runtime; print(runtime.tune())") in {"True", "False"}


@pytest.mark.slow
def test_measuring_leaves_the_settings_of_the_process_alone() -> None:
    code = (
        "import cv2, numpy as np; before = cv2.getNumThreads();"
        "from facepad.quality import measure;"
        "measure(np.eye(40, dtype=np.uint8), names=['mse', 'vif', 'rred'], threads=2);"
        "print(cv2.getNumThreads() == before)"
    )
    assert run(code) == "True"


OFF = "from facepad.runtime import disable_telemetry"


def test_telemetry_is_off_for_processes_that_are_started_later() -> None:
    child = "os.system('echo $ORT_DISABLE_TELEMETRY')"
    assert run(f"import os; {OFF}; disable_telemetry(); {child}") == "1"


def test_a_host_that_imported_the_runtime_first_is_told_what_to_set() -> None:
    early = "import os, sys; os.environ.pop('ORT_DISABLE_TELEMETRY', None)"
    code = f"{early}; sys.modules['onnxruntime'] = sys; {OFF}; print(disable_telemetry())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert "set ORT_DISABLE_TELEMETRY=1 in the environment" in done.stderr


def test_a_host_that_set_the_variable_itself_hears_nothing() -> None:
    early = "import os, sys; os.environ['ORT_DISABLE_TELEMETRY'] = '1'"
    assert run(f"{early}; sys.modules['onnxruntime'] = sys; {OFF}; print(disable_telemetry())") == (
        "True"
    )
