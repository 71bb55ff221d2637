"""Presentations to show in a report: the worst errors, the borderline ones, thumbnails."""

from collections.abc import Sequence

import numpy as np

from facepad.errors import DatasetError, InputError
from facepad.evaluation.assessment import Assessment
from facepad.evaluation.report.document import ExamplePicture
from facepad.evaluation.table import Flags, Floats
from facepad.types import OperatingPoint

SIDE = 128  # pixels of a thumbnail's longer side
ACCEPTED = "attacks accepted, worst first"
REJECTED = "bona fide rejected, worst first"
BORDERLINE = "nearest to the threshold"


def select_examples(one: Assessment, most: int) -> tuple[ExamplePicture, ...]:
    """Return the worst errors of both kinds and the scores nearest to the first threshold.

    Args:
        one: An assessment; without an operating point nothing is an error.
        most: Number of examples of each kind.
    """
    if not one.points:
        return ()
    point = one.points[0].rates.point
    made, ranks = one.points[0].outcomes, one.table.values
    rejected = one.table.bona_fide & made.rejected
    return (
        *_some(one, ACCEPTED, one.table.attack & made.accepted, -ranks, most),
        *_some(one, REJECTED, rejected, ranks, most),
        *_some(one, BORDERLINE, one.table.answered, _distance(one, point), most),
    )


def examples_by_part(
    assessments: Sequence[Assessment], most: int
) -> dict[str, tuple[ExamplePicture, ...]]:
    """Return examples by system and part; parts without examples are left out.

    Args:
        assessments: All assessments of a report.
        most: Number of examples of each kind; 0 for none.
    """
    if not most:
        return {}
    found = ((f"{a.system} on {a.part}", select_examples(a, most)) for a in assessments)
    return {name: pictures for name, pictures in found if pictures}


class Thumbnails:
    """Draws thumbnails; keeps packed files open from one picture to the next."""

    def __init__(self) -> None:
        from facepad.packed.pictures import PackedFiles

        self._packed = PackedFiles()

    def draw(self, picture: ExamplePicture) -> str | None:
        """Return a small JPEG of a picture as a ``data:`` URL; None when it cannot be read.

        Of a clip, it shows the frame that was judged, or the middle one of several.
        """
        from facepad.media.frame_selection import FrameSelection
        from facepad.media.thumbnail import data_url
        from facepad.sources import MIDDLE, read_frames

        number = picture.frame
        selection = MIDDLE if number is None else FrameSelection("at", number)
        try:
            frames = read_frames(picture.path, selection, packed=self._packed)
            image = next(frame.image for _, frame in frames)
        except (InputError, DatasetError, StopIteration):
            return None
        return data_url(image, SIDE)


def _some(
    one: Assessment, why: str, rows: Flags, order: Floats, most: int
) -> Sequence[ExamplePicture]:
    here = np.flatnonzero(rows)
    chosen = here[np.argsort(order[here], kind="stable")][:most]
    return [_picture(one, why, int(index)) for index in chosen]


def _picture(one: Assessment, why: str, index: int) -> ExamplePicture:
    row = one.rows[index]
    value = float("nan") if row.value is None else row.value
    kind = row.sample.pai_species or "bona fide"
    shown = row.sample
    return ExamplePicture(why, shown.key, value, kind, shown.path, shown.frame)


def _distance(one: Assessment, point: OperatingPoint) -> Floats:
    return np.abs(one.table.values - point.threshold)
