"""The liveness tests of these weights."""

from facepad.liveness.face_cnn.test import FaceTestFactory
from facepad.liveness.quality.test import QualityTest, packaged

face_cnn_research = FaceTestFactory(
    "face_cnn_research", "face_heads_research", "face_cameras_research"
)


def quality_research() -> QualityTest:
    """Return the image-quality test of the face."""
    return packaged("quality_research", "quality_research")


def quality_whole_research() -> QualityTest:
    """Return the image-quality test of the whole picture."""
    return packaged("quality_whole_research", "quality_whole_research")
