"""`facepad train network` as a user runs it: training, and a check with the result."""

import csv
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from command_line import command, skip_without_face_models
from with_torch import needs

pytestmark = [pytest.mark.e2e, pytest.mark.slow, needs("torch", "onnxscript", "sklearn")]

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = {"": "astronaut.jpg", "screen": "astronaut-simulated-recapture.jpg"}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Brighter and darker copies of the two demo pictures, and one without a face."""
    skip_without_face_models()
    folder = tmp_path_factory.mktemp("pictures")
    rows = [["path", "label", "pai_species", "subject", "split"]]
    for species, name in KINDS.items():
        with Image.open(EXAMPLES / name) as picture:
            for index in range(4):
                file = f"{species}{index}.png"
                ImageEnhance.Brightness(picture).enhance(0.8 + 0.1 * index).save(folder / file)
                label, part = "attack" if species else "bona_fide", "dev" if index > 2 else "train"
                rows.append([file, label, species, f"s{index}", part])
    Image.new("RGB", (200, 200), "white").save(folder / "blank.png")
    rows.append(["blank.png", "bona_fide", "", "s0", "train"])
    with (folder / "list.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder / "list.csv"


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=900)


def test_a_network_is_trained_and_used_as_a_test(listed: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ["train", "network", "--backbone", "alexnet", "--dataset", f"csv={listed}"]
    asked += ["--batch", "2", "--epochs", "1", "--out", str(out)]
    done = _run(*asked)
    assert done.returncode == 0, done.stderr
    assert "left out without a usable face: no_face 1" in done.stdout
    assert (out / "thesis-run" / "log.csv").read_text().count("\n") == 1 + 3
    assert json.loads((out / "thesis.json").read_text())["left_out"]["train"] == "no_face 1"
    assert "research use only" in (out / "thesis.md").read_text()
    picture = str(EXAMPLES / "astronaut.jpg")
    test = f"network:{out / 'thesis.toml'}"
    checked = _run("check", "--json", "--tests", test, picture)
    assert "network:thesis" in checked.stdout, checked.stderr
    again = _run(*asked)
    assert again.returncode == 4
    assert "--resume" in again.stderr
