"""No-reference metrics: how natural a picture looks by itself.

The algorithms stand in `facepad.quality.natural`; here they meet the shared picture.
"""

from facepad.quality import natural
from facepad.quality.context import Picture


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
    """Distortion told from wavelet coefficients: five kinds, weighted by how likely each is.

    Returns:
        About 0 to 100; lower means better.

    Raises:
        ModelError: The packaged model is missing or damaged.

    Reference:
        Moorthy, Bovik (2010), IEEE SPL 17(5).
    """
    features = natural.biqi_features(picture.gray, picture.workspace)
    return natural.biqi(features, picture.once(_jpeg_scores)[1], natural.biqi_model())


def natural_image_quality_evaluator(picture: Picture) -> float:
    """Distance between the statistics of the picture's blocks and those of pristine ones.

    Returns:
        At least 0, natural photos 2 to 15; lower means better.

    Raises:
        ModelError: The packaged model is missing or damaged.

    Reference:
        Mittal, Soundararajan, Bovik (2013), IEEE SPL 20(3).
    """
    features = natural.niqe_features(picture.gray, picture.workspace)
    return natural.niqe(features, natural.niqe_model())


def _jpeg_scores(picture: Picture) -> tuple[float, float]:
    return natural.jqi_scores(picture.rounded, picture.workspace)
