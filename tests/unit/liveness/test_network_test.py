"""A network of one's own as a liveness test: named, scored, calibrated and sent to processes."""

import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import facepad
from described_network import described, face_frame, face_presentation, written
from facepad import calibration, registry
from facepad.calibration import Calibration, CameraPrior, MemberPrior, ViewPrior
from facepad.errors import ModelError, SettingsError
from facepad.finders import Finder
from facepad.fusion import Answer, mean_ratio, point_of
from facepad.liveness.network.test import NetworkFactory, NetworkTest, coverage, unit, view_of
from facepad.models import store
from facepad.models.card import Card
from facepad.scores import logit
from facepad.scoring.workers import CheckerSpec
from facepad.selected_tests import SelectedTests, make_test
from facepad.testing import check_calibratable, check_liveness_test
from facepad.training.calibration.fit import CalibrationFrame, fit
from facepad.types import (
    CaptureQuality,
    Frame,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)


def made(folder: Path, **changes: str | None) -> NetworkTest:
    return NetworkFactory(written(folder, **changes))()


class Finds(Finder):
    """Has every picture's face in the frame already."""

    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        return frame


def good(_: Frame) -> CaptureQuality:
    return CaptureQuality()


# --- names --------------------------------------------------------------------------------


def test_a_network_is_named_by_its_description_without_the_folder(tmp_path: Path) -> None:
    name = f"network:{written(tmp_path)}"
    assert registry.short_name(name) == make_test(name).name == "network:my"
    assert registry.short_name(name.removesuffix(".toml")) == "network:my"
    assert registry.located("quality") == registry.short_name("quality") == "quality"


@pytest.mark.parametrize("name", ["network:", "network:a b.toml", "network:a;b", "network:.toml"])
def test_a_name_that_no_column_can_have_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="the name of a description is of A-Z, a-z"):
        registry.short_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("network:a/my.onnx", r"name the description .* `facepad network describe a/my.onnx`"),
        ("a/my.toml", r"unknown test 'a/my.toml'; a network .* is named network:a/my.toml"),
        ("my.onnx", r"unknown test 'my.onnx'; a network .* is named network:my.toml"),
    ],
)
def test_a_file_that_is_named_in_another_way_is_an_error_with_the_right_one(
    name: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        make_test(name)


def test_a_checker_finds_the_network_in_another_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    checker = facepad.Checker(["network:my.toml"], finder=Finds(), assess=good)
    sent = pickle.dumps(checker)
    os.chdir("/")
    again = pickle.loads(sent)  # noqa: S301 - our own
    assert again.check_presentation(face_presentation()).scores.keys() == {"network:my"}


def test_a_run_keeps_the_place_of_a_network_beside_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    spec = CheckerSpec.of(["network:my.toml"], ["quality"])
    os.chdir("/")
    assert spec.tests == ("network:my", "quality")
    assert spec.places == {"network:my": f"network:{tmp_path / 'my.toml'}"}
    assert pickle.loads(pickle.dumps(spec)).checker().tests == spec.tests  # noqa: S301 - our own


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="each test is named once, got network:my, network:my"):
        SelectedTests.of(["network:a/my.toml", "network:b/my.toml"])


# --- scores -------------------------------------------------------------------------------


def test_it_follows_the_contracts(tmp_path: Path) -> None:
    check_liveness_test(made(tmp_path), "network:my")
    for crop in ("1.2", "0"):
        check_calibratable(made(tmp_path, input__crop=crop, output__features='"features"'))


def test_without_a_threshold_the_score_is_shown_and_does_not_decide(tmp_path: Path) -> None:
    written(tmp_path)
    checker = facepad.Checker([f"network:{tmp_path / 'my.toml'}"], finder=Finds(), assess=good)
    decision = checker.check_presentation(face_presentation())
    assert decision.score is not None
    assert (decision.outcome, decision.reasons) == (Outcome.UNCERTAIN, (Reason.NO_THRESHOLD,))
    assert decision.models == {"network:my": described(tmp_path).version}
    json.dumps(decision.to_dict())


def test_beside_another_test_it_abstains_without_a_threshold(tmp_path: Path) -> None:
    test = made(tmp_path)
    half = OperatingPoint.at(0.5)
    own = test.score(face_presentation())
    fused = mean_ratio({"other": Answer(Score(0.9), half), test.name: Answer(own, point_of(test))})
    assert (fused.value, fused.reasons, fused.operating_point) == (0.9, (), half)


def test_with_a_threshold_it_decides_and_says_by_which(tmp_path: Path) -> None:
    test = made(tmp_path, decision__threshold="0.2", decision__low="0.1")
    score = test.score(face_presentation())
    assert score.reason is None
    assert score.points == {"balanced": OperatingPoint("balanced", 0.2, 0.1, 0.2)}
    assert test.models["network:my decision"] == "threshold 0.2 (0.1 to 0.2)"


def test_a_scaling_moves_the_score_and_not_the_raw_logit(tmp_path: Path) -> None:
    plain = made(tmp_path).score(face_presentation())
    scaled = made(tmp_path, decision__slope="0.5", decision__bias="1").score(face_presentation())
    assert scaled.details["raw"] == plain.details["raw"]
    assert scaled.value is not None
    assert logit(scaled.value) == pytest.approx(0.5 * plain.details["raw"] + 1.0)


def test_a_picture_that_ends_within_the_crop_does_not_decide(tmp_path: Path) -> None:
    test = made(tmp_path, input__crop="4", decision__threshold="0.5")
    frame = face_frame()
    assert coverage(frame, test.description) == pytest.approx(0.25)
    assert test.score(Presentation((frame,))).reason is Reason.NO_CONTEXT
    assert test.observe(Presentation((frame,))) is Reason.NO_CONTEXT


def test_a_network_of_whole_frames_sees_their_middle(tmp_path: Path) -> None:
    own = described(tmp_path, input__crop="0")
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, 20:60] = 200
    assert (view_of(replace(face_frame(), image=image), own) == 200).all()


def test_frames_without_a_face_have_no_score(tmp_path: Path) -> None:
    frame = Frame(face_frame().image, no_face=Reason.FACE_TOO_FAR)
    assert made(tmp_path).score(Presentation((frame,))).reason is Reason.FACE_TOO_FAR


# --- calibration --------------------------------------------------------------------------


def test_features_of_the_whole_frame_are_for_fixed_scenes_only(tmp_path: Path) -> None:
    seen = {
        crop: made(tmp_path, input__crop=crop, output__features='"features"').observe(
            face_presentation()
        )
        for crop in ("1.2", "0")
    }
    sets = {
        crop: {name: set(one.members) for name, one in found.items()}
        for crop, found in seen.items()
        if not isinstance(found, Reason)
    }
    assert sets == {
        "1.2": {"crop": {"decision", "features"}},
        "0": {"crop": {"decision"}, "crop+frame": {"decision", "features"}},
    }


def test_features_have_one_scale_whatever_the_network_has() -> None:
    features = np.array([3.0, 4.0])
    np.testing.assert_allclose(unit(features), unit(1000.0 * features))
    assert np.mean(unit(features) ** 2) == pytest.approx(1.0)
    assert unit(np.zeros(2)).tolist() == [0.0, 0.0]


def calibrated(test: NetworkTest, frames: int = 12) -> Calibration:
    seen = [test.observe(face_presentation(seed)) for seed in range(frames)]
    observed = [CalibrationFrame(one["crop"]) for one in seen if not isinstance(one, Reason)]
    anchor = fit(observed, test.prior().of("crop"))
    return Calibration("it", test.name, test.version, frames, {"crop": anchor})


def test_calibrated_it_decides_by_the_frames_alone_where_there_is_no_prior(tmp_path: Path) -> None:
    test = made(tmp_path, output__features='"features"')
    made_for = calibrated(test)
    score = test.calibrated(made_for).score(face_presentation(99))
    assert score.reason is None
    assert score.points.keys() == {"convenience", "balanced", "strict"}
    assert set(score.details["members"]) == {"decision", "features"}
    assert test.prior().worth == 0


def test_a_calibration_of_another_description_is_refused(tmp_path: Path) -> None:
    made_for = calibrated(made(tmp_path))
    with pytest.raises(ModelError, match=r"calibrate the camera again .* --test network:my"):
        made(tmp_path, input__crop="1.3").calibrated(made_for)
    told = made(tmp_path, title='"A title"').calibrated(made_for)
    assert told.anchored


def save_prior(test: NetworkTest, folder: Path, version: str) -> None:
    members = {
        name: MemberPrior(
            spread=np.ones(width),
            logit=2.0,
            distance=1.0,
            distance_scale=0.5,
            logit_weight=0.5,
            distance_weight=0.5 * (width > 0),
        )
        for name, width in (("decision", 0), ("features", 4))
    }
    prior = CameraPrior({"people": {"crop": ViewPrior(members=members, cameras=3)}}, version)
    card = Card("a", "1", "b", "c", "d", "e", "f")
    store.save_arrays(folder / f"{test.prior_model}.npz", prior.arrays(), card)


def test_its_prior_lies_beside_the_description(tmp_path: Path) -> None:
    test = made(tmp_path, output__features='"features"')
    save_prior(test, tmp_path, test.version)
    assert (test.prior().worth, test.prior_model) == (12, "my_cameras")
    assert calibrated(test).anchors["crop"].members["features"].distance_weight == 0.5


def test_a_prior_of_another_version_is_refused(tmp_path: Path) -> None:
    test = made(tmp_path, output__features='"features"')
    save_prior(test, tmp_path, "my-00000000+00000000")
    with pytest.raises(ModelError, match=r"was made for my-00000000.*--test network:my.toml"):
        test.prior()


def test_a_calibration_without_its_network_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    monkeypatch.chdir(tmp_path)
    calibration.save(calibrated(made(tmp_path)), Card("a", "1", "b", "c", "d", "e", "f"))
    here = facepad.Checker(calibration="it", advisory=[], finder=Finds(), assess=good)
    assert here.check_presentation(face_presentation()).deciding == ("network:my",)
    os.chdir("/")
    elsewhere = facepad.Checker(calibration="it", finder=Finds(), assess=good)
    with pytest.raises(SettingsError, match=r"/my.toml cannot be read: .* network:FOLDER/my.toml"):
        elsewhere.check_presentation(face_presentation())
    named = facepad.Checker([f"network:{tmp_path}/my"], calibration="it", finder=Finds())
    assert named.deciding == ("network:my",)
