"""Calibrating a camera from a folder: who is in it, what is told, what comes out."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facepad.errors import InputError, SettingsError
from facepad.liveness.face_cnn.test import FaceTest, free
from facepad.training.calibration import run
from facepad.training.calibration.card import CalibrationResult
from facepad.training.calibration.run import CalibrationPicture
from facepad.types import MemberReading, Observation

pytestmark = pytest.mark.slow  # whole runs with the network

PORTRAIT = Path(__file__).parents[3] / "examples" / "astronaut.jpg"


def frames(folder: Path, count: int, *, people: int = 1) -> Path:
    """The portrait under a light that changes, saved as different people's if asked for."""
    portrait = cv2.imread(str(PORTRAIT))
    assert portrait is not None
    for number in range(count):
        who = folder / f"person-{number % people}" if people > 1 else folder
        who.mkdir(parents=True, exist_ok=True)
        lit = np.clip(portrait * (0.8 + 0.05 * number), 0, 255).astype(np.uint8)
        cv2.imwrite(str(who / f"{number}.png"), lit)
    return folder


@pytest.fixture(scope="module")
def test() -> FaceTest:
    return free()


@pytest.fixture(scope="module")
def done(test: FaceTest, tmp_path_factory: pytest.TempPathFactory) -> CalibrationResult:
    folder = frames(tmp_path_factory.mktemp("frames"), 4)
    return run.fit_calibration("it", test, run.pictures(folder))


def test_a_subfolder_is_a_person(tmp_path: Path) -> None:
    found = run.pictures(frames(tmp_path, 4, people=2))
    assert sorted({picture.person for picture in found}) == ["person-0", "person-1"]


def test_pictures_directly_in_the_folder_are_of_nobody_in_particular(tmp_path: Path) -> None:
    assert {picture.person for picture in run.pictures(frames(tmp_path, 2))} == {""}


def test_the_frames_themselves_are_bona_fide_afterwards(done: CalibrationResult) -> None:
    for anchor in done.calibration.anchors.values():
        members = {
            name: MemberReading(one.logit, one.centre) for name, one in anchor.members.items()
        }
        assert anchor.anchored(Observation(members)) > max(anchor.bounds.values())


def test_few_frames_of_one_person_are_told(done: CalibrationResult) -> None:
    told = " ".join(done.notes)
    assert "4 frames are few" in told
    assert "for this person alone" in told


def test_the_card_says_what_to_expect(done: CalibrationResult) -> None:
    assert "balanced 5 % (" in done.card.results
    assert "4 frames are few" in done.card.limits


def test_the_card_tells_what_attacks_of_the_frames_would_do(done: CalibrationResult) -> None:
    assert "attacks simulated from these frames" in done.card.results


def test_without_such_attacks_the_card_says_so(test: FaceTest, tmp_path: Path) -> None:
    found = run.pictures(frames(tmp_path, 3))
    made = run.fit_calibration("it", test, found, self_attacks=False)
    assert "No attacks were simulated" in made.card.results


def test_the_calibrated_test_takes_the_calibration(done: CalibrationResult, test: FaceTest) -> None:
    assert test.calibrated(done.calibration).operating_point.name == "calibration it"


def test_pictures_without_a_face_are_not_enough(test: FaceTest, tmp_path: Path) -> None:
    file = tmp_path / "blank.png"
    cv2.imwrite(str(file), np.zeros((200, 200, 3), np.uint8))
    with pytest.raises(InputError, match="at least 3 different frames with a face, got 0 of 1"):
        run.fit_calibration("it", test, [CalibrationPicture(file, "")])


def test_a_name_that_cannot_be_kept_is_told_before_any_work(test: FaceTest) -> None:
    with pytest.raises(SettingsError, match="a calibration's name"):
        run.fit_calibration("../it", test, [])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere is not a folder"):
        run.pictures(tmp_path / "nowhere")
