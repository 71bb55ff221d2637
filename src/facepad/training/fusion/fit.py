"""Fit linear discriminant analysis over the tests' log-likelihood ratios.

Both classes are normal with one covariance; presentations with missing tests count with what they
have (expectation maximisation). The correlation is shrunk automatically, as in the thesis's LDA.
Scaling, operating points and side information come from presentations of people who took no part
in the fit (cross-fitting).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.fusion.lda import LdaFusion
from facepad.fusion.side import SideModel
from facepad.scores import AffineScaling
from facepad.training.scaling import Column, Mask, bounds_at_worst, platt, sample_weights
from facepad.types import Sample

ALL = "all"  # name of the only set of views
FOLDS = 5  # of people
_STEPS = 200  # of expectation maximisation
_STILL = 1e-8  # change of the means at which it ends
_LEAST = 1e-3  # variance that a log-likelihood ratio has at least
_SIDE_RIDGE = 10.0  # presentations that pull the weights of side information to 0
_MOST_SUBSETS = 6  # tests of which every subset is reported
_FEWEST_ROWS = 3  # of a class before one camera, for its mean
_FEWEST_CAMERAS = 10  # with so many rows, to measure their scatter
_LEAST_CAMERAS = 0.1  # of the variance within the classes, that of cameras is at least

Vector = NDArray[np.float64]
Bounds = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class FusionRows:
    """Scores of several tests on labelled presentations.

    Attributes:
        tests: Names of the tests.
        samples: The labels; ``session`` names the source.
        ratios: Log-likelihood ratio of each test, shape (N, T); NaN where it abstains.
        side: Side information of each presentation.
    """

    tests: tuple[str, ...]
    samples: tuple[Sample, ...]
    ratios: Vector
    side: tuple[Mapping[str, float], ...]

    @property
    def labels(self) -> Mask:
        """Which presentations are bona fide, shape (N,)."""
        return np.array([sample.is_bona_fide for sample in self.samples])

    @property
    def answered(self) -> Mask:
        """Which presentations have a score of at least one test, shape (N,)."""
        return np.asarray(np.isfinite(self.ratios).any(axis=1), np.bool_)

    @property
    def people(self) -> NDArray[np.str_]:
        """The person of each presentation, shape (N,)."""
        return np.array([sample.subject for sample in self.samples])

    @property
    def cameras(self) -> NDArray[np.str_]:
        """The camera of each presentation, or its source where none is named, shape (N,)."""
        named = [sample.attributes.get("camera") or sample.session or "" for sample in self.samples]
        return np.array(named)

    def part(self, keep: Mask) -> "FusionRows":
        """Return some of the presentations."""
        rows = np.flatnonzero(keep)
        return replace(
            self,
            samples=tuple(self.samples[row] for row in rows),
            ratios=self.ratios[rows],
            side=tuple(self.side[row] for row in rows),
        )

    def of_tests(self, tests: Sequence[str]) -> "FusionRows":
        """Return the scores of some of the tests."""
        places = [self.tests.index(name) for name in tests]
        return replace(self, tests=tuple(tests), ratios=self.ratios[:, places])


def fit(
    rows: FusionRows,
    versions: Mapping[str, Mapping[str, str]],
    bounds: Bounds | None = None,
) -> LdaFusion:
    """Fit a fusion; its scaling, points and side information are of people who were held out.

    Args:
        rows: Presentations of train and dev.
        versions: Version of each model of each test, by test, then by model.
        bounds: Operating points in log-likelihood ratios, of a search over more data; None to
            select them on the sources of these rows.

    Raises:
        DatasetError: A class or a test has no score, or there are too few people.
    """
    rows = rows.part(rows.answered)
    _require(rows)
    usual = LdaFusion(
        rows.tests,
        MappingProxyType(dict(versions)),
        *normal_of(rows),
        cameras=np.zeros((len(rows.tests),) * 2),
        scaling=AffineScaling(1.0, 0.0),
        bounds=MappingProxyType({}),
    )
    usual = replace(usual, cameras=camera_covariance(rows, usual))
    if not usual.weights(rows.tests)[0].any():
        raise DatasetError("no test has higher scores for bona fide than for attacks here, of "
                           f"{', '.join(rows.tests)}; a fusion needs one")  # fmt: skip
    raw = held_out(rows)
    scaling = _scaling(rows, raw)
    ratios = scaling.slope * raw + scaling.bias
    some = [each for each in combinations_of(rows.tests) if len(each) < len(rows.tests)]
    return replace(
        usual,
        scaling=scaling,
        scalings=MappingProxyType({one: _scaling(rows, held_out(rows, one)) for one in some}),
        bounds=MappingProxyType(dict(bounds or select(rows, ratios))),
        side=side_model(rows, ratios),
    )


def select(rows: FusionRows, ratios: Vector) -> dict[str, tuple[float, float]]:
    """Return operating points that hold at the worst source of the rows, by name.

    The rule is that of the face test, `facepad.training.scaling.bounds_at_worst`.

    Raises:
        DatasetError: No source has enough presentations of a class.
    """
    sources = np.array([sample.session or "" for sample in rows.samples])
    columns = [
        Column(ALL, ratios[own & rows.labels], ratios[own & ~rows.labels])
        for name in sorted(set(sources.tolist()))
        for own in [sources == name]
    ]
    return dict(bounds_at_worst(columns, (ALL,))[ALL])


def held_out(rows: FusionRows, tests: Sequence[str] | None = None) -> Vector:
    """Return the discriminant of each presentation by a fit without its person, shape (N,).

    Args:
        rows: Each with a score of at least one test.
        tests: Tests that answer; the others are marginalised. None for all. Presentations
            without a score of these are NaN.
    """
    chosen = rows.tests if tests is None else tuple(tests)
    places = [rows.tests.index(name) for name in chosen]
    folds = _folds(rows)
    found = np.full(len(rows.samples), np.nan)
    for fold in range(FOLDS):
        means, covariance = normal_of(rows.part(folds != fold))
        model = LdaFusion(
            rows.tests, {}, means, covariance, np.zeros_like(covariance), AffineScaling(1, 0), {}
        )
        for row in np.flatnonzero(folds == fold):
            values = rows.ratios[row]
            given = {rows.tests[at]: float(values[at]) for at in places if np.isfinite(values[at])}
            if given:
                found[row] = model.ratio(given)
    return found


# --- both classes as normal distributions -------------------------------------------------


def normal_of(rows: FusionRows) -> tuple[Vector, Vector]:
    """Return the means of attacks and bona fide, shape (2, T), and the shrunk covariance (T, T).

    Classes, and species within the attacks, have equal weight. Missing scores are completed by
    their expectation given the others, again and again, until the means stay (expectation
    maximisation for normal data); the correlation is shrunk towards independence as in Ledoit
    and Wolf.

    Reference:
        Dempster, Laird, Rubin (1977); Ledoit, Wolf (2004), doi:10.1016/S0047-259X(03)00096-4.
    """
    weight = sample_weights(rows.samples)
    means, covariance, completed = _maximised(rows.ratios, rows.labels, weight)
    return means, _shrunk(completed - means[rows.labels.astype(int)], covariance)


def _maximised(ratios: Vector, labels: Mask, weight: Vector) -> tuple[Vector, Vector, Vector]:
    known = np.isfinite(ratios)
    classes = labels.astype(int)
    means = np.array([_mean_known(ratios[labels == kind]) for kind in (False, True)])
    completed = np.where(known, ratios, means[classes])
    covariance = np.diag(np.maximum(np.nanvar(ratios - means[classes], axis=0), _LEAST))
    patterns, which = np.unique(known, axis=0, return_inverse=True)
    for _ in range(_STEPS):
        before, extra = means, np.zeros_like(covariance)
        for number, pattern in enumerate(patterns):
            own = which.ravel() == number
            completed[own], unknown = _expected(
                ratios[own], means[classes[own]], covariance, pattern
            )
            extra += weight[own].sum() * unknown
        means = np.array(
            [
                np.average(completed[labels == k], axis=0, weights=weight[labels == k])
                for k in (0, 1)
            ]
        )
        off = completed - means[classes]
        covariance = (off * weight[:, None]).T @ off + extra
        covariance = covariance / weight.sum() + 1e-9 * np.eye(len(covariance))
        if np.abs(means - before).max() < _STILL:
            break
    return means, covariance, completed


def _mean_known(values: Vector) -> Vector:
    counts = np.isfinite(values).sum(axis=0)
    return np.asarray(np.nansum(values, axis=0) / np.maximum(counts, 1), np.float64)


def _expected(
    ratios: Vector, means: Vector, covariance: Vector, known: Mask
) -> tuple[Vector, Vector]:
    """Return rows with missing values replaced by their expectation, and their covariance."""
    unknown = np.zeros_like(covariance)
    completed = np.where(known, ratios, means)
    if known.all() or not known.any():
        if not known.any():
            unknown = covariance
        return completed, unknown
    inner = covariance[np.ix_(known, known)]
    cross = covariance[np.ix_(~known, known)]
    gain = np.linalg.solve(inner, cross.T).T
    completed[:, ~known] = means[:, ~known] + (ratios[:, known] - means[:, known]) @ gain.T
    rest = covariance[np.ix_(~known, ~known)] - gain @ cross.T
    unknown[np.ix_(~known, ~known)] = rest
    return completed, unknown


def _shrunk(off: Vector, covariance: Vector) -> Vector:
    from sklearn.covariance import ledoit_wolf_shrinkage

    scale = np.sqrt(np.maximum(np.diag(covariance), _LEAST))
    share = float(ledoit_wolf_shrinkage(off / scale, assume_centered=True))
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    shrunk = (1.0 - share) * correlation + share * np.eye(len(scale))
    return np.asarray(shrunk * np.outer(scale, scale), np.float64)


def camera_covariance(rows: FusionRows, model: LdaFusion) -> Vector:
    """Return the covariance of the means of cameras within both classes, shape (T, T).

    The scatter of the means of cameras less what the scatter within cameras explains of it
    (method of moments), without negative variances. Where there are too few cameras, or the fused
    scatter of cameras is below a tenth of the variance within the classes, that tenth.
    """
    weight = sample_weights(rows.samples)
    _, _, completed = _maximised(rows.ratios, rows.labels, weight)
    off = completed - model.means[rows.labels.astype(int)]
    groups = [
        off[own]
        for kind in (False, True)
        for camera in sorted(set(rows.cameras[rows.labels == kind].tolist()))
        for own in [(rows.cameras == camera) & (rows.labels == kind)]
        if own.sum() >= _FEWEST_ROWS
    ]
    count, least = len(rows.tests), _LEAST_CAMERAS * model.covariance
    if len(groups) < _FEWEST_CAMERAS:
        return least
    scatter = np.cov(np.array([each.mean(axis=0) for each in groups]).T).reshape(count, count)
    explained = np.mean(
        [np.cov(each.T).reshape(count, count) / len(each) for each in groups], axis=0
    )
    values, vectors = np.linalg.eigh(scatter - explained)
    found = np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T, np.float64)
    weights, _ = model.weights(rows.tests)
    return found if weights @ found @ weights > weights @ least @ weights else least


def side_model(rows: FusionRows, ratios: Vector) -> SideModel:
    """Return how side information widens the interval: ridge regression of log deviations.

    Args:
        rows: Presentations.
        ratios: Their fused log-likelihood ratios by fits without their person, shape (N,).
    """
    names = tuple(sorted({name for side in rows.side for name in side}))
    if not names:
        return SideModel()
    table = np.array([[side.get(name, np.nan) for name in names] for side in rows.side])
    table[~np.isfinite(table)] = np.nan
    varies = np.nan_to_num(np.nanstd(table, axis=0)) > _LEAST
    table, names = table[:, varies], tuple(np.array(names)[varies].tolist())
    mean, scale = np.nanmean(table, axis=0), np.nanstd(table, axis=0)
    units = np.nan_to_num(np.clip((table - mean) / scale, -3.0, 3.0))
    off = np.zeros(len(ratios))
    for kind in (False, True):
        own = rows.labels == kind
        off[own] = ratios[own] - ratios[own].mean()
    target = np.log(np.abs(off) + _LEAST)
    inner = units.T @ units + _SIDE_RIDGE * np.eye(len(names))
    weights = np.linalg.solve(inner, units.T @ (target - target.mean()))
    return SideModel(names, mean, scale, np.asarray(weights, np.float64))


def combinations_of(tests: Sequence[str]) -> list[tuple[str, ...]]:
    """Return subsets of the tests, the smallest first; of many tests only the outermost ones."""
    count = len(tests)
    sizes = range(1, count + 1) if count <= _MOST_SUBSETS else (1, count - 1, count)
    return [some for size in dict.fromkeys(sizes) for some in combinations(tests, size)]


def _scaling(rows: FusionRows, raw: Vector) -> AffineScaling:
    """Return the scaling of a discriminant of people who were held out; NaN rows do not count."""
    known = np.isfinite(raw)
    weight = sample_weights([rows.samples[row] for row in np.flatnonzero(known)], by_source=True)
    return platt(raw[known], rows.labels[known], weight)


# --- help ---------------------------------------------------------------------------------


def _folds(rows: FusionRows) -> NDArray[np.intp]:
    """Return the fold of each presentation, by its person, shape (N,)."""
    return np.array([crc32(one.encode()) % FOLDS for one in rows.people.tolist()])


def _require(rows: FusionRows) -> None:
    labels = rows.labels
    for kind, word in ((True, "bona fide"), (False, "attack")):
        if not (labels == kind).any():
            raise DatasetError(
                f"a fusion needs presentations of both classes; no {word} has a score"
            )
    people = len(set(rows.people.tolist()))
    if people < 2 * FOLDS:
        raise DatasetError(f"a fusion needs at least {2 * FOLDS} people, got {people}")
    folds = _folds(rows)
    for name, column in zip(rows.tests, rows.ratios.T, strict=True):
        for kind, word in ((True, "bona fide"), (False, "attack")):
            known = set(folds[(labels == kind) & np.isfinite(column)].tolist())
            if not known:
                raise DatasetError(f"test {name!r} has no score of any {word} presentation")
            if len(known) < 2:
                raise DatasetError(
                    f"too few people have {word} presentations with a score of test {name!r} to "
                    "hold some of them out; add people, or leave the test out"
                )
