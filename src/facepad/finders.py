"""Search presentations for faces: what a finder is, and each frame searched once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from facepad.types import Frame, Presentation


class Finder(Protocol):
    """Finds faces; implementations are safe to share between threads."""

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model it uses, by model name."""

    def find(self, frame: Frame) -> Frame:
        """Return the frame with its face, or with the reason why there is none."""


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
    stills: Presentation | None, clip: Presentation | None, finder: Finder
) -> tuple[Presentation | None, Presentation | None]:
    """Search the frames that were not searched yet; one that both have is searched once."""
    searched: dict[int, Frame] = {}

    def found(one: Presentation) -> Presentation:
        for frame in one.frames:
            if id(frame) not in searched:
                searched[id(frame)] = frame if frame.face or frame.no_face else finder.find(frame)
        return replace(one, frames=tuple(searched[id(frame)] for frame in one.frames))

    return stills and found(stills), clip and found(clip)
