"""Liveness test: is the face framed by a device or a sheet, or covered by one flat glare?

Attacks are often held so that the edges of the phone, tablet, monitor or print are in view. Such
a cue counts against a presentation. No cue is no evidence: a device that is held close has no
edges in the picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from facepad.liveness.surroundings.glare import LEAST_SHARE, MOST_SHARE, Glare, largest_glare
from facepad.liveness.surroundings.outline import Outline, clearest_outline
from facepad.needs import Needs
from facepad.opencv import cv2
from facepad.scores import sigmoid
from facepad.types import Frame, OperatingPoint, Presentation, Reason, RgbImage, Score

VERSION = "surroundings-1"
# Least clearness of an outline that counts: none of 599 bona fide frames with a face reaches 1.09.
# See docs/lab/surroundings.md.
CLEAR = 1.15
POINT = OperatingPoint.undecided()
NEEDS = Needs()
_DIGITS = 3
_MOST_CUES = 16  # that are listed in the details of a clip
_COUNTED, _FAINT, _EDGE = (244, 112, 0), (255, 255, 255), (28, 36, 48)  # colours of drawings


@dataclass(frozen=True, slots=True)
class Cues:
    """What is seen around one face.

    Attributes:
        outline: The clearest rectangle around it; None where no four lines meet.
        glare: The largest clipped spot on it; None without one.
    """

    outline: Outline | None
    glare: Glare | None

    @property
    def has_outline(self) -> bool:
        """Whether the outline is clear enough to count."""
        return self.outline is not None and self.outline.clearness >= CLEAR

    @property
    def has_glare(self) -> bool:
        """Whether the glare is large enough to count."""
        return self.glare is not None and LEAST_SHARE <= self.glare.share <= MOST_SHARE

    @property
    def counts(self) -> bool:
        """Whether the frame counts against the presentation."""
        return self.has_outline or self.has_glare


@dataclass(frozen=True, slots=True)
class SurroundingsTest:
    """Scores frames by what is around the face; needs no model of its own.

    Attributes:
        name: Name in the registry.
        needs: A frame with a face.
        operating_point: Undecided: it adds to what others decide.
    """

    name: str = "surroundings"
    needs: Needs = NEEDS
    operating_point: OperatingPoint = POINT

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the rules; there is no model file."""
        return MappingProxyType({self.name: VERSION})

    def score(self, presentation: Presentation) -> Score:
        """Score a still or the selected frames of a clip.

        Args:
            presentation: Frames that were searched for faces.

        Returns:
            0.5 where nothing is seen. Else a value below 0.5, at least 0.27: the log-likelihood
            ratio is minus the number of frames with a cue over one more than the number of frames
            with a face. ``details["cues"]`` lists what is seen and where, in the frame's pixels.
            Without a value and with the reason of the first frame where no frame has a face.
        """
        frames = [frame for frame in presentation.frames if frame.face is not None]
        if not frames:
            return Score(None, presentation.frames[0].no_face or Reason.NO_FACE)
        found = [cues_of(frame) for frame in frames]
        counted = sum(cues.counts for cues in found)
        ratio = -counted / (len(frames) + 1.0)
        details = {
            "cues": _listed(frames, found),
            "frames": len(frames),
            "frames_with_cues": counted,
            "clearness": round(max(_clearness(cues) for cues in found), _DIGITS),
            "log_likelihood_ratio": ratio,
        }
        return Score(sigmoid(ratio), details=MappingProxyType(details))

    def depicted(self, frame: Frame) -> RgbImage:
        """Draw what is seen around the face of a frame.

        Args:
            frame: A frame with a face.

        Returns:
            The frame with the outline and the glare in orange where they count, thin and white
            where they do not, and how clear they are.
        """
        return _drawn(frame, cues_of(frame))


def cues_of(frame: Frame) -> Cues:
    """Return what is seen around the face of a frame.

    Args:
        frame: A frame with a face; nothing is seen without one.
    """
    if frame.face is None:
        return Cues(None, None)
    image, box = frame.image, frame.face.box
    return Cues(clearest_outline(image, box), largest_glare(image, box))


def _clearness(cues: Cues) -> float:
    return 0.0 if cues.outline is None else max(0.0, cues.outline.clearness)


def _listed(frames: Sequence[Frame], found: Sequence[Cues]) -> list[dict[str, Any]]:
    """Return the cues that count, as data for JSON."""
    listed: list[dict[str, Any]] = []
    for frame, cues in zip(frames, found, strict=True):
        where = {"time_s": round(frame.time_s, _DIGITS)} if len(frames) > 1 else {}
        if cues.outline is not None and cues.has_outline:
            polygon = [[round(x, 1), round(y, 1)] for x, y in cues.outline.corners]
            clearness = round(cues.outline.clearness, _DIGITS)
            listed.append({"cue": "outline", "polygon": polygon, "clearness": clearness, **where})
        if cues.glare is not None and cues.has_glare:
            share = round(cues.glare.share, _DIGITS)
            listed.append({"cue": "glare", "box": list(cues.glare.box), "share": share, **where})
    return listed[:_MOST_CUES]


def _drawn(frame: Frame, cues: Cues) -> RgbImage:
    picture = np.ascontiguousarray(frame.image.copy())
    thick = max(1, round(max(frame.size) / 320))
    words = "no outline"
    if cues.outline is not None:
        corners = np.rint(np.array(cues.outline.corners)).astype(np.int32)
        _stroke(picture, corners, thick, counts=cues.has_outline)
        words = f"outline {cues.outline.clearness:.2f}, counts from {CLEAR:.2f}"
    if cues.glare is not None:
        left, top, right, bottom = cues.glare.box
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.int32)
        _stroke(picture, corners, thick, counts=cues.has_glare)
        words += f"; glare {cues.glare.share:.2f}, counts from {LEAST_SHARE:.2f}"
    size, place = max(frame.size) / 1100.0, (2 * thick, picture.shape[0] - 4 * thick)
    for colour, width in ((_EDGE, 3 * thick), (_FAINT, thick)):
        cv2.putText(
            *(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, width, cv2.LINE_AA)
        )
    return picture


def _stroke(picture: RgbImage, corners: np.ndarray[Any, Any], thick: int, *, counts: bool) -> None:
    colour = _COUNTED if counts else _FAINT
    if counts:
        cv2.polylines(picture, [corners], True, _EDGE, 4 * thick, cv2.LINE_AA)
    cv2.polylines(picture, [corners], True, colour, 2 * thick if counts else 1, cv2.LINE_AA)
