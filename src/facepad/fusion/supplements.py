"""Tests that add to what others decide, and never decide by themselves.

Such a test has the operating point `OperatingPoint.undecided`, whose band holds every score. Its
log-likelihood ratio is small by the test's own bound, and is added to that of the tests that
decide; threshold and band stay theirs. A test that cannot tell adds nothing.

Supplements are fitted each alone, but depend on each other: a replay of a living person blinks,
moves as a head and has a pulse at once. Of the four ways to attack that are simulated (a print, a
print with holes before living eyes, a picture on a screen, a recording on a screen) one shows all
that is looked for, so that all of it together is worth no more than log 4. Where the camera is not
calibrated, nothing is added for a presentation: what the deciding tests leave uncertain stays so.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from facepad.fusion import Answer, Fused, Fusion
from facepad.scores import logit, sigmoid

# What all supplements together add, in log-odds: for a presentation, and against it.
MOST_FOR, MOST_AGAINST = math.log(4.0), 3.0


def added_by(answers: Mapping[str, Answer]) -> Mapping[str, float]:
    """Return what each supplement adds to the log-likelihood ratio, by the test's name.

    Args:
        answers: By the test's name.

    Returns:
        Log-odds, above 0 towards bona fide, `bounded`; none above 0 where a test that decides is
        not to be raised. Empty where no other test is among them.
    """
    if not deciding(answers) or len(deciding(answers)) == len(answers):
        return MappingProxyType({})
    own = {
        name: logit(one.score.value)
        for name, one in answers.items()
        if one.operating_point.only_adds
        and one.score.value is not None
        and one.score.reason is None
    }
    is_raised = all(one.is_raised for one in deciding(answers).values())
    return bounded(own if is_raised else {name: min(one, 0.0) for name, one in own.items()})


def bounded(ratios: Mapping[str, float]) -> Mapping[str, float]:
    """Return ratios that are reduced where together they say more than they can.

    Args:
        ratios: Log-likelihood ratio of each supplement, by its name.

    Returns:
        The same; those above 0 are reduced alike where their sum exceeds `MOST_FOR`, those below
        where it exceeds `MOST_AGAINST`.
    """
    above, below = (math.fsum(max(sign * one, 0.0) for one in ratios.values()) for sign in (1, -1))
    up, down = MOST_FOR / max(above, MOST_FOR), MOST_AGAINST / max(below, MOST_AGAINST)
    return MappingProxyType(
        {name: one * (up if one > 0.0 else down) for name, one in ratios.items()}
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
