"""Parameters of NIQE: the packaged ones, and the originally released file by path."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from facepad.errors import ModelError
from facepad.models import store
from facepad.models.npz import Arrays, check_features, member
from facepad.quality.scene_statistics import BLOCK, NIQE_NAMES
from facepad.quality.svm import Vector
from facepad.registry import METRIC_ENTRIES


@dataclass(frozen=True, slots=True)
class NiqeModel:
    """Statistics of the blocks of pristine pictures.

    Attributes:
        mean: Shape (36,).
        covariance: Shape (36, 36).
    """

    mean: Vector
    covariance: Vector

    def __post_init__(self) -> None:
        many = len(NIQE_NAMES)
        if self.mean.shape != (many,) or self.covariance.shape != (many, many):
            raise ModelError(
                f"a NIQE model has a mean of {many} and a covariance of {many}x{many} numbers, "
                f"got shapes {self.mean.shape} and {self.covariance.shape}"
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise ModelError("a NIQE model has finite numbers only, got NaN or infinity")

    @classmethod
    @cache
    def packaged(cls) -> "NiqeModel":
        """Return the model that ships with facepad; it is read once.

        Raises:
            ModelError: Missing, damaged or of another version.
        """
        return cls._of(store.load_arrays("niqe"), "model 'niqe'")

    @classmethod
    def read(cls, path: Path) -> "NiqeModel":
        """Read a model: ``.npz`` as `facepad train niqe` writes it, or the released ``.mat``.

        Raises:
            ModelError: Missing, damaged, of another version or without the two arrays.
        """
        if path.suffix == ".mat":
            return cls(*_from_matlab(path))
        return cls._of(store.read_arrays(path), str(path))

    @classmethod
    def _of(cls, arrays: Arrays, source: str) -> "NiqeModel":
        check_features(arrays, "niqe", METRIC_ENTRIES["niqe"].version, NIQE_NAMES, source)
        block = member(arrays, "block", source).tolist()
        if block != BLOCK:
            raise ModelError(
                f"{source} is of blocks of {block} pixels, this version's have {BLOCK}"
            )
        return cls(member(arrays, "mean", source), member(arrays, "covariance", source))


def _from_matlab(path: Path) -> tuple[Vector, Vector]:
    from scipy.io import loadmat  # slow to import, and only this format needs it

    names = "mu_prisparam", "cov_prisparam"
    try:
        arrays = loadmat(path, variable_names=names)
        mean, covariance = (np.asarray(arrays[name], np.float64) for name in names)
    except Exception as error:
        raise ModelError(
            f"{path} cannot be read as a released NIQE model, a .mat file with "
            f"{' and '.join(names)}: {error!r}"
        ) from error
    return mean.ravel(), covariance
