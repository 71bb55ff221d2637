"""Scores of the files of folders: what a row has, and what a later run resumes."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepad.cli.console import progress
from facepad.decision import Decision
from facepad.documents import Judged
from facepad.errors import DatasetError, SettingsError
from facepad.media.inputs import expand
from facepad.registry import DEFAULT_CLIP_TESTS
from facepad.scoring.files import ScoredFiles, ScoreOptions, score_files
from facepad.testing.media_files import write_video
from facepad.types import Outcome, Reason

pytestmark = pytest.mark.usefixtures("_made_up")
Picture = Callable[[str, int], str]
OPTIONS = ScoreOptions(("one",), 0)
RESUMED = replace(OPTIONS, resume=True)


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    picture("in/a.png", 200), picture("in/black.png", 0), picture("in/sub/b.png", 50)
    (tmp_path / "in" / "cut.png").write_bytes(Path(picture("in/a.png", 200)).read_bytes()[:40])
    return tmp_path / "in"


def score(folder: Path, options: ScoreOptions = OPTIONS) -> ScoredFiles:
    inputs, out = expand([folder], skip=lambda _: None), folder / "scores.csv"
    return score_files(inputs, out, options, say=lambda _: None, progress=progress)


def decisions(scored: ScoredFiles) -> dict[str, Decision | None]:
    return {judged.path: judged.decision for _, judged in scored.results()}


def test_a_row_names_its_file_without_the_machine_also_in_an_error(folder: Path) -> None:
    score(folder)
    assert str(folder) not in (folder / "scores.csv").read_text()
    assert str(folder) not in (folder / "scores.csv.run.json").read_text()
    rows = list(csv.DictReader((folder / "scores.csv").read_text().splitlines()))
    assert [row["path"] for row in rows] == ["a.png", "black.png", "cut.png", "sub/b.png"]
    assert rows[2]["reason"].startswith("error: cut.png: ")


def test_results_are_those_that_were_written(folder: Path) -> None:
    found = decisions(score(folder))
    assert found["cut.png"] is None
    bright, black, dark = (found[name] for name in ("a.png", "black.png", "sub/b.png"))
    assert bright is not None
    assert black is not None
    assert dark is not None
    assert (bright.outcome, dark.outcome) == (Outcome.BONA_FIDE, Outcome.ATTACK)
    assert (black.outcome, black.reasons) == (Outcome.NON_RESPONSE, (Reason.NO_FACE,))
    assert bright.score == bright.scores["one"].value == pytest.approx(200 / 255, abs=1e-6)
    assert bright.operating_point is not None
    assert bright.operating_point.threshold == 0.5
    assert bright.face is not None
    assert bright.face.box == (0, 0, 64, 48)


def test_a_second_run_skips_its_own_outputs_and_resumes(folder: Path) -> None:
    score(folder)
    before = (folder / "scores.csv").read_bytes()
    assert len(decisions(score(folder, RESUMED))) == 4
    assert (folder / "scores.csv").read_bytes() == before


def test_a_folder_whose_files_changed_is_not_resumed(folder: Path, picture: Picture) -> None:
    score(folder)
    picture("in/sub/z.png", 9)
    with pytest.raises(SettingsError, match=r"expected 4 files .*, got 5 files .*renamed since"):
        score(folder, RESUMED)
    (folder / "a.png").unlink()
    with pytest.raises(DatasetError, match=r"row 1: expected black\.png as in"):
        score(folder, RESUMED)


def test_the_list_of_files_is_kept_with_what_rows_depend_on(folder: Path) -> None:
    score(folder)
    kept = json.loads((folder / "scores.csv.run.json").read_text())
    assert kept["inputs"].startswith("4 files (names ")


def test_models_of_tests_that_only_clips_get_are_kept_with_what_rows_depend_on(
    folder: Path,
) -> None:
    default = ScoreOptions(None, 0)
    score(folder, default)
    of_stills = json.loads((folder / "scores.csv.run.json").read_text())
    write_video(folder / "clip.avi", [np.full((48, 64, 3), 90, np.uint8)] * 3)
    score(folder, replace(default, force=True))
    of_clips = json.loads((folder / "scores.csv.run.json").read_text())
    for name in DEFAULT_CLIP_TESTS:
        assert f"model {name}" not in of_stills
        assert of_clips[f"model {name}"] == f"{name}-1+00000000"
        assert f"operating point {name}" in of_clips


def test_an_input_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(SettingsError, match="is one of the inputs"):
        score_files(
            expand([folder]), folder / "a.png", replace(OPTIONS, force=True),
            say=lambda _: None, progress=progress,
        )  # fmt: skip


def test_a_row_that_another_program_changed_is_named(folder: Path) -> None:
    scored = score(folder)
    text = scored.out.read_text()
    scored.out.write_text(text.replace("bona_fide", "genuine"))
    with pytest.raises(DatasetError, match=r"line 2: not a row of scores: 'genuine'"):
        decisions(scored)


def test_a_result_of_an_unreadable_file_is_its_error(folder: Path) -> None:
    found = {judged.path: judged for _, judged in score(folder).results()}
    assert isinstance(found["cut.png"], Judged)
    assert (found["cut.png"].error or "").startswith("cut.png: ")
