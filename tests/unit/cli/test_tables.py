"""The table for people."""

from dataclasses import replace

import pytest

from facepad.cli.tables import DecisionLines, show_decisions, show_summary, summary
from facepad.decision import Decision
from facepad.documents import Judged, Tally
from facepad.scores import Breakdown, Contribution
from facepad.types import OperatingPoint, Outcome, Reason, Score

ATTACK = Decision(
    Outcome.ATTACK,
    0.25,
    scores={"quality": Score(0.25)},
    operating_point=OperatingPoint.at(0.5, "dev_eer"),
    timings_ms={"total": 40.0},
)
NO_FACE = Decision(Outcome.NON_RESPONSE, None, (Reason.NO_FACE,), timings_ms={"total": 20.0})


def tally(*decisions: Decision | None) -> Tally:
    counts = Tally()
    for decision in decisions:
        counts.add(Judged("x", decision))
    return counts


def shown(
    capsys: pytest.CaptureFixture[str], results: list[Judged], *, explain: bool = False
) -> list[str]:
    show_decisions(results, explain=explain)
    show_summary(tally(*(judged.decision for judged in results)))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def test_a_table_has_a_line_per_picture(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, [Judged("a/x.jpg", ATTACK), Judged("a/y.jpg", NO_FACE)])
    assert lines == [
        "in a",
        "picture  outcome      score  why                                            face  ms",
        "x.jpg    attack        0.25  score 0.25 < 0.50 (reject)                        -  40",
        "y.jpg    no response      -  no face found (look straight into the camera)     -  20",
        "2 pictures: 1 attack, 1 no response; 30 ms each (median); threshold 0.50",
    ]


def test_every_test_has_its_score_and_one_that_abstains_brackets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scores = {"quality": Score(0.75, Reason.UNFAMILIAR_CAMERA), "face_cnn": Score(0.25)}
    lines = shown(capsys, [Judged("x.jpg", replace(ATTACK, scores=scores))])
    assert lines[0].split()[2:5] == ["score", "quality", "face_cnn"]
    assert lines[1].split()[2:5] == ["0.25", "(0.75)", "0.25"]


def test_scores_of_tests_stand_below_the_reasons_where_columns_would_squeeze_the_names(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    scores = {"quality": Score(0.75, Reason.UNFAMILIAR_CAMERA), "face_cnn": Score(0.25)}
    name = "a-name-as-long-as-this.jpg"
    lines = shown(capsys, [Judged(name, replace(ATTACK, scores=scores))])
    assert lines[0].split() == ["picture", "outcome", "score", "why", "face", "ms"]
    assert name in lines[1]
    assert any(line.endswith("quality (0.75); face_cnn 0.25") for line in map(str.strip, lines))


@pytest.mark.parametrize("columns", ["60", "160"])
@pytest.mark.parametrize("clip_is_first", [True, False])
def test_a_clip_has_scores_that_a_still_beside_it_has_not(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    *,
    clip_is_first: bool,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    still = Judged("x.jpg", ATTACK)
    scores = {"quality": Score(0.25), "blink": Score(0.73)}
    clip = Judged("y.mp4", replace(ATTACK, scores=scores))
    text = "\n".join(shown(capsys, [clip, still] if clip_is_first else [still, clip]))
    assert text.count("blink") == 1
    assert "0.73" in text


def test_every_threshold_that_was_applied_is_told() -> None:
    other = replace(ATTACK, operating_point=OperatingPoint.at(0.25, "mean of a, b"))
    last = summary(tally(ATTACK, other, ATTACK)).plain
    assert last.endswith("; threshold 0.25, or threshold 0.50")


def test_many_bands_are_counted() -> None:
    bands = [
        replace(ATTACK, operating_point=OperatingPoint("balanced", 0.5, 0.4, 0.5 + share / 100.0))
        for share in range(9)
    ]
    assert summary(tally(*bands)).plain.endswith("; 9 thresholds and bands, by picture")


def test_a_test_without_a_threshold_accepts_nothing_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parts = Breakdown((Contribution("network:my", 0.5, weight=0.5),))
    points = {"network:my": OperatingPoint("no threshold", 0.5, 0.0, 1.0)}
    decision = replace(
        ATTACK,
        scores={"network:my": Score(0.6)},
        operating_points=points,
        operating_point=points["network:my"],
        contributions=parts,
    )
    text = "\n".join(shown(capsys, [Judged("x.jpg", decision)], explain=True))
    assert "its own +0.41, weight 0.50" in text
    assert "accepted from" not in text


def test_an_explained_score_that_does_not_decide_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = Score(0.75, Reason.UNFAMILIAR_CAMERA, {"explained": {"edges": 0.5}})
    scores = {"quality": said, "face_cnn": Score(0.25)}
    lines = shown(capsys, [Judged("x.jpg", replace(ATTACK, scores=scores))], explain=True)
    assert lines[lines.index("x.jpg: what adds to the decision") + 1 :][:2] == [
        "  quality, abstains: what changed the score (0.75):",
        "    edges  +0.50  towards bona fide",
    ]


def test_an_error_does_not_name_its_picture_twice(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, [Judged("a/x.jpg", error="a/x.jpg: the file is empty")])
    assert lines[1] == "a/x.jpg  error        -  the file is empty     -   -"


def test_pictures_of_different_folders_are_named_from_the_folder_they_share(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = shown(capsys, [Judged("a/b/x.jpg", ATTACK), Judged("a/c/y.jpg", ATTACK)])
    assert [lines[0], *(line.split()[0] for line in lines[2:4])] == ["in a", "b/x.jpg", "c/y.jpg"]


def test_absolute_and_relative_paths_share_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, [Judged("/a/x.jpg", ATTACK), Judged("a/y.jpg", ATTACK)])
    assert lines[1].startswith("/a/x.jpg  attack")


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_the_table_fits_its_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = Judged("/very" * 40 + "/long.jpg", error="there are many reasons " * 9)
    lines = shown(capsys, [long, Judged("a.jpg", ATTACK)])
    assert max(map(len, lines)) <= columns
    assert "long.jpg  error" in lines[1]


def test_the_band_of_scores_that_do_not_decide_is_printed() -> None:
    point = OperatingPoint("dev", 0.5, 0.43, 0.62)
    last = summary(tally(replace(ATTACK, operating_point=point))).plain
    assert last.endswith("; threshold 0.50 (0.43 to 0.62 is uncertain)")


def test_the_band_stands_on_a_line_of_its_own_where_it_would_be_broken() -> None:
    point = OperatingPoint("dev", 0.5, 0.43, 0.62)
    lines = summary(tally(replace(ATTACK, operating_point=point)), width=60).plain.splitlines()
    assert lines == ["1 picture: 1 attack; 40 ms", "threshold 0.50 (0.43 to 0.62 is uncertain)"]


def test_one_time_has_no_median() -> None:
    assert "; 40 ms; " in summary(tally(ATTACK)).plain


def test_a_test_that_cannot_explain_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, [Judged("a.jpg", ATTACK)], explain=True)
    assert "No test can explain its score." in lines


def test_the_file_of_a_heat_map_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, [Judged("a.jpg", ATTACK, heat_map="maps/a.heat-map.jpg")])
    assert "heat map of a.jpg: maps/a.heat-map.jpg" in lines


def test_the_files_of_drawings_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    judged = Judged("a.jpg", ATTACK, heat_map="b.jpg", drawings={"shape": "maps/a.shape.png"})
    assert "what shape judged of a.jpg: maps/a.shape.png" in shown(capsys, [judged])


def test_the_figure_of_a_clip_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    judged = Judged("a.mp4", ATTACK, clip_figure="maps/a.clip.png")
    assert "figure of a.mp4: maps/a.clip.png" in shown(capsys, [judged])


@pytest.mark.parametrize("columns", [60, 100])
def test_streamed_lines_fit_their_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    results = [Judged("/very" * 40 + "/long.jpg", error="there are many reasons " * 9)]
    stream = DecisionLines([judged.path for judged in results])
    for judged in results:
        stream.show(judged)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert "long.jpg  error" in lines[1]


def test_a_streamed_line_may_begin_with_something_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    DecisionLines(["00.0 s"], "time").show(Judged("camera 0", error="lost"), "12.5 s")
    head, line = capsys.readouterr().out.splitlines()
    assert head.startswith("time")
    assert line.startswith("12.5 s")


def test_a_streamed_line_is_not_broken_for_another_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS")
    reasons = "there are many reasons " * 30
    DecisionLines(["x.jpg"]).show(Judged("x.jpg", error=reasons))
    _, line = capsys.readouterr().out.splitlines()
    assert line.strip().endswith(reasons.strip())


def test_the_most_frequent_reasons_come_first(capsys: pytest.CaptureFixture[str]) -> None:
    dark = replace(ATTACK, outcome=Outcome.UNCERTAIN, reasons=(Reason.TOO_DARK,))
    show_summary(tally(NO_FACE, dark, dark, None), skipped=3, reasons=True)
    assert capsys.readouterr().out.splitlines() == [
        "4 pictures: 2 uncertain, 1 no response, 1 unreadable; 3 other files skipped; "
        "40 ms each (median); threshold 0.50",
        "most frequent reasons: 2 too dark; 1 no face found",
    ]
