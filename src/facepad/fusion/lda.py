"""The fitted fusion: linear discriminant analysis over the tests' log-likelihood ratios.

Both classes are normal distributions with one covariance. Tests that are missing or abstain are
marginalised: the others are weighed as if the missing ones had never been asked. Weights are not
negative. Side information of the presentation widens or narrows the interval and never moves the
score. The thesis's consolidation (LDA over the outputs of its tests), generalised; fitted by
`facepad.training.fusion`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError, SettingsError
from facepad.fusion import LEVEL_Z, Answer, Fused, asked_name, interval_around, reasons_of
from facepad.fusion.side import SideModel
from facepad.models import store
from facepad.models.index import digest
from facepad.models.npz import reading
from facepad.reasons import DECIDE_WHEN_FITTED
from facepad.registry import DEFAULT_POINT, POINT_NAMES
from facepad.scores import LOGIT_LIMIT, AffineScaling, logit, sigmoid
from facepad.types import LivenessTest, OperatingPoint

FORMAT_VERSION = 1
# A test without a threshold of its own can decide here: the fusion has one.
_DECIDES = frozenset({None, *DECIDE_WHEN_FITTED})
_STEPS, _STILL = 1_000, 1e-12  # of coordinate descent
_LEAST_VARIANCE = 1e-9
_LARGEST = 1e6  # number in a model file; far above what a fit gives

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LdaFusion:
    """A fitted fusion of tests; a `facepad.fusion.Fusion` that is safe to share.

    Attributes:
        tests: Names of the tests that it was fitted on.
        versions: Version of each model of each test, by test, then by model.
        means: Mean log-likelihood ratio of each test, attacks and bona fide, shape (2, T).
        covariance: Within the classes, shape (T, T); positive definite.
        cameras: Covariance of the means of cameras, shape (T, T); positive semidefinite.
        scaling: From the discriminant of all tests to a log-likelihood ratio.
        bounds: By name of the operating point: below the first log-likelihood ratio a
            presentation is an attack, from the second on it is bona fide.
        side: What side information does to the interval.
        version: Name and hash of the model file.
        scalings: That of the discriminant where only some tests answer, by these tests; those
            that are not here have `scaling`.
    """

    tests: tuple[str, ...]
    versions: Mapping[str, Mapping[str, str]]
    means: Vector
    covariance: Vector
    cameras: Vector
    scaling: AffineScaling
    bounds: Mapping[str, tuple[float, float]]
    side: SideModel = field(default_factory=SideModel)
    version: str = "lda"
    scalings: Mapping[tuple[str, ...], AffineScaling] = field(default_factory=dict)
    _weights: dict[tuple[str, ...], tuple[Vector, Vector]] = field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def __name__(self) -> str:
        """Name in results."""
        return "lda"

    @property
    def models(self) -> Mapping[str, str]:
        """Version of its model file, by name."""
        return MappingProxyType({"fusion": self.version})

    def check_for(self, tests: Sequence[LivenessTest]) -> None:
        """Check that it was fitted on these tests, or on more.

        Raises:
            SettingsError: It was not fitted on one of them.
            ModelError: One of them has other models.
        """
        if unknown := [test.name for test in tests if test.name not in self.tests]:
            raise SettingsError(
                f"the fusion {self.version} was fitted on {', '.join(self.tests)}, not on "
                f"{', '.join(unknown)}; leave it out, or fit a fusion with `facepad train fusion`"
            )
        for test in tests:
            if dict(test.models) != dict(self.versions[test.name]):
                raise ModelError(
                    f"the fusion {self.version} was fitted on {test.name} with "
                    f"{_listed(self.versions[test.name])}, but this facepad has "
                    f"{_listed(test.models)}; fit it anew with `facepad train fusion`"
                )

    def __call__(self, answers: Mapping[str, Answer]) -> Fused:
        """Return the fused answer of the tests.

        Args:
            answers: By the test's name; each test was fitted on.

        Returns:
            The fused score. The tests with a value and no reason decide; when all abstain,
            those with a value are fused to be shown, with the reasons of all.

        Raises:
            SettingsError: A test was not fitted on.
        """
        used = self._used(answers)
        decides = any(answers[name].score.reason in _DECIDES for name in used)
        reasons = () if decides else reasons_of(answers)
        point = self.operating_point(asked_name(answers))
        if not used:
            return Fused(None, reasons, point)
        ratio = self.ratio(used)
        side = next((answer.side for answer in answers.values()), {})
        frames = max((answers[name].frames_width for name in used), default=0.0)
        usual = self.half_width(tuple(used))
        own = math.hypot(usual * self.side.factor(side), frames)
        value = sigmoid(min(max(ratio, -LOGIT_LIMIT), LOGIT_LIMIT))
        return Fused(value, reasons, point, interval_around(value, own), own - usual)

    def operating_point(self, name: str = DEFAULT_POINT) -> OperatingPoint:
        """Return threshold and band of the fused score, by the name of the policy."""
        low, high = (sigmoid(bound) for bound in self.bounds[name])
        return OperatingPoint(name, high, low, high)

    def contributions(self, answers: Mapping[str, Answer]) -> Mapping[str, float]:
        """Return what each deciding test adds to the fused log-likelihood ratio, by name.

        They sum to the ratio, less the bias of the scaling.
        """
        used = self._used(answers)
        if not used:
            return {}
        weights, middle = self.weights(tuple(used))
        slope = self.scaling_of(tuple(used)).slope
        parts = slope * weights * (np.array(list(used.values())) - middle)
        return dict(zip(used, parts.tolist(), strict=True))

    def ratio(self, ratios: Mapping[str, float]) -> float:
        """Return the fused log-likelihood ratio of bona fide over attack.

        Args:
            ratios: That of each test with a value, by name; at least one.
        """
        weights, middle = self.weights(tuple(ratios))
        found = float(weights @ (np.array(list(ratios.values())) - middle))
        return self.scaling_of(tuple(ratios)).apply(found)

    def scaling_of(self, tests: tuple[str, ...]) -> AffineScaling:
        """Return the scaling of the discriminant where these tests answer."""
        return self.scalings.get(tests, self.scaling)

    def weights(self, tests: tuple[str, ...]) -> tuple[Vector, Vector]:
        """Return the weight of each test where these answer, and the middle of both means."""
        known = self._weights.get(tests)
        if known is None:
            rows = [self.tests.index(name) for name in tests]
            attack, bona_fide = self.means[:, rows]
            within = self.covariance[np.ix_(rows, rows)]
            known = discriminant(within, bona_fide - attack), (bona_fide + attack) / 2.0
            self._weights[tests] = known  # the same values whichever thread is first
        return known

    def half_width(self, tests: tuple[str, ...]) -> float:
        """Return the usual half-width of the interval where these tests answer, in log-odds.

        1.645 deviations of the mean over a camera, by the scatter of cameras.
        """
        weights, _ = self.weights(tests)
        rows = [self.tests.index(name) for name in tests]
        variance = float(weights @ self.cameras[np.ix_(rows, rows)] @ weights)
        return LEVEL_Z * self.scaling_of(tests).slope * math.sqrt(max(variance, 0.0))

    def _used(self, answers: Mapping[str, Answer]) -> dict[str, float]:
        """Return the ratios that count, in the order of the fitted tests."""
        if unknown := [name for name in answers if name not in self.tests]:
            raise SettingsError(
                f"the fusion {self.version} was fitted on {', '.join(self.tests)}, not on "
                f"{', '.join(unknown)}"
            )
        scores = {name: answers[name].score for name in self.tests if name in answers}
        valued = {name: score for name, score in scores.items() if score.value is not None}
        deciding = {name: score for name, score in valued.items() if score.reason in _DECIDES}
        chosen = deciding or valued
        return {
            name: logit(score.value) for name, score in chosen.items() if score.value is not None
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        versions = {test: dict(models) for test, models in self.versions.items()}
        return {
            "format_version": np.array(FORMAT_VERSION),
            "tests": np.array(self.tests),
            "versions": np.array(json.dumps(versions)),
            "means": self.means,
            "covariance": self.covariance,
            "cameras": self.cameras,
            "scaling": np.array([self.scaling.slope, self.scaling.bias]),
            "subsets": np.array([[name in some for name in self.tests] for some in self.scalings])
            .reshape(-1, len(self.tests))
            .astype(np.bool_),
            "scalings": np.array([[one.slope, one.bias] for one in self.scalings.values()]).reshape(
                -1, 2
            ),
            "points": np.array(list(self.bounds)),
            "bounds": np.array(list(self.bounds.values())),
            "side": np.array(self.side.names or ("",)),
            "side_numbers": np.array([self.side.mean, self.side.scale, self.side.weights]),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], source: str, version: str = "lda"
    ) -> "LdaFusion":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.
            version: Name and hash of the file.

        Raises:
            ModelError: An array is missing, of another format version or shape, or not finite.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no fusion of tests"):
            return _read(arrays, source, version)


@dataclass(frozen=True, slots=True)
class LdaFactory:
    """Loads a fitted fusion; what the registry names.

    Attributes:
        model: Name of the packaged model file.
    """

    model: str

    @property
    def __name__(self) -> str:
        """Name in results."""
        return "lda"

    def load(self) -> LdaFusion:
        """Load the packaged fusion.

        Raises:
            ModelError: The file is missing or wrong.
        """
        arrays = store.load_arrays(self.model)
        return LdaFusion.from_arrays(arrays, f"model {self.model!r}", store.version(self.model))


free = LdaFactory("fusion_free")


def from_file(file: Path) -> LdaFusion:
    """Return the fusion in a file that `facepad train fusion` wrote.

    Raises:
        ModelError: The file is missing, damaged or no fusion.
    """
    arrays = store.read_arrays(file)
    version = f"{file.stem}+{digest(file.read_bytes())[:8]}"
    return LdaFusion.from_arrays(arrays, str(file), version)


def discriminant(covariance: Vector, difference: Vector) -> Vector:
    """Return the weights of linear discriminant analysis that are not negative.

    The minimum of half the variance within the classes less the difference of their means; without
    the bound it is the inverse covariance times the difference. At the minimum the discriminant
    is a log-likelihood ratio of both classes.

    Args:
        covariance: Within the classes, shape (T, T), positive definite.
        difference: Mean of bona fide less that of attacks, shape (T,).

    Returns:
        Weights, shape (T,), each 0 or above.

    Reference:
        Fisher (1936), doi:10.1111/j.1469-1809.1936.tb02137.x; coordinate descent for bounded
        least squares as in Franc, Hlavac, Navara (2005), doi:10.1007/11556121_50.

    Example:
        >>> discriminant(np.eye(2), np.array([2.0, -1.0])).tolist()
        [2.0, 0.0]
    """
    weights = np.zeros(len(difference))
    for _ in range(_STEPS):
        before = weights.copy()
        for place, diagonal in enumerate(np.diag(covariance)):
            rest = covariance[place] @ weights - diagonal * weights[place]
            weights[place] = max(0.0, (difference[place] - rest) / diagonal)
        if np.abs(weights - before).max() <= _STILL * (1.0 + np.abs(weights).max()):
            break
    return weights


def _listed(models: Mapping[str, str]) -> str:
    return ", ".join(models.values()) or "no model"


def _read(arrays: Mapping[str, NDArray[Any]], source: str, version: str) -> LdaFusion:
    tests = tuple(str(name) for name in arrays["tests"])
    count = len(tests)
    means, covariance, cameras = (
        np.asarray(arrays[name], np.float64) for name in ("means", "covariance", "cameras")
    )
    shapes = ((2, count), (count, count), (count, count))
    fits = tuple(each.shape for each in (means, covariance, cameras)) == shapes
    scalings = np.asarray(arrays["scalings"], np.float64)
    numbers = (means, covariance, cameras, arrays["scaling"], scalings, arrays["bounds"])
    if not (count and fits and len(set(tests)) == count):
        raise ModelError(
            f"{source} needs means and covariances of its {count} tests, each named once, got "
            f"shapes {means.shape}, {covariance.shape}, {cameras.shape}"
        )
    if not all((np.abs(each) < _LARGEST).all() for each in numbers):
        raise ModelError(f"{source} needs finite numbers below {_LARGEST:,.0f}")
    is_symmetric = np.allclose(covariance, covariance.T)
    if not is_symmetric or np.linalg.eigvalsh(covariance).min() < _LEAST_VARIANCE:
        raise ModelError(f"{source} needs a symmetric, positive definite covariance")
    slope, bias = (float(number) for number in arrays["scaling"])
    versions = _versions(str(arrays["versions"]), tests)
    rows = zip(arrays["points"], arrays["bounds"].tolist(), strict=True)
    bounds = {str(name): (float(low), float(high)) for name, (low, high) in rows}
    rises = slope > 0.0 and (scalings[:, 0] > 0.0).all()
    if not rises or not all(name in bounds for name in POINT_NAMES):
        raise ModelError(f"{source} needs a slope above 0 and the points {', '.join(POINT_NAMES)}")
    if not all(low <= high for low, high in bounds.values()):
        raise ModelError(f"{source} needs lower bounds that are not above the upper ones")
    side = _side(arrays, source)
    return LdaFusion(
        tests,
        versions,
        means,
        covariance,
        cameras,
        AffineScaling(slope, bias),
        MappingProxyType(bounds),
        side,
        version,
        MappingProxyType(
            {
                tuple(np.array(tests)[some].tolist()): AffineScaling(*pair)
                for some, pair in zip(arrays["subsets"], scalings.tolist(), strict=True)
            }
        ),
    )


def _side(arrays: Mapping[str, NDArray[Any]], source: str) -> SideModel:
    names = tuple(str(name) for name in arrays["side"] if str(name))
    mean, scale, weights = numbers = np.asarray(arrays["side_numbers"], np.float64)
    if not len(mean) == len(names) or not (scale > 0.0).all() or not np.isfinite(numbers).all():
        raise ModelError(f"{source} needs mean, scale above 0 and weight of {len(names)} measures")
    return SideModel(names, mean, scale, weights)


def _versions(text: str, tests: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    try:
        stored = json.loads(text)
    except RecursionError as error:
        raise ValueError("the versions of its tests are nested too deeply") from error
    if not all(isinstance(stored[name], dict) for name in tests):
        raise TypeError("the versions of its tests are no mappings")
    return MappingProxyType(
        {
            name: MappingProxyType({str(model): str(at) for model, at in stored[name].items()})
            for name in tests
        }
    )
