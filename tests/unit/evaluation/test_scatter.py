"""Scores of one system against another's, and the line where their fusion decides."""

from itertools import pairwise

import numpy as np
import pytest
from made_up_scores import row

from facepad.evaluation.aggregation import Scored
from facepad.evaluation.assessment import Assessment, GivenPoint, Sampling, assess
from facepad.evaluation.report.plot_style import themed
from facepad.evaluation.report.plots import element, plots_of
from facepad.evaluation.report.scatter import FusionLine, ScoredPair, caption_of, pairs_of

GRID = np.linspace(-10.0, 10.0, 21)


def system(name: str, scale: float = 1.0, seed: int = 0, reason: str = "") -> Assessment:
    draw = np.random.default_rng(seed)
    rows: list[Scored] = [
        row(f"k{i}", float(scale * draw.uniform()), "print" if i % 2 else None, reason=reason)
        for i in range(20)
    ]
    return assess(
        rows, given=[GivenPoint("given", 0.5 * scale)], system=name, sampling=Sampling(repeats=100)
    )


def line(others: tuple[str, ...] = ()) -> FusionLine:
    margin = (GRID[None] + GRID[:, None]) / 2.0
    margins = {"threshold": margin, "low": margin + 0.5, "high": margin}
    return FusionLine("one", "two", "mean", others, GRID, margins)


def test_the_pair_of_a_line_is_drawn_with_it() -> None:
    found = [system("mean of one, two"), system("one"), system("two", seed=1)]
    (pair,) = pairs_of(found, [line()])
    assert (pair.first.system, pair.second.system) == ("one", "two")
    assert pair.line is not None


def test_without_a_line_the_first_two_systems_are_drawn() -> None:
    (pair,) = pairs_of([system("one"), system("two"), system("three")], [])
    assert (pair.first.system, pair.second.system, pair.line) == ("one", "two", None)


def test_one_system_has_no_scatter() -> None:
    assert pairs_of([system("one")], [line()]) == []


def test_scores_outside_of_0_and_1_are_drawn_as_they_are() -> None:
    pair = ScoredPair(system("one"), system("two", scale=50.0))
    assert not pair.in_log_odds
    assert np.nanmax(pair.places()[:, 1]) > 10.0
    assert ScoredPair(system("one"), system("two")).in_log_odds


def test_presentations_that_one_must_not_decide_are_marked() -> None:
    assert ScoredPair(system("one"), system("two")).is_sure().all()
    doubted = system("two", reason="unfamiliar_camera")
    assert not ScoredPair(system("one"), doubted).is_sure().any()


def test_the_caption_names_what_the_line_leaves_out() -> None:
    caption = caption_of(ScoredPair(system("one"), system("two"), line(("three",))))
    assert "Solid line: the fusion (mean) of both is at its threshold" in caption
    assert "It leaves out three." in caption


@pytest.mark.slow
@pytest.mark.parametrize("empty", [False, True])
def test_the_line_is_drawn_where_it_exists(empty: bool) -> None:
    drawn = line()
    if empty:
        nothing = np.full_like(drawn.margins["threshold"], np.nan)
        drawn = FusionLine("one", "two", "mean", (), GRID, dict.fromkeys(drawn.margins, nothing))
    plots = plots_of([system("one"), system("two", seed=1)], [drawn])
    (plot,) = [plot for plot in plots if plot.name == "1-scatter"]
    assert ('stroke-width="1.8"' in element(plot)) is not empty


def test_places_in_a_drawing_are_rounded_and_numbers_in_text_are_not() -> None:
    drawn = '<svg viewBox="0 0 10.12345 1"><text x="1.23456">0.375</text></svg>'
    text = themed(drawn, "name", title="0.1234", description="words")
    assert 'x="1.23">0.375<' in text
    assert "0.1234" in text


@pytest.mark.slow
def test_many_systems_leave_one_band_and_seven_lines() -> None:
    found = [system(f"system {number}", seed=number) for number in range(9)]
    plots = {plot.name: plot for plot in plots_of(found)}
    assert plots["1-det"].caption.count("Band of system 0:") == 1
    assert "The first 7 of 9 systems." in plots["1-det"].caption
    assert "system 8" not in element(plots["1-det"])
    assert sum("-scores-" in name for name in plots) == 7


@pytest.mark.slow
def test_a_long_name_is_whole_beside_the_axis() -> None:
    name = "a_system_with_a_name_that_is_longer_than_a_line_of_the_plot"
    (plot,) = [p for p in plots_of([system(name)]) if p.name == "1-scores-1"]
    lines = element(plot)
    pieces = [name[start:end] for start, end in pairwise((0, 30, len(name)))]
    assert pieces[0] in lines
    assert name[-8:] in lines
