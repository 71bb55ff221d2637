"""No-reference metrics: how natural a picture looks by itself.

JQI, and the two indices (BIQI, NIQE) that models make of features.
"""

import numpy as np
from numpy.typing import NDArray

from facepad.quality.biqi_model import BiqiModel
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.niqe_model import NiqeModel
from facepad.quality.picture import Picture
from facepad.quality.scene_statistics import niqe_features
from facepad.quality.wavelet import biqi_features


def jpeg_quality_index(picture: Picture) -> float:
    """How little the picture shows the 8x8 blocks that JPEG leaves.

    Returns:
        Photos 0 to 11, strong blocking to about -80; higher means better. 21.69 for a
        flat picture, 0 if a side is below 16 pixels.

    Reference:
        Wang, Sheikh, Bovik (2002), ICIP.
    """
    return picture.once(_jpeg_scores)[0]


def blind_image_quality_index(picture: Picture) -> float:
    """Distortion estimated from wavelet coefficients: five kinds, weighted by probability.

    Returns:
        About 0 to 100; lower means better.

    Raises:
        ModelError: The packaged model is missing or damaged.

    Reference:
        Moorthy, Bovik (2010), IEEE SPL 17(5).
    """
    features = biqi_features(picture.gray, picture.workspace)
    return biqi(features, picture.once(_jpeg_scores)[1], BiqiModel.packaged())


def natural_image_quality_evaluator(picture: Picture) -> float:
    """Distance between the statistics of the picture's blocks and those of pristine ones.

    Returns:
        At least 0, natural photos 2 to 15; lower means better.

    Raises:
        ModelError: The packaged model is missing or damaged.

    Reference:
        Mittal, Soundararajan, Bovik (2013), IEEE SPL 20(3).
    """
    features = niqe_features(picture.gray, picture.workspace)
    return niqe(features, NiqeModel.packaged())


def _jpeg_scores(picture: Picture) -> tuple[float, float]:
    return jqi_scores(picture.rounded, picture.workspace)


def biqi(features: NDArray[np.float64], jpeg_score: float, model: BiqiModel) -> float:
    """Return the blind image quality index: scores of distortions, weighted by probability.

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
    """Return the NIQE distance of a picture's blocks from those of pristine pictures.

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
