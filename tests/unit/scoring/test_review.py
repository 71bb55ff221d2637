"""The page of pictures to look at: what comes first, and what strangers' names cannot do."""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from facepad.cli.console import progress
from facepad.decision import Decision
from facepad.documents import Judged, Tally
from facepad.errors import SettingsError
from facepad.reasons import REASONS
from facepad.scoring import review
from facepad.scoring.review import ReviewPage, check_possible, first_to_look_at
from facepad.testing.media_files import write_video
from facepad.types import Face, OperatingPoint, Outcome, Reason, Score

POINT = OperatingPoint("balanced", 0.6, 0.3, 0.6)
pytest.importorskip("jinja2")


def judged(
    name: str, outcome: Outcome | None, score: float | None = None, *reasons: Reason
) -> Judged:
    if outcome is None:
        return Judged(name, error=f"{name}: the JPEG is cut off")
    scores = {} if score is None else {"one": Score(score)}
    face = Face((8, 8, 40, 40), 0.9)
    decision = Decision(outcome, score, reasons, scores=scores, operating_point=POINT, face=face)
    return Judged(name, decision)


RESULTS = (
    judged("accepted.png", Outcome.BONA_FIDE, 0.9),
    judged("barely.png", Outcome.BONA_FIDE, 0.61),
    judged("torn.png", None),
    judged("black.png", Outcome.NON_RESPONSE, None, Reason.NO_FACE),
    judged("doubt.png", Outcome.UNCERTAIN, 0.5, Reason.NEAR_THRESHOLD, Reason.TOO_DARK),
    judged("print.png", Outcome.ATTACK, 0.2),
    judged("worse.png", Outcome.ATTACK, 0.1),
)


def page(folder: Path, *results: Judged, most: int = 500) -> str:
    tally = Tally()
    for result in results:
        tally.add(result)
    chosen = first_to_look_at([(folder / result.path, result) for result in results], most)
    shown = ReviewPage("scores.csv", tally, chosen, ("one",), skipped=2)
    review.write(folder / "review.html", shown, workers=1, progress=progress)
    return (folder / "review.html").read_text()


def names(text: str) -> list[str]:
    return re.findall(r"<h3>(.*?)</h3>", text)


def test_refused_and_uncertain_come_first_and_accepted_last(tmp_path: Path) -> None:
    assert names(page(tmp_path, *RESULTS)) == [
        "worse.png", "print.png", "doubt.png", "black.png", "torn.png", "barely.png",
        "accepted.png",
    ]  # fmt: skip


def test_what_is_not_shown_is_counted(tmp_path: Path) -> None:
    text = page(tmp_path, *RESULTS, most=3)
    assert names(text) == ["worse.png", "print.png", "doubt.png"]
    assert "The 3 that come first are shown; 4 more" in text
    assert "more are only" not in page(tmp_path, *RESULTS)


def test_the_counts_are_those_of_all_results(tmp_path: Path) -> None:
    text = page(tmp_path, *RESULTS, most=1)
    assert "7 pictures and clips; 2 other files skipped" in text
    assert re.findall(r"<b>(\d+)</b>([a-z ]+)<", text) == [
        ("2", "attack"), ("1", "uncertain"), ("1", "no response"), ("1", "unreadable"),
        ("2", "bona fide"),
    ]  # fmt: skip


def test_many_operating_points_are_counted(tmp_path: Path) -> None:
    bands = []
    for share in range(9):
        one = judged(f"{share}.png", Outcome.ATTACK, 0.1)
        assert one.decision is not None
        point = OperatingPoint("balanced", 0.5, 0.4, 0.5 + share / 100.0)
        bands.append(replace(one, decision=replace(one.decision, operating_point=point)))
    text = page(tmp_path, *bands)
    assert "9 operating points were applied, by picture" in text
    assert "bona fide from" not in text


def test_a_card_has_the_reasons_in_words_with_advice(tmp_path: Path) -> None:
    text = page(tmp_path, *RESULTS)
    for reason in (Reason.NEAR_THRESHOLD, Reason.TOO_DARK, Reason.NO_FACE):
        meant = REASONS[reason]
        assert f"<li>{meant.words}<small>{meant.advice}</small></li>" in text
    assert "<li>score 0.20 &lt; 0.30 (reject)</li>" in text
    assert "<li>the JPEG is cut off</li>" in text
    assert "one 0.20" in text


def test_filters_hide_what_does_not_match(tmp_path: Path) -> None:
    text = page(tmp_path, *RESULTS)
    assert 'class="shot k-uncertain r-near_threshold r-too_dark"' in text
    assert "main:has(#r-too_dark:checked) .shot:not(.r-too_dark){display:none}" in text
    assert "main:has(#k-attack:checked):has(#r-too_dark:checked) .empty{display:block}" in text
    assert "main:has(#k-uncertain:checked):has(#r-too_dark:checked) .empty" not in text


def test_names_are_escaped(tmp_path: Path) -> None:
    odd = '<img src=x onerror="alert(1)">\x1b&.png'
    text = page(tmp_path, judged(odd, Outcome.ATTACK, 0.1), judged(odd, None))
    assert names(text)[0] == "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;\\x1b&amp;.png"
    assert "<img src=x" not in text


def test_the_page_is_one_file_without_script_or_request(tmp_path: Path) -> None:
    text = page(tmp_path, *RESULTS)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:" in text
    assert not re.search(r"<script|\bhref=|\bsrc=\"(?!data:)|url\(|@import", text)


@pytest.mark.usefixtures("_made_up")
def test_a_card_has_its_picture_or_says_there_is_none(
    tmp_path: Path, picture: Callable[[str, int], str]
) -> None:
    picture("print.png", 50)
    text = page(tmp_path, *RESULTS[-2:])
    assert text.count('<img src="data:image/jpeg;base64,') == 1
    assert text.count("no picture") == 1


def test_the_frame_of_a_clip_has_no_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    write_video(tmp_path / "clip.avi", [np.full((48, 64, 3), 99, np.uint8)] * 3)
    boxes = []
    monkeypatch.setattr("facepad.media.thumbnail.data_url", lambda *given: boxes.append(given[2]))
    page(tmp_path, judged("clip.avi", Outcome.ATTACK, 0.1))
    assert boxes == [None]


@pytest.mark.parametrize("name", ["photo.jpg", "scores.csv", "review"])
def test_a_page_is_named_as_one(name: str) -> None:
    with pytest.raises(SettingsError, match="the name of a page"):
        check_possible(Path(name), Path("scores.csv"))


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"needs jinja2.*facepad\[report\]"):
        check_possible(Path("review.html"), Path("scores.csv"))
