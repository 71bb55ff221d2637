"""The systems of an evaluation: tests, the calibration of one of them, and their fusion."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from facepad import calibration
from facepad.calibration import Anchor, Calibration, MemberAnchor
from facepad.calibration.store import CalibrationRef
from facepad.decision import Decision, conclude
from facepad.errors import ModelError, SettingsError
from facepad.evaluation.aggregation import Scored
from facepad.evaluation.rates import outcomes
from facepad.evaluation.table import score_table
from facepad.fusion import Answer, FittedFusion, mean_ratio
from facepad.models.card import Card
from facepad.scoring import workers
from facepad.scoring.engine import DatasetScoring, decided_rows, scored_rows
from facepad.scoring.fused import FusedTests, partly_decided
from facepad.scoring.table import (
    Fields,
    error_fields,
    presentation_columns,
    presentation_fields,
)
from facepad.scoring.workers import CheckerSpec, JudgedTests, LoadedTest
from facepad.selected_tests.making import check_fitted, load_fusion, make_test
from facepad.types import (
    CaptureQuality,
    Face,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Sample,
    Score,
    Split,
)

CARD = Card("T", "1", "data", "own", "recipe", "results", "limits")
POINT = OperatingPoint("dev", 0.5, 0.4, 0.6)
AT_CAMERA = OperatingPoint.at(0.5, "calibration kiosk-7")
SAMPLE = Sample("b/1", "b/1.jpg", "ben", Split.TEST)
ONE, TWO = OperatingPoint.at(0.2), OperatingPoint("dev", 0.5, 0.4, 0.6)
POINTS = {"one": ONE, "two": TWO}
UNFAMILIAR = Reason.UNFAMILIAR_CAMERA


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))


def keep(threshold: float = -2.0, version: str = "heads-1+0") -> CalibrationRef:
    member = MemberAnchor(
        centre=np.zeros(3), scale=np.ones(3), logit=0.5, logit_scale=0.25,
        distance=1.0, distance_scale=0.1, logit_weight=1.0, distance_weight=1.0,
    )  # fmt: skip
    anchor = Anchor({"all": member}, {"balanced": threshold})
    made = Calibration("kiosk-7", "face_cnn", version, 10, {"tight": anchor})
    calibration.save(made, CARD)
    return CalibrationRef.of("kiosk-7")


def panel(camera: CalibrationRef | None) -> JudgedTests:
    point = POINT if camera is None else AT_CAMERA
    both = ("face_cnn", "quality")
    spec = CheckerSpec(both) if camera is None else CheckerSpec(both[:1], both[1:], camera)
    return JudgedTests(
        {
            "face_cnn": LoadedTest(point, {"face_cnn": "1"}, ()),
            "quality": LoadedTest(POINT, {}, ()),
        },
        spec,
    )


def test_a_camera_has_the_version_the_frames_and_the_day_of_its_calibration() -> None:
    camera = keep()
    assert camera.version == calibration.version("kiosk-7")
    assert (camera.test, camera.frames) == ("face_cnn", 10)
    assert camera.kept == datetime.now(UTC).date().isoformat()


def test_a_camera_that_was_not_calibrated_is_refused() -> None:
    with pytest.raises(SettingsError, match="no calibration named 'kiosk-7'"):
        CheckerSpec.of(["quality"], None, "kiosk-7")


def test_a_calibration_that_was_made_anew_meanwhile_is_told() -> None:
    camera = keep()
    keep(threshold=-3.0)
    with pytest.raises(ModelError, match="'kiosk-7' was replaced during the run"):
        CheckerSpec(("face_cnn",), (), camera).checker()


def test_a_calibration_for_other_heads_is_refused_before_any_scoring() -> None:
    keep()
    with pytest.raises(ModelError, match="calibrate the camera again"):
        JudgedTests.of(CheckerSpec.of(["quality"], None, "kiosk-7"))


@pytest.mark.parametrize("adding", [("blink",), ("blink", "pulse", "parallax", "surroundings")])
def test_a_fitted_fusion_takes_tests_that_only_add_although_it_was_not_fitted_on_them(
    adding: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(test: str, _: CheckerSpec) -> LoadedTest:
        return LoadedTest(make_test(test).operating_point, {}, ())

    monkeypatch.setattr(workers, "load", load)
    found = JudgedTests.of(CheckerSpec(("face_cnn", *adding), fusion="lda"))
    assert (list(found.points), found.supplements) == (["face_cnn"], adding)
    assert list(found.fusion_models) == ["fusion"]
    whole = FusedTests.of("lda", found.points, found.supplements)
    assert whole.name == f"lda of face_cnn with {', '.join(adding)}"
    fitted = load_fusion("lda")
    assert isinstance(fitted, FittedFusion)
    with pytest.raises(SettingsError, match="not on face_cnn_of_mine"):
        check_fitted(fitted, [Named("face_cnn_of_mine"), make_test("blink")])


@dataclass
class Named:
    """A test that decides, of some name."""

    name: str
    models: Mapping[str, str] = field(default_factory=dict)
    operating_point: OperatingPoint = POINT

    def score(self, _: Presentation) -> Score:
        return Score(0.5)


def test_an_anchored_test_decides_alone_at_the_cameras_threshold() -> None:
    found = panel(keep())
    point = found.own_point("face_cnn")
    assert list(found.points) == ["face_cnn"]
    assert (point.name, point.threshold) == ("calibration kiosk-7", 0.5)
    assert point.origin == "from 10 bona fide frames of the camera"


def test_a_named_point_of_a_calibration_tells_both_names() -> None:
    camera = keep()
    strict = OperatingPoint("strict", 0.8, 0.5, 0.8)
    spec = CheckerSpec(("face_cnn",), (), camera, operating_point="strict")
    found = JudgedTests({"face_cnn": LoadedTest(strict, {}, ())}, spec)
    point = found.own_point("face_cnn")
    assert (point.name, point.low, point.high) == ("strict, calibration kiosk-7", 0.5, 0.8)
    assert found.lacking == ()
    assert replace(found, loaded={"face_cnn": LoadedTest(POINT, {}, ())}).lacking == (
        "face_cnn has no operating point 'strict'; its own is used",
    )


def test_the_others_keep_the_point_they_ship_with() -> None:
    assert panel(keep()).own_point("quality").name == "as shipped"


def test_a_test_without_a_threshold_has_no_point_of_its_own_and_no_part_in_the_mean() -> None:
    undecided = LoadedTest(OperatingPoint("no threshold", 0.5, 0.0, 1.0), {}, ())
    found = panel(None)
    found = replace(found, loaded={**found.loaded, "quality": undecided})
    assert (list(found.points), found.own_points("quality")) == (["face_cnn"], ())
    assert len(found.own_points("face_cnn")) == 1


def test_a_test_that_only_adds_has_no_part_in_the_mean_also_of_a_fitted_fusion() -> None:
    adds = LoadedTest(OperatingPoint.undecided(), {}, ())
    found = panel(None)
    found = replace(found, loaded={**found.loaded, "quality": adds})
    assert (list(found.points), found.supplements) == (["face_cnn"], ("quality",))
    assert list(replace(found, fusion_models={"lda": "1"}).points) == ["face_cnn"]
    alone = replace(found, loaded=dict.fromkeys(found.loaded, adds))
    assert (dict(alone.points), alone.supplements) == ({}, ())
    strict = replace(found, spec=replace(found.spec, operating_point="strict"))
    assert strict.lacking == ("face_cnn has no operating point 'strict'; its own is used",)


def test_without_a_camera_all_decide() -> None:
    assert list(panel(None).points) == ["face_cnn", "quality"]


def test_the_calibrations_version_stands_among_the_models() -> None:
    camera = keep()
    assert panel(camera).models == {"face_cnn": "1", "calibration": camera.version}
    assert panel(None).models == {"face_cnn": "1"}


def test_a_reader_is_told_the_version_and_whom_not_to_judge() -> None:
    camera = keep()
    assert camera.version in camera.notice
    assert "must not be among the people evaluated" in camera.notice


def row(value: float | None, reason: str = "") -> Scored:
    return Scored(SAMPLE, value, reason)


def decision(one: Score, two: Score, no_face: Reason | None = None) -> Decision:
    """Decide as the pipeline does, with two tests."""
    fused = mean_ratio({"one": Answer(one, ONE), "two": Answer(two, TWO)})
    outcome, reasons = conclude(fused, no_face=no_face)
    face = None if no_face else Face((0, 0, 9, 9), 0.9)
    return Decision(outcome, fused.value, reasons, {"one": one, "two": two}, face=face)


def kept(fields: Fields) -> tuple[DatasetScoring, list[dict[str, str]]]:
    """A dataset of one sample, and its row in the file of scores."""
    spec = CheckerSpec(tuple(POINTS))
    scoring = DatasetScoring("it", Path(), (SAMPLE,), spec, {}, POINTS, Path(), 1, force=False)
    columns = dict(zip(presentation_columns(spec.tests), fields, strict=True))
    return scoring, [{"key": SAMPLE.key, **columns}]


def decided(made: Decision) -> Scored:
    (found,) = decided_rows(*kept(presentation_fields(made, tuple(POINTS))))
    return found


def of_test(made: Decision, test: str) -> Scored:
    (found,) = scored_rows(*kept(presentation_fields(made, tuple(POINTS))), test)
    return found


@pytest.mark.parametrize(
    ("one", "two", "outcome", "reasons", "expected"),
    [
        # scipy 1.17.1: expit(mean(logit([0.9, 0.6]))) = 0.7860612308660186
        (Score(0.9), Score(0.6), Outcome.BONA_FIDE, (), row(0.786061)),
        (Score(0.9, UNFAMILIAR), Score(0.5), Outcome.UNCERTAIN, (Reason.NEAR_THRESHOLD,),
         row(0.5)),
        (Score(0.3), Score(0.9, UNFAMILIAR), Outcome.BONA_FIDE, (), row(0.3)),
        (Score(0.9, UNFAMILIAR), Score(0.9, UNFAMILIAR), Outcome.UNCERTAIN, (UNFAMILIAR,),
         row(0.9, "unfamiliar_camera")),
        (Score(0.9, UNFAMILIAR), Score(None, Reason.CLIP_TOO_SHORT), Outcome.UNCERTAIN,
         (Reason.CLIP_TOO_SHORT, UNFAMILIAR), row(0.9, "clip_too_short;unfamiliar_camera")),
        (Score(None, Reason.NO_FACE), Score(None, Reason.NO_FACE), Outcome.NON_RESPONSE,
         (Reason.NO_FACE,), row(None, "no_face")),
        (Score(None, Reason.NO_FACE), Score(0.3), Outcome.ATTACK, (), row(0.3)),
    ],
)  # fmt: skip
def test_tests_together_are_judged_by_the_score_that_was_decided_by(
    one: Score, two: Score, outcome: Outcome, reasons: tuple[Reason, ...], expected: Scored
) -> None:
    made = decision(one, two)
    assert (made.outcome, made.reasons) == (outcome, reasons)
    assert decided(made) == expected


def test_a_clip_test_that_was_not_asked_leaves_no_reason_with_the_decision() -> None:
    asked = mean_ratio({"one": Answer(Score(0.9, UNFAMILIAR), ONE)})
    outcome, reasons = conclude(asked)
    scores, left_out = {"one": Score(0.9, UNFAMILIAR)}, {"two": Reason.CLIP_TOO_SHORT}
    face = Face((0, 0, 9, 9), 0.9)
    made = Decision(outcome, asked.value, reasons, scores, left_out=left_out, face=face)
    assert decided(made) == row(0.9, "unfamiliar_camera")
    assert of_test(made, "two") == row(None, "clip_too_short")


def test_a_score_without_a_face_is_kept_and_counts_as_no_response() -> None:
    made = decision(Score(0.9), Score(0.6), no_face=Reason.NO_FACE)
    (_, [found]) = kept(presentation_fields(made, tuple(POINTS)))
    assert (found["score"], found["one_score"]) == ("0.786061", "0.900000")
    assert decided(made) == of_test(made, "one") == row(None, "no_face")


def poorly_captured(value: float, *capture: Reason) -> Decision:
    fused = mean_ratio({"one": Answer(Score(value), ONE)})
    outcome, reasons = conclude(fused, capture=capture)
    return Decision(
        outcome,
        value,
        reasons,
        {"one": Score(value), "two": Score(0.5)},
        face=Face((0, 0, 9, 9), 0.9),
        capture=CaptureQuality(capture),
    )


@pytest.mark.parametrize(
    ("value", "capture", "outcome"),
    [
        (0.1, Reason.TOO_DARK, Outcome.UNCERTAIN),
        (0.9, Reason.NO_CONTEXT, Outcome.UNCERTAIN),
        (0.1, Reason.NO_CONTEXT, Outcome.ATTACK),
    ],
)
def test_a_poor_capture_counts_in_the_rates_as_it_was_decided(
    value: float, capture: Reason, outcome: Outcome
) -> None:
    made = poorly_captured(value, capture)
    assert made.outcome is outcome
    for found in (decided(made), of_test(made, "one")):
        assert found == row(value, capture.value)
        flags = {"abstained": [found.abstained], "rejects_only": [found.rejects_only]}
        table = score_table([value], [None], ["ben"], split=Split.TEST, **flags)
        counted = outcomes(table, ONE)
        assert (bool(counted.uncertain), bool(counted.rejected)) == (
            outcome is Outcome.UNCERTAIN, outcome is Outcome.ATTACK,
        )  # fmt: skip


def test_what_could_not_be_read_keeps_its_error() -> None:
    fields = error_fields("b/1.jpg: the file; is empty", len(presentation_columns(tuple(POINTS))))
    (together,) = decided_rows(*kept(fields))
    (alone,) = scored_rows(*kept(fields), "one")
    assert together == alone == row(None, "error: b/1.jpg: the file; is empty")


def test_presentations_of_which_some_tests_have_no_say_are_counted() -> None:
    rows = {"one": [row(0.5), row(0.5), row(None, "no_face")],
            "two": [row(0.5), row(0.5, "unfamiliar_camera"), row(None, "no_face")]}  # fmt: skip
    assert partly_decided(rows) == (1, 0)


def test_a_still_without_a_clip_test_does_not_count_as_an_abstention() -> None:
    rows = {"quality": [row(0.5), row(0.5), row(None, "no_face")],
            "motion": [row(0.5), row(None, "clip_too_short"), row(None, "no_face")],
            "depth": [row(0.5), row(None, "no_depth"), row(None, "no_face")]}  # fmt: skip
    assert partly_decided(rows) == (0, 1)


def test_the_shipped_threshold_is_the_mean_in_log_odds() -> None:
    # scipy 1.17.1: expit(mean(logit([0.2, 0.5])))
    assert FusedTests.of("mean", POINTS).shipped_point().threshold == pytest.approx(1 / 3)


def test_a_test_without_a_threshold_has_a_part_in_a_fusion_that_was_fitted_on_it() -> None:
    without = LoadedTest(OperatingPoint("no threshold", 0.5, 0.0, 1.0), {}, ())
    loaded = {"a": LoadedTest(OperatingPoint.at(0.5), {}, ()), "b": without}
    spec = CheckerSpec(("a", "b"))
    assert list(JudgedTests(loaded, spec).points) == ["a"]
    assert list(JudgedTests(loaded, spec, {"fusion": "fusion-1"}).points) == ["a", "b"]
