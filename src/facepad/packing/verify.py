"""Verify a dataset: decode everything that it lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from facepad.errors import FacepadError
from facepad.jobs.processes import Chunk, ProcessPool, chunks, sendable
from facepad.jobs.progress import Advance
from facepad.media.frame_selection import FrameSelection
from facepad.packed import address
from facepad.packed.pictures import PackedFiles
from facepad.packing.rows import DIED, selection_of
from facepad.sources import is_clip, read_frames
from facepad.types import Dataset, Sample

CHUNK, CHUNK_OF_CLIPS = 16, 1  # samples that a process takes at a time


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong or unusual about one sample.

    Attributes:
        number: Index in the listing.
        key: Key of the sample.
        problem: Why it cannot be read; "" when it can.
        notes: What is unusual about it.
    """

    number: int
    key: str
    problem: str = ""
    notes: tuple[str, ...] = ()


def verify(
    samples: Sequence[Sample], selection: FrameSelection, *, workers: int, advance: Advance
) -> list[Finding]:
    """Read and decode every sample, several at a time.

    Args:
        samples: The listing.
        selection: Which frames of a clip.
        workers: Processes.
        advance: Called once per sample.

    Returns:
        Findings in the order of the listing; samples without any are left out.
    """
    length = CHUNK_OF_CLIPS if any(is_clip(s.path) for s in samples) else CHUNK
    todo = chunks([sendable(sample) for sample in samples], length)
    findings: list[Finding] = []
    with ProcessPool(partial(_check, selection=selection), workers) as pool:
        for chunk, new in pool.map_chunks(todo, died=_died):
            findings.extend(new)
            for _ in chunk.items:
                advance()
    return findings


def problems_of(dataset: Dataset) -> tuple[str, ...]:
    """Return what is wrong with a dataset as a whole, where its listing checks that."""
    check = getattr(dataset, "problems", tuple)
    return tuple(check())


def _check(chunk: Chunk[Sample], selection: FrameSelection) -> list[Finding]:
    files, numbered = PackedFiles(), enumerate(chunk.items, chunk.start)
    findings = (_finding(number, sample, selection, files) for number, sample in numbered)
    return [finding for finding in findings if finding.problem or finding.notes]


def _died(chunk: Chunk[Sample]) -> list[Finding]:
    (sample,) = chunk.items
    return [Finding(chunk.start, sample.key, f"{sample.path}: {DIED}")]


def _finding(number: int, sample: Sample, selection: FrameSelection, files: PackedFiles) -> Finding:
    try:
        return Finding(number, sample.key, notes=_notes(sample, selection, files))
    except FacepadError as error:
        return Finding(number, sample.key, str(error))


def _notes(sample: Sample, selection: FrameSelection, files: PackedFiles) -> tuple[str, ...]:
    """Decode a sample; return what is unusual about it."""
    packed = address.parse(sample.path)
    if packed is not None:
        return files.check_pixels(packed)
    notes: dict[str, None] = {}
    for _, frame in read_frames(sample.path, selection_of(sample, selection)):
        notes.update(dict.fromkeys(frame.notes))
    return tuple(notes)
