"""Image-quality metrics of one picture, as pure functions over shared intermediates."""

from facepad.quality.picture import Metric, Picture
from facepad.quality.vector import METRICS, measure

__all__ = ["METRICS", "Metric", "Picture", "measure"]
