"""Calibrations that a worker cannot keep, before anything is judged."""

from pathlib import Path

import pytest

from facepad import calibration
from facepad.service.workers.worker import Judge

ASKED = {"kind": "calibrate", "name": "kiosk-7", "overwrite": False}


def test_a_folder_that_cannot_be_written_is_named_in_the_fault_and_not_in_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "file" / "calibrations"))
    answer = Judge().answer(ASKED, ())
    assert answer["code"] == "store_unavailable"
    assert answer["detail"] == "The folder of calibrations cannot be written."
    assert "set FACEPAD_CALIBRATION_DIR to" in answer["fault"]


def test_a_name_that_was_taken_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path))
    monkeypatch.setattr(calibration, "names", lambda: ["kiosk-7"])
    assert Judge().answer(ASKED, ()) == {"code": "calibration_exists"}
