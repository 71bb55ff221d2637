"""What tells simulated attacks from simulated bona fide pictures without looking at the medium.

    python benchmarks/shortcut_guards.py --simulated OUT [--nuaa DIR] [--crops CSV]

Prints, for each kind of attack, the area under the curve of what should tell nothing: a file's
length, its codec tables, size and metadata (aim: .55 or less), and the colour, contrast and
border statistics (aim: that of real recordings, below, plus .05). Several statistics become
one score by a logistic regression for people it has not seen; what cannot be ordered counts by
how often it occurs with attacks of other people. ``--nuaa`` adds the same for its train part,
``--crops`` for a CSV list of face crops whose subjects are sites (part dev alone; no border,
since crops have none). A site is one person, so its curve flatters: the mean over sites counts.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from facepad import registry, runtime
from facepad.datasets.csv_list import CsvList
from facepad.faces.finder import FaceFinder
from facepad.sources import read_picture
from facepad.types import Box, Frame, RgbImage, Sample, Split

STATISTICS = ("colour", "contrast", "border")
FACTS = ("length", "tables", "size", "metadata")
SIDE = 64  # pixels, of what statistics are taken from
RING = 4  # pixels of a border
FOLDS = 5

Values = list[float]


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture.

    Attributes:
        attack: Whether it shows an attack.
        person: Who is on it; none is learned from and judged.
        values: Statistics by name, each several numbers.
        facts: Facts about the file by name: what is the same counts, not how large it is.
    """

    attack: bool
    person: str
    values: dict[str, Values]
    facts: dict[str, str]


def main() -> None:
    """Print one line for each kind of attack, and one for each set of recordings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulated", type=Path, nargs="+", required=True)
    parser.add_argument("--nuaa", type=Path)
    parser.add_argument("--crops", type=Path)
    parser.add_argument("--most", type=int, default=300, help="pictures of a class and kind")
    given = parser.parse_args()
    runtime.tune()
    print(f"{'':<12} {'pictures':>8} " + " ".join(f"{n:>8}" for n in (*FACTS, *STATISTICS)))
    for species, samples in _simulated(given.simulated, given.most).items():
        _report(species, list(_seen(samples)))
    if given.nuaa:
        _report("NUAA train", list(_seen(_nuaa(given.nuaa, given.most))))
    if given.crops:
        _report_sites([s for s in CsvList(given.crops).samples() if s.split is Split.DEV])


def statistics(image: RgbImage, box: Box) -> dict[str, Values]:
    """Colour and contrast of a face, and how the frame's border differs from its middle."""
    left, top, right, bottom = box
    face = image[max(0, top) : bottom, max(0, left) : right]
    crop = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(float)
    saturation = cv2.cvtColor(crop, cv2.COLOR_RGB2HSV)[..., 1]
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).mean(axis=2)
    middle = np.zeros((SIDE, SIDE), bool)
    middle[RING:-RING, RING:-RING] = True
    ring, inner = small[~middle], small[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4]
    return {
        "colour": [*crop.reshape(-1, 3).mean(0), *lab.mean(0), *lab.std(0), saturation.mean()],
        "contrast": [lab[:, 0].std(), *np.percentile(lab[:, 0], [1, 10, 50, 90, 99])],
        "border": [ring.mean(), ring.std(), ring.mean() - inner.mean(), inner.std()],
    }


def area(attack: Sequence[float], bona_fide: Sequence[float]) -> float:
    """Area under the curve, whichever way round."""
    wins = np.subtract.outer(np.asarray(attack), np.asarray(bona_fide))
    found = float((wins > 0).mean() + 0.5 * (wins == 0).mean())
    return max(found, 1.0 - found)


def separation(found: Sequence[Seen], name: str) -> float:
    """Area under the curve of a logistic regression on statistics, for people it has not seen."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.array([one.values[name] for one in found])
    attack = np.array([one.attack for one in found])
    people: NDArray[np.str_] = np.array([one.person for one in found])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    folds = GroupKFold(min(FOLDS, len(set(people))))
    scores = cross_val_predict(
        model, values, attack, groups=people, cv=folds, method="decision_function"
    )
    return area(scores[attack].tolist(), scores[~attack].tolist())


def telling(found: Sequence[Seen], name: str) -> float:
    """The same of a fact: scored by its share of attacks among other people's pictures."""
    counts: dict[tuple[str, str], NDArray[np.float64]] = defaultdict(lambda: np.zeros(2))
    for one in found:
        kind = np.array([not one.attack, one.attack], np.float64)
        counts[one.facts[name], ""] += kind
        counts[one.facts[name], one.person] += kind
    scores: tuple[list[float], list[float]] = [], []
    for one in found:
        other = counts[one.facts[name], ""] - counts[one.facts[name], one.person]
        scores[one.attack].append(float((other[1] + 1.0) / (other.sum() + 2.0)))
    return area(scores[1], scores[0])


def _simulated(folders: Sequence[Path], most: int) -> dict[str, list[Sample]]:
    """Of each kind, attacks and the bona fide pictures of their rounds."""
    rounds: dict[str, dict[str, Sample]] = defaultdict(dict)
    for folder in folders:
        for sample in CsvList(folder).samples():
            rounds[f"{folder}/{sample.session}"][sample.pai_species or ""] = sample
    kinds = sorted({kind for one in rounds.values() for kind in one} - {""})
    evenly = list(rounds.values())[:: max(1, len(rounds) // most)]
    return {kind: [one[k] for one in evenly if kind in one for k in ("", kind)] for kind in kinds}


def _nuaa(root: Path, most: int) -> list[Sample]:
    listing = registry.resolve("datasets", "nuaa")(root)
    train = [sample for sample in listing.samples() if sample.split is Split.TRAIN]
    classes = ([s for s in train if s.is_bona_fide == one] for one in (True, False))
    return [sample for one in classes for sample in one[:: max(1, len(one) // most)]]


def _seen(samples: Iterable[Sample], *, whole: bool = False) -> Iterator[Seen]:
    """Pictures with a face; a crop is one as a whole."""
    finder = FaceFinder(landmarks=False)
    for sample in samples:
        image = read_picture(sample.path).image
        box: Box | None = (0, 0, image.shape[1], image.shape[0])
        if not whole:
            face = finder.find(Frame(image)).face
            box = None if face is None else face.box
        if box is not None:
            values = statistics(image, box)
            values["length"] = [float(Path(sample.path).stat().st_size)]
            yield Seen(not sample.is_bona_fide, sample.subject, values, _facts(sample.path))


def _facts(path: str) -> dict[str, str]:
    with Image.open(path) as picture:
        tables = str(getattr(picture, "quantization", ""))
        return {
            "tables": tables, "size": str(picture.size),
            "metadata": str(sorted((k, str(v)) for k, v in picture.info.items())),
        }  # fmt: skip


def _report(name: str, found: list[Seen]) -> None:
    groups: list[str] = []
    for kind in (*FACTS, *STATISTICS):
        is_fact = kind in ("tables", "size", "metadata")
        groups.append(f"{telling(found, kind) if is_fact else separation(found, kind):>8.3f}")
    print(f"{name:<12} {len(found):>8} " + " ".join(groups))


def _report_sites(samples: Sequence[Sample]) -> None:
    """Each site by itself, pictures taking turns, since it has one person only."""
    means = []
    for site in sorted({sample.subject for sample in samples}):
        found = list(_seen([s for s in samples if s.subject == site], whole=True))
        turns = [replace(one, person=str(at % FOLDS)) for at, one in enumerate(found)]
        means.append([separation(turns, kind) for kind in STATISTICS[:2]])
    colour, contrast = np.mean(means, axis=0)
    print(f"{'crops, sites':<12} {len(samples):>8} {'':>35} {colour:>8.3f} {contrast:>8.3f}")


if __name__ == "__main__":
    main()
