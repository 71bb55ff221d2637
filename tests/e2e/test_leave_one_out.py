"""3DMAD with one person left out, by the commands that the documentation shows."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import skip_without_face_models
from facepad.testing import made_up_dataset

pytestmark = [pytest.mark.e2e, pytest.mark.nightly]
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to-evaluate-any-system.md"
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
FOLDS = ("01", "16")
PEOPLE = ("01", "02", "03", "04", "05", "16", "17")  # others of the miniature are left away

# The training simulates captures of some scenes, which takes long.
FEW_SCENES = """
from facepad.__main__ import main
from facepad.training.quality import run

run.MADE_UP = run.PHOTOGRAPHED = 3
if __name__ == "__main__":
    main()
"""


def shown() -> str:
    """The loop and the report of all folds, as documented, for few people."""
    text = PAGE.read_text(encoding="utf-8")
    loop, together = (
        re.search(rf"```text\n({start}.*?)```", text, re.DOTALL)
        for start in ("for person in", "python - <<END")
    )
    assert loop is not None
    assert together is not None
    script = loop[1].replace("$(seq -w 1 17)", " ".join(FOLDS)) + together[1]
    script = script.replace("facepad train", "python few_scenes.py train")
    return script.replace("facepad evaluate", "facepad evaluate --repeats 100")


def show_portrait(root: Path) -> None:
    """Show one portrait in all clips: greener from person to person, attacks paler."""
    import h5py

    face = np.asarray(Image.open(PORTRAIT).convert("RGB").resize((448, 448)), np.float64)
    for path in root.rglob("*.hdf5"):
        person, session, clip = map(int, path.stem.split("_"))
        if path.stem[:2] not in PEOPLE:
            path.unlink()
            continue
        green = (0.6 if session == 3 else 1.0) + 0.002 * person + 0.003 * clip
        tinted = np.clip(face * [1.0, green, 1.0], 0, 255).astype(np.uint8)
        with h5py.File(path, "w") as file:
            file["Color_Data"] = tinted.transpose(2, 0, 1)[None]
            file["Depth_Data"] = np.full((1, 1, 448, 448), 800, np.uint16)
            file["Eye_Pos"] = np.zeros((1, 4), np.int32)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands were run."""
    pytest.importorskip("h5py")
    pytest.importorskip("sklearn")
    skip_without_face_models()
    place = tmp_path_factory.mktemp("folds")
    show_portrait(made_up_dataset(place / "3DMAD", "3dmad"))
    (place / "few_scenes.py").write_text(FEW_SCENES)
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
    assert assessment["ranking"]["auc"]["value"] is not None
