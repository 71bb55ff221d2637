"""A part is added by a function or file, a line in the registry and a test; nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from adding import ROOT, TreeCopy
from command_line import skip_without_face_models

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
