"""From a sample of a dataset to the presentation that is judged: the one way to its pixels.

A picture is a presentation of one frame; a video is one presentation, too, of the frames
that a rule chooses. What cannot be read is reported, skipped and counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from facepad.errors import InputError
from facepad.media.frame_selection import FrameSelection
from facepad.media.frames import read_frames
from facepad.media.video_limits import VideoLimits
from facepad.types import Presentation, Sample

EVENLY = FrameSelection("even", 10)
NAMED = 3  # how many broken files a summary names


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of one sample.

    Attributes:
        sample: The sample.
        presentation: Its frames; None when it cannot be read.
        error: Why not; None when it was read.
    """

    sample: Sample
    presentation: Presentation | None
    error: InputError | None = None


def load_presentation(
    sample: Sample, rule: FrameSelection = EVENLY, *, limits: VideoLimits | None = None
) -> Presentation:
    """Read the pixels of one sample.

    Args:
        sample: One item of a dataset: a picture, a video or a colour and depth clip. One
            with a frame number stands for that frame alone.
        rule: Which frames of a video; a picture has only one.
        limits: None takes them from the settings.

    Returns:
        One presentation; its source is the sample's key.

    Raises:
        InputError: The file cannot be read; the message names it and says why.
        DatasetError: The sample lies in a packed file that is damaged.
        SettingsError: A limit is not a number, or the file needs a library that is missing.
    """
    limits = limits or VideoLimits.from_settings()
    rule = rule if sample.frame is None else FrameSelection("at", sample.frame)
    frames = tuple(frame for _, frame in read_frames(sample.path, rule, limits))
    return Presentation(frames, source=sample.key)


def load_presentations(
    samples: Iterable[Sample], rule: FrameSelection = EVENLY, *, limits: VideoLimits | None = None
) -> Iterator[Loaded]:
    """Read samples one after the other; one that is broken does not stop the rest.

    Yields:
        One `Loaded` per sample, in order; `summary` counts those that were skipped.

    Raises:
        SettingsError: As `load_presentation`.
    """
    for sample in samples:
        try:
            yield Loaded(sample, load_presentation(sample, rule, limits=limits))
        except InputError as error:
            yield Loaded(sample, None, error)


def summary(broken: Sequence[Loaded], total: int) -> str:
    """One line about the samples that were skipped; "" when there were none.

    Args:
        broken: Those without a presentation.
        total: How many samples there were.
    """
    if not broken:
        return ""
    reasons = "; ".join(str(loaded.error) for loaded in broken[:NAMED])
    more = f"; and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
    return f"{len(broken)} of {total} samples cannot be read and are left out: {reasons}{more}"
