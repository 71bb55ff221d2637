"""Calibrations of cameras: kept, read, and what an anchor does to scores."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from facepad import calibration
from facepad.calibration import Anchor, Calibration
from facepad.cli.app import app
from facepad.errors import ModelError, SettingsError
from facepad.models.card import Card

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def anchor(threshold: float = -2.0) -> Anchor:
    return Anchor(np.zeros(3), np.ones(3), 0.5, 0.25, 1.0, 0.1, threshold, 2.0, 1.0)


def made(name: str = "kiosk-7") -> Calibration:
    return Calibration(name, "face_cnn", "heads-1+0", 10, {"tight": anchor()})


def test_a_calibration_is_read_as_it_was_kept() -> None:
    calibration.save(made(), CARD)
    found = calibration.load("kiosk-7")
    assert (found.test, found.version, found.frames) == ("face_cnn", "heads-1+0", 10)
    features = np.array([1.0, -1.0, 2.0])
    assert found.anchors["tight"].anchored(0.2, features) == anchor().anchored(0.2, features)
    assert (found.anchors["tight"].slope, found.anchors["tight"].bias) == (2.0, 1.0)


def test_all_names_are_listed_and_a_removed_one_no_longer() -> None:
    for name in ("b", "a"):
        calibration.save(made(name), CARD)
    assert calibration.names() == ("a", "b")
    calibration.remove("a")
    assert calibration.names() == ("b",)


def test_its_card_is_kept_beside_it() -> None:
    calibration.save(made(), CARD)
    assert "## Limits" in calibration.card("kiosk-7")


def test_its_version_begins_with_its_name() -> None:
    calibration.save(made(), CARD)
    assert calibration.version("kiosk-7").startswith("kiosk-7+")


def test_one_that_is_not_there_is_answered_with_those_that_are() -> None:
    calibration.save(made("door"), CARD)
    with pytest.raises(SettingsError, match="no calibration named 'gate'; known: door"):
        calibration.load("gate")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "Kiosk", ".hidden", "x" * 65])
def test_a_name_that_could_be_a_path_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="a calibration's name is of"):
        calibration.load(name)


def test_a_damaged_file_is_a_model_error() -> None:
    file = calibration.save(made(), CARD)
    file.write_bytes(b"other")
    with pytest.raises(ModelError):
        calibration.load("kiosk-7")


def test_numbers_that_are_not_finite_are_refused() -> None:
    broken = Anchor(np.full(3, np.nan), np.ones(3), 0.5, 0.25, 1.0, 0.1, 0.0)
    calibration.save(Calibration("it", "t", "v", 3, {"tight": broken}), CARD)
    with pytest.raises(ModelError, match="not finite"):
        calibration.load("it")


def test_a_higher_logit_is_a_higher_score() -> None:
    assert anchor().anchored(0.6, np.ones(3)) > anchor().anchored(0.5, np.ones(3))


def test_features_further_from_the_frames_are_a_lower_score() -> None:
    assert anchor().anchored(0.5, np.full(3, 2.0)) < anchor().anchored(0.5, np.ones(3))


def test_a_ratio_is_affine_in_the_anchored_score() -> None:
    assert anchor().ratio(0.0) == 1.0
    assert anchor().ratio(3.0) == 7.0


def test_the_margin_is_none_at_the_threshold() -> None:
    assert anchor().margin(-2.0) == 0.0
    assert anchor().margin(-1.0) == anchor().ratio(-1.0) - anchor().ratio(-2.0)


def test_a_slope_that_would_turn_scores_round_is_refused() -> None:
    turned = Anchor(np.zeros(3), np.ones(3), 0.5, 0.25, 1.0, 0.1, 0.0, -1.0, 0.0)
    calibration.save(Calibration("it", "t", "v", 3, {"tight": turned}), CARD)
    with pytest.raises(ModelError, match="slope must be above 0"):
        calibration.load("it")


def test_a_shift_of_the_camera_moves_nothing_when_the_anchor_moves_with_it() -> None:
    shifted = Anchor(np.full(3, 5.0), np.ones(3), 1.5, 0.25, 1.0, 0.1, -2.0)
    here = anchor().anchored(0.4, np.ones(3))
    assert shifted.anchored(1.4, np.full(3, 6.0)) == pytest.approx(here)


def test_a_card_that_is_missing_is_a_model_error() -> None:
    calibration.save(made(), CARD).with_suffix(".md").unlink()
    with pytest.raises(ModelError, match=r"kiosk-7\.md cannot be read"):
        calibration.card("kiosk-7")


def test_a_card_that_is_no_text_is_a_model_error() -> None:
    calibration.save(made(), CARD).with_suffix(".md").write_bytes(b"\xff")
    with pytest.raises(ModelError, match=r"kiosk-7\.md is no card"):
        calibration.card("kiosk-7")


def test_the_list_goes_on_after_a_damaged_file(tmp_path: Path) -> None:
    calibration.save(made("front"), CARD)
    (tmp_path / "calibrations" / "back.npz").write_bytes(b"damaged")
    found = CliRunner().invoke(app, ["calibration", "list"])
    assert found.exit_code == 0
    assert found.output.splitlines() == [
        "back  damaged; calibrate the camera again",
        "front  face_cnn heads-1+0, 10 frames",
    ]


def test_a_name_that_is_taken_is_refused_before_any_work(tmp_path: Path) -> None:
    calibration.save(made("door"), CARD)
    command = ["calibrate", "--bona-fide", str(tmp_path / "nowhere"), "--name", "door"]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 4
    assert "a calibration named 'door' exists; give another --name, or --force" in found.output
