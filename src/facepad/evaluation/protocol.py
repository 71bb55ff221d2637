"""Thresholds from dev, and the test samples of people who are in no other split.

A threshold is set on dev and applied to test. The functions refuse any other split, so
that an error rate is never reported at a threshold that was set on the test data.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from facepad.errors import InputError, counted
from facepad.evaluation.ranking import ROUNDING, Curve, curve
from facepad.evaluation.table import ScoreTable
from facepad.types import OperatingPoint, Sample, Split

MOST_NAMED = 3  # subjects in a notice


def at_eer(dev: ScoreTable) -> OperatingPoint:
    """Return the threshold at which dev's BPCER and APCER over all species are closest.

    Raises:
        InputError: The table is not of the dev part, or a class has no score.
    """
    errors = _dev_curve(dev)
    return OperatingPoint.at(_inside(errors, errors.eer_index, "equal errors"), "dev_eer")


def at_bpcer(dev: ScoreTable, bpcer: float) -> OperatingPoint:
    """Return the highest threshold that rejects at most a share of dev's bona fide scores.

    Args:
        dev: Scores of the dev part.
        bpcer: Share in [0, 1).

    Raises:
        InputError: As `at_eer`, or the share is outside [0, 1).
    """
    return OperatingPoint.at(_low(dev, bpcer), f"dev_bpcer_{_percent(bpcer)}")


def at_apcer(dev: ScoreTable, apcer: float) -> OperatingPoint:
    """Return the lowest threshold that accepts at most a share of dev's attacks per species.

    Args:
        dev: Scores of the dev part.
        apcer: Share in [0, 1).

    Raises:
        InputError: As `at_eer`, the share is outside [0, 1), or attacks that score 1
            leave no such threshold.
    """
    return OperatingPoint.at(_high(dev, apcer), f"dev_apcer_{_percent(apcer)}")


def subject_disjoint(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the test samples whose subject is in no other split, in either class."""
    learned = {sample.subject for sample in samples if sample.split is not Split.TEST}
    return tuple(s for s in samples if s.split is Split.TEST and s.subject not in learned)


def shared_notices(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Return a notice of people who are in more than one part; none when there are none."""
    pairs = {(sample.subject, sample.split) for sample in samples}
    parts = Counter(subject for subject, _ in pairs)
    shared = sorted(subject for subject, number in parts.items() if number > 1)
    if not shared:
        return ()
    named = f"{', '.join(shared[:MOST_NAMED])}{', ...' if len(shared) > MOST_NAMED else ''}"
    subjects = f"{counted(len(shared), 'subject')} {'is' if len(shared) == 1 else 'are'}"
    return (f"shared: {subjects} in more than one part: {named}",)


def _dev_curve(dev: ScoreTable) -> Curve:
    """Return the errors over thresholds of the presentations that a threshold decides."""
    if dev.split is not Split.DEV:
        raise InputError(
            f"a threshold must be chosen on dev scores, got {dev.split} scores: error rates at "
            "a threshold that saw the data it is judged on are too good. Choose it on dev, "
            "give one, or use `ranking.rank` for figures that say where theirs comes from"
        )
    return curve(dev.keep(~(dev.abstained | dev.rejects_only)))


def _low(dev: ScoreTable, bpcer: float) -> float:
    errors = _dev_curve(dev)
    allowed = errors.bpcer <= _checked(bpcer) + ROUNDING
    return _inside(errors, int(np.flatnonzero(allowed)[-1]), f"a BPCER of {_percent(bpcer)}")


def _high(dev: ScoreTable, apcer: float) -> float:
    errors = _dev_curve(dev)
    allowed = errors.apcer_worst <= _checked(apcer) + ROUNDING
    return _inside(errors, int(np.argmax(allowed)), f"an APCER of {_percent(apcer)}")


def _checked(share: float) -> float:
    if not 0.0 <= share < 1.0:
        raise InputError(f"a share of errors lies in [0, 1), got {share!r}")
    return share


def _inside(errors: Curve, index: int, what: str) -> float:
    threshold = float(errors.thresholds[index])
    if not np.isfinite(threshold):
        raise InputError(f"no threshold in [0, 1] gives {what}: attacks score exactly 1")
    return threshold


def _percent(share: float) -> str:
    return f"{100.0 * share:g}%"
