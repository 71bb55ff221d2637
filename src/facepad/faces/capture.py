"""Capture quality: whether a frame can be judged, and what is wrong with it if not."""

from types import MappingProxyType

from facepad.faces import crops
from facepad.types import CaptureQuality, Frame, Reason


def assess(frame: Frame) -> CaptureQuality:
    """Assess the capture of a frame whose face was found.

    Args:
        frame: A frame with a face.

    Returns:
        The reasons why the frame cannot be judged, in the order of `Reason`, and the measures
        behind them. ``measures["judgeable"]`` is 0 where nothing of the face is left to judge,
        and 1 otherwise. A frame without a face has neither.
    """
    if frame.face is None:
        return CaptureQuality()
    reasons = [] if crops.has_context(frame) else [Reason.NO_CONTEXT]
    return CaptureQuality(tuple(reasons), MappingProxyType({"judgeable": 1.0}))
