"""Find the face of a frame, or the reason why it has none that can be judged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from facepad.faces.crops import clip_box, tiles
from facepad.faces.detector import Detection, Detector, Mesh, merge
from facepad.faces.level import roll_of
from facepad.media.resize import to_long_side
from facepad.models import store
from facepad.types import Box, Face, Frame, Landmarks, Reason, RgbImage

MIN_SIDE = 64  # of the box, pixels; below it there is too little to judge
MAX_OUTSIDE = 0.25  # share of the box that may lie outside the picture

_MIN_TILE = 256  # pixels; a face of 64 fills a quarter of it, which the detector sees well
_LEVELS = (1, 2)  # tiles of half and of a quarter of the longer side
_ENOUGH = 1024  # pixels; the smallest tiles then show all that the detector can use
_ROOM = 2.0  # a face as wide as the picture then fills half of what the detector sees
_MOST = 12  # faces that are looked at twice; bounds the time a crowd or a flower bed takes
_CLOSER = 3.0  # side of the part that is looked at again, relative to the face found in a tile


@dataclass(frozen=True, slots=True)
class _Trust:
    """Thresholds from which a detection counts as a face.

    Attributes:
        score: Smallest confidence of the detector.
        sure: The confidence from which the mesh is not asked.
        presence: Smallest confidence of the mesh.
    """

    score: float
    sure: float
    presence: float


# Measured on 800 pictures with a face, where the mesh's confidence is 1.00 but for two blurred
# frames, and on 90 without: in whole ones the detector's reaches 0.75 and the mesh's 0.1, in
# tiles 0.87, and the mesh's 0.89 on a fox.
_WHOLE = _Trust(score=0.5, sure=0.9, presence=0.5)
_AGAIN = _Trust(score=0.6, sure=2.0, presence=0.9)

_Candidate = tuple[Detection, Landmarks | None]


class FaceFinder:
    """Finds faces; holds the loaded networks and is safe to share between threads.

    The networks are loaded when the first frame is searched.

    Attributes:
        landmarks: Whether to keep the 468 landmarks of the face; without them a frame of
            which the detector is sure (three of four) takes half the time. The same faces
            are found either way.
    """

    def __init__(self, landmarks: bool = True) -> None:
        self.landmarks = landmarks
        self._detector = Detector()
        self._mesh = Mesh()

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each network, by name."""
        names = (self._detector.net.name, self._mesh.net.name)
        return MappingProxyType({name: store.version(name) for name in names})

    def find(self, frame: Frame) -> Frame:
        """Look for the largest face of a frame.

        A detection counts as a face when its confidence is high, or when the face mesh
        confirms it. If the whole picture shows none, a padded copy is searched for a face that
        fills it, then overlapping tiles for small faces.

        Returns:
            The frame with ``face``, or with the reason in ``no_face``: none found, smaller
            than 64 pixels, or more than a quarter of it outside the picture.

        Raises:
            ModelError: A network's file is missing or wrong; the message names the command.
        """
        return next(self._found(frame))

    def find_all(self, frame: Frame) -> tuple[Frame, ...]:
        """Look for all faces of a frame, as `find` looks for the largest.

        Returns:
            One frame for each face, the largest face first, each with its own ``face`` or the
            reason in ``no_face``; one frame without a face where there is none.

        Raises:
            ModelError: A network's file is missing or wrong; the message names the command.
        """
        return tuple(self._found(frame))

    def _found(self, frame: Frame) -> Iterator[Frame]:
        """Yield the frame with each of its faces, the largest first."""
        faces = next(filter(None, self._candidates(frame.image)), [])
        for detection, landmarks in faces:
            yield self._with(frame, detection, landmarks, others=len(faces) - 1)
        if not faces:
            yield replace(frame, face=None, no_face=Reason.NO_FACE)

    def _candidates(self, image: RgbImage) -> Iterator[list[_Candidate]]:
        """Yield the faces of the whole picture, of a padded copy, then of smaller tiles."""
        yield self._confirm(image, self._detector.detect(image, _WHOLE.score), _WHOLE)
        small = to_long_side(image, _ENOUGH)
        scale = max(image.shape[:2]) / max(small.shape[:2])
        detections = self._detector.detect(small, _AGAIN.score, _ROOM)
        yield self._confirm(image, [face.scaled(scale) for face in detections], _AGAIN)
        for level in _LEVELS:
            side = max(small.shape[:2]) >> level
            if side >= _MIN_TILE:
                detections = self._in_tiles(small, side)
                yield self._confirm(image, [face.scaled(scale) for face in detections], _AGAIN)

    def _in_tiles(self, image: RgbImage, side: int) -> list[Detection]:
        detections = [face for box in tiles(image, side) for face in self._within(image, box)]
        merged = merge(sorted(detections, key=lambda face: -face.score))[:_MOST]
        return merge([self._closer(image, face) for face in merged])

    def _within(self, image: RgbImage, box: Box) -> list[Detection]:
        left, top, right, bottom = box
        detections = self._detector.detect(image[top:bottom, left:right], _AGAIN.score)
        return [face.moved(left, top) for face in detections]

    def _closer(self, image: RgbImage, face: Detection) -> Detection:
        """Detect a face again in the middle of its surroundings, since a tile may have cut it."""
        left, top, right, bottom = face.box
        x, y = (left + right) / 2, (top + bottom) / 2
        half = _CLOSER * max(right - left, bottom - top) / 2
        box = clip_box((x - half, y - half, x + half, y + half), image)
        return next(iter(self._within(image, box)), face)

    def _confirm(
        self, image: RgbImage, detections: list[Detection], trust: _Trust
    ) -> list[_Candidate]:
        """Return the detections that are faces, largest first, with landmarks if computed."""
        faces: list[_Candidate] = []
        for detection in sorted(detections, key=lambda detection: -detection.area)[:_MOST]:
            if detection.score >= trust.sure:
                faces.append((detection, None))
                continue
            landmarks, presence = self._mesh.landmarks(image, detection)
            if presence >= trust.presence:
                faces.append((detection, landmarks))
        return faces

    def _with(
        self, frame: Frame, detection: Detection, landmarks: Landmarks | None, others: int
    ) -> Frame:
        reason = _unfit(detection, frame.image)
        if reason is not None:
            return replace(frame, face=None, no_face=reason)
        if self.landmarks and landmarks is None:
            landmarks, _ = self._mesh.landmarks(frame.image, detection)
        face = Face(
            clip_box(detection.box, frame.image),
            detection.score,
            landmarks if self.landmarks else None,
            others=others,
            points=tuple((float(x), float(y)) for x, y in detection.points),
            roll_deg=roll_of(detection.points),
        )
        return replace(frame, face=face, no_face=None)


def _unfit(face: Detection, image: RgbImage) -> Reason | None:
    """Return why a face cannot be judged; None when it can."""
    if face.short_side < MIN_SIDE:
        return Reason.FACE_TOO_FAR
    height, width = image.shape[:2]
    left, top, right, bottom = face.box
    seen_width = min(right, width) - max(left, 0.0)
    seen_height = min(bottom, height) - max(top, 0.0)
    seen = max(0.0, seen_width) * max(0.0, seen_height)
    return Reason.FACE_OFF_CENTER if seen < (1 - MAX_OUTSIDE) * face.area else None
