"""What a score means at an operating point, and what a decision is worth by itself."""

import base64
import copy
import io
import math
import pickle
import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from facepad.decision import Decision, conclude, decide
from facepad.errors import InputError
from facepad.fusion import Fused, applied, vetoed
from facepad.scores import sigmoid
from facepad.types import CaptureQuality, Face, OperatingPoint, Outcome, Reason, Score

VALUES = st.floats(0.0, 1.0)
BAND = OperatingPoint("band", 0.5, 0.4, 0.6)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (Score(0.6), (Outcome.BONA_FIDE, ())),
        (Score(0.39), (Outcome.ATTACK, ())),
        (Score(0.4), (Outcome.UNCERTAIN, (Reason.NEAR_THRESHOLD,))),
        (Score(None, Reason.NO_FACE), (Outcome.NON_RESPONSE, (Reason.NO_FACE,))),
        (
            Score(0.9, Reason.UNFAMILIAR_CAMERA),
            (Outcome.UNCERTAIN, (Reason.UNFAMILIAR_CAMERA,)),
        ),
        (
            Score(0.5, Reason.UNFAMILIAR_CAMERA),
            (Outcome.UNCERTAIN, (Reason.UNFAMILIAR_CAMERA, Reason.NEAR_THRESHOLD)),
        ),
    ],
)
def test_a_score_has_one_outcome_and_says_why(
    score: Score, expected: tuple[Outcome, tuple[Reason, ...]]
) -> None:
    assert decide(score, BAND) == expected


def test_a_tie_with_the_threshold_is_bona_fide() -> None:
    assert decide(Score(0.5), OperatingPoint.at(0.5)) == (Outcome.BONA_FIDE, ())


@given(VALUES, VALUES)
def test_a_higher_score_never_has_a_worse_outcome(one: float, other: float) -> None:
    order = [Outcome.ATTACK, Outcome.UNCERTAIN, Outcome.BONA_FIDE]
    lower, higher = (decide(Score(value), BAND)[0] for value in sorted((one, other)))
    assert order.index(lower) <= order.index(higher)


def test_a_given_point_goes_before_the_fusions_own() -> None:
    assert conclude(Fused(0.9, (), OperatingPoint.at(0.5)), OperatingPoint.at(0.95)) == (
        Outcome.ATTACK, (),
    )  # fmt: skip


def test_without_a_face_there_is_no_response_whatever_the_score() -> None:
    fused = Fused(0.9, (Reason.UNFAMILIAR_CAMERA,), BAND)
    assert conclude(fused, no_face=Reason.NO_FACE) == (
        Outcome.NON_RESPONSE, (Reason.NO_FACE, Reason.UNFAMILIAR_CAMERA),
    )  # fmt: skip


@pytest.mark.parametrize("value", [0.1, 0.5, 0.9])
def test_a_poor_capture_never_passes_and_never_accuses(value: float) -> None:
    outcome, reasons = conclude(Fused(value, (), BAND), capture=(Reason.TOO_DARK,))
    assert outcome is Outcome.UNCERTAIN
    assert reasons[0] is Reason.TOO_DARK


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(0.39, Outcome.ATTACK), (0.4, Outcome.UNCERTAIN), (0.9, Outcome.UNCERTAIN)],
)
def test_without_context_a_score_can_only_be_that_of_an_attack(
    value: float, outcome: Outcome
) -> None:
    assert conclude(Fused(value, (), BAND), capture=(Reason.NO_CONTEXT,))[0] is outcome


def test_without_context_in_the_dark_nobody_is_accused() -> None:
    both = (Reason.TOO_DARK, Reason.NO_CONTEXT)
    assert conclude(Fused(0.1, (), BAND), capture=both) == (Outcome.UNCERTAIN, both)


def test_a_test_that_abstains_accuses_nobody_without_context() -> None:
    fused = Fused(0.1, (Reason.UNFAMILIAR_CAMERA,), BAND)
    assert conclude(fused, capture=(Reason.NO_CONTEXT,)) == (
        Outcome.UNCERTAIN, (Reason.NO_CONTEXT, Reason.UNFAMILIAR_CAMERA),
    )  # fmt: skip


def test_without_a_score_a_poor_capture_is_no_response() -> None:
    fused = Fused(None, (Reason.TOO_DARK,), BAND)
    assert conclude(fused, capture=(Reason.TOO_DARK,)) == (
        Outcome.NON_RESPONSE, (Reason.TOO_DARK,),
    )  # fmt: skip


def test_a_reason_is_given_once() -> None:
    fused = Fused(None, (Reason.NO_FACE,), BAND)
    assert conclude(fused, no_face=Reason.NO_FACE)[1] == (Reason.NO_FACE,)


def made(outcome: Outcome = Outcome.BONA_FIDE, landmark: float = 0.0) -> Decision:
    """A decision that holds all that one can hold."""
    face = Face((1, 2, 30, 40), 0.9, np.full((468, 3), landmark, np.float32), points=((1.0, 2.0),))
    return Decision(
        outcome,
        0.9,
        scores=MappingProxyType({"quality": Score(0.9, details={"frames": [0.9, 0.8]})}),
        operating_point=BAND,
        operating_points=MappingProxyType({"quality": BAND}),
        face=face,
        models=MappingProxyType({"quality": "quality-1"}),
        timings_ms=MappingProxyType({"total": 1.5}),
        left_out=MappingProxyType({"motion": Reason.CLIP_TOO_SHORT}),
        capture=CaptureQuality((Reason.TOO_DARK,), MappingProxyType({"light": 0.1})),
    )


@pytest.mark.parametrize("outcome", Outcome)
def test_only_bona_fide_passes(outcome: Outcome) -> None:
    assert made(outcome).passed == (outcome == "bona_fide")


def test_a_decision_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match=r"use decision\.passed"):
        bool(made())
    with pytest.raises(TypeError, match=r"use decision\.passed"):
        _ = "welcome" if made() else "denied"


def test_decisions_compare_and_hash_by_value_also_with_landmarks() -> None:
    assert made() == made(landmark=1.0)
    assert hash(made()) == hash(made(landmark=1.0))
    assert made() != made(Outcome.ATTACK)
    assert len({made(), made(), made(Outcome.ATTACK)}) == 2


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_decision_can_be_pickled_with_all_that_it_holds(protocol: int) -> None:
    again = pickle.loads(pickle.dumps(made(), protocol))  # noqa: S301 - our own bytes
    assert again == made()
    assert again.capture == made().capture
    assert isinstance(again.scores, MappingProxyType)


def test_a_decision_can_be_copied() -> None:
    assert copy.deepcopy(made()) == made()


# --- in a notebook --------------------------------------------------------------------------


@pytest.fixture
def judged(tmp_path: Path) -> Decision:
    """A decision on a gray picture that exists."""
    path = tmp_path / "me.png"
    Image.new("RGB", (640, 480), (90, 90, 90)).save(path)
    face = Face((160, 120, 480, 360), 0.9)
    return replace(made(), face=face, source=str(path), source_size=(640, 480))


def drawn(page: str) -> Image.Image | None:
    """The picture in a page."""
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return found and Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB")


def test_a_notebook_shows_outcome_scores_and_the_picture_with_its_box(judged: Decision) -> None:
    page = judged._repr_html_()
    assert "<b>bona fide</b>, score 0.90" in page
    assert "<td>quality</td><td>0.90</td>" in page
    assert "bona fide from 0.60, attack below 0.40" in page
    picture = drawn(page)
    assert picture is not None
    assert picture.size == (320, 240)
    red, _, blue = picture.getpixel((80, 120))  # type: ignore[misc]
    assert red > blue + 60
    assert picture.getpixel((160, 120)) == pytest.approx((90, 90, 90), abs=8)


@pytest.mark.parametrize("source", ["", "bytes", "gone.png", ".", "clip.avi", "\0", 9999 * "a"])
def test_a_notebook_shows_a_decision_whose_picture_is_not_there(source: str) -> None:
    page = replace(made(), source=source)._repr_html_()
    assert "<img" not in page
    assert "bona fide" in page


def test_a_notebook_does_not_show_a_file_that_is_another_picture_now(judged: Decision) -> None:
    Image.new("RGB", (64, 48)).save(judged.source)
    assert drawn(judged._repr_html_()) is None


def test_a_notebook_gets_escaped_and_bounded_text() -> None:
    evil = "<script>alert(1)</script>"
    scores = {f"{evil}{number}": Score(0.5) for number in range(1000)}
    page = replace(made(), source=evil, notes=1000 * (evil,), scores=scores)._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert len(page) < 20_000


@pytest.mark.parametrize("score", [None, 0.5])
def test_a_notebook_shows_decisions_without_scores_and_faces(score: float | None) -> None:
    assert "<div>" in Decision(Outcome.NON_RESPONSE, score, (Reason.NO_FACE,))._repr_html_()


# --- interval, margin and veto --------------------------------------------------------------


def test_a_wider_interval_widens_the_band_by_as_much() -> None:
    # Log-odds of the ends are 0 and log(3); 0.5 more on either side.
    point = OperatingPoint("balanced", 0.75, 0.5, 0.75)
    wider = applied(point, 0.5)
    assert (wider.low, wider.high) == pytest.approx((sigmoid(-0.5), sigmoid(math.log(3.0) + 0.5)))
    assert wider.threshold == 0.75


def test_a_threshold_without_a_band_stays_a_threshold() -> None:
    assert applied(OperatingPoint.at(0.6), 2.0) == OperatingPoint.at(0.6)


def test_a_score_whose_interval_is_too_wide_is_uncertain() -> None:
    point = OperatingPoint("balanced", 0.7, 0.3, 0.7)
    assert conclude(Fused(0.75, (), point))[0] is Outcome.BONA_FIDE
    assert conclude(Fused(0.75, (), point, margin=1.0))[0] is Outcome.UNCERTAIN


def test_a_test_that_may_reject_alone_makes_an_attack_of_any_score() -> None:
    point = OperatingPoint("balanced", 0.7, 0.3, 0.7)
    fused = vetoed(Fused(0.99, (), point, (0.9, 1.0)), point, ["mask"])
    assert fused.interval is None
    assert conclude(fused)[0] is Outcome.ATTACK


def test_without_a_veto_a_score_stays_as_it_is() -> None:
    fused = Fused(0.99, (), OperatingPoint.at(0.5), (0.9, 1.0))
    assert vetoed(fused, fused.operating_point, []) is fused


@pytest.mark.parametrize(
    ("score", "prior", "expected"), [(0.5, 0.2, 0.2), (0.9, 0.5, 0.9), (0.9, 0.1, 0.5)]
)
def test_the_probability_follows_from_the_prior_by_bayes(
    score: float, prior: float, expected: float
) -> None:
    assert Decision(Outcome.UNCERTAIN, score).probability(prior) == pytest.approx(expected)


def test_a_prior_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="in \\(0, 1\\), got 1"):
        Decision(Outcome.UNCERTAIN, 0.5).probability(1.0)
