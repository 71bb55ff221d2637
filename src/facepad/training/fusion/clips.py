"""Fit the log-likelihood ratios of the tests over clips, each test alone, on simulated clips.

Bona fide clips are rendered heads; all species of attacks weigh alike. Replays of a living
person and living eyes behind holes are attacks: they blink, have a pulse or move as a head, and
limit what the same is worth in a bona fide clip. No ratio is larger than what the number of clips
can show: shares come from the rule of succession, one presentation of each outcome added.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.fusion.clip_ratios import (
    BLINK,
    LIMITS,
    PARALLAX,
    PULSE,
    BlinkCurve,
    ClipRatios,
    SlopeCurve,
)
from facepad.types import Sample

FEWEST = 5  # clips of a class with an answer
PENALTY = 1.0  # inverse strength of the ridge on the gain of a curve, for each deviation
LEAST_GAIN = 1e-3  # keeps the order where the classes do not differ

Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClipEvidence:
    """What the tests measured on one clip.

    Attributes:
        sample: The label; ``subject`` is the person, ``attributes["blinks"]`` how often eyes
            close in it, where that is known.
        blinks: Blinks that were found; None where the eyes cannot be judged.
        seconds: How long the eyes were observed.
        slope: Of the parallax; None with too little motion.
        pulse: Whether the rules for a pulse hold, but that on how clear it is; None where
            none can be measured.
        excess_db: How much clearer it is than a pulse must be.
        still: Log-likelihood ratio of the test of single frames; None where it has none.
    """

    sample: Sample
    blinks: int | None = None
    seconds: float = 0.0
    slope: float | None = None
    pulse: bool | None = None
    excess_db: float = 0.0
    still: float | None = None

    @property
    def has_pulse(self) -> bool:
        """Whether a pulse is found."""
        return bool(self.pulse) and self.excess_db >= 0.0

    def ratios(self, fitted: ClipRatios) -> dict[str, float]:
        """Return the ratio of each test that has one, by name."""
        found = {}
        if self.blinks is not None:
            found[BLINK] = fitted.blink.ratio(self.blinks, self.seconds)
        if self.slope is not None:
            found[PARALLAX] = fitted.parallax.ratio(self.slope)
        if self.has_pulse:
            found[PULSE] = fitted.pulse
        return found


def fit(rows: Sequence[ClipEvidence]) -> ClipRatios:
    """Fit the ratios of all tests, each alone.

    Args:
        rows: Clips of both classes.

    Raises:
        DatasetError: A test has too few answers on bona fide clips or on attacks.
    """
    return ClipRatios(_blink(rows), _parallax(rows), _pulse(rows))


def held_out(rows: Sequence[ClipEvidence], folds: int = 4) -> list[ClipRatios]:
    """Return for each clip the ratios that were fitted without its person.

    Args:
        rows: As `fit`.
        folds: Parts of the people, in the order of their names.

    Raises:
        DatasetError: As `fit`.
    """
    people = sorted({row.sample.subject for row in rows})
    fold = {person: place % folds for place, person in enumerate(people)}
    fitted = {
        number: fit([row for row in rows if fold[row.sample.subject] != number])
        for number in sorted(set(fold.values()))
    }
    return [fitted[fold[row.sample.subject]] for row in rows]


def _blink(rows: Sequence[ClipEvidence]) -> BlinkCurve:
    judged = _judged(rows, BLINK, lambda row: row.blinks is not None)
    seen = np.array([bool(row.blinks) for row in judged])
    hit, false = shares(judged, seen)
    blinking = [row.sample.attributes.get("blinks", "1") != "0" for row in judged]
    sensitive = np.array(blinking) & _labels(judged)
    return BlinkCurve(
        seen=_bounded(math.log(hit / false), BLINK, least=0.0),
        sensitivity=succession(int((seen & sensitive).sum()), int(sensitive.sum())),
        quiet=1.0 - false,
    )


def _parallax(rows: Sequence[ClipEvidence]) -> SlopeCurve:
    judged = _judged(rows, PARALLAX, lambda row: row.slope is not None)
    slopes = np.array([row.slope for row in judged], np.float64)
    middle, gain = _line(slopes, judged)
    hit, false = shares(judged, slopes >= middle)
    low, high = math.log((1.0 - hit) / (1.0 - false)), math.log(hit / false)
    return SlopeCurve(
        middle, gain, -_bounded(-low, PARALLAX, least=0.0), _bounded(high, PARALLAX, least=0.0)
    )


def _pulse(rows: Sequence[ClipEvidence]) -> float:
    judged = _judged(rows, PULSE, lambda row: row.pulse is not None)
    hit, false = shares(judged, np.array([row.has_pulse for row in judged]))
    return _bounded(math.log(hit / false), PULSE, least=0.0)


def _line(measures: Vector, rows: Sequence[ClipEvidence]) -> tuple[float, float]:
    """Fit logistic regression on one measure, with a ridge on its gain.

    Both classes weigh alike, and together as much as twice the smaller one has clips; so do the
    species of attacks.

    Args:
        measures: Shape (N,), higher for bona fide.
        rows: Their clips, of both classes.

    Returns:
        The measure of even odds, and the gain, above 0.
    """
    from sklearn.linear_model import LogisticRegression

    labels, weight = _labels(rows), _weights(rows)
    centre, scale = float(measures.mean()), max(float(measures.std()), 1e-9)
    fitted = LogisticRegression(C=PENALTY).fit(
        ((measures - centre) / scale)[:, None], labels, weight
    )
    gain = max(float(fitted.coef_[0, 0]) / scale, LEAST_GAIN)
    return centre - float(fitted.intercept_[0]) / gain, gain


def shares(rows: Sequence[ClipEvidence], flags: Mask) -> tuple[float, float]:
    """Return the share of bona fide clips with a flag, and that of attacks, by succession.

    That of attacks is the mean over their species, as a share of all attacks with an answer.

    Args:
        rows: Clips of both classes.
        flags: Whether each has the flag, shape (N,).
    """
    labels = _labels(rows)
    own = [
        float(flags[[row.sample.pai_species == name for row in rows]].mean())
        for name in sorted({row.sample.pai_species for row in rows if row.sample.pai_species})
    ]
    attacks = int((~labels).sum())
    hits = succession(int(flags[labels].sum()), int(labels.sum()))
    return hits, succession(float(np.mean(own)) * attacks, attacks)


def succession(count: float, total: int) -> float:
    """Return a share by the rule of succession, one of each outcome added; in (0, 1)."""
    return (count + 1.0) / (total + 2.0)


def _bounded(ratio: float, test: str, *, least: float) -> float:
    return min(max(ratio, least), LIMITS[test])


def _labels(rows: Sequence[ClipEvidence]) -> Mask:
    return np.array([row.sample.is_bona_fide for row in rows], np.bool_)


def _weights(rows: Sequence[ClipEvidence]) -> Vector:
    counts: dict[str | None, int] = {}
    for row in rows:
        counts[row.sample.pai_species] = counts.get(row.sample.pai_species, 0) + 1
    labels = _labels(rows)
    smaller = float(min(labels.sum(), (~labels).sum()))
    each: Mapping[bool, float] = {True: smaller, False: smaller / max(len(counts) - 1, 1)}
    return np.array(
        [each[row.sample.is_bona_fide] / counts[row.sample.pai_species] for row in rows]
    )


def _judged(
    rows: Sequence[ClipEvidence], test: str, answers: Callable[[ClipEvidence], bool]
) -> list[ClipEvidence]:
    """Return the clips on which a test has an answer."""
    judged = [row for row in rows if answers(row)]
    labels = _labels(judged)
    if labels.sum() < FEWEST or (~labels).sum() < FEWEST:
        raise DatasetError(
            f"{test} is fitted on {FEWEST} bona fide clips and {FEWEST} attacks with an answer or "
            f"more, got {labels.sum()} and {(~labels).sum()}; simulate more clips, with --heads"
        )
    return judged
