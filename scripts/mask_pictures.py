"""Draw simulated masks beside the face that they show, with the scores of the tests.

Usage: python scripts/mask_pictures.py [--tests face_mask,face_cnn,quality] [--out OUT.jpg]

Simulates eight masks of NASA's portrait of Eileen Collins (public domain) in front of eight
cameras, writes docs/images/simulated-masks.jpg (bona fide above, mask below) and prints the scores
as a table.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from facepad.decision import Decision
from facepad.faces import crops
from facepad.pipeline import Checker

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "simulated-masks.jpg"
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
ROUNDS, SEED = 8, 5
SIDE, GAP = 150, 6  # of a face, and between faces; pixels
MARGIN = 1.7  # side of what is shown, relative to the face's box
QUALITY = 88  # of the JPEG


def main() -> None:
    """Simulate, judge, print and draw."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--tests", default="face_mask,face_cnn,quality")
    options.add_argument("--out", type=Path, default=TARGET)
    given = options.parse_args()
    tests = given.tests.split(",")
    checker = Checker(tests, advisory=())
    with tempfile.TemporaryDirectory() as folder:
        rows = simulated(Path(folder))
        judged = [checker.check(path) for _, path in rows]
        faces = [face(path, one) for (_, path), one in zip(rows, judged, strict=True)]
    scores = [[_score(one, test) for test in tests] for one in judged]
    print("\n".join(table([medium for medium, _ in rows], tests, scores)))  # noqa: T201 - its output
    sheet(faces).save(given.out, quality=QUALITY)


def simulated(folder: Path) -> list[tuple[str, Path]]:
    """Simulate the rounds; return the mask's material ("" for bona fide) and path of each."""
    faces, out = folder / "faces", folder / "out"
    faces.mkdir()
    (faces / PORTRAIT.name).write_bytes(PORTRAIT.read_bytes())
    words = ["--bona-fide", str(faces), "--out", str(out), "--attacks", "mask"]
    words += ["--per-image", str(ROUNDS), "--seed", str(SEED), "--workers", "1"]
    subprocess.run([sys.executable, "-m", "facepad", "simulate", *words], check=True)
    with (out / "dataset.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [(_material(row), out / row["path"]) for row in rows]


def _material(row: dict[str, str]) -> str:
    return str(json.loads(row["parameters"])["medium"]["material"]) if row["pai_species"] else ""


def face(path: Path, judged: Decision) -> Image.Image:
    """Return the face in a picture, cut out."""
    if judged.face is None:
        sys.exit(f"{path}: no face was found")
    with Image.open(path) as picture:
        image = np.asarray(picture.convert("RGB"))
    return Image.fromarray(crops.crop(image, judged.face.box, MARGIN, SIDE))


def _score(judged: Decision, test: str) -> str:
    value = judged.scores[test].value
    return "n/a" if value is None else f"{value:.2f}"


def table(media: Sequence[str], tests: Sequence[str], scores: Sequence[Sequence[str]]) -> list[str]:
    """Return the scores as a table in Markdown, one line for each test."""
    pairs = range(0, len(media), 2)  # a bona fide picture, and the mask of the same round
    lines = [f"| bona fide / mask | {' | '.join(media[at + 1] for at in pairs)} |"]
    lines.append(f"|{'---|' * (1 + len(pairs))}")
    for number, test in enumerate(tests):
        both = (f"{scores[at][number]} / {scores[at + 1][number]}" for at in pairs)
        lines.append(f"| `{test}` | {' | '.join(both)} |")
    return lines


def sheet(faces: Sequence[Image.Image]) -> Image.Image:
    """Return the faces in two rows: bona fide, and masks below."""
    step = SIDE + GAP
    drawn = Image.new("RGB", (step * (len(faces) // 2) - GAP, 2 * step - GAP), "white")
    for number, one in enumerate(faces):
        drawn.paste(one, (step * (number // 2), step * (number % 2)))
    return drawn


if __name__ == "__main__":
    main()
