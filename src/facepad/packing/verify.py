"""The work behind ``facepad dataset verify``: decode everything that a dataset lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from facepad.errors import FacepadError
from facepad.hdf5.pool import DIED, Piece, in_processes, pieces
from facepad.media.frame_selection import FrameSelection
from facepad.packed import address
from facepad.packed.pictures import check_pixels
from facepad.sources import is_clip, read_frames
from facepad.types import Dataset, Sample

PIECE, PIECE_OF_CLIPS = 16, 1  # samples that a process takes at a time

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or unusual about one sample.

    Attributes:
        number: In the listing.
        key: Of the sample.
        problem: Why it cannot be read; "" when it can.
        notes: What is unusual about it.
    """

    number: int
    key: str
    problem: str = ""
    notes: tuple[str, ...] = ()


def verify(
    samples: Sequence[Sample], rule: FrameSelection, *, workers: int, advance: Advance
) -> list[Finding]:
    """Read and decode every sample, several at a time.

    Args:
        samples: The listing.
        rule: Which frames of a clip.
        workers: Processes.
        advance: Called once per sample.

    Returns:
        Findings in the order of the listing; samples without any are left out.
    """
    length = PIECE_OF_CLIPS if any(is_clip(s.path) for s in samples) else PIECE
    found: list[Finding] = []
    todo = list(pieces(samples, length))
    for piece, findings in in_processes(partial(_check, rule=rule), todo, workers):
        died = Finding(piece.start, piece.samples[0].key, f"{piece.samples[0].path}: {DIED}")
        found.extend([died] if findings is None else findings)
        for _ in piece.samples:
            advance()
    return sorted(found, key=lambda finding: finding.number)


def problems_of(dataset: Dataset) -> tuple[str, ...]:
    """What a dataset finds wrong with itself as a whole, where it can tell."""
    check = getattr(dataset, "problems", tuple)
    return tuple(check())


def _check(piece: Piece, rule: FrameSelection) -> list[Finding]:
    found = (_finding(number, s, rule) for number, s in enumerate(piece.samples, piece.start))
    return [finding for finding in found if finding.problem or finding.notes]


def _finding(number: int, sample: Sample, rule: FrameSelection) -> Finding:
    try:
        return Finding(number, sample.key, notes=_decoded(sample, rule))
    except FacepadError as error:
        return Finding(number, sample.key, str(error))


def _decoded(sample: Sample, rule: FrameSelection) -> tuple[str, ...]:
    """Decode a sample; gives what is unusual about it."""
    packed = address.parse(sample.path)
    if packed is not None:
        return check_pixels(packed)
    rule = rule if sample.frame is None else FrameSelection("at", sample.frame)
    notes: dict[str, None] = {}
    for _, frame in read_frames(sample.path, rule):
        notes.update(dict.fromkeys(frame.notes))
    return tuple(notes)
