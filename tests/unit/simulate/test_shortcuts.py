"""What must not tell simulated bona fide from simulated attack: files, and colours as such.

The last tests compare with recordings that lie beside the repository and skip without them.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.faces.finder import FaceFinder
from facepad.simulate.linear_light import to_display
from facepad.simulate.recipe import MEDIA, PARTIAL, Recipe, apply, bona_fide, draw_recipe
from facepad.sources import read_picture
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Box, Face, Frame, RgbImage

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
ATTACKS = tuple(one for one in (*MEDIA, PARTIAL) if one in {"print", "screen", PARTIAL})
FACE = Face((70, 40, 130, 115), 1.0)
KINDS = ("colour", "contrast", "border")

Statistics = dict[str, list[float]]
Labelled = tuple[bool, str, Statistics]  # attack, person, statistics


def area(attack: Sequence[float], person: Sequence[float]) -> float:
    """Area under the curve, whichever way round."""
    wins = np.subtract.outer(np.asarray(attack), np.asarray(person))
    found = float((wins > 0).mean() + 0.5 * (wins == 0).mean())
    return max(found, 1.0 - found)


def portrait(seed: int) -> RgbImage:
    """A made-up picture that is as smooth as portraits are."""
    scene = dead_leaves(np.random.default_rng(seed), 150, 200)
    return to_display(np.asarray(cv2.GaussianBlur(scene, (0, 0), 1.5), np.float32))


def small(recipe: Recipe, lines: int) -> Recipe:
    """The same recipe with another sensor."""
    lens = replace(recipe.camera.lens, lines=lines)
    return replace(recipe, camera=replace(recipe.camera, lens=lens))


@pytest.mark.slow
@pytest.mark.parametrize(
    "species",
    [
        "print",
        *(pytest.param(name, marks=pytest.mark.nightly) for name in ATTACKS if name != "print"),
    ],
)
def test_the_length_of_a_file_does_not_tell_an_attack(species: str) -> None:
    """Sensors a quarter as fine as drawn, since only the spread of their sizes counts."""
    pictures = [portrait(seed) for seed in range(10)]
    attacks, people = [], []
    for seed in range(240):  # the area's standard error is then below .03
        recipe = draw_recipe(species, np.random.default_rng(seed))
        recipe = small(recipe, recipe.camera.lens.lines // 4)
        attacks.append(len(apply(recipe, pictures[seed % 10], FACE).file))
        people.append(len(bona_fide(recipe, pictures[seed % 10], FACE).file))
    assert area(attacks, people) <= 0.55


@pytest.mark.slow
@pytest.mark.parametrize("species", ATTACKS)
def test_sizes_and_codec_tables_have_the_same_distribution(species: str) -> None:
    """Cameras are drawn before anything that depends on the kind of attack."""
    cameras = [draw_recipe(species, np.random.default_rng(i)).camera for i in range(400)]
    others = [draw_recipe("bona_fide", np.random.default_rng(i)).camera for i in range(400)]
    assert cameras == others


# --- beside real recordings -----------------------------------------------------------------


def statistics(image: RgbImage, box: Box) -> Statistics:
    """Colour and contrast of a face, and how the frame's border differs from its middle."""
    left, top, right, bottom = box
    crop = cv2.resize(image[top:bottom, left:right], (64, 64), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(float)
    saturation = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)[..., 1]
    small = cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA).mean(axis=2)
    middle = np.zeros((64, 64), bool)
    middle[4:-4, 4:-4] = True
    ring = small[~middle]
    inner = small[16:48, 16:48]
    return {
        "colour": [*crop.reshape(-1, 3).mean(0), *lab.mean(0), *lab.std(0), saturation.mean()],
        "contrast": [lab[:, 0].std(), *np.percentile(lab[:, 0], [1, 10, 50, 90, 99])],
        "border": [ring.mean(), ring.std(), ring.mean() - inner.mean(), inner.std()],
    }


def separation(found: Sequence[Labelled], kind: str) -> float:
    """Area under the curve of a logistic regression, for people it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.array([one[2][kind] for one in found])
    attack = np.array([one[0] for one in found])
    people: NDArray[np.str_] = np.array([one[1] for one in found])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    folds = GroupKFold(min(5, len(set(people))))
    scores = cross_val_predict(
        model, values, attack, groups=people, cv=folds, method="decision_function"
    )
    return area(scores[attack].tolist(), scores[~attack].tolist())


def nuaa(finder: FaceFinder, count: int) -> Iterator[Labelled]:
    """Frames of the train part, evenly spaced."""
    for attack, folder, part in ((False, "ClientRaw", "client"), (True, "ImposterRaw", "imposter")):
        names = (SHARED / "nuaa" / f"{part}_train_raw.txt").read_text().split()
        for name in names[:: max(1, len(names) // count)]:
            relative = Path(*name.split("\\"))
            frame = finder.find(read_picture(SHARED / "nuaa" / folder / relative))
            if frame.face is not None:
                yield attack, relative.parts[0], statistics(frame.image, frame.face.box)


def free_faces(finder: FaceFinder, count: int) -> Iterator[tuple[str, Frame]]:
    """People of the sets that may be used freely, with their faces."""
    with (SHARED / "faces" / "manifest.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["set"].startswith(("frl", "azure"))]
    for row in rows[:: max(1, len(rows) // count)]:
        frame = finder.find(read_picture(SHARED / "faces" / row["path"]))
        if frame.face is not None:
            yield row["identity"], frame


def simulated(faces: Sequence[tuple[str, Frame]], species: str) -> Iterator[Labelled]:
    """Attacks and people, each before a camera of its own."""
    rng = np.random.default_rng(5)
    for identity, frame in faces:
        for attack in (True, False):
            recipe = small(draw_recipe(species if attack else "bona_fide", rng), 270)
            made = apply(recipe, frame.image, frame.face)
            if made.face is not None:
                yield attack, identity, statistics(made.image, made.face.box)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs recordings that are not in the repository")
def test_simple_statistics_tell_simulated_attacks_no_better_than_real_ones() -> None:
    finder = FaceFinder(landmarks=False)
    try:
        real = list(nuaa(finder, 60))
        faces = list(free_faces(finder, 45))
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")
    limits = {kind: separation(real, kind) + 0.05 for kind in KINDS}
    for species in ATTACKS:
        made = list(simulated(faces, species))
        found = {kind: separation(made, kind) for kind in KINDS}
        assert all(found[kind] <= limits[kind] for kind in KINDS), (species, found, limits)
