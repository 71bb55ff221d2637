"""`facepad evaluate` as a user runs it: on a dataset, killed and resumed, and on score files."""

import csv
import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from command_line import command, install_plugin, run, skip_without_face_models
from facepad.testing import made_up_dataset

pytestmark = pytest.mark.e2e
PORTRAIT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
SLOW = {"MADE_UP_SECONDS": "0.1"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    skip_without_face_models()
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def nuaa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NUAA's layout with one portrait, greener from file to file, attacks paler; one is broken."""
    root = made_up_dataset(tmp_path_factory.mktemp("nuaa"), pictures=1)
    face = np.asarray(Image.open(PORTRAIT).convert("RGB").resize((448, 448)), np.float64)
    for index, file in enumerate(sorted(root.rglob("*.jpg"))):
        green = 0.55 if "ImposterRaw" in file.parts else 1.0
        tinted = face * [1.0, green + 0.002 * index, 1.0]
        Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8)).save(file, quality=95)
    next((root / "ClientRaw" / "0010").glob("*.jpg")).write_bytes(b"broken")
    return root


@pytest.fixture(scope="module")
def finished(
    nuaa: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a whole run."""
    out = tmp_path_factory.mktemp("finished")
    result = run(*evaluate(nuaa, out, "--no-page"), env=environment)
    assert result.returncode == 2, result.stderr  # one picture is broken
    return out


def evaluate(nuaa: Path, out: Path, *more: str) -> list[str]:
    return ["evaluate", "--tests", "made_up", "--datasets", f"nuaa={nuaa}", "--out", str(out),
            "--repeats", "200", *more]  # fmt: skip


def report(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def kept(out: Path) -> list[dict[str, str]]:
    with (out / "scores-nuaa.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def write(folder: Path, name: str, rows: list[list[object]]) -> Path:
    with (folder / name).open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder / name


def score_files(folder: Path) -> list[str]:
    """Errors that can be counted by hand at a threshold of 40, where higher is attack."""
    labels: list[list[object]] = [["path", "label", "pai_species", "subject"]]
    labels += [[f"g{i}", "bona_fide", "", f"person {i}"] for i in range(4)]
    labels += [[f"p{i}", "attack", "print", f"person {i}"] for i in range(4)]
    labels += [[f"s{i}", "attack", "screen", f"person {i}"] for i in range(2)]
    scores: list[list[object]] = [["path", "spoofness"], ["g0", 10], ["g1", 40], ["g2", 41],
        ["g3", ""], ["p0", 90], ["p1", 50], ["p2", 39.5], ["p3", 99], ["s0", 40], ["s1", 12],
        ["stranger", 1]]  # fmt: skip
    write(folder, "scores.csv", scores)
    write(folder, "labels.csv", labels)
    return ["evaluate", "--scores", str(folder / "scores.csv"), "--labels",
            str(folder / "labels.csv"), "--score-column", "spoofness", "--higher-is", "attack",
            "--out", str(folder / "out"), "--repeats", "200"]  # fmt: skip


def test_a_score_file_of_another_system_gives_the_errors_counted_by_hand(tmp_path: Path) -> None:
    result = run(*score_files(tmp_path), "--threshold", "40", "--no-page")
    assert result.returncode == 0, result.stderr
    (one,) = report(tmp_path / "out")["assessments"]
    (point,) = one["points"]
    rates = point["all_presentations"]
    assert (one["higher_is"], point["threshold"]) == ("attack", 40.0)
    apcer = {species["name"]: species["apcer"]["value"] for species in rates["species"]}
    assert apcer == {"print": 0.25, "screen": 1.0}  # p2; s0 and s1
    assert rates["bpcer"]["value"] == 0.5  # g2, and g3 without a score
    assert rates["bpnrr"] == 0.25
    assert rates["hter"]["value"] == 0.5  # of attacks in all, three of six
    assert point["decided_presentations"]["bpcer"]["value"] == pytest.approx(1 / 3, abs=1e-8)
    assert one["ranking"]["non_responses"] == 1
    notices = report(tmp_path / "out")["notices"]
    assert any("no label" in notice and "stranger" in notice for notice in notices)


def test_without_dev_and_threshold_there_are_ranking_figures_only(tmp_path: Path) -> None:
    result = run(*score_files(tmp_path), "--no-page")
    (one,) = report(tmp_path / "out")["assessments"]
    assert one["points"] == []
    assert b"No error rates: there are no dev scores" in result.stdout
    assert one["ranking"]["label"] == "ranking, threshold from test"


def test_a_threshold_from_test_is_refused_before_anything_else(tmp_path: Path) -> None:
    result = run(*score_files(tmp_path), "--threshold-from", "test")
    assert result.returncode == 2
    assert b"a threshold cannot be set on test" in result.stderr
    assert not (tmp_path / "out").exists()


def test_scores_and_datasets_exclude_one_another(tmp_path: Path) -> None:
    assert run("evaluate", "--out", tmp_path / "out").returncode == 2


def test_a_run_killed_in_its_middle_goes_on_and_scores_nothing_twice(
    nuaa: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "scores-nuaa.csv"
    process = subprocess.Popen(
        command(*evaluate(nuaa, tmp_path, "--no-page", "--workers", "1")),
        env=environment | SLOW,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not file.exists() or file.read_bytes().count(b"\n") < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = file.read_bytes()
    assert not (tmp_path / "report.json").exists()
    run(*evaluate(nuaa, tmp_path, "--no-page", "--workers", "1"), env=environment)
    assert file.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    assert len(kept(tmp_path)) == len({row["key"] for row in kept(tmp_path)}) == 14


def test_a_finished_run_is_shown_without_scoring_again(
    nuaa: Path, environment: dict[str, str], finished: Path
) -> None:
    before = (finished / "scores-nuaa.csv").read_bytes()
    run(*evaluate(nuaa, finished, "--thumbnails", "2"), env=environment)
    assert (finished / "scores-nuaa.csv").read_bytes() == before
    assert "data:image/jpeg" in (finished / "report.html").read_text()
    drawn = list((finished / "plots").glob("*.svg"))
    assert drawn
    assert len(list((finished / "plots").glob("*.png"))) == 2 * len(drawn)


def test_a_dataset_gives_both_parts_at_thresholds_from_dev_and_as_shipped(finished: Path) -> None:
    found = report(finished)["assessments"]
    assert [one["part"] for one in found] == ["nuaa test", "nuaa test, subject-disjoint"]
    points = found[0]["points"]
    assert [point["name"] for point in points] == ["dev_eer", "as shipped"]
    rates = points[0]["all_presentations"]
    # Of five bona fide, 0004 is less green than all of dev, and 0010 cannot be read.
    assert rates["bpcer"]["value"] == pytest.approx(2 / 5)
    assert rates["bpnrr"] == pytest.approx(1 / 5)
    assert rates["apcer_worst"]["value"] == 0.0


def test_a_dataset_gives_times_and_models(finished: Path) -> None:
    found = report(finished)
    assert [step["step"] for step in found["timings"]["steps"]] == [
        "load made_up", "read and decode", "find the face", "assess the capture",
        "classify, made_up", "all steps of one presentation",
    ]  # fmt: skip
    assert "face_detector" in found["models"]


def test_a_picture_that_cannot_be_read_is_named(finished: Path) -> None:
    assert any("nuaa/ClientRaw/0010/" in notice for notice in report(finished)["notices"])


def test_scores_made_with_other_settings_are_not_mixed(
    nuaa: Path, environment: dict[str, str], finished: Path
) -> None:
    other = run(*evaluate(nuaa, finished, "--no-page", "--frames", "all"), env=environment)
    assert other.returncode == 4
    assert b"was started with frames 'best:8', not 'all'" in other.stderr


def test_kept_scores_give_the_same_report_as_a_score_file(finished: Path, tmp_path: Path) -> None:
    file = finished / "scores-nuaa.csv"
    run("evaluate", "--scores", file, "--labels", file, "--score-column", "made_up_score",
        "--out", tmp_path, "--repeats", "200", "--no-page")  # fmt: skip
    first, second = (report(out)["assessments"][0]["points"][0] for out in (finished, tmp_path))
    assert second["all_presentations"] == first["all_presentations"]
    assert second["threshold"] == first["threshold"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nuaa", b"expected a dataset as NAME=DIR"),
        ("nuaa:leave_out=.", b"no protocol 'leave_out'"),
        ("nowhere=.", b"unknown dataset 'nowhere'"),
    ],
)
def test_a_dataset_that_cannot_be_is_refused(
    environment: dict[str, str], tmp_path: Path, asked: str, message: bytes
) -> None:
    result = run("evaluate", "--tests", "made_up", "--datasets", asked, "--out", tmp_path,
                 env=environment)  # fmt: skip
    assert result.returncode == 4
    assert message in result.stderr
