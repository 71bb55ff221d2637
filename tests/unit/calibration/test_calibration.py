"""Calibrations of cameras: kept, read, and what an anchor does to scores."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from typer.testing import CliRunner

from facepad import calibration
from facepad.calibration import Anchor, Calibration, MemberAnchor
from facepad.cli.app import app
from facepad.errors import ModelError, SettingsError
from facepad.models.card import Card
from facepad.models.npz import pack
from facepad.scores import sigmoid
from facepad.types import MemberReading, Observation, OperatingPoint

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def member(**changed: float | NDArray[np.float64]) -> MemberAnchor:
    usual = MemberAnchor(
        centre=np.zeros(3),
        scale=np.ones(3),
        logit=0.5,
        logit_scale=0.25,
        distance=1.0,
        distance_scale=0.1,
        logit_weight=0.6,
        distance_weight=0.4,
    )
    return replace(usual, **changed)  # type: ignore[arg-type]  # a number or an array each


def anchor(slope: float = 2.0, **changed: float | NDArray[np.float64]) -> Anchor:
    bounds = {"convenience": -3.0, "balanced": -2.0, "strict": -1.0}
    other = member(centre=np.ones(2), scale=np.full(2, 2.0), logit=-1.0, distance_weight=0.0)
    return Anchor({"tight 2": member(**changed), "patch 5": other}, bounds, slope, 1.0)


def seen(logit: float, features: ArrayLike, other: float = -1.0) -> Observation:
    return Observation(
        {
            "patch 5": MemberReading(other, np.zeros(2)),
            "tight 2": MemberReading(logit, np.asarray(features)),
        }
    )


def made(name: str = "kiosk-7") -> Calibration:
    return Calibration(name, "face_cnn", "heads-1+0", 10, {"crop": anchor()})


def test_a_calibration_is_read_as_it_was_kept() -> None:
    first = Calibration(
        "kiosk-7", "face_cnn", "heads-1+0", 10, {"crop": anchor(), "a frame": anchor(1.0)},
        "person", fixed_scene=True,
    )  # fmt: skip
    calibration.save(first, CARD)
    found = calibration.load("kiosk-7")
    assert (found.test, found.version, found.frames) == ("face_cnn", "heads-1+0", 10)
    assert (found.kind, found.fixed_scene, list(found.anchors)) == (
        "person",
        True,
        ["crop", "a frame"],
    )
    observation = seen(0.2, [1.0, -1.0, 2.0], 3.0)
    for views, one in first.anchors.items():
        assert found.anchors[views].anchored(observation) == one.anchored(observation)
        assert found.anchors[views].points() == one.points()
    assert (found.anchors["crop"].slope, found.anchors["crop"].bias) == (2.0, 1.0)


def test_one_of_an_earlier_version_is_refused_with_the_command_that_makes_it_again() -> None:
    file = calibration.save(made(), CARD)
    arrays = made().arrays() | {"format_version": np.array(2)}
    file.write_bytes(pack(arrays))
    with pytest.raises(
        ModelError, match="facepad calibrate --bona-fide DIR --name kiosk-7 --force"
    ):
        calibration.load("kiosk-7")


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


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (anchor(centre=np.full(3, np.nan)), "not finite"),
        (anchor(logit=np.inf), "not finite"),
        (anchor(scale=np.zeros(3)), "must be above 0"),
        (anchor(-1.0), "slope must be above 0"),
        (anchor(logit_weight=-1.0), "weights must be 0 or above"),
        (Anchor({"tight 2": member()}, {"strict": 0.0}), "no bound of balanced"),
    ],
)
def test_numbers_that_cannot_be_are_refused(broken: Anchor, why: str) -> None:
    calibration.save(Calibration("it", "t", "v", 3, {"crop": broken}), CARD)
    with pytest.raises(ModelError, match=why):
        calibration.load("it")


def test_the_score_is_the_weighted_sum_over_members() -> None:
    # logit (0.75 - 0.5) / 0.25 = 1; distance (2 - 1) / 0.1 = 10; the other's logit 2 / 0.25 = 8
    found = anchor().anchored(seen(0.75, [2.0, 2.0, 2.0], 1.0))
    assert found == pytest.approx(0.6 * 1.0 - 0.4 * 10.0 + 0.6 * 8.0)


def test_a_higher_logit_is_a_higher_score() -> None:
    assert anchor().anchored(seen(0.6, np.ones(3))) > anchor().anchored(seen(0.5, np.ones(3)))


def test_features_further_from_the_frames_are_a_lower_score() -> None:
    far, near = seen(0.5, np.full(3, 2.0)), seen(0.5, np.ones(3))
    assert anchor().anchored(far) < anchor().anchored(near)


def test_a_shift_of_the_camera_moves_nothing_when_the_anchor_moves_with_it() -> None:
    here = anchor().anchored(seen(0.4, np.ones(3)))
    shifted = anchor(centre=np.full(3, 5.0), logit=1.5)
    assert shifted.anchored(seen(1.4, np.full(3, 6.0))) == pytest.approx(here)


def test_a_ratio_is_affine_in_the_anchored_score() -> None:
    assert anchor().ratio(0.0) == 1.0
    assert anchor().ratio(3.0) == 7.0


def test_operating_points_are_bounds_in_units_of_the_score_above_one_low() -> None:
    points = anchor().points()
    assert list(points) == ["convenience", "balanced", "strict"]
    assert points["balanced"] == OperatingPoint(
        "balanced", sigmoid(-3.0), sigmoid(-5.0), sigmoid(-3.0)
    )
    assert {point.low for point in points.values()} == {points["convenience"].high}


def test_an_attack_is_said_below_a_bound_of_its_own() -> None:
    anchor = replace(made().anchors["crop"], accused=-9.0)
    points = anchor.points()
    assert {point.low for point in points.values()} == {sigmoid(anchor.ratio(-9.0))}
    assert all(point.low < point.high for point in points.values())


def test_a_bound_below_the_lowest_has_no_band() -> None:
    own = replace(anchor(), bounds={"convenience": -2.0, "balanced": -4.0})
    point = own.points()["balanced"]
    assert point.low == point.threshold == point.high == sigmoid(-7.0)


def test_a_score_comes_with_its_points_and_details() -> None:
    observation = seen(0.5, np.ones(3))
    found = anchor().score(observation)
    anchored = anchor().anchored(observation)
    assert found.value == sigmoid(2.0 * anchored + 1.0)
    assert found.points == anchor().points()
    assert found.details["deviations"] == anchored + 2.0
    assert found.details["members"]["tight 2"] == {"logit": 0.0, "distance": 0.0}


def test_an_observation_without_a_member_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="lacks the members tight 2"):
        anchor().score(Observation({"patch 5": MemberReading(0.0, np.zeros(2))}))


def test_the_largest_set_of_views_that_is_calibrated_is_used() -> None:
    both = replace(made(), anchors={"crop": anchor(1.0), "context": anchor(2.0)})
    one = seen(0.5, np.ones(3))
    for observed, used in [(("crop",), "crop"), (("crop", "context", "more"), "context")]:
        found = both.score(dict.fromkeys(observed, one))
        assert found.details["calibrated_views"] == used
        assert found.value == both.anchors[used].score(one).value
    with pytest.raises(ModelError, match="'kiosk-7' is for crop, context, not for more"):
        both.score({"more": one})


def test_its_operating_points_are_those_of_the_largest_set() -> None:
    both = replace(made(), anchors={"crop": anchor(1.0), "context": anchor(2.0)})
    assert both.operating_points == anchor(2.0).points()
    assert both.operating_point == replace(
        anchor(2.0).points()["balanced"], name="calibration kiosk-7"
    )


def test_one_of_another_test_or_version_is_refused_with_the_command() -> None:
    made().check_for("face_cnn", "heads-1+0")
    for test, version in [("quality", "heads-1+0"), ("face_cnn", "heads-2+0")]:
        with pytest.raises(ModelError, match=f"again with `facepad calibrate .* --test {test}"):
            made().check_for(test, version)


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
        "front  face_cnn heads-1+0, 10 frames of people",
    ]


def test_a_name_that_is_taken_is_refused_before_any_work(tmp_path: Path) -> None:
    calibration.save(made("door"), CARD)
    command = ["calibrate", "--bona-fide", str(tmp_path / "nowhere"), "--name", "door"]
    found = CliRunner().invoke(app, command)
    assert found.exit_code == 4
    assert "a calibration named 'door' exists; give another --name, or --force" in found.output


@pytest.mark.parametrize("seed", range(9))
def test_contributions_of_the_members_sum_to_the_ratio(seed: int) -> None:
    logit, *features = np.random.default_rng(seed).normal(scale=3.0, size=4).tolist()
    details = anchor().score(seen(logit, features)).details
    found = anchor().contributions(details["members"])
    assert found.log_likelihood_ratio == pytest.approx(details["log_likelihood_ratio"], abs=1e-9)


def test_a_member_without_weight_contributes_nothing() -> None:
    details = anchor().score(seen(0.75, [1.0, 2.0, 2.0])).details
    names = [part.name for part in anchor().contributions(details["members"]).parts]
    assert names == ["tight 2 logit", "tight 2 distance", "patch 5 logit"]
