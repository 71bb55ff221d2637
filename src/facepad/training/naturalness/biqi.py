"""Fit BIQI: a classifier of distortions, and how bad each is, from distorted photographs.

The human opinions behind the original are not available: the target is computed.

Reference: Moorthy, Bovik (2010), IEEE Signal Processing Letters 17(5).
"""

from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.models import store
from facepad.models.card import Card
from facepad.quality.biqi_model import (
    JPEG,
    MACHINE_PARTS,
    BiqiModel,
    Member,
    Standardised,
    tame,
)
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.no_reference import biqi
from facepad.quality.svm import Machine
from facepad.quality.wavelet import BIQI_NAMES, biqi_features
from facepad.training.naturalness import distortions
from facepad.training.naturalness import pictures as photographs
from facepad.training.naturalness.acceptance import (
    Gate,
    Golden,
    Report,
    common_arrays,
    licence_of,
    listed,
    rank_correlation,
    told,
)
from facepad.training.naturalness.distortions import KINDS, Pixels
from facepad.training.naturalness.svm_training import classifier, regressor
from facepad.training.naturalness.tiles import MOST_TILES, PRISTINE, SIDE, Tiles, measured

Advance = Callable[[], None]

LEAST_CORRELATION, LEAST_ACCURACY = 0.70, 0.75
_GAMMA = 1 / len(BIQI_NAMES)  # of the kernel, for standardised features
_LEAST_PICTURES = 3
_COST, _REGRESSION_COST, _TOLERANCE = 8.0, 20.0, 3.0


def train_biqi(
    pictures: Path, out: Path, advance: Advance = lambda: None, golden: Path | None = None
) -> Report:
    """Fit BIQI on a folder of pristine photographs and write it with its card.

    Args:
        pictures: Folder; ``manifest.csv`` in it tells licences.
        out: Folder for ``biqi.npz``, ``biqi.md`` and, in ``biqi_tiles``, what was measured.
        advance: Called twice per picture: once measured, once judged by the others.
        golden: Folder with golden values to report the rank correlation with.

    Raises:
        DatasetError: No pictures, or fewer than three with tiles.
    """
    import_module("sklearn.svm")  # missing, it shall be missed before minutes of measuring
    found = photographs.find(pictures)
    parts = []
    for path in found:
        name = path.relative_to(pictures).as_posix()
        parts.append(measured(path, name, out / "biqi_tiles"))
        advance()
    tiles = Tiles.joined([part for part in parts if len(part.kinds)])
    gates = (*left_out(tiles, advance), *_golden(model := fit(tiles), golden))
    licences = photographs.licences(pictures, found)
    arrays = common_arrays("biqi", BIQI_NAMES, gates, licence_of(licences)) | _arrays(model, tiles)
    file = out / "biqi.npz"
    store.save_arrays(file, arrays, _card(tiles, licences, gates))
    text = f"{len(tiles.kinds):,} tiles of {len(found)} pictures\n" + "\n".join(map(str, gates))
    return Report(file, gates, text)


def fit(tiles: Tiles) -> BiqiModel:
    """Fit the classifier and the regressors on tiles of at least one picture."""
    scaling = _scaling(tiles)
    points = scaling(tiles.features)
    changed = tiles.kinds != PRISTINE
    kinds = tiles.kinds[changed]
    decider = classifier(points[changed], kinds, tiles.pictures[changed], cost=_COST, gamma=_GAMMA)
    regressors = {
        kind.name: Member(_regressor(points[rows], tiles.targets[rows]), scaling)
        for index, kind in enumerate(KINDS)
        for rows in [np.isin(tiles.kinds, (index, PRISTINE))]
        if kind.name != JPEG
    }
    rows = np.isin(tiles.kinds, (_jpeg(), PRISTINE))
    return BiqiModel(
        tuple(KINDS[label].name for label in decider.classes),
        Member(decider, scaling),
        regressors,
        _knots(tiles.jpeg_scores[rows], tiles.targets[rows]),
    )


def left_out(tiles: Tiles, advance: Advance) -> tuple[Gate, ...]:
    """Judge the distorted tiles of each picture by a model of all other pictures.

    Raises:
        DatasetError: Fewer than three pictures: two are needed to fit probabilities.
    """
    numbers = np.unique(tiles.pictures)
    if len(numbers) < _LEAST_PICTURES:
        raise DatasetError(
            f"BIQI needs tiles of at least {_LEAST_PICTURES} pictures, got {len(numbers)}"
        )
    judged = np.zeros((len(tiles.kinds), 2))
    for number in numbers:
        rows = tiles.pictures == number
        judged[rows] = _judged(fit(tiles.part(~rows)), tiles.part(rows))
        advance()
    changed = tiles.kinds != PRISTINE
    index, kind = judged[changed].T
    targets, kinds = tiles.targets[changed], tiles.kinds[changed]
    by_kind = [
        Gate(
            f"the same for {name.name} alone",
            rank_correlation(index[kinds == place], targets[kinds == place]),
        )
        for place, name in enumerate(KINDS)
    ]
    return (
        Gate(
            "rank correlation of the index to the target, leave-one-picture-out",
            rank_correlation(index, targets),
            LEAST_CORRELATION,
        ),
        Gate(
            "share of kinds of distortion told right, leave-one-picture-out",
            float(np.mean(kind == kinds)),
            LEAST_ACCURACY,
        ),
        *by_kind,
    )


def _judged(model: BiqiModel, tiles: Tiles) -> NDArray[np.float64]:
    """Index and likeliest kind of each tile, shape (N, 2)."""
    labels = model.classifier.machine.classes
    rows = []
    for features, jpeg_score in zip(tiles.features, tiles.jpeg_scores, strict=True):
        probabilities, scores = model.judge(features, float(jpeg_score))
        rows.append((float(np.sum(probabilities * scores)), labels[np.argmax(probabilities)]))
    return np.array(rows, np.float64)


def _regressor(points: NDArray[np.float64], targets: NDArray[np.float64]) -> Machine:
    return regressor(points, targets, cost=_REGRESSION_COST, gamma=_GAMMA, tolerance=_TOLERANCE)


def _scaling(tiles: Tiles) -> Standardised:
    tamed = tame(tiles.features)
    return Standardised(tamed.mean(axis=0), tamed.std(axis=0))


def _knots(scores: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Isotonic regression as knots of a rising line, shape (2, K)."""
    from scipy.optimize import isotonic_regression  # slow to import

    places, back, counts = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.bincount(back, targets) / counts
    fitted = isotonic_regression(means, weights=counts).x
    step = np.diff(fitted) > 0
    kept = np.concatenate([[True], step]) | np.concatenate([step, [True]])
    return np.stack([places[kept], fitted[kept]])


def _jpeg() -> int:
    return [kind.name for kind in KINDS].index(JPEG)


def _golden(model: BiqiModel, golden: Path | None) -> tuple[Gate, ...]:
    if golden is None:
        return ()

    def judge(pixels: Pixels) -> float:
        features = biqi_features(pixels.astype(np.float32))
        return biqi(features, jqi_scores(pixels)[1], model)

    value, many = Golden.read(golden).correlation("biqi", judge)
    return (Gate(f"rank correlation with the original BIQI over {many} golden pictures", value),)


def _arrays(model: BiqiModel, tiles: Tiles) -> dict[str, NDArray[np.generic]]:
    members = {"classifier": model.classifier, **model.regressors}
    scaling = _scaling(tiles)
    found = {
        "kinds": np.array(model.kinds),
        "mean": scaling.mean,
        "scale": scaling.scale,
        "knots": model.knots,
        "pictures": np.array(len(np.unique(tiles.pictures))),
        "tiles": np.array(len(tiles.kinds)),
    }
    return found | {
        f"{name}_{part}": _slim(np.asarray(getattr(member.machine, part)))
        for name, member in members.items()
        for part in MACHINE_PARTS
    }


def _slim(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """Large tables with seven digits, which halves the file."""
    return array.astype(np.float32) if array.ndim == 2 else array


def _card(tiles: Tiles, licences: Counter[str], gates: Sequence[Gate]) -> Card:
    """What the card of a fitted BIQI says."""
    pristine = int(np.count_nonzero(tiles.kinds == PRISTINE))
    return Card(
        title="BIQI-style, own training: kinds of distortion and how bad they are",
        version="1",
        licence="Apache-2.0",
        data=f"{licences.total()} pristine photographs, by licence:\n\n{listed(licences)}\n\n"
        f"{pristine} tiles of {SIDE}x{SIDE} pixels and {len(tiles.kinds) - pristine:,} distorted "
        "copies. The file holds 18 statistics of some of them each, no part of any picture. No "
        "picture of the golden set took part.",
        recipe=_RECIPE,
        results=told(gates),
        limits="The target is computed (VIF and SSIM); nobody was asked how bad the tiles look, "
        "so values are not those of the original. JPEG2000 and fading channels are mistaken "
        "for each other in about a fifth to a fourth of cases: lost packets leave, in part, "
        "what a high compression leaves. Texture without objects, microscope and star pictures "
        "were not among the photographs. Judged on tiles; whole pictures are told less well.",
    )


_RECIPE = f"""`facepad train biqi --pictures DIR --out DIR`, with scikit-learn; random
numbers are seeded by the names of pictures.

Tiles on a grid, at most {MOST_TILES} per picture, evenly spread. Distortions:

- jp2k: JPEG2000, irreversible, rates {distortions.RATES}
- jpeg: JPEG, qualities {distortions.QUALITIES}
- wn: white noise, sigma {distortions.NOISES}
- blur: Gaussian blur, sigma {distortions.BLURS}
- ff: fast fading: JPEG2000 code streams of six layers that lose packets; shares lost
  {distortions.LOSSES}; later layers of a patch that lost one are lost, too

Target: 50 (2 - VIF - SSIM) against the tile, each clipped to 0..1; the tile itself 0.
Features: log(variance + 0.001) and shape of nine wavelet sub-bands, standardised.
Classifier: C-SVC, radial basis functions, C = 8, gamma = 1/18, pairwise probabilities
(sigmoids fitted on pictures that the machine has not seen).
Regressors: epsilon-SVR, C = 20, gamma = 1/18, epsilon = 3, on the kind and pristine tiles.
JPEG: isotonic regression on the index's own JPEG score; JQI would rank the JPEG tiles
better, but the whole index a little worse. Judged leave-one-picture-out, then fitted on
everything.
"""
