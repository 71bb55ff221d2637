"""A part is added by a function or file, a line in the registry and a test; nothing else."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adding import ROOT, TreeCopy
from command_line import skip_without_face_models
from facepad.testing.media_files import write_video

REGISTRY = "src/facepad/registry.py"
PICTURES = sorted((ROOT / "examples").glob("*.jpg"))

METRIC = '''"""How strongly neighbouring pixels differ."""

import numpy as np

from facepad.quality.picture import Picture


def mean_step(picture: Picture) -> float:
    """Return how much horizontal neighbours differ on average.

    Returns:
        Gray levels, at least 0; higher means more detail.

    Reference:
        Made up.
    """
    return float(np.abs(np.diff(picture.gray, axis=1)).mean())
'''
METRIC_TEST = '''"""The mean step: its contract, and a value that was computed by hand."""

import numpy as np
import pytest

from facepad.quality import measure
from facepad.quality.steps import mean_step
from facepad.testing import check_metric


def test_the_mean_step_keeps_the_contract() -> None:
    check_metric(mean_step, "step")


def test_stripes_have_the_step_of_their_gray_levels() -> None:
    stripes = np.tile(np.array([10, 17], np.uint8), (32, 16))
    assert measure(stripes, names=["step"])["step"] == pytest.approx(7.0)
'''
STILL_TEST = '''"""Liveness test: is the face bright enough to be there?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from facepad.needs import Needs
from facepad.types import OperatingPoint, Presentation, Score


@dataclass(frozen=True, slots=True)
class BrightnessTest:
    """Scores how bright the first frame is; needs no training."""

    name: str = "brightness"
    operating_point: OperatingPoint = OperatingPoint.at(0.5)
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        """Return the mean of the first frame over white."""
        return Score(float(presentation.frames[0].image.mean()) / 255.0)
'''
STILL_TEST_TEST = '''"""The brightness test keeps the contract."""

from facepad.liveness.brightness import BrightnessTest
from facepad.testing import check_liveness_test


def test_the_brightness_test_keeps_the_contract() -> None:
    check_liveness_test(BrightnessTest(), "brightness")
'''
CLIP_TEST = '''"""Liveness test: does the picture change unevenly over a clip, as a face does?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from facepad.needs import Needs
from facepad.types import OperatingPoint, Presentation, Reason, Score


@dataclass(frozen=True, slots=True)
class MotionTest:
    """Scores how unevenly brightness changes inside the face box over a clip."""

    name: str = "motion"
    operating_point: OperatingPoint = OperatingPoint.at(0.5)
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = Needs(min_frames=6)

    def score(self, presentation: Presentation) -> Score:
        """Return the share of unevenness in the change."""
        face = next((frame.face for frame in presentation.frames if frame.face), None)
        if face is None:
            return Score(None, Reason.NO_FACE)
        left, top, right, bottom = face.box
        crops = [f.image[top:bottom, left:right].mean(axis=2) for f in presentation.frames]
        change = np.stack(crops).std(axis=0)
        uneven = float(change.std() / (change.mean() + 1e-6))
        return Score(uneven / (uneven + 0.8), details={"frames": len(crops)})
'''
CLIP_TEST_TEST = '''"""The motion test keeps the contract, also with clips."""

from facepad.liveness.motion import MotionTest
from facepad.testing import check_liveness_test, made_up_presentation


def test_the_motion_test_keeps_the_contract() -> None:
    clip = made_up_presentation(seed=1, frames=6)
    check_liveness_test(MotionTest(), "motion", presentations=[clip])
'''

DATASET = '''"""Acme Faces: two people, printed photos, stills.

Layout:     <root>/SUBJECT/real.jpg and <root>/SUBJECT/print.jpg
Reference:  made up
Licence:    that of the data
Apply to:   nobody
Checked:    on made-up data
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facepad.datasets import check_root, split_by_subject
from facepad.types import Sample

TITLE = "Acme Faces"


@dataclass(frozen=True, slots=True)
class AcmeFaces:
    """Lists the pictures of Acme Faces.

    Attributes:
        root: Folder that holds one folder per subject.
    """

    root: Path
    name = "acme_faces"

    def samples(self) -> Iterator[Sample]:
        """Yield every picture, sorted by path.

        Raises:
            DatasetError: The root is no folder.
        """
        check_root(TITLE, self.root, "one folder per subject")
        for path in sorted(self.root.glob("*/*.jpg")):
            subject = path.parent.name
            species = None if path.stem == "real" else path.stem
            key = f"{self.name}/{subject}/{path.stem}"
            yield Sample(key, str(path), subject, split_by_subject(subject), species)
'''
DATASET_TEST = '''"""Acme Faces: what its listing yields."""

from pathlib import Path

from facepad.datasets import open_dataset
from facepad.testing import made_up_dataset


def test_each_person_has_a_bona_fide_picture_and_a_print(tmp_path: Path) -> None:
    listed = open_dataset("acme_faces", made_up_dataset(tmp_path, "acme_faces")).samples()
    assert [(s.subject, s.pai_species) for s in listed] == [
        ("anna", "print"),
        ("anna", None),
        ("fred", "print"),
        ("fred", None),
    ]
'''
MINIATURE = """def _write_acme_faces(root: Path) -> None:
    for seed, person in enumerate(("anna", "fred")):
        for kind in ("real", "print"):
            picture = made_up_picture(size=SIZE, attack=kind == "print", seed=seed)
            write_picture(root / person / f"{kind}.jpg", picture)


"""


@pytest.fixture
def tree(tmp_path: Path) -> TreeCopy:
    return TreeCopy.make(tmp_path / "copy")


@pytest.mark.slow
def test_a_metric_is_three_files_and_changes_no_decision(tree: TreeCopy) -> None:
    skip_without_face_models()
    before = decisions(tree)
    tree.write("src/facepad/quality/steps.py", METRIC)
    entry = 'MetricEntry("facepad.quality.steps:mean_step", DETAIL)'
    tree.insert(REGISTRY, '        "niqe": MetricEntry(', f'        "step": {entry},')
    tree.write("tests/unit/quality/test_steps.py", METRIC_TEST)

    assert len(tree.touched) == 3
    tree.pytest(
        "tests/unit/quality/test_steps.py",
        "tests/unit/quality/test_vector.py",
        "tests/unit/test_registry.py",
        "tests/unit/liveness/test_quality_liveness.py",
    )
    assert decisions(tree) == before
    assert "step" in json.loads(tree.facepad("metrics", "--json", PICTURES[0]))["metrics"]


@pytest.mark.slow
def test_a_liveness_test_of_stills_is_three_files(tree: TreeCopy) -> None:
    tree.write("src/facepad/liveness/brightness.py", STILL_TEST)
    line = '                "brightness": "facepad.liveness.brightness:BrightnessTest",'
    tree.insert(REGISTRY, '                "face_cnn": ', line)
    tree.write("tests/unit/liveness/test_brightness.py", STILL_TEST_TEST)

    assert len(tree.touched) == 3
    tree.pytest(
        "tests/unit/liveness/test_brightness.py",
        "tests/unit/test_registry.py",
        "tests/contract/test_liveness_contract.py",
        "-k",
        "brightness or registry",
    )
    skip_without_face_models()
    (decision,) = decisions(tree, "--tests", "brightness", pictures=PICTURES[:1])
    assert decision["tests"]["brightness"]["score"] == pytest.approx(decision["score"])


@pytest.mark.slow
def test_a_liveness_test_of_clips_is_three_files_and_scores_in_all_four_ways(
    tree: TreeCopy, tmp_path: Path
) -> None:
    tree.write("src/facepad/liveness/motion.py", CLIP_TEST)
    line = '                "motion": "facepad.liveness.motion:MotionTest",'
    tree.insert(REGISTRY, '                "face_cnn": ', line)
    tree.write("tests/unit/liveness/test_motion.py", CLIP_TEST_TEST)

    assert len(tree.touched) == 3
    tree.pytest(
        "tests/unit/liveness/test_motion.py",
        "tests/unit/test_registry.py",
        "tests/contract/test_liveness_contract.py",
        "-k",
        "motion or registry",
    )
    skip_without_face_models()
    clip, tests = moving_portrait(tmp_path / "clip.avi"), ("quality", "motion")
    (checked,) = decisions(tree, "--tests", ",".join(tests), pictures=[clip])
    assert checked["tests"]["motion"]["details"] == {"frames": 6}
    wanted = {
        "outcome": checked["outcome"],
        "score": f"{checked['score']:.6f}",
        "reason": ";".join(checked["reasons"]),
        **{f"{test}_score": f"{checked['tests'][test]['score']:.6f}" for test in tests},
    }
    assert by_python(tree, clip, tests) == wanted
    for row in (scored(tree, clip, tests), evaluated(tree, clip, tests)):
        assert {name: row[name] for name in wanted} == wanted


@pytest.mark.slow
def test_a_dataset_is_four_files(tree: TreeCopy) -> None:
    tree.write("src/facepad/datasets/acme_faces.py", DATASET)
    line = '                "acme_faces": "facepad.datasets.acme_faces:AcmeFaces",'
    tree.insert(REGISTRY, '                "folder": ', line)
    miniatures = "src/facepad/testing/miniatures.py"
    tree.insert(miniatures, '        "folder": ', '        "acme_faces": _write_acme_faces,')
    tree.insert(miniatures, "def _write_folder(", MINIATURE.rstrip("\n") + "\n\n")
    tree.write("tests/unit/datasets/test_acme_faces.py", DATASET_TEST)

    assert len(tree.touched) == 4
    tree.pytest(
        "tests/unit/datasets/test_acme_faces.py",
        "tests/contract/test_dataset_contract.py",
        "tests/unit/datasets/test_opening.py",
        "tests/unit/test_registry.py",
        "-k",
        "acme_faces or registry",
    )
    assert "acme_faces" in tree.facepad("dataset", "list")


def decisions(
    tree: TreeCopy, *arguments: str, pictures: list[Path] = PICTURES
) -> list[dict[str, Any]]:
    """What the copy's `facepad check` says of some pictures, without the times."""
    lines = tree.facepad("check", "--json", *arguments, *pictures).splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "timings_ms"} for line in lines]


def moving_portrait(path: Path) -> Path:
    """Write a clip of a portrait that brightens from one side; its first frame is black."""
    portrait = np.asarray(Image.open(PICTURES[0]).convert("RGB").resize((448, 448)), np.float32)
    side = np.linspace(0.0, 0.4, 448)[np.newaxis, :, np.newaxis]
    frames = [portrait * (1.0 - at / 5.0 * side) if at else 0.0 * portrait for at in range(6)]
    write_video(path, [frame.astype(np.uint8) for frame in frames])
    return path


def by_python(tree: TreeCopy, clip: Path, tests: tuple[str, ...]) -> dict[str, str]:
    """The decision of `facepad.Checker` as text."""
    code = (
        "import facepad, json\n"
        f"decision = facepad.Checker({tests!r}).check({str(clip)!r})\n"
        "scores = {f'{n}_score': f'{s.value:.6f}' for n, s in decision.scores.items()}\n"
        "print(json.dumps({'outcome': decision.outcome, 'score': f'{decision.score:.6f}',\n"
        "                  'reason': ';'.join(decision.reasons), **scores}))\n"
    )
    found: dict[str, str] = json.loads(tree.python(code))
    return found


def scored(tree: TreeCopy, clip: Path, tests: tuple[str, ...]) -> dict[str, str]:
    """The row of `facepad score`."""
    manifest, out = clip.with_name("manifest.csv"), clip.with_name("scores.csv")
    manifest.write_text(f"path\n{clip.name}\n")
    tree.facepad("score", "--manifest", manifest, "--out", out, "--tests", ",".join(tests))
    (row,) = csv.DictReader(out.read_text().splitlines())
    return row


def evaluated(tree: TreeCopy, clip: Path, tests: tuple[str, ...]) -> dict[str, str]:
    """The row that `facepad evaluate` writes of the clip; an attack and dev are there too."""
    lines = ["path,subject,pai_species,split,key"]
    for number, (species, split) in enumerate(
        [("", "test"), ("print", "test"), ("", "dev"), ("print", "dev")]
    ):
        lines.append(f"{clip.name},person{number},{species},{split},{number}")
    listed, out = clip.with_name("dataset.csv"), clip.with_name("report")
    listed.write_text("\n".join(lines) + "\n")
    tree.facepad(
        *("evaluate", "--tests", ",".join(tests), "--datasets", f"csv={listed}", "--no-page"),
        *("--out", out, "--repeats", "100"),
    )
    return next(iter(csv.DictReader((out / "scores-csv.csv").read_text().splitlines())))
