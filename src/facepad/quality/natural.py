"""The three metrics of naturalness without a reference: JQI, BIQI and NIQE.

Features stand in files of their own; here are the two indices that models make of them.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from facepad.quality.biqi_parameters import BiqiModel
from facepad.quality.blocking import jqi_scores
from facepad.quality.niqe_parameters import NiqeModel
from facepad.quality.scene_statistics import niqe_features
from facepad.quality.wavelet_statistics import biqi_features

__all__ = [
    "biqi",
    "biqi_features",
    "biqi_model",
    "jqi_scores",
    "niqe",
    "niqe_features",
    "niqe_model",
]


def biqi(features: NDArray[np.float64], jpeg_score: float, model: BiqiModel) -> float:
    """Blind image quality index: the score of each kind of distortion, weighted by how likely.

    Args:
        features: From `biqi_features`, shape (18,).
        jpeg_score: The second of `jqi_scores`.
        model: Which kind it may be, and how bad each is.

    Returns:
        About 0 (best) to 100 (worst).

    Reference:
        Moorthy, Bovik (2010), IEEE Signal Processing Letters 17(5).
    """
    probabilities, scores = model.judge(features, jpeg_score)
    return float(np.sum(probabilities * scores))


def niqe(features: NDArray[np.float64], model: NiqeModel) -> float:
    """Natural image quality evaluator: distance of a picture's blocks from pristine ones.

    Args:
        features: From `niqe_features`, shape (blocks, 36).
        model: Statistics of pristine pictures.

    Returns:
        At least 0; natural photographs about 2 to 15, flat pictures hundreds.

    Reference:
        Mittal, Soundararajan, Bovik (2013), IEEE Signal Processing Letters 20(3).
    """
    away = features.mean(axis=0) - model.mean
    covariance = np.cov(features.T) if len(features) > 1 else np.zeros_like(model.covariance)
    inverse = np.linalg.pinv((covariance + model.covariance) / 2)
    return float(np.sqrt(max(away @ inverse @ away, 0.0)))


@cache
def biqi_model() -> BiqiModel:
    """The packaged model, read once.

    Raises:
        ModelError: The file is missing, damaged or of another version.
    """
    return BiqiModel.packaged()


@cache
def niqe_model() -> NiqeModel:
    """The packaged model, read once.

    Raises:
        ModelError: The file is missing, damaged or of another version.
    """
    return NiqeModel.packaged()
