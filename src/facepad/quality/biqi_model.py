"""Parameters of BIQI: the packaged ones, and the folder of originally released files by path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.models import store
from facepad.models.npz import Arrays, check_features, member
from facepad.quality.svm import FeatureRange, Machine, Vector, read_machine, read_range
from facepad.quality.wavelet import BIQI_NAMES
from facepad.registry import METRIC_ENTRIES

VARIANCES = len(BIQI_NAMES) // 2  # the first half of the features
JPEG = "jpeg"  # the kind of distortion whose score comes from blockiness, not from a machine
MACHINE_PARTS = ("gamma", "vectors", "coefficients", "offsets", "classes", "counts", "sigmoids")

_VARIANCE_FLOOR = 1e-3  # squared gray levels; added before the logarithm
_MAX_TEXT = 64 * 2**20  # bytes; the released files have about 1 MB
_RELEASED = ("jp2k", JPEG, "wn", "blur", "ff")  # in the order of the classifier's labels


@dataclass(frozen=True, slots=True)
class Standardised:
    """Scales features for our own machines.

    Attributes:
        mean: Mean of the training set after `tame`.
        scale: Standard deviation of the training set after `tame`.
    """

    mean: Vector
    scale: Vector

    def __call__(self, features: Vector) -> Vector:
        """Return scaled features, of the same shape (18,)."""
        return (tame(features) - self.mean) / self.scale


@dataclass(frozen=True, slots=True)
class Member:
    """A machine with the scaling that its features need."""

    machine: Machine
    scaling: Callable[[Vector], Vector]


@dataclass(frozen=True, slots=True)
class BiqiModel:
    """Gives the probability of each kind of distortion, and a score of how bad it is.

    Attributes:
        kinds: Names of the distortions, in the order of the classifier's classes.
        classifier: Gives their probabilities.
        regressors: By kind, 0 (best) to about 100; for all kinds but JPEG.
        knots: Maps the JPEG score to 0..100 piecewise: two rows, rising. None: it is taken
            as it is, as the released program does.
    """

    kinds: tuple[str, ...]
    classifier: Member
    regressors: Mapping[str, Member]
    knots: Vector | None = None

    def judge(self, features: Vector, jpeg_score: float) -> tuple[Vector, Vector]:
        """Return the probability and the score of each kind, both of shape (kinds,).

        Args:
            features: From `biqi_features`.
            jpeg_score: The second of `jqi_scores`.
        """
        scaled = self.classifier.scaling(features)
        scores = [self._score(kind, features, jpeg_score) for kind in self.kinds]
        return self.classifier.machine.probabilities(scaled), np.array(scores)

    def _score(self, kind: str, features: Vector, jpeg_score: float) -> float:
        if kind != JPEG:
            member = self.regressors[kind]
            return member.machine.regress(member.scaling(features))
        return jpeg_score if self.knots is None else float(np.interp(jpeg_score, *self.knots))

    @classmethod
    @cache
    def packaged(cls) -> "BiqiModel":
        """Return the model that ships with facepad; it is read once.

        Raises:
            ModelError: Missing, damaged or of another version.
        """
        return cls._of(store.load_arrays("biqi"), "model 'biqi'")

    @classmethod
    def read(cls, path: Path) -> "BiqiModel":
        """Read a model: ``.npz`` as `facepad train biqi` writes it, or the released folder.

        Raises:
            InputError: A text file of the folder is malformed; the message names the line.
            ModelError: A file is missing, damaged or of another version.
        """
        if path.is_dir():
            return cls._released(path)
        return cls._of(store.read_arrays(path), str(path))

    @classmethod
    def _of(cls, arrays: Arrays, source: str) -> "BiqiModel":
        check_features(arrays, "biqi", METRIC_ENTRIES["biqi"].version, BIQI_NAMES, source)
        kinds = tuple(member(arrays, "kinds", source).ravel().tolist())
        scaling = Standardised(*(member(arrays, name, source) for name in ("mean", "scale")))
        try:
            members = {
                kind: Member(_machine(arrays, kind, source), scaling)
                for kind in ("classifier", *kinds)
                if kind != JPEG
            }
        except (ValueError, TypeError) as error:
            raise ModelError(f"{source}: {error}") from error
        return cls(kinds, members.pop("classifier"), members, member(arrays, "knots", source))

    @classmethod
    def _released(cls, folder: Path) -> "BiqiModel":
        regressors = {
            kind: _member(folder / f"model_89_{kind}", folder / f"range2_{kind}")
            for kind in _RELEASED
            if kind != JPEG
        }
        return cls(_RELEASED, _member(folder / "model_89", folder / "range2"), regressors)


def tame(features: Vector) -> Vector:
    """Return features with variances as logarithms: variances of photographs span decades.

    Args:
        features: Shape (..., 18).
    """
    logarithms = np.log(features[..., :VARIANCES] + _VARIANCE_FLOOR)
    return np.concatenate([logarithms, features[..., VARIANCES:]], axis=-1)


def _machine(arrays: Arrays, kind: str, source: str) -> Machine:
    def part(name: str, dtype: type[Any] = np.float64) -> NDArray[Any]:
        return member(arrays, f"{kind}_{name}", source).astype(dtype)

    return Machine(
        gamma=float(part("gamma")),
        vectors=part("vectors"),
        coefficients=part("coefficients"),
        offsets=part("offsets"),
        classes=part("classes", np.int64),
        counts=part("counts", np.int64),
        sigmoids=part("sigmoids"),
    )


def _member(model: Path, scaling: Path) -> Member:
    ranges: FeatureRange = read_range(_text(scaling), str(scaling))
    return Member(read_machine(_text(model), str(model), len(BIQI_NAMES)), ranges)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_TEXT + 1)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _MAX_TEXT:
        raise ModelError(f"{path} is larger than {_MAX_TEXT} bytes")
    return data.decode("ascii", errors="replace")
