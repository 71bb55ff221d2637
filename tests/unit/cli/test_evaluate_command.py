"""`facepad evaluate` in a made-up world: stills among clips, under a test of each kind."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from facepad import registry
from facepad.cli.app import app
from facepad.jobs.processes import ProcessPool
from facepad.needs import Needs
from facepad.testing.media_files import write_video
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

pytestmark = pytest.mark.usefixtures("_made_up", "_here")
Picture = Callable[[str, int], str]
RESOLVE = registry.resolve


@dataclass
class MotionTest:
    """A clip test: 0.9 where frames differ."""

    name: str = "motion"
    operating_point: OperatingPoint = OperatingPoint.at(0.3, "made_up")  # noqa: RUF009 - frozen
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = field(default_factory=lambda: Needs(min_frames=6))

    def score(self, presentation: Presentation) -> Score:
        levels = {round(float(frame.image.mean())) for frame in presentation.frames}
        return Score(0.9 if len(levels) > 1 else 0.1)


@dataclass
class MovesTest(MotionTest):
    """A clip test that only adds: towards bona fide where frames differ, else it cannot tell."""

    name: str = "moves"
    operating_point: OperatingPoint = OperatingPoint.undecided()  # noqa: RUF009 - frozen

    def score(self, presentation: Presentation) -> Score:
        found = super().score(presentation)
        return found if found.value == 0.9 else Score(None, Reason.LITTLE_MOVEMENT)


class BoxFinder:
    """Takes the whole picture for a face."""

    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        return replace(frame, face=Face((0, 0, *frame.size), 0.9))


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch, _made_up: None) -> None:
    """Score in this process, where the made-up tests are."""
    made_up = registry.resolve

    def resolve(kind: registry.Kind, name: str) -> Any:  # noqa: ANN401 - as the registry's
        if kind != "liveness_tests":
            return RESOLVE(kind, name)
        own = {"motion": MotionTest, "moves": MovesTest}
        return own.get(name) or made_up(kind, name)

    monkeypatch.setattr("facepad.registry.resolve", resolve)
    monkeypatch.setattr(
        "facepad.scoring.workers.ProcessPool",
        lambda work, _, context: ProcessPool(partial(work), 0, context),
    )


@pytest.fixture
def listed(tmp_path: Path, picture: Picture) -> Path:
    """A still and a moving clip of living people, and a clip of a print, which is dark."""
    picture("still.png", 204)
    write_video(tmp_path / "moving.avi", grey(range(140, 220, 8)))
    write_video(tmp_path / "print.avi", grey([40] * 10))
    rows = [
        ("path", "subject", "pai_species", "split"),
        ("still.png", "anna", "", "test"),
        ("moving.avi", "ben", "", "test"),
        ("print.avi", "ben", "print", "test"),
    ]
    with (tmp_path / "dataset.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return tmp_path


def grey(levels: "range | list[int]") -> list[Any]:
    return [np.full((48, 64, 3), level, np.uint8) for level in levels]


def evaluate(listed: Path, tests: str, *options: str) -> tuple[Result, dict[str, Any]]:
    out = listed / "out"
    result = CliRunner().invoke(
        app,
        ["evaluate", "--tests", tests, "--datasets", f"csv={listed}", "--out", str(out),
         "--no-page", "--repeats", "100", *options],
    )  # fmt: skip
    return result, json.loads((out / "report.json").read_text())


def rates(report: dict[str, Any], system: str) -> dict[str, Any]:
    (one,) = [one for one in report["assessments"] if one["system"] == system]
    (point,) = [point for point in one["points"] if point["name"] == "as shipped"]
    found: dict[str, Any] = point["all_presentations"]
    return found


def test_a_still_under_a_clip_test_alone_is_a_non_response(listed: Path) -> None:
    result, report = evaluate(listed, "motion")
    assert result.exit_code == 0, result.output
    found = rates(report, "motion")
    assert (found["bpnrr"], found["bpcer"]["value"]) == (0.5, 0.5)
    assert found["apcer_worst"]["value"] == 0.0
    with (listed / "out" / "scores-csv.csv").open(newline="") as stream:
        still = next(csv.DictReader(stream))
    assert (still["score"], still["outcome"], still["reason"]) == (
        "", "non_response", "clip_too_short",
    )  # fmt: skip


def test_a_still_among_clips_is_judged_by_the_tests_that_were_asked(listed: Path) -> None:
    result, report = evaluate(listed, "bright,motion")
    assert result.exit_code == 0, result.output
    assert rates(report, "bright")["bpnrr"] == 0.0
    assert rates(report, "motion")["bpnrr"] == 0.5
    together = rates(report, "mean of bright, motion")
    assert (together["bpnrr"], together["bpcer"]["value"]) == (0.0, 0.0)
    assert not any("abstain" in notice for notice in report["notices"])
    (notice,) = [n for n in report["notices"] if "lack the frames" in n]
    assert "in 1 presentation some tests lack" in notice


def test_a_test_that_only_adds_is_no_system_with_errors_and_is_named_in_the_whole(
    listed: Path,
) -> None:
    result, report = evaluate(listed, "bright,moves")
    assert result.exit_code == 0, result.output
    names = ["bright with moves", "bright", "moves"]
    assert [one["system"] for one in report["assessments"]] == names
    whole, alone, moves = report["assessments"]
    assert (moves["points"], moves["remark"], whole["added"], alone["added"]) == (
        [],
        "",
        None,
        None,
    )
    kinds = {kind.pop("name"): kind for kind in moves["added"]["kinds"]}
    assert [(kinds[name]["towards"], kinds[name]["silent"]) for name in ("bona fide", "print")] == [
        (1, 1),
        (0, 1),
    ]
    assert "only adds to others: judged 1 of 3 presentations" in result.output
    assert [one["system"] for one in report["differences"]] == ["bright"]
    with (listed / "out" / "scores-csv.csv").open(newline="") as stream:
        still, moving, attack = csv.DictReader(stream)
    assert [row["moves_reason"] for row in (still, moving, attack)] == [
        "clip_too_short", "", "little_movement",
    ]  # fmt: skip
    assert float(moving["score"]) > float(moving["bright_score"])
    assert (still["score"], attack["score"]) == (still["bright_score"], attack["bright_score"])


@pytest.mark.parametrize("options", [("moves",), ("bright", "--advisory", "moves")])
def test_a_test_that_only_adds_has_no_errors_also_where_nothing_decides_with_it(
    listed: Path, options: tuple[str, ...]
) -> None:
    result, report = evaluate(listed, *options)
    assert result.exit_code == 0, result.output
    moves = report["assessments"][-1]
    assert (moves["system"], moves["points"]) == ("moves", [])
    assert sum(kind["towards"] for kind in moves["added"]["kinds"]) == 1


def test_what_is_added_to_several_tests_is_compared_with_the_same_without_it(listed: Path) -> None:
    _, report = evaluate(listed, "bright,other,moves")
    assert [one["system"] for one in report["assessments"]] == [
        "mean of bright, other with moves", "bright", "other", "mean of bright, other", "moves",
    ]  # fmt: skip


@pytest.fixture
def _cut(monkeypatch: pytest.MonkeyPatch, _here: None) -> None:
    """Let every picture end at the face."""
    monkeypatch.setattr(
        "facepad.faces.capture.assess", lambda _: CaptureQuality((Reason.NO_CONTEXT,))
    )
    monkeypatch.setattr("facepad.selected_tests._face_finder", lambda _: BoxFinder())


@pytest.mark.usefixtures("_cut")
def test_a_set_that_is_cut_at_the_face_is_never_accepted_and_the_report_says_why(
    listed: Path,
) -> None:
    result, report = evaluate(listed, "bright")
    assert rates(report, "bright")["bona_fide_uncertain"] == 1.0
    (notice,) = [notice for notice in report["notices"] if "no_context" in notice]
    assert notice == (
        "csv: the capture of 3 presentations is too poor to accept (3 no_context); "
        "--faces-are-cropped judges sets that are cut at the face"
    )
    assert notice in result.output


@pytest.mark.usefixtures("_cut")
def test_faces_that_are_cropped_are_judged_when_asked_for_and_the_report_says_so(
    listed: Path,
) -> None:
    result, report = evaluate(listed, "bright", "--faces-are-cropped")
    assert rates(report, "bright")["bpcer"]["value"] == 0.0
    (notice,) = [notice for notice in report["notices"] if "--faces-are-cropped" in notice]
    assert "bona fide only by a test with an operating point for it" in notice
    assert notice in result.output
    kept = json.loads((listed / "out" / "scores-csv.csv.run.json").read_text())
    assert kept["faces_are_cropped"] is True
    again, _ = evaluate(listed, "bright")
    assert again.exit_code == 4
    assert "with faces_are_cropped True, not none" in again.output


def test_cropped_faces_are_for_datasets(tmp_path: Path) -> None:
    options = ["--scores", "a.csv", "--labels", "b.csv", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, ["evaluate", *options, "--faces-are-cropped"])
    assert result.exit_code == 2


def test_a_dataset_that_is_damaged_as_a_whole_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "torn.h5").write_bytes(b"torn")
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["evaluate", "--datasets", f"packed={tmp_path / 'torn.h5'}", "--out", str(out)]
    )
    assert result.exit_code == 4
    assert not out.exists()


def test_a_folder_with_one_person_is_refused_before_it_is_scored(
    tmp_path: Path, picture: Picture
) -> None:
    for folder in ("bona_fide/anna", "attack/print/anna"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
        picture(f"mine/{folder}/1.png", 99)
    out = tmp_path / "out"
    result = CliRunner().invoke(
        app, ["evaluate", "--datasets", f"folder={tmp_path / 'mine'}", "--out", str(out)]
    )
    assert result.exit_code == 2
    assert "all 2 are of other parts (train 2), of 1 person; put people into" in result.stderr
    assert not out.exists()


# --- operating points -----------------------------------------------------------------------


def at(report: dict[str, Any], name: str) -> dict[str, Any]:
    (one,) = report["assessments"]
    (point,) = [point for point in one["points"] if point["name"] == name]
    return dict(point)


def test_an_operating_point_is_evaluated_under_its_name(listed: Path) -> None:
    # 204 of 255 is 0.8: bona fide from 0.8; the clip's mean is lower.
    _, report = evaluate(listed, "cautious", "--operating-point", "strict")
    point = at(report, "strict")
    assert (point["origin"], point["low"], point["high"]) == ("as shipped", 0.4, 0.8)
    assert point["all_presentations"]["bpcer"]["value"] == 0.5
    kept = json.loads((listed / "out" / "scores-csv.csv.run.json").read_text())
    assert kept["operating point"] == "strict"
    again, _ = evaluate(listed, "cautious")
    assert again.exit_code == 4
    assert "operating point 'strict', not 'balanced'" in again.output


def test_each_presentation_counts_at_its_own_threshold(listed: Path, picture: Picture) -> None:
    picture("still.png", 160)  # 0.63 is above 0.6, but such a dark picture needs 0.7
    _, report = evaluate(listed, "cautious")
    assert at(report, "balanced")["all_presentations"]["bpcer"]["value"] == 0.5
    (notice,) = [notice for notice in report["notices"] if "of another set of views" in notice]
    assert notice.startswith("csv: 2 scores with a threshold")  # the print is dark, too


def test_a_test_without_the_operating_point_is_evaluated_at_its_own(listed: Path) -> None:
    _, report = evaluate(listed, "bright", "--operating-point", "strict")
    assert at(report, "as shipped")["threshold"] == 0.5
    assert "bright has no operating point 'strict'; its own is used" in report["notices"]


@pytest.mark.parametrize("other", [("--threshold", "0.5"), ("--scores", "s.csv")])
def test_an_operating_point_is_not_for_a_threshold_and_not_for_files_of_scores(
    other: tuple[str, str], tmp_path: Path
) -> None:
    source = ["--labels", "l.csv"] if other[0] == "--scores" else ["--datasets", "csv=there"]
    result = CliRunner().invoke(
        app,
        ["evaluate", "--out", str(tmp_path), "--operating-point", "strict", *source, *other],
    )
    assert result.exit_code == 2
    assert "--operating-point" in result.output


def test_the_bundle_of_the_models_is_in_the_report(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepad.models.bundles.holding", lambda _: "free-2+00000000")
    _, report = evaluate(listed, "bright")
    assert report["environment"]["bundle"] == "free-2+00000000"


# --- folders as they come, all as test, subsets ------------------------------------------------


@pytest.fixture
def plain(tmp_path: Path, picture: Picture) -> Path:
    """Folders of bright living people and dark prints, as a phone names the files."""
    for folder in ("live", "prints/anna"):
        (tmp_path / folder).mkdir(parents=True)
    picture("live/IMG_0001.png", 204)
    picture("live/IMG_0002.png", 220)
    picture("live/ben_1.png", 90)
    picture("prints/anna/1.png", 40)
    return tmp_path


def run_on(folder: Path, *options: str) -> tuple[Result, dict[str, Any]]:
    out = folder / "out"
    result = CliRunner().invoke(
        app, ["evaluate", *options, "--out", str(out), "--no-page", "--repeats", "100"]
    )
    file = out / "report.json"
    return result, json.loads(file.read_text()) if file.exists() else {}


def test_folders_as_they_come_are_evaluated_at_the_shipped_threshold(plain: Path) -> None:
    folders = ["--bona-fide", str(plain / "live"), "--attack", f"print={plain / 'prints'}"]
    result, report = run_on(plain, *folders, "--tests", "bright", "--title", "My <phone>")
    assert result.exit_code == 0, result.output
    assert report["title"] == "My <phone>"
    (one,) = report["assessments"]
    assert (one["part"], one["split"]) == ("folders test", "test")
    assert rates(report, "bright")["bpcer"]["value"] == pytest.approx(1 / 3)
    assert rates(report, "bright")["bona_fide"] == {"presentations": 3, "subjects": 3}
    assert any("nobody is named by 2 files" in notice for notice in report["notices"])
    assert str(plain) not in json.dumps(report)
    with (plain / "out" / "scores-folders.csv").open(newline="") as stream:
        assert next(csv.DictReader(stream))["path"] == "live/IMG_0001.png"


def test_an_attack_needs_a_species_and_a_folder(plain: Path) -> None:
    result, _ = run_on(plain, "--attack", str(plain / "prints"), "--tests", "bright")
    assert result.exit_code == 4
    assert "expected --attack SPECIES=DIR, such as --attack print=prints" in result.output


def test_all_samples_can_be_evaluated_as_test_and_the_report_says_so(
    listed: Path, picture: Picture
) -> None:
    picture("more.png", 204)
    with (listed / "dataset.csv").open("a", newline="") as stream:
        csv.writer(stream).writerow(("more.png", "ida", "", "train"))
    _, report = evaluate(listed, "bright")
    assert rates(report, "bright")["bona_fide"]["presentations"] == 2
    _, report = evaluate(listed, "bright", "--all-test")
    assert rates(report, "bright")["bona_fide"]["presentations"] == 3
    (notice,) = [text for text in report["notices"] if "--all-test" in text]
    assert "4 presentations evaluated as test, 1 of train among them" in notice
    assert "the split of the dataset is overridden" in notice


@pytest.mark.slow
def test_subsets_come_after_what_decides(listed: Path) -> None:
    result, report = evaluate(
        listed, "bright,motion,cautious", "--subsets", "--advisory", "unfamiliar"
    )
    assert result.exit_code == 0, result.output
    assert [one["system"] for one in report["assessments"]] == [
        "mean of bright, motion, cautious", "bright", "motion", "cautious",
        "mean of bright, motion", "mean of bright, cautious", "mean of motion, cautious",
        "unfamiliar",
    ]  # fmt: skip
    compared = [one["system"] for one in report["differences"]]
    assert compared == [one["system"] for one in report["assessments"]][1:]
    assert {one["reference"] for one in report["differences"]} == {
        "mean of bright, motion, cautious"
    }


def test_a_fusion_is_asked_for_by_name(listed: Path) -> None:
    result, _ = evaluate_only(listed, "--tests", "bright,motion", "--fusion", "median")
    assert result.exit_code == 4
    assert "unknown fusion 'median'" in result.output


def evaluate_only(listed: Path, *options: str) -> tuple[Result, dict[str, Any]]:
    return run_on(listed, "--datasets", f"csv={listed}", *options)


# --- several files of scores ---------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Labels of ten people, and two systems of which the second is a bit worse."""
    names = [(f"/data/set/{kind}/{n}.jpg", kind, n) for n in range(10) for kind in ("bf", "print")]
    rows = [("path", "label", "pai_species", "subject")]
    rows += [
        (path, "bona_fide" if kind == "bf" else "attack", "" if kind == "bf" else kind, f"s{n}")
        for path, kind, n in names
    ]
    write(tmp_path / "labels.csv", rows)
    for system, bona_fide in (("a", 0.6), ("b", 0.45)):
        (tmp_path / system).mkdir()
        scores = [
            (path, f"{bona_fide + n / 30 if kind == 'bf' else n / 15:.3f}")
            for path, kind, n in names
        ]
        write(tmp_path / system / "scores.csv", [("path", "score"), *scores])
    return tmp_path


def write(file: Path, rows: list[Any]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


@pytest.mark.slow
def test_several_files_of_scores_stand_side_by_side(files: Path) -> None:
    both = [word for system in "ab" for word in ("--scores", str(files / system / "scores.csv"))]
    labels = ["--labels", str(files / "labels.csv"), "--threshold", "0.6"]
    result, report = run_on(files, *both, *labels)
    assert result.exit_code == 0, result.output
    assert [one["system"] for one in report["assessments"]] == ["a/scores", "b/scores"]
    (one,) = report["differences"]
    assert (one["system"], one["reference"]) == ("b/scores", "a/scores")
    (point,) = one["points"]
    assert point["bpcer"]["value"] == pytest.approx(0.5)
    assert point["bpcer"]["method"] == "bootstrap"
    assert report["assessments"][0]["ratios"]["presentations"] == 20
    assert "b/scores minus a/scores on test" in result.stdout
    assert str(files) not in json.dumps(report)


def test_a_file_of_scores_is_named_once(files: Path) -> None:
    twice = ["--scores", str(files / "a" / "scores.csv")] * 2
    result, _ = run_on(files, *twice, "--labels", str(files / "labels.csv"))
    assert result.exit_code == 4
    assert "expected each file of --scores once" in result.output


@pytest.mark.parametrize("option", [("--subsets",), ("--all-test",), ("--fusion", "lda")])
def test_options_of_tests_are_not_for_files_of_scores(files: Path, option: tuple[str, ...]) -> None:
    scores = ["--scores", str(files / "a" / "scores.csv"), "--labels", str(files / "labels.csv")]
    result, _ = run_on(files, *scores, *option)
    assert result.exit_code == 2
    assert f"{option[0]}: for facepad's own tests" in " ".join(result.output.split())
