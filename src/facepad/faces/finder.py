"""Find the face of a frame, or the reason why it has none that can be judged."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from facepad.faces import level, tracker
from facepad.faces.crops import clip_box, clip_to_size, tiles
from facepad.faces.detection import Detection, overlap
from facepad.faces.detector import DETECTOR_SIDE, SAME_FACE, Detector, Mesh, merge
from facepad.faces.landmarks import eye_openness
from facepad.media.resize import to_long_side
from facepad.models import store
from facepad.types import Box, Face, Frame, Landmarks, Reason, RgbImage

MIN_SIDE = 64  # of the box, pixels; below it there is too little to judge
MAX_OUTSIDE = 0.25  # share of the box that may lie outside the picture

_MIN_TILE = 256  # pixels; a face of 64 fills a quarter of it, which the detector sees well
_HALVINGS = (1, 2)  # tiles of half and of a quarter of the longer side
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
        turned: Smallest confidence of the detector after a turn.
    """

    score: float
    sure: float
    presence: float
    turned: float


# Measured on 800 pictures with a face, where the mesh's confidence is 1.00 but for two blurred
# frames, and on 90 without: in whole ones the detector's reaches 0.75 and the mesh's 0.1, in
# tiles 0.87, and the mesh's 0.89 on a fox.
_WHOLE = _Trust(score=0.5, sure=0.9, presence=0.5, turned=0.5)
_AGAIN = _Trust(score=0.6, sure=2.0, presence=0.9, turned=0.75)

_LEVEL_DEG = 10.0  # up to this tilt the detector's box is exact
_UPRIGHT = 0.88  # the confidence that the detector has of no face upside down (0.87 of 391)
_SURER = 0.05  # how much higher it is for the right way up, unless that reaches _UPRIGHT
_TURNS = 3  # after so many the eyes are level
_SAME_PLACE = 0.15  # overlap of the boxes of one face before and after a turn

_Candidate = tuple[Detection, Landmarks | None]


class FaceFinder:
    """Finds faces; holds the loaded networks and is safe to share between threads.

    The networks are loaded when a thread first searches a frame, unless it called `load`.

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

    def load(self) -> None:
        """Load the detector for this thread and run it once; the mesh is loaded when it is asked.

        Raises:
            ModelError: The detector's file is missing or wrong; the message names the command.
        """
        self._detector.detect(np.zeros((DETECTOR_SIDE, DETECTOR_SIDE, 3), np.uint8))

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

    def follow(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Find the face of each frame of one clip; see `facepad.faces.tracker.follow`.

        Without landmarks every frame is searched that was not searched before.
        """
        if self.landmarks:
            return tracker.follow(self, frames)
        return (frame if frame.face or frame.no_face else self.find(frame) for frame in frames)

    def openness(self, frame: Frame) -> float | None:
        """Return the distance between the lids of a frame with a face, in widths of the eye.

        Returns:
            Mean of both eyes; None without a face or where the landmarks are not those of one.
        """
        if frame.face is None:
            return None
        landmarks = frame.face.landmarks
        if landmarks is None:
            landmarks, presence = self.mesh(frame.image, tracker.detection_of(frame.face))
            if presence < tracker.LEAST_PRESENCE:
                return None
        return eye_openness(landmarks)

    def person_changed(self, frames: Iterable[Frame]) -> bool:
        """Return whether another face takes the place of the first one in a clip.

        See `facepad.faces.tracker.person_changed`.
        """
        return tracker.person_changed(frames)

    def mesh(self, image: RgbImage, detection: Detection) -> tuple[Landmarks, float]:
        """Return the landmarks of a detection, and the confidence that it is a face."""
        return self._mesh.landmarks(image, detection)

    def _found(self, frame: Frame) -> Iterator[Frame]:
        """Yield the frame with each of its faces, the largest first."""
        faces = next(filter(None, self._candidates(frame.image)), [])
        for detection, landmarks in faces:
            yield self._with(frame, detection, landmarks, others=len(faces) - 1)
        if not faces:
            yield replace(frame, face=None, no_face=Reason.NO_FACE)

    def _candidates(self, image: RgbImage) -> Iterator[list[_Candidate]]:
        """Yield the faces of the whole picture, of a padded copy, then of smaller tiles.

        What lies on its side or upside down comes last.
        """
        yield self._confirm(image, self._detector.detect(image, _WHOLE.score), _WHOLE)
        small = to_long_side(image, _ENOUGH)
        scale = max(image.shape[:2]) / max(small.shape[:2])
        detections = self._detector.detect(small, _AGAIN.score, _ROOM)
        yield self._confirm(image, [face.scaled(scale) for face in detections], _AGAIN)
        for halvings in _HALVINGS:
            side = max(small.shape[:2]) >> halvings
            if side >= _MIN_TILE:
                detections = self._in_tiles(small, side)
                yield self._confirm(image, [face.scaled(scale) for face in detections], _AGAIN)
        small = to_long_side(image, 2 * DETECTOR_SIDE)  # the detector sees no more of the whole
        scale = max(image.shape[:2]) / max(small.shape[:2])
        for quarters in (1, 3, 2):
            back = np.linalg.inv(level.Turn(quarters, 0.0, (small.shape[1], small.shape[0])).matrix)
            turned = self._detector.detect(np.rot90(small, quarters), _AGAIN.score)
            detections = [face.mapped(np.asarray(back)).scaled(scale) for face in turned]
            yield self._confirm(image, detections, _AGAIN)

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
        return next(iter(self._within(image, clip_box(_around(face), image))), face)

    def _levelled(self, image: RgbImage, face: Detection) -> Detection:
        """Detect a tilted face again in its surroundings, turned until its eyes are level.

        The detector sees faces that lie upside down as upright ones, with a lower confidence.
        """
        is_level, turned = abs(face.roll_deg) <= _LEVEL_DEG, 0.0
        if face.score < _UPRIGHT:
            face, turned = (self._over if is_level else self._any_way)(image, face)
        for _ in range(_TURNS):
            tilt = (face.roll_deg - turned + 180.0) % 360.0 - 180.0
            again = None if abs(tilt) <= _LEVEL_DEG else self._turned(image, face, face.roll_deg)
            if again is None:
                break
            face, turned = replace(again, score=max(face.score, again.score)), face.roll_deg
        return face

    def _over(self, image: RgbImage, face: Detection) -> tuple[Detection, float]:
        """Return a level face, or what it is upside down, and the roll it was turned against."""
        roll = face.roll_deg + 180.0
        over = self._turned(image, face, roll)
        if over is None or over.score < _surer(face):
            return face, 0.0
        again = self._turned(image, face, face.roll_deg)
        return (face, 0.0) if again is not None and again.score >= over.score else (over, roll)

    def _any_way(self, image: RgbImage, face: Detection) -> tuple[Detection, float]:
        """Return a tilted face as it is seen best, and the roll it was turned against."""
        again = self._turned(image, face, face.roll_deg)
        best, roll = (face, 0.0) if again is None else (again, face.roll_deg)
        if best.score >= _UPRIGHT:
            return best, roll
        for turn in (face.roll_deg + quarter for quarter in (90.0, 180.0, 270.0)):
            other = self._turned(image, face, turn)
            if other is not None and other.score >= _surer(best):
                best, roll = other, turn
        return best, roll

    def _turned(self, image: RgbImage, face: Detection, roll_deg: float) -> Detection | None:
        """Detect a face again after a turn against a roll; None where it is not seen then."""
        turn = level.turn_of(roll_deg, (image.shape[1], image.shape[0]))
        there = face.mapped(replace(turn, rest_deg=0.0).matrix)
        turn = replace(turn, pivot=there.middle)
        part = clip_to_size(_around(there), turn.size)
        view, to_view = turn.cut(image, part, DETECTOR_SIDE)
        expected = face.mapped(to_view).box
        seen = self._detector.detect(view, _WHOLE.score)
        again = next((one for one in seen if overlap(one.box, expected) > _SAME_PLACE), None)
        return again and again.mapped(np.asarray(np.linalg.inv(to_view)))

    def _confirm(
        self, image: RgbImage, detections: list[Detection], trust: _Trust
    ) -> list[_Candidate]:
        """Return the detections that are faces, largest first, with landmarks if computed."""
        faces: list[_Candidate] = []
        for detection in sorted(detections, key=lambda detection: -detection.area)[:_MOST]:
            turned = self._levelled(image, detection)
            face = None
            if turned is not detection and turned.score >= trust.turned:
                face = self._confirmed(image, turned, trust)
            face = face or self._confirmed(image, detection, trust)
            if face is not None:
                faces.append(face)
        return _each_once(faces)

    def _confirmed(self, image: RgbImage, detection: Detection, trust: _Trust) -> _Candidate | None:
        if detection.score >= trust.sure:
            return detection, None
        landmarks, presence = self._mesh.landmarks(image, detection)
        return (detection, landmarks) if presence >= trust.presence else None

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
            roll_deg=detection.roll_deg,
        )
        return replace(frame, face=face, no_face=None)


def _each_once(faces: list[_Candidate]) -> list[_Candidate]:
    """Return faces, largest first; detections that levelling brought to one face come once."""
    kept: list[_Candidate] = []
    for face in sorted(faces, key=lambda face: -face[0].score):
        if all(overlap(face[0].box, other[0].box) <= SAME_FACE for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: -face[0].area)


def _surer(face: Detection) -> float:
    """Return the confidence from which the face was detected the wrong way up before."""
    return min(_UPRIGHT, face.score + _SURER)


def _around(face: Detection) -> tuple[float, float, float, float]:
    """Return the square of a face's surroundings."""
    (x, y), (left, top, right, bottom) = face.middle, face.box
    half = _CLOSER * max(right - left, bottom - top) / 2
    return x - half, y - half, x + half, y + half


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
