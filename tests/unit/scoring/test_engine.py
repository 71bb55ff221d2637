"""Scores that an evaluation keeps: how pictures are named, and what is never mixed."""

import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from facepad.calibration.store import CalibrationRef
from facepad.cli.console import progress
from facepad.datasets.packed import Packed
from facepad.errors import DatasetError, SettingsError
from facepad.jobs.files import lock
from facepad.models import bundles
from facepad.scoring.engine import (
    LABELS,
    DatasetScoring,
    labels,
    score_dataset,
    scored_rows,
)
from facepad.scoring.files import ScoreOptions, score_manifest
from facepad.scoring.table import presentation_columns
from facepad.scoring.workers import CheckerSpec
from facepad.sources import load_sample
from facepad.types import OperatingPoint, Sample, Split
from packing import pack, pictures

CALIBRATION = CalibrationRef("kiosk-7", "kiosk-7+00000000", "made_up", 10, "2026-01-31")
CALIBRATED = CheckerSpec(("made_up",), (), CALIBRATION)
POINT = OperatingPoint.at(0.5)


def path_of(root: Path, path: Path | str) -> str:
    sample = Sample("k", str(path), "anna", Split.TEST)
    return labels(root, sample)[LABELS.index("path")]


def test_a_path_is_told_from_the_datasets_folder(tmp_path: Path) -> None:
    assert path_of(tmp_path, tmp_path / "a" / "1.jpg") == "a/1.jpg"


def test_a_path_outside_of_the_folder_is_its_name(tmp_path: Path) -> None:
    assert path_of(tmp_path / "lists", tmp_path / "a" / "1.jpg") == "1.jpg"


@pytest.mark.parametrize("as_folder", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_the_path_of_a_packed_sample_is_read_from_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
) -> None:
    file = tmp_path / "dataset.h5"
    pack(pictures(tmp_path / "source", 3), file)
    root = tmp_path if as_folder else file
    sample = list(Packed(root).samples())[1]
    near = path_of(root, sample.path)
    assert near == "dataset.h5#attack/0"
    monkeypatch.chdir(tmp_path)
    assert load_sample(replace(sample, path=near)).frames[0].size == (48, 32)


def test_a_packed_file_elsewhere_keeps_its_name_and_rows(tmp_path: Path) -> None:
    assert path_of(tmp_path / "x", tmp_path / "a.h5#attack/20-29") == "a.h5#attack/20-29"


def run(scoring: DatasetScoring) -> list[Mapping[str, str]]:
    return score_dataset(scoring, say=lambda _: None, progress=progress)


@pytest.fixture
def scoring(tmp_path: Path) -> DatasetScoring:
    """One picture that is scored already, without a calibration."""
    sample = Sample("k", str(tmp_path / "1.jpg"), "anna", Split.TEST)
    made = DatasetScoring("it", tmp_path, (sample,), CheckerSpec(("made_up",)), {"made_up": "1"},
                          {"made_up": POINT}, tmp_path / "out", 1, force=False)  # fmt: skip
    return scored(made)


def scored(made: DatasetScoring) -> DatasetScoring:
    """Leave the row of a finished run."""
    run(replace(made, samples=(), force=True))
    with made.file.open("a", newline="") as stream:
        fields = [
            "0.5",
            "attack",
            "",
            "0.5",
            *("" for _ in presentation_columns(made.spec.tests)[4:]),
        ]
        row = [*labels(made.root, made.samples[0]), *fields]
        csv.writer(stream, lineterminator="\n").writerow(row)
    return made


def facts(scoring: DatasetScoring) -> dict[str, object]:
    file = scoring.file.with_name(f"{scoring.file.name}.run.json")
    found: dict[str, object] = json.loads(file.read_text())
    return found


def test_what_is_there_is_not_scored_again(scoring: DatasetScoring) -> None:
    assert [row["made_up_score"] for row in run(scoring)] == ["0.5"]


def test_scores_with_and_without_a_calibration_are_not_mixed(scoring: DatasetScoring) -> None:
    expected = r"with calibration none, not 'kiosk-7\+00000000'"
    with pytest.raises(SettingsError, match=expected):
        run(replace(scoring, spec=CALIBRATED))


def test_scores_with_another_version_of_a_calibration_are_not_mixed(
    scoring: DatasetScoring,
) -> None:
    scored(replace(scoring, spec=CALIBRATED))
    anew = replace(CALIBRATED, calibration=replace(CALIBRATION, version="kiosk-7+11111111"))
    both = r"'kiosk-7\+00000000', not 'kiosk-7\+11111111'"
    with pytest.raises(SettingsError, match=both):
        run(replace(scoring, spec=anew))


def test_scores_with_another_bound_of_a_clips_memory_are_not_mixed(
    scoring: DatasetScoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "7")
    with pytest.raises(SettingsError, match=r"with max_clip_mb [0-9.]+, not 7.0"):
        run(scoring)


def test_scores_of_other_tests_are_not_mixed(scoring: DatasetScoring) -> None:
    with pytest.raises(DatasetError, match="made with other tests or an earlier facepad"):
        run(replace(scoring, spec=CheckerSpec(("other",))))


def test_everything_that_scores_depend_on_is_kept(scoring: DatasetScoring) -> None:
    assert list(facts(scoring)) == [
        "facepad", "calibration", "tests", "advisory", "fusion", "operating point",
        "operating point made_up", "model made_up", "bundle", "frames", "max_clip_mb",
    ]  # fmt: skip


def test_a_second_run_that_is_refused_leaves_the_facts_of_the_first(
    scoring: DatasetScoring,
) -> None:
    before = facts(scoring)
    rows = scoring.file.read_bytes()
    with scoring.file.open("ab") as stream:
        assert lock(stream.fileno(), scoring.file) == ""
        with pytest.raises(SettingsError, match="another run is at work on it"):
            run(replace(scoring, spec=CALIBRATED, force=True))
    assert (facts(scoring), scoring.file.read_bytes()) == (before, rows)


def test_a_run_killed_before_its_first_row_leaves_nothing_to_mix(scoring: DatasetScoring) -> None:
    run(replace(scoring, samples=(), force=True))
    run(replace(scoring, samples=(), spec=CALIBRATED))
    assert facts(scoring)["calibration"] == CALIBRATION.version


@pytest.mark.usefixtures("_made_up")
def test_an_operating_point_stands_in_each_row_and_is_never_mixed(
    picture: Callable[[str, int], str], tmp_path: Path
) -> None:
    picture("a.png", 168)
    manifest, out = tmp_path / "in.csv", tmp_path / "out.csv"
    manifest.write_text("path\na.png\n")
    strict = ScoreOptions(("cautious",), 0, operating_point="strict")
    score_manifest(manifest, out, strict, say=lambda _: None, progress=progress)
    (row,) = csv.DictReader(out.read_text().splitlines())
    assert [row[name] for name in ("outcome", "reason", "operating_point", "low", "high")] == [
        "uncertain", "uncalibrated_camera", "strict", "0.400000", "0.800000",
    ]  # fmt: skip
    kept = json.loads(out.with_name("out.csv.run.json").read_text())
    assert kept["operating point"] == kept["operating point cautious"]["name"] == "strict"
    balanced = ScoreOptions(("cautious",), 0, resume=True)
    with pytest.raises(SettingsError, match="with operating point 'strict', not 'balanced'"):
        score_manifest(manifest, out, balanced, say=lambda _: None, progress=progress)


@pytest.mark.usefixtures("_made_up")
def test_which_face_is_judged_is_kept_and_never_mixed(
    picture: Callable[[str, int], str], tmp_path: Path
) -> None:
    picture("a.png", 200)
    manifest, out = tmp_path / "in.csv", tmp_path / "out.csv"
    manifest.write_text("path\na.png\n")
    single = ScoreOptions(("one",), 0, faces="single")
    score_manifest(manifest, out, single, say=lambda _: None, progress=progress)
    assert json.loads(out.with_name("out.csv.run.json").read_text())["faces"] == "single"
    largest = ScoreOptions(("one",), 0, resume=True)
    with pytest.raises(SettingsError, match="with faces 'single', not none"):
        score_manifest(manifest, out, largest, say=lambda _: None, progress=progress)


def test_the_bundle_of_the_models_is_kept_and_never_mixed(
    scoring: DatasetScoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "holding", lambda _: "free-2+00000000")
    with pytest.raises(SettingsError, match=r"with bundle none, not 'free-2\+00000000'"):
        run(scoring)
    assert facts(scoring)["bundle"] == ""  # the earlier run keeps its own


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("no_threshold", ""), ("too_blurred;no_threshold", "too_blurred"), ("no_context",) * 2],
)
def test_a_score_without_a_threshold_of_its_own_is_judged_at_that_of_dev(
    scoring: DatasetScoring, reason: str, expected: str
) -> None:
    row = {
        **{"key": "k", "outcome": "uncertain", "reason": reason, "score": "0.4", "capture": ""},
        **{"made_up_score": "0.4", "made_up_reason": reason},
    }
    (found,) = scored_rows(scoring, [row], "made_up")
    assert (found.value, found.reason) == (0.4, expected)
