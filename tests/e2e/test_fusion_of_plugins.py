"""A test of another package joins a fusion by its entry point: fit, check, and what goes wrong."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from command_line import install_plugin, run, skip_without_face_models

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TESTS = "quality,quality_whole,made_up"
PEOPLE = 12

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module", autouse=True)
def _models() -> None:
    skip_without_face_models()
    pytest.importorskip("sklearn", reason="training needs scikit-learn")


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of the demo portrait in other light, and of blurred darker copies as attacks."""
    folder = tmp_path_factory.mktemp("pictures")
    portrait = Image.open(EXAMPLES / "astronaut.jpg").convert("RGB")
    rng = np.random.default_rng(0)
    rows = []
    for person in range(PEOPLE):
        for label in ("bona_fide", "attack"):
            gain = rng.uniform(0.85, 1.1) * (1.0 if label == "bona_fide" else 0.7)
            picture = portrait if label == "bona_fide" else portrait.filter(ImageFilter.BoxBlur(2))
            noise = rng.normal(scale=3.0, size=(*picture.size[::-1], 3))
            pixels = np.clip(np.asarray(picture) * gain + noise, 0, 255).astype(np.uint8)
            name = f"{person}-{label}.png"
            Image.fromarray(pixels).save(folder / name)
            species = "print" if label == "attack" else ""
            split = "train" if person % 3 else "dev"
            rows.append((name, label, f"person {person}", species, split))
    file = folder / "list.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("path", "label", "subject", "pai_species", "split"), *rows])
    return file


def test_two_packaged_tests_and_one_of_another_package_are_fused(
    listed: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    env = {**install_plugin(site), "FACEPAD_CACHE_DIR": str(tmp_path / "cache")}
    out = tmp_path / "model"
    asked = ("--tests", TESTS)
    fitted = run("train", "fusion", *asked, "--dataset", f"csv={listed}", "--out", out, env=env)
    assert fitted.returncode == 0, fitted.stderr.decode()
    report = fitted.stdout.decode()
    assert "quality + quality_whole + made_up" in report
    assert "made_up-1" in (out / "fusion.md").read_text()

    file = out / "fusion.npz"
    checked = run("check", "--json", *asked, "--fusion", file, EXAMPLES / "astronaut.jpg", env=env)
    assert checked.returncode == 0, checked.stderr.decode()
    decision = json.loads(checked.stdout)
    assert decision["fusion"] == "lda"
    assert decision["models"]["fusion"].startswith("fusion+")
    assert decision["interval"][0] < decision["score"] < decision["interval"][1]

    some = run(
        *("check", "--json", "--tests", "quality,made_up", "--fusion", file),
        *(EXAMPLES / "astronaut.jpg",),
        env=env,
    )
    assert json.loads(some.stdout)["score"] is not None

    other = run(
        *("check", *asked, "--fusion", file, EXAMPLES / "astronaut.jpg"),
        env={**env, "MADE_UP_MODEL": "made_up-2"},
    )
    assert other.returncode == 3
    assert b"made_up-1" in other.stderr
    assert b"made_up-2" in other.stderr

    unknown = run(
        *("check", "--tests", "face_mask,quality", "--fusion", file, EXAMPLES / "astronaut.jpg"),
        env=env,
    )
    assert unknown.returncode == 4
    assert b"not on face_mask" in unknown.stderr


def test_the_test_part_is_refused(listed: Path, tmp_path: Path) -> None:
    asked = ("train", "fusion", "--tests", "quality", "--dataset", f"csv={listed}")
    refused = run(*asked, "--parts", "train,test", "--out", tmp_path)
    assert refused.returncode == 4
    assert b"fitted on train and dev, got test" in refused.stderr
