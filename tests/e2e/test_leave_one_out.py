"""3DMAD with one person left out, by the commands that the documentation shows."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from facepad.testing import made_up_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to-evaluate-any-system.md"
FOLDS = ("01", "16")


def shown() -> str:
    """The loop and the report of all folds, of few people and pictures without faces."""
    text = PAGE.read_text(encoding="utf-8")
    loop, together = (
        re.search(rf"```text\n({start}.*?)```", text, re.DOTALL)
        for start in ("for person in", "python - <<END")
    )
    assert loop is not None
    assert together is not None
    script = loop[1].replace("$(seq -w 1 17)", " ".join(FOLDS)) + together[1]
    script = script.replace("facepad train quality", "facepad train quality --view whole")
    script = script.replace("quality_real.npz", "quality_whole_real.npz")
    return script.replace("facepad evaluate", "facepad evaluate --repeats 100")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands were run."""
    pytest.importorskip("h5py")
    pytest.importorskip("sklearn")
    place = tmp_path_factory.mktemp("folds")
    made_up_dataset(place / "3DMAD", "3dmad")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "FACEPAD_CACHE_DIR": str(place / "cache"),
    }
    script = ["bash", "-euo", "pipefail", "-c", shown()]
    done = subprocess.run(script, cwd=place, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place


def test_each_fold_is_evaluated_on_its_person_alone(place: Path) -> None:
    for person in FOLDS:
        (file,) = (place / "folds" / person).glob("scores-*.csv")
        with file.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        people = {(row["split"], row["subject"]) for row in rows}
        assert {subject for split, subject in people if split == "test"} == {person}
        assert len({subject for split, subject in people if split == "dev"}) == 2
        assert person not in {subject for split, subject in people if split == "dev"}


def test_the_report_of_all_folds_counts_every_person_once(place: Path) -> None:
    report = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    (assessment,) = report["assessments"]
    counts = assessment["points"][0]["all_presentations"]
    assert counts["bona_fide"] == {"presentations": 10 * len(FOLDS), "subjects": len(FOLDS)}
    assert counts["attack"] == {"presentations": 5 * len(FOLDS), "subjects": len(FOLDS)}
