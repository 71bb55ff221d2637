"""The tests that an evaluation judges, and the camera that one of them may be anchored to."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from facepad import calibration
from facepad.calibration import Anchor, Calibration
from facepad.errors import ModelError, SettingsError
from facepad.models.card import Card
from facepad.scoring.evaluated_tests import Camera, Loaded, Panel, checker_for
from facepad.types import OperatingPoint

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")
POINT = OperatingPoint("dev", 0.5, 0.4, 0.6)
AT_CAMERA = OperatingPoint.at(0.5, "calibration kiosk-7")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def keep(threshold: float = -2.0, version: str = "heads-1+0") -> Camera:
    anchor = Anchor(np.zeros(3), np.ones(3), 0.5, 0.25, 1.0, 0.1, threshold)
    made = Calibration("kiosk-7", "face_cnn", version, 10, {"tight": anchor})
    calibration.save(made, CARD)
    return Camera.of("kiosk-7")


def panel(camera: Camera | None) -> Panel:
    point = POINT if camera is None else AT_CAMERA
    return Panel(
        {"face_cnn": Loaded(point, {"face_cnn": "1"}, ()), "quality": Loaded(POINT, {}, ())}, camera
    )


def test_a_camera_has_the_version_the_frames_and_the_day_of_its_calibration() -> None:
    camera = keep()
    assert camera.version == calibration.version("kiosk-7")
    assert (camera.test, camera.frames) == ("face_cnn", 10)
    assert camera.kept == datetime.now(UTC).date().isoformat()


def test_a_camera_that_was_not_calibrated_is_refused() -> None:
    with pytest.raises(SettingsError, match="no calibration named 'kiosk-7'"):
        Panel.of(["quality"], "kiosk-7")


def test_a_calibration_that_was_made_anew_meanwhile_is_told() -> None:
    camera = keep()
    keep(threshold=-3.0)
    with pytest.raises(ModelError, match="'kiosk-7' was replaced during the run"):
        checker_for(["face_cnn"], camera)


def test_a_calibration_for_other_heads_is_refused_before_any_scoring() -> None:
    keep()
    with pytest.raises(ModelError, match="calibrate the camera again"):
        Panel.of(["quality"], "kiosk-7")


def test_an_anchored_test_decides_alone_at_the_cameras_threshold() -> None:
    found = panel(keep())
    point = found.own_point("face_cnn")
    assert list(found.points) == ["face_cnn"]
    assert (point.name, point.threshold) == ("calibration kiosk-7", 0.5)
    assert point.origin == "from 10 bona fide frames of the camera"


def test_the_others_keep_the_point_they_ship_with() -> None:
    assert panel(keep()).own_point("quality").name == "as shipped"


def test_without_a_camera_all_decide() -> None:
    assert list(panel(None).points) == ["face_cnn", "quality"]


def test_the_calibrations_version_stands_among_the_models() -> None:
    camera = keep()
    assert panel(camera).models == {"face_cnn": "1", "calibration": camera.version}
    assert panel(None).models == {"face_cnn": "1"}


def test_a_reader_is_told_the_version_and_whom_not_to_judge() -> None:
    camera = keep()
    assert camera.version in camera.notice
    assert "must not be among those judged" in camera.notice
