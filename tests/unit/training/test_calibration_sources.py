"""Frames for a calibration: stills and clips, and faces as the test needs them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import facepad
from facepad import calibration
from facepad.calibration import Calibration, CameraPrior, MemberPrior, ViewPrior
from facepad.errors import InputError, SettingsError
from facepad.needs import Needs
from facepad.sources import Source
from facepad.training.calibration import run, self_attacks
from facepad.training.calibration.card import CalibrationResult
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    LivenessTest,
    MemberReading,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

HALF = OperatingPoint.at(0.5)
WITH_LANDMARKS = Needs(landmarks=True)


@dataclass(frozen=True)
class Brightness:
    """Observes the mean brightness."""

    name: str = "brightness"
    version: str = "brightness-1+0"
    prior_model: str = "brightness_cameras"
    operating_point: OperatingPoint = HALF
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = WITH_LANDMARKS
    views: tuple[str, ...] = ("picture",)

    def score(self, presentation: Presentation) -> Score:
        raise AssertionError(presentation)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        (frame,) = presentation.frames
        if frame.face is None:
            return Reason.NO_FACE
        level = float(frame.image.mean())
        member = {"brightness": MemberReading(level, np.array([level]))}
        return {views: Observation(member) for views in self.views}

    def prior(self) -> CameraPrior:
        member = MemberPrior(
            spread=np.ones(1),
            logit=1.0,
            distance=1.0,
            distance_scale=1.0,
            logit_weight=0.5,
            distance_weight=0.5,
        )
        view = ViewPrior(members={"brightness": member}, cameras=9)
        return CameraPrior({"people": {"picture": view, "picture+frame": view}}, self.version)

    def calibrated(self, calibration: Calibration) -> LivenessTest:
        raise AssertionError(calibration)


@dataclass(frozen=True)
class Scene(Brightness):
    """Observes the whole frame, too."""

    views: tuple[str, ...] = ("picture", "picture+frame")


class Finder:
    """Finds a face in every picture but dark ones; notes whether landmarks are asked for."""

    asked: list[bool]

    def __init__(self, landmarks: bool) -> None:
        self.asked.append(landmarks)

    def find(self, frame: Frame) -> Frame:
        if frame.image.mean() < 20.0:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((0, 0, *frame.size), 1.0))


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    found: list[bool] = []
    monkeypatch.setattr(Finder, "asked", found, raising=False)
    for module in (run, self_attacks):
        monkeypatch.setattr(module, "FaceFinder", Finder)
    monkeypatch.setattr(run, "assess", capture_of)
    return found


def capture_of(frame: Frame) -> CaptureQuality:
    """Call bright pictures blurred, and all without context."""
    blurred = (Reason.TOO_BLURRED,) if frame.image.mean() > 230.0 else ()
    return CaptureQuality((*blurred, Reason.NO_CONTEXT))


def clip(file: Path, *levels: int, rate: float = 25.0) -> None:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), rate, (96, 96))
    for level in levels:
        writer.write(np.full((96, 96, 3), level, np.uint8))
    writer.release()


def still(file: Path, level: int) -> None:
    cv2.imwrite(str(file), np.full((96, 96, 3), level, np.uint8))


def calibrated(folder: Path, *, self_attacks: bool = False) -> CalibrationResult:
    found = run.pictures(folder)
    return run.fit_calibration("it", Brightness(), found, self_attacks=self_attacks)


def mean_of(result: CalibrationResult) -> float:
    return result.calibration.anchors["picture"].members["brightness"].logit


def of_people(folder: Path, *names: str) -> list[Path]:
    made = [folder / name for name in names]
    for each in made:
        each.mkdir()
    return made


def test_a_clip_of_one_of_several_people_counts_as_one_frame_its_middle_one(tmp_path: Path) -> None:
    first, second = of_people(tmp_path, "ann", "bob")
    still(first / "1.png", 100)
    still(first / "2.png", 110)
    clip(second / "3.avi", 30, 60, 120, 200, 220)
    result = calibrated(tmp_path)
    assert (result.calibration.frames, result.calibration.kind) == (3, "people")
    assert mean_of(result) == pytest.approx(110.0, abs=2.0)


def test_of_a_clip_the_usable_frame_nearest_to_the_middle_is_taken(tmp_path: Path) -> None:
    for number, folder in enumerate(of_people(tmp_path, "ann", "bob", "eve")):
        clip(folder / f"{number}.avi", 80, 90 + 10 * number, 240 + 6 * number, 10 * number, 0)
    assert mean_of(calibrated(tmp_path)) == pytest.approx(100.0, abs=2.0)


def test_of_a_clip_of_one_person_frames_that_are_some_time_apart_count(tmp_path: Path) -> None:
    # 24 frames at 8 a second; 10 are spread evenly, of which every second is .5 s after the last
    clip(tmp_path / "it.avi", *range(40, 40 + 24 * 6, 6), rate=8.0)
    result = calibrated(tmp_path)
    assert (result.calibration.frames, result.calibration.kind) == (5, "person")
    assert "for this person alone" in " ".join(result.notes)


def test_a_clip_of_one_person_gives_ten_frames_at_most_and_no_copies(tmp_path: Path) -> None:
    (folder,) = of_people(tmp_path, "ann")
    clip(folder / "long.avi", *range(40, 40 + 40 * 4, 4), rate=1.0)
    assert calibrated(tmp_path).calibration.frames == run.CLIP_FRAMES
    clip(folder / "long.avi", *[40] * 20, *[80] * 10, *[120] * 10, rate=1.0)
    assert calibrated(tmp_path).calibration.frames == 3


def test_the_whole_frame_is_compared_only_in_a_fixed_scene(tmp_path: Path) -> None:
    stills(tmp_path, 4)
    found = run.pictures(tmp_path)
    for fixed, views in [(False, ["picture"]), (True, ["picture", "picture+frame"])]:
        made = run.fit_calibration("it", Scene(), found, fixed_scene=fixed, self_attacks=False)
        assert list(made.calibration.anchors) == views
        assert made.calibration.fixed_scene is fixed
        assert ("(fixed scene)" in made.card.limits) is fixed
    made = run.fit_calibration("it", Brightness(), found, fixed_scene=True, self_attacks=False)
    assert made.notes[-1].startswith("--fixed-scene changes nothing")


def test_a_target_replaces_that_of_the_usual_point(tmp_path: Path) -> None:
    stills(tmp_path, 4)
    found = run.pictures(tmp_path)
    usual, own = (
        run.fit_calibration("it", Brightness(), found, target_bpcer=t, self_attacks=False)
        for t in (None, 0.3)
    )
    bounds = usual.calibration.anchors["picture"].bounds
    others = own.calibration.anchors["picture"].bounds
    assert others["strict"] == bounds["strict"] < others["balanced"]
    assert "--target-bpcer 30" in own.card.recipe
    assert "--target-bpcer" not in usual.card.recipe


def test_pictures_in_a_list_are_one_persons_and_the_calibration_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    monkeypatch.setattr(run, "make_calibratable", lambda _: Brightness())
    stills(tmp_path, 3)
    given: list[Source] = [
        tmp_path / "0.png",
        (tmp_path / "1.png").read_bytes(),
        np.full((96, 96, 3), 120, np.uint8),
    ]
    made = facepad.calibrate("desk", given, self_attacks=False, channels="rgb")
    assert (made.calibration.kind, made.calibration.frames) == ("person", 3)
    assert calibration.load("desk").frames == 3
    with pytest.raises(SettingsError, match="a calibration named 'desk' exists"):
        facepad.calibrate("desk", given, channels="rgb")
    with pytest.raises(InputError, match="picture 3 is an array and needs channels='rgb'"):
        facepad.calibrate("another", given)
    again = facepad.calibrate("desk", tmp_path, self_attacks=False, overwrite=True)
    assert again.calibration.frames == 3


def stills(folder: Path, count: int) -> None:
    for number in range(count):
        still(folder / f"{number}.png", 100 + 10 * number)


def test_what_cannot_be_used_is_left_out_and_named_with_the_reason(tmp_path: Path) -> None:
    stills(tmp_path, 3)
    clip(tmp_path / "dark.avi", 0, 0, 0)
    still(tmp_path / "blurred.png", 250)
    (tmp_path / "Thumbs.db").write_bytes(b"no picture")
    (tmp_path / "broken.avi").write_bytes(b"broken")
    result = calibrated(tmp_path)
    assert result.calibration.frames == 3
    assert result.notes[2:] == (
        "left out, not a picture or clip: Thumbs.db, broken.avi",
        "left out, too blurred: blurred.png",
        "left out, no face found: dark.avi",
    )


def test_a_picture_counts_once_also_when_it_was_resized_or_encoded_again(tmp_path: Path) -> None:
    stills(tmp_path, 3)
    (tmp_path / "copy.png").write_bytes((tmp_path / "1.png").read_bytes())
    cv2.imwrite(str(tmp_path / "smaller.jpg"), np.full((48, 48, 3), 120, np.uint8))
    result = calibrated(tmp_path)
    assert result.calibration.frames == 3
    assert "left out, the same picture as another: copy.png, smaller.jpg" in result.notes


def test_copies_of_a_few_frames_are_not_enough(tmp_path: Path) -> None:
    for number in range(10):
        still(tmp_path / f"{number}.png", 100)
    with pytest.raises(InputError, match=r"3 different frames with a face, got 1 of 10 \(left out"):
        calibrated(tmp_path)


def test_faces_have_landmarks_where_the_test_needs_them(
    tmp_path: Path, asked: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_attacks, "attacks_of", lambda frame, _: [frame.image])
    stills(tmp_path, 3)
    calibrated(tmp_path, self_attacks=True)
    assert asked == [True, True]


@dataclass(frozen=True)
class Unknown(Brightness):
    """Nothing is known of other cameras."""

    def prior(self) -> CameraPrior:
        usual = super().prior()
        view = replace(usual.of("picture"), worth=0)
        return CameraPrior({"people": {"picture": view, "picture+frame": view}}, usual.version)


def test_without_a_prior_a_calibration_needs_ten_frames_and_says_what_it_rests_on(
    tmp_path: Path,
) -> None:
    for number in range(9):
        still(tmp_path / f"{number}.png", 60 + 17 * number)
    with pytest.raises(InputError, match=r"without a prior over cameras .* least 10 .* got 9 of 9"):
        run.fit_calibration("it", Unknown(), run.pictures(tmp_path), self_attacks=False)
    still(tmp_path / "9.png", 220)
    made = run.fit_calibration("it", Unknown(), run.pictures(tmp_path), self_attacks=False)
    assert made.notes[0].startswith("there is no prior over cameras for this test")
    assert "by themselves, since there is no prior over other cameras" in made.card.recipe


def test_pictures_in_memory_are_frames_of_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "make_calibratable", lambda _: Brightness())
    images = [np.full((96, 96, 3), level, np.uint8) for level in (60, 90, 90, 120)]
    steps: list[None] = []
    made, card, grade = run.fit_pictures("it", "brightness", images, lambda: steps.append(None))
    assert (made.name, made.test, made.frames, made.kind) == ("it", "brightness", 3, "person")
    assert card.results
    assert grade == "weak: 3 frames only, take 10 to 20"
    assert len(steps) == 8  # each picture, and its attacks


def test_what_is_called_between_pictures_can_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "make_calibratable", lambda _: Brightness())
    images = [np.full((96, 96, 3), 60, np.uint8)]
    with pytest.raises(KeyboardInterrupt):
        run.fit_pictures("it", "brightness", images, stop)
