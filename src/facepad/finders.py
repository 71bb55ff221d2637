"""Search presentations for faces: what a finder is, and each frame searched once."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from facepad.errors import SettingsError, require
from facepad.needs import Assess, best_frames
from facepad.types import CaptureQuality, Face, Frame, Presentation, Reason

Faces = Literal["largest", "single"]  # which face of several counts
SURROUNDINGS = 2.2  # side of the square around the face, in faces, that tests look at
BLANK_SIDE = 64  # pixels; of the picture that is looked at to load the networks of any finder


class Finder(Protocol):
    """Finds faces; implementations are safe to share between threads."""

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model it uses, by model name."""

    def find(self, frame: Frame) -> Frame:
        """Return the frame with its face, or with the reason why there is none."""


@runtime_checkable
class FindsAll(Finder, Protocol):
    """A finder that can also find every face of a frame."""

    def find_all(self, frame: Frame) -> tuple[Frame, ...]:
        """Return one frame for each face, the largest first; at least one frame."""


@runtime_checkable
class Follows(Finder, Protocol):
    """A finder that can follow a face from frame to frame."""

    def follow(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield each frame of a clip, in order of time, as `find` returns it."""

    def openness(self, frame: Frame) -> float | None:
        """Return the distance between the lids of a frame with a face, in widths of the eye."""

    def person_changed(self, frames: Iterable[Frame]) -> bool:
        """Return whether another face takes the place of the first one in a clip."""


@runtime_checkable
class Loads(Finder, Protocol):
    """A finder that can load its networks before it looks at a frame."""

    def load(self) -> None:
        """Load the networks that every search needs."""


def load(finder: Finder) -> None:
    """Load the networks of a finder; one without a method for it searches a small black picture.

    Raises:
        ModelError: A network's file is missing or wrong.
    """
    if isinstance(finder, Loads):
        finder.load()
    else:
        finder.find(Frame(np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8)))


def check_finder(finder: object, faces: object) -> None:
    """Check the options ``finder`` and ``faces``.

    Raises:
        SettingsError: One of them cannot be used.
    """
    is_finder = finder is None or callable(getattr(finder, "find", None))
    require(is_finder, "finder", "an object with a method find", finder)
    require(faces in ("largest", "single"), "faces", "'largest' or 'single'", faces)


def all_faces(frame: Frame, finder: Finder) -> tuple[Frame, ...]:
    """Return one frame for each face, the largest first; one without a face where there is none.

    Raises:
        SettingsError: The finder finds one face only.
    """
    if not isinstance(finder, FindsAll):
        raise SettingsError(
            f"the finder {type(finder).__name__} finds one face only; to judge every face it "
            "needs a method find_all"
        )
    return finder.find_all(frame)


def joined(
    stills: Presentation | None, clip: Presentation | None
) -> tuple[Presentation | None, Presentation | None]:
    """Make a frame that was read twice one object, so that it is searched once."""
    if stills is None or clip is None:
        return stills, clip
    dense = {(frame.number, frame.size): frame for frame in clip.frames}
    shared = {}
    for frame in stills.frames:
        key = frame.number, frame.size
        if frame.number is not None and key in dense:
            notes = tuple(dict.fromkeys((*dense[key].notes, *frame.notes)))
            depth = frame.depth if dense[key].depth is None else dense[key].depth
            shared[key] = replace(dense[key], notes=notes, depth=depth)

    def with_shared(one: Presentation) -> Presentation:
        frames = tuple(shared.get((frame.number, frame.size), frame) for frame in one.frames)
        return replace(one, frames=frames)

    return with_shared(stills), with_shared(clip)


def with_faces(
    stills: Presentation | None, clip: Presentation | None, finder: Finder, *, single: bool
) -> tuple[Presentation | None, Presentation | None]:
    """Search the frames that were not searched yet; one that both have is searched once.

    Args:
        stills: Frames for frame-wise tests.
        clip: Frames for clip tests.
        finder: Finds the largest face, and counts the others.
        single: Whether a frame with several faces leaves no face to judge in any frame.
    """
    searched: dict[int, Frame] = {}
    for frame in stills.frames if stills else ():
        searched[id(frame)] = frame if frame.face or frame.no_face else finder.find(frame)
    if clip is not None:
        frames = [searched.get(id(frame), frame) for frame in clip.frames]
        found = finder.follow(frames) if isinstance(finder, Follows) else map(_by(finder), frames)
        searched.update(zip(map(id, clip.frames), found, strict=True))
    if single and any(frame.face and frame.face.others for frame in searched.values()):
        searched = {key: _of_several(frame) for key, frame in searched.items()}

    def with_found(one: Presentation) -> Presentation:
        return replace(one, frames=tuple(searched[id(frame)] for frame in one.frames))

    return stills and with_found(stills), clip and with_found(clip)


def _by(finder: Finder) -> Callable[[Frame], Frame]:
    """Return what searches a frame that was not searched yet."""
    return lambda frame: frame if frame.face or frame.no_face else finder.find(frame)


def chosen_frames(stills: Presentation, best: int, assess: Assess, finder: Finder) -> Presentation:
    """Return so many of the frames that were searched for faces, the best; 0 for all."""
    if not best:
        return stills
    openness = finder.openness if isinstance(finder, Follows) else None
    return best_frames(stills, assess, best, openness)


def interruptions(clip: Presentation | None, finder: Finder) -> tuple[Reason, ...]:
    """Return why a clip that was searched does not show one person; empty for a still."""
    if clip is None or not isinstance(finder, Follows):
        return ()
    return (Reason.PERSON_CHANGED,) if finder.person_changed(clip.frames) else ()


def _of_several(frame: Frame) -> Frame:
    others = 0 if frame.face is None else frame.face.others
    note = (f"{others + 1} faces in the picture",) if others else ()
    notes = (*frame.notes, *note)
    return replace(frame, face=None, no_face=Reason.MULTIPLE_FACES, notes=notes)


def notes_of(frames: Sequence[Frame], shown: Frame) -> tuple[str, ...]:
    """Return what was unusual about any frame, each once, and about the face that is shown."""
    notes = tuple(dict.fromkeys(note for frame in frames for note in frame.notes))
    others = 0 if shown.face is None else shown.face.others
    if not others:
        return notes
    return (*notes, f"{others} other face{'s' if others > 1 else ''} in the picture")


def side_information(
    face: Face | None, size: tuple[int, int], capture: CaptureQuality | None
) -> Mapping[str, float]:
    """Return what may widen the interval of a presentation and never moves its score.

    Args:
        face: The face that was judged, if any.
        size: Width and height of its frame in pixels.
        capture: Quality of the capture, when it was assessed.

    Returns:
        Measures of the capture, "face_size" (logarithm of the longer side of the face's box in
        pixels) and "surroundings" (share of the square of `SURROUNDINGS` faces around the face
        that is in the picture), by name. Empty without a face.
    """
    if face is None:
        return MappingProxyType({})
    left, top, right, bottom = face.box
    side = max(right - left, bottom - top, 1)
    half = SURROUNDINGS * side / 2.0
    inside = 1.0
    for start, end, length in ((left, right, size[0]), (top, bottom, size[1])):
        middle = (start + end) / 2.0
        inside *= (min(middle + half, length) - max(middle - half, 0.0)) / (2.0 * half)
    measures = {} if capture is None else dict(capture.measures)
    own = {"face_size": math.log(side), "surroundings": inside}
    return MappingProxyType({**measures, **own})
