"""A network of one's own in worker processes, named by a path relative to the working folder."""

import csv
import json
import subprocess
from pathlib import Path

import pytest

from command_line import command, skip_without_face_models
from described_network import written

pytestmark = pytest.mark.e2e

PORTRAIT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    skip_without_face_models()
    (tmp_path / "nets").mkdir()
    written(tmp_path / "nets", decision__threshold="0.5")
    rows = "".join(f"{PORTRAIT}\n" for _ in range(3))
    (tmp_path / "pictures.csv").write_text(f"path\n{rows}")
    return tmp_path


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), cwd=place, capture_output=True, text=True, timeout=120, check=False
    )


def test_score_has_its_columns_and_keeps_its_version_without_its_folder(place: Path) -> None:
    done = run(
        *(place, "score", "--manifest", "pictures.csv", "--out", "scores.csv", "--workers", "2"),
        *("--tests", "network:nets/my.toml"),
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    with (place / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len({row["network:my_score"] for row in rows}) == 1
    assert {row["outcome"] for row in rows} <= {"bona_fide", "attack"}
    facts = json.loads((place / "scores.csv.run.json").read_text())
    assert str(place / "nets") not in json.dumps(facts)
    assert "my-" in json.dumps(facts)


def test_the_scores_of_another_threshold_are_not_mixed(place: Path) -> None:
    words = ("score", "--manifest", "pictures.csv", "--out", "scores.csv")
    tests = ("--tests", "network:nets/my.toml")
    assert run(place, *words, *tests).returncode == 0
    written(place / "nets", decision__threshold="0.6")
    again = run(place, *words, *tests, "--resume")
    assert (again.returncode, "Traceback" in again.stderr) == (4, False)
