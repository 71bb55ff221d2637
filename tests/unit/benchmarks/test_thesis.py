"""The thesis's tables beside facepad's figures, on made-up reports and miniatures."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("thesis", reason="source archives hold no benchmarks")

import thesis
import thesis_figures as figures
import thesis_scores
from facepad.datasets.nuaa import Nuaa
from facepad.datasets.replay_attack import ReplayAttack
from facepad.errors import DatasetError
from facepad.testing.miniatures import made_up_dataset
from facepad.training.run import OPENINGS
from facepad.types import Split

WORDS = {**thesis.WORDS_OF_TEST, "chosen on nuaa dev": "NUAA dev"}
TESTS = ("quality", "face_cnn")
KNOWN = {"value": 0.25, "low": 0.1, "high": 0.5}
RATES: dict[str, Any] = {
    "bona_fide": {"presentations": 200, "subjects": 9},
    "attack": {"presentations": 200},
    "species": [
        {"name": "print", "apcer": KNOWN},
        {"name": "screen", "apcer": {**KNOWN, "value": 0}},
    ],
    "bpcer": {"value": 0.01, "low": None, "high": None},
    "hter": {"value": 0.13, "low": 0.1, "high": 0.2},
    "bpnrr": 0.005,
    "bona_fide_uncertain": 0.0,
    "confusion_percent": {
        "true_positive": 49.5,
        "false_negative": 0.5,
        "false_positive": 12.5,
        "true_negative": 37.5,
    },
}


@pytest.fixture(scope="module")
def nuaa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miniature of NUAA."""
    return made_up_dataset(tmp_path_factory.mktemp("nuaa"), pictures=1)


def report(system: str = "quality", origin: str = "fixed beforehand") -> dict[str, Any]:
    """A report of one system at one threshold."""
    point = {"origin": origin, "all_presentations": RATES}
    one = {"system": system, "part": "nuaa test", "points": [point], "ranking": {"auc": KNOWN}}
    return {"assessments": [one], "models": {"quality": "q-1+0"}, "commands": ["evaluate"]}


def row(system: str = "quality", origin: str = "fixed beforehand") -> figures.Errors:
    """Its row."""
    (found,) = figures.rows_of(report(system, origin), WORDS, {})
    return found


def test_the_rates_of_the_thesis_follow_from_its_cells() -> None:
    quality, accuracy = figures.THESIS_ERRORS["W-IQA"]
    assert (quality.accuracy, quality.apcer, quality.bpcer) == (accuracy, 25.0, 1.0)
    network, accuracy = figures.THESIS_ERRORS["2D CNN"]
    assert network.hter == pytest.approx(42.3, abs=0.05)
    assert network.always_attack == pytest.approx(72.87)
    assert network.always_attack > accuracy
    assert network.accuracy == pytest.approx(76.19)  # the cells do not give the stated 71.2


def test_a_row_has_the_cells_rates_and_counts_of_the_report() -> None:
    found = row()
    assert found.matrix == figures.THESIS_ERRORS["W-IQA"][0]
    assert (found.data, found.threshold, found.fitted) == ("NUAA test", "as shipped", "as packaged")
    assert found.apcer == {"print": [25.0, 10.0, 50.0], "screen": [0.0, 10.0, 50.0]}
    assert found.bpcer == [1.0, None, None]
    assert found.undecided == 0.5


def test_a_test_that_was_fitted_here_ships_with_no_threshold() -> None:
    (found,) = figures.rows_of(report(), WORDS, {"quality": "NUAA train, whole"})
    assert (found.fitted, found.threshold) == ("NUAA train, whole", "set in its fit")


def test_thresholds_that_have_no_words_are_left_out() -> None:
    assert (
        list(figures.rows_of(report(origin="chosen on nuaa dev"), thesis.WORDS_OF_TEST, {})) == []
    )


def test_the_table_shows_the_worst_species_and_intervals_where_there_are_any() -> None:
    line = figures.errors_table([row()]).splitlines()[-1]
    assert "| 37.5 | 12.5 | 0.5 | 49.5 | 25.0 (10.0 to 50.0) | 1.0 | 13.0 (10.0 to 20.0) |" in line
    assert line.endswith("| 50.0 |")


def test_a_later_run_replaces_its_rows_and_keeps_the_others(tmp_path: Path) -> None:
    file = tmp_path / "thesis.json"
    figures.keep(file, errors=[row(), row(system="voxel")])
    figures.keep(file, errors=[row(origin="chosen on nuaa dev"), row(system="voxel")])
    found, times = figures.read(file)
    assert [one.test for one in found] == ["quality", "voxel", "quality"]
    assert found[0] == row()
    assert times == []


def test_times_are_shown_as_a_multiple_of_the_reference() -> None:
    own = figures.Times(
        test="quality",
        load_s=0.5,
        classify_s=0.04,
        reference_s=0.08,
        runs=9,
        threads=2,
        processor="x",
    )
    lines = figures.times_table([own]).splitlines()
    assert lines[-1] == "| quality | x; 2 used | 0.50 | 0.040 | 0.50 times |"
    assert "| thesis: 2D CNN | i7-7700K, wall clock | 7.44 | 1.04 | |" in lines


def test_the_kept_figures_have_tables_in_the_page() -> None:
    errors, times = figures.read()
    page = (figures.FILE.parents[1] / "thesis.md").read_text(encoding="utf-8")
    assert figures.errors_table(errors) in page
    assert figures.times_table(times) in page


def test_one_dev_person_sets_the_threshold_and_the_other_is_judged(
    nuaa: Path, tmp_path: Path
) -> None:
    with thesis.write_dev(nuaa, tmp_path, 1).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {(one["subject"], one["split"]) for one in rows} == {("0005", "dev"), ("0009", "test")}


def test_the_list_to_fit_on_has_no_test_picture(nuaa: Path, tmp_path: Path) -> None:
    with thesis.write_train(nuaa, tmp_path, 2).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {one["split"] for one in rows} == {Split.TRAIN, Split.DEV}
    assert len(rows) == 9


@pytest.mark.parametrize("more", [[], ["--judge", "openings.csv", "--every", "2"]])
def test_the_test_part_is_judged_whole_and_with_a_record(more: list[str], tmp_path: Path) -> None:
    words = ["evaluate", "--nuaa", str(tmp_path), "--part", "test", "--out", str(tmp_path), *more]
    with pytest.raises(SystemExit, match="needs --judge"):
        thesis.main(words)


def test_the_protocol_across_datasets_needs_a_record(tmp_path: Path) -> None:
    words = ["cross", "--nuaa", str(tmp_path), "--replay", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="needs --judge"):
        thesis.main(words)
    assert not list(tmp_path.iterdir())


def write_scores(file: Path, people: int = 10) -> None:
    """Write scores of two tests: people of dev and two of test, each bona fide and in a print."""
    columns = (*thesis_scores.LABELS, "quality_score", "face_cnn_score")
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for number in range(people + 2):
            part = "dev" if number < people else "test"
            for kind, score in (("", 0.7), ("print", 0.4)):
                label = "attack" if kind else "bona_fide"
                row = (f"{number}{kind}", label, kind, f"p{number}", part)
                writer.writerow((*row, score - 0.01 * number, "" if number == 3 else score))


def run_cross(
    monkeypatch: pytest.MonkeyPatch, nuaa: Path, tmp_path: Path, tests: str
) -> list[tuple[str, ...]]:
    """Run the protocol across datasets without the commands; return the commands."""
    asked: list[tuple[str, ...]] = []
    openings = tmp_path / "openings.csv"
    openings.write_text(f"{','.join(OPENINGS)}\n")
    for folder in ("quality-whole", "report", "every-score/report"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "quality-whole" / "quality_whole_real.npz").touch()
    write_scores(tmp_path / "report" / "scores-replay_attack.csv")
    for folder in ("report", "every-score/report"):
        (tmp_path / folder / "report.json").write_text(json.dumps(report()))

    def kept(*words: str, **settings: str) -> None:
        asked.append((*words, *settings))

    monkeypatch.setattr(thesis, "facepad", kept)
    words = ["--nuaa", str(nuaa), "--replay", "R", "--judge", str(openings)]
    thesis.main(["cross", *words, "--tests", tests, "--out", str(tmp_path)])
    return asked


def test_the_protocol_fits_on_nuaa_and_judges_replay_attack_and_a_consolidation(
    monkeypatch: pytest.MonkeyPatch, nuaa: Path, tmp_path: Path
) -> None:
    fit, judge, each = run_cross(monkeypatch, nuaa, tmp_path, "quality,face_cnn")
    assert fit[:2] == ("train", "quality")
    assert (judge[0], judge[-1]) == ("evaluate", "FACEPAD_QUALITY_MODEL")
    assert "replay_attack=R" in judge
    judged = [Path(each[at + 1]).name for at, word in enumerate(each) if word == "--scores"]
    assert judged == ["quality.csv", "face_cnn.csv", "lda.csv"]


def test_a_test_with_packaged_weights_is_judged_as_it_is(
    monkeypatch: pytest.MonkeyPatch, nuaa: Path, tmp_path: Path
) -> None:
    judge, each = run_cross(monkeypatch, nuaa, tmp_path, "face_cnn")
    assert judge[0] == each[0] == "evaluate"
    assert "FACEPAD_QUALITY_MODEL" not in judge


def test_a_judged_test_part_is_recorded_first(
    monkeypatch: pytest.MonkeyPatch, nuaa: Path, tmp_path: Path
) -> None:
    run_cross(monkeypatch, nuaa, tmp_path, "face_cnn")
    with (tmp_path / "openings.csv").open(newline="") as stream:
        (recorded,) = csv.DictReader(stream)
    assert recorded["data"] == "Replay-Attack test"
    assert recorded["recipe"] == "the thesis's tables"


def test_the_consolidation_is_fitted_on_dev_and_scores_what_any_test_scored(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.csv")
    rows = thesis_scores.read(tmp_path / "scores.csv")
    moved = [{**row, "label": "attack"} if row["split"] == "test" else row for row in rows]
    files = [thesis_scores.write_consolidation(each, TESTS, tmp_path).read_text()
             for each in (rows, moved)]  # fmt: skip
    assert files[0] == files[1]  # labels of test change nothing
    scores = {line.split(",")[0]: float(line.split(",")[1]) for line in files[0].split()[1:]}
    assert len(scores) == len(rows)
    assert scores["3"] > scores["3print"]  # only the quality test scored them


def test_the_consolidation_needs_people_who_can_be_held_out(tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.csv", people=3)
    with pytest.raises(DatasetError, match="at least 10 people, got 3"):
        thesis_scores.write_consolidation(
            thesis_scores.read(tmp_path / "scores.csv"), TESTS, tmp_path
        )


def test_labels_name_people_of_the_train_part_without_scores(nuaa: Path, tmp_path: Path) -> None:
    write_scores(tmp_path / "scores.csv")
    rows = thesis_scores.read(tmp_path / "scores.csv")
    samples = list(Nuaa(nuaa).samples())
    labels = thesis_scores.write_labels(rows, samples, tmp_path / "labels.csv")
    more = thesis_scores.read(labels)[len(rows) :]
    assert {row["split"] for row in more} == {"train"}
    assert len(more) == sum(sample.split is Split.TRAIN for sample in samples)


@pytest.mark.slow
def test_the_miniatures_have_people_enough_for_the_consolidation(tmp_path: Path) -> None:
    thesis.miniature(tmp_path)
    samples = list(ReplayAttack(tmp_path / "replay_attack").samples())
    devel = [sample for sample in samples if sample.split is Split.DEV]
    assert len({sample.subject for sample in devel}) == 10
    assert len(samples) == 6 + 10 * 3 + 4 * 6
