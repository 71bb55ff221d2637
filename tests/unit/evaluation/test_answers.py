"""How tests that only add to others answered: counts by kind, the AUC, and what reports show."""

import json

import pytest

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.answers import Answers, added_answers
from facepad.evaluation.assessment import Assessment
from facepad.evaluation.differences import pair_count
from facepad.evaluation.plan import Plan, SystemScores, assess_all
from facepad.evaluation.report.document import Report, document
from facepad.evaluation.report.formatting import text
from facepad.evaluation.report.plots import plots_of
from facepad.scores import sigmoid
from facepad.types import Sample, Split


def row(number: int, ratio: float | None, species: str | None = None, why: str = "") -> Scored:
    """A clip of a person of its own; the first half of the numbers is dev."""
    split = Split.DEV if number < 10 else Split.TEST
    sample = Sample(f"{number}", f"{number}.mp4", f"p{number}", split, species)
    return Scored(sample, None if ratio is None else sigmoid(ratio), why)


ROWS = (
    *(row(10, 2.0), row(11, 0.05), row(12, None, why="no_blink"), row(13, 1.0, why="too_dark")),
    *(row(14, -2.0, "print"), row(15, -0.1, "print"), row(16, 1.0, "screen")),
    row(17, None, "screen", "clip_too_short"),
)


def test_answers_are_counted_by_kind() -> None:
    found = added_answers(ROWS)
    assert found.kinds == (
        Answers("bona fide", 4, towards=1, neither=1),
        Answers("print", 2, against=2),
        Answers("screen", 2, towards=1),
    )
    assert [kind.silent for kind in found.kinds] == [2, 0, 1]
    assert found.total == Answers("all", 8, 2, 2, 1)
    assert found.auc == pytest.approx(5 / 6)  # of 2 x 3 pairs one is in the wrong order


def test_a_class_without_an_answer_has_no_auc() -> None:
    found = added_answers([row(10, None), row(11, 1.0, "print")])
    assert found.auc != found.auc
    assert found.total.silent == 1


def assessed() -> tuple[Assessment, ...]:
    dev = (row(0, 1.0), row(1, -1.0, "print"))
    own = SystemScores(system="face_cnn with blink", dataset="it", rows=(*dev, *ROWS))
    blink = SystemScores(system="blink", dataset="it", rows=(*dev, *ROWS), only_adds=True)
    return assess_all([own, blink], Plan())


def test_a_test_that_only_adds_has_no_threshold_and_is_compared_with_nothing() -> None:
    whole, blink = assessed()
    assert [len(whole.points), len(blink.points)] == [1, 0]
    assert (whole.added, blink.remark) == (None, "")
    assert pair_count([whole, blink]) == 0


def test_reports_say_how_many_clips_it_could_judge() -> None:
    report = Report(title="T", created="", commands=(), assessments=assessed())
    found = json.loads(json.dumps(document(report)))["assessments"]
    assert found[0]["added"] is None
    assert found[1]["added"]["kinds"][2] == {
        "name": "screen", "presentations": 2, "towards": 1, "against": 0, "neither": 0, "silent": 1,
    }  # fmt: skip
    words = text(report)
    assert "only adds to others: judged 5 of 8 presentations, AUC among these 0.8333" in words
    assert "towards bona fide 0, against 2, neither 0, cannot tell 0 of 2" in words


def test_the_page_has_a_table_of_them_and_no_plot() -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from facepad.evaluation.report.page import render

    found = assessed()
    page = render(Report(title="T", created="", commands=(), assessments=found), {})
    assert page.count("cannot tell") + page.count("Cannot tell") >= 2
    assert "AUC 0.8333 among 5 of 8" in page
    assert all("blink on" not in plot.title for plot in plots_of(found[1:]))
    assert plots_of(found[1:]) == ()
