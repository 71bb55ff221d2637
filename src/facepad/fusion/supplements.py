"""Tests that add to what others decide, and never decide by themselves.

Such a test has the operating point `OperatingPoint.undecided`, whose band holds every score. Its
log-likelihood ratio is small by the test's own bound, and is added to that of the tests that
decide; threshold and band stay theirs. A test that cannot tell adds nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from facepad.fusion import Answer, Fused, Fusion
from facepad.scores import logit, sigmoid


def added_by(answers: Mapping[str, Answer]) -> Mapping[str, float]:
    """Return what each supplement adds to the log-likelihood ratio, by the test's name.

    Args:
        answers: By the test's name.

    Returns:
        Log-odds, above 0 towards bona fide. Empty where no other test is among them.
    """
    if not deciding(answers) or len(deciding(answers)) == len(answers):
        return MappingProxyType({})
    return MappingProxyType(
        {
            name: logit(one.score.value)
            for name, one in answers.items()
            if one.operating_point.only_adds
            and one.score.value is not None
            and one.score.reason is None
        }
    )


def deciding(answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
    """Return the answers of tests that can decide; all answers where none can."""
    own = {name: one for name, one in answers.items() if not one.operating_point.only_adds}
    return own or answers


def fused(fuse: Fusion, answers: Mapping[str, Answer]) -> Fused:
    """Fuse the tests that can decide, and add the supplements.

    Args:
        fuse: The fusion of the tests that can decide.
        answers: By the test's name; at least one.

    Returns:
        As the fusion, its value and interval moved by what the supplements add. Without a value
        there is nothing to add to.
    """
    found, total = fuse(deciding(answers)), math.fsum(added_by(answers).values())
    if found.value is None or total == 0.0:
        return found
    interval = found.interval and (
        _moved(found.interval[0], total),
        _moved(found.interval[1], total),
    )
    return replace(found, value=_moved(found.value, total), interval=interval)


def _moved(value: float, by: float) -> float:
    return sigmoid(logit(value) + by)
