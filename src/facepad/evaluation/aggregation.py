"""Labelled scores of one system, on its own scale: one row a presentation.

A video is one presentation: its frames' scores are combined before errors are counted.
Subjects of several datasets that are pooled carry the dataset's name, because person 0001
of one is not person 0001 of another.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facepad.errors import InputError
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.evaluation.scale import Scale
from facepad.evaluation.table import ScoreTable, score_table
from facepad.types import OperatingPoint, Reason, Sample, Split

REJECTS_ONLY = Reason.NO_CONTEXT.value  # see `facepad.decision.conclude`


@dataclass(frozen=True, slots=True)
class Scored:
    """One presentation, or one frame of it, with a system's score.

    Attributes:
        sample: The labelled sample.
        value: Score on the system's scale; None for a non-response.
        reason: Why there is no value, or why the value must not decide ("" when it may).
        presentation: Rows of the same presentation are combined; "" stands for the key.
        point: Threshold and band of this very presentation; None where those of all hold.
    """

    sample: Sample
    value: float | None
    reason: str = ""
    presentation: str = ""
    point: OperatingPoint | None = None

    @property
    def abstained(self) -> bool:
        """Whether the value must not decide."""
        return self.value is not None and self.reason not in ("", REJECTS_ONLY)

    @property
    def rejects_only(self) -> bool:
        """Whether the value may reject but not accept."""
        return self.value is not None and self.reason == REJECTS_ONLY


def combined(
    rows: Sequence[Scored],
    how: FrameAggregation = FrameAggregation.MEAN,
    higher_is: ScoreDirection = ScoreDirection.BONA_FIDE,
) -> tuple[Scored, ...]:
    """Return one row per presentation, in the order in which presentations first occur.

    Frames without a score are left out of the combination; a presentation without any is a
    non-response. It must not decide when that holds of more than half of its scored frames. An
    operating point of its own is kept where all its scored frames have the same.

    Args:
        rows: Frames or whole presentations.
        how: How scores become one.
        higher_is: What a higher score means.

    Raises:
        InputError: Frames of one presentation differ in subject, split or PAI species.
    """
    groups: dict[str, list[Scored]] = {}
    for row in rows:
        groups.setdefault(row.presentation or row.sample.key, []).append(row)
    return tuple(_one(name, group, how, higher_is) for name, group in groups.items())


def pooled(groups: Mapping[str, Sequence[Scored]]) -> tuple[Scored, ...]:
    """Return rows of several datasets as one, with subjects and presentations named by dataset."""
    return tuple(
        replace(
            row,
            sample=replace(row.sample, subject=f"{name}/{row.sample.subject}"),
            presentation=f"{name}/{row.presentation or row.sample.key}",
        )
        for name, rows in groups.items()
        for row in rows
    )


def of_split(rows: Iterable[Scored], split: Split) -> tuple[Scored, ...]:
    """Return the rows of one split."""
    return tuple(row for row in rows if row.sample.split is split)


def ranked_table(rows: Sequence[Scored], scale: Scale) -> ScoreTable:
    """Return rows of one split as a table of ranks, from which all rates are counted.

    Raises:
        InputError: There are no rows, or they come from several parts.
    """
    splits = sorted({row.sample.split for row in rows})
    if len(splits) != 1:
        raise InputError(f"a table needs rows of one part, got {', '.join(splits) or 'none'}")
    return score_table(
        scale.ranks([row.value for row in rows]),
        [row.sample.pai_species for row in rows],
        [row.sample.subject for row in rows],
        split=splits[0],
        abstained=[row.abstained for row in rows],
        rejects_only=[row.rejects_only for row in rows],
    )


def _one(name: str, rows: list[Scored], how: FrameAggregation, higher_is: ScoreDirection) -> Scored:
    if len(rows) == 1:
        return rows[0]
    if len({_label(row) for row in rows}) > 1:
        labels = " and ".join(" ".join(map(str, _label(row))) for row in _two_unlike(rows))
        raise InputError(f"presentation {name!r} has frames of different kinds: {labels}")
    answered = [row for row in rows if row.value is not None]
    doubted = [row for row in answered if row.reason]
    first = replace(rows[0].sample, frame=None)
    if not answered:
        return Scored(first, None, _most_common(rows), name)
    reason = _most_common(doubted) if 2 * len(doubted) > len(answered) else ""
    values = np.array([row.value for row in answered], dtype=np.float64)
    points = {row.point for row in answered}
    point = points.pop() if len(points) == 1 else None
    return Scored(first, _statistic(values, how, higher_is), reason, name, point)


def _label(row: Scored) -> tuple[str, str, str]:
    return row.sample.subject, row.sample.split.value, row.sample.pai_species or "bona_fide"


def _two_unlike(rows: list[Scored]) -> tuple[Scored, Scored]:
    return rows[0], next(row for row in rows if _label(row) != _label(rows[0]))


def _most_common(rows: Sequence[Scored]) -> str:
    return Counter(row.reason for row in rows).most_common(1)[0][0]


def _statistic(
    values: "np.typing.NDArray[np.float64]", how: FrameAggregation, higher_is: ScoreDirection
) -> float:
    if how is FrameAggregation.MEAN:
        return float(np.mean(values))
    if how is FrameAggregation.MEDIAN:
        return float(np.median(values))
    lowest = (how is FrameAggregation.MIN) == (higher_is is ScoreDirection.BONA_FIDE)
    return float(np.min(values) if lowest else np.max(values))
