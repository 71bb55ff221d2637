"""Fit BIQI to distorted photographs: a classifier of distortions, and the severity of each.

The human opinions of the original are not available, so the target is computed.

The support-vector machines are fitted with scikit-learn and become plain arrays. Class
probabilities are those of libsvm: a sigmoid for each pair of classes, fitted on decisions about
points that the machine has not seen.

Reference: Moorthy, Bovik (2010), IEEE Signal Processing Letters 17(5); Lin, Lin, Weng (2007), A
note on Platt's probabilistic outputs for support vector machines, Machine Learning 68.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.jobs.progress import Advance, ignore
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
from facepad.quality.svm import Machine, Vector
from facepad.quality.wavelet import BIQI_NAMES, biqi_features
from facepad.training.naturalness import distortions
from facepad.training.naturalness import pictures as photographs
from facepad.training.naturalness.acceptance import (
    AcceptanceReport,
    Golden,
    Requirement,
    common_arrays,
    licence_lines,
    licence_of,
    rank_correlation,
    result_lines,
)
from facepad.training.naturalness.distortions import KINDS, Pixels
from facepad.training.naturalness.tiles import MOST_TILES, PRISTINE, SIDE, Tiles, measured
from facepad.training.run import recipe_section
from facepad.training.scaling import platt

LEAST_CORRELATION, LEAST_ACCURACY = 0.70, 0.75
_GAMMA = 1 / len(BIQI_NAMES)  # of the kernel, for standardised features
_LEAST_PICTURES = 3
_FOLDS = 5  # of groups, for decisions about unseen points
_COST, _REGRESSION_COST, _TOLERANCE = 8.0, 20.0, 3.0


def train_biqi(
    pictures: Path, out: Path, advance: Advance = ignore, golden: Path | None = None
) -> AcceptanceReport:
    """Fit BIQI on a folder of pristine photographs and write it with its card.

    Args:
        pictures: Folder; its ``manifest.csv`` gives the licences.
        out: Folder for ``biqi.npz``, ``biqi.md`` and ``biqi_tiles``, a cache of measurements.
        advance: Called twice per picture: measured, and evaluated by a model of the others.
        golden: Folder with golden values to compare ranks with; None for none.

    Raises:
        DatasetError: No pictures, or fewer than three with tiles.
    """
    import_module("sklearn.svm")  # fail before minutes of measuring if it is missing
    found = photographs.find(pictures)
    parts = []
    for path in found:
        name = path.relative_to(pictures).as_posix()
        parts.append(measured(path, name, out / "biqi_tiles"))
        advance()
    tiles = Tiles.joined([part for part in parts if len(part.kinds)])
    model = fit(tiles)
    requirements = (*evaluate_held_out(tiles, advance), *_golden(model, golden))
    licences = photographs.licences(pictures, found)
    common = common_arrays("biqi", BIQI_NAMES, requirements, licence_of(licences))
    file = out / "biqi.npz"
    store.save_arrays(file, common | _arrays(model, tiles), _card(tiles, licences, requirements))
    lines = [f"{len(tiles.kinds):,} tiles of {len(found)} pictures", *map(str, requirements)]
    return AcceptanceReport(file, requirements, "\n".join(lines))


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


def evaluate_held_out(tiles: Tiles, advance: Advance) -> tuple[Requirement, ...]:
    """Evaluate the distorted tiles of each picture by a model of all other pictures.

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
        Requirement(
            f"rank correlation for {name.name} alone",
            rank_correlation(index[kinds == place], targets[kinds == place]),
        )
        for place, name in enumerate(KINDS)
    ]
    return (
        Requirement(
            "rank correlation of the index to the target, leave-one-picture-out",
            rank_correlation(index, targets),
            LEAST_CORRELATION,
        ),
        Requirement(
            "share of kinds of distortion recognised, leave-one-picture-out",
            float(np.mean(kind == kinds)),
            LEAST_ACCURACY,
        ),
        *by_kind,
    )


def _judged(model: BiqiModel, tiles: Tiles) -> NDArray[np.float64]:
    """Return index and likeliest kind of each tile, shape (N, 2)."""
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
    """Return an isotonic regression as knots of a rising line, shape (2, K)."""
    from scipy.optimize import isotonic_regression  # slow to import

    places, back, counts = np.unique(scores, return_inverse=True, return_counts=True)
    means = np.bincount(back, targets) / counts
    fitted = isotonic_regression(means, weights=counts).x
    step = np.diff(fitted) > 0
    kept = np.concatenate([[True], step]) | np.concatenate([step, [True]])
    return np.stack([places[kept], fitted[kept]])


def _jpeg() -> int:
    return [kind.name for kind in KINDS].index(JPEG)


def _golden(model: BiqiModel, golden: Path | None) -> tuple[Requirement, ...]:
    if golden is None:
        return ()

    def judge(pixels: Pixels) -> float:
        features = biqi_features(pixels.astype(np.float32))
        return biqi(features, jqi_scores(pixels)[1], model)

    value, many = Golden.read(golden).correlation("biqi", judge)
    return (
        Requirement(f"rank correlation with the original BIQI over {many} golden pictures", value),
    )


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
    """Store large tables with seven digits, which halves the file."""
    return array.astype(np.float32) if array.ndim == 2 else array


# --- support-vector machines --------------------------------------------------------------


def classifier(
    points: Vector,
    kinds: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    cost: float,
    gamma: float,
) -> Machine:
    """Fit a C-SVC with radial basis functions and pairwise probabilities.

    Args:
        points: Shape (N, d).
        kinds: Class of each point.
        groups: Points of one group are held out together when sigmoids are fitted.
        cost: C, the cost of a point on the wrong side.
        gamma: Gamma of the kernel.
    """
    from sklearn.svm import SVC

    machine = SVC(C=cost, gamma=gamma, decision_function_shape="ovo", cache_size=500)
    machine.fit(points, kinds)
    sigmoids = []
    for first, second in combinations(machine.classes_, 2):
        rows = np.isin(kinds, (first, second))
        pair = SVC(C=cost, gamma=gamma, cache_size=500)
        unseen = _unseen(pair, points[rows], kinds[rows] == first, groups[rows])
        scaling = platt(unseen, kinds[rows] == first, smooth=True)
        sigmoids.append((-scaling.slope, -scaling.bias))  # of 1 / (1 + exp(slope d + bias))
    return Machine(
        gamma=gamma,
        vectors=machine.support_vectors_,
        coefficients=machine.dual_coef_,
        offsets=-machine.intercept_,
        classes=machine.classes_.astype(np.int64),
        counts=machine.n_support_.astype(np.int64),
        sigmoids=np.array(sigmoids).T,
    )


def regressor(
    points: Vector, targets: Vector, *, cost: float, gamma: float, tolerance: float
) -> Machine:
    """Fit an epsilon-SVR with radial basis functions.

    Args:
        points: Shape (N, d).
        targets: Shape (N,).
        cost: C, the cost of a point outside the tube.
        gamma: Gamma of the kernel.
        tolerance: Half width of the tube, in units of the targets.
    """
    from sklearn.svm import SVR

    machine = SVR(C=cost, gamma=gamma, epsilon=tolerance, cache_size=500).fit(points, targets)
    nothing = np.zeros(0, np.int64)
    return Machine(
        gamma=gamma,
        vectors=machine.support_vectors_,
        coefficients=machine.dual_coef_,
        offsets=-machine.intercept_,
        classes=nothing,
        counts=nothing,
        sigmoids=np.zeros(0),
    )


def _unseen(
    pair: Any,  # noqa: ANN401 - a class of scikit-learn, which has no types
    points: Vector,
    is_first: NDArray[np.bool_],
    groups: NDArray[np.int64],
) -> Vector:
    """Return decisions about points by machines fitted without the point's group."""
    fold = np.unique(groups, return_inverse=True)[1] % _FOLDS
    decisions = np.zeros(len(points))
    for number in np.unique(fold):
        out = fold == number
        pair.fit(points[~out], is_first[~out])
        decisions[out] = pair.decision_function(points[out])
    return decisions


# --- the card -----------------------------------------------------------------------------


def _card(tiles: Tiles, licences: Counter[str], requirements: Sequence[Requirement]) -> Card:
    pristine = int(np.count_nonzero(tiles.kinds == PRISTINE))
    return Card(
        title="BIQI-style: kinds of distortion and their severity",
        version="1",
        licence="Apache-2.0",
        data=f"{licences.total()} pristine photographs, by licence:\n\n"
        f"{licence_lines(licences)}\n\n"
        f"{pristine} tiles of {SIDE}x{SIDE} pixels and {len(tiles.kinds) - pristine:,} distorted "
        "copies. The file holds 18 statistics of some of them each, no part of any picture.",
        recipe=recipe_section(
            "facepad train biqi --pictures DIR --golden tests/reference", _RECIPE
        ),
        results=result_lines(requirements),
        limits="The target is computed (VIF and SSIM), not rated by people, so values are not "
        "those of the original. JPEG2000 and fading channels are similar and are confused with "
        "each other. Evaluated on tiles; results on whole pictures are worse.",
    )


_RECIPE = f"""Random numbers are seeded by the names of pictures.

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
(sigmoids fitted on held-out pictures).
Regressors: epsilon-SVR, C = 20, gamma = 1/18, epsilon = 3, on the kind and pristine tiles.
JPEG: isotonic regression on the index's own JPEG score. Evaluated leave-one-picture-out, then
fitted on all pictures.
"""
